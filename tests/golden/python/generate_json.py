#!/usr/bin/env python3
"""Writes the tables of this folder: what CPython's json module answers.

parse.tsv    text, then what json.loads says of it: "ok" and json.dumps(..., ensure_ascii=False), or "error" and the
             text of the JSONDecodeError. Hand-picked texts, and damaged ones: documents cut short, and with single
             characters removed, doubled or replaced.
floats.tsv   the bits of a double in hexadecimal, then its repr.
numbers.tsv  the text of a JSON number, then json.dumps(json.loads(text)).

Made with CPython 3.11.   usage: python3 generate_json.py && xz -9e *.tsv
"""
import json
import math
import pathlib
import random
import re
import struct
import sys

FOLDER = pathlib.Path(__file__).parent
pick = random.Random(20)


def escape(text):
    """The inverse of Unescape in tests/support/table_file.h."""
    out = []
    for character in text:
        if character in "\n\t\r\\":
            out.append({"\n": "\\n", "\t": "\\t", "\r": "\\r", "\\": "\\\\"}[character])
        elif ord(character) < 0x20 or ord(character) == 0x7F:
            out.append(f"\\x{ord(character):02x}")
        else:
            out.append(character)
    return "".join(out)


def write(name, comment, rows):
    with open(FOLDER / name, "w", encoding="utf-8", newline="\n") as out:
        print(f"# {comment} Made by generate.py.", file=out)
        for row in rows:
            print(*map(escape, row), sep="\t", file=out)


def answer(text):
    try:
        return "ok", json.dumps(json.loads(text), ensure_ascii=False)
    except json.JSONDecodeError as error:
        return "error", str(error)


HAND_PICKED = [
    "", " ", "\n\n", "null", "true", "false", "nul", "nullx", "True", "None", "tru", "'a'", "undefined", "\ufeff{}", "\ufeff",
    " \t\r\nnull \t\r\n", "\u00a0null", "\u2028null", "null\x0c", "\x00", "null\x00", "// c\n1", "1 /* c */",
    "0", "-0", "-", "- 1", "+1", "01", "-01", "00", "1.", ".5", "-.5", "1.5", "1.5.2", "1e5", "1E5", "1e+5", "1e-5", "1e", "1e+", "1.e5",
    "1.5e", "0x10", "1_000", "1,000", "\u0661", "1\u0661", "12345678901234567890123", "1e400", "-1e400", "1e-400", "NaN", "-NaN",
    "Infinity", "-Infinity", "-Infinit", "+Infinity", "inf", "[NaN,Infinity,-Infinity]", "Inf", "Nan", "--1", "1-", "1 2", "-1.5E-3 ",
    '""', '"', '"a', "\"a\nb\"", '"\t"', '"\x1f"', '"\x7f"', '"\u2028"', '"/"', r'"\/"', r'"\b\f\n\r\t\"\\"', r'"\a"', r'"\x41"', r'"\'"', '"\\', '"\\"',
    '"\\\\', '"\\\\"', '"\\\\\\"', r'"\u0041"', r'"\u00e9"', r'"\u4E2d\u6587"', r'"\u0000"', r'"\u"', r'"\u1"', r'"\u12"', r'"\u123"',
    r'"\u1234', r'"\u123', r'"\u12', r'"\u123g"', r'"\u 123"', r'"\u+123"', r'"\u-123"', r'"\uD83D\uDE00"', r'"\ud83d\ude00 x"', r'"\U0041"',
    r'"\ud83d\uzzzz"', r'"\ud83d\ude0', r'"\ud83d\ude00', r'"\ud83d\u', r'"a\u00', r'"\u00e9\u00e"', '"é"', '"中文 😀"', '"a" "b"', '"a"b', "\"caf\u00e9\" x", '"\\\n"', '"\\é"',
    "[]", "[ ]", "[", "[ ", "]", "[1", "[1,", "[1, ", "[1,]", "[1,,2]", "[,1]", "[1 2]", "[1;2]", "[1}", "[1]]", "[[1]", "[[[[]]]]", "[\n1,\n2\n]",
    '["a","b"', '["a" "b"]', "[1,\n\n  x]", "[true,false,null]", "[-]", "[1.]", "[é]", '["é",x]', "[\n\"é\",\n\"中\" y]", "[1]\n\n x",
    "{}", "{ }", "{", "{ ", "}", '{"a"', '{"a" ', '{"a":', '{"a": ', '{"a":1', '{"a":1 ', '{"a":1,', '{"a":1, ', '{"a":1,}', '{"a":1,,"b":2}', '{,}',
    '{"a" 1}', '{"a":}', '{"a":,}', '{"a"::1}', "{a:1}", "{'a':1}", "{1:2}", "{null:1}", '{"a":1 "b":2}', '{"a":1;"b":2}', '{"a":1]', '{"a":1}}', '{"a":1}{',
    '{"":1}', '{"a":1,"a":2}', '{"a":1,"b":2,"a":3}', '{"b":1,"a":2}', '{"a":{"b":{"c":[]}}}', '{ "a" : 1 , "b" : [ 2 ] }', '{"a":"b', '{"a',
    '{"a":1,\n"b":x}', '{"\u00e9":1,"b":}', '{"a":1,b}', '{"a":1,"b"}', '{"a":tru}', '{"a":nulll}', '{"a":-}', '{"a":1.}', '{"a":"\\x"}', '{"a":"\\u00"}',
    '{"\\u0061":1,"a":2}', '[{"a":1},{"a":2},', '{"a":[1,2,{"b":3}]', '[1e5,1E400,-0,-0.0,0.1,1.0,100000000000000000000.0,1e16,1e-5]',
]

