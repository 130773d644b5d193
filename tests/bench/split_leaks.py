"""How much leaks across a plain random split of real data, beside `curate split`; counted here, without any code of the
project.

    python tests/bench/split_leaks.py FOLDER [--seeds 3] [--least 100]     each file below FOLDER with so many examples
    python tests/bench/split_leaks.py --count OUT                          a folder that holds splits

The definition of a leak is docs/leaks.md. `curate split` runs as a process of its own. For the plain split, the lines
that it kept are shuffled and cut 80/10/10, as `train_test_split` does it. Prints the share of held-out examples with a
leak into an earlier split, by kind: means over the seeds. Shared texts that the manifest names are exempt in both; the
last column has the number of their runs of words.
"""

import argparse
import hashlib
import json
import random
import re
import statistics
import subprocess
import sys
import tempfile
import unicodedata
from collections import Counter, defaultdict
from collections.abc import Callable, Collection, Hashable, Iterator, Mapping, Sequence
from html.entities import html5
from itertools import product
from pathlib import Path
from typing import Any, Final

Row = dict[str, Any]
Splits = Mapping[str, Sequence[Row]]
Shingles = frozenset[tuple[str, ...]]

NAMES: Final = ("train", "validation", "test")
KINDS: Final = ("L001", "L002", "L003", "L005", "L011", "L012", "L013", "L014", "L015")
ATTACHED: Final = ("images", "image", "audios", "audio", "videos", "video", "documents", "chat_template_kwargs")
TEXTS: Final = (
    "messages", "conversations", "system", "tools", "functions", "chosen", "rejected", "preferred_output",
    "non_preferred_output", "label", "prompt", "completion", "input",
)  # fmt: skip
SIDES: Final = ("rejected", "non_preferred_output", "rejected_messages", "response_k", "rejected_response")
REASONING: Final = ("reasoning_content", "reasoning", "thinking")
SPEAKERS: Final = {"human": "user", "user": "user", "gpt": "assistant", "assistant": "assistant", "system": "system"}
UNSPACED: Final = r"\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u2e80-\u9fff\uac00-\ud7af\uf900-\ufaff\U00020000-\U0003ffff"
UNSPACED_CHAR: Final = re.compile(f"[{UNSPACED}]")
PIECE: Final = re.compile(rf"[{UNSPACED}]|[^\s{UNSPACED}]+")
UNSEEN: Final = dict.fromkeys(
    code
    for first, last in (
        (0xAD, 0xAD), (0x34F, 0x34F), (0x61C, 0x61C), (0x115F, 0x1160), (0x17B4, 0x17B5), (0x180B, 0x180F),
        (0x200B, 0x200F), (0x202A, 0x202E), (0x2060, 0x206F), (0x3164, 0x3164), (0xFE00, 0xFE0F), (0xFEFF, 0xFEFF),
        (0xFFA0, 0xFFA0), (0xFFF0, 0xFFFB), (0x1BCA0, 0x1BCA3), (0x1D173, 0x1D17A), (0xE0000, 0xE0FFF),
    )
    for code in range(first, last + 1)
)  # fmt: skip
LOOKALIKES: Final = str.maketrans(
    "\u0430\u0432\u0435\u043a\u043c\u043d\u043e\u0440\u0441\u0442"
    "\u0443\u0445\u0456\u0458\u0455\u0501\u051b\u051d\u04cf\u03bf",
    "abekmhopctyxijsdqwlo",
)
RUN, SHARED, OWN, THRESHOLD = 8, 40, 5, 0.8
FIRST_TURN, QUESTION, BLOCK, LETTERS, REQUEST = 8, 6, 30, 3, 3
SENTENCE: Final = re.compile(r"(?<=[.!?\u061f\u0964] )|(?<=[\u3002\uff01\uff1f])")
UNLABELLED: Final = re.compile(
    r"^[ \t(\[*>\uff08-]*([0-9\uff10-\uff19]{1,2}|[A-Za-z\uff21-\uff3a\uff41-\uff5a\u0391-\u03c9\u0410-\u044f])"
    r"[.):\]\u3001\uff09\uff0e\uff1a](?=$|[ \t\r\xa0\u3000]|[\u3040-\u30ff\u4e00-\u9fff\uac00-\ud7bf])"
)
TAG: Final = re.compile("<(/?[a-zA-Z][a-zA-Z0-9]*|!)[^<>]*>")
IN_LINES: Final = (
    "a abbr b big cite code del em font i ins kbd mark q s small span strike strong sub sup tt u var".split()  # noqa: SIM905
)
LINE_LABEL: Final = re.compile("^[ \t>|]*[\\[(]?[Ll]?[0-9][0-9:.,]*(?:[\\])|\u2192\t]|[ \t]+[|\u2192]|(?<=[:.]) )")
FACTS: Final = {
    "no", "not", "never", "nor", "none", "nothing", "nobody", "neither", "without", "cannot", "cant",
    "dont", "doesnt", "didnt", "isnt", "arent", "wasnt", "werent", "wont", "wouldnt", "shouldnt",
    "couldnt", "hasnt", "havent", "hadnt", "nicht", "kein", "keine", "keinen", "keinem", "keiner",
    "keines", "nie", "niemals", "ohne", "nichts", "pas", "jamais", "sans", "non", "aucun", "aucune",
    "nunca", "sin", "nada", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten",
    "eleven", "twelve", "thirteen", "fourteen", "fifteen", "sixteen", "seventeen", "eighteen", "nineteen",
    "twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety", "hundred", "thousand",
    "million", "billion", "trillion", "first", "second", "third", "fourth", "fifth", "sixth", "seventh",
    "eighth", "ninth", "tenth",
}  # fmt: skip


