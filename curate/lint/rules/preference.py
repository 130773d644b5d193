"""Family P: preference data in any format: pairs of chosen and rejected answers, and answers with thumbs up or down."""

import hashlib
from typing import Any, Final, NamedTuple

from curate.core.example import SYSTEM_ROLES, Example, Place, canonical, content_text, kind_of, known_role
from curate.core.finding import PlacedProblems, Problem, Problems, Severity
from curate.core.form_keys import PAIR_SIDES, TRAINED_PAIRS
from curate.core.lazy import lazy_pattern
from curate.core.targets import Target
from curate.core.text import excerpt, normalised, plural, quoted, visible, words
from curate.language.refusals import OPENING_CHARS, refuses
from curate.lint.rules.dataset_summary import DatasetState
from curate.lint.rules.roles import chosen_answers, is_list_of_answers
from curate.lint.rules.rule import RepairInput, dataset_rule, value_rule
from curate.read.decode import decode
from curate.read.edited_json import edited_json
from curate.read.formats import example_of
from curate.read.preference_conversion import is_in_side

SIDE_KEYS: Final = {**PAIR_SIDES, "messages": PAIR_SIDES["preference"]}
"""The keys of the two sides, by format."""
FENCE: Final = "```"
CALL_KEYS: Final = ("tool_calls", "function_call")
EVASIVE_START: Final = lazy_pattern(
    r"(?i)\b(?:sorry|apologi[sz]e|unfortunately|as an? (?:ai|large|language)|can(?:no|['’])t|unable|not able|won['’]t|don['’]t have|do not have)\b"
)
"""Beginnings of an answer that refuses or evades."""
ABOUT_SIDE: Final = lazy_pattern(r"(?i)chosen|rejected|preferred|score|rating|margin|response_[jk]")
"""Keys beside the sides of a pair that are about one of them, or about their order."""
END_MARKS: Final = " .!?…。！？"
MIN_PAIRS: Final = 20
MAX_LONGER_SHARE: Final = 0.7
"""Share of pairs with the longer answer chosen above which length predicts the choice."""


class SideTurn(NamedTuple):
    """A turn of a side, in any format: role, text and calls."""

    role: str
    text: str
    calls: bytes


class PreferenceSides(NamedTuple):
    """The two sides of a preference example; their common first turns belong to the prompt."""

    chosen: list[SideTurn]
    rejected: list[SideTurn]
    keys: tuple[str, str]
    started: bool
    """Whether both sides begin with the same turn."""

    @property
    def answers(self) -> tuple[str, str]:
        """The texts of the two sides."""
        return "\n".join(turn.text for turn in self.chosen), "\n".join(turn.text for turn in self.rejected)

    @property
    def empty(self) -> tuple[bool, bool]:
        """Whether a side has neither text nor calls."""
        return _is_empty(self.chosen), _is_empty(self.rejected)


def _is_empty(side: list[SideTurn]) -> bool:
    """Whether no answer of a side has a text or calls."""
    return not any(turn.text.strip() or turn.calls for turn in side if turn.role != "user")


def _side_turn(value: Any) -> SideTurn:
    """A message or text of a side; a text, and a message without role, is of the assistant."""
    if not isinstance(value, dict):
        return SideTurn("assistant", value if isinstance(value, str) else "", b"")
    named = value.get("role", value.get("from"))
    calls = {key: value[key] for key in CALL_KEYS if value.get(key)}
    text = content_text(value.get("content", value.get("value")))
    return SideTurn(
        known_role(named) if isinstance(named, str) else "assistant",
        text,
        canonical(calls) if calls else b"",
    )


def _side_turns(example: Example, key: str) -> list[SideTurn]:
    """A side from the value, or as parsed into messages."""
    value = example.value.get(key)
    if value is not None and not (isinstance(value, list) and not value and example.pointers):
        return [_side_turn(turn) for turn in value] if isinstance(value, list) else [_side_turn(value)]
    return [_side_turn(message.value) for message in example.messages if is_in_side(message, key)]


