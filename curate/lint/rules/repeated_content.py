"""Family D, repetition without near-duplicates. Most rules load all examples and run only when selected."""

from collections.abc import Iterator, Sequence
from functools import partial

from curate.core.example import Example
from curate.core.finding import Problem, Severity
from curate.core.text import excerpt, visible
from curate.lint.rules.rule import Scope, rule

Found = Iterator[tuple[Example, Problem]]
examples_rule = partial(rule, scope=Scope.EXAMPLES, default=False)


@examples_rule(
    "D005", "same-question-same-answer", Severity.INFO, hint="Keep the better wording, unless several are wanted."
)
def same_question_same_answer(examples: Sequence[Example]) -> Found:
    """A question has an answer with the same content words as an earlier answer to it.

    The context is the same. The answers share at least four fifths of their content words, in any order, and agree in
    every fact. Two wordings may be wanted, but ten give one question ten times the weight.
    Bad:
        {"messages": [{"role": "user", "content": "What is the capital of Peru?"}, {"role": "assistant", "content": "The capital of Peru is Lima."}]}
        {"messages": [{"role": "user", "content": "What is the capital of Peru?"}, {"role": "assistant", "content": "In Peru, the capital is Lima."}]}
    Good:
        {"messages": [{"role": "user", "content": "What is the capital of Peru?"}, {"role": "assistant", "content": "The capital of Peru is Lima."}]}
        {"messages": [{"role": "user", "content": "What is the capital of Chile?"}, {"role": "assistant", "content": "Santiago is the capital of Chile."}]}
    """
    from curate.conflicts.repeated import same_answers  # only needed by this family

    for twin in same_answers(examples):
        yield twin.example, Problem("", f"asks and answers the same as {visible(str(twin.other.place))} in other words")


@examples_rule(
    "D007",
    "beginning-of-another",
    Severity.WARNING,
    hint="Run `curate dedup --beginnings` to keep only the longest conversation.",
)
def beginning_of_another(examples: Sequence[Example]) -> Found:
    """A conversation is the beginning of another one.

    Exports that write the conversation after each turn leave every prefix. Where all answers are trained on, the first
    answer counts once in each prefix. Turns and tools must be exactly equal.
    Bad:
        {"messages": [{"role": "user", "content": "Hi"}, {"role": "assistant", "content": "Hello."}]}
        {"messages": [{"role": "user", "content": "Hi"}, {"role": "assistant", "content": "Hello."}, {"role": "user", "content": "Name a tree."}, {"role": "assistant", "content": "A beech."}]}
    Good:
        {"messages": [{"role": "user", "content": "Hi"}, {"role": "assistant", "content": "Hello there."}]}
        {"messages": [{"role": "user", "content": "Hi"}, {"role": "assistant", "content": "Hello."}, {"role": "user", "content": "Name a tree."}, {"role": "assistant", "content": "A beech."}]}
    """
    from curate.conflicts.repeated import repeated_beginnings

    for twin in repeated_beginnings(examples):
        yield twin.example, Problem("", f"is the beginning of {visible(str(twin.other.place))}")


@examples_rule(
    "D009",
    "same-phrase",
    Severity.INFO,
    hint="Remove the phrase where it carries no meaning. Otherwise the model will always say it.",
)
def same_phrase(examples: Sequence[Example]) -> Found:
    """More than 30% of the answers begin or end with the same four words.

    The model learns phrases such as "Sure! Here is a" or "let me know if you" first and always uses them. The rule
    counts different answers of nine words or more and needs at least ten of them.
    Bad:
        {"messages": [{"role": "user", "content": "1"}, {"role": "assistant", "content": "Sure! Here is a word for the number one: uno."}]}
        {"messages": [{"role": "user", "content": "2"}, {"role": "assistant", "content": "Sure! Here is a word for the number two: due."}]}
        {"messages": [{"role": "user", "content": "3"}, {"role": "assistant", "content": "Sure! Here is a word for the number three: tre."}]}
        {"messages": [{"role": "user", "content": "4"}, {"role": "assistant", "content": "Sure! Here is a word for the number four: quattro."}]}
        {"messages": [{"role": "user", "content": "5"}, {"role": "assistant", "content": "The word for the number five is cinque, I think."}]}
        {"messages": [{"role": "user", "content": "6"}, {"role": "assistant", "content": "In Italian they would say sei for the number six."}]}
        {"messages": [{"role": "user", "content": "7"}, {"role": "assistant", "content": "Seven is sette, with two of the letter t."}]}
        {"messages": [{"role": "user", "content": "8"}, {"role": "assistant", "content": "They say otto, which is a name in German too."}]}
        {"messages": [{"role": "user", "content": "9"}, {"role": "assistant", "content": "Nove is what they say, and it means new as well."}]}
        {"messages": [{"role": "user", "content": "10"}, {"role": "assistant", "content": "Ten is dieci, a word of five letters in all."}]}
    Good:
        {"messages": [{"role": "user", "content": "1"}, {"role": "assistant", "content": "Sure! Here is a word for the number one: uno."}]}
        {"messages": [{"role": "user", "content": "2"}, {"role": "assistant", "content": "Sure! Here is a word for the number two: due."}]}
    """
    from curate.conflicts.repeated import phrases

    for phrase in phrases(examples):
        where = "begin" if phrase.begins else "end"
        yield phrase.first, Problem("", f"{phrase.share:.0%} of the answers {where} with {excerpt(phrase.words, 60)!r}")


@rule(
    "D004",
    "same-in-other-words",
    Severity.INFO,
    scope="meaning",
    by="`curate dedup --embeddings MODEL`",
    hint="Compare the two. Keep the better one, unless both wordings are wanted.",
)
def same_in_other_words() -> None:
    """An example asks and answers the same as another one in different words.

    The embeddings of requests and answers are close, and both agree in what embeddings miss: numbers, names, quoted
    words, negations. Different wordings are often wanted, but ten wordings of one question weigh as much as ten
    questions. Reported by `curate dedup --embeddings MODEL`.
    Bad:
        {"messages": [{"role": "user", "content": "What is the chemical symbol for gold?"}, {"role": "assistant", "content": "The chemical symbol for gold is Au."}]}
        {"messages": [{"role": "user", "content": "What is the symbol for the chemical element gold?"}, {"role": "assistant", "content": "The symbol for the chemical element gold is Au."}]}
    Good:
        {"messages": [{"role": "user", "content": "What is the chemical symbol for gold?"}, {"role": "assistant", "content": "The chemical symbol for gold is Au."}]}
        {"messages": [{"role": "user", "content": "What is the chemical symbol for silver?"}, {"role": "assistant", "content": "The chemical symbol for silver is Ag."}]}
    """