def folded(text: str) -> str:
    """A text without what shows nothing, normalized; look-alike letters are Latin, a Turkish capital İ is i, and so is
    i with a dot above.
    """
    plain = unicodedata.normalize("NFKC", text.translate(UNSEEN)).casefold()
    if "i\u0307" in plain:
        plain = unicodedata.normalize("NFKC", re.sub("i\u0307+", "i", plain))
    return plain.translate(LOOKALIKES)


SMALL: Final = set(map(folded, (
    "a", "an", "the", "please", "kindly", "der", "die", "das", "den", "dem", "des", "ein", "eine", "einen",
    "einem", "einer", "eines", "bitte", "le", "la", "les", "l", "un", "une", "el", "los", "las", "il",
    "lo", "una", "hi", "hello", "hey", "thanks", "hallo", "danke", "bonjour", "salut", "merci", "hola", "gracias",
    "ciao", "grazie", "olá",
    "greetings", "pls", "thx", "servus", "moin", "szia", "sziasztok", "helló", "üdv", "üdvözlöm", "kérem", "kérlek",
    "köszönöm", "cześć", "hej", "witam", "proszę", "dziękuję", "ahoj", "prosím", "děkuji", "ďakujem", "привет",
    "здравствуйте", "здравствуй", "пожалуйста", "спасибо", "привіт", "дякую", "merhaba", "selam", "lütfen",
    "teşekkürler", "hoi", "alstublieft", "alsjeblieft", "bedankt", "hei", "tack", "takk", "kiitos", "mulțumesc",
    "γεια", "παρακαλώ", "ευχαριστώ", "obrigado", "obrigada", "xin", "chào", "halo", "tolong", "नमस्ते", "कृपया",
    "धन्यवाद", "שלום", "בבקשה", "תודה", "مرحبا", "شكرا", "سلام", "لطفا",
)))  # fmt: skip


def words(text: str) -> list[str]:
    """The words of a text, folded."""
    text = folded(text)
    if text.isascii():
        return re.findall(r"\w+", text)
    kept = "".join(
        char if char.isalnum() or char == "_" or unicodedata.category(char)[0] == "M" else " " for char in text
    )
    return [word for run in kept.split() for word in (run if UNSPACED_CHAR.search(run) else [run])]


def phrases_of(page: Path) -> frozenset[str]:
    """The words of the phrases that the page lists in its block of parts, alternatives between slashes."""
    lines = page.read_text(encoding="utf-8").split("```text\ncan/")[1].split("```")[0].splitlines()
    spelled = (part for line in ("can/" + lines[0], *lines[1:]) for part in product(*map(parts_of, line.split())))
    return frozenset(" ".join(words(" ".join(parts))) for parts in spelled)


def parts_of(alternatives: str) -> list[str]:
    """The alternatives of a part of a phrase."""
    return [part.replace("_", " ").strip("-") for part in alternatives.split("/")]


