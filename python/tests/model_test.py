"""The bundled model through Python."""

import _thread
import json
import os
import pathlib
import signal
import threading
import unittest

import fathom

NANO = pathlib.Path(os.environ["FATHOM_SOURCE_DIR"]) / "models/fathom-nano"
GREETING = {"messages": "Hello!", "temperature": 0, "max_tokens": 40}


def calculator(expression: str) -> str:
    """Evaluates an arithmetic expression.

    Args:
        expression: the expression, such as 2 * (3 + 4)
    """
    left, _, right = expression.split()
    return str(int(left) * int(right))


class ModelTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.progress = []
        cls.model = fathom.Model(
            NANO, context=2048, threads=2, parallel=2, progress=lambda *p: cls.progress.append(p)
        )

    def test_opening_reports_progress(self):
        done, total = self.progress[-1]
        self.assertEqual(done, total)
        self.assertEqual(self.model.context, 2048)

    def test_an_exception_of_progress_ends_the_opening(self):
        with self.assertRaises(ZeroDivisionError):
            fathom.Model(NANO, context=64, progress=lambda done, total: 1 / 0)

    def test_generate(self):
        answer = self.model.generate(**GREETING)
        self.assertEqual(answer.finish_reason, "stop")
        self.assertTrue(answer.content)
        self.assertEqual(answer.message["role"], "assistant")
        self.assertEqual(answer.figures["completion_tokens"], len(answer.tokens))
        self.assertEqual(answer.usage["completion_tokens"], len(answer.tokens))
        work = self.model.work
        self.assertGreaterEqual(work["keys_held"], work["keys_read"])

    def test_a_form_is_held(self):
        colours = {
            "type": "object",
            "properties": {"colour": {"enum": ["teal", "ochre"]}},
            "required": ["colour"],
            "additionalProperties": False,
        }
        schema = {"name": "colour", "strict": True, "schema": colours}
        answer = self.model.generate(
            **GREETING, response_format={"type": "json_schema", "json_schema": schema}
        )
        self.assertIn(json.loads(answer.content)["colour"], ["teal", "ochre"])
        with self.assertRaisesRegex(ValueError, "tool_choice: a call is required"):
            self.model.generate(**GREETING, tool_choice="required")

    def test_a_budget_ends_the_reasoning(self):
        answer = self.model.generate(**GREETING | {"max_tokens": 200}, thinking=True, thinking_budget=1)
        self.assertIn("I have to stop thinking here", answer.reasoning)
        self.assertEqual(answer.thinking_ended, "budget")
        self.assertTrue(answer.content)

    def test_a_prompt_of_tokens(self):
        prompt = self.model.tokenizer.encode(
            "<｜begin▁of▁sentence｜><｜User｜>Hello!<｜Assistant｜></think>", allow_special=True
        )
        answer = self.model.generate(prompt=prompt, temperature=0, max_tokens=40)
        self.assertEqual(answer.tokens, self.model.generate(**GREETING).tokens)

    def test_logprobs_and_thinking(self):
        answer = self.model.generate(
            "What is 3 plus 4?", thinking=True, temperature=0, max_tokens=60, logprobs=True
        )
        self.assertTrue(answer.reasoning)
        self.assertEqual([one["id"] for one in answer.logprobs], answer.tokens)

    def test_stream(self):
        stream = self.model.stream(**GREETING)
        with self.assertRaises(ValueError):
            stream.answer
        events = list(stream)
        self.assertEqual(events[-1].kind, "end")
        self.assertEqual(events[-1].text, "stop")
        joined = "".join(event.text for event in events if event.kind == "content")
        self.assertEqual(joined, stream.answer.content)
        self.assertEqual([e.token for e in events if e.kind == "token"], stream.answer.tokens)
        self.assertEqual(list(stream), [])

    def test_a_stream_may_be_left_or_cancelled(self):
        with self.model.stream("Hello!", ignore_eos=True) as stream:
            next(stream)
        with self.assertRaises(StopIteration):
            next(stream)
        stream = self.model.stream("Hello!", ignore_eos=True)
        next(stream)
        stream.cancel()
        *_, end = stream
        self.assertEqual((end.kind, end.text), ("end", "cancelled"))

    def test_chat_runs_functions(self):
        seen = []
        messages = [{"role": "user", "content": "What is 482 * 37?"}]
        chat = self.model.chat(
            messages, [calculator], on_tool=seen.append, temperature=0, max_tokens=200
        )
        self.assertEqual(len(messages), 1)
        self.assertEqual([run.result for run in chat.runs], ["17834"])
        self.assertEqual(seen, chat.runs)
        self.assertIn("17834", chat.content.replace(",", ""))
        self.assertEqual(
            [message["role"] for message in chat.messages], ["user", "assistant", "tool", "assistant"]
        )
        self.assertFalse(chat.out_of_rounds)

    def test_chat_stops_after_its_rounds(self):
        chat = self.model.chat(
            "What is 482 * 37?", [calculator], max_rounds=1, temperature=0, max_tokens=200
        )
        self.assertTrue(chat.out_of_rounds)
        self.assertEqual(chat.runs, [])

    def test_threads_generate_at_once(self):
        expected = self.model.generate(**GREETING).tokens
        got = [None] * 4

        def run(index):
            got[index] = self.model.generate(**GREETING).tokens

        threads = [threading.Thread(target=run, args=(index,)) for index in range(len(got))]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        self.assertEqual(got, [expected] * len(got))

    def test_ctrl_c_ends_a_generation(self):
        stream = self.model.stream("Hello!", ignore_eos=True)
        with self.assertRaises(KeyboardInterrupt):
            for event in stream:
                if event.kind == "token":
                    os.kill(os.getpid(), signal.SIGINT)
        # As it comes while the library is at work: from another thread.
        threading.Timer(0.05, _thread.interrupt_main).start()
        with self.assertRaises(KeyboardInterrupt):
            while True:
                self.model.generate("Hello!", ignore_eos=True)
        self.assertEqual(self.model.generate(**GREETING).finish_reason, "stop")

    def test_what_is_refused(self):
        for arguments, kind, text in [
            ({"messages": "a", "temprature": 0}, TypeError, "no option 'temprature'"),
            ({}, TypeError, "either messages or prompt"),
            ({"messages": "a", "prompt": [0]}, TypeError, "either messages or prompt"),
            ({"messages": "a", "temperature": 3}, ValueError, "temperature: 3 is outside"),
            ({"messages": [{"role": "x"}]}, ValueError, "messages"),
            ({"prompt": []}, ValueError, "found none"),
            ({"prompt": [0] * 3000}, ValueError, "2048"),
            ({"messages": "\ud800"}, UnicodeEncodeError, "surrogates"),
        ]:
            with self.subTest(arguments=str(arguments)[:60]):
                with self.assertRaisesRegex(kind, text):
                    self.model.generate(**arguments)
        with self.assertRaisesRegex(FileNotFoundError, "no-such-folder"):
            fathom.Model("/no-such-folder")
        with self.assertRaisesRegex(ValueError, "numerics"):
            fathom.Model(NANO, numerics="exact")


if __name__ == "__main__":
    unittest.main()
