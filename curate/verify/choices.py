"""Whether an answer can be understood without the choices that its question offers."""

import re
from typing import Any, Final

LETTERED: Final = (("", "AB"), ("option_", "ab"), ("choice_", "ab"), ("op", "ab"))
CHOICE: Final = re.compile(r"\W?([A-Za-z]|\d\d?)\W{0,2}")


def lacks_choices(value: dict[str, Any], turns: list[tuple[str, str]]) -> bool:
    """Whether the answer to a question, each a role and a text, only names a choice that the question does not hold."""
    question = next((text for role, text in reversed(turns) if role == "user"), "")
    answer = next((text for role, text in reversed(turns) if role == "assistant"), value.get("answer"))
    lettered_choices = [[value.get(f"{name}{letter}") for letter in letters] for name, letters in LETTERED]
    choices: list[Any] = [choice for choice in lettered_choices if all(type(text) is str for text in choice)]
    choices += [value.get(key) for key in ("choices", "options", "endings", "answer_choices")]
    choices = [choice for choice in choices if type(choice) is not list or answer not in choice]
    names_choice = type(answer) is str and CHOICE.fullmatch(answer.strip())
    return bool(names_choice) and any(text not in question for text in _texts_inside(choices))


def _texts_inside(value: Any) -> list[str]:
    if type(value) is str:
        return [value]
    inner = value.values() if type(value) is dict else value if type(value) is list else ()
    return [text for item in inner for text in _texts_inside(item)]