PHRASES: Final = phrases_of(Path(__file__).parents[2] / "docs/leaks.md")


def shingles(tokens: Sequence[str]) -> Shingles:
    """Runs of three words."""
    return frozenset(tuple(tokens[at : at + 3]) for at in range(max(1, len(tokens) - 2))) if tokens else frozenset()


def text_of(content: Any) -> str:
    """The text of a turn's content."""
    if not isinstance(content, list):
        return content if isinstance(content, str) else ""
    texts = [
        part if isinstance(part, str) else part.get("text") or part.get("value") or part.get("refusal")
        for part in content
    ]
    return "\n".join(text for text in texts if isinstance(text, str))


def arguments_of(call: Row) -> str:
    """The arguments of a call, with sorted keys where they are JSON."""
    try:
        return json.dumps(json.loads(call.get("arguments", "")), sort_keys=True, ensure_ascii=False)
    except (TypeError, ValueError):
        return str(call.get("arguments", ""))


def calls_of(turn: Row) -> list[str]:
    """The calls of a turn."""
    calls = [
        call["function"]
        for call in turn.get("tool_calls") or []
        if isinstance(call, dict) and isinstance(call.get("function"), dict)
    ]
    return [f"{call.get('name', '')} {arguments_of(call)}" for call in calls]


def said(turn: Row) -> str:
    """The text of a turn, then its calls."""
    return "\n".join([text_of(turn.get("content")), *calls_of(turn)])


def other_side(side: Any) -> str:
    """The text of the worse answer of a pair."""
    turns = side if isinstance(side, list) else [side]
    return (
        side
        if isinstance(side, str)
        else "\n".join(text_of(turn.get("content", turn.get("value"))) for turn in turns if isinstance(turn, dict))
    )


def turns_of(row: Row) -> list[Row]:
    """The turns without system prompts."""
    return [turn for turn in every_turn(row) if turn.get("role") not in ("system", "developer")]


def every_turn(row: Row) -> list[Row]:
    """The turns: messages, or the prompt and the better side of a pair."""
    turns = row.get("messages")
    if turns is None:
        inside = row["input"].get("messages") if isinstance(row.get("input"), dict) else row.get("conversations")
        asked = "\n\n".join(
            row[key]
            for key in ("instruction", "question", "input")
            if isinstance(row.get(key), str) and row[key].strip()
        )
        prompt = row.get("prompt", inside) or asked
        better = row.get("completion", row.get("chosen", row.get("preferred_output"))) or []
        turns = [{"role": "user", "content": prompt}] if isinstance(prompt, str) else list(prompt)
        turns += (
            [{"role": "assistant", "content": better}]
            if isinstance(better, str)
            else [better]
            if isinstance(better, dict)
            else better
        )
    system = [{"role": "system", "content": row["system"]}] if row.get("system") and "messages" not in row else []
    return system + [
        turn if "role" in turn else {"role": SPEAKERS.get(turn.get("from"), "tool"), "content": turn.get("value")}
        for turn in turns
    ]


def runs_in(text: str) -> set[tuple[str, ...]]:
    """The runs of 30 words of a text from the beginning of a line or a sentence on, or up to the end of a line."""
    tokens: list[str] = []
    starts: set[int] = set()
    for line in text.split("\n"):
        for sentence in SENTENCE.split(line):
            starts.add(len(tokens))
            tokens += words(sentence)
        starts.add(len(tokens) - BLOCK)
    return {tuple(tokens[at : at + BLOCK]) for at in starts if 0 <= at <= len(tokens) - BLOCK}


def unmarked(text: str) -> str:
    """A text without escapes, tags, character references, targets of links, labels of lines and `_emphasis_`."""

    def escaped(match: re.Match[str]) -> str:
        signs = {"n": "\n", "r": "\n", "t": "\t", "\\": "\\"}
        return code_point(match[1], 16) if match[1] else signs.get(match[2], " ")

    def referred(match: re.Match[str]) -> str:
        name = match[1]
        if name[0] != "#":
            return html5.get(f"{name};", match[0])
        return code_point(name[2:], 16) if name[1] in "xX" else code_point(name[1:], 10)

    text = re.sub(r"\\(?:u([\da-fA-F]{4})|([\\nrtbf]))", escaped, text, flags=re.ASCII)
    text = re.sub(TAG, lambda tag: "" if tag[1].lower().strip("/") in IN_LINES else "\n", text)
    text = re.sub(r"&([a-zA-Z][a-zA-Z0-9]{1,31}|#[0-9]{1,7}|#[xX][0-9a-fA-F]{1,6});", referred, text)
    text = re.sub(r"\]\([^()\n]*\)", "]", text)
    text = "\n".join(re.sub(LINE_LABEL, "", line) for line in text.split("\n"))
    return re.sub(r"(?<!\w)_+|_+(?!\w)", " ", text)


