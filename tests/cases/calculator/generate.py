#!/usr/bin/env python3
"""Writes python.case: random expressions with the values that Python gives them.   usage: generate.py > python.case

Where the calculator differs from Python on purpose the expression is left out: integers that don't fit 127 bits.
A quotient or double that is an integer is written as one."""
import math
import random
import re

rng = random.Random(20)


def literal():
    kind = rng.random()
    if kind < 0.5:
        return str(rng.randint(0, 999))
    if kind < 0.6:
        return str(rng.randint(0, 10 ** rng.randint(3, 25)))
    return repr(round(rng.uniform(0, 10 ** rng.randint(0, 6)), rng.randint(1, 6)))


def expression(depth):
    pick = rng.random()
    if depth == 0 or pick < 0.15:
        return literal()
    if pick < 0.70:
        return f"{expression(depth - 1)} {rng.choice(['+', '-', '*', '/', '//', '%'])} {expression(depth - 1)}"
    if pick < 0.78:
        return f"({expression(depth - 1)}) ** {rng.randint(0, 5)}"
    if pick < 0.84:
        return f"-({expression(depth - 1)})"
    if pick < 0.93:
        name = rng.choice(["abs", "floor", "ceil", "round"])
        return f"{name}({expression(depth - 1)})"
    if pick < 0.97:
        return f"{rng.choice(['min', 'max'])}({expression(depth - 1)}, {expression(depth - 1)})"
    return f"({expression(depth - 1)})"


def evaluate(text):
    """The value with quotients that are integers kept exact, or None where integers grow too large."""
    class N:
        def __init__(self, v):
            self.v = v
            if isinstance(v, int) and abs(v) >= 2 ** 127:
                raise OverflowError

        def __add__(self, o): return N(self.v + o.v)
        def __sub__(self, o): return N(self.v - o.v)
        def __mul__(self, o): return N(self.v * o.v)
        def __floordiv__(self, o): return whole(self.v // o.v)
        def __mod__(self, o): return N(self.v % o.v)
        def __pow__(self, o): return N(self.v ** o.v)
        def __neg__(self): return N(-self.v)
        def __abs__(self): return N(abs(self.v))
        def __floor__(self): return N(math.floor(self.v))
        def __ceil__(self): return N(math.ceil(self.v))
        def __round__(self): return N(round(self.v))
        def __lt__(self, o): return self.v < o.v
        def __gt__(self, o): return self.v > o.v

        def __truediv__(self, o):
            if isinstance(self.v, int) and isinstance(o.v, int) and o.v != 0 and self.v % o.v == 0:
                return N(self.v // o.v)
            return N(self.v / o.v)

    def whole(v):
        return N(int(v)) if isinstance(v, float) and abs(v) < 2.0 ** 126 else N(v)

    wrapped = re.sub(r"\d+(\.\d+)?(e[-+]?\d+)?", lambda m: f"N({m[0]})", text)
    names = {"N": N, "abs": abs, "floor": math.floor, "ceil": math.ceil, "round": round, "min": min, "max": max}
    return eval(wrapped, {"__builtins__": {}}, names).v


def show(value):
    if isinstance(value, float) and value.is_integer() and abs(value) < 2.0 ** 53:
        return str(int(value))
    text = repr(value)
    return text[:-2] if text.endswith(".0") else text


print("# Made by generate.py.   expression => result")
count = 0
while count < 600:
    text = expression(rng.randint(1, 4))
    try:
        value = evaluate(text)
    except (OverflowError, ZeroDivisionError):
        continue
    if isinstance(value, complex) or value != value or abs(value) == math.inf or len(text) > 300:
        continue
    print(f"{text} => {show(value)}")
    count += 1
