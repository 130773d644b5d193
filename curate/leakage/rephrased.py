"""Find benchmark items in other words: paraphrased, with other names, in another language, or inside a dialogue.

1. Candidates: within a language, items that share words and numbers with a turn (the F1 score, rare words weigh more),
   and the nearest item of all; in another language, the items with the nearest embeddings.
2. A logistic model decides, over the embeddings (the cosine, and its distance to the other items: Artetxe and Schwenk
   2019), the shared words and numbers, the words of the item that are missing, whether the answer of the item is in
   the answer of the example, and how alike solutions in code are.

3. An item with choices is also found by its right one: if the answer of the example says little else, the question
   only has to be more like the item than like others.

The coefficients are fitted on half of the rephrased items of Yang et al. 2023 and 78 others, and 12,000 clean rows,
with the embeddings of multilingual-e5-small and of all-MiniLM-L6-v2 together:
`python -m tests.bench.decontamination FOLDER --embeddings MODEL MODEL --fit`. Those of another language are fitted with
the first model and 28 of the others alone: all-MiniLM-L6-v2 is for English.
"""

import re
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import dropwhile, takewhile
from typing import Final, NamedTuple

import xxhash

from curate.conflicts.wording import MAX_RARITY, NUMBER, rarity
from curate.core.example import Example, known_role
from curate.core.lazy import Array, Arrays, Matrix, np
from curate.core.log_odds import logistic
from curate.language.quantity_translation import WORD, language_of, spelled
from curate.language.quantity_words import FUNCTION_WORDS
from curate.language.sentences import is_code
from curate.language.tokens import content_words, plain_words
from curate.leakage.decontaminate import BenchmarkIndex, Match
from curate.leakage.solutions import code_similarity, code_tokens, token_rarities
from curate.read.benchmark import Item, ItemText
from curate.storage.benchmark_index import ARRAYS, index_key

