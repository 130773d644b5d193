"""Family R: prompts for reinforcement fine-tuning, each with what a grader needs to judge the answer.

A line is taken for one when its conversation ends on a question and it has a key that a grader may read: one beside the
conversation, its tools and what is only a note (`NOTES`). Conversations that end on an answer are never taken for one, and data
of which most ends on an answer has none of these findings. The rules are for the services that train this way.
"""

from collections.abc import Iterator
from typing import Any, Final

from curate.address import escape
from curate.example import Example, Place, content_id
from curate.finding import Problem, Severity
from curate.rules.duplicates import Seen
from curate.rules.images import images_of
from curate.rules.messages import kind_of, meant
from curate.rules.profile import counted
from curate.rules.references import REINFORCING, references
from curate.rules.rule import Scope, rule
from curate.targets import LIMITS, Target
from curate.text import excerpt, plural

Problems = Iterator[Problem]
Conclusion = Iterator[tuple[Place, Problem]]
FEWEST: Final = 5
"""Lines from which on one reference for all of them is no chance."""


def is_prompt(example: Example) -> bool:
    """Whether a line asks without answering, and has something to judge an answer by."""
    return bool(example.messages) and meant(example.messages[-1]) != "assistant" and bool(references(example))


@rule(
    "R001",
    "prompt-answered-already",
    severity=Severity.ERROR,
    scope=Scope.DATASET,
    only=REINFORCING,
    hint="End each line on the user's message: the model writes the answer.",
)
def prompt_answered_already(example: Example, seen: Seen) -> Problems:
    """A line of reinforcement data does not end on the user.

    The service samples answers to the last message, which must be the user's. Told where most lines of the data are prompts
    with a reference.

    Bad:

        {"messages": [{"role": "user", "content": "1 + 1"}], "answer": "2"}
        {"messages": [{"role": "user", "content": "1 + 2"}], "answer": "3"}
        {"messages": [{"role": "user", "content": "1 + 3"}, {"role": "assistant", "content": "4"}], "answer": "4"}

    Good:

        {"messages": [{"role": "user", "content": "1 + 1"}], "answer": "2"}
        {"messages": [{"role": "user", "content": "1 + 2"}], "answer": "3"}
        {"messages": [{"role": "user", "content": "1 + 3"}], "answer": "4"}
    """
    counts = seen.memory.setdefault("R001", {"prompts": 0, "others": 0, "wrong": 0, "place": None})
    counts["prompts" if is_prompt(example) else "others"] += 1
    if example.messages and meant(example.messages[-1]) != "user":
        counts["wrong"] += 1
        counts["place"] = counts["place"] or example.place
    yield from ()


@prompt_answered_already.concluded_by
def not_all_prompts(seen: Seen) -> Conclusion:
    """One finding, at the first line that does not end on the user."""
    counts = seen.memory.get("R001")
    if counts is None:
        return
    others = counts["others"] + (seen.profile.plain[0] if seen.profile.plain else 0)
    wrong = (counts["wrong"], counts["place"]) if counts["wrong"] else None
    if seen.profile.unasked:
        wrong = counted(wrong, seen.profile.unasked[1], seen.profile.unasked[0])
    if counts["prompts"] > others and wrong:
        yield wrong[1], Problem("", f"{plural(wrong[0], 'line')} of {counts['prompts'] + others:,} not ending on the user")


@rule("R002", "system-in-prompt", severity=Severity.ERROR, scope=Scope.VALUE, only=REINFORCING, hint="Call it developer.")
def system_in_prompt(example: Example) -> Problems:
    """A prompt of reinforcement data has a system message.

    The models that are trained this way take `developer` instead.

    Bad:

        {"messages": [{"role": "system", "content": "Be brief."}, {"role": "user", "content": "1 + 1"}], "answer": "2"}

    Good:

        {"messages": [{"role": "developer", "content": "Be brief."}, {"role": "user", "content": "1 + 1"}], "answer": "2"}
    """
    if is_prompt(example):
        for message in example.messages:
            if message.role == "system":
                yield Problem(f"{message.pointer}/role", "role 'system' in a prompt of reinforcement data")


@system_in_prompt.repaired_by(safe=True)
def to_developer(value: dict[str, Any]) -> dict[str, Any]:
    """Write the role as developer."""
    turns = value.get("messages")
    if not isinstance(turns, list):
        return value
    return {**value, "messages": [{**turn, "role": "developer"} if isinstance(turn, dict) and turn.get("role") == "system" else turn for turn in turns]}


@rule(
    "R003",
    "reference-uneven",
    severity=Severity.ERROR,
    scope=Scope.DATASET,
    only=REINFORCING,
    hint="Give every line the keys that the grader reads, each of one type.",
)
def reference_uneven(example: Example, seen: Seen) -> Problems:
    """A key beside the prompts is missing in some lines, or has another type there.

    A grader that reads `item.answer` fails on a line without it, and the run stops or scores the answer 0.

    Bad:

        {"messages": [{"role": "user", "content": "1 + 1"}], "answer": "2", "unit": "m"}
        {"messages": [{"role": "user", "content": "1 + 2"}], "answer": 3}

    Good:

        {"messages": [{"role": "user", "content": "1 + 1"}], "answer": "2"}
        {"messages": [{"role": "user", "content": "1 + 2"}], "answer": "3"}
    """
    if is_prompt(example):
        _count_keys(example, seen)
    yield from ()


