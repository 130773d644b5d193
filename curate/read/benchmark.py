"""Read benchmarks in their usual formats, to search for their items in training data.

JSON Lines, a JSON array, an object that contains a list of items, CSV and TSV, each also as .gz or .zst. The field
names of common benchmarks are known (`QUESTIONS`, `ANSWERS`); others can be given. An item may also be a
conversation in any format of training data.

Well-known benchmarks have names. No text of them is part of curate.
"""

import csv
import io
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, NamedTuple

from curate.core.errors import InputError
from curate.core.example import Place, pointer
from curate.read.dataset import FileFacts, ParsedLine, read_file, require_read
from curate.read.formats import example_of
from curate.read.forms.form import is_objects
from curate.read.json_pointer_spans import Spans
from curate.storage.files import blocks, display_name

BENCHMARKS: Final = {
    "alpacaeval": ("tatsu-lab/alpaca_eval", "eval"),
    "arc-challenge": ("allenai/ai2_arc", "test"),
    "arc-easy": ("allenai/ai2_arc", "test"),
    "bbh": ("github.com/suzgunmirac/BIG-Bench-Hard", "all"),
    "boolq": ("google/boolq", "validation"),
    "drop": ("ucinlp/drop", "validation"),
    "gpqa": ("Idavidrein/gpqa", "main"),
    "gsm8k": ("openai/gsm8k", "test"),
    "hellaswag": ("Rowan/hellaswag", "validation"),
    "humaneval": ("openai/openai_humaneval", "test"),
    "ifeval": ("google/IFEval", "train"),
    "math": ("github.com/hendrycks/math", "test"),
    "mbpp": ("google-research-datasets/mbpp", "test"),
    "mmlu": ("cais/mmlu", "test"),
    "mmlu-pro": ("TIGER-Lab/MMLU-Pro", "test"),
    "mt-bench": ("github.com/lm-sys/FastChat", "all"),
    "piqa": ("ybisk/piqa", "validation"),
    "squad": ("rajpurkar/squad", "validation"),
    "truthfulqa": ("truthfulqa/truthful_qa", "validation"),
    "winogrande": ("allenai/winogrande", "validation"),
}
"""By name, where a copy of a benchmark is (a dataset of the hub, or a repository), and the part that models are tested
on; `docs/howto/decontaminate.md` has sizes, licences and fields.
"""
QUESTIONS: Final = (
    "question",
    "questions",
    "prompt",
    "problem",
    "instruction",
    "query",
    "turns",
    "ctx",
    "sentence",
    "goal",
    "premise",
)
"""Field names of the question, in lower case."""
CONTEXT_KEYS: Final = ("input", "text", "content")
"""Field names of the question if a benchmark has none of `QUESTIONS`; next to a question they hold its context."""
ANSWERS: Final = (
    *(
        "answer",
        "answers",
        "best_answer",
        "correct_answers",
        "canonical_solution",
        "solution",
        "target",
        "output",
        "response",
        "completion",
        "reference",
    ),
    *("code", "rationale", "explanation", "choices", "options", "endings", "mc1_targets", "mc2_targets"),
    *("sol1", "sol2", "option1", "option2", "a", "b", "c", "d"),
)
"""Field names of the answer or of the choices."""
CHOICE_KEYS: Final = ("choices", "options", "endings")
TABLE_CHOICES: Final = ("column_2", "column_3", "column_4", "column_5")
RIGHT_KEYS: Final = ("answer_index", "answerkey", "answer_key", "answer", "label", "correct", "gold", "target")
"""Field names of the choices, those of MMLU's tables, and of the one that says which is right."""
LETTERS: Final = "ABCDEFGHIJ"
MAX_LABEL_CHARS: Final = 5
"""Upper bound of the digits of a position, exclusive."""
LABEL_KEYS: Final = ("role", "from", "type", "label")
"""Keys inside a field that label a text."""
TABLE_DELIMITERS: Final = {".csv": ",", ".tsv": "\t"}
PACKED_SUFFIXES: Final = (".gz", ".zst")


class ItemText(NamedTuple):
    """A text of an item."""

    name: str
    """Its field; `column 1` in a table without a header."""
    text: str
    is_question: bool
    """Whether it is part of the question, not of the answer."""


