"""The table of formats: how each format is detected and converted to a conversation.

Conversion loses nothing: unused keys stay in the example's value. Each turn keeps the JSON pointer to its source, so
that findings point into the line as the user wrote it.
"""

import re
from collections.abc import Iterator
from copy import deepcopy
from dataclasses import replace
from functools import lru_cache
from typing import Any, Final

from curate.core.example import UNKNOWN, Example, Place, escape, has_plain_turns, value_at
from curate.core.form_keys import ANSWER_KEYS, CHOICE_KEYS, LABEL_KEYS, PAIR_SIDES, ROOT_KEY
from curate.core.lazy import lazy_pattern
from curate.read.forms.anthropic import ANTHROPIC
from curate.read.forms.bedrock import BEDROCK
from curate.read.forms.form import Format, Object, UnreadableError, has_strings
from curate.read.forms.langchain import LANGCHAIN
from curate.read.forms.lists import GLAIVE, RANKING, SEGMENTS, SQUAD, STEPS, TREE, XLAM, list_format
from curate.read.forms.llama_factory import LLAMA_FACTORY
from curate.read.forms.pairs import (
    ASKING_FORMATS,
    CHOSEN_FORMATS,
    NOVA_PREFERENCE,
    PLAIN_FORMATS,
    TEXT,
    VERTEX_PREFERENCE,
    speaker_turn,
)
from curate.read.forms.preference_writers import SPEAKER, WRITTEN_FORMS
from curate.read.forms.rendered import RENDERED, RENDERED_COMPLETION, RENDERED_PAIR
from curate.read.forms.responses import NEMO_GYM, RESPONSES, STORED, unread_wrapper_keys
from curate.read.forms.vertex import VERTEX

FORMATS: Final = (
    STORED,
    NOVA_PREFERENCE,
    RENDERED_PAIR,
    RENDERED_COMPLETION,
    LANGCHAIN,
    BEDROCK,
    ANTHROPIC,
    LLAMA_FACTORY,
    *CHOSEN_FORMATS,
    RANKING,
    *PLAIN_FORMATS,
    SQUAD,
    RENDERED,
    TEXT,
    VERTEX_PREFERENCE,
    VERTEX,
    NEMO_GYM,
    RESPONSES,
    STEPS,
    TREE,
    SEGMENTS,
    GLAIVE,
    XLAM,
    *ASKING_FORMATS,
    list_format(speaker_turn),
)
"""In order of detection: the first format that matches and can be read. Each precedes those that it resembles."""
BY_NAME: Final = {form.name: form for form in FORMATS}
SHAPE_ERRORS: Final = (AttributeError, LookupError, TypeError)
"""Exceptions of readers and writers for a value with an unexpected type."""
WRITABLE: Final = {form.to or form.name: form for form in (*FORMATS, *WRITTEN_FORMS) if form.write or form.write_pair}
"""The forms that can be written, by the name for it."""
PROMPTS: Final = ("prompt-only", "verl", "nemo-gym")
"""Forms of questions for reinforcement, which need no answer."""
RENDERINGS: Final = {
    RENDERED.name: TEXT.name,
    RENDERED_COMPLETION.name: "prompt-completion",
    RENDERED_PAIR.name: "preference",
}
"""Formats of rendered texts, and the format with the same keys, in which all other texts are read."""
AMONG_MESSAGES: Final = (LLAMA_FACTORY.name,)
"""Formats of lines that stand among messages in one file, as those with calls among those without."""
COMPLETIONS: Final = ("prompt-completion", RENDERED_COMPLETION.name)
"""Formats of a prompt and a completion, which may have a label: wanted or not."""
AS_READ: Final = ("messages", UNKNOWN, *PAIR_SIDES, *PROMPTS, STEPS.name, RENDERED.name, RENDERED_COMPLETION.name)
"""Formats whose lines are written unchanged by `curate split`: messages, and formats that are more than a conversation.
Others are converted to messages.
"""
FIRST_KEY: Final = re.compile(r"^/[^/]+")
"""The first key of a JSON pointer."""
OTHER_FORMAT_KEYS: Final = frozenset(
    ("body", "choices", "chosen", "chosen_response", "response", "schemaVersion", "system", "tools")
)
"""Keys that distinguish messages of role and text from another format."""


