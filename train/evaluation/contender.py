"""The ways to answer that are compared: the base and the tuned model, each with or without examples in the prompt."""

from dataclasses import dataclass
from typing import Final, Literal

ContenderName = Literal["zero-shot", "few-shot", "retrieval", "tuned", "tuned+retrieval"]
Shots = Literal["none", "fixed", "nearest"]


@dataclass(frozen=True, slots=True)
class Contender:
    """One way to answer."""

    name: ContenderName
    title: str
    tuned: bool
    """Whether it is the trained model that answers; else the base."""
    shots: Shots
    """Examples of the training split in the prompt: none, the same for all questions, or those nearest to the question."""


CONTENDERS: Final[dict[ContenderName, Contender]] = {
    one.name: one
    for one in (
        Contender("zero-shot", "base, zero-shot", tuned=False, shots="none"),
        Contender("few-shot", "base, few-shot", tuned=False, shots="fixed"),
        Contender("retrieval", "base, retrieval", tuned=False, shots="nearest"),
        Contender("tuned", "tuned", tuned=True, shots="none"),
        Contender("tuned+retrieval", "tuned, retrieval", tuned=True, shots="nearest"),
    )
}
