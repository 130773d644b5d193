"""Faults planted into real examples: one kind at a time, each in a share of the answers of a file."""

import json
import re
from collections.abc import Callable, Sequence
from random import Random
from typing import TYPE_CHECKING, Any, Final, NamedTuple

if TYPE_CHECKING:
    import numpy as np

    Matrix = np.ndarray[Any, np.dtype[np.float32]]

Pair = tuple[str, str]
"""A request and its answer."""
MIN_ANSWER_CHARS: Final = 24
"""Characters of an answer from which it can be cut or garbled."""
KEYS: Final = ("qwertyuiop", "asdfghjkl", "zxcvbnm")
NEIGHBOUR_KEYS: Final = {
    char: "".join(row[max(0, at - 1) : at] + row[at + 1 : at + 2]) for row in KEYS for at, char in enumerate(row)
}
FOREIGN_ANSWERS: Final = {
    "de": (
        "Der Zug fährt jeden Morgen um sieben Uhr vom Hauptbahnhof ab.",
        "Wer regelmäßig liest, erweitert seinen Wortschatz und lernt, genauer zu denken.",
        "Die Regierung hat gestern beschlossen, die Steuern im nächsten Jahr zu senken.",
        "Man sollte das Gemüse erst kurz vor dem Servieren mit Salz und Öl mischen.",
        "Im Winter ist es in den Bergen oft so kalt, dass die Straßen gesperrt werden.",
    ),
    "fr": (
        "Le musée est ouvert tous les jours sauf le mardi, de neuf heures à dix-huit heures.",
        "Il faut d'abord faire fondre le beurre avant d'ajouter la farine et le lait.",
        "Les élèves qui travaillent régulièrement obtiennent de meilleurs résultats à la fin de l'année.",
        "La ville a été fondée au treizième siècle par des marchands venus du nord.",
        "Nous pensons que cette solution permettra de réduire les coûts de transport.",
    ),
    "es": (
        "El agua hierve a cien grados centígrados al nivel del mar.",
        "Para llegar a la estación hay que seguir recto y girar a la izquierda después del puente.",
        "Los científicos descubrieron una nueva especie de rana en la selva amazónica.",
        "Es importante dormir al menos siete horas para poder concentrarse durante el día.",
        "La empresa anunció que abrirá tres fábricas más antes de que termine el año.",
    ),
    "it": (
        "La ricetta originale prevede solo uova, guanciale, pecorino e pepe nero.",
        "Il fiume attraversa la città da nord a sud e sfocia nel mare Adriatico.",
        "Gli studenti devono consegnare il compito entro la fine della settimana.",
        "Quando piove molto, la strada che porta al paese viene chiusa al traffico.",
    ),
    "pt": (
        "O livro conta a história de uma família que emigrou para o Brasil no século passado.",
        "Antes de começar, verifique se todos os cabos estão ligados corretamente.",
        "A reunião foi adiada para a próxima semana porque o diretor está doente.",
        "As plantas precisam de luz, água e nutrientes para crescerem bem.",
    ),
    "nl": (
        "De winkel is op zondag gesloten, maar op zaterdag kun je tot zes uur terecht.",
        "Het kabinet wil dat er volgend jaar meer geld naar het onderwijs gaat.",
        "Je moet de aardappelen twintig minuten koken en daarna goed afgieten.",
    ),
    "pl": (
        "Pociąg do Krakowa odjeżdża z peronu trzeciego o godzinie ósmej rano.",
        "Warto codziennie spacerować, ponieważ ruch dobrze wpływa na zdrowie.",
        "Nowa ustawa wejdzie w życie pierwszego stycznia przyszłego roku.",
    ),
    "ru": (
        "Поезд отправляется с первой платформы в семь часов утра.",
        "Чтобы приготовить суп, сначала нужно нарезать овощи и вскипятить воду.",
        "Учёные считают, что климат в этом регионе будет меняться и дальше.",
    ),
    "zh": (
        "图书馆每天早上九点开门,晚上六点关门。",
        "植物需要阳光、水和养分才能健康成长。",
        "这家公司计划明年在南方开设三家新工厂。",
    ),
    "tr": (
        "Kütüphane her gün sabah dokuzda açılır ve akşam altıda kapanır.",
        "Yemekten önce ellerinizi iyice yıkamanız gerekir.",
        "Şirket gelecek yıl üç yeni fabrika açmayı planlıyor.",
    ),
    "id": (
        "Perpustakaan dibuka setiap hari mulai pukul sembilan pagi sampai enam sore.",
        "Sebelum memasak, sayuran harus dicuci dengan air bersih terlebih dahulu.",
        "Pemerintah akan membangun jalan baru di daerah itu pada tahun depan.",
    ),
}


