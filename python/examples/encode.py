"""The example of DeepSeek's model card: three messages and their prompt, with its token ids.

usage: encode.py [TOKENIZER]     a tokenizer.json, or a folder that holds one
"""

import sys

import fathom
from fathom.encoding_dsv32 import encode_messages

messages = [
    {"role": "user", "content": "hello"},
    {"role": "assistant", "content": "Hello! I am DeepSeek.", "reasoning_content": "thinking..."},
    {"role": "user", "content": "1+1=?"},
]
prompt = encode_messages(messages, thinking_mode="thinking")
print(prompt)
if len(sys.argv) > 1:
    print(fathom.Tokenizer(sys.argv[1]).encode(prompt, allow_special=True))
