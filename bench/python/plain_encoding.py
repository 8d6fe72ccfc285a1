"""encode_messages in plain Python, written from the specification (7.4 to 7.7): what Fathom's speed
is compared with. For conversations that are well formed; it refuses nothing.
"""

import json

BOS, EOS, USER, ASSISTANT = "<｜begin▁of▁sentence｜>", "<｜end▁of▁sentence｜>", "<｜User｜>", "<｜Assistant｜>"
DSML = "｜DSML｜"


def dump(value):
    return json.dumps(value, ensure_ascii=False)


def encode_messages(
    messages, thinking_mode, context=None, drop_thinking=True, add_default_bos_token=True, *, tools_head
):
    """tools_head: the tools section up to the line "<functions>", which the caller supplies."""
    context = context or []
    everything = context + messages
    thinking = thinking_mode == "thinking"
    text = BOS if add_default_bos_token and not context else ""
    if thinking and drop_thinking:
        everything = drop_earlier(everything)
    last_user = find_last_user(everything)
    for index in range(len(context), len(context) + len(messages)):
        text += render(everything, index, last_user, thinking, tools_head)
    return text


def find_last_user(messages):
    for index in range(len(messages) - 1, -1, -1):
        if messages[index]["role"] in ("user", "developer"):
            return index
    return -1


def drop_earlier(messages):
    last_user = find_last_user(messages)
    kept = []
    for index, message in enumerate(messages):
        if index >= last_user or message["role"] in ("user", "system", "tool"):
            kept.append(message)
        elif message["role"] == "assistant":
            kept.append({key: value for key, value in message.items() if key != "reasoning_content"})
    return kept


def render(messages, index, last_user, thinking, tools_head):
    message = messages[index]
    role = message["role"]
    if role == "system":
        return (message.get("content") or "") + attachments(message, tools_head)
    opening = "<think>" if thinking and index == last_user else "</think>"
    if role == "user":
        return f"{USER}{message.get('content')}{ASSISTANT}{opening}"
    if role == "developer":
        said = f"\n\n# The user's message is: {message['content']}"
        return f"{USER}{attachments(message, tools_head)}{said}{ASSISTANT}{opening}"
    if role == "tool":
        return render_result(messages, index, last_user, thinking)
    text = ""
    if thinking and index > last_user:
        text = (message.get("reasoning_content") or "") + "</think>"
    text += message.get("content") or ""
    if calls := message.get("tool_calls"):
        invokes = "\n".join(render_call(call["function"]) for call in calls)
        text += f"\n\n<{DSML}function_calls>\n{invokes}\n</{DSML}function_calls>"
    return text + EOS


def attachments(message, tools_head):
    text = ""
    if tools := message.get("tools"):
        schemas = "\n".join(dump(tool["function"]) for tool in tools)
        text += f"\n\n{tools_head}{schemas}\n</functions>\n"
    if response_format := message.get("response_format"):
        text += (
            "\n\n## Response Format:\n\nYou MUST strictly adhere to the following schema to reply:\n"
            + dump(response_format)
        )
    return text


def render_call(function):
    lines = []
    for key, value in json.loads(function["arguments"]).items():
        is_string = isinstance(value, str)
        shown = value if is_string else dump(value)
        flag = "true" if is_string else "false"
        lines.append(f'<{DSML}parameter name="{key}" string="{flag}">{shown}</{DSML}parameter>')
    body = "\n".join(lines)
    return f'<{DSML}invoke name="{function["name"]}">\n{body}\n</{DSML}invoke>'


def render_result(messages, index, last_user, thinking):
    caller = index - 1
    while messages[caller]["role"] == "tool":
        caller -= 1
    order, count = index - caller, len(messages[caller]["tool_calls"])
    text = "\n\n<function_results>" if order == 1 else ""
    text += f"\n<result>{messages[index]['content']}</result>"
    if order == count:
        text += "\n</function_results>\n\n" + ("<think>" if thinking and index >= last_user else "</think>")
    return text