def example_of(value: Object, place: Place) -> Example:
    """Convert a line's object to a conversation; without turns if the format is unknown.

    A line that looks like a form and does not follow it is read as the next one that matches; rule M001 reports why.
    """
    if has_plain_turns(value) and OTHER_FORMAT_KEYS.isdisjoint(value):
        return Example(place, value, "messages")
    defect: tuple[str, str] | None = None
    for form in _formats_with(USED_KEYS.intersection(value)):
        if not form.matches(value):
            continue
        try:
            if (example := _example(form, value, place)) is None:
                continue
            if not OFFER_KEYS.isdisjoint(value) and "messages" not in value:
                _require_choices(value, example)
        except UnreadableError as error:
            defect = defect or (error.pointer, f"not readable as {form.name}: {error.why}")
            continue
        except SHAPE_ERRORS:
            defect = defect or ("", f"not readable as {form.name}: a value has another type than the format has there")
            continue
        if defect is None and (unread := _unread_text(form, example.value)):
            defect = unread, f"{unread[1:]} is not read in the format {form.name}"
        return example if defect is None else replace(example, defect=defect)
    return (not defect and _in_capitals(value, place)) or Example(place, value, UNKNOWN, defect=defect)


LETTERED_KEYS: Final = (("A", "B"), ("option_a", "option_b"), ("choice_a", "choice_b"), ("opa", "opb"))
"""The first two keys of formats with one key per choice."""
OFFER_KEYS: Final = frozenset((*CHOICE_KEYS, *(first for first, _ in LETTERED_KEYS)))
NAMES_CHOICE: Final = lazy_pattern(r"\W?(?:[A-Za-z]|\d{1,2})\W{0,2}")
"""An answer that names a choice: `B`, `(b)`, `2.`"""


def _require_choices(value: Object, example: Example) -> None:
    """Raise `UnreadableError` if the answer names one of the choices beside a question that does not hold them."""
    question = next((turn.text for turn in reversed(example.messages) if turn.role == "user"), "")
    answer = example.answer.text if example.answer else value.get("answer")
    if not isinstance(answer, str) or not NAMES_CHOICE.fullmatch(answer.strip()):
        return
    lettered = {pair[0]: [value[key] for key in pair] for pair in LETTERED_KEYS if has_strings(value, *pair)}
    for key, offered in ({key: value[key] for key in CHOICE_KEYS if key in value} | lettered).items():
        if not (isinstance(offered, list) and answer in offered) and any(
            text not in question for text in _texts(offered)
        ):
            raise UnreadableError(f"/{key}", f"the question does not hold `{key}`, of which the answer names one")


def _texts(value: Any) -> Iterator[str]:
    """The texts in lists and objects."""
    if isinstance(value, str):
        yield value
    for item in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
        yield from _texts(item)


USED_KEYS: Final = frozenset(key for form in FORMATS for key in form.uses)


@lru_cache(1_000)
def _formats_with(keys: frozenset[str]) -> tuple[Format, ...]:
    """The formats that lines with these of the keys in `USED_KEYS` can have, in order of detection."""
    return tuple(form for form in FORMATS if not form.uses or not keys.isdisjoint(form.uses))


def _in_capitals(value: Object, place: Place) -> Example | None:
    """A line whose keys are those of a form but for capitals, such as the columns `Question` and `Answer` of a table.

    None for other lines, and for forms that are written unchanged: trainers do not know their keys in capitals.
    """
    names = {key.casefold(): key for key in value}
    if len(names) < len(value) or all(name == key for name, key in names.items()):
        return None
    example = example_of({name: value[key] for name, key in names.items()}, place)
    if example.format in AS_READ or not example.pointers or example.moved is not None:
        return None
    first = {f"/{name}": f"/{escape(key)}" for name, key in names.items()}
    pointers = tuple(
        (re.sub(FIRST_KEY, lambda key: first[key[0]], turn), re.sub(FIRST_KEY, lambda key: first[key[0]], content))
        for turn, content in example.pointers
    )
    rest = {
        key if key in ("messages", "tools", *LABEL_KEYS) else names[key]: item for key, item in example.value.items()
    }
    parts = tuple(
        tuple((re.sub(FIRST_KEY, lambda key: first[key[0]], pointer), text) for pointer, text in texts)
        for texts in example.parts
    )
    return Example(
        place, rest, example.format, pointers, tools_pointer=example.tools_pointer, parts=parts, source=value
    )


def _unread_text(form: Format, value: Object) -> str:
    """Pointer to a text that is not part of the conversation, although it may belong to it; empty if there is none."""
    if form.name == "openai-preference" and (extra_keys := value.get("input", {}).keys() - {"parallel_tool_calls"}):
        return f"/input/{escape(min(extra_keys))}"
    return "/system" if value.get("system") else ""