Embed = Callable[[Sequence[str]], "Matrix"]
"""Unit vectors of texts."""
WINDOW_CHARS: Final = 600
"""Length of the parts of a text that are embedded: a question has less. Half of a part is in the next one, too, so that
a question across a border is whole in one of them.
"""
MAX_CHARS: Final = 4_000
"""Number of characters of a text whose words are compared."""
MAX_SPELLED_CHARS: Final = 1_000
"""Length of a text up to which its numbers in words are compared."""
MIN_CHARS: Final = 20
NUMBER_WEIGHTS: Final = (0.6, 1.4, 2.0)
"""Weights of numbers of one digit, of two, and of more: small numbers are equal by chance."""
TELLING_NUMBERS: Final = 3.0
"""Weight from which common numbers count in full."""
LEAST_WEIGHT: Final = 0.1
MIN_OVERLAP: Final = 0.3
"""Minimum F1 score of the words of a candidate in the same language: 1 of 5 clean chats has one."""
MOST_CANDIDATES: Final = 5
"""Number of candidates of a turn, by words and by embeddings."""
COMMON_SHARE: Final = 0.8
"""Share of the items of a benchmark that decides on the language of the others: that of a short text is uncertain."""
MIN_FOREIGN_WORDS: Final = 5
"""Number of words of three letters and more from which a text can be in a language that is not listed."""
MAX_FUNCTION_SHARE: Final = 1 / 8
"""Share of English function words of such a text: "in" and "of" are Dutch words, too."""
MAX_GOLD_WORDS: Final = 4
LABEL: Final = re.compile(r"\W*(?:[a-z]|yes|no|true|false|valid|invalid)\W*", re.IGNORECASE)
"""An answer that has nothing of its own."""
LETTER: Final = re.compile(r"\b\w\b")
"""A word of one letter, which any formula has."""
UNCERTAIN_FIELDS: Final = frozenset((
    "choices", "options", "endings", "mc1_targets", "mc2_targets", "sol1", "sol2", "option1", "option2",
    "a", "b", "c", "d", "canonical_solution", "code",
))  # fmt: skip
"""Fields of answers that also hold wrong ones, or code."""
CODE_FIELDS: Final = frozenset(("canonical_solution", "code"))
"""Fields of solutions in code. The numbers in the question of such an item are those of examples, which a rephrasing
lacks.
"""
QUESTION_WORD, QUESTION_NUMBER, ANSWER_TOKEN, GOLD, RIGHT, CODE = range(6)
"""Kinds of facts: the right answer of an item is `GOLD` if it is a number or a few words, its right choice `RIGHT`; a
token of a solution in code is `CODE`.
"""
MIN_RIGHT_SHARE: Final = 0.6
"""Least share of the words of the right choice that an answer has."""
MIN_ANSWER_SHARE: Final = 0.4
"""Least share of the words of an answer, without those of its question, that are in the right choice."""
NEUTRAL: Final = (
    "The train to the coast leaves at noon.", "She plants tomatoes behind the house.", "How is glass made?",
    "Sort a list of integers in Python.", "The court rejected the appeal.", "Write a poem about winter.",
    "What is the capital of Mongolia?", "Proteins are made of amino acids.", "He forgot his umbrella again.",
    "Translate this letter for me.", "Interest rates rose in March.", "Explain how a violin produces sound.",
)  # fmt: skip
"""Unrelated sentences: their mean cosine is that of a model for texts that have nothing in common."""
SAME_LANGUAGE: Final = (4.64, 3.5, 3.42, 2.77, 0.74, 2.62, -0.36, 2.45, 1.14, 0.49, -1.26, 2.73, 3.84, -7.72)
OTHER_LANGUAGE: Final = (6.28, 9.5, 0.9, 1.08, 1.4, 2.55, -1.22, 3.44, 1.62, 0.93, 0.3, 0.0, 0.0, -5.77)
"""Coefficients of the features of a candidate, and the intercept."""
RIGHT_CHOICE: Final = (20.0, 10.0, -17.8)
"""The same of a candidate that is rightly answered: how alike the questions are, whether it is the most alike item."""
MIN_PROBABILITY: Final = 0.55
"""Of .5, .55 and .6, in cross-validation on the data of the fit, the one that finds more with both models and flags no
more clean rows than before.
"""


class Bag(NamedTuple):
    """The content words and the numbers of a text, as hashes with their weights."""

    words: dict[int, float]
    numbers: dict[int, float]

    @property
    def weight(self) -> float:
        """Of all words and numbers."""
        return sum(self.words.values()) + sum(self.numbers.values())


def bag(text: str, key: int) -> Bag:
    """The words and numbers of the beginning of a text, in any language; in a short text, numbers in words count as
    numbers.
    """
    text = text[:MAX_CHARS]
    digits = spelled(text, language_of(text)).text if len(text) <= MAX_SPELLED_CHARS else text
    words = (word for word in content_words(text.replace("_", " ")) if not word[0].isdigit())
    numbers = {match.group().replace(",", "") for match in NUMBER.finditer(digits)}
    return Bag(
        {_hashed(word, key): rarity(word) + LEAST_WEIGHT for word in words},
        {_hashed(number, key): NUMBER_WEIGHTS[min(len(number), 3) - 1] for number in numbers},
    )


def _language(text: str) -> str:
    """The language of a text. `language_of` counts function words, of which a short English text may have none or
    those of another language ("do", "a"): it is English if most of its words are common English ones, and in a language
    that is not listed ("xx") if hardly any word is English.
    """
    language = language_of(text)
    if language in ("zh", "ja"):
        return language
    text = text[:WINDOW_CHARS]
    words = [word for word in plain_words(text) if len(word) > 2]
    common = sum(rarity(word) < MAX_RARITY for word in words)
    if 2 * common > len(words):
        return "en"
    if language != "en" or len(words) < MIN_FOREIGN_WORDS or 3 * common >= len(words):
        return language
    spoken = [match.group() in FUNCTION_WORDS["en"] for match in WORD.finditer(text.lower())]
    return "xx" if MAX_FUNCTION_SHARE * len(spoken) > sum(spoken) else language