def pair_of(example: Example) -> PreferenceSides | None:
    """The two sides; None if the example is not a pair."""
    keys = SIDE_KEYS.get(example.format)
    if example.plain or keys is None or keys[1] not in example.value:
        return None
    if example.format == "messages" and keys[0] not in example.value:
        return None
    chosen, rejected = _side_turns(example, keys[0]), _side_turns(example, keys[1])
    shared = 0
    while shared < min(len(chosen), len(rejected)) - 1 and chosen[shared] == rejected[shared]:
        shared += 1
    return PreferenceSides(chosen[shared:], rejected[shared:], keys, shared > 0)


def prompt_of(example: Example, keys: tuple[str, str]) -> list[SideTurn]:
    """The turns before the sides, if they are separate."""
    return [_side_turn(message.value) for message in example.messages if not is_in_side(message, keys[0])]


def _is_chosen_beside(example: Example, rejected: str) -> bool:
    """Whether the messages of an example are the chosen side of whole conversations, as ms-swift reads them."""
    if rejected != "rejected_messages" or example.format != "messages":
        return False
    last = example.messages[-1].role if example.messages else ""
    return isinstance(example.value.get(rejected), list) and last == "assistant"


@dataset_rule(
    "P001",
    "pair-incomplete",
    Severity.ERROR,
    hint="Write prompt, chosen and rejected; or input with messages, preferred_output and non_preferred_output.",
)
def pair_incomplete(example: Example, _: DatasetState) -> Problems:
    """A preference example lacks one of its sides, or the prompt that OpenAI's format requires.

    A preference needs both sides. The trainer stops at the missing column.
    Bad: {"prompt": "Hi", "chosen": "Hello."}
    Good: {"prompt": "Hi", "chosen": "Hello.", "rejected": "What?"}
    """
    if example.plain or SIDE_KEYS.get(example.format, ("", ""))[0] in ("completions", "candidates"):
        return  # its reader demands both sides
    value = example.value
    keys = value.keys() | {message.pointer.split("/")[1] for message in example.messages if message.pointer}
    keys.add(chosen_answers(example)[0])
    for name in TRAINED_PAIRS:
        left, right = PAIR_SIDES[name]
        present = [key in keys or (key == left and _is_chosen_beside(example, right)) for key in (left, right)]
        if present[0] != present[1]:
            yield Problem("", f"`{left if present[0] else right}` without `{right if present[0] else left}`")
        elif all(present) and left == "preferred_output" and example.format != "openai-preference":
            yield Problem("", "`preferred_output` without `input` that has messages")
        for key in (left, right) if all(present) else ():
            if key in value and not isinstance(value[key], str | list | dict):
                yield Problem(f"/{key}", f"`{key}` is {kind_of(value[key])}, neither text nor messages")


@value_rule(
    "P002",
    "side-not-an-answer",
    Severity.ERROR,
    targets={Target.AZURE: Severity.WARNING},
    hint='Write each side as [{"role": "assistant", "content": ...}].',
)
def side_not_an_answer(example: Example) -> Problems:
    """A side of OpenAI's preference format is not exactly one assistant message.

    The service compares single answers. Azure also accepts tool calls and results before the answer.
    Bad: {"input": {"messages": [{"role": "user", "content": "Hi"}]}, "preferred_output": [{"role": "user", "content": "Hello."}], "non_preferred_output": [{"role": "assistant", "content": "What?"}]}
    Good: {"input": {"messages": [{"role": "user", "content": "Hi"}]}, "preferred_output": [{"role": "assistant", "content": "Hello."}], "non_preferred_output": [{"role": "assistant", "content": "What?"}]}
    """
    if example.format != "openai-preference":
        return
    for key in SIDE_KEYS["openai-preference"]:
        value = example.value.get(key)
        side = _side_turns(example, key)
        if key == "non_preferred_output" and key not in example.value:
            continue
        if value is not None and not isinstance(value, list):
            yield Problem(f"/{key}", f"`{key}` is {kind_of(value)}, not a list of one assistant message")
        elif any(message.pointer == f"/{key}" for message in example.messages):
            yield Problem(f"/{key}", f"`{key}` is not a list of one assistant message")
        elif len(side) != 1 or side[0].role != "assistant":
            roles = ", ".join(excerpt(turn.role, 20) for turn in side[:5]) or "none"
            yield Problem(f"/{key}", f"`{key}` is not one assistant message; its roles: {roles}")


