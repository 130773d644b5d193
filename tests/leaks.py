"""Data sets with leaks of one kind of docs/leaks.md waiting in them, and single leaks to plant into splits that were written."""

import random
from collections.abc import Callable, Sequence
from typing import Any, Final

Row = dict[str, Any]

VOCABULARY: Final = [
    a + b + c for a in ("ba", "do", "ki", "lu", "me", "no", "ra", "su") for b in ("ber", "dam", "fin", "gol", "hep") for c in ("a", "en", "is", "o", "ur")
]
SYSTEMS: Final = ("", "You are helpful.", "Answer briefly.", "You are a pirate.", "Think first.")


def text(rng: random.Random, count: int) -> str:
    """A text of so many words."""
    return " ".join(rng.choices(VOCABULARY, k=count))


def edited(rng: random.Random, words: str, changes: int) -> str:
    """The same text with so many of its words replaced."""
    pieces = words.split()
    for at in rng.sample(range(len(pieces)), changes):
        pieces[at] = rng.choice(VOCABULARY)
    return " ".join(pieces)


def spelled(rng: random.Random, words: str) -> str:
    """The same words in another case, spacing and punctuation."""
    return rng.choice([words, words.upper(), words.replace(" ", "  "), words.capitalize() + "?", words.replace(" ", ", ", 1)])


def row(*turns: str, system: str = "", **keys: Any) -> Row:
    """A conversation that begins with the user."""
    messages = [{"role": "system", "content": system}] if system else []
    messages += [{"role": ("user", "assistant")[at % 2], "content": turn} for at, turn in enumerate(turns)]
    return {"messages": messages, **keys}


def fresh(rng: random.Random) -> Row:
    """An example that shares nothing with any other one."""
    return row(text(rng, 14), text(rng, 30), system=rng.choice(SYSTEMS), metadata={"source": text(rng, 6)})


def said(one: Row) -> list[str]:
    """The turns of an example without its system prompt."""
    return [turn["content"] for turn in one["messages"] if turn["role"] != "system"]


def copy(rng: random.Random, one: Row) -> Row:
    """An equal example under another id."""
    return {"messages": one["messages"], "id": rng.randrange(10**9), "metadata": {"source": text(rng, 6)}}


def near(rng: random.Random, one: Row) -> Row:
    """A near-copy: one word in forty is another one, and the system prompt."""
    asked, answered, *rest = said(one)
    return row(edited(rng, asked, 1), answered, *rest, system=rng.choice(SYSTEMS), metadata={"source": text(rng, 6)})


def answer(rng: random.Random, one: Row) -> Row:
    """The same answer, or one with another word, to another question."""
    return row(text(rng, 14), edited(rng, said(one)[-1], rng.randrange(2)), system=rng.choice(SYSTEMS), metadata={"source": text(rng, 6)})


def question(rng: random.Random, one: Row) -> Row:
    """The same question under another system prompt, with another answer."""
    return row(spelled(rng, said(one)[0]), text(rng, 30), system=rng.choice(SYSTEMS), metadata={"source": text(rng, 6)})


def continuation(rng: random.Random, one: Row) -> Row:
    """The same conversation, which goes on."""
    turns = [spelled(rng, turn) for turn in said(one)]
    return row(*turns, text(rng, 14), text(rng, 45), system=rng.choice(SYSTEMS), metadata={"source": text(rng, 6)})


def key(rng: random.Random, one: Row) -> Row:
    """Another example from the same source."""
    return fresh(rng) | {"metadata": one["metadata"]}


KINDS: Final[dict[str, tuple[str, Callable[[random.Random, Row], Row]]]] = {
    "copy": ("L001", copy),
    "near": ("L002", near),
    "question": ("L003", question),
    "continuation": ("L005", continuation),
    "key": ("L005", key),
    "answer": ("L011", answer),
}
"""By name the code that tells it, and what makes another example that leaks from one."""


def data_set(kind: str, share: float, rng: random.Random, count: int = 120) -> Sequence[Row]:
    """So many examples in random order, of which this share comes from few others by one kind of leak."""
    make = KINDS[kind][1]
    rows = [fresh(rng) for _ in range(count - round(share * count))]
    sources = rows[:1] if share > 0.04 else rows[:3]
    rows += [make(rng, rng.choice(sources)) for _ in range(max(2, round(share * count)))]
    rng.shuffle(rows)
    return rows
