"""When two examples ask the same thing."""

import re
from dataclasses import dataclass
from functools import cached_property
from typing import Final

from curate.detect.facts import facts
from curate.example import Example
from curate.text import normalised, words

QUOTED: Final = re.compile(r"[\"“'‘`]([^\"”'’`\n]{1,80})[\"”'’`]")
NAME: Final = re.compile(r"(?<=[a-z,;:] )[A-Z][\w'-]*")
STOPWORDS: Final = frozenset(
    """a an and are as at be been but by can could did do does for from had has have how i if in into is it its me my of on or our please shall
    should so some tell that the their them there these they this those to us was we were what when where which who whom whose why will with
    would you your""".split()  # noqa: SIM905  (a list of words reads better as words)
)
SAME_WORDS: Final = 0.75
"""Share of content words that two questions must have in common."""


@dataclass(frozen=True)
class Question:
    """What the last answer of an example answers: system prompt, earlier turns and the last request."""

    example: Example
    context: str
    """All turns before the answer with their roles, normalised: equal contexts ask the same thing."""
    setting: str
    """All of the context but the last request: what comes before it, and the tool results after it."""
    request: str
    """The last request, as written."""
    answer: str

    @cached_property
    def content(self) -> frozenset[str]:
        """The request's words without stopwords, plural and verb endings cut off."""
        return frozenset(_stem(word) for word in words(normalised(self.request)) if word not in STOPWORDS)

    @cached_property
    def particulars(self) -> tuple[object, ...]:
        """What must be equal for two requests to ask the same: numbers, negations, quoted words, names."""
        quoted = frozenset(normalised(match.group(1)) for match in QUOTED.finditer(self.request))
        names = frozenset(normalised(match.group()) for match in NAME.finditer(self.request))
        return (frozenset(facts(self.request).items()), quoted, names)


def question_of(example: Example) -> Question | None:
    """The question that an example's last answer answers; None without a user's turn or an answer in words."""
    answer, prompt = example.answer, example.prompt
    requests = [message for message in prompt if message.role == "user"]
    if answer is None or not requests or not answer.text.strip() or not requests[-1].text.strip():
        return None
    parts = [f"{message.role}: {normalised(message.text)}" for message in prompt]
    return Question(
        example,
        "\n".join(parts),
        "\n".join(part for message, part in zip(prompt, parts, strict=True) if message is not requests[-1]),
        requests[-1].text,
        answer.text,
    )


def same_request(left: Question, right: Question) -> bool:
    """Whether two requests in the same setting ask the same thing in other words: all particulars agree, most content words do.

    A word put in another's place ("I love this song", "I hate this song") makes another question; words more on one side do not.
    """
    if left.setting != right.setting or left.particulars != right.particulars:
        return False
    if left.content - right.content and right.content - left.content:
        return False
    shared = len(left.content & right.content)
    return shared >= SAME_WORDS * len(left.content | right.content)


def _stem(word: str) -> str:
    for ending in ("ing", "es", "ed", "s"):
        if word.endswith(ending) and len(word) - len(ending) >= 3:
            return word[: -len(ending)]
    return word