@value_rule("P003", "sides-equal", Severity.ERROR, hint="Remove the pair, or restore the other answer.")
def sides_equal(example: Example) -> Problems:
    """Chosen and rejected are the same answer.

    The two terms of the loss cancel. The example teaches nothing and dilutes the metrics. Case and white space are
    ignored, except in answers with a code block.
    Bad: {"prompt": "Hi", "chosen": "Hello.", "rejected": "hello. "}
    Good: {"prompt": "Hi", "chosen": "Hello.", "rejected": "What?"}
    """
    pair = pair_of(example)
    if pair and not all(pair.empty) and same(pair):
        yield Problem(f"/{pair.keys[1]}", "chosen and rejected are the same")


def same(pair: PreferenceSides) -> bool:
    """Whether the two sides are equal, ignoring case and white space except in answers with a code block."""
    chosen, rejected = (
        [(turn.role, turn.text.strip() if FENCE in turn.text else normalised(turn.text), turn.calls) for turn in side]
        for side in (pair.chosen, pair.rejected)
    )
    return chosen == rejected


@value_rule(
    "P004", "sides-nearly-equal", Severity.WARNING, hint="Check whether the difference is what the model should learn."
)
def sides_nearly_equal(example: Example) -> Problems:
    """Chosen and rejected differ in punctuation only.

    All words are equal and in the same order. The model can only learn punctuation from the pair.
    Bad: {"prompt": "Hi", "chosen": "Hello, you two.", "rejected": "Hello you two!"}
    Good: {"prompt": "Hi", "chosen": "Hello, you two.", "rejected": "What do you two want?"}
    """
    pair = pair_of(example)
    if pair is None or same(pair) or any(turn.calls for turn in (*pair.chosen, *pair.rejected)):
        return
    chosen, rejected = (words(normalised(text)) for text in pair.answers)
    if chosen and chosen == rejected and not any(FENCE in text for text in pair.answers):
        yield Problem(f"/{pair.keys[1]}", "chosen and rejected differ in punctuation only")


@value_rule("P005", "empty-side", Severity.ERROR, hint="Write the answer, or remove the pair.")
def empty_side(example: Example) -> Problems:
    """A side of a pair is empty.

    An empty answer differs by its length alone. The model learns nothing about good answers.
    Bad: {"prompt": "Hi", "chosen": "Hello.", "rejected": ""}
    Good: {"prompt": "Hi", "chosen": "Hello.", "rejected": "What?"}
    """
    pair = pair_of(example)
    for key, empty in zip(pair.keys, pair.empty, strict=True) if pair else ():
        if empty and key != chosen_answers(example)[0] and not is_list_of_answers(example.value.get(key)):
            # otherwise M004 or P015 reports it
            yield Problem(f"/{key}", f"`{key}` is empty")


@value_rule("P014", "side-unanswered", Severity.ERROR, hint="End each side with its answer, or remove the pair.")
def side_unanswered(example: Example) -> Problems:
    """A side of a pair does not end with an answer.

    It ends with the user's or a tool's turn. The trainer would compare that turn with the other side's answer. P005
    covers sides without any answer.
    Bad: {"chosen": [{"role": "user", "content": "Hi"}, {"role": "assistant", "content": "Hello."}, {"role": "user", "content": "Bye"}], "rejected": [{"role": "user", "content": "Hi"}, {"role": "assistant", "content": "What?"}]}
    Good: {"chosen": [{"role": "user", "content": "Hi"}, {"role": "assistant", "content": "Hello."}], "rejected": [{"role": "user", "content": "Hi"}, {"role": "assistant", "content": "What?"}]}
    """
    pair = pair_of(example)
    if pair is None or example.format == "openai-preference":  # P002 covers the roles of its sides
        return
    for key, side, empty in zip(pair.keys, (pair.chosen, pair.rejected), pair.empty, strict=True):
        if not empty and side[-1].role != "assistant":
            yield Problem(f"/{key}", f"`{key}` ends with a turn of {quoted(side[-1].role, 20)}, without an answer")