def _hashed(token: str, key: int) -> int:
    return xxhash.xxh3_64_intdigest(token.encode("utf-8", "replace"), key)


def add_facts(index: BenchmarkIndex, items: Sequence[Item], embed: Embed, model: str) -> None:
    """Add what finds rephrased items: embeddings of the questions, and hashes of words and numbers.

    `model`: the fingerprint of the model that `embed` uses.
    """
    key = index_key()
    questions = [_question(item) for item in items]
    facts: list[tuple[int, int, int, float]] = []
    for number, (item, question) in enumerate(zip(items, questions, strict=True)):
        answers = [part for part in item.parts if not part.is_question]
        question_bag, answered = bag(question, key), bag("\n".join(part.text for part in answers), key)
        gold = next((_gold(part.text, key) for part in answers if part.name not in UNCERTAIN_FIELDS), {})
        for kind, tokens in (
            (QUESTION_WORD, question_bag.words), (QUESTION_NUMBER, question_bag.numbers),
            (ANSWER_TOKEN, answered.words | answered.numbers), (GOLD, gold),
            (CODE, _code(answers, key)),
            (RIGHT, {} if LABEL.fullmatch(item.right) else bag(LETTER.sub(" ", item.right), key).words),
        ):  # fmt: skip
            facts += ((token, number, kind, weight) for token, weight in tokens.items())
    columns = zip(*facts, strict=True) if facts else ((), (), (), ())
    for name, column in zip(("fact_hash", "fact_item", "fact_kind", "fact_weight"), columns, strict=True):
        index.arrays[name] = np.array(column, dtype=ARRAYS[name])
    index.arrays["item_language"] = _languages(questions, index.arrays["item_file"].tolist())
    index.arrays["vectors"] = embed([text[:WINDOW_CHARS] for text in questions]).astype(np.float16)
    index.model = model


def _languages(questions: Sequence[str], files: Sequence[int]) -> Array:
    """The language of each item: that of most items of its benchmark, if these are many."""
    languages = [_language(question) for question in questions]
    counts: dict[int, Counter[str]] = defaultdict(Counter)
    for file, language in zip(files, languages, strict=True):
        counts[file][language] += 1
    for row, file in enumerate(files):
        [(common, count)] = counts[file].most_common(1)
        if count >= COMMON_SHARE * counts[file].total():
            languages[row] = common
    return np.array([language.encode() for language in languages], dtype="S2")


def _question(item: Item) -> str:
    """The question of an item: of several turns the first."""
    parts = [part for part in item.parts if part.is_question]
    return "\n".join(part.text for part in (parts[:1] if parts and parts[0].name == "turns" else parts))


def _code(answers: Sequence[ItemText], key: int) -> dict[int, float]:
    """The tokens of a solution in code, as hashes; empty for an item without one."""
    code = next((part.text for part in answers if part.name in CODE_FIELDS), "")
    return dict.fromkeys((_hashed(token, key) for token in code_tokens(code[:MAX_CHARS])), 1.0)


def _gold(answer: str, key: int) -> dict[int, float]:
    """What identifies the right answer, as hashes with weights up to 1: its last number, or its words if they are few.
    Empty for other answers, code, a label, and yes or no.

    key: of the hashes of the index.
    """
    if LABEL.fullmatch(answer.strip()) or is_code(answer):
        return {}
    tokens = bag(answer, key)
    if tokens.numbers:
        last = NUMBER.findall(spelled(answer[-MAX_CHARS:], language_of(answer)).text)[-1:]
        return {
            _hashed(number, key): NUMBER_WEIGHTS[min(len(number), 3) - 1] / NUMBER_WEIGHTS[-1]
            for number in (value.replace(",", "") for value in last)
        }
    return dict.fromkeys(tokens.words, 1.0) if len(tokens.words) <= MAX_GOLD_WORDS else {}


