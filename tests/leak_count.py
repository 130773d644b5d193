"""A plain count of leaks by docs/leaks.md: standard library alone, all pairs by an inverted index, none of the project's code."""

import json
import re
import unicodedata
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from fractions import Fraction
from pathlib import Path
from typing import Any

ATTACHED = ("images", "image", "audios", "audio", "videos", "video", "documents", "chat_template_kwargs")
GIVEN = ("messages", "tools", "functions", *ATTACHED, "chosen", "rejected", "preferred_output", "non_preferred_output", "label")
OTHER_SIDE = ("rejected", "non_preferred_output")
ALONE = re.compile("[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u2e80-\u9fff\uac00-\ud7af\uf900-\ufaff\U00020000-\U0003ffff]")
Row = Mapping[str, Any]


def words(text: str) -> list[str]:
    """Folded runs of letters, digits, low lines and marks; a run with a character of a script without spaces, character by character."""
    folded = unicodedata.normalize("NFKC", text).casefold()
    spaced = "".join(char if char.isalnum() or char == "_" or unicodedata.category(char)[0] in "MLN" else " " for char in folded)
    return [word for run in spaced.split() for word in (run if ALONE.search(run) else [run])]


def shingles(tokens: Sequence[str]) -> frozenset[tuple[str, ...]]:
    """Runs of 3 words, or all of fewer."""
    return frozenset(tuple(tokens[at : at + 3]) for at in range(max(1, len(tokens) - 2))) if tokens else frozenset()


def text_of(content: Any) -> str:
    """The text of a content."""
    parts = content if isinstance(content, list) else [content]
    texts = [part if isinstance(part, str) else part.get("text", part.get("value")) for part in parts if isinstance(part, str | dict)]
    return "\n".join(text for text in texts if isinstance(text, str))


def said(turn: Row) -> str:
    """A turn's text, then what it calls."""
    calls = [call["function"] for call in turn.get("tool_calls") or ()]
    return "\n".join([text_of(turn.get("content")), *(f"{call['name']} {call['arguments']}" for call in calls)])


def spoken(row: Row, *roles: str) -> list[Row]:
    """The turns of some roles; of all but system prompts where none is named."""
    return [turn for turn in row["messages"] if (turn["role"] in roles if roles else turn["role"] not in ("system", "developer"))]


def attachments(row: Row) -> str:
    """What is no text, as it is written."""
    contents = [turn.get("content") for turn in row["messages"]]
    parts = [
        part for content in contents if isinstance(content, list) for part in content if isinstance(part, dict) and not ("text" in part or "value" in part)
    ]
    return json.dumps([{key: row[key] for key in ATTACHED if row.get(key)}, parts], sort_keys=True)


def question(row: Row) -> str | None:
    """What user turns ask, with the attachments."""
    turns = spoken(row, "user")
    text = "\n".join(text_of(turn.get("content")) for turn in turns)
    return json.dumps([words(text) or unicodedata.normalize("NFKC", text).casefold(), attachments(row)]) if turns else None


def answers(row: Row) -> list[list[str]]:
    """Answers of 20 words and more: all assistant turns together, and the last one."""
    turns = [words(said(turn)) for turn in spoken(row, "assistant")]
    every = [[word for turn in turns for word in turn], *(turns[-1:] if len(turns) > 1 else [])]
    return [answer for answer in every if len(answer) >= 20]


def shared_runs(rows: Sequence[Row]) -> set[tuple[str, ...]]:
    """Runs of 8 words that stand in the user turns of 5% of the rows, and of 20."""
    counts: Counter[tuple[str, ...]] = Counter()
    for row in rows:
        counts.update({run for turn in spoken(row, "user") for run in runs_of(split_words(text_of(turn.get("content"))))})
    return {run for run, count in counts.items() if count >= max(20, len(rows) * 0.05)}


def split_words(text: str) -> list[str]:
    """What stands between white space; in scripts without spaces, characters."""
    return [word for chunk in text.split() for word in re.findall(f"{ALONE.pattern}|(?:(?!{ALONE.pattern}).)+", chunk)]


def runs_of(tokens: Sequence[str]) -> list[tuple[str, ...]]:
    """Runs of 8 words."""
    return [tuple(tokens[at : at + 8]) for at in range(len(tokens) - 7)]


