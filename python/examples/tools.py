"""Lets the model call a Python function.   usage: tools.py MODEL"""

import sys

import fathom


def calculator(expression: str) -> str:
    """Evaluates an arithmetic expression.

    Args:
        expression: the expression, such as 2 * (3 + 4)
    """
    left, sign, right = expression.split()
    if sign != "*":
        raise ValueError(f"expected a product, found {expression!r}")
    return str(int(left) * int(right))


model = fathom.Model(sys.argv[1], context=4096)
chat = model.chat("What is 482 * 37?", [calculator], temperature=0, max_tokens=200)
for run in chat.runs:
    print(f"{run.name}({run.arguments}) gave {run.result}")
print(chat.content)
