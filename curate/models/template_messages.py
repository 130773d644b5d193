"""Messages and tools in the form that chat templates expect: plain text if there is nothing else, arguments of tool
calls as objects or as JSON text.
"""

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final

from curate.core.example import REASONING_KEYS, content_text
from curate.core.text import excerpt

if TYPE_CHECKING:  # not imported by a check without a model
    from curate.models.encoding import EncodingProblem, Rendered, Rendering

TEXT_TYPES: Final = ("text", "refusal")
"""Types of text parts."""
Turn = dict[str, Any]


def answer_weight(weighted: Mapping[str, Any]) -> float:
    """The loss weight of a turn, or of a whole example; 1 if none is given, NaN if it is infinite."""
    weight = weighted.get("weight")
    if weight is None or not isinstance(weight, int | float):
        return 1.0
    return float("nan") if weight == float("inf") else float(weight)


TRAINING_KEYS: Final = ("training", "train")
"""Keys of a message that say whether it is trained on (Axolotl's `message_field_training`)."""
TRAINING_DETAIL_KEYS: Final = ("training_detail", "train_detail")
"""Keys of a message that say which characters of its content are (`message_field_training_detail`)."""
Ranges = tuple[tuple[int, int], ...]
RESERVED_ARGUMENTS: Final = frozenset((
    "conversation", "messages", "tools", "documents", "chat_template", "add_generation_prompt", "tokenize", "padding",
    "continue_final_message", "truncation", "max_length", "return_tensors", "return_dict", "tokenizer_kwargs",
    "return_assistant_tokens_mask",
))  # fmt: skip
"""Arguments of `apply_chat_template` that are not variables of a template."""


def template_settings(value: Mapping[str, Any]) -> dict[str, Any] | str:
    """The variables that an example sets for the chat template (`chat_template_kwargs`), or the problem with them."""
    given = value.get("chat_template_kwargs")
    if given is None:
        return {}
    if not isinstance(given, dict):
        return "`chat_template_kwargs` is not an object"
    if taken := sorted(RESERVED_ARGUMENTS & given.keys()):
        return f"`chat_template_kwargs` sets {taken[0]!r}, which is not a variable of a template"
    return {key: item for key, item in given.items() if item is not None}  # columns of Arrow add null for others


def is_trained(turn: Turn) -> bool:
    """Whether a turn's flags allow training on it or on a part of it."""
    ranges = trained_ranges(turn)
    return ranges != () and all(turn.get(key) is not False for key in TRAINING_KEYS)


def trained_ranges(turn: Turn) -> Ranges | None:
    """The characters of a turn's content to train on, as start and end; None for the whole turn."""
    details = next((turn[key] for key in TRAINING_DETAIL_KEYS if isinstance(turn.get(key), list)), None)
    if details is None:
        return None
    return tuple((one["begin_offset"], one["end_offset"]) for one in details if one["train"])


def flag_problem(turns: list[Turn]) -> "EncodingProblem | None":
    """The problems of the training flags of a conversation."""
    from curate.models.encoding import EncodingProblem

    for i, turn in enumerate(turns):
        for key in (*TRAINING_KEYS, *TRAINING_DETAIL_KEYS):
            given, at = turn.get(key), f"/messages/{i}/{key}"
            if given is None:
                continue
            if key in TRAINING_KEYS and not isinstance(given, bool):
                return EncodingProblem("", at, f"`{key}` is neither true nor false")
            if key in TRAINING_DETAIL_KEYS and not _are_details(given, turn.get("content")):
                return EncodingProblem("", at, f"`{key}` is no list of begin_offset, end_offset, train in order")
            wanted = given is True or (isinstance(given, list) and any(one["train"] for one in given))
            if wanted and turn.get("role") != "assistant":
                return EncodingProblem("", at, f"`{key}` asks to train on a {turn.get('role')} message")
    return None


def _are_details(given: Any, content: Any) -> bool:
    if not isinstance(given, list) or not isinstance(content, str):
        return False
    at = 0
    for one in given:
        if not isinstance(one, dict) or not isinstance(one.get("train"), bool):
            return False
        begin, end = one.get("begin_offset"), one.get("end_offset")
        if type(begin) is not int or type(end) is not int or not at <= begin < end <= len(content):
            return False
        at = end
    return True


def has_reasoning(turn: Turn) -> bool:
    """Whether a turn has reasoning, under a key of its own or in its text."""
    content = turn.get("content")
    return any(turn.get(key) for key in REASONING_KEYS) or (isinstance(content, str) and "<think>" in content)


def message_variants(turns: list[Turn]) -> Iterator[list[Turn]]:
    """The turns as templates expect them: arguments of tool calls as objects, or as JSON text if that fails;
    content beside calls null, or empty text.
    """
    plain = [plain_message(turn) for turn in turns]
    if not any(called_functions(turn) for turn in plain):
        yield plain
        return
    filled = [
        {**turn, "content": ""} if called_functions(turn) and turn.get("content") is None else turn for turn in plain
    ]
    for attempt in (plain,) if filled == plain else (plain, filled):
        for as_object in (True, False):
            yield [_with_arguments(turn, as_object=as_object) for turn in attempt]


def plain_message(turn: Turn) -> Turn:
    """A turn without curate's own key `weight`; its content is a string if it contains only text or a refusal."""
    turn = {key: item for key, item in turn.items() if key != "weight"}
    content = turn.get("content")
    if isinstance(content, list) and all(isinstance(part, dict) and part.get("type") in TEXT_TYPES for part in content):
        turn["content"] = content_text(content)
    elif content is None and isinstance(turn.get("refusal"), str):
        turn["content"] = turn["refusal"]
    return turn


