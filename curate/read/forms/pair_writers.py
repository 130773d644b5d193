"""Write conversations as messages, speakers, instructions, and prompts with or without a completion."""

from typing import Any, Final

from curate.read.forms.form import SYSTEM_ROLES, Object, UnwritableError, as_object, as_text, omit_keys

UNKNOWN_SOURCE: Final = "unknown"
"""verl's `data_source` where a line names none; verl looks the reward function up by it."""


def write_messages(value: Object) -> Object:
    """The conversation as it is."""
    return {key: value[key] for key in ("messages", "tools") if key in value}


def write_system_beside(value: Object) -> Object:
    """The system prompt in a key of its own, as Claude on Bedrock reads it."""
    first, *rest = value["messages"]
    if first["role"] not in SYSTEM_ROLES:
        return write_messages(value)
    return {"system": only_text(first, "the system prompt"), **write_messages({**value, "messages": rest})}


def write_sharegpt(value: Object) -> Object:
    """Speakers and values; calls and results are turns of their own, tools are JSON text."""
    written: Object = {"conversations": [sharegpt_turn(message, i + 1) for i, message in enumerate(value["messages"])]}
    if value.get("tools"):
        written["tools"] = as_text(value["tools"])
    return written


SPEAKER: Final = {"user": "human", "assistant": "gpt", "system": "system", "developer": "system", "tool": "observation"}


def sharegpt_turn(message: Object, number: int) -> Object:
    """A message as speaker and value; `number` is its number in the conversation."""
    role, content, calls = message["role"], message.get("content"), message.get("tool_calls")
    if role not in SPEAKER:
        raise UnwritableError(f"a message of role {role!r}")
    extra = omit_keys(message, "role", "content", "tool_calls", *(("tool_call_id", "name") if role == "tool" else ()))
    if calls:
        if content:
            raise UnwritableError(f"message {number} has a text beside its tool calls")
        written_calls = [_function_call(call, number) for call in calls]
        return {
            "from": "function_call",
            "value": as_text(written_calls[0] if len(written_calls) == 1 else written_calls),
            **extra,
        }
    if not isinstance(content, str):
        raise UnwritableError(f"the content of message {number} is not text")
    return {"from": SPEAKER[role], "value": content, **extra}


def _function_call(call: Any, number: int) -> Object:
    """Name and arguments of a tool call. Raises `UnwritableError`; `number` is that of the message."""
    function = call.get("function") if isinstance(call, dict) else None
    arguments = as_object(function.get("arguments") or {}) if isinstance(function, dict) else None
    if not isinstance(function, dict) or arguments is None:
        raise UnwritableError(f"the arguments of a tool call of message {number} are not a JSON object")
    return {"name": function.get("name"), "arguments": arguments}


def write_alpaca(value: Object) -> Object:
    """The last question and answer, earlier ones as history, the system prompt in a key of its own."""
    messages, written = value["messages"], Object()
    refuse_tools(value.get("tools"), messages)
    if messages[0]["role"] in SYSTEM_ROLES:
        written["system"], messages = only_text(messages[0], "the system prompt"), messages[1:]
    roles = [message["role"] for message in messages]
    if not messages or roles != ["user", "assistant"] * (len(messages) // 2):
        raise UnwritableError("the turns are not questions and answers in turn")
    texts = [only_text(message, f"message {i + 1}") for i, message in enumerate(messages)]
    pairs = [list(pair) for pair in zip(texts[::2], texts[1::2], strict=True)]
    written |= {"instruction": pairs[-1][0], "input": "", "output": pairs[-1][1]}
    if len(pairs) > 1:
        written["history"] = pairs[:-1]
    return written


def write_prompt_completion(value: Object) -> Object:
    """One question and one answer as text."""
    messages = value["messages"]
    refuse_tools(value.get("tools"), messages)
    if [message["role"] for message in messages] != ["user", "assistant"]:
        raise UnwritableError("not one question and one answer; prompt-completion-chat holds them")
    prompt, completion = (only_text(message, f"message {i + 1}") for i, message in enumerate(messages))
    return {"prompt": prompt, "completion": completion}


def write_prompt_completion_chat(value: Object) -> Object:
    """The last answer as completion, all messages before it as prompt."""
    messages = value["messages"]
    if messages[-1]["role"] != "assistant" or len(messages) == 1:
        raise UnwritableError("no question with an answer at the end")
    written = {"prompt": messages[:-1], "completion": messages[-1:]}
    return {**written, "tools": value["tools"]} if value.get("tools") else written


def write_prompt(value: Object) -> Object:
    """The messages of a question."""
    messages = value["messages"]
    if messages[-1]["role"] == "assistant":
        raise UnwritableError("the conversation ends with an answer; verl keeps it as the ground truth")
    return {"prompt": messages, **({"tools": value["tools"]} if value.get("tools") else {})}


def write_verl(value: Object) -> Object:
    """The messages of a question; an answer at the end is the ground truth of the reward."""
    messages, reward = value["messages"], value.get("reward_model")
    if messages[-1]["role"] == "assistant":
        if reward is not None:
            raise UnwritableError("the conversation ends with an answer beside its `reward_model`")
        reward = {"style": "rule", "ground_truth": only_text(messages[-1], "the answer")}
        messages = messages[:-1]
    if reward is None:
        key = next((key for key in ("ground_truth", "answer", "solution", "reference_answer") if key in value), None)
        if key is None:
            raise UnwritableError("no answer and no `reward_model` to judge by")
        reward = {"style": "rule", "ground_truth": value[key]}
    if not messages:
        raise UnwritableError("no question")
    source = value.get("data_source") or value.get("source") or UNKNOWN_SOURCE
    written = {"data_source": source, "prompt": messages, "reward_model": reward}
    return {**written, **({"tools": value["tools"]} if value.get("tools") else {})}


def only_text(message: Object, what: str) -> str:
    """The text of a message that has no other content. Raises `UnwritableError`; `what` names the message in it."""
    if unknown := [key for key, item in message.items() if key not in ("role", "content") and item is not None]:
        raise UnwritableError(f"`{unknown[0]}` of {what}")
    if not isinstance(content := message.get("content"), str):
        raise UnwritableError(f"the content of {what} is not text")
    return content


def refuse_tools(tools: Any, messages: list[Object]) -> None:
    """Raise `UnwritableError` if there are tools, calls or results."""
    if tools or any(message.get("tool_calls") or message["role"] == "tool" for message in messages):
        raise UnwritableError("tools and tool calls")
