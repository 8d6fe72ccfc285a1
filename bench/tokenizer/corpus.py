#!/usr/bin/env python3
"""Writes the texts that the comparison measures: corpus.py REPOSITORY TOKENIZER_JSON OUT [FILE...]

    code      sources of this repository
    prose     its Markdown, and the English texts of the golden data
    words     generated: English words of the vocabulary, the early (frequent) ones more often
    cjk       generated: Chinese and Japanese tokens of the vocabulary, likewise
    FILE      any other text

Each becomes OUT/NAME.txt: documents of about 16 KB, cut at line ends, separated by zero bytes.
"""
import json
import lzma
import pathlib
import random
import sys

DOCUMENT_BYTES = 16 << 10


def golden(root, name):
    with lzma.open(root / "tests/golden" / f"{name}.xz", "rt", encoding="utf-8") as file:
        return json.load(file)


def code(root):
    files = []
    for folder in ("src", "apps", "tests", "tools", "training"):
        for suffix in ("*.cc", "*.h", "*.py"):
            files += (root / folder).rglob(suffix)
    return "\n".join(path.read_text(encoding="utf-8") for path in sorted(files))


def prose(root):
    texts = [path.read_text(encoding="utf-8") for path in sorted(root.rglob("*.md"))
             if "build" not in path.parts]
    texts += [prompt["text"] for prompt in golden(root, "nano/golden.json")["prompts"].values()]
    texts += [case["text"] for case in golden(root, "tokenizer/cases.json")["cases"]
              if case["c"].startswith("en")]
    return "\n".join(texts)


def alphabet():
    """How tokenizer.json spells bytes."""
    table, extra = {}, 0x100
    for byte in range(256):
        if 0x21 <= byte <= 0x7E or 0xA1 <= byte <= 0xAC or 0xAE <= byte:
            table[chr(byte)] = byte
        else:
            table[chr(extra)] = byte
            extra += 1
    return table


def tokens(tokenizer):
    """All that are text by themselves, the most frequent first."""
    table = alphabet()
    for spelled in sorted(tokenizer["model"]["vocab"], key=tokenizer["model"]["vocab"].get):
        try:
            yield bytes(table[c] for c in spelled).decode()
        except (KeyError, UnicodeDecodeError):
            continue


def sentences(words, ends, size=2_000_000):
    """4 to 25 words and one of the ends, until there are `size` bytes."""
    rng = random.Random(1)
    out, length = [], 0
    while length < size:
        picks = (int(rng.paretovariate(0.6)) - 1 for _ in range(rng.randint(4, 25)))
        sentence = "".join(words[pick if pick < len(words) else rng.randrange(len(words))]
                           for pick in picks)
        out.append(sentence + rng.choice(ends))
        length += len(out[-1].encode())
    return "".join(out)


def words(tokenizer):
    found = [token for token in tokens(tokenizer)
             if token[0] == " " and token[1:].isascii() and token[1:].isalpha()]
    return sentences(found, [".", ".", ",", ",", ".\n", "!", "?"])


def cjk(tokenizer):
    found = [token for token in tokens(tokenizer) if all("\u3040" <= c <= "\u9fff" for c in token)]
    return sentences(found, "，。，。、\n！？")


def documents(text):
    out, size = [[]], 0
    for line in text.replace("\0", "").splitlines(keepends=True):
        if size > DOCUMENT_BYTES:
            out.append([])
            size = 0
        out[-1].append(line)
        size += len(line.encode())
    return ["".join(lines) for lines in out]


def main():
    if len(sys.argv) < 4:
        sys.exit(__doc__)
    root, out = pathlib.Path(sys.argv[1]), pathlib.Path(sys.argv[3])
    tokenizer = json.loads(pathlib.Path(sys.argv[2]).read_text(encoding="utf-8"))
    texts = {
        "code": code(root),
        "prose": prose(root),
        "words": words(tokenizer),
        "cjk": cjk(tokenizer),
    }
    for name in sys.argv[4:]:
        texts[pathlib.Path(name).stem] = pathlib.Path(name).read_text(encoding="utf-8")
    for name, text in texts.items():
        (out / f"{name}.txt").write_bytes("\0".join(documents(text)).encode())


main()
