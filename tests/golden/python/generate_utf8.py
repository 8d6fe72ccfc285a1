#!/usr/bin/env python3
"""Writes utf8_replaced.tsv: byte sequences and what CPython's bytes.decode('utf-8', 'replace') makes of them.

Made with CPython 3.11.   usage: python3 generate_utf8.py && xz -9e utf8_replaced.tsv
"""
import itertools
import pathlib
import random

# The bytes at both sides of every border in the table of well-formed sequences.
BORDERS = [0x00, 0x41, 0x7F, 0x80, 0x8F, 0x90, 0x9F, 0xA0, 0xBF, 0xC0, 0xC1, 0xC2, 0xDF, 0xE0, 0xE1, 0xEC, 0xED,
           0xEE, 0xEF, 0xF0, 0xF1, 0xF3, 0xF4, 0xF5, 0xFF]

sequences = [bytes(pair) for pair in itertools.product(BORDERS, repeat=2)]
pick = random.Random(1)
for length in range(3, 9):
    sequences += [bytes(pick.choice(BORDERS) for _ in range(length)) for _ in range(300)]
# Valid characters, each cut at every place and followed by something else.
for character in "\u0080\u07FF\u0800\uD7FF\uE000\uFFFD\uFFFF\U00010000\U000FFFFF\U0010FFFF":
    whole = character.encode()
    for cut in range(1, len(whole) + 1):
        for follower in (b"", b"a", b"\x80", b"\xC3\xA9", b"\xE2\x82", b"\xFF"):
            sequences.append(whole[:cut] + follower)

with open(pathlib.Path(__file__).parent / "utf8_replaced.tsv", "w", newline="\n") as out:
    print("# bytes, and the same decoded with replacement; both in hexadecimal. Made by generate.py.", file=out)
    for sequence in dict.fromkeys(sequences):
        print(sequence.hex(), sequence.decode("utf-8", "replace").encode().hex(), sep="\t", file=out)