class AskingText(NamedTuple):
    """A text of an example that may ask for an item."""

    example: int
    message: int
    text: str
    answer: str
    """The text of the answer to it."""


def asking_texts(examples: Sequence[Example]) -> Iterator[AskingText]:
    """The turns of users, and all of them as one if there are several; all turns of an example without a user."""
    for number, example in enumerate(examples):
        turns = [(index, known_role(message.role), message.text) for index, message in enumerate(example.messages)]
        users = [index for index, role, _ in turns if role == "user"]
        texts = [(index, turns[index][2], _answer(turns[index + 1 :])) for index in users or range(len(turns))]
        if len(texts) > 1:
            texts.append((texts[-1][0], "\n".join(text for _, text, _ in texts), texts[-1][2]))
        for index, text, answer in texts:
            if len(text.strip()) >= MIN_CHARS or not text.isascii():
                yield AskingText(number, index, text.strip(), answer)


def _answer(turns: Sequence[tuple[int, str, str]]) -> str:
    """The text of the answers to a turn, before a user asks again; `turns`: positions, roles and texts of those after
    it, of which the first may be the user's, too.
    """
    answers = takewhile(lambda turn: turn[1] != "user", dropwhile(lambda turn: turn[1] == "user", turns))
    return "\n".join(text for _, role, text in answers if role == "assistant")


class Candidate(NamedTuple):
    """A turn that may ask for an item, and what is compared."""

    turn: int
    item: int
    same_language: bool
    features: tuple[float, ...]
    right: bool = False
    """Whether the answer is the right choice of the item; the features are then those of `RIGHT_CHOICE`."""


