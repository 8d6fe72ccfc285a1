"""The examples, run as a user runs them."""

import os
import pathlib
import subprocess
import sys
import unittest

SOURCE = pathlib.Path(os.environ["FATHOM_SOURCE_DIR"])
NANO = str(SOURCE / "models/fathom-nano")


def run(name, *arguments):
    program = [sys.executable, str(SOURCE / "python/examples" / name), *arguments]
    return subprocess.run(program, check=True, capture_output=True, text=True)


class Examples(unittest.TestCase):
    def test_encode_prints_the_model_cards_prompt_and_ids(self):
        tokenizer = os.environ["FATHOM_GOLDEN_DIR"] + "/tokenizer/tokenizer.json"
        self.assertEqual(
            run("encode.py", tokenizer).stdout,
            "<｜begin▁of▁sentence｜><｜User｜>hello<｜Assistant｜></think>Hello! I am DeepSeek."
            "<｜end▁of▁sentence｜><｜User｜>1+1=?<｜Assistant｜><think>\n"
            "[0, 128803, 33310, 128804, 128799, 19923, 3, 342, 1030, 22651, 4374, 1465, 16, 1, "
            "128803, 19, 13, 19, 127252, 128804, 128798]\n",
        )

    def test_chat_streams_an_answer(self):
        done = run("chat.py", NANO, "Hello!")
        self.assertTrue(done.stdout.strip())
        self.assertRegex(done.stderr, r"\d+ tokens read, \d+ written\n$")

    def test_tools_are_called(self):
        lines = run("tools.py", NANO).stdout.splitlines()
        self.assertEqual(lines[0], 'calculator({"expression": "482 * 37"}) gave 17834')
        self.assertIn("17834", lines[1].replace(",", ""))


if __name__ == "__main__":
    unittest.main()
