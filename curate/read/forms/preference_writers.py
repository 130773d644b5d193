"""Write conversations, preference pairs and labelled answers in the forms of trainers, services and data sets.

Sources: the documentation of TRL (dataset formats), OpenAI (direct preference optimization), LLaMA-Factory
(data/README.md and its v1 data), Axolotl (rlhf), ms-swift (custom dataset), verl (its reward model data set), and the
data sets Anthropic/hh-rlhf and openbmb/UltraFeedback, read 2026-11.
"""

from typing import Any, Final

from curate.core.example import SYSTEM_ROLES
from curate.read.forms.form import (
    Format,
    Object,
    PreferencePair,
    UnwritableError,
    as_object,
    as_text,
    omit_keys,
)

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


Messages = list[Object]
RANKS: Final = (1, 0)
"""Scores of the chosen and of the rejected answer where a ranking is written."""


def write_preference(pair: PreferencePair) -> Object:
    """A line with the question and both answers as text. Raises `UnwritableError` if the prompt is more than one user
    message, for tools, and for an answer that is not text.
    """
    refuse_tools(pair.tools, pair.messages)
    if [message["role"] for message in pair.prompt] != ["user"]:
        raise UnwritableError("the prompt is not one user message; preference-chat holds it")
    chosen, rejected = _answer_texts(pair)
    return {"prompt": only_text(pair.prompt[0], "the prompt"), "chosen": chosen, "rejected": rejected}


def write_preference_chat(pair: PreferencePair) -> Object:
    """Prompt and sides as lists of messages."""
    _require_prompt(pair)
    return {"prompt": pair.prompt, "chosen": pair.chosen, "rejected": pair.rejected, **_tools(pair)}


def write_preference_implicit(pair: PreferencePair) -> Object:
    """Both conversations, each with the prompt."""
    return {"chosen": pair.prompt + pair.chosen, "rejected": pair.prompt + pair.rejected, **_tools(pair)}


def write_openai_preference(pair: PreferencePair) -> Object:
    """The prompt with its tools under `input`, and an answer for each side."""
    _require_prompt(pair)
    chosen, rejected = _answer_messages(pair)
    input_keys = pair.rest.get("input")
    input_value = {**(input_keys if isinstance(input_keys, dict) else {}), "messages": pair.prompt, **_tools(pair)}
    return {"input": input_value, "preferred_output": [chosen], "non_preferred_output": [rejected]}


def write_llama_factory_preference(pair: PreferencePair) -> Object:
    """Both conversations with the weight of each message in the loss."""
    refuse_tools(pair.tools, pair.messages)
    prompt = [_weighted(message, 0.0) for message in pair.prompt]
    chosen, rejected = ([_weighted(message, 1.0) for message in side] for side in (pair.chosen, pair.rejected))
    return {"chosen_messages": prompt + chosen, "rejected_messages": prompt + rejected}


def _weighted(message: Object, weight: float) -> Object:
    """A message as LLaMA-Factory reads it, with a loss weight: `weight` for an answer, 0 for others."""
    text = only_text(message, f"a message of role {message['role']!r}")
    trained = weight if message["role"] == "assistant" else 0.0
    return {"role": message["role"], "content": [{"type": "text", "value": text}], "loss_weight": trained}


def write_alpaca_preference(pair: PreferencePair) -> Object:
    """The last question with both answers, earlier turns as history, the system prompt in a key of its own."""
    refuse_tools(pair.tools, [*pair.chosen, *pair.rejected])
    chosen, rejected = _answer_texts(pair)
    written = write_alpaca({"messages": pair.prompt + pair.chosen, "tools": pair.tools})
    del written["output"]
    return {**written, "chosen": chosen, "rejected": rejected}


def write_sharegpt_preference(pair: PreferencePair) -> Object:
    """The prompt as speakers and values, and a turn for each side."""
    _require_prompt(pair)
    chosen, rejected = (sharegpt_turn(message, len(pair.prompt) + 1) for message in _answer_messages(pair))
    return {**write_sharegpt({"messages": pair.prompt, **_tools(pair)}), "chosen": chosen, "rejected": rejected}


def write_axolotl_preference(pair: PreferencePair) -> Object:
    """The prompt under `messages`, and a message for each side."""
    _require_prompt(pair)
    refuse_tools(pair.tools, pair.messages)
    chosen, rejected = _answer_texts(pair)  # Axolotl reads role and content alone
    return {
        "messages": [{**message, "content": only_text(message, "the prompt")} for message in pair.prompt],
        "chosen": {"role": "assistant", "content": chosen},
        "rejected": {"role": "assistant", "content": rejected},
    }


def write_rejected_response(pair: PreferencePair) -> Object:
    """The chosen conversation, and the text that replaces its last answer."""
    _require_prompt(pair)
    chosen, rejected = _answer_messages(pair)
    text = only_text(rejected, "the rejected answer")
    return {"messages": [*pair.prompt, chosen], "rejected_response": text, **_tools(pair)}


