"""Text to token ids and back."""

import os
from collections.abc import Iterable, Iterator, Sequence

from fathom import _core

__all__ = ["Decoder", "Tokenizer"]


class Decoder:
    """Ids in one by one, text out as its characters become complete. Made by Tokenizer.decoder."""

    def __init__(self, core: _core.Decoder) -> None:
        self._core = core

    def push(self, id: int) -> str:
        """The text that the id completes; empty inside a character. ValueError for an unknown id."""
        return self._core.push(id)

    def flush(self) -> str:
        """The end of the text: what was held back, as U+FFFD."""
        return self._core.flush()


class Tokenizer:
    """A tokenizer.json, or the one of a model's folder. Any thread may use it."""

    def __init__(self, path: str | os.PathLike[str]) -> None:
        self._core = _core.Tokenizer(os.fspath(path))

    @classmethod
    def _of(cls, core: _core.Tokenizer) -> "Tokenizer":
        tokenizer = cls.__new__(cls)
        tokenizer._core = core
        return tokenizer

    def encode(self, text: str, *, allow_special: bool = False) -> list[int]:
        """Ids [T] of a text.

        allow_special: whether "<think>" and the like become their tokens, as they must in a prompt
        of encode_messages; text that a user typed should stay text.
        """
        return self._core.encode(text, allow_special)

    def decode(self, ids: Sequence[int]) -> str:
        """The text of ids [T], invalid UTF-8 as U+FFFD. ValueError for an unknown id."""
        return self._core.decode(ids)

    def decoder(self) -> Decoder:
        """A decoder for ids that arrive one by one."""
        return Decoder(self._core.decoder())

    def stream(self, ids: Iterable[int]) -> Iterator[str]:
        """The text of ids, piece by piece; joined it is decode(ids)."""
        decoder = self.decoder()
        for id in ids:
            if piece := decoder.push(id):
                yield piece
        if rest := decoder.flush():
            yield rest

    def token_id(self, token: str | bytes) -> int | None:
        """The id of the token with exactly this text, or None."""
        return self._core.token_id(token.encode() if isinstance(token, str) else token)

    @property
    def id_limit(self) -> int:
        """One more than the largest id."""
        return self._core.id_limit()