def _with_arguments(turn: Turn, *, as_object: bool) -> Turn:
    calls = turn.get("tool_calls")
    if not isinstance(calls, list):
        return turn
    return {**turn, "tool_calls": [_call(call, as_object=as_object) for call in calls]}


def template_tools(value: dict[str, Any]) -> Any:
    """The tools of an example; some data sets have them as JSON text."""
    tools = value.get("tools")
    if isinstance(tools, str):
        try:
            tools = json.loads(tools)
        except ValueError:
            return tools  # the template will refuse it, and say so
    return tools or None


def called_functions(turn: Turn) -> list[str]:
    """The names of the functions that a turn calls, in either form."""
    return [*function_names(turn.get("tool_calls")), *function_names([turn.get("function_call")])]


def function_names(entries: Any) -> list[str]:
    """The names of functions in a list of tools or of tool calls."""
    functions = (
        [entry.get("function", entry) for entry in entries if isinstance(entry, dict)]
        if isinstance(entries, list)
        else []
    )
    return [
        function["name"]
        for function in functions
        if isinstance(function, dict) and isinstance(function.get("name"), str)
    ]


def _call(call: Any, *, as_object: bool) -> Any:
    function = call.get("function") if isinstance(call, dict) else None
    if not isinstance(function, dict) or "arguments" not in function:
        return call
    arguments = function["arguments"]
    if as_object and isinstance(arguments, str):
        try:
            arguments = json.loads(arguments)
        except ValueError:
            return call
    elif not as_object and not isinstance(arguments, str):
        arguments = json.dumps(arguments, ensure_ascii=False)
    return {**call, "function": {**function, "arguments": arguments}}


def refusal_cause(turns: list[Turn]) -> str:
    """What in a conversation most templates cannot take, in words: what they say themselves is about their own code."""
    for i, turn in enumerate(map(plain_message, turns)):
        content = turn.get("content")
        if isinstance(content, list):
            kinds = dict.fromkeys(
                str(part.get("type"))
                for part in content
                if isinstance(part, dict) and part.get("type") not in TEXT_TYPES
            )
            return (
                f" (message {i + 1} is a list of parts: {excerpt(', '.join(kinds), 40)})"
                if kinds
                else f" (message {i + 1} is a list of parts)"
            )
        if content is None and not called_functions(turn):
            return f" (message {i + 1} has no content)"
    return ""


def common_length(left: Sequence[object], right: Sequence[object]) -> int:
    """Length of the common beginning of two texts, or of their tokens."""
    return next((i for i, (a, b) in enumerate(zip(left, right, strict=False)) if a != b), min(len(left), len(right)))


PLACEHOLDERS = ("\ue000", "\ue001", "\ue002", "\ue003")
"""Private-use characters as a placeholder for an answer; the first one that the conversation does not contain is
used.
"""


def as_is(
    turns: Sequence[Turn],
    whole: str,
    single: "Mapping[int, tuple[Rendered, int]]",
    render: Callable[[list[Turn]], str],
) -> "Rendered | None":
    """The conversation as one text, with the answers that are trained on; None if one of them cannot be found in it.

    `whole`: the rendered conversation. `single`: by answer number, its text as inference renders it, and the end of the
    prompt in it. `render` renders turns as `whole` was rendered.
    """
    from curate.models.encoding import Rendered, Span

    mark = next((mark for mark in PLACEHOLDERS if mark not in whole), None)
    if mark is None:
        return None
    spans: list[Span] = []
    for i, (text, start) in single.items():
        if whole.startswith(text.text):
            spans += text.spans
            continue
        found = _answer_range(list(turns), i, whole, render, mark)
        if found is None or any(span.part for span in text.spans):
            return None
        first, last = found
        at = text.text.rfind(whole[first:last], start)
        if at < 0 or (spans and first < spans[-1].end):
            return None
        # What ends the answer is trained on as far as the history has it: a whole word, not half a control token.
        ending = text.text[at + last - first :]
        shared = ending[: common_length(ending, whole[last:])]
        if shared != ending:
            shared = shared[: max((nth for nth, char in enumerate(shared) if char.isspace()), default=0)]
        spans.append(Span(first, last + len(shared.rstrip()), i, text.spans[0].weight))
    mismatches = dict.fromkeys(one for text, _ in single.values() for one in text.mismatches)
    return Rendered(whole[: spans[-1].end], tuple(spans), tuple(mismatches))


def _answer_range(
    turns: list[Turn], i: int, whole: str, render: Callable[[list[Turn]], str], mark: str
) -> tuple[int, int] | None:
    """Start and end of the words and calls of answer `i`: where the text differs when a placeholder replaces them."""
    without = {key: value for key, value in turns[i].items() if key not in ("tool_calls", "function_call")}
    other = render([*turns[:i], {**without, "content": mark}, *turns[i + 1 :]])
    at = other.find(mark)
    if at < 0 or not whole.startswith(other[:at]) or not whole.endswith(other[at + 1 :]):
        return None
    last = len(whole) - len(other) + at + 1
    return (at, last) if at < last else None


def difference(rendering: "Rendering", ids: Callable[[str], list[int]]) -> tuple[int, int]:
    """Tokens that only the trained text or only that of inference has, over all answers, and all these tokens."""
    from rapidfuzz.distance import Indel  # only needed here, and this module is loaded for every check

    only = total = 0
    for text in rendering.inference:
        whole = rendering.texts[0]
        end = next(span.end for span in whole.spans if span.turn == text.spans[0].turn)
        trained, inference = ids(whole.text[:end]), ids(text.text)
        only, total = only + Indel.distance(trained, inference), total + len(trained) + len(inference)
    return only, total