def with_roles(example: Example, value: Object) -> Object | None:
    """The line's object with the roles that its messages have in `value`; None if `value` differs in more, or the
    format has other places for roles than a key of each turn.
    """
    turns = value.get("messages")
    if example.source is None or not isinstance(turns, list) or len(turns) != len(example.messages):
        return None
    source = deepcopy(example.source)
    for message, turn in zip(example.messages, turns, strict=True):
        if turn.get("role") == message.value.get("role"):
            continue
        pointer, _, key = message.role_pointer.rpartition("/")
        holder = value_at(source, pointer)
        if not isinstance(holder, dict) or key not in holder:
            return None
        holder[key] = speaker_for(example, turn["role"]) if key == "from" else turn["role"]
    written = example_of(source, example.place)
    return source if (written.format, written.value) == (example.format, value) else None


def speaker_for(example: Example, role: str) -> str:
    """The name of a role under `from`: as in other turns of the line, else that of ShareGPT (`human`, `gpt`)."""
    turns = (value_at(example.source or {}, message.pointer) for message in example.messages)
    names = {str(turn.get("from")) for turn in turns if isinstance(turn, dict)}
    return role if {"user", "assistant"} & names else SPEAKER.get(role, role)


def unread_keys(example: Example) -> Iterator[str]:
    """Keys of the example's format whose text is not in the conversation, because other keys were read instead, and
    keys within a wrapper that no service sets.
    """
    form = BY_NAME.get(example.format)
    if form is STORED:
        yield from unread_wrapper_keys(example.value)
    if form is not None and form.turns is not None and form.name not in PROMPTS:
        kept = (*(form.sides or ()), *ANSWER_KEYS)
        yield from (key for key in form.uses if key not in kept and str(example.value.get(key) or "").strip())


def example_of_list(turns: list[Any], place: Place) -> Example | None:
    """Convert a line that is a list of turns; None if it is any other list."""
    example = example_of({ROOT_KEY: turns}, place)
    return None if example.format == UNKNOWN else example


def _example(form: Format, value: Object, place: Place) -> Example | None:
    """An object that a format matches, as an example; None if its reader does not read this one. Raises
    `UnreadableError`.
    """
    if form.read is not None:
        reading = form.read(value)
        if reading is None:
            return None
        _require_one_conversation(reading.rest)
        return Example(
            place,
            {"messages": [turn.value for turn in reading.turns], **reading.rest},
            form.name,
            tuple((turn.pointer, turn.content) for turn in reading.turns),
            tools_pointer=reading.tools,
            moved=tuple(reading.moved.items()),
            source=value,
        )
    if form.turns is None:
        return Example(place, value, form.name)
    turns = list(form.turns(value))
    read = {turn.pointer.split("/")[1] for turn in turns}.union(*(turn.joined_keys for turn in turns))
    rest = {
        key: item
        for key, item in value.items()
        if key not in read and value.keys() != {ROOT_KEY} and not (key in form.uses and item in ("", None, []))
    }
    tools = "/tools"
    if form.name == "openai-preference":
        tools = "/input/tools" if "tools" in value["input"] and "tools" not in rest else "/tools"
        rest = {key: item for key, item in rest.items() if key != "input"}
        rest |= _keys_beside_messages(value, rest)
    _require_one_conversation(rest)
    pointers = tuple((turn.pointer, turn.content) for turn in turns)
    return Example(
        place,
        {"messages": [turn.value for turn in turns], **rest},
        form.name,
        pointers,
        tools_pointer=tools,
        parts=tuple(turn.parts for turn in turns) if any(turn.parts for turn in turns) else (),
        moved=() if form.name == "turn-list" else None,
        source=value,
    )


def _require_one_conversation(rest: Object) -> None:
    """Raise `UnreadableError` if the other keys have `messages`, which would replace the conversation."""
    if "messages" in rest:
        raise UnreadableError("/messages", "a second conversation stands under `messages`")


def _keys_beside_messages(value: Object, rest: Object) -> Object:
    """The keys next to the messages in `input`: tools move next to the conversation, other keys stay."""
    extra_keys = {key: item for key, item in value["input"].items() if key != "messages"}
    tools = {"tools": extra_keys.pop("tools")} if "tools" in extra_keys and "tools" not in rest else {}
    return tools | ({"input": extra_keys} if extra_keys else {})