class Planted(NamedTuple):
    """The pairs of a file with faults in some of them."""

    pairs: list[Pair]
    where: list[int]
    """Those with a fault, by position."""


Plant = Callable[[str, Random], str | None]
"""A faulty answer in place of this one; None where it cannot be made."""


def cut(answer: str, random: Random) -> str | None:
    """The answer up to a random token, never at the end of a sentence."""
    tokens = list(re.finditer(r"\w+|[^\w\s]", answer))
    inner = [
        match.end()
        for at, match in enumerate(tokens[:-1])
        if at >= 2 and answer[match.end() - 1] not in '.!?:;}])`。！？"' and not answer[match.end() :].startswith("\n")
    ]
    if len(answer) < MIN_ANSWER_CHARS or not inner:
        return None
    end = random.choice(inner)
    if random.random() < 0.3 and answer[end - 3 : end].isalpha():
        end -= random.choice((1, 2))  # tokens of a language model end within words, too
    return answer[:end]


def beginning_cut(answer: str, random: Random) -> str | None:
    """The answer from a random word of its first half on, never at the start of a sentence or line."""
    inner = [
        match.start()
        for match in re.finditer(r"(?<=[\w,] )\w", answer[: max(len(answer) // 2, MIN_ANSWER_CHARS)])
        if match.start() > 0
    ]
    return answer[random.choice(inner) :] if len(answer) >= MIN_ANSWER_CHARS and inner else None


def loop(answer: str, random: Random) -> str | None:
    """A phrase of 1 to 25 words is said again until the answer is much longer, as models do that do not stop."""
    words = answer.split(" ")
    if len(words) < 4:
        return None
    size = random.randint(1, min(25, len(words) // 2))
    start = random.randint(0, len(words) - size)
    phrase = " ".join(words[start : start + size])
    if not re.search(r"[^\W\d_]{2}", phrase):
        return None
    times = max(4, random.randint(20, 150) // size)
    joint = random.choice((" ", " ", "\n"))
    return " ".join(words[: start + size]) + joint + joint.join([phrase] * times)


def mojibake(answer: str, random: Random) -> str | None:
    """UTF-8 read as Windows-1252: typographic marks, as word processors make them, become two or three characters."""
    typeset = (
        answer.replace("'", "’").replace(' "', " “").replace('"', "”").replace(" - ", " – ").replace("e ", "é ", 2)
    )
    if typeset.isascii():
        return None
    return typeset.encode("utf-8").decode("cp1252", "replace")


def shuffled(answer: str, random: Random) -> str:
    """The letters of each word in random order."""
    return re.sub(r"\w{3,}", lambda match: "".join(random.sample(match[0], len(match[0]))), answer)


def keyboard(answer: str, random: Random) -> str:
    """A quarter of the letters replaced by those beside them on the keyboard."""
    return "".join(
        random.choice(NEIGHBOUR_KEYS[char]) if char in NEIGHBOUR_KEYS and random.random() < 0.25 else char
        for char in answer
    )


def mashed(answer: str, random: Random) -> str:
    """Random keys in the place of the answer."""
    return "".join(random.choice("asdfghjklqweruiop ;l kj") for _ in range(min(len(answer), 200)))


def wrong_decoding(answer: str, random: Random) -> str:
    """The bytes of the text in another encoding: UTF-16 for UTF-8, or UTF-8 for UTF-16 and EBCDIC."""
    kind = random.choice(("utf-16", "cp037", "zeros"))
    data = answer.encode("utf-8", "replace")
    if kind == "utf-16":
        return data[: len(data) // 2 * 2].decode("utf-16-le", "replace")
    if kind == "cp037":
        return answer.encode("cp037", "replace").decode("latin-1")
    return " ".join(answer)


GARBLED: Final = (mojibake, shuffled, keyboard, mashed, wrong_decoding)


def garbled(answer: str, random: Random) -> str | None:
    """One of several kinds of garbling."""
    return random.choice(GARBLED)(answer, random) if len(answer) >= MIN_ANSWER_CHARS else None


def wrong_language(answer: str, random: Random) -> str | None:
    """Sentences of another language, about as many characters."""
    said = FOREIGN_ANSWERS[random.choice(sorted(FOREIGN_ANSWERS))]
    return " ".join(random.sample(said, min(len(said), 1 + len(answer) // 120)))


def wrong_format(answer: str, random: Random) -> str | None:
    """JSON that does not parse, or text in its place; of other answers, a section that the others have is left out."""
    try:
        value = json.loads(answer)
    except ValueError:
        value = None
    if isinstance(value, dict | list):
        kind = random.randrange(5)
        if kind == 0:
            return re.sub(r'"(\w+)":', r"\1:", answer, count=1) if re.search(r'"(\w+)":', answer) else answer[:-1]
        if kind == 1:
            return answer[: random.randint(len(answer) // 3, len(answer) - 1)]
        if kind == 2:
            return answer.rstrip()[:-1] + "," + answer.rstrip()[-1]
        if kind == 3:
            return f"Here is the JSON you asked for: {answer[1:-1]}"
        return " ".join(re.findall(r'"([^"]{3,})"', answer)) or "none"
    return None


def without_section(mark: str) -> Plant:
    """Leave out what most answers have: a marked section, with its content."""

    def plant(answer: str, random: Random) -> str | None:
        if mark not in answer:
            return None
        before, _, after = answer.partition(mark)
        left = (before + after.partition("\n")[2]).strip()
        return left or None

    return plant


PLANTS: Final[dict[str, Plant]] = {
    "cut": cut,
    "beginning": beginning_cut,
    "loop": loop,
    "garbled": garbled,
    "language": wrong_language,
    "format": wrong_format,
}


def planted(pairs: Sequence[Pair], plant: Plant, share: float, random: Random) -> Planted:
    """The pairs with a share of their answers replaced."""
    found, where = list(pairs), list[int]()
    for at in random.sample(range(len(pairs)), len(pairs)):
        if len(where) >= max(2, round(share * len(pairs))):
            break
        other = plant(pairs[at][1], random)
        if other is not None and other.strip() and other != pairs[at][1]:
            found[at] = (pairs[at][0], other)
            where.append(at)
    return Planted(found, where)


def swapped(pairs: Sequence[Pair], vectors: "Matrix", share: float, random: Random, *, within: bool) -> Planted:
    """The answers of two questions exchanged: of the nearest ones, or of any two that are not near."""
    import numpy as np

    near = vectors @ vectors.T
    np.fill_diagonal(near, -1)
    found, where, taken = list(pairs), list[int](), set[int]()
    for at in random.sample(range(len(pairs)), len(pairs)):
        if len(where) + 1 >= max(2, round(share * len(pairs))):
            break
        order = np.argsort(-near[at]).tolist() if within else random.sample(range(len(pairs)), len(pairs))
        other = next(
            (
                one
                for one in order[:10]
                if one not in taken
                and one != at
                and pairs[one][1].strip() != pairs[at][1].strip()
                and pairs[one][0].strip() != pairs[at][0].strip()
                and (within or near[at, one] < 0.3)
            ),
            None,
        )
        if at in taken or other is None:
            continue
        found[at], found[other] = (pairs[at][0], pairs[other][1]), (pairs[other][0], pairs[at][1])
        where += [at, other]
        taken |= {at, other}
    return Planted(found, where)


def flipped(labels: Sequence[str], share: float, random: Random) -> tuple[list[str], list[int]]:
    """Labels, a share of them replaced by another one of the file."""
    kinds, found = sorted(set(labels)), list(labels)
    where = random.sample(range(len(labels)), max(2, round(share * len(labels))))
    for at in where:
        found[at] = random.choice([kind for kind in kinds if kind != labels[at]])
    return found, where
