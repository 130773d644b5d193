"""The files of the benchmark, made from the cases and a seed, and what is true of each line."""

import json
import random
import re
import string
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

CASES: Final = Path(__file__).parent / "cases"
SLOT: Final = re.compile(r"@@([A-Z0-9]+)@@")
WORD: Final = re.compile(r"\w+")
NAMES: Final = (
    "Adela Birger Corinna Dragan Elin Farouk Greta Henrik Ilse Jorge Katya Lorenz Mirja Nadim Odile Piet".split()
)
CITIES: Final = (
    "Aarhus Bilbao Cork Dresden Esbjerg Faro Ghent Haifa Izmir Jena Kaunas Lugano Malmo Nantes Oulu Porto".split()
)
NEAR_PAIRS: Final = 60
NEAR_SINGLES: Final = 30
NEAR_THRESHOLD: Final = 0.8
SENTENCES_PER_TEXT: Final = 12


@dataclass(frozen=True, slots=True)
class Item:
    """One question to a tool: are these lines of the file flagged? `positive` tells whether they should be."""

    case: str
    group: str
    kind: str
    positive: bool
    lines: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class TaskFile:
    """Files that a tool is run on once (training and test file for leaks), and the items of the last one."""

    task: str
    name: str
    files: tuple[tuple[bytes, ...], ...]
    items: tuple[Item, ...]


def read_cases(name: str) -> list[dict[str, Any]]:
    """The cases of a file in `cases/`."""
    return [json.loads(line) for line in (CASES / f"{name}.jsonl").read_text(encoding="utf-8").splitlines()]


def task_files(seed: int) -> list[TaskFile]:
    """All files of one half of the benchmark: seed 0 makes the public half, any other seed a hidden one."""
    return [*_faults(seed), *_leaks(seed), _near_duplicates(seed), _contradictions(seed)]


def shingles(text: str) -> set[tuple[str, ...]]:
    """The sets of three consecutive words, in lower case, that similarity is measured on."""
    words = WORD.findall(text.lower())
    return set(zip(words, words[1:], words[2:], strict=False))


def jaccard(first: str, second: str) -> float:
    """The exact Jaccard similarity of the shingles of two texts; 0 where neither has any."""
    one, two = shingles(first), shingles(second)
    return len(one & two) / len(one | two) if one | two else 0.0


def text_of(example: dict[str, Any]) -> str:
    """The texts of all messages of a conversation or of both sides of a preference pair, joined by line breaks."""
    sides = ("prompt", "chosen", "rejected") if "chosen" in example else ("messages",)
    messages = [message for side in sides for message in example.get(side) or []]
    return "\n".join(
        content
        for message in messages
        if isinstance(message, dict) and isinstance(content := message.get("content"), str)
    )


def slot_values(case: str, seed: int) -> dict[str, str]:
    """What the slots of a case are filled with: names, cities, numbers and made-up private values."""
    rng = random.Random(f"{seed} {case}")
    names, cities, numbers = rng.sample(NAMES, 2), rng.sample(CITIES, 2), rng.sample(range(200, 900), 3)
    person = names[0].lower()
    letters = string.ascii_letters + string.digits

    def some(alphabet: str, length: int) -> str:
        return "".join(rng.choices(alphabet, k=length))

    card = "4" + some(string.digits, 14)
    digit = luhn_digit(card)
    account = some(string.digits, 18)
    return {
        "N1": names[0], "N2": names[1], "C1": cities[0], "C2": cities[1],
        "E1": str(numbers[0]), "E2": str(numbers[1]), "E3": str(numbers[2]), "D1": str(rng.randrange(12, 60)),
        "EMAIL": f"{person}.{some(string.ascii_lowercase, 6)}@{rng.choice(['gmail.com', 'web.de', 'yahoo.fr'])}",
        "PHONE": f"+49 30 {some('23456789', 4)} {some('23456789', 4)}",
        "CARD": _grouped(f"{card}{digit}"), "NOCARD": _grouped(f"{card}{(digit + 3) % 10}"),
        "IBAN": f"DE{98 - int(account + '131400') % 97:02}{account}",
        "AWS": "AKIA" + some(string.ascii_uppercase + "234567", 16), "GHP": "ghp_" + some(letters, 36),
        "PASS": some(string.ascii_lowercase, 5).title() + some(string.digits, 4) + "!" + some(letters, 3),
        "KEYKIND": rng.choice(["RSA", "EC"]), "PRIV": "PRIVATE", "B64": some(letters + "+/", 64),
    }  # fmt: skip


def luhn_digit(digits: str) -> int:
    """The check digit that makes a card number of these digits valid."""
    total = 0
    for index, digit in enumerate(reversed(digits)):
        value = int(digit) * (1 if index % 2 else 2)
        total += value - 9 if value > 9 else value
    return -total % 10


