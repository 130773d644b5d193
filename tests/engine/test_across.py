"""Leaks between splits: each is named once, with the worst reason, and only towards splits before."""

from curate.config import DedupConfig
from curate.detect.across import across
from curate.example import Example, Place

LONG = "It keeps well in a cool dry cellar until the first frost comes and then it has to be eaten within some days or it goes bad and smells"


def example(question: str, answer: str, file: str, line: int = 1) -> Example:
    return Example(Place(file, line), {"messages": [{"role": "user", "content": question}, {"role": "assistant", "content": answer}]}, "messages")


def found(**splits: list[Example]) -> list[tuple[str, str, str, str, bool]]:
    return [(leak.code, str(leak.example.place), str(leak.other.place), f"{leak.similarity:.2f}", leak.differs) for leak in across(splits, DedupConfig())]


def test_the_same_nearly_the_same_and_the_same_prompt() -> None:
    train = [example("How long does it keep?", LONG, "train"), example("Hi", "Hello.", "train", 2)]
    valid = [example("How long does it keep?", LONG.replace("smells", "stinks"), "valid"), example("Hi", "What now?", "valid", 2)]
    test = [example("Hi", "Hello.", "test"), example("Who are you?", "Nobody.", "test", 2), example("hi", "Go away.", "test", 3)]
    assert found(train=train, validation=valid, test=test) == [
        ("L002", "valid:1", "train:1", "0.94", False),
        ("L003", "valid:2", "train:2", "1.00", False),
        ("L001", "test:1", "train:2", "1.00", False),
        ("L003", "test:3", "train:2", "1.00", False),
    ]


def test_within_a_split_nothing_is_compared() -> None:
    twice = [example("Hi", "Hello.", "train", line) for line in (1, 2)]
    assert found(train=twice, test=[]) == []


def test_a_template_with_another_fact_is_said_to_be_one() -> None:
    def told(year: int, file: str) -> Example:
        return example("When was the harvest the best that anybody can remember?", f"{LONG} as in the year {year}", file)

    [leak] = found(train=[told(1901, "train")], test=[told(1954, "test")])
    assert (leak[0], leak[4]) == ("L002", True)


def test_the_most_similar_one_is_named() -> None:
    far, close = LONG.replace("some days", "a week"), LONG.replace("smells", "stinks")
    train = [example("How long?", far, "train"), example("How long?", close, "train", 2)]
    assert [leak[:3] for leak in found(train=train, test=[example("How long?", LONG, "test")])] == [("L002", "test:1", "train:2")]


def test_examples_without_text_do_not_leak_but_by_content() -> None:
    empty = [Example(Place(file, 1), {"messages": [], "n": file}, "messages") for file in ("train", "test")]
    assert found(train=[empty[0]], test=[empty[1]]) == []
