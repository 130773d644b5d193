"""Family R: prompts for reinforcement fine-tuning, with the references that a grader needs to judge answers.

A line is such a prompt if its conversation ends with a question and it has a key that a grader may read, other than
conversation, tools and notes (`NOTES`). Data in which most conversations end with an answer has none of these findings.
The rules are for services that train this way.
"""

from typing import Final

from curate.core.example import Example, Place, content_id, escape, kind_of
from curate.core.finding import PlacedProblems, Problem, Problems, Severity
from curate.core.targets import LIMITS, Target
from curate.core.text import excerpt, plural
from curate.lint.rules.dataset_summary import DatasetState
from curate.lint.rules.example_summary import add_to_count
from curate.lint.rules.images import images_of
from curate.lint.rules.references import REINFORCEMENT_TARGETS, references
from curate.lint.rules.roles import intended_role
from curate.lint.rules.rule import Object, dataset_rule, on_messages, value_rule

MIN_LINES: Final = 5
"""Minimum number of lines for a single common reference to be suspicious."""


def is_prompt(example: Example) -> bool:
    """Whether a line ends with a question and has a reference to judge answers by."""
    return bool(example.messages) and intended_role(example.messages[-1]) != "assistant" and bool(references(example))


@dataset_rule(
    "R001",
    "prompt-answered-already",
    Severity.ERROR,
    only=REINFORCEMENT_TARGETS,
    hint="End each line with the user's message. The model writes the answer.",
    any_key=True,
)
def prompt_answered_already(example: Example, state: DatasetState) -> None:
    """A line of reinforcement data does not end with the user.

    The service samples answers to the last message, which must be the user's. Reported if most lines of the file are
    prompts with a reference.
    Bad:
        {"messages": [{"role": "user", "content": "1 + 1"}], "answer": "2"}
        {"messages": [{"role": "user", "content": "1 + 2"}], "answer": "3"}
        {"messages": [{"role": "user", "content": "1 + 3"}, {"role": "assistant", "content": "4"}], "answer": "4"}
    Good:
        {"messages": [{"role": "user", "content": "1 + 1"}], "answer": "2"}
        {"messages": [{"role": "user", "content": "1 + 2"}], "answer": "3"}
        {"messages": [{"role": "user", "content": "1 + 3"}], "answer": "4"}
    """
    state.count("R001", is_prompt(example), example.place)
    if example.messages and intended_role(example.messages[-1]) != "user":
        state.count("R001", "wrong", example.place)


@prompt_answered_already.finalize
def not_all_prompts(state: DatasetState) -> PlacedProblems:
    """One finding, at the first line that does not end with the user."""
    prompts, other_lines = _prompts_and_others(state, "R001")
    wrong = state.counts("R001").get("wrong")
    if state.summary.unasked:
        wrong = add_to_count(wrong, state.summary.unasked[1], state.summary.unasked[0])
    if prompts > other_lines and wrong:
        yield wrong[1], Problem("", f"{plural(wrong[0], 'line')} of {prompts + other_lines:,} do not end with the user")


def _prompts_and_others(state: DatasetState, code: str) -> tuple[int, int]:
    """The number of examples counted as prompts by a rule, and of others."""
    counts = state.summary.with_plain(state.counts(code))
    return counts[True][0] if True in counts else 0, counts[False][0] if False in counts else 0


@value_rule(
    "R002", "system-in-prompt", Severity.ERROR, only=REINFORCEMENT_TARGETS, hint="Use the role developer.", any_key=True
)
def system_in_prompt(example: Example) -> Problems:
    """A prompt of reinforcement data has a system message.

    The models that support this training accept `developer` instead.
    Bad: {"messages": [{"role": "system", "content": "Be brief."}, {"role": "user", "content": "1 + 1"}], "answer": "2"}
    Good: {"messages": [{"role": "developer", "content": "Be brief."}, {"role": "user", "content": "1 + 1"}], "answer": "2"}
    """
    if is_prompt(example):
        for message in example.messages:
            if message.role == "system":
                yield Problem(f"{message.pointer}/role", "role 'system' in a prompt of reinforcement data")


@system_in_prompt.repaired_by(safe=True)
@on_messages
def to_developer(messages: list[Object]) -> list[Object]:
    """Write the role as developer."""
    return [{**turn, "role": "developer"} if turn.get("role") == "system" else turn for turn in messages]


@dataset_rule(
    "R003",
    "reference-uneven",
    Severity.ERROR,
    only=REINFORCEMENT_TARGETS,
    hint="Give every line the keys that the grader reads, each with one type.",
    any_key=True,
)
def reference_uneven(example: Example, state: DatasetState) -> None:
    """A key beside the prompts is missing in some lines of a file, or has another type there.

    A grader that reads `item.answer` fails on a line without it. The run stops, or the answer scores 0.
    Bad:
        {"messages": [{"role": "user", "content": "1 + 1"}], "answer": "2", "unit": "m"}
        {"messages": [{"role": "user", "content": "1 + 2"}], "answer": 3}
    Good:
        {"messages": [{"role": "user", "content": "1 + 1"}], "answer": "2"}
        {"messages": [{"role": "user", "content": "1 + 2"}], "answer": "3"}
    """
    if not is_prompt(example):
        return
    total, keys, first = state.memory.setdefault("R003", ([0], {}, example.place))
    columns = references(example)
    for key in columns.keys() | keys.keys():
        kinds = keys.setdefault(key, {None: (total[0], first)} if total[0] else {})
        kind = kind_of(columns[key]) if key in columns else None  # the key is missing
        count, place = kinds.get(kind, (0, example.place))
        kinds[kind] = (count + 1, place)
    total[0] += 1