def code_point(digits: str, base: int) -> str:
    """A character by its number; a space for NUL, a surrogate and a number too large."""
    number = int(digits, base)
    return " " if number == 0 or number in range(0xD800, 0xE000) or number > 0x10FFFF else chr(number)


def strings_in(value: Any) -> list[str]:
    """All strings in a value."""
    if isinstance(value, str):
        return [value]
    inside = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return [text for part in inside for text in strings_in(part)]


def digest(run: Sequence[str]) -> str:
    """How a manifest names words."""
    return hashlib.blake2b(" ".join(run).encode(), digest_size=8).hexdigest()


def without_a_letter(word: str) -> set[str]:
    """What a word may be with a letter left out, or none; nothing where another word is another fact."""
    if len(word) < LETTERS or word in FACTS or any(char.isnumeric() or char == "_" for char in word):
        return set()
    return {word} | {word[:at] + word[at + 1 :] for at in range(len(word))}


def behind_phrase(question: Sequence[str]) -> list[str]:
    """The words of a question without small words and the phrase of the request before it."""
    for at in range(4):
        ends = [end for end in range(at + 16, at, -1) if " ".join(question[at:end]) in PHRASES]
        if ends and SMALL.issuperset(question[:at]):
            return [word for word in question[ends[0] :] if word not in SMALL]
    return [word for word in question if word not in SMALL]


def nearly_equal(one: Sequence[str], other: Sequence[str]) -> bool:
    """Whether two questions are the same but for small words and the spelling of one word, or a phrase."""
    left, right = ([word for word in question if word not in SMALL] for question in (one, other))
    behind = behind_phrase(one), behind_phrase(other)
    if behind[0] == behind[1] and len(behind[0]) >= REQUEST and behind != (left, right):
        return True
    if min(len(one), len(other)) < QUESTION or len(left) != len(right):
        return False
    if len({*one} & {*other}) < THRESHOLD * len({*one} | {*other}) - 1e-9:
        return False
    pairs = [pair for pair in zip(left, right, strict=True) if pair[0] != pair[1]]
    return not pairs or (
        len(pairs) == 1
        and max(map(len, pairs[0])) > LETTERS
        and bool(without_a_letter(pairs[0][0]) & without_a_letter(pairs[0][1]))
    )


def near_questions(seen: Sequence["Seen"]) -> Iterator[int]:
    """Numbers of those with nearly the question of an earlier split."""
    known: dict[tuple[Any, ...], list[Seen]] = defaultdict(list)
    for number, one in enumerate(seen):
        content, request = [word for word in one.asked if word not in SMALL], behind_phrase(one.asked)
        keys = {(one.beside, len(content), at, *content[:at], None, *content[at + 1 :]) for at in range(len(content))}
        keys |= {(one.beside, *content), (one.beside, "request", *request)}
        others = [other for key in keys for other in known[key]]
        if any(o.rank < one.rank and o.asked != one.asked and nearly_equal(one.asked, o.asked) for o in others):
            yield number
        for key in keys:
            known[key].append(one)


def files_of(turns: Sequence[Row]) -> list[Any]:
    """The parts of messages that are more than text."""
    parts = [part for turn in turns if isinstance(turn.get("content"), list) for part in turn["content"]]
    return [
        part
        for part in parts
        if isinstance(part, dict) and part.keys() - {"type", "text", "value", "refusal", "cache_control", "annotations"}
    ]


def answers_of(turns: Sequence[Row]) -> list[list[str]]:
    """The words of the answers of 20 words and more: all assistant turns together and, of several, each."""
    turns = [turn for turn in turns if turn.get("role") == "assistant"]
    answers = [words(said(turn)) for turn in turns]
    every = [words("\n".join(map(said, turns))), *(answers if len(answers) > 1 else [])]
    return [answer for answer in every if len(answer) >= 20]


