#!/usr/bin/env python3
"""Puts tokenizer.json together again from its parts, byte for byte.   usage: assemble.py PARTS.json OUT

The vocabulary of a byte-pair tokenizer repeats its merges: after three special tokens and the 256 bytes every entry is the
two halves of one merge, in order. Stored without it the file takes 0.55 MB compressed instead of 1.3. `--split` makes the
parts of a whole file: assemble.py --split tokenizer.json PARTS.json
"""
import hashlib
import json
import sys

SHA256 = "d3a6eb4e70b67bbc24fc7a1aead044c9ceddfb81062a25a348087c4d5531f52f"
FIRST_MERGED = 259


def dump(value):
    return json.dumps(value, indent=2, ensure_ascii=False)


def split(whole):
    root = json.loads(whole)
    model = root["model"]
    parts = {"first": list(model["vocab"])[:FIRST_MERGED], "merges": model["merges"], "root": root}
    model["vocab"] = model["merges"] = None
    return json.dumps(parts, ensure_ascii=False)


def join(parts):
    root, model = parts["root"], parts["root"]["model"]
    tokens = parts["first"] + [merge.replace(" ", "") for merge in parts["merges"]]
    model["vocab"] = {token: number for number, token in enumerate(tokens)}
    model["merges"] = parts["merges"]
    return dump(root)


if sys.argv[1] == "--split":
    with open(sys.argv[2], encoding="utf-8") as whole, open(sys.argv[3], "w", encoding="utf-8") as out:
        out.write(split(whole.read()))
else:
    with open(sys.argv[1], encoding="utf-8") as file:
        text = join(json.load(file)).encode()
    found = hashlib.sha256(text).hexdigest()
    if found != SHA256:
        sys.exit(f"{sys.argv[1]}: makes a file with SHA-256 {found}, expected {SHA256}")
    with open(sys.argv[2], "wb") as out:
        out.write(text)