@reference_uneven.finalize
def keys_of_several_kinds(state: DatasetState) -> PlacedProblems:
    """One finding per key: at the first example with its rarest type, or without it."""
    total, keys, _ = state.memory.get("R003", ([0], {}, None))
    for key, kinds in sorted(keys.items()):
        if len(kinds) > 1:
            kind = min(kinds, key=lambda kind: (kinds[kind][0], kind is not None, str(kind)))
            count, place = kinds[kind]
            pointer = "" if kind is None else f"/{escape(key)}"
            text = f"`{excerpt(key, 40)}` is {kind or 'missing'} in {count:,} of {plural(total[0], 'line')}"
            yield place, Problem(pointer, text)


@dataset_rule(
    "R004",
    "no-validation-file",
    Severity.WARNING,
    only=REINFORCEMENT_TARGETS,
    hint="Check the validation file together with this one. `curate split` creates one.",
    any_key=True,
)
def no_validation_file(example: Example, state: DatasetState) -> None:
    """Prompts for reinforcement are in one file only.

    The service requires a validation file beside the training file. Reported when a single file is checked, since other
    files are unknown.
    Bad: {"messages": [{"role": "user", "content": "1 + 1"}], "answer": "2"}
    Good: {"messages": [{"role": "user", "content": "1 + 1"}, {"role": "assistant", "content": "2"}]}
    """
    state.count("R004", is_prompt(example), example.place)


@no_validation_file.finalize
def one_file_alone(state: DatasetState) -> PlacedProblems:
    """One finding, about the file."""
    prompts, other_lines = _prompts_and_others(state, "R004")
    if state.files == 1 and prompts > other_lines:
        yield (
            Place(state.summary.columns.places.first, 0),
            Problem("", "prompts for reinforcement without a validation file"),
        )


@dataset_rule(
    "R005",
    "prompt-limits",
    Severity.ERROR,
    only=(Target.AZURE,),
    hint="Remove images, and train on 50,000 lines or fewer.",
    any_key=True,
)
def prompt_limits(example: Example, state: DatasetState) -> Problems:
    """A prompt of reinforcement data has an image, or there are more than 50,000 prompts.

    The service supports this training on text only, and accepts no larger file.
    Bad: {"messages": [{"role": "user", "content": [{"type": "image_url", "image_url": {"url": "https://example.com/cat.png"}}]}], "answer": "a cat"}
    Good: {"messages": [{"role": "user", "content": "What purrs?"}], "answer": "a cat"}
    """
    if is_prompt(example):
        for part in images_of(example):
            yield Problem(part.pointer, "an image in a prompt of reinforcement data")
        state.count("R005", example.place.file, example.place)


@prompt_limits.finalize
def too_many_prompts(state: DatasetState, *, target: Target) -> PlacedProblems:
    """One finding for each file that has too many."""
    limit = LIMITS[target].max_prompts
    for place, count in state.most_in_files("R005", limit):
        yield place, Problem("", f"{plural(count, 'prompt')}; {target} accepts {limit:,} ({LIMITS[target].source})")


@dataset_rule(
    "R006",
    "reference-constant",
    Severity.WARNING,
    only=REINFORCEMENT_TARGETS,
    hint="Give each prompt its own reference.",
    any_key=True,
)
def reference_constant(example: Example, state: DatasetState) -> None:
    """All prompts of a file have the same reference.

    One answer then judges every question, and the model learns to give it. Reported from five lines on, if no key
    beside the prompts differs.
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
        id_ = content_id(references(example))
        first = state.memory.setdefault("R006", {"id": id_, "place": example.place, "count": 0, "differs": False})
        first["count"] += 1
        first["differs"] = first["differs"] or id_ != first["id"]


@reference_constant.finalize
def one_reference(state: DatasetState) -> PlacedProblems:
    """One finding, at the first prompt."""
    first = state.memory.get("R006")
    if first and first["count"] >= MIN_LINES and not first["differs"]:
        yield first["place"], Problem("", f"all {plural(first['count'], 'prompt')} have the same reference")


@value_rule(
    "R007",
    "reference-answer",
    Severity.ERROR,
    only=(Target.BEDROCK,),
    hint="Write the reference as text or as an object.",
    any_key=True,
)
def reference_answer(example: Example) -> Problems:
    """The `reference_answer` of a prompt is empty, or neither text nor an object.

    The service refuses the line.
    Bad: {"messages": [{"role": "user", "content": "1 + 1"}], "reference_answer": ["2"]}
    Good: {"messages": [{"role": "user", "content": "1 + 1"}], "reference_answer": "2"}
    """
    if is_prompt(example) and "reference_answer" in example.value:
        reference = example.value["reference_answer"]
        if not isinstance(reference, str | dict):
            yield Problem(
                "/reference_answer", f"`reference_answer` is {kind_of(reference)}, neither text nor an object"
            )
        elif not (reference.strip() if isinstance(reference, str) else reference):
            yield Problem("/reference_answer", "`reference_answer` is empty")
