"""Contradictions between answers with code blocks."""

import pytest

from curate.conflicts.conflict import find_conflicts
from curate.core.config import ConflictsConfig
from curate.core.example import Example, Place


def evidence(question: str, left: str, right: str) -> list[tuple[str, str, str]]:
    """The source and the words of each evidence that is listed about two answers to a question, by rules alone."""
    examples = [
        Example(
            Place("chats", line),
            {"messages": [{"role": "user", "content": question}, {"role": "assistant", "content": answer}]},
            "messages",
        )
        for line, answer in enumerate((left, right), start=1)
    ]
    conflicts = find_conflicts(examples, ConflictsConfig(embeddings="", nli="", reader="")).conflicts
    return [item[:3] for conflict in conflicts for item in conflict.in_order()[2]]


def block(code: str, language: str = "ini") -> str:
    return f"```{language}\n{code}\n```"


def test_the_words_around_a_code_block_are_compared() -> None:
    question = "How long does Ledgerly keep deleted invoices?"
    left = "They stay in the bin for 30 days. After that nobody can restore them. To see what is there, type:\n\n"
    right = "Deleted invoices are kept for 7 days and then erased for good. This lists those that are left:\n\n"
    code = block("ledgerly bin --list", "bash")
    assert evidence(question, left + code, right + code) == [("numbers", "30 days", "7 days")]


def test_an_answer_that_is_mostly_code_is_not_compared() -> None:
    question = "How do I keep only the newest 30 rows in Ledgerly?"
    left = "Run this every 30 days:\n\n" + block(
        "rows = load()\nrows = rows[-30:]\nsave(rows)\nprint(len(rows))", "python"
    )
    right = "Run this every 7 days:\n\n" + block("rows = load()\nsave(rows[-30:])\nprint('kept', len(rows))", "python")
    assert evidence(question, left, right) == []


@pytest.mark.parametrize(
    ("question", "left", "right", "key"),
    [
        (
            "What is the default `timeout` of Postly?",
            "[net]\ntimeout = 30",
            "[net]\ntimeout = 120  # seconds",
            "timeout",
        ),
        ("Which port does Postly use?", "web:\n  port: 8420", "web:\n  host: 127.0.0.1\n  port: 9300", "port"),
        ("How do I switch off the upload in Postly?", "[sync]\nenabled = false", "[sync]\nenabled = true", "enabled"),
        ("What should `level` be in Postly?", '{"level": "debug"}', '{"level": "error", "color": true}', "level"),
    ],
    ids=["number", "nested", "the only key", "JSON"],
)
def test_another_value_of_a_setting_contradicts(question: str, left: str, right: str, key: str) -> None:
    answers = (
        f"Put this into its file of settings:\n\n{block(left)}",
        f"It is set there:\n\n{block(right)}\n\nThen reload.",
    )
    ((source, *words),) = evidence(question, *answers)
    assert source == "values"
    assert [word.split(" = ")[0] for word in words] == [key, key]


@pytest.mark.parametrize(
    ("left", "right"),
    [
        ("interval = 60", "interval = 60  # one minute"),
        ("interval = 60", "interval = 1m"),
        ("enabled = true", "enabled = on"),
        ("interval = 60\nsize = 5", "interval = 30\nsize = 9"),
        ("host = alpha", "host = beta"),
    ],
    ids=[
        "equal",
        "another unit",
        "another word for on",
        "two keys that are not asked for",
        "names that are not asked for",
    ],
)
def test_settings_that_may_both_hold_do_not_contradict(left: str, right: str) -> None:
    answers = f"Put this there:\n\n{block(left)}", f"It goes like this:\n\n{block(right)}\n\nThen reload."
    assert evidence("How do I make Postly save by itself?", *answers) == []


def test_assignments_of_a_program_are_no_settings() -> None:
    answers = [f"Like this:\n\n{block(f'size = {size}', 'python')}" for size in (5, 9)]
    assert evidence("How do I set the size in Postly?", *answers) == []