@value_rule("P006", "prompt-answered", Severity.ERROR, hint="End the prompt with the user's turn.")
def prompt_answered(example: Example) -> Problems:
    """The prompt of a pair ends with the assistant.

    Both sides would then answer an answer. Services reject it, and templates render two assistant turns in a row.
    Bad: {"prompt": [{"role": "user", "content": "Hi"}, {"role": "assistant", "content": "Hello."}], "chosen": [{"role": "assistant", "content": "Yes?"}], "rejected": [{"role": "assistant", "content": "What?"}]}
    Good: {"prompt": [{"role": "user", "content": "Hi"}], "chosen": [{"role": "assistant", "content": "Yes?"}], "rejected": [{"role": "assistant", "content": "What?"}]}
    """
    pair = pair_of(example)
    # sides with a common beginning contain their prompt
    prompt = prompt_of(example, pair.keys) if pair and not pair.started else []
    if prompt and prompt[-1].role == "assistant" and not prompt[-1].calls:
        yield Problem(example.messages[len(prompt) - 1].pointer, "the prompt ends with the assistant")


@value_rule("P007", "no-shared-prompt", Severity.ERROR, hint="Add the prompt, or begin both sides with it.")
def no_shared_prompt(example: Example) -> Problems:
    """There is no prompt, and the two sides begin differently or ask differently behind their common beginning.

    Without a prompt, trainers use the common beginning of both sides. Here it is empty or ends before the user's turn,
    so the answers have no question, and each side trains on a question of its own.
    Bad: {"chosen": [{"role": "user", "content": "Hi"}, {"role": "assistant", "content": "Hello."}], "rejected": [{"role": "user", "content": "Hey"}, {"role": "assistant", "content": "What?"}]}
    Good: {"chosen": [{"role": "user", "content": "Hi"}, {"role": "assistant", "content": "Hello."}], "rejected": [{"role": "user", "content": "Hi"}, {"role": "assistant", "content": "What?"}]}
    """
    pair = pair_of(example)
    if pair is None or any(pair.empty):
        return
    if pair.started:
        if {pair.chosen[0].role, pair.rejected[0].role} == {"user"}:
            yield Problem("", "chosen and rejected begin alike and continue with different turns of the user")
        return
    prompt = prompt_of(example, pair.keys)
    if any(known_role(turn.role) not in SYSTEM_ROLES for turn in prompt):
        return
    texts = len(prompt) < len(example.messages) and example.messages[len(prompt)].pointer == f"/{pair.keys[0]}"
    left, right = pair.chosen[0].text, pair.rejected[0].text
    if not texts or left[:1] != right[:1]:
        yield Problem("", "no prompt, and chosen and rejected begin differently")


@value_rule(
    "P008",
    "refusal-chosen",
    Severity.WARNING,
    hint="Check whether the two sides were swapped; `--fix --unsafe-fixes` swaps them.",
)
def refusal_chosen(example: Example) -> Problems:
    """The chosen answer refuses and the rejected one does not.

    This is right where the request should be refused. Elsewhere the model learns to refuse.
    Bad: {"prompt": "What is 1 + 1?", "chosen": "I'm sorry, but I can't help with that.", "rejected": "2"}
    Good: {"prompt": "What is 1 + 1?", "chosen": "2", "rejected": "I'm sorry, but I can't help with that."}
    """
    pair = pair_of(example)
    if (
        pair
        and not any(pair.empty)
        and refuses(pair.chosen[-1].text[:OPENING_CHARS])
        and not EVASIVE_START.search(pair.rejected[-1].text[:OPENING_CHARS])
    ):
        yield Problem(f"/{pair.keys[0]}", "the chosen answer refuses, the rejected one does not")


@refusal_chosen.repaired_by(safe=False, takes=RepairInput.LINE)
def swap_sides(data: bytes) -> bytes:
    """Swap the chosen and the rejected side; a line with a score or another key about one side does not change."""
    decoded = decode(data)
    swapped = None if decoded.defects or not isinstance(decoded.value, dict) else with_swapped_sides(decoded.value)
    return data if swapped is None else edited_json(data, decoded.value, swapped)


def with_swapped_sides(value: dict[str, Any]) -> dict[str, Any] | None:
    """A pair with its sides swapped; None if it is not a pair, or has a score or another key about one side."""
    sides = PAIR_SIDES.get(example_of(value, Place("", 0)).format, ("", ""))
    if not value.keys() >= {*sides} or any(ABOUT_SIDE.search(key) for key in value.keys() - {*sides}):
        return None
    chosen, rejected = sides
    return {**value, chosen: value[rejected], rejected: value[chosen]}


