"""Python functions as tools: what is read of them, and how calls go wrong."""

import json
import unittest
from typing import Literal

import fathom
from fathom.tools import MAX_RESULT_CHARACTERS, call_tool


def weather(city: str, days: int = 1, unit: Literal["C", "F"] = "C", near: list[str] | None = None):
    """Tells the weather
    of a city.

    More about it.

    Args:
        city: where,
            in full
        days (int): how many
    """
    return {"city": city, "days": days, "unit": unit, "near": near}


def fails(text: str):
    raise KeyError(text)


def long(count: int):
    return "é" * count


FUNCTIONS = {function.__name__: function for function in (weather, fails, long)}


class Definition(unittest.TestCase):
    def test_comes_from_signature_and_docstring(self):
        function = fathom.definition(weather)["function"]
        self.assertEqual(function["name"], "weather")
        self.assertEqual(function["description"], "Tells the weather of a city.")
        self.assertEqual(
            function["parameters"],
            {
                "type": "object",
                "properties": {
                    "city": {"type": "string", "description": "where, in full"},
                    "days": {"type": "integer", "description": "how many"},
                    "unit": {"type": "string", "enum": ["C", "F"]},
                    "near": {"type": ["array", "null"], "items": {"type": "string"}},
                },
                "required": ["city"],
            },
        )

    def test_what_cannot_be_defined(self):
        def bare(a): ...
        def many(*a: str): ...
        def odd(a: set[str]): ...
        def two(a: int | str): ...

        for function, text in [
            (bare, "bare: parameter a: has no annotation"),
            (many, "given by name"),
            (odd, "has no form"),
            (two, "has no form"),
        ]:
            with self.assertRaisesRegex(TypeError, text):
                fathom.definition(function)


class Calls(unittest.TestCase):
    def error(self, name, arguments):
        run = call_tool(FUNCTIONS, name, arguments)
        self.assertTrue(run.failed)
        return json.loads(run.result)["error"]

    def test_a_result_is_text_or_json(self):
        run = call_tool(FUNCTIONS, "weather", '{"city": "Köln", "near": ["Bonn"]}')
        self.assertFalse(run.failed)
        self.assertEqual(run.result, '{"city": "Köln", "days": 1, "unit": "C", "near": ["Bonn"]}')
        self.assertEqual(call_tool(FUNCTIONS, "long", '{"count": 3}').result, "ééé")

    def test_what_goes_wrong_is_told(self):
        self.assertIn("there are: weather, fails, long", self.error("none", "{}"))
        self.assertIn("JSONDecodeError", self.error("weather", "{"))
        self.assertIn("expected an object", self.error("weather", "[]"))
        self.assertIn("weather has no parameter town", self.error("weather", '{"town": "X"}'))
        self.assertIn("city is missing", self.error("weather", "{}"))
        self.assertIn("city: expected string, found integer", self.error("weather", '{"city": 1}'))
        self.assertIn("found boolean", self.error("weather", '{"city": "X", "days": true}'))
        self.assertIn("one of C, F", self.error("weather", '{"city": "X", "unit": "K"}'))
        self.assertIn(
            "near[1]: expected string", self.error("weather", '{"city": "X", "near": ["a", 1]}')
        )
        self.assertEqual(self.error("fails", '{"text": "t"}'), "KeyError: 't'")

    def test_a_long_result_is_cut(self):
        count = MAX_RESULT_CHARACTERS + 5
        run = call_tool(FUNCTIONS, "long", json.dumps({"count": count}))
        self.assertTrue(run.result.endswith("é\n[5 characters left out]"))


if __name__ == "__main__":
    unittest.main()
