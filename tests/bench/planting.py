"""Contradictions and paraphrases made from real examples: the question stays or is put in other words, the answer is
changed or only reworded.
"""

import re
from collections.abc import Callable, Iterator
from random import Random
from typing import Final

from curate.conflicts.contradiction_rules import is_open
from curate.language.lexicon import DAYS, MONTHS
from curate.language.quantities import Quantity, quantities
from curate.language.sentences import is_code, sentences

MAX_ANSWER_CHARS: Final = 1_200
"""Characters of an answer that is changed."""
NAME: Final = re.compile(r"(?<=[a-z,] )[A-Z][a-z]{2,}\b(?! [A-Z])(?!-)")
"""A name of one word, in the middle of a sentence."""
WORKED: Final = re.compile(r"\d\s*[-+*/=]\s*\d")
SMALL_NUMBERS: Final = "zero one two three four five six seven eight nine ten eleven twelve".split()  # noqa: SIM905
DENIED: Final = (
    " is ",
    " are ",
    " was ",
    " were ",
    " can ",
    " could ",
    " should ",
    " will ",
    " does ",
    " has been ",
    " must ",
)
OTHER_WORDS: Final = {
    "large": "big",
    "big": "large",
    "quickly": "fast",
    "begin": "start",
    "start": "begin",
    "begins": "starts",
    "help": "assist",
    "show": "display",
    "shows": "displays",
    "used": "employed",
    "important": "essential",
    "usually": "typically",
    "many": "numerous",
    "also": "as well",
    "about": "approximately",
    "needs": "requires",
    "called": "named",
    "because": "since",
    "but": "yet",
    "however": "yet",
}
CONTRACTIONS: Final = {
    "do not": "don't",
    "does not": "doesn't",
    "is not": "isn't",
    "are not": "aren't",
    "cannot": "can't",
    "it is": "it's",
    "that is": "that's",
}
Change = Callable[[str, str, Random], str | None]
"""Another answer to a question, or None where this answer cannot be changed so."""


def suits(question: str, answer: str) -> bool:
    """Whether one answer fulfils the question, and is in words and short enough to be changed."""
    return (
        not is_open(question) and not is_code(answer) and len(answer.split()) >= 2 and len(answer) <= MAX_ANSWER_CHARS
    )


def other_number(question: str, answer: str, random: Random) -> str | None:
    """A number, which the question does not give, is another one."""
    found = [
        q
        for q in _own(question, answer)
        if q.kind not in ("date", "clock", "weekday", "ordinal") and re.search(r"\d", q.text)
    ]
    if not found:
        return None
    quantity = found[-1] if WORKED.search(answer) else random.choice(found)
    digits = re.search(r"\d[\d,]*(?:\.\d+)?", quantity.text)
    assert digits is not None
    if WORKED.search(answer) and answer[quantity.start + digits.end() :].strip(" .$*)\n"):
        return None  # a slip on the way to the same result is no other answer
    value = digits.group().replace(",", "")
    changed = (
        f"{float(value) * random.choice((0.5, 1.5, 2, 3)) + 1:g}"
        if "." in value
        else str(int(value) + random.choice((1, 2, 5, int(value) + 3)))
    )
    at = quantity.start + digits.start()
    return f"{answer[:at]}{changed}{answer[at + len(digits.group()) :]}"


def other_date(question: str, answer: str, random: Random) -> str | None:
    """A year, a month or a day of the week is another one."""
    found = [q for q in _own(question, answer) if q.kind in ("date", "weekday")]
    if not found:
        return None
    quantity = random.choice(found)
    text = quantity.text
    if year := re.search(r"\d{4}", text):
        text = text.replace(year.group(), str(int(year.group()) + random.choice((-12, -3, 1, 4, 30))))
    else:
        names = MONTHS if quantity.kind == "date" else DAYS
        word = next(
            (
                word
                for word in re.findall(r"[A-Za-z]+", text)
                if word.lower().rstrip("s") in [name.rstrip("s") for name in names]
            ),
            None,
        )
        if word is None:
            return None
        text = text.replace(
            word, random.choice([name.title() for name in names if name.rstrip("s") != word.lower().rstrip("s")])
        )
    return answer[: quantity.start] + text + answer[quantity.end :]


