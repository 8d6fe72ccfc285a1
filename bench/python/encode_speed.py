"""How fast encode_messages is, against the same in plain Python.   usage: encode_speed.py GOLDEN [--check]

GOLDEN is the unpacked golden data (build/release/golden). Both encoders must give the official
prompt of every conversation before anything is timed; --check ends there. PYTHONPATH names the
built module (build/release/python).
"""

import json
import pathlib
import sys
import time

import plain_encoding
from fathom.encoding_dsv32 import encode_messages

golden = pathlib.Path(sys.argv[1]) / "encoding"


def load():
    """Conversations by name: (arguments, expected prompt) each, and the tools section's head."""
    published = json.loads((golden / "official_input.json").read_text())
    published["messages"][0]["tools"] = published["tools"]
    prompt = (golden / "official_output.txt").read_text().removesuffix("\n")
    start, end = prompt.index("## Tools"), prompt.index("<functions>\n") + len("<functions>\n")
    chat = [
        {"role": "user", "content": "hello"},
        {"role": "assistant", "content": "Hello! I am DeepSeek.", "reasoning_content": "thinking..."},
        {"role": "user", "content": "1+1=?"},
    ]
    chat_prompt = (
        "<｜begin▁of▁sentence｜><｜User｜>hello<｜Assistant｜></think>Hello! I am DeepSeek."
        "<｜end▁of▁sentence｜><｜User｜>1+1=?<｜Assistant｜><think>"
    )
    random = [
        ({key: case[key] for key in case if key != "prompt"}, case["prompt"])
        for case in json.loads((golden / "cases.json").read_text())["encode"]
        if "prompt" in case
    ]
    conversations = {
        "model card (3 messages)": [({"messages": chat, "thinking_mode": "thinking"}, chat_prompt)],
        "published (tools, 8 KB)": [
            ({"messages": published["messages"], "thinking_mode": "thinking"}, prompt)
        ],
        f"random ({len(random)} conversations)": random,
    }
    return conversations, prompt[start:end]


def best_seconds(functions, cases, repeats=30):
    """The least processor time of one call of each function, taken in turns: other work on the
    machine disturbs both alike, and the best of many short runs least.
    """
    best = [float("inf")] * len(functions)
    rounds = max(1, 200 // len(cases))
    for _ in range(repeats):
        for index, function in enumerate(functions):
            start = time.process_time()
            for _ in range(rounds):
                for arguments, _ in cases:
                    function(**arguments)
            seconds = (time.process_time() - start) / rounds / len(cases)
            best[index] = min(best[index], seconds)
    return best


def main():
    conversations, tools_head = load()

    def plain(**arguments):
        return plain_encoding.encode_messages(**arguments, tools_head=tools_head)

    checked = 0
    for name, cases in conversations.items():
        for arguments, expected in cases:
            for encode in (encode_messages, plain):
                if encode(**arguments) != expected:
                    sys.exit(f"error: {encode.__module__}: another prompt in {name}")
            checked += 1
    print(f"{checked} prompts are the official ones, from both")
    if "--check" in sys.argv:
        return
    print(f"{'':28} {'plain Python':>14} {'fathom':>12} {'ratio':>7}")
    for name, cases in conversations.items():
        slow, fast = best_seconds([plain, encode_messages], cases)
        print(f"{name:28} {slow * 1e6:11.1f} us {fast * 1e6:9.1f} us {slow / fast:7.2f}")


main()
