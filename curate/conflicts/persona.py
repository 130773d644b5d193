"""System prompts that do not change the meaning of a question: a persona, politeness, a style."""

import re
from functools import lru_cache
from typing import Final

from curate.language.lexicon import NEUTRAL
from curate.language.names import names
from curate.language.sentences import sentences
from curate.language.tokens import content_words, stems

PERSONA: Final = re.compile(
    r"^\W*(?:you(?: are|'re| will be)|act as|imagine you are|pretend to be|this is|i am|(?:please |always |try to |you (?:should|must|will) )*"  # noqa: E501
    r"(?:be|answer|reply|respond|help|assist|write|speak|explain|think|provide|give|use|keep)\b)",
    re.IGNORECASE,
)
LIMITING: Final = re.compile(
    r"\d|\b(?:only|never|not|don't|unless|except|if|when|format|json|xml|classif\w+|label|translate|in (?:french|german|spanish|chinese|japanese|english)"  # noqa: E501
    r"|customer|company|store|shop|policy|according|based on|following|below|version|current|today|tools?|functions?|fiction\w*"  # noqa: E501
    r"|for|at|of|from|lie|wrong|opposite)\b",
    re.IGNORECASE,
)
"""Words of an instruction that may change the answer."""
LONGEST: Final = 300
ABOUT_ITSELF: Final = re.compile(r"\b(?:you|your|yourself)\b", re.IGNORECASE)
"""A question about the assistant, which depends on its persona."""


@lru_cache(1_024)
def changes_nothing(system: str) -> bool:
    """Whether a system prompt has no influence on facts: "You are a helpful assistant", "You are an experienced
    cook. Be concise".
    """
    if content_words(system) <= stems(NEUTRAL):
        return True
    if len(system) > LONGEST or LIMITING.search(system):
        return False
    return all(PERSONA.match(sentence) and not names(sentence.removeprefix("You")) for sentence in sentences(system))


def same_setting(requests: tuple[str, str], systems: tuple[str, str]) -> bool:
    """Whether two different system prompts leave the meaning of two requests unchanged."""
    return all(map(changes_nothing, systems)) and not any(ABOUT_ITSELF.search(request) for request in requests)