class ItemFacts:
    """The words and numbers of all items of an index."""

    def __init__(self, arrays: Arrays) -> None:
        count = len(arrays["item_line"])
        self.languages = arrays["item_language"]
        self.words: dict[int, dict[int, float]] = defaultdict(dict)
        """Of each question, with their weights."""
        self.numbers: dict[int, dict[int, float]] = defaultdict(dict)
        self.gold: dict[int, dict[int, float]] = defaultdict(dict)
        self.code: dict[int, set[int]] = defaultdict(set)
        """Tokens of the solution."""
        self.weights = np.zeros((2, count))
        """Of the question, and of the question and the answer."""
        self.right: dict[int, list[tuple[int, float]]] = defaultdict(list)
        """The items whose right choice has a word or number, with its weight."""
        self.right_weights: dict[int, float] = defaultdict(float)
        postings: tuple[dict[int, dict[int, float]], ...] = (defaultdict(dict), defaultdict(dict))
        kinds = {QUESTION_WORD: self.words, QUESTION_NUMBER: self.numbers, GOLD: self.gold}
        rows = zip(*(arrays[f"fact_{name}"].tolist() for name in ("hash", "item", "kind", "weight")), strict=True)
        for token, item, kind, weight in rows:
            if kind in kinds:
                kinds[kind][item][token] = weight
            if kind == RIGHT:
                self.right[token].append((item, weight))
                self.right_weights[item] += weight
            if kind == CODE:
                self.code[item].add(token)
            for row in range(kind == ANSWER_TOKEN, 2 if kind not in (GOLD, RIGHT, CODE) else 0):
                postings[row][token][item] = weight
        self.code_rarities = token_rarities(self.code.values())
        for row, by_token in enumerate(postings):
            for items in by_token.values():
                self.weights[row, list(items)] += list(items.values())
        self.postings = [
            {token: (np.array(list(items)), np.array(list(items.values()))) for token, items in by_token.items()}
            for by_token in postings
        ]

    def compared(self, turn: AskingText, key: int) -> tuple[Bag, Bag, Array, Array]:
        """The words of a turn and of its answer, the overlaps, and which items are in another language, of those that
        have a question.
        """
        question, answered = bag(turn.text, key), bag(turn.answer, key)
        both = Bag(question.words | answered.words, question.numbers | answered.numbers)
        abroad = (self.languages != _language(turn.text).encode()) & (self.weights[0] > 0)
        return question, answered, self.overlaps(question, both), abroad

    def overlaps(self, question: Bag, both: Bag) -> Array:
        """The F1 score of the question and of each item's question; of both with their answers, if that is more; 0 for
        an item without a question.
        """
        shared = np.zeros_like(self.weights)
        for row, tokens in enumerate((question, both)):
            for token in (*tokens.words, *tokens.numbers):
                if token in self.postings[row]:
                    items, weights = self.postings[row][token]
                    shared[row, items] += weights
        totals = self.weights + np.array([[question.weight], [both.weight]])
        scores: Array = (2 * shared / np.maximum(totals, 1e-9)).clip(0, 1).max(axis=0) * (self.weights[0] > 0)
        return scores

    def rightly_answered(self, question: Bag, answered: Bag) -> set[int]:
        """The items whose right choice the answer of a turn is, but for words that it repeats from the turn."""
        unasked = sum(weight for token, weight in answered.words.items() if token not in question.words)
        common: dict[int, float] = defaultdict(float)
        repeated: dict[int, float] = defaultdict(float)
        for token in answered.words:
            for item, weight in self.right.get(token, ()):
                common[item] += weight
                repeated[item] += weight * (token in question.words)
        return {
            item
            for item, weight in common.items()
            if weight >= MIN_RIGHT_SHARE * self.right_weights[item]
            and weight >= MIN_ANSWER_SHARE * (unasked + repeated[item])
        }

    def features(
        self, item: int, question: Bag, answered: Bag, solution: set[int], overlap: float
    ) -> tuple[float, ...]:
        """Shared words, shared numbers, the same in proportion to all numbers of both, the share of the item's numbers
        that is missing, whether the answer of the item is in the answer (its weight, negative if it is not), the
        share of the item's words that the turn has, the share of its rare words that is missing (a turn about the same
        topic lacks them), whether the item has neither numbers nor an answer to compare, whether its solution is
        code, and how alike that is to the code of the example. `solution`: the hashed tokens of that code.
        """
        code = self.code.get(item, set())
        numbers = {} if code else self.numbers.get(item, {})
        common = sum(weight for token, weight in numbers.items() if token in question.numbers)
        total, other = sum(numbers.values()), sum(question.numbers.values())
        shared = min(1.0, common / TELLING_NUMBERS)
        words = self.words.get(item, {})
        missing = {token: weight for token, weight in words.items() if token not in question.words}
        gold = self.gold.get(item, {})
        tokens = answered.words.keys() | answered.numbers.keys()
        return (
            overlap,
            shared,
            shared * common / max(total + other - common, 1e-9),
            1 - common / total if total else 0.0,
            max(gold.values(), default=0.0) * ((gold.keys() <= tokens) - (bool(tokens) and not gold.keys() & tokens)),
            (sum(words.values()) - sum(missing.values())) / max(sum(words.values()), 1e-9),
            _rare_weight(missing.values()) / max(_rare_weight(words.values()), 1e-9),
            float(not numbers and not gold),
            float(bool(code)),
            code_similarity(code, solution, self.code_rarities) if code and solution else 0.0,
        )


def _solution(turn: AskingText, key: int) -> set[int]:
    """The hashed tokens of the code that answers a turn, or of the turn if nobody answers; empty for other text."""
    text = (turn.answer or turn.text)[:MAX_CHARS]
    return {_hashed(token, key) for token in code_tokens(text)} if is_code(text) else set()


def _rare_weight(weights: Iterable[float]) -> float:
    """The sum of the weights above `MAX_RARITY`, which rare words have."""
    return sum(weight for weight in weights if weight > MAX_RARITY)