@dataclass(frozen=True, slots=True)
class Item:
    """One question of a benchmark."""

    place: Place
    parts: tuple[ItemText, ...]
    right: str = ""
    """The text of the right choice; empty if the item has no choices, or does not say which one is right."""


def read_benchmark(path: Path, fields: Sequence[str] = ()) -> list[Item]:
    """The items of a benchmark, in order; one without any of the names has no parts.

    `fields` replaces the known names; all of them count as questions. Raises `InputError` if the file or one of its
    items cannot be read, or no item has any of the names.
    """
    placed_values = list(_table(path) if _data_suffix(path) in TABLE_DELIMITERS else _objects(path, fields))
    items = [
        Item(place, tuple(_item_texts(value, place, tuple(name.lower() for name in fields))), _right_choice(value))
        for place, value in placed_values
    ]
    if not any(item.parts for item in items):
        field_names = (
            ", ".join(sorted({str(key) for _, value in placed_values[:100] for key in value})[:12]) or "nothing"
        )
        problem = "none of the given fields" if fields else "no known question field"
        raise InputError(
            f"{path}: {problem} found; the fields are {field_names}", "pass the question field with --field"
        )
    return items


def _data_suffix(path: Path) -> str:
    """The last suffix of a path, in lower case, that is not of a compressed file; empty if there is none."""
    suffixes = [suffix.lower() for suffix in path.suffixes]
    while suffixes and suffixes[-1] in PACKED_SUFFIXES:
        suffixes.pop()
    return suffixes[-1] if suffixes else ""


def _objects(path: Path, fields: Sequence[str]) -> Iterator[tuple[Place, dict[str, Any]]]:
    """The items of a JSON file: its objects or, for an object that is not an item, those in its longest list."""
    facts, question_fields = FileFacts(display_name(path)), {*map(_plain_key, fields)} or {*QUESTIONS, *CONTEXT_KEYS}
    for parsed in read_file(path, facts):
        value = parsed.decoded.value
        if (
            isinstance(value, dict)
            and question_fields.isdisjoint(map(_plain_key, value))
            and (longest_list := _longest_list(value))
            and (fields or not _turns(value, parsed.place))
        ):
            yield from _listed(parsed, *longest_list)
        elif not parsed.blank:
            yield parsed.place, _item(parsed.place, value, parsed.defects[0].message if parsed.defects else "")
    require_read(facts)


def _item(place: Place, value: Any, defect: str = "") -> dict[str, Any]:
    """An item as an object: itself or, for a text, `{"text": ...}`. Raises `InputError` for other values, with `defect`
    as the reason.
    """
    if isinstance(value, str):
        return {"text": value}
    if isinstance(value, dict):
        return value
    raise InputError(
        f"{place}: not an item: {defect or 'neither an object nor a text'}",
        "repair or remove it: it cannot be searched for",
    )


def _listed(parsed: ParsedLine, key: str, items: list[Any]) -> Iterator[tuple[Place, dict[str, Any]]]:
    """The items of the list under `key` in an object, each with its place."""
    spans = Spans(parsed.line.data.decode("utf-8", "replace"))
    for index, item in enumerate(items):
        place = parsed.place._replace(line=parsed.place.line + spans.breaks_before(pointer(key, index)))
        yield place, _item(place, item)


def _longest_list(value: dict[str, Any]) -> tuple[str, list[Any]] | None:
    """The key and value of the longest list of objects; None if there is none."""
    lists = [
        (key, items) for key, items in value.items() if isinstance(items, list) and items and isinstance(items[0], dict)
    ]
    return max(lists, key=lambda pair: len(pair[1]), default=None)


def _table(path: Path) -> Iterator[tuple[Place, dict[str, Any]]]:
    """The items of a table; without a known column name there is no header, and column 1 is the question.

    MMLU has this form.
    """
    text = b"".join(blocks(path, tables=False)).decode("utf-8-sig", "replace")
    lines = csv.reader(io.StringIO(text, newline=""), delimiter=TABLE_DELIMITERS[_data_suffix(path)])
    head: list[str] | None = None
    start = 1
    try:
        for cells in lines:
            place, start = Place(display_name(path), start), lines.line_num + 1
            if not any(cells):
                continue
            if head is None:
                names = [_plain_key(cell) for cell in cells]
                has_header = any(name in (*QUESTIONS, *CONTEXT_KEYS) for name in names)
                head = (
                    names if has_header else ["question", *(f"column {number}" for number in range(2, len(cells) + 1))]
                )
                if has_header:
                    continue
            if any(cells[len(head) :]):
                raise InputError(
                    f"{place}: {len(cells)} cells, and {len(head)} columns", "check the quotes and the delimiter"
                )
            yield place, dict(zip(head, cells, strict=False))
    except csv.Error as error:
        raise InputError(
            f"{path}:{start}: not a valid table: {error}", "check the quotes, or convert the file to JSON Lines"
        ) from error


