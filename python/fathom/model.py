"""A model that runs."""

import json
import os
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, TypedDict, Unpack

from fathom import _core
from fathom.tokenizer import Tokenizer
from fathom.tools import ToolRun, call_tool, definition

__all__ = ["Answer", "Chat", "Event", "Model", "SamplingOptions", "Stream"]

Messages = str | Sequence[dict[str, Any]]

# fathom_event_kind, from 1.
_KINDS = (
    "reasoning",
    "content",
    "tool_call",
    "tool_arguments",
    "tool_call_end",
    "token",
    "progress",
    "end",
)


class SamplingOptions(TypedDict, total=False):
    """How tokens are drawn and what the answer is held to. What is left out is the model's own
    choice, or off."""

    temperature: float  # 0 to 2; 0 takes the likeliest token
    top_p: float
    top_k: int
    min_p: float
    repetition_penalty: float
    presence_penalty: float
    frequency_penalty: float
    logit_bias: dict[int, float]
    seed: int
    stop: str | list[str]
    stop_token_ids: list[int]
    ignore_eos: bool
    min_tokens: int
    max_tokens: int
    logprobs: bool
    top_logprobs: int
    thinking_budget: int  # tokens of reasoning after which the answer follows
    loop_guard: bool  # on: reasoning that goes in circles is ended
    tool_choice: str | dict[str, Any]  # none, auto, required, or an object that names a function
    parallel_tool_calls: bool  # False: the answer ends behind its first call


@dataclass(frozen=True)
class Event:
    """What a step brought. Pieces of text are whole characters."""

    kind: str  # reasoning, content, tool_call, tool_arguments, tool_call_end, token, progress, end
    text: str = ""  # the piece; of tool_call the function's name; of end the finish reason
    call: int = -1  # in events of calls: which one
    token: int = -1  # in token
    prompt_done: int = 0  # in progress: how much of the prompt is read
    prompt_total: int = 0


@dataclass(frozen=True)
class Answer:
    """A finished generation."""

    message: dict[str, Any]  # as it is appended to the conversation
    finish_reason: str  # stop, tool_calls, length, limit, cancelled
    tokens: list[int]  # [T] what was drawn
    usage: dict[str, int]
    figures: dict[str, float]  # tokens, seconds, the seed that was used
    logprobs: list[dict[str, Any]] | None  # [T], where asked for
    repaired: list[str]  # what of the model's markup had to be mended
    thinking_ended: str | None  # budget or loop: the reasoning was ended for the model

    @property
    def content(self) -> str:
        return self.message["content"] or ""

    @property
    def reasoning(self) -> str:
        return self.message.get("reasoning_content") or ""

    @property
    def tool_calls(self) -> list[dict[str, Any]]:
        return self.message.get("tool_calls") or []


@dataclass(frozen=True)
class Chat:
    """A conversation in which tools were run."""

    messages: list[dict[str, Any]]  # what was given, and everything said since
    answers: list[Answer]  # in order; the last one is the answer
    runs: list[ToolRun]
    out_of_rounds: bool  # the last answer still calls tools, which were not run

    @property
    def content(self) -> str:
        return self.answers[-1].content


class Stream(Iterator[Event]):
    """The events of one generation, the last one of kind end. Made by Model.stream.

    Nothing runs between two events. Leaving a `with` block, close() or losing the last reference
    gives up what is left.
    """

    def __init__(self, core: _core.Generation) -> None:
        self._core: _core.Generation | None = core
        self._tokens: list[int] = []
        self._answer: Answer | None = None

    def __next__(self) -> Event:
        if self._core is None or self._answer is not None:
            raise StopIteration
        number, call, token, text, done, total = self._core.next()
        event = Event(_KINDS[number - 1], text, call, token, done, total)
        if event.kind == "token":
            self._tokens.append(token)
        if event.kind == "end":
            self._answer = self._read_answer(self._core)
        return event

    def cancel(self) -> None:
        """Asks for the end, which comes as the event end, "cancelled". Any thread."""
        if (core := self._core) is not None:
            core.cancel()

    def close(self) -> None:
        """Gives up what is left."""
        self._core = None

    def __enter__(self) -> "Stream":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    @property
    def answer(self) -> Answer:
        """The whole, once the end was seen; ValueError before."""
        if self._answer is None:
            raise ValueError("the generation's end has not been seen yet")
        return self._answer

    def _read_answer(self, core: _core.Generation) -> Answer:
        read = json.loads(core.answer())
        return Answer(
            message=read["message"],
            finish_reason=read["finish_reason"],
            tokens=self._tokens,
            usage=read["usage"],
            figures=core.figures(),
            logprobs=read.get("logprobs"),
            repaired=read.get("repaired", []),
            thinking_ended=read.get("thinking_ended"),
        )