def _count_keys(example: Example, seen: Seen) -> None:
    """Count, for each key there is so far, what kind of value it has here; None is for none."""
    total, keys, first = seen.memory.setdefault("R003", ([0], {}, example.place))
    found = references(example)
    for key in found.keys() | keys.keys():
        kinds = keys.setdefault(key, {None: (total[0], first)} if total[0] else {})
        kind = kind_of(found[key]) if key in found else None
        count, place = kinds.get(kind, (0, example.place))
        kinds[kind] = (count + 1, place)
    total[0] += 1


@reference_uneven.concluded_by
def keys_of_several_kinds(seen: Seen) -> Conclusion:
    """One finding a key: where its rarest kind, or its absence, stands first."""
    total, keys, _ = seen.memory.get("R003", ([0], {}, None))
    for key, kinds in sorted(keys.items()):
        if len(kinds) > 1:
            kind = min(kinds, key=lambda kind: (kinds[kind][0], kind is not None, str(kind)))
            count, place = kinds[kind]
            pointer = "" if kind is None else f"/{escape(key)}"
            yield place, Problem(pointer, f"`{excerpt(key, 40)}` is {kind or 'missing'} in {count:,} of {plural(total[0], 'line')}")


@rule(
    "R004",
    "no-validation-file",
    severity=Severity.WARNING,
    scope=Scope.DATASET,
    only=REINFORCING,
    hint="Check the validation file together with this one; `curate split` makes one.",
)
def no_validation_file(example: Example, seen: Seen) -> Problems:
    """Prompts for reinforcement stand in one file only.

    The service wants a validation file beside the training file, and does not start without. Told when a single file is
    checked, since nobody knows of another.

    Bad:

        {"messages": [{"role": "user", "content": "1 + 1"}], "answer": "2"}

    Good:

        {"messages": [{"role": "user", "content": "1 + 1"}, {"role": "assistant", "content": "2"}]}
    """
    counts = seen.memory.setdefault("R004", {"prompts": 0, "others": 0})
    counts["prompts" if is_prompt(example) else "others"] += 1
    yield from ()


@no_validation_file.concluded_by
def one_file_alone(seen: Seen) -> Conclusion:
    """One finding, about the file."""
    counts = seen.memory.get("R004")
    files = {file for file, _ in seen.profile.places.parts}
    if counts and len(files) == 1 and counts["prompts"] > counts["others"] + (seen.profile.plain[0] if seen.profile.plain else 0):
        yield Place(files.pop(), 0), Problem("", "prompts for reinforcement, and no validation file beside this one")


@rule("R005", "prompt-limits", severity=Severity.ERROR, scope=Scope.DATASET, only=(Target.AZURE,), hint="Leave images out, and train on 50,000 lines or fewer.")
def prompt_limits(example: Example, seen: Seen) -> Problems:
    """A prompt of reinforcement data has an image, or there are more than 50,000.

    The service trains this way on text only, and takes no larger file.

    Bad:

        {"messages": [{"role": "user", "content": [{"type": "image_url", "image_url": {"url": "https://example.com/cat.png"}}]}], "answer": "a cat"}

    Good:

        {"messages": [{"role": "user", "content": "What purrs?"}], "answer": "a cat"}
    """
    if is_prompt(example):
        for part in images_of(example):
            yield Problem(part.pointer, "an image in a prompt of reinforcement data")
        counts = seen.memory.setdefault("R005", {})
        counts[example.place.file] = counts.get(example.place.file, 0) + 1


@prompt_limits.concluded_by
def too_many_prompts(seen: Seen, *, target: Target) -> Conclusion:
    """One finding for each file that has too many."""
    most = LIMITS[target].max_prompts
    for file, count in seen.memory.get("R005", {}).items():
        if most is not None and count > most:
            yield Place(file, 0), Problem("", f"{plural(count, 'prompt')}; {target} takes {most:,} ({LIMITS[target].source})")


@rule(
    "R006",
    "reference-constant",
    severity=Severity.WARNING,
    scope=Scope.DATASET,
    only=REINFORCING,
    hint="Write into each line what its own answer is judged by.",
)
def reference_constant(example: Example, seen: Seen) -> Problems:
    """All prompts have the same reference.

    Every question is then judged by one answer, and the model learns to give that one. Told from five lines on, where no
    key beside the prompts differs.

    Bad:

        {"messages": [{"role": "user", "content": "1 + 1"}], "answer": "2"}
        {"messages": [{"role": "user", "content": "1 + 2"}], "answer": "2"}
        {"messages": [{"role": "user", "content": "1 + 3"}], "answer": "2"}
        {"messages": [{"role": "user", "content": "1 + 4"}], "answer": "2"}
        {"messages": [{"role": "user", "content": "1 + 5"}], "answer": "2"}

    Good:

        {"messages": [{"role": "user", "content": "1 + 1"}], "answer": "2"}
        {"messages": [{"role": "user", "content": "1 + 2"}], "answer": "3"}
        {"messages": [{"role": "user", "content": "1 + 3"}], "answer": "4"}
        {"messages": [{"role": "user", "content": "1 + 4"}], "answer": "5"}
        {"messages": [{"role": "user", "content": "1 + 5"}], "answer": "6"}
    """
    if is_prompt(example):
        found = content_id(references(example))
        first = seen.memory.setdefault("R006", {"id": found, "place": example.place, "count": 0, "differs": False})
        first["count"] += 1
        first["differs"] = first["differs"] or found != first["id"]
    yield from ()


@reference_constant.concluded_by
def one_reference(seen: Seen) -> Conclusion:
    """One finding, at the first prompt."""
    first = seen.memory.get("R006")
    if first and first["count"] >= FEWEST and not first["differs"]:
        yield first["place"], Problem("", f"all {plural(first['count'], 'prompt')} have the same reference")


RULES: Final = (prompt_answered_already, system_in_prompt, reference_uneven, no_validation_file, prompt_limits, reference_constant)
