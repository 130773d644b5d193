"""Contradictions between answers of one to three sentences, which have more than the requested value."""

import pytest

from curate.conflicts.conflict import find_conflicts
from curate.core.config import ConflictsConfig
from curate.core.example import Example, Place


def sources(question: str, left: str, right: str) -> list[str]:
    """The source of each evidence that is listed about two answers to a question, by rules alone."""
    examples = [
        Example(
            Place("chats", line),
            {"messages": [{"role": "user", "content": question}, {"role": "assistant", "content": answer}]},
            "messages",
        )
        for line, answer in enumerate((left, right), start=1)
    ]
    conflicts = find_conflicts(examples, ConflictsConfig(embeddings="", nli="")).conflicts
    return [item.source for conflict in conflicts for item in conflict.evidence]


@pytest.mark.parametrize(
    ("question", "left", "right"),
    [
        (
            "What does it cost to have the boiler serviced?",
            "A service is 95 pounds, including the drive and small parts such as seals. You pay by card.",
            "It comes to £140, with an invoice by mail. The technician needs about an hour for it.",
        ),
        (
            "Wie lange habe ich Garantie auf den Staubsauger?",
            "Auf das Gerät geben wir drei Jahre Garantie ab Kaufdatum. Heben Sie bitte die Rechnung auf.",
            "Sie läuft ein Jahr, danach berechnen wir Reparaturen nach Aufwand. Legen Sie eine Kopie der Rechnung bei.",
        ),
        (
            "¿Cuánto tarda en llegar un pedido a las islas?",
            "De 7 a 9 días hábiles. La víspera le avisamos por mensaje para que haya alguien en casa.",
            "Todo llega en 48 horas, porque sale en avión cada noche desde Madrid.",
        ),
    ],
    ids=["price", "German period", "Spanish period"],
)
def test_another_amount_contradicts(question: str, left: str, right: str) -> None:
    assert sources(question, left, right) == ["numbers"]


def test_the_same_amount_in_other_units_agrees() -> None:
    left = "You need 2.2 lb of strong flour for six pizzas. Add the salt at the end, when the dough is smooth."
    right = "It takes 1 kg of bread flour, which is enough for six. The salt comes last."
    assert sources("How much flour goes into the pizza dough?", left, right) == []


def test_numbers_of_other_things_do_not_contradict() -> None:
    left = "Hurts threw two passing touchdowns in the game that decided the season."
    right = "He set a new record for rushing yards by a quarterback with 72 in that game."
    assert sources("How many touchdowns did Hurts throw?", left, right) == []