def whole(row: Row, runs: set[tuple[str, ...]]) -> list[str]:
    """The words of the whole text, without shared instructions where the row is compared so."""
    pieces, gone, longest = [], 0, 0
    for turn in spoken(row):
        own = text_of(turn.get("content"))
        if turn["role"] == "user":
            tokens = split_words(own)
            covered = [False] * len(tokens)
            for at, run in enumerate(runs_of(tokens)):
                if run in runs:
                    covered[at : at + 8] = [True] * 8
            gone += sum(covered)
            longest = max([longest, *map(len, "".join("x" if here else "o" for here in covered).split("x"))])
            own = " ".join(token for token, here in zip(tokens, covered, strict=True) if not here)
        pieces.append((said(turn), own if turn["role"] == "user" else said(turn)))
    texts = [short if gone >= 40 and longest >= 5 else full for full, short in pieces]
    for key in OTHER_SIDE:
        side = row.get(key)
        texts += [side] if isinstance(side, str) else ["\n".join(str(turn["content"]) for turn in side)] if isinstance(side, list) else []
    return words("\n".join(texts))


def near(documents: Sequence[tuple[int, int, frozenset[tuple[str, ...]], str]], threshold: float) -> set[int]:
    """Rows of which a document is near one of an earlier part. documents: row, part, shingles, and what has to be equal besides."""
    least, found = Fraction(str(threshold)), set[int]()
    index: dict[tuple[str, ...], list[int]] = defaultdict(list)
    order = sorted(documents, key=lambda document: document[1])
    for number, (row, part, grams, beside) in enumerate(order):
        shared = Counter(other for gram in grams for other in index[gram] if order[other][1] < part and order[other][3] == beside)
        if any(count >= least * (len(grams) + len(order[other][2]) - count) for other, count in shared.items()):
            found.add(row)
        for gram in grams:
            index[gram].append(number)
    return found


def equal(keys: Iterable[tuple[int, int, str | None]]) -> set[int]:
    """Rows whose key an earlier part has. keys: row, part, key."""
    first: dict[str, int] = {}
    every = [(row, part, key) for row, part, key in keys if key is not None]
    for _, part, key in every:
        first[key] = min(part, first.get(key, part))
    return {row for row, part, key in every if first[key] < part}


def continued(parts: Sequence[Sequence[Row]]) -> set[int]:
    """Rows that continue a conversation of another part, or that one of another part continues, in the later part."""
    chains = [
        (part, tuple((turn["role"], tuple(words(text_of(turn.get("content"))))) for turn in spoken(row))) for part, rows in enumerate(parts) for row in rows
    ]
    whole_ = defaultdict(list)
    for number, (_, chain) in enumerate(chains):
        if chain and chain[-1][0] == "assistant":
            whole_[chain].append(number)
    found = set()
    for number, (part, chain) in enumerate(chains):
        for end in range(1, len(chain) + 1):
            for other in whole_.get(chain[:end], ()):
                if chains[other][0] != part:
                    found.add(max((chains[other][0], other), (part, number))[1])
    return found


def leaks(parts: Sequence[Sequence[Row]], threshold: float = 0.8, keys: Sequence[str] = ()) -> dict[str, int]:
    """How many rows of a later part leak, by kind."""
    rows = [(part, row) for part, some in enumerate(parts) for row in some]
    runs = shared_runs([row for _, row in rows])
    given = [(at, part, json.dumps({key: row[key] for key in GIVEN if key in row}, sort_keys=True)) for at, (part, row) in enumerate(rows)]
    texts = [(at, part, shingles(whole(row, runs)), attachments(row)) for at, (part, row) in enumerate(rows)]
    said_ = [(at, part, shingles(answer), "") for at, (part, row) in enumerate(rows) for answer in answers(row)]
    keyed = [equal((at, part, json.dumps(row[key]) if key in row else None) for at, (part, row) in enumerate(rows)) for key in keys]
    return {
        "copy": len(equal(given)),
        "near-copy": len(near([text for text in texts if text[2]], threshold)),
        "same question": len(equal((at, part, question(row)) for at, (part, row) in enumerate(rows))),
        "continuation": len(continued(parts)),
        "shared key": len(set[int]().union(*keyed)),
        "same answer": len(near(said_, threshold)),
    }


def leaks_in(folder: Path, threshold: float = 0.8, keys: Sequence[str] = ()) -> dict[str, int]:
    """The same for a folder of splits."""
    names = ("train", "validation", "test")
    return leaks([[json.loads(line) for line in (folder / f"{name}.jsonl").read_bytes().splitlines()] for name in names], threshold, keys)
