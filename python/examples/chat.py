"""Streams one answer.   usage: chat.py MODEL QUESTION"""

import sys

import fathom

model = fathom.Model(sys.argv[1], context=4096)
with model.stream(sys.argv[2], thinking=True, temperature=0, max_tokens=300) as stream:
    for event in stream:
        if event.kind in ("reasoning", "content"):
            print(event.text, end="", flush=True, file=sys.stderr if event.kind == "reasoning" else sys.stdout)
print()
usage = stream.answer.usage
print(f"{usage['prompt_tokens']} tokens read, {usage['completion_tokens']} written", file=sys.stderr)