def compared(text: str) -> str:
    """A text without what does not change its meaning: case, white space, and punctuation at its end."""
    return normalised(text).rstrip(END_MARKS)


@dataset_rule(
    "P009", "pair-swapped", Severity.ERROR, hint="Keep the pair whose chosen answer is better, and remove the other."
)
def pair_swapped(example: Example, state: DatasetState) -> Problems:
    """The same pair occurs elsewhere with its sides swapped.

    One of the two is wrong, and together they teach nothing. Compared without case, white space and marks at the end.
    Bad:
        {"prompt": "Hi", "chosen": "Hello.", "rejected": "What?"}
        {"prompt": "Hi", "chosen": "What?", "rejected": "Hello."}
    Good: {"prompt": "Hi", "chosen": "Hello.", "rejected": "What?"}
    """
    pair = pair_of(example)
    if pair is None:
        return
    prompt, *sides = (
        [(str(turn.role), compared(turn.text), str(turn.calls)) for turn in turns]
        for turns in (prompt_of(example, pair.keys), pair.chosen, pair.rejected)
    )
    if sides[0] == sides[1]:
        return
    own_key, swapped_key = (
        hashlib.blake2b(canonical([prompt, *order]), digest_size=16).digest() for order in (sides, sides[::-1])
    )
    file: dict[bytes, Place] = state.memory.setdefault("P009", {})
    files: dict[bytes, Place] = state.shared.setdefault("P009", {})
    for places in (file, files):
        places.setdefault(own_key, example.place)
    if (place := file.get(swapped_key) or files.get(swapped_key)) is not None:
        yield Problem("", f"the same pair has its sides swapped in {visible(str(place))}")


@dataset_rule("P010", "longer-chosen", Severity.WARNING, hint="Add pairs in which the shorter answer is better.")
def longer_chosen(example: Example, state: DatasetState) -> None:
    """The longer answer is nearly always chosen in a file.

    Length then predicts the chosen side, and the model learns to write long answers. Reported from 20 pairs on, if the
    longer answer is chosen in more than 70%.
    Bad:
        [{"prompt": "0", "chosen": "aa", "rejected": "b"}, {"prompt": "1", "chosen": "aa", "rejected": "b"}, {"prompt": "2", "chosen": "aa", "rejected": "b"}, {"prompt": "3", "chosen": "aa", "rejected": "b"},
        {"prompt": "4", "chosen": "aa", "rejected": "b"}, {"prompt": "5", "chosen": "aa", "rejected": "b"}, {"prompt": "6", "chosen": "aa", "rejected": "b"}, {"prompt": "7", "chosen": "aa", "rejected": "b"},
        {"prompt": "8", "chosen": "aa", "rejected": "b"}, {"prompt": "9", "chosen": "aa", "rejected": "b"}, {"prompt": "a", "chosen": "aa", "rejected": "b"}, {"prompt": "b", "chosen": "aa", "rejected": "b"},
        {"prompt": "c", "chosen": "aa", "rejected": "b"}, {"prompt": "d", "chosen": "aa", "rejected": "b"}, {"prompt": "e", "chosen": "aa", "rejected": "b"}, {"prompt": "f", "chosen": "aa", "rejected": "b"},
        {"prompt": "g", "chosen": "aa", "rejected": "b"}, {"prompt": "h", "chosen": "aa", "rejected": "b"}, {"prompt": "i", "chosen": "aa", "rejected": "b"}, {"prompt": "j", "chosen": "aa", "rejected": "b"}]
    Good: {"prompt": "Hi", "chosen": "Hello.", "rejected": "What do you want?"}
    """
    pair = pair_of(example)
    if pair is not None:
        chosen, rejected = map(len, pair.answers)
        counts = state.memory.setdefault("P010", [0, 0, example.place.file])
        counts[0] += 1
        counts[1] += chosen > rejected


@longer_chosen.finalize
def length_bias(state: DatasetState) -> PlacedProblems:
    """One finding for the file."""
    pairs, longer, file = state.memory.get("P010", (0, 0, ""))
    if pairs >= MIN_PAIRS and longer > MAX_LONGER_SHARE * pairs:
        yield Place(file, 0), Problem("", f"the longer answer is chosen in {longer:,} of {plural(pairs, 'pair')}")