class Model:
    """A folder with config.json, tokenizer.json and safetensors, opened.

    numerics: "fast", "reference" for exactly the golden numbers, or "official" to round as
    DeepSeek's code does. cache_type: f32, bf16 or fp8; by default f32 with reference, fp8 with
    official, bf16 with fast. context: tokens of the longest sequence; by
    default 32768 or what the model allows. threads: 0 for every core. parallel: generations that
    run at once, each with a context of its own in the cache; more wait. progress: called with
    bytes read and their total.

    Any number of threads may generate at once.
    """

    def __init__(
        self,
        folder: str | os.PathLike[str],
        *,
        numerics: str = "fast",
        cache_type: str | None = None,
        context: int | None = None,
        threads: int = 0,
        parallel: int = 1,
        weights_from_disk: bool = False,
        weight_check: bool = True,
        progress: Callable[[int, int], object] | None = None,
    ) -> None:
        self._core = _core.Model(
            os.fspath(folder),
            numerics,
            cache_type,
            context,
            threads,
            parallel,
            weights_from_disk,
            weight_check,
            progress,
        )
        self.tokenizer = Tokenizer._of(self._core.tokenizer())

    @property
    def context(self) -> int:
        """The most tokens that prompt and answer may have together."""
        return self._core.context()

    @property
    def work(self) -> dict[str, int]:
        """What attention has read since the start: queries, keys_read, keys_held, index_keys_read."""
        return self._core.work()

    def stream(
        self,
        messages: Messages | None = None,
        *,
        prompt: Sequence[int] | None = None,
        tools: Sequence[dict[str, Any]] | None = None,
        response_format: Any = None,
        thinking: bool = False,
        **sampling: Unpack[SamplingOptions],
    ) -> Stream:
        """Starts a generation and gives its events.

        messages: what the user says, or a conversation in OpenAI's form; or else prompt: token ids
        [P], taken as they are. tools: definitions, whose calls the caller runs. response_format: as
        in OpenAI's API; json_object and a strict json_schema are guaranteed, and so are strict
        tools: their schemas are compiled here, for 2 s at most. ValueError for a request that is
        wrong, fathom.Error for one that asks for what cannot be done, TypeError for an option that
        does not exist.
        """
        for name in sampling:
            if name not in SamplingOptions.__annotations__:
                raise TypeError(f"there is no option {name!r}")
        request: dict[str, Any] = dict(sampling)
        if (messages is None) == (prompt is None):
            raise TypeError("give either messages or prompt")
        if prompt is not None:
            request["prompt"] = list(prompt)
        else:
            request["messages"] = _conversation(messages)
        if tools:
            request["tools"] = list(tools)
        if response_format is not None:
            request["response_format"] = response_format
        if thinking:
            request["thinking"] = True
        return Stream(self._core.start(request))

    def generate(
        self,
        messages: Messages | None = None,
        *,
        prompt: Sequence[int] | None = None,
        tools: Sequence[dict[str, Any]] | None = None,
        response_format: Any = None,
        thinking: bool = False,
        **sampling: Unpack[SamplingOptions],
    ) -> Answer:
        """One answer. Takes what stream takes; Ctrl-C ends it within a step."""
        stream = self.stream(
            messages,
            prompt=prompt,
            tools=tools,
            response_format=response_format,
            thinking=thinking,
            **sampling,
        )
        return _finish(stream, None)

    def chat(
        self,
        messages: Messages,
        tools: Sequence[Callable[..., Any]] = (),
        *,
        max_rounds: int = 8,
        thinking: bool = False,
        on_event: Callable[[Event], object] | None = None,
        on_tool: Callable[[ToolRun], object] | None = None,
        **sampling: Unpack[SamplingOptions],
    ) -> Chat:
        """Answers with the help of Python functions.

        The model reads the functions' definitions (fathom.definition); what it calls is run, its
        results go back, and the model goes on, for at most max_rounds answers. A function that
        raises is a result too, {"error": ...}. A tool_choice holds for the first answer alone.
        `messages` is not changed.
        """
        if max_rounds < 1:
            raise ValueError(f"max_rounds: {max_rounds} is less than 1")
        functions = {function.__name__: function for function in tools}
        definitions = [definition(function) for function in tools]
        conversation = list(_conversation(messages))
        answers: list[Answer] = []
        runs: list[ToolRun] = []
        while True:
            stream = self.stream(conversation, tools=definitions, thinking=thinking, **sampling)
            answer = _finish(stream, on_event)
            answers.append(answer)
            sampling.pop("tool_choice", None)
            conversation.append(answer.message)
            called = answer.finish_reason == "tool_calls"
            if not called or len(answers) == max_rounds:
                return Chat(conversation, answers, runs, out_of_rounds=called)
            for call in answer.tool_calls:
                run = call_tool(functions, call["function"]["name"], call["function"]["arguments"])
                runs.append(run)
                conversation.append({"role": "tool", "content": run.result})
                if on_tool is not None:
                    on_tool(run)


def _conversation(messages: Messages | None) -> Sequence[dict[str, Any]]:
    return [{"role": "user", "content": messages}] if isinstance(messages, str) else messages or []


def _finish(stream: Stream, on_event: Callable[[Event], object] | None) -> Answer:
    with stream:
        for event in stream:
            if on_event is not None:
                on_event(event)
    return stream.answer