def _plain_key(name: str) -> str:
    """A column name as it is looked up: "Correct Answer" -> "correct_answer"."""
    return name.strip().lower().replace(" ", "_")


def _turns(value: dict[str, Any], place: Place) -> list[ItemText]:
    """The turns of a conversation; empty for other items."""
    return [
        ItemText(message.role, message.text, message.role == "user")
        for message in example_of(value, place).messages
        if message.role in ("user", "assistant") and message.text.strip()
    ]


def _item_texts(value: dict[str, Any], place: Place, fields: tuple[str, ...]) -> Iterator[ItemText]:
    """The questions and answers of an item, from `fields` alone if there are any, else from keys that are known."""
    by_name = {_plain_key(str(key)): item for key, item in value.items()}
    if fields:
        question_names: Sequence[str] = [name for name in map(_plain_key, fields) if name in by_name]
        answer_names: Sequence[str] = []
    else:
        question_names = [name for name in QUESTIONS if name in by_name] or [
            name for name in CONTEXT_KEYS if name in by_name
        ]
        if (not question_names or any(is_objects(by_name[name]) for name in question_names)) and (
            turns := _turns(value, place)
        ):
            yield from turns
            return
        answer_names = (
            [name for name in by_name if name in ANSWERS or name.startswith("column_")] if question_names else []
        )
        question_names = [
            *question_names,
            *(name for name in ("input",) if name in by_name and name not in question_names),
        ]
    for names, is_asked in ((question_names, True), (answer_names, False)):
        for name in names:
            for text in _texts(by_name[name], apart=not is_asked or name == "turns"):
                yield ItemText(name, text, is_asked)


def _right_choice(value: dict[str, Any]) -> str:
    """The text of the right choice, which an item names by its position from 0, its letter or its label; empty if it
    names none.
    """
    by_name = {_plain_key(str(key)): item for key, item in value.items()}
    key = next((by_name[name] for name in RIGHT_KEYS if name in by_name), None)
    choices = next((by_name[name] for name in CHOICE_KEYS if name in by_name), None)
    labels: list[str] = []
    if isinstance(choices, dict):
        listed = choices.get("label")
        labels = [str(label) for label in listed] if isinstance(listed, list) else []
        choices = choices.get("text")
    if choices is None:
        letters = [by_name[name] for name in "abcd" if name in by_name]
        columns = [by_name[name] for name in TABLE_CHOICES if name in by_name]
        choices = letters or columns
        key = key if letters else by_name.get("column_6")
    if not isinstance(choices, list) or not all(isinstance(choice, str) for choice in choices):
        return ""
    if isinstance(key, bool) or not isinstance(key, int | str):
        return ""
    label = str(key).strip()
    if label in labels:
        position = labels.index(label)
    elif len(label) == 1 and label.upper() in LETTERS:
        position = LETTERS.index(label.upper())
    elif label.isdecimal() and len(label) < MAX_LABEL_CHARS:
        position = int(label)
    else:
        return ""
    return choices[position].strip() if position < len(choices) else ""


def _texts(value: Any, *, apart: bool) -> Iterator[str]:
    """The texts of a field. If `apart`, each element of a list is a text of its own, as for choices."""
    if apart and isinstance(value, list):
        for item in value:
            yield from _texts(item, apart=True)
    elif apart and isinstance(value, dict):
        for key, item in value.items():
            if key not in LABEL_KEYS:
                yield from _texts(item, apart=True)
    elif text := _joined_texts(value).strip():
        yield text


def _joined_texts(value: Any) -> str:
    """The texts in a value, one a line; keys that hold labels are left out."""
    if isinstance(value, str):
        return value
    if isinstance(value, dict):
        value = [item for key, item in value.items() if key not in LABEL_KEYS]
    return "\n".join(filter(None, map(_joined_texts, value))) if isinstance(value, list) else ""
