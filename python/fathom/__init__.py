"""Fathom runs DeepSeek-V3.2.

    import fathom
    model = fathom.Model("models/fathom-nano")
    print(model.generate("Hello!").content)

Model runs a model, Tokenizer turns text to ids and back, and fathom.encoding_dsv32 stands in for
DeepSeek's own file of that name.

What fails raises: ValueError for a wrong argument, FileNotFoundError for a missing file,
MemoryError where memory or a limit is exhausted, Error for everything else. The text says what was
found, what was expected and where.
"""

from fathom._core import Error, __version__
from fathom.model import Answer, Chat, Event, Model, SamplingOptions, Stream
from fathom.tokenizer import Decoder, Tokenizer
from fathom.tools import ToolRun, definition

__all__ = [
    "Answer",
    "Chat",
    "Decoder",
    "Error",
    "Event",
    "Model",
    "SamplingOptions",
    "Stream",
    "Tokenizer",
    "ToolRun",
    "__version__",
    "definition",
]