def single_answers_of(turns: Sequence[Row]) -> list[list[str]]:
    """The words of each assistant turn and of each reasoning of 20 words and more."""
    turns = [turn for turn in turns if turn.get("role") == "assistant"]
    answers = [words(said(turn)) for turn in turns]
    answers += [words(turn[key]) for turn in turns for key in REASONING if isinstance(turn.get(key), str)]
    return [answer for answer in answers if len(answer) >= 20]


class Seen:
    """What the table compares of one example."""

    def __init__(self, row: Row, rank: int) -> None:
        """`rank`: number of its split."""
        self.rank, turns = rank, turns_of(row)
        self.turns = turns
        self.beside = json.dumps([{key: row[key] for key in ATTACHED if row.get(key)}, files_of(turns)], sort_keys=True)
        self.copy = json.dumps({key: row[key] for key in (*TEXTS, *ATTACHED) if key in row}, sort_keys=True)
        asked = [text_of(turn.get("content")) for turn in turns if turn.get("role") == "user"]
        tokens = [word for text in asked for word in words(text)] or folded("\n".join(asked)).split()
        self.question = (self.beside, *tokens) if asked else None
        self.asked = tokens if asked else []
        lines = [words(UNLABELLED.sub("", line.translate(UNSEEN))) for text in asked for line in text.split("\n")]
        lines = sorted(filter(None, lines))
        enough = len(lines) >= 3 and sum(map(len, lines)) >= QUESTION
        self.lines = (self.beside, *map(tuple, lines)) if enough else None
        first = words(asked[0]) if asked else []
        self.first = (self.beside, *first) if len(first) >= FIRST_TURN else None
        passages = [text_of(turn["content"]) for turn in every_turn(row) if turn["role"] != "assistant"]
        passages += ["\n".join(calls_of(turn)) for turn in turns if turn["role"] == "assistant"]
        passages += strings_in(row.get("documents"))
        self.runs = {run for passage in passages for text in (passage, unmarked(passage)) for run in runs_in(text)}
        self.chain = [(str(turn.get("role")), *words(said(turn))) for turn in turns]
        self.whole_chain = tuple(self.chain) if turns and turns[-1].get("role") == "assistant" else None
        self.single = [tuple(answer) for answer in single_answers_of(turns)]
        long = [answer for answer in self.single if len(answer) >= BLOCK]
        self.answer_runs = {run for answer in long for run in (answer[:BLOCK], answer[-BLOCK:])} - self.runs
        self.answers = [shingles(answer) for answer in {*map(tuple, answers_of(turns)), *self.single}]
        self.sides = [other_side(row[key]) for key in SIDES if key in row]
        self.pieces = [
            PIECE.findall(text_of(turn.get("content"))) if turn.get("role") == "user" else [] for turn in turns
        ]

    def open_first(self, exempt: Collection[str]) -> Hashable | None:
        """The first user turn, if it is not exempt."""
        return self.first if self.first and digest(self.first[1:]) not in exempt else None

    def begun(self) -> Iterator[tuple[Hashable, ...]]:
        """What of the conversation could be another one."""
        for end in range(1, len(self.chain)):
            yield tuple(self.chain[:end])

    def whole(self, shared: set[tuple[str, ...]]) -> Shingles:
        """Shingles of the whole text, without shared instructions where enough is left."""
        marks = []
        for pieces in self.pieces:
            inside = ["."] * len(pieces)
            for at in range(len(pieces) - RUN + 1):
                if tuple(pieces[at : at + RUN]) in shared:
                    inside[at : at + RUN] = ["x"] * RUN
            marks.append("".join(inside))
        own = max((len(run) for mark in marks for run in mark.split("x")), default=0)
        cut = own >= OWN and sum(mark.count("x") for mark in marks) >= SHARED
        texts = []
        for turn, pieces, mark in zip(self.turns, self.pieces, marks, strict=True):
            left = [piece for piece, at in zip(pieces, mark, strict=True) if at == "."]
            texts.append(" ".join(left) if cut and pieces else said(turn))
        return shingles(words("\n".join([*texts, *self.sides])))