def denied(question: str, answer: str, random: Random) -> str | None:
    """Yes becomes no, or the first sentence is denied."""
    for yes, no in (("Yes", "No"), ("No", "Yes"), ("True", "False"), ("False", "True"), ("Correct", "Incorrect")):
        if re.match(rf"{yes}\b", answer):
            return (
                no + answer[len(yes) :].split(".", maxsplit=1)[0] + "."
                if len(answer.split()) > 1
                else no + answer[len(yes) :]
            )
    first = sentences(answer)[:1]
    verbs = [verb for verb in DENIED if first and verb in first[0]]
    if not verbs or len(first[0].split()) > 25 or re.search(r"\b(?:not|no|never)\b|n't", first[0]):
        return None
    verb = random.choice(verbs)
    return answer.replace(verb, " has not been " if verb == " has been " else f"{verb}not ", 1)


def other_name(names: list[str]) -> Change:
    """A name, which the question does not give, is another one of `names`."""

    def change(question: str, answer: str, random: Random) -> str | None:
        found = sorted(
            {
                name
                for name in NAME.findall(answer)
                if name.lower() not in question.lower() and name.lower() not in (*MONTHS, *DAYS)
            }
        )
        if not found:
            return None
        name = random.choice(found)
        return re.sub(rf"\b{name}\b", random.choice([other for other in names if other not in answer]), answer)

    return change


def names_in(answers: Iterator[str]) -> list[str]:
    """All names in answers."""
    return sorted({name for answer in answers for name in NAME.findall(answer)})


def _own(question: str, answer: str) -> list[Quantity]:
    given = quantities(question)
    return [quantity for quantity in quantities(answer) if not any(quantity.same(known) for known in given)]


def reasked(question: str, random: Random) -> str:
    """The question in other words: with politeness, contracted, with another word for one of its words, or in another
    order.
    """
    ways: list[Callable[[str], str]] = [
        lambda q: (
            f"Could you please tell me: {q[0].lower() + q[1:]}" if q.endswith("?") else f"Please {q[0].lower() + q[1:]}"
        ),
        lambda q: f"{q.rstrip('?.! ')}, please{q[-1] if q[-1] in '?.!' else ''}",
        lambda q: (
            q.replace("What is", "What's", 1).replace("Who is", "Who's", 1)
            if q.startswith(("What is", "Who is"))
            else f"Hi! {q}"
        ),
        lambda q: f"I'd like to know this. {q} Thanks!",
        lambda q: f"{q.rstrip('?.! ')}?" if not q.endswith("?") else q.rstrip("?") + " ?",
        lambda q: "Quick question: " + (q[0].lower() + q[1:]),
    ]
    return random.choice(ways)(question)


def reworded(answer: str, random: Random) -> str:
    """The answer in other words: numbers spelled, units converted, sentences in another order, synonyms, politeness;
    what it says stays.
    """
    text = answer
    for plain, short in CONTRACTIONS.items():
        text = re.sub(rf"\b{plain}\b", short, text)
    text = re.sub(
        r"(?<![\d.,$€£-])\b([2-9]|1[0-2])\b(?![\d.,:/%°-]|\s?[-+*/=]|\s(?:am|pm)\b)",
        lambda m: SMALL_NUMBERS[int(m.group())],
        text,
    )
    text = re.sub(
        r"\b(\d{4,})\b(?!\s*(?:AD|BC))", lambda m: f"{int(m.group()):,}" if len(m.group()) > 4 else m.group(), text
    )
    text = re.sub(r"\b(\d+) hours\b", lambda m: f"{60 * int(m.group(1))} minutes", text)
    text = re.sub(r"\b([a-z]+)\b", lambda m: OTHER_WORDS.get(m.group(), m.group()), text)
    said = sentences(text)
    if "\n" not in text and len(said) > 2 and random.random() < 0.5:
        text = " ".join([said[0], *said[2:], said[1]])
    return random.choice(("", "Sure! ", "Here is the answer: ", "In short: ", "Of course. ")) + text