def candidates(turns: Sequence[AskingText], index: BenchmarkIndex, embed: Embed) -> Iterator[Candidate]:
    """The items that each turn may ask for, with the features of `probability`. `embed` is called once."""
    key, facts = index_key(), ItemFacts(index.arrays)
    items = index.arrays["vectors"].astype(np.float32)
    windows: dict[int, list[str]] = {}
    for number, turn in enumerate(turns):
        question, answered, scores, abroad = facts.compared(turn, key)
        if facts.rightly_answered(question, answered) or ((scores >= MIN_OVERLAP) & ~abroad).any() or abroad.any():
            windows[number] = _windows(turn.text)
    distinct = sorted({*NEUTRAL, *(window for texts in windows.values() for window in texts)})
    vectors = dict(zip(distinct, embed(distinct), strict=True))
    least = _chance(np.stack([vectors[text] for text in NEUTRAL]))
    for number, texts in windows.items():  # compared again: the scores of all turns would take too much memory
        question, answered, scores, abroad = facts.compared(turns[number], key)
        cosines = (np.stack([vectors[window] for window in texts]) @ items.T).max(axis=0)
        alike = (cosines - least) / (1 - least)
        others = np.sort(alike)[-MOST_CANDIDATES - 1 :]
        for item in sorted(facts.rightly_answered(question, answered)):
            if not abroad[item]:
                likeness = float(alike[item])
                yield Candidate(number, item, True, (likeness, float(alike[item] == others[-1])), right=True)
        solution = _solution(turns[number], key) if facts.code else set()
        proposed = (
            np.flatnonzero((scores >= MIN_OVERLAP) & ~abroad), np.flatnonzero(abroad)
        )  # fmt: skip
        likeliest = [
            chosen[np.argsort(-alike[chosen], kind="stable")[:MOST_CANDIDATES]].tolist() for chosen in proposed
        ]
        nearest = int(alike.argmax())
        if facts.weights[0, nearest] > 0 and not abroad[nearest] and nearest not in likeliest[0]:
            likeliest[0].append(nearest)
        for chosen in likeliest:
            for item in chosen:
                margin = float(alike[item]) - (float(others.sum()) - float(alike[item])) / max(1, len(others) - 1)
                shared = facts.features(item, question, answered, solution, float(scores[item]))
                both_alike = float(alike[item]) * shared[0]
                yield Candidate(number, item, not abroad[item], (float(alike[item]), margin, both_alike, *shared))


def _windows(text: str) -> list[str]:
    step = WINDOW_CHARS // 2
    return [text[start : start + WINDOW_CHARS] for start in range(0, max(1, len(text) - step), step)]


def _chance(neutral: Matrix) -> float:
    """The mean cosine of unrelated texts."""
    cosines = neutral @ neutral.T
    return float(cosines[~np.eye(len(neutral), dtype=bool)].mean())


def probability(candidate: Candidate) -> float:
    """The probability that a turn asks for an item."""
    *weights, intercept = (
        RIGHT_CHOICE if candidate.right else SAME_LANGUAGE if candidate.same_language else OTHER_LANGUAGE
    )
    score = intercept + sum(weight * value for weight, value in zip(weights, candidate.features, strict=True))
    return logistic(score)


def rephrased(examples: Sequence[Example], index: BenchmarkIndex, embed: Embed) -> list[Match]:
    """The turns that ask for an item in other words, with the probability as their share; in order."""
    turns = list(asking_texts(examples))
    best: dict[tuple[int, int], Match] = {}
    for candidate in candidates(turns, index, embed):
        share = probability(candidate)
        turn = turns[candidate.turn]
        pair = turn.example, candidate.item
        if share >= MIN_PROBABILITY and (pair not in best or share > best[pair].share):
            best[pair] = Match(turn.example, turn.message, candidate.item, -1, "meaning", "", share)
    return [best[pair] for pair in sorted(best)]