def near(sets: Sequence[tuple[int, int, Shingles]]) -> Iterator[tuple[int, int]]:
    """Pairs of numbers, the later split's first, whose sets have a Jaccard similarity at or above the threshold; of
    each set its split, its number, itself.
    """
    index: dict[tuple[str, ...], list[int]] = defaultdict(list)
    for at, (rank, number, grams) in enumerate(sets):
        shared = Counter(other for gram in grams for other in index[gram] if sets[other][0] < rank)
        yield from (
            (number, sets[other][1])
            for other, count in shared.items()
            if count >= THRESHOLD * len(grams | sets[other][2]) - 1e-9
        )
        for gram in grams:
            index[gram].append(at)


def equal(keys: Sequence[Hashable | None], ranks: Sequence[int]) -> Iterator[int]:
    """Numbers of those whose key an earlier split has."""
    first: dict[Hashable, int] = {}
    for number, key in enumerate(keys):
        if key is not None and first.setdefault(key, ranks[number]) < ranks[number]:
            yield number


def continued(seen: Sequence[Seen]) -> Iterator[int]:
    """Numbers of those that go on from a conversation of an earlier split, or that one of an earlier split goes on
    from.
    """
    whole: dict[Hashable, int] = {}
    begun: dict[Hashable, int] = {}
    for number, one in enumerate(seen):
        if (one.whole_chain and begun.get(one.whole_chain, one.rank) < one.rank) or any(
            whole.get(key, one.rank) < one.rank for key in one.begun()
        ):
            yield number
        if one.whole_chain:
            whole.setdefault(one.whole_chain, one.rank)
        for key in one.begun():
            begun.setdefault(key, one.rank)


def cut(seen: Sequence["Seen"]) -> Iterator[int]:
    """Numbers of those with an answer that begins or ends a longer one of an earlier split, or the reverse."""
    sizes: dict[tuple[bool, tuple[str, ...]], set[int]] = defaultdict(set)
    for one in seen:
        for answer in one.single:
            sizes[False, answer[:20]].add(len(answer))
            sizes[True, answer[-20:]].add(len(answer))
    whole: dict[tuple[str, ...], int] = {}
    parts: dict[tuple[str, ...], int] = {}
    for number, one in enumerate(seen):
        cuts = {answer[:size] for answer in one.single for size in sizes[False, answer[:20]] if size < len(answer)}
        cuts |= {answer[-size:] for answer in one.single for size in sizes[True, answer[-20:]] if size < len(answer)}
        if any(whole.get(part, one.rank) < one.rank for part in cuts) or any(
            parts.get(answer, one.rank) < one.rank for answer in one.single
        ):
            yield number
        for answer in one.single:
            whole.setdefault(answer, one.rank)
        for part in cuts:
            parts.setdefault(part, one.rank)


def shared_runs(seen: Sequence["Seen"], exempt: Collection[str]) -> Iterator[int]:
    """Numbers of those with a run of words of an earlier split that is not exempt; a run that only answers have is
    none.
    """
    first: dict[tuple[str, ...], int] = {}
    every = {run for one in seen for run in one.runs}
    for number, one in enumerate(seen):
        runs = [run for run in (*one.runs, *(one.answer_runs & every)) if first.setdefault(run, one.rank) < one.rank]
        if any(digest(run) not in exempt for run in runs):
            yield number


def leaks(
    splits: Splits,
    source: Callable[[Row], Hashable | None] = lambda _: None,
    exempt: Collection[str] = (),
) -> dict[str, set[int]]:
    """By kind, the held-out examples that leak; numbered through all of `splits`, which stand in the order of training.
    `source`: a key of each row; `exempt`: digests of shared texts that a manifest names.
    """
    rows = [(row, rank) for rank, part in enumerate(splits.values()) for row in part]
    seen = [Seen(row, rank) for row, rank in rows]
    ranks = [one.rank for one in seen]
    counts = Counter(
        run for one in seen for run in {tuple(p[at : at + RUN]) for p in one.pieces for at in range(len(p) - RUN + 1)}
    )
    shared = {run for run, count in counts.items() if count >= max(20, 0.05 * len(seen))}
    alike = near([(one.rank, number, one.whole(shared)) for number, one in enumerate(seen)])
    answered = near([(one.rank, number, answer) for number, one in enumerate(seen) for answer in one.answers])
    return {
        "L001": set(equal([one.copy for one in seen], ranks)),
        "L002": {later for later, earlier in alike if seen[later].beside == seen[earlier].beside},
        "L003": {*equal([one.question for one in seen], ranks), *equal([one.lines for one in seen], ranks)},
        "L005": {*continued(seen), *equal([source(row) for row, _ in rows], ranks)},
        "L011": {later for later, _ in answered},
        "L012": set(
            equal([one.first if digest((one.first or ("",))[1:]) not in exempt else None for one in seen], ranks)
        ),
        "L013": set(near_questions(seen)),
        "L014": set(shared_runs(seen, exempt)),
        "L015": set(cut(seen)),
    }