def write_rejected_messages(pair: PreferencePair) -> Object:
    """Both conversations, each with the prompt."""
    _require_prompt(pair)
    return {"messages": pair.prompt + pair.chosen, "rejected_messages": pair.prompt + pair.rejected, **_tools(pair)}


def write_transcripts(pair: PreferencePair) -> Object:
    """Both conversations as text with `Human:` and `Assistant:` before each turn."""
    refuse_tools(pair.tools, pair.messages)
    return {"chosen": _transcript(pair.prompt + pair.chosen), "rejected": _transcript(pair.prompt + pair.rejected)}


def _transcript(messages: Messages) -> str:
    """Messages as text with `Human:` and `Assistant:`. Raises `UnwritableError` for other roles."""
    names, written = {"user": "Human", "assistant": "Assistant"}, ""
    for number, message in enumerate(messages, 1):
        if message["role"] not in names:
            raise UnwritableError(f"a message of role {message['role']!r}")
        written += f"\n\n{names[message['role']]}: {only_text(message, f'message {number}')}"
    return written


def write_ranking(pair: PreferencePair) -> Object:
    """The question and two scored answers."""
    question = write_preference(pair)
    sides = zip((question["chosen"], question["rejected"]), RANKS, strict=True)
    scored = [{"response": text, "overall_score": score} for text, score in sides]
    return {"instruction": question["prompt"], "completions": scored}


def write_kto(value: Object) -> Object:
    """One question and one answer as text."""
    if [message["role"] for message in value["messages"]] != ["user", "assistant"]:
        raise UnwritableError("not one question and one answer; kto-chat holds them")
    return write_prompt_completion(value)


def _answer_messages(pair: PreferencePair) -> tuple[Object, Object]:
    """The chosen and the rejected message. Raises `UnwritableError` if a side is not one message of the assistant."""
    for name, side in (("chosen", pair.chosen), ("rejected", pair.rejected)):
        if [message["role"] for message in side] != ["assistant"]:
            raise UnwritableError(f"the {name} side is not one message of the assistant")
    return pair.chosen[0], pair.rejected[0]


def _answer_texts(pair: PreferencePair) -> tuple[str, str]:
    """The chosen and the rejected answer as text. Raises `UnwritableError` if one is not only text."""
    chosen, rejected = _answer_messages(pair)
    return only_text(chosen, "the chosen answer"), only_text(rejected, "the rejected answer")


def _require_prompt(pair: PreferencePair) -> None:
    """Raise `UnwritableError` for a pair without a prompt."""
    if not pair.prompt:
        raise UnwritableError("there is no prompt: the two sides begin differently")


def _tools(pair: PreferencePair) -> dict[str, Any]:
    """The tools of a pair under `tools`; empty without any."""
    return {"tools": pair.tools} if pair.tools else {}


def _written(name: str, summary: str, **how: Any) -> Format:
    """A form that is written, and read as another format."""
    return Format(name, summary, lambda _value: False, **how)


WRITTEN_FORMS: Final = (
    _written(
        "preference-chat", "prompt, chosen, rejected as lists of messages (TRL)", write_pair=write_preference_chat
    ),
    _written(
        "preference-implicit",
        "chosen, rejected as whole conversations (TRL without `prompt`)",
        write_pair=write_preference_implicit,
    ),
    _written(
        "alpaca-preference",
        "instruction, history, chosen, rejected (LLaMA-Factory, Alpaca)",
        write_pair=write_alpaca_preference,
    ),
    _written(
        "sharegpt-preference",
        "conversations, chosen, rejected as turns (LLaMA-Factory, ShareGPT)",
        write_pair=write_sharegpt_preference,
    ),
    _written(
        "axolotl-preference", "messages, chosen, rejected as messages (Axolotl)", write_pair=write_axolotl_preference
    ),
    _written(
        "ms-swift-rejected-response",
        "messages with the chosen answer, rejected_response (ms-swift)",
        write_pair=write_rejected_response,
    ),
    _written(
        "ms-swift-rejected-messages",
        "messages with the chosen answer, rejected_messages (ms-swift)",
        write_pair=write_rejected_messages,
    ),
    _written("verl-preference", "prompt, chosen, rejected as texts (verl)", write_pair=write_preference),
    _written(
        "hh-rlhf", "chosen, rejected as text with Human: and Assistant: before each turn", write_pair=write_transcripts
    ),
    _written("kto", "prompt, completion, label as texts (TRL)", write=write_kto),
    _written(
        "kto-chat",
        "prompt, completion as lists of messages, label (TRL)",
        write=write_prompt_completion_chat,
    ),
    _written("alpaca-kto", "instruction, output, kto_tag (LLaMA-Factory, Alpaca)", write=write_alpaca),
    _written("sharegpt-kto", "conversations, kto_tag (LLaMA-Factory, ShareGPT)", write=write_sharegpt),
    _written("ms-swift-kto", "messages, label (ms-swift, LLaMA-Factory)", write=write_messages),
)
"""Forms of pairs and of labelled answers whose lines are read as another format."""
