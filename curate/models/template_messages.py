"""Messages and tools in the form that chat templates expect: plain text if there is nothing else, arguments of tool
calls as objects or as JSON text.
"""

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final

from curate.core.example import REASONING_KEYS, content_text
from curate.core.text import excerpt
from curate.language.reasoning_marks import split_reasoning

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
"""Keys of a message with a flag for training on it (Axolotl's `message_field_training`)."""
TRAINING_DETAIL_KEYS: Final = ("training_detail", "train_detail")
"""Keys of a message with the trained ranges of its content (Axolotl's `message_field_training_detail`)."""
Ranges = tuple[tuple[int, int], ...]
RESERVED_ARGUMENTS: Final = frozenset((
    "conversation", "messages", "tools", "documents", "chat_template", "add_generation_prompt", "tokenize", "padding",
    "continue_final_message", "truncation", "max_length", "return_tensors", "return_dict", "tokenizer_kwargs",
    "return_assistant_tokens_mask",
))  # fmt: skip
"""Arguments of `apply_chat_template` that are not variables of a template."""


def template_settings(value: Mapping[str, Any]) -> dict[str, Any] | str:
    """The variables that an example sets for the chat template (`chat_template_kwargs`), or the problem with them."""
    variables = value.get("chat_template_kwargs")
    if variables is None:
        return {}
    if not isinstance(variables, dict):
        return "`chat_template_kwargs` is not an object"
    if reserved := sorted(RESERVED_ARGUMENTS & variables.keys()):
        return f"`chat_template_kwargs` sets {reserved[0]!r}, which is not a variable of a template"
    return {key: item for key, item in variables.items() if item is not None}  # columns of Arrow add null for others


def is_trained(turn: Turn) -> bool:
    """Whether a turn's flags allow training on it or on a part of it."""
    ranges = trained_ranges(turn)
    return ranges != () and all(turn.get(key) is not False for key in TRAINING_KEYS)


def trained_ranges(turn: Turn) -> Ranges | None:
    """The characters of a turn's content to train on, as start and end; None for the whole turn."""
    details = next((turn[key] for key in TRAINING_DETAIL_KEYS if isinstance(turn.get(key), list)), None)
    if details is None:
        return None
    return tuple((detail["begin_offset"], detail["end_offset"]) for detail in details if detail["train"])


def flag_problem(turns: Sequence[Turn]) -> "EncodingProblem | None":
    """The first problem of the training flags of a conversation; None without one."""
    from curate.models.encoding import EncodingProblem

    for i, turn in enumerate(turns):
        for key in (*TRAINING_KEYS, *TRAINING_DETAIL_KEYS):
            flag, pointer = turn.get(key), f"/messages/{i}/{key}"
            if flag is None:
                continue
            if key in TRAINING_KEYS and not isinstance(flag, bool):
                return EncodingProblem("", pointer, f"`{key}` is neither true nor false")
            if key in TRAINING_DETAIL_KEYS and not _are_ranges(flag, turn.get("content")):
                return EncodingProblem("", pointer, f"`{key}` is no list of begin_offset, end_offset, train in order")
            trains = flag is True or (isinstance(flag, list) and any(detail["train"] for detail in flag))
            if trains and turn.get("role") != "assistant":
                return EncodingProblem("", pointer, f"`{key}` asks to train on a {turn.get('role')} message")
    return None


def _are_ranges(details: Any, content: Any) -> bool:
    """Whether a value is a list of ranges of the content in order, without overlap, each with a boolean `train`."""
    if not isinstance(details, list) or not isinstance(content, str):
        return False
    previous_end = 0
    for detail in details:
        if not isinstance(detail, dict) or not isinstance(detail.get("train"), bool):
            return False
        begin, end = detail.get("begin_offset"), detail.get("end_offset")
        if type(begin) is not int or type(end) is not int or not previous_end <= begin < end <= len(content):
            return False
        previous_end = end
    return True


def has_reasoning(turn: Turn) -> bool:
    """Whether a turn has reasoning, under a key of its own or in its text."""
    content = turn.get("content")
    return any(turn.get(key) for key in REASONING_KEYS) or (
        isinstance(content, str) and bool(split_reasoning(content).blocks)
    )


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
    """A turn whose tool calls have their arguments as objects or as JSON text."""
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
            return tools  # the template reports the error
    return tools or None


def called_functions(turn: Turn) -> list[str]:
    """The names of the functions that a turn calls, under `tool_calls` or `function_call`."""
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
    """A tool call with its arguments as object or as JSON text; unchanged if that is not possible."""
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
    """The likely cause of a template's failure, in parentheses after a space, such as ` (message 2 has no content)`;
    empty if there is none. Templates' own error messages are about their code.
    """
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
    from curate.models.encoding import Rendered, SupervisedSpan

    mark = next((mark for mark in PLACEHOLDERS if mark not in whole), None)
    if mark is None:
        return None
    spans: list[SupervisedSpan] = []
    for i, (text, start) in single.items():
        if whole.startswith(text.text):
            spans += text.spans
            continue
        words_range = _answer_range(list(turns), i, whole, render, mark)
        if words_range is None or any(span.part for span in text.spans):
            return None
        first, last = words_range
        position = text.text.rfind(whole[first:last], start)
        if position < 0 or (spans and first < spans[-1].end):
            return None
        # The end of the answer is trained on as far as the history contains it, up to a whole word.
        ending = text.text[position + last - first :]
        shared = ending[: common_length(ending, whole[last:])]
        if shared != ending:
            shared = shared[: max((index for index, char in enumerate(shared) if char.isspace()), default=0)]
        spans.append(SupervisedSpan(first, last + len(shared.rstrip()), i, text.spans[0].weight))
    mismatches = dict.fromkeys(mismatch for text, _ in single.values() for mismatch in text.mismatches)
    return Rendered(whole[: spans[-1].end], tuple(spans), tuple(mismatches))


def _answer_range(
    turns: list[Turn], i: int, whole: str, render: Callable[[list[Turn]], str], mark: str
) -> tuple[int, int] | None:
    """Start and end of the text and calls of answer `i`: the range that changes if a placeholder replaces them.

    None if the rest of the text changes, too, or the range is empty.
    """
    without = {key: value for key, value in turns[i].items() if key not in ("tool_calls", "function_call")}
    other = render([*turns[:i], {**without, "content": mark}, *turns[i + 1 :]])
    position = other.find(mark)
    if position < 0 or not whole.startswith(other[:position]) or not whole.endswith(other[position + 1 :]):
        return None
    last = len(whole) - len(other) + position + 1
    return (position, last) if position < last else None


def difference(rendering: "Rendering", ids: Callable[[str], list[int]]) -> tuple[int, int]:
    """Number of tokens in only one of the trained text and the text of inference over all answers, and of all
    tokens.
    """
    from rapidfuzz.distance import Indel  # only needed here, and this module is loaded for every check

    only = total = 0
    for text in rendering.inference:
        trained_text = rendering.texts[0]
        end = next(span.end for span in trained_text.spans if span.turn == text.spans[0].turn)
        trained, inference = ids(trained_text.text[:end]), ids(text.text)
        only, total = only + Indel.distance(trained, inference), total + len(trained) + len(inference)
    return only, total