def exempt_in(folder: Path) -> set[str]:
    """The digests of shared texts that the manifest of a folder names."""
    path = folder / "manifest.json"
    texts = json.loads(path.read_bytes())["shared_texts"] if path.exists() else []
    return {run for text in texts for run in text["runs"]}


def rows_in(folder: Path) -> dict[str, list[Row]]:
    """The splits of a folder."""
    files = {name: folder / f"{name}.jsonl" for name in NAMES}
    return {
        name: [json.loads(line) for line in path.read_bytes().split(b"\n") if line.strip()]
        for name, path in files.items()
        if path.exists()
    }


def shares(splits: Splits, exempt: Collection[str]) -> list[float]:
    """Share of held-out examples that leak, in all and by kind, and the share of examples that is held out."""
    found, total = leaks(splits, exempt=exempt), sum(map(len, splits.values()))
    held = total - len(splits.get("train", ()))
    leaking = len(set().union(*found.values()))
    return [*(count / max(1, held) for count in (leaking, *(len(found[kind]) for kind in KINDS))), held / max(1, total)]


def plain(splits: Splits, seed: int) -> Splits:
    """The same rows, shuffled and cut."""
    rows = [row for part in splits.values() for row in part]
    random.Random(seed).shuffle(rows)
    ends = [0, int(len(rows) * 0.8), int(len(rows) * 0.9), len(rows)]
    return {name: rows[ends[at] : ends[at + 1]] for at, name in enumerate(NAMES)}


def split(path: Path, seed: int) -> tuple[dict[str, list[Row]], set[str]]:
    """What `curate split` makes of a file, and the digests of exempt runs of words; nothing where it does not."""
    with tempfile.TemporaryDirectory() as out:
        command = [
            sys.executable,
            "-m",
            "curate",
            "split",
            str(path),
            "-o",
            f"{out}/splits",
            "--seed",
            str(seed),
            "--quiet",
        ]
        ran = subprocess.run(command, capture_output=True, check=False)
        folder = Path(out) / "splits"
        return (rows_in(folder), exempt_in(folder)) if ran.returncode < 2 else ({}, set())


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--least", type=int, default=100, help="examples of the smallest file that is looked at")
    parser.add_argument("--count", action="store_true", help="the folder holds splits: count their leaks")
    args = parser.parse_args()
    if not args.count and (args.folder / "manifest.json").exists():
        parser.error(f"{args.folder} holds splits; add --count")
    print(f"{'':60}  leaks   {'   '.join(KINDS)}  held out  exempt runs")
    if args.count:
        exempt = exempt_in(args.folder)
        print_shares(args.folder.name, [[*shares(rows_in(args.folder), exempt), len(exempt)]])
        return
    for path in sorted(path for path in args.folder.rglob("*.json*") if path.is_file()):
        found: dict[str, list[list[float]]] = {"plain": [], "curate": []}
        for seed in range(args.seeds):
            splits, exempt = split(path, seed)
            if sum(map(len, splits.values())) < args.least:
                break
            found["plain"].append([*shares(plain(splits, seed), exempt), len(exempt)])
            found["curate"].append([*shares(splits, exempt), len(exempt)])
        for name, several in found.items():
            if several:
                print_shares(f"{name:7}{path.name}", several)


def print_shares(name: str, several: Sequence[Sequence[float]]) -> None:
    """Print a row: the means of several counts."""
    *columns, exempt = map(statistics.mean, zip(*several, strict=True))
    print(f"{name:59.59} " + " ".join(f"{value:6.1%}" for value in columns) + f"{exempt:9.0f}", flush=True)


if __name__ == "__main__":
    main()
