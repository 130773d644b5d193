"""A thousand facts made from templates, and a copy of each with a letter swapped or doubled, in other case and with
other words of politeness: none of the facts may be lost, all of the copies should be told. Same seed, same set."""

import random
from collections.abc import Iterator

from curate.core.example import Example, Place

PLACES = {
    "Austria": "Vienna", "Australia": "Canberra", "Iran": "Tehran", "Iraq": "Baghdad", "Niger": "Niamey",
    "Nigeria": "Abuja", "Slovakia": "Bratislava",
    "Slovenia": "Ljubljana", "Gambia": "Banjul", "Zambia": "Lusaka", "Mali": "Bamako", "Malawi": "Lilongwe",
    "Latvia": "Riga", "Lithuania": "Vilnius",
    "Paraguay": "Asuncion", "Uruguay": "Montevideo", "Mauritius": "Port Louis", "Mauritania": "Nouakchott",
    "Dominica": "Roseau", "Jordan": "Amman",
    "France": "Paris", "Spain": "Madrid", "Portugal": "Lisbon", "Norway": "Oslo", "Sweden": "Stockholm",
    "Finland": "Helsinki", "Denmark": "Copenhagen",
    "Kenya": "Nairobi", "Ghana": "Accra", "Guinea": "Conakry", "Chile": "Santiago", "Peru": "Lima", "Bolivia": "Sucre",
    "Cuba": "Havana", "Japan": "Tokyo",
}  # fmt: skip
PEOPLE = [
    "Mozart",
    "Haydn",
    "Schubert",
    "Brahms",
    "Bruckner",
    "Mahler",
    "Strauss",
    "Wagner",
    "Weber",
    "Telemann",
    "Handel",
    "Purcell",
    "Elgar",
    "Holst",
]
MONTHS = [
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
]
UNITS = ["kilometres", "miles", "metres", "yards", "kilograms", "pounds", "litres", "gallons", "hours", "minutes"]
ADJECTIVES = [
    "hot",
    "cold",
    "fast",
    "slow",
    "heavy",
    "light",
    "wet",
    "dry",
    "old",
    "young",
    "early",
    "late",
    "rich",
    "poor",
    "loud",
    "quiet",
]
ASK = [
    "",
    "Please tell me: ",
    "Could you tell me: ",
    "Hello! ",
    "Can you please answer this: ",
    "I would like to know: ",
]
ANSWER = ["", "Sure! ", "Certainly. ", "Of course! "]


def facts() -> list[tuple[str, str]]:
    """1,000 questions with their answers; many differ from others in one name, number, unit, month or negation
    alone.
    """
    rng = random.Random(0)
    every = [
        *((f"What is the capital of {place}?", f"The capital of {place} is {city}.") for place, city in PLACES.items()),
        *((f"Is {city} the capital of {place}?", f"Yes, {city} is the capital of {place}.") for place, city in PLACES.items()),  # noqa: E501
        *((f"What is {a} + {b}?", f"The sum of {a} and {b} is {a + b}.") for a in range(2, 14) for b in range(2, 14)),
        *((f"What is {a} - {b}?", f"The difference of {a} and {b} is {a - b}.") for a in range(2, 14) for b in range(2, 14)),  # noqa: E501
        *((f"In which year was {who} born, and in which month?", f"{who} was born in {month} {1600 + 7 * n}.")
          for n, who in enumerate(PEOPLE) for month in MONTHS),
        *((f"How far is it if I go {n} {unit} and then the same way back?", f"There and back it is {2 * n} {unit}.")
          for n in range(3, 33, 3) for unit in UNITS),
        *((f"Is water {word} in this case?", f"{said} in this case, it is {no}{word}.") for word in ADJECTIVES for said, no in (("Yes,", ""), ("No,", "not "))),  # noqa: E501
        *((f"Who wrote the {n}th symphony, {one} or {other}?", f"It was {one} who wrote it.")
          for n in (4, 6) for one in PEOPLE for other in PEOPLE if one != other),
    ]  # fmt: skip
    return rng.sample(sorted(set(every)), 1000)


def copies(of: list[tuple[str, str]]) -> Iterator[tuple[str, str]]:
    """Of each the same with a typing error inside a word of the question, in other case now and then, with other words
    of politeness.
    """
    rng = random.Random(1)
    for question, answer in of:
        asked = rng.choice(ASK[1:]) + _mistyped(question, rng)
        yield asked.lower() if rng.random() < 0.3 else asked, rng.choice(ANSWER) + answer


def _mistyped(text: str, rng: random.Random) -> str:
    """One letter doubled, or swapped with the next, not the first of a word: errors seldom hit that one (Yannakoudakis
    and Fawthrop 1983).
    """
    words = text.split(" ")
    long = [at for at, word in enumerate(words) if word.isalpha() and len(word) >= 5 and word.islower()]
    if not long:
        return text
    at = rng.choice(long)
    word = words[at]
    place = rng.randrange(1, len(word) - 1)
    words[at] = rng.choice(
        [word[:place] + word[place] + word[place:], word[:place] + word[place + 1] + word[place] + word[place + 2 :]]
    )
    return " ".join(words)


def example(said: tuple[str, str], line: int) -> Example:
    """A question with its answer as an example."""
    turns = [{"role": "user", "content": said[0]}, {"role": "assistant", "content": said[1]}]
    return Example(Place("facts.jsonl", line), {"messages": turns}, "messages")
