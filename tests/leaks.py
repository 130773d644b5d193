"""Data sets with leaks of one kind of docs/leaks.md waiting in them, and single leaks to plant into splits that were
written.
"""

import json
import random
from collections.abc import Callable, Sequence
from typing import Any, Final

Row = dict[str, Any]

VOCABULARY: Final = [
    a + b + c
    for a in ("ba", "do", "ki", "lu", "me", "no", "ra", "su")
    for b in ("ber", "dam", "fin", "gol", "hep")
    for c in ("a", "en", "is", "o", "ur")
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
    """The same words in another case, spacing, punctuation and with Cyrillic letters."""
    cyrillic = words.translate(str.maketrans("aeopcxyT", "\u0430\u0435\u043e\u0440\u0441\u0445\u0443\u0422"))
    return rng.choice(
        [
            words,
            words.upper(),
            words.replace(" ", "  "),
            words.capitalize() + "?",
            words.replace(" ", ", ", 1),
            cyrillic,
        ]
    )


def row(*turns: str, system: str = "", **keys: Any) -> Row:
    """A conversation that begins with the user."""
    messages = [{"role": "system", "content": system}] if system else []
    messages += [{"role": ("user", "assistant")[at % 2], "content": turn} for at, turn in enumerate(turns)]
    return {"messages": messages, **keys}


def fresh(rng: random.Random, answered: int = 30) -> Row:
    """An example that shares nothing with any other one, with so many words in its answer."""
    return row(text(rng, 14), text(rng, answered), system=rng.choice(SYSTEMS), metadata={"source": text(rng, 6)})


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
    return row(
        text(rng, 14),
        edited(rng, said(one)[-1], rng.randrange(2)),
        system=rng.choice(SYSTEMS),
        metadata={"source": text(rng, 6)},
    )


def question(rng: random.Random, one: Row) -> Row:
    """The same question under another system prompt, with another answer."""
    return row(spelled(rng, said(one)[0]), text(rng, 30), system=rng.choice(SYSTEMS), metadata={"source": text(rng, 6)})


def options(rng: random.Random, one: Row) -> Row:
    """The same question with its options in another order; of a question without options, with three new ones."""
    asked, *lines = said(one)[0].split("\n")
    choices = [line.split(" ", 1)[1] for line in lines] or [text(rng, 3) for _ in range(3)]
    rng.shuffle(choices)
    label = rng.choice(("{})", "({})", "{}.", "- {}:", "\uff08{}\uff09", "{}\u3001"))
    lettered = [
        f"{label.replace(' ', '').format(letter)} {choice}" for letter, choice in zip("ABC", choices, strict=True)
    ]
    return row("\n".join([spelled(rng, asked), *lettered]), text(rng, 30), system=rng.choice(SYSTEMS))


def continuation(rng: random.Random, one: Row) -> Row:
    """The same conversation, which goes on."""
    turns = [spelled(rng, turn) for turn in said(one)]
    return row(*turns, text(rng, 30), text(rng, 15), system=rng.choice(SYSTEMS), metadata={"source": text(rng, 6)})


def key(rng: random.Random, one: Row) -> Row:
    """Another example from the same source."""
    return fresh(rng) | {"metadata": one["metadata"]}


def first_turn(rng: random.Random, one: Row) -> Row:
    """The same first question with other answers and another follow-up."""
    return row(spelled(rng, said(one)[0]), text(rng, 30), text(rng, 9), text(rng, 30), system=rng.choice(SYSTEMS))


def near_question(rng: random.Random, one: Row) -> Row:
    """The same question with a typing error or a polite word more, with another answer."""
    words = said(one)[0].split()
    at = rng.randrange(len(words))
    place = rng.randrange(len(words[at]) - 1)
    left, pair, right = words[at][:place], words[at][place : place + 2], words[at][place + 2 :]
    words[at] = rng.choice([left + pair[0] + right, left + pair[::-1] + right, left + pair + "q" + right])
    asked = " ".join(words) if rng.random() < 0.8 else f"Please, {said(one)[0]}"
    return row(asked, text(rng, 30), system=rng.choice(SYSTEMS))


def cut(rng: random.Random, one: Row) -> Row:
    """The beginning or the end of an answer, to another question."""
    words = said(one)[-1].split()
    size = rng.randrange(20, 23)
    part = " ".join(words[:size] if rng.random() < 0.5 else words[-size:])
    return row(text(rng, 14), spelled(rng, part), system=rng.choice(SYSTEMS), metadata={"source": text(rng, 6)})


def with_document(rng: random.Random, one: Row) -> Row:
    """An example with a document of its own in its system prompt."""
    return row(*said(one), system=text(rng, rng.choice([30, 44])), metadata=one["metadata"])


def marked(rng: random.Random, passage: str) -> str:
    """A text as it is, or as HTML, Markdown, JSON, a quotation, or with numbers or times before its lines."""
    kind, pieces = rng.randrange(8), passage.split(" ")
    if kind == 1:
        names = rng.choices(["b", "td", "a", "h2", "code"], k=len(pieces))
        return "<p>" + " ".join(f"<{name} id=x>{piece}</{name}>" for name, piece in zip(names, pieces, strict=True))
    if kind == 2:
        return " ".join(rng.choice(["_{}_", "[{}](https://a.example/b)", "**{}**"]).format(piece) for piece in pieces)
    if kind == 3:
        return json.dumps({"text": passage.replace(" ", "\n", 3)})
    if kind == 4:
        return "&nbsp;".join(pieces) + "&#33; &foo;"
    if kind > 4:
        labels = rng.choice(["{:6}\t{}", "{}: {}", "[00:{}] {}", "L{} | {}", "{}) {}", "> {}\u2192{}", "({}.5) {}"])
        lines = [" ".join(pieces[start : start + 7]) for start in range(0, len(pieces), 7)]
        return "\n".join(labels.format(number, line) for number, line in enumerate(lines, 1))
    return passage


def document(rng: random.Random, one: Row) -> Row:
    """Another example about the same document: in the system prompt, before or after the question, from a tool, beside
    the conversation, in a call, or as the answer.
    """
    passage, other = one["messages"][0]["content"], fresh(rng)
    asked, answered = said(other)
    kind = rng.randrange(7)
    if kind == 6:
        call = {"name": "write", "arguments": json.dumps({"path": text(rng, 1), "text": f"\n{passage}\n"})}
        return {
            "messages": [*row(asked, "")["messages"][:1], {"role": "assistant", "tool_calls": [{"function": call}]}]
        }
    if kind == 5:
        return row(asked, f"{passage} {text(rng, 9)}")
    passage = marked(rng, passage)
    if kind == 4:
        return row(asked, answered, documents=[{"title": text(rng, 3), "text": passage}])
    if kind == 3:
        turns = [("user", asked), ("assistant", ""), ("tool", passage), ("assistant", answered)]
        return {"messages": [{"role": role, "content": content} for role, content in turns]}
    questions = (asked, f"{passage}\n\n{asked}", f"{asked} {passage}")
    return row(questions[kind], answered, system="" if kind else passage)


KINDS: Final[dict[str, tuple[str, Callable[[random.Random, Row], Row]]]] = {
    "copy": ("L001", copy),
    "near": ("L002", near),
    "question": ("L003", question),
    "continuation": ("L005", continuation),
    "key": ("L005", key),
    "answer": ("L011", answer),
    "first turn": ("L012", first_turn),
    "near question": ("L013", near_question),
    "document": ("L014", document),
    "cut answer": ("L015", cut),
    "options": ("L003", options),
}
"""By name the code that tells it, and what makes another example that leaks from one."""


def data_set(kind: str, share: float, rng: random.Random, count: int = 120) -> Sequence[Row]:
    """So many examples in random order, of which this share comes from few others by one kind of leak."""
    make = KINDS[kind][1]
    answered = 15 if kind == "continuation" else 30  # an answer of 20 words is compared by itself
    rows = [fresh(rng, answered) for _ in range(count - round(share * count))]
    if kind == "options":
        rows = [options(rng, one) for one in rows]
    if kind == "document":
        rows = [with_document(rng, one) for one in rows]
    sources = rows[:1] if share > 0.04 else rows[:3]
    rows += [make(rng, rng.choice(sources)) for _ in range(max(2, round(share * count)))]
    rng.shuffle(rows)
    return rows


ODD_WORDS: Final = [
    "Lumed",
    "crème",
    "naïve",
    "x_1",
    "GPT模型",
    "用",
    "Python写",
    "ไทย",
    "한국어",
    "fi",
    "ﬁne",
    "İx",
    "ß",
    "42",
    "don't",
]
"""Words of several scripts, and such as are folded."""
INSTRUCTION: Final = " ".join(f"inst{number}" for number in range(60))


def odd(rng: random.Random, count: int) -> str:
    """A text of such words."""
    return " ".join(rng.choices(ODD_WORDS, k=count))


def formed(rng: random.Random, asked: str, answered: str) -> Row:
    """A question and its answer in one of several forms."""
    user: Row = {"role": "user", "content": asked}
    kind = rng.randrange(11)
    if kind == 4:
        return row(asked, answered, odd(rng, 3), rng.choice([answered, odd(rng, 25)]), id=rng.randrange(10**6))
    if kind == 5:
        user["content"] = [
            {"type": "text", "text": asked},
            {"type": "image_url", "image_url": {"url": rng.choice("ab")}},
        ]
        return {"messages": [user, {"role": "assistant", "content": answered}]}
    if kind == 6:
        return {"prompt": asked, "chosen": answered, "rejected": odd(rng, 9)}
    if kind == 7:
        sides = {
            name: {"from": "gpt", "value": text} for name, text in (("chosen", answered), ("rejected", odd(rng, 9)))
        }
        return {"conversations": [{"from": "human", "value": asked}], **sides}
    if kind == 8:
        reasoned = {rng.choice(["reasoning_content", "reasoning", "thinking"]): answered}
        return {"messages": [user, {"role": "assistant", "content": odd(rng, 4), **reasoned}]}
    if kind == 9:
        reasoned_sides = {
            name: [{"role": "assistant", "content": odd(rng, 5), "reasoning_content": text}]
            for name, text in (("chosen", answered), ("rejected", odd(rng, 30)))
        }
        return {"prompt": [user], **reasoned_sides}
    if kind == 10:
        call = {"type": "function", "function": {"name": "look", "arguments": json.dumps({"text": answered})}}
        return {"messages": [user, {"role": "assistant", "content": odd(rng, 2), "tool_calls": [call]}]}
    images = {"images": [rng.choice(["a.png", "b.png"])]} if kind == 3 else {}
    return row(asked, answered, system=rng.choice(SYSTEMS), id=rng.randrange(10**6), **images)


def mixture(rng: random.Random, count: int, share: float, *, instructed: bool) -> list[Row]:
    """Examples in many forms, of which this share has a question or an answer of others, and some the same instruction
    before their question.
    """
    pool = [(odd(rng, rng.randrange(1, 12)), odd(rng, rng.choice([3, 12, 20, 22, 30]))) for _ in range(12)]
    rows = []
    for _ in range(count):
        asked, answered = (
            " ".join(f"w{rng.randrange(10**7)}" for _ in range(size)) for size in (9, rng.choice([4, 30]))
        )
        if rng.random() < share:
            asked, answered = (
                known if rng.random() < 0.7 else new
                for known, new in zip(rng.choice(pool), (asked, answered), strict=True)
            )
            answered = edited(rng, answered, rng.randrange(2))
            if rng.random() < 0.3:
                begin = rng.randrange(3)
                answered = " ".join(answered.split()[begin * rng.randrange(2) : 20 + begin])
            asked = spelled(rng, asked)
        rows.append(formed(rng, f"{INSTRUCTION} {asked}" if instructed and rng.random() < 0.4 else asked, answered))
    return rows


TANGLED_WORDS: Final = [
    "please", "the", "Hi", "a", "Eine", "not", "now", "note", "12", "13", "two", "too", "x_1", "hedge", "hegde",
    "hedges", "Mario", "Maria", "crème", "creme", "ﬁne", "fine", "İx", "用", "GPT模型", "ไทย", "हिन्दी", "हिन्दि",
    "до\u0301ма", "дома", "na\u00adme", "<b>", "</td>", "&amp;", "&#x41;", "\\n", "\\u00e9", "_x_", "](u)",
    "1.", "[2]", "3 |", "<", "name", "it's", "its", "million", "billion", "a,b", "½", "١٢",
]  # fmt: skip
"""Words that are small, or facts, or spelled alike, or folded."""


def tangled_text(rng: random.Random, count: int) -> str:
    """A text of such words, in lines, some of them without words."""
    breaks = (" ", " ", " ", " ", "\n", "\n\n", "\r\n", "\n--\n", ", ")
    return "".join(rng.choice(TANGLED_WORDS) + rng.choice(breaks) for _ in range(count))


def tangled(rng: random.Random, count: int) -> list[Row]:
    """Examples that share blocks of text, first turns and nearly equal questions, in all places and combinations."""
    blocks = [tangled_text(rng, rng.randrange(26, 45)) for _ in range(rng.randrange(1, 8))]
    questions = [tangled_text(rng, rng.randrange(5, 16)) for _ in range(rng.randrange(1, 8))]
    rows = []
    for _ in range(count):
        asked = rng.choice(questions) if rng.random() < 0.4 else tangled_text(rng, rng.randrange(5, 16))
        if rng.random() < 0.5:
            pieces = asked.split(" ")
            at = rng.randrange(len(pieces))
            place = rng.randrange(len(pieces[at]) + 1)
            pieces[at] = rng.choice(
                [pieces[at][:place] + pieces[at][place + 1 :], f"{pieces[at][:place]}q{pieces[at][place:]}", ""]
            )
            asked = " ".join(pieces)
        passages = rng.choices(blocks, k=rng.choice([0, 0, 1, 1, 2]))
        passage = marked(rng, rng.choice(["\n", "\n\n", " "]).join(passages))
        kind = rng.randrange(6)
        if kind == 0:
            asked = rng.choice([f"{passage}\n\n{asked}", f"{asked} {passage}", f"Read: {passage}\n{asked}"])
        more = [text(rng, 5), text(rng, 8)] if rng.random() < 0.4 else []
        one = row(asked, text(rng, 9), *more, system=passage if kind == 1 else "")
        if kind == 2:
            one["messages"][2:2] = [
                {"role": "tool", "content": passage},
                {"role": "assistant", "content": text(rng, 7)},
            ]
        if kind == 3:
            one["images"] = [rng.choice("ab")]
        if kind == 4:
            one["messages"][0]["content"] = [{"type": "text", "text": asked}, {"type": "text", "text": passage}]
        if kind == 5:
            speakers = {"user": "human", "assistant": "gpt"}
            turns = [{"from": speakers[turn["role"]], "value": turn["content"]} for turn in one["messages"]]
            one = {"conversations": turns, **({"system": passage} if passage else {})}
        rows.append(one)
    return rows
