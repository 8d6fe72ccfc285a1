"""Every golden text of the DeepSeek-V3 tokenizer, through Python."""

import json
import os
import pathlib
import unittest

import fathom

GOLDEN = pathlib.Path(os.environ["FATHOM_GOLDEN_DIR"]) / "tokenizer"


class TokenizerTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.tokenizer = fathom.Tokenizer(GOLDEN / "tokenizer.json")

    def check(self, cases):
        for case in cases:
            ids = self.tokenizer.encode(case["text"], allow_special=True)
            self.assertEqual(ids, case["ids"], case["text"])
            if case.get("roundtrip", True):
                self.assertEqual(self.tokenizer.decode(ids), case["text"])
                self.assertEqual("".join(self.tokenizer.stream(ids)), case["text"])

    def test_golden_cases(self):
        cases = json.loads((GOLDEN / "cases.json").read_text())["cases"]
        self.assertEqual(len(cases), 2436)
        self.check(cases)

    def test_golden_edges(self):
        cases = json.loads((GOLDEN / "edge.json").read_text())
        self.assertEqual(len(cases), 256)
        self.check(cases)

    def test_a_users_text_becomes_no_special_token(self):
        ids = self.tokenizer.encode("<｜User｜>")
        self.assertNotIn(128803, ids)
        self.assertEqual(self.tokenizer.decode(ids), "<｜User｜>")

    def test_tokens_by_name(self):
        self.assertEqual(self.tokenizer.token_id("<think>"), 128798)
        self.assertEqual(self.tokenizer.token_id(b" the"), 270)
        self.assertIsNone(self.tokenizer.token_id("no such token"))
        self.assertEqual(self.tokenizer.id_limit, 128815)

    def test_half_a_character_is_held_back(self):
        ids = self.tokenizer.encode("\U0001f994")
        self.assertGreater(len(ids), 1)
        decoder = self.tokenizer.decoder()
        self.assertEqual(decoder.push(ids[0]), "")
        self.assertEqual(decoder.flush(), "\ufffd")

    def test_what_is_refused(self):
        with self.assertRaisesRegex(FileNotFoundError, "no-such-file"):
            fathom.Tokenizer("/no-such-file")
        with self.assertRaises(ValueError):
            self.tokenizer.decode([128815])
        with self.assertRaisesRegex(ValueError, "no token has the id -1"):
            self.tokenizer.decoder().push(-1)
        with self.assertRaises(UnicodeEncodeError):
            self.tokenizer.encode("\ud800")
        with self.assertRaises(TypeError):
            self.tokenizer.encode(7)
        with self.assertRaises(TypeError):
            self.tokenizer.decode(["a"])


if __name__ == "__main__":
    unittest.main()
