"""DeepSeek's encoding_dsv32, by Fathom: the same prompts, messages and exceptions.

Arguments hold what JSON can hold (and tuples, which count as lists). Differences from the original:
a lone surrogate in a string is a UnicodeEncodeError, as an escape inside a call's arguments a
JSONDecodeError; nesting deeper than 512 is refused.
"""

import ast
import builtins
import json
import re
from typing import Any, NoReturn

from fathom import _core

__all__ = ["encode_messages", "parse_message_from_completion_text"]

def encode_messages(
    messages: list[dict[str, Any]],
    thinking_mode: str,
    context: list[dict[str, Any]] | None = None,
    drop_thinking: bool = True,
    add_default_bos_token: bool = True,
) -> str:
    """The prompt of a conversation.

    thinking_mode is "chat" or "thinking"; context are messages that were encoded before, which are
    looked at but not printed. Nothing that is given is changed. Raises what the original raises:
    AssertionError, NotImplementedError, JSONDecodeError, TypeError, AttributeError, KeyError.
    """
    arguments = {
        "messages": messages,
        "thinking_mode": thinking_mode,
        "context": context,
        "drop_thinking": drop_thinking,
        "add_default_bos_token": add_default_bos_token,
    }
    try:
        return _core.encode_messages(arguments)
    except _core.OfficialError as error:
        failure = error
    _raise(failure, messages, context)


def parse_message_from_completion_text(text: str, thinking_mode: str) -> dict[str, Any]:
    """The message that a finished completion holds: role, content, reasoning_content, tool_calls.

    As strict as the original: an AssertionError where the completion is not well formed.
    """
    try:
        message = _core.parse_message({"text": text, "thinking_mode": thinking_mode})
        return json.loads(message)
    except _core.OfficialError as error:
        failure = error
    _raise(failure)


def _raise(failure: _core.OfficialError, *conversations: Any) -> NoReturn:
    name, text = failure.args
    if name == "JSONDecodeError":
        raise _json_error(text, conversations)
    if name == "KeyError":  # its text is the key's repr
        raise KeyError(ast.literal_eval(text))
    raise getattr(builtins, name)(*([text] if text else []))


def _json_error(text: str, conversations: tuple[Any, ...]) -> json.JSONDecodeError:
    """The error with its document, which is the arguments of one of the calls."""
    for document in _arguments(conversations):
        try:
            json.loads(document)
        except json.JSONDecodeError as error:
            if str(error) == text:
                return error
    # A text that Python reads and Fathom does not: see the differences above.
    position = re.search(r"\(char (\d+)\)$", text)
    error = json.JSONDecodeError(text, "", int(position[1]) if position else 0)
    error.args = (text,)
    return error


def _arguments(conversations: tuple[Any, ...]) -> list[str]:
    found = []
    for messages in conversations:
        for message in messages or []:
            for call in message.get("tool_calls") or []:
                arguments = call["function"]["arguments"]
                if isinstance(arguments, str):
                    found.append(arguments)
    return found