DOCUMENTS = [
    '{"name": "get_weather", "arguments": {"city": "Oslo", "days": 3, "exact": true}}',
    '[{"role":"user","content":"caf\u00e9 \\"x\\" \\u4e2d\\n"},{"role":"tool","id":null}]',
    '{"a":[1,-2.5e3,[],{}],"b":{"c":"\\ud83d\\ude00","d":false}}',
    '[\n  0.5,\n  "\u4e2d\u6587",\n  {"k": -1}\n]\n',
]


def damaged():
    for document in DOCUMENTS:
        for cut in range(len(document)):
            yield document[:cut]
            yield document[:cut] + document[cut + 1:]
            yield document[:cut] + document[cut] + document[cut:]
            yield document[:cut] + pick.choice('{}[]:,"\\ \n01-.eEtfnNIu\u00e9\u0001') + document[cut + 1:]


# A surrogate without its partner has no UTF-8 form; Python keeps it, we refuse it (src/json/parse.h), so such texts
# are left out. A high one before a broken \\u escape stays: there Python blames the escape, and so do we.
PAIR = re.compile(r"\\u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2}")
LONE = re.compile(r"\\u[dD]([c-fC-F][0-9a-fA-F]{2}|[89abAB][0-9a-fA-F]{2}(?!\\u(?![0-9a-fA-F]{4}.)))")


def parse_rows():
    for text in dict.fromkeys(HAND_PICKED + DOCUMENTS + list(damaged())):
        if not LONE.search(PAIR.sub("", text.replace(r"\\", ""))):
            yield text, *answer(text)


def from_bits(bits):
    return struct.unpack("<d", struct.pack("<Q", bits))[0]


def to_bits(number):
    return struct.unpack("<Q", struct.pack("<d", number))[0]


def doubles():
    yield from (0.0, -0.0, 1.0, 0.1, 1 / 3, 5e-324, sys.float_info.max, sys.float_info.min, math.pi, 2.0**53, 2.0**53 + 2)
    yield from (123456789012345680.0, 9007199254740993.0, 1e21, 1e22, 1e23, 9.5e-7, 0.3, 2.5, 1e15 + 0.5)
    for power in range(-324, 309, 3):
        number = float(f"1e{power}")
        yield from (number, math.nextafter(number, 0), math.nextafter(number, math.inf))
    for power in range(-5, 18):  # around both changes of notation
        yield from (float(f"{digits}e{power}") for digits in ("1", "9.9999999999999999", "1.25", "-7.123456789012345"))
    for power in range(-1074, 1024, 17):
        yield math.ldexp(1.0, power)
        yield -math.nextafter(math.ldexp(1.0, power), 0)
    for _ in range(700):
        yield from_bits(pick.getrandbits(64))
    for _ in range(300):
        yield pick.uniform(-1000, 1000)
        yield round(pick.uniform(-1000, 1000), pick.randrange(6))
        yield float(pick.getrandbits(pick.randrange(1, 70)))


def number_texts():
    yield from ("0", "-0", "0.0", "-0.0", "1", "-1", "1.0", "10", "1e5", "1E5", "1e+5", "1e05", "0e0", "-0e5", "0e999999999999", "0.0e-99999")
    yield from ("1e400", "-1e400", "1e-400", "-1e-400", "1e999999999999999999999", "-1e-999999999999999999999", "NaN", "Infinity", "-Infinity")
    yield from ("1.7976931348623157e308", "1.7976931348623158e308", "1.7976931348623159e308", "4.9e-324", "2.4703282292062327e-324")
    yield from ("2.4703282292062328e-324", "2.2250738585072011e-308", "9007199254740993.0", "9007199254740992.99999999999999999999")
    yield from ("9223372036854775807", "9223372036854775808", "-9223372036854775808", "18446744073709551616", "1" + "0" * 100, "1" + "0" * 309 + ".0")
    yield from ("0." + "0" * 330 + "1e331", "1" + "0" * 330 + "e-330", "0." + "0" * 400 + "1", "1" + "0" * 400 + "e-1", "0." + "0" * 20 + "1e400")
    # The exact middle between two doubles, and its neighbours in the 750th digit.
    from decimal import Decimal, getcontext
    getcontext().prec = 900
    for bits in (1, 0x0010000000000000, 0x3FF0000000000000, 0x3FF0000000000001, 0x7FE1234567890ABC):
        middle = (Decimal(from_bits(bits)) + Decimal(from_bits(bits + 1))) / 2
        text = f"{middle:e}"
        mantissa, exponent = text.split("e")
        for tail in ("", "0" * 20 + "1"):
            yield mantissa + tail + "e" + exponent
        yield mantissa[:-1] + str(int(mantissa[-1]) - 1) + "9" * 20 + "e" + exponent
    for _ in range(1200):
        sign = pick.choice(("", "-"))
        whole = pick.choice(("0", str(pick.getrandbits(pick.randrange(1, 100)))))
        fraction = pick.choice(("", "", "." + "".join(pick.choice("0123456789") for _ in range(pick.randrange(1, 25)))))
        exponent = pick.choice(("", "", f"{pick.choice('eE')}{pick.choice(('', '+', '-'))}{pick.randrange(pick.choice((5, 30, 340)))}"))
        yield sign + whole + fraction + exponent


write("parse.tsv", "text, ok or error, json.dumps or str(JSONDecodeError).", parse_rows())
write("floats.tsv", "bits of a double, repr.",
      ((f"{bits:016x}", repr(from_bits(bits))) for bits in dict.fromkeys(map(to_bits, doubles()))
       if math.isfinite(from_bits(bits))))
write("numbers.tsv", "text of a number, json.dumps(json.loads(text)).",
      ((text, json.dumps(json.loads(text))) for text in dict.fromkeys(number_texts())))
