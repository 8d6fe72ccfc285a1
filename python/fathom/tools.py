"""Python functions as tools: what the model reads of them, and how its calls are run."""

import inspect
import json
import re
import types
import typing
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

__all__ = ["ToolRun", "call_tool", "definition"]

# A result that is longer is cut: it has to fit into the context.
MAX_RESULT_CHARACTERS = 65536

_TYPES = {str: "string", int: "integer", float: "number", bool: "boolean", list: "array", dict: "object"}


@dataclass(frozen=True)
class ToolRun:
    """One call that was run."""

    name: str
    arguments: str  # JSON text, as the model wrote it
    result: str  # what the model gets
    failed: bool


def definition(function: Callable[..., Any]) -> dict[str, Any]:
    """The tool definition of a function, from its signature and docstring.

    Parameters need annotations: str, int, float, bool, list, dict, list[T], Literal, or one of
    these with None. The docstring's first paragraph describes the function, "name: text" lines
    below "Args:" its parameters. TypeError for a signature that says something else.
    """
    described, parameters = _read_docstring(inspect.getdoc(function) or "")
    hints = typing.get_type_hints(function)
    properties: dict[str, Any] = {}
    required = []
    for parameter in inspect.signature(function).parameters.values():
        where = f"{function.__name__}: parameter {parameter.name}"
        if parameter.kind not in (parameter.POSITIONAL_OR_KEYWORD, parameter.KEYWORD_ONLY):
            raise TypeError(f"{where}: a tool's parameters are given by name")
        if parameter.name not in hints:
            raise TypeError(f"{where}: has no annotation")
        schema = _schema(hints[parameter.name], where)
        if parameter.name in parameters:
            schema["description"] = parameters[parameter.name]
        properties[parameter.name] = schema
        if parameter.default is parameter.empty:
            required.append(parameter.name)
    return {
        "type": "function",
        "function": {
            "name": function.__name__,
            "description": described,
            "parameters": {"type": "object", "properties": properties, "required": required},
        },
    }


def call_tool(functions: Mapping[str, Callable[..., Any]], name: str, arguments: str) -> ToolRun:
    """Runs a call. What goes wrong is a result too, so that the model can try again."""
    try:
        result = _run(functions, name, arguments)
        failed = False
    except Exception as error:
        result = json.dumps({"error": f"{type(error).__name__}: {error}"}, ensure_ascii=False)
        failed = True
    if len(result) > MAX_RESULT_CHARACTERS:
        missing = len(result) - MAX_RESULT_CHARACTERS
        result = f"{result[:MAX_RESULT_CHARACTERS]}\n[{missing} characters left out]"
    return ToolRun(name, arguments, result, failed)


def _run(functions: Mapping[str, Callable[..., Any]], name: str, arguments: str) -> str:
    if name not in functions:
        raise LookupError(f"no tool is called {name}, there are: {', '.join(functions)}")
    given = json.loads(arguments)
    if not isinstance(given, dict):
        raise TypeError("arguments: expected an object")
    function = functions[name]
    parameters = definition(function)["function"]["parameters"]
    for key in given.keys() - parameters["properties"].keys():
        raise TypeError(f"{name} has no parameter {key}")
    for key in parameters["required"]:
        if key not in given:
            raise TypeError(f"{name}: {key} is missing")
    for key, value in given.items():
        _check(value, parameters["properties"][key], key)
    result = function(**given)
    return result if isinstance(result, str) else json.dumps(result, ensure_ascii=False)


def _schema(hint: Any, where: str) -> dict[str, Any]:
    origin, inner = typing.get_origin(hint), typing.get_args(hint)
    if origin in (typing.Union, types.UnionType):
        some = [option for option in inner if option is not type(None)]
        if len(some) == 1 and len(inner) == 2:
            schema = _schema(some[0], where)
            schema["type"] = [schema["type"], "null"]
            return schema
    if origin is typing.Literal and all(isinstance(value, str) for value in inner):
        return {"type": "string", "enum": list(inner)}
    if origin is list:
        return {"type": "array", "items": _schema(inner[0], where)}
    plain = origin if origin is dict else hint
    if plain in _TYPES:
        return {"type": _TYPES[plain]}
    raise TypeError(f"{where}: {hint} has no form in a tool's definition")


def _check(value: Any, schema: Mapping[str, Any], where: str) -> None:
    kinds = schema["type"] if isinstance(schema["type"], list) else [schema["type"]]
    found = "null" if value is None else _TYPES.get(type(value), "object")
    if found not in kinds and not (found == "integer" and "number" in kinds):
        raise TypeError(f"{where}: expected {' or '.join(kinds)}, found {found}")
    if value is not None and "enum" in schema and value not in schema["enum"]:
        raise ValueError(f"{where}: expected one of {', '.join(schema['enum'])}")
    if isinstance(value, list):
        for index, item in enumerate(value):
            if "items" in schema:
                _check(item, schema["items"], f"{where}[{index}]")


def _read_docstring(text: str) -> tuple[str, dict[str, str]]:
    described = " ".join(text.split("\n\n")[0].split())
    section = re.search(r"^Args:\n((?:[ \t]+.*\n?|\n)+)", text, re.MULTILINE)
    parameters: dict[str, str] = {}
    name = None
    for line in section[1].splitlines() if section else []:
        if match := re.match(r"\s+(\w+)(?: \(.*?\))?: (.*)", line):
            name = match[1]
            parameters[name] = match[2].strip()
        elif name and line.strip():
            parameters[name] += " " + line.strip()
    return described, parameters