def _grouped(digits: str) -> str:
    return " ".join(digits[index : index + 4] for index in range(0, len(digits), 4))


def line_of(example: dict[str, Any], case: str, seed: int) -> bytes:
    """The line of a file for an example of a case: JSON, or the bytes that `raw` or `latin1` gives."""
    values = slot_values(case, seed)

    def filled(text: str) -> str:
        return SLOT.sub(lambda slot: values[slot.group(1)], text)

    if "latin1" in example:
        return filled(example["latin1"]).encode("latin-1")
    if "raw" in example:
        return filled(example["raw"]).encode()
    return filled(json.dumps(example, ensure_ascii=False)).encode()


def _faults(seed: int) -> Iterator[TaskFile]:
    """Faults in chats, then broken lines. Of each case one file has the fault and the other its clean counterpart."""
    for task in ("faults", "lines"):
        cases = [case for case in read_cases("faults") if (case["group"] == "lines") == (task == "lines")]
        random.Random(seed).shuffle(cases)
        for half in (0, 1):
            lines, items = [], []
            for number, case in enumerate(cases, 1):
                faulty = (number + half) % 2 == 0
                lines.append(line_of(case["fault" if faulty else "clean"], case["id"], seed))
                items.append(Item(case["id"], case["group"], case["kind"], faulty, (number,)))
            yield TaskFile(task, f"{task}-{half}", (tuple(lines),), tuple(items))


def _leaks(seed: int) -> Iterator[TaskFile]:
    for name in ("chat", "pairs"):
        cases = [case for case in read_cases("leaks") if case["file"] == name]
        random.Random(seed).shuffle(cases)
        train = [line_of(case["train"], case["id"], seed) for case in cases]
        random.Random(seed + 1).shuffle(train)
        test = tuple(line_of(case["test"], case["id"], seed) for case in cases)
        items = tuple(
            Item(case["id"], case["kind"], case["kind"], case["leak"], (number,))
            for number, case in enumerate(cases, 1)
        )
        yield TaskFile("leaks", f"leaks-{name}", (tuple(train), test), items)


def _near_duplicates(seed: int) -> TaskFile:
    """Pairs of texts with a known similarity, and texts without a counterpart."""
    rng = random.Random(seed)
    bank = [case["text"] for case in read_cases("sentences")]
    words = sorted(
        {word for text in bank for word in text.rstrip(".").split()[1:] if word.isalpha() and word.islower()}
    )
    examples: list[tuple[str, str]] = []
    for index in range(NEAR_PAIRS + NEAR_SINGLES):
        text = " ".join(rng.sample(bank, SENTENCES_PER_TEXT))
        examples.append((f"n{index:02}", text))
        if index < NEAR_PAIRS:
            examples.append((f"n{index:02}", _edited(text, rng.randrange(11), words, rng)))
    rng.shuffle(examples)
    lines: dict[str, list[int]] = {}
    for number, (case, _) in enumerate(examples, 1):
        lines.setdefault(case, []).append(number)
    chats = [_continuation(text) for _, text in examples]
    items = []
    for case, numbers in lines.items():
        similarity = jaccard(*(text_of(chats[number - 1]) for number in numbers)) if len(numbers) == 2 else 0.0
        group = f"{int(similarity * 10) / 10:.1f}"
        items.append(Item(case, group, "near duplicate", similarity >= NEAR_THRESHOLD, tuple(numbers)))
    return TaskFile("near-duplicates", "near", (tuple(json.dumps(chat).encode() for chat in chats),), tuple(items))


def _continuation(text: str) -> dict[str, Any]:
    start, _, rest = text.partition(". ")
    return {
        "messages": [{"role": "user", "content": f"Continue: {start}."}, {"role": "assistant", "content": rest}],
    }


def _edited(text: str, edits: int, words: list[str], rng: random.Random) -> str:
    """The text with so many of its lower-case words replaced by others."""
    tokens = text.split(" ")
    for index in rng.sample(
        [index for index, token in enumerate(tokens) if token.islower() and token.isalpha()], edits
    ):
        tokens[index] = rng.choice([word for word in words if word != tokens[index]])
    return " ".join(tokens)


def _contradictions(seed: int) -> TaskFile:
    cases = read_cases("contradictions")
    entries = [(case["id"], line_of(case[side], case["id"], seed)) for case in cases for side in ("first", "second")]
    random.Random(seed).shuffle(entries)
    items = tuple(
        Item(
            case["id"], case["label"], case["label"], case["label"] == "contradiction",
            tuple(number for number, (name, _) in enumerate(entries, 1) if name == case["id"]),
        )
        for case in cases
    )  # fmt: skip
    return TaskFile("contradictions", "contradictions", (tuple(line for _, line in entries),), items)
