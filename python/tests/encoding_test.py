"""Every case the official encoder was run on, through Python: the same result or exception."""

import copy
import json
import os
import pathlib
import unittest

from fathom.encoding_dsv32 import encode_messages, parse_message_from_completion_text

GOLDEN = pathlib.Path(os.environ["FATHOM_GOLDEN_DIR"]) / "encoding"


def golden(name):
    return json.loads((GOLDEN / name).read_text())


def outcome(function, **arguments):
    """What comes back, or "Type: text". The arguments must be as they were."""
    before = copy.deepcopy(arguments)
    try:
        result = function(**arguments)
    except Exception as error:
        result = f"{type(error).__name__}: {error}"
    assert repr(arguments) == repr(before), "the arguments were changed"
    return result


class Golden(unittest.TestCase):
    def check_edges(self, file, function, count):
        cases = golden(file)
        self.assertEqual(len(cases), count)
        for case in cases:
            expected = case["out"] if case["ok"] else f"{case['exc']}: {case['msg']}"
            self.assertEqual(outcome(function, **case["args"]), expected, case["name"])

    def test_edge_encode(self):
        self.check_edges("edge_encode.json", encode_messages, 110)

    def test_edge_parse(self):
        self.check_edges("edge_parse.json", parse_message_from_completion_text, 131)

    def test_random_encode(self):
        names = ["messages", "context", "thinking_mode", "drop_thinking", "add_default_bos_token"]
        cases = golden("cases.json")["encode"]
        self.assertEqual(len(cases), 300)
        for number, case in enumerate(cases):
            got = outcome(encode_messages, **{name: case[name] for name in names})
            if "error" in case:
                self.assertEqual(got.partition(":")[0], case["error"], number)
            else:
                self.assertEqual(got, case["prompt"], number)

    def test_random_parse(self):
        cases = golden("cases.json")["parse"]
        self.assertEqual(len(cases), 300)
        for number, case in enumerate(cases):
            got = outcome(
                parse_message_from_completion_text,
                text=case["text"],
                thinking_mode=case["thinking_mode"],
            )
            self.assertEqual(got, case.get("error", case.get("message")), number)

    def test_published_conversation(self):
        given = golden("official_input.json")
        given["messages"][0]["tools"] = given["tools"]
        expected = (GOLDEN / "official_output.txt").read_text().removesuffix("\n")
        self.assertEqual(encode_messages(given["messages"], "thinking"), expected)


class Interface(unittest.TestCase):
    def test_arguments_are_python_s_own(self):
        with self.assertRaisesRegex(TypeError, "missing 1 required positional argument"):
            encode_messages([])
        with self.assertRaisesRegex(TypeError, "unexpected keyword argument 'mode'"):
            encode_messages([], mode="chat")

    def test_defaults(self):
        self.assertEqual(encode_messages([], "chat"), "<｜begin▁of▁sentence｜>")
        self.assertEqual(encode_messages([], "chat", None, True, False), "")

    def test_a_json_error_carries_its_document(self):
        call = {"type": "function", "function": {"name": "f", "arguments": '{"a": \n x}'}}
        messages = [
            {"role": "user", "content": "q"},
            {"role": "assistant", "content": "", "tool_calls": [call]},
        ]
        with self.assertRaises(json.JSONDecodeError) as caught:
            encode_messages(messages, "chat")
        self.assertEqual(str(caught.exception), "Expecting value: line 2 column 2 (char 8)")
        self.assertEqual(caught.exception.doc, '{"a": \n x}')
        self.assertEqual((caught.exception.lineno, caught.exception.pos), (2, 8))

    def test_a_bare_assertion_has_no_text(self):
        messages = [
            {"role": "developer", "content": "d"},
            {"role": "user", "content": "q"},
        ]
        with self.assertRaises(AssertionError) as caught:
            encode_messages(messages, "thinking")
        self.assertEqual(caught.exception.args, ())

    def test_values_of_every_kind_are_printed_as_json_dumps_does(self):
        deep = "x"
        for _ in range(150):
            deep = [deep]
        values = {
            "plain": [None, True, False, 0, -7, 2**62, 1.0, -0.0, 1e22, 5e-324, 0.1, "a"],
            "large": [2**63, -(10**40), float("inf"), float("nan")],
            "text": 'quote " slash \\ / line \n tab \t nul \0 del \x7f é \u2028 🦔',
            "tuple": (1, ("a",)),
            "keys": {1: 2, None: 3, True: 4, "\n": 5},
            "deep": deep,
            "empty": [{}, [], ""],
        }
        for name, value in values.items():
            system = {"role": "system", "content": "", "response_format": {name: value}}
            prompt = encode_messages([system], "chat")
            self.assertTrue(prompt.endswith("\n" + json.dumps({name: value}, ensure_ascii=False)))

    def test_what_json_cannot_hold(self):
        with self.assertRaises(UnicodeEncodeError):
            encode_messages([{"role": "user", "content": "\ud800"}], "chat")
        with self.assertRaisesRegex(TypeError, "set is not JSON serializable"):
            encode_messages([{"role": "user", "content": set()}], "chat")
        loop = []
        loop.append(loop)
        with self.assertRaises(ValueError):
            encode_messages(loop, "chat")


if __name__ == "__main__":
    unittest.main()
