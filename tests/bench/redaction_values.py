"""Invented private values of each kind, with valid checksums, in the forms in which people write them."""

import base64
import json
import string
from collections.abc import Callable
from itertools import pairwise
from random import Random
from types import ModuleType

from stdnum import iban, luhn
from stdnum.br import cpf
from stdnum.de import idnr
from stdnum.es import ccc, dni, nie
from stdnum.fr import nir
from stdnum.in_ import aadhaar
from stdnum.it import codicefiscale
from stdnum.nl import bsn
from stdnum.pl import pesel

NAMES = {
    "en": (
        "Oliver Emma Liam Charlotte Priya Aisha Wei Jamal Siobhan Grace Tyler Megan Kwame Brooke Ethan Hannah",
        "Thompson Walker O'Brien Patel Nguyen Johnson Fitzgerald Okafor Baker Young Chen Singh MacDonald Ali Smith-Jones Rivera",  # noqa: E501
    ),
    "de": (
        "Lukas Anneliese Jürgen Katharina Matthias Sabine Heike Torsten Ayşe Björn Leonie Uwe",
        "Müller Schäfer Weiß Vogel Hoffmann Krause Yılmaz Böhm Lehmann Zimmermann Groß Kowalski",
    ),
    "fr": (
        "Camille Thierry Élodie Jean-Luc Benoît Océane Mathilde Youssef Chloé Guillaume Solène Amélie",
        "Lefèvre Moreau Dupont Garnier Benali Rousseau Chevalier Lemoine Fontaine Marchand Bernard Petit",
    ),
    "es": (
        "Lucía Javier Carmen Álvaro Rocío Ignacio Beatriz Íñigo Marisol Pablo Nuria Santiago",
        "García Fernández Ibáñez Muñoz Ortega Castillo Romero Navarro Domínguez Vega Herrera Núñez",
    ),
}
USERS = [
    "mkeller",
    "jsmith",
    "anna.schulz",
    "tobi",
    "pthomas",
    "rgarcia",
    "lefevrec",
    "ykim",
    "bob_w",
    "dnovak",
    "sofia",
    "hassan99",
    "emmaw",
    "k.oduya",
]
HOSTS = ["thinkpad", "web-01", "srv2", "DESKTOP-7QK2", "macbook-pro", "devbox", "ip-10-2-3-4", "gpu01", "laptop"]
DOMAINS = [
    "gmail.com",
    "outlook.com",
    "web.de",
    "orange.fr",
    "yahoo.es",
    "proton.me",
    "mail.nordwerk.de",
    "uni-bonn.de",
    "hartleyfoods.co.uk",
]
ALNUM = string.ascii_letters + string.digits
UPPER = string.ascii_uppercase + string.digits


def person(random: Random, language: str) -> tuple[str, str]:
    first, last = NAMES[language if language in NAMES else random.choice(sorted(NAMES))]
    return random.choice(first.split()), random.choice(last.split())


def of(random: Random, letters: str, count: int) -> str:
    return "".join(random.choice(letters) for _ in range(count))


def digits(random: Random, count: int) -> str:
    return of(random, string.digits, count)


def filled(random: Random, *forms: str) -> str:
    """One of the forms: # is a digit, % one from 1 to 9, ? a capital letter."""
    form, letters = random.choice(forms), "ABCDEFGHJKLMNPRSTUVWXYZ"
    return "".join(
        digits(random, 1)
        if c == "#"
        else random.choice("123456789")
        if c == "%"
        else random.choice(letters)
        if c == "?"
        else c
        for c in form
    )


def valid(module: ModuleType, draw: Callable[[], str]) -> str:
    while True:
        number = draw()
        if module.is_valid(number):
            return number


def api_key(random: Random, language: str) -> str:
    kinds = [
        "sk" + "-proj-" + of(random, ALNUM, 48),
        "gh" + "p_" + of(random, ALNUM, 36),
        "AK" + "IA" + of(random, string.ascii_uppercase + "234567", 16),
        "xo" + "xb-" + digits(random, 12) + "-" + digits(random, 12) + "-" + of(random, ALNUM, 24),
        "sk" + "_live_" + of(random, ALNUM, 24),
        "AI" + "za" + of(random, ALNUM + "_-", 34) + "k",
        "hf" + "_" + of(random, string.ascii_letters, 34),
        "gl" + "pat-" + of(random, ALNUM, 20),
        "sk" + "-ant-api03-" + of(random, ALNUM, 90) + "AA",
    ]
    return random.choice(kinds)


def strong(random: Random, language: str) -> str:
    return of(random, ALNUM, random.randint(16, 32)) if random.random() < 0.6 else password(random, language)


def password(random: Random, language: str) -> str:
    word = random.choice(
        ["Sommer", "Tiger", "Blue", "River", "Luna", "Maple", "Falcon", "sunshine", "Barcelona", "dragon"]
    )
    return random.choice(
        [
            word + digits(random, 4) + "!",
            of(random, ALNUM + "!$%&*+", 9) + digits(random, 2) + "x",
            word + "_" + word.lower() + digits(random, 2),
            word.replace("e", "3").replace("a", "@") + "#" + digits(random, 3),
        ]
    )


def jwt(random: Random, language: str) -> str:
    head = {"alg": "HS256", "typ": "JWT"}
    body = {"sub": digits(random, 10), "iat": 1700000000 + random.randrange(10**7)}
    parts = [base64.urlsafe_b64encode(json.dumps(p).encode()).rstrip(b"=").decode() for p in (head, body)]
    return ".".join([*parts, of(random, ALNUM + "_-", 42) + "k"])


def email(random: Random, language: str) -> str:
    first, last = (part.lower().replace("'", "") for part in person(random, language))
    ascii_only = str.maketrans("äöüßéèêíñóúáçşığïÿôîøå", "aousseeeinouacsigiyoioa"[:22])
    first, last = first.translate(ascii_only), last.translate(ascii_only)
    local = random.choice(
        [f"{first}.{last}", f"{first[0]}{last}", f"{last}{digits(random, 2)}", f"{first}_{last}+shop"]
    )
    return f"{local.encode('ascii', 'ignore').decode()}@{random.choice(DOMAINS)}"


PHONES = {
    "us": ("(%15) %4%-####", "+1 %0%-%5%-####", "%12-%4%-####", "+1%12%5%####", "%03.%7%.####", "1-%18-%3%-####"),
    "uk": (
        "+44 7%## ######",
        "07%## ######",
        "020 7%## ####",
        "0161 %## ####",
        "+44 20 8%## ####",
        "(01%%%) %#####",
        "07%########",
    ),
    "de": (
        "+49 30 %#######",
        "0171 %######",
        "030/%#######",
        "+49 (0)89 %######",
        "0221 %## ## ##",
        "+49 151 %#######",
        "0049 40 %######",
    ),
    "fr": (
        "06 %# ## ## ##",
        "+33 6 %# ## ## ##",
        "01.4%.##.##.##",
        "07%#######",
        "+33 (0)1 4% ## ## ##",
        "04-7%-##-##-##",
    ),
    "es": ("6%# ### ###", "+34 6%# ## ## ##", "91 %## ## ##", "+34 93 %## ## ##", "6%#######", "0034 6%# ### ###"),
    "in": ("+91 98### #####", "98########", "+91-8####-#####", "099########", "022 2### ####", "+9197########"),
    "br": ("+55 11 9%###-####", "(21) 9%###-####", "+55 (31) 3###-####", "11 9%###-####", "+5511 9%#######"),
}


def phone(country: str) -> Callable[[Random, str], str]:
    return lambda random, _: filled(random, *PHONES[country])


def account_iban(random: Random, language: str) -> str:
    country = random.choice(["DE", "GB", "FR", "NL", "AT", "CH", "ES"])
    if country == "ES":
        bank, number = filled(random, "%#######"), digits(random, 10)
        body = bank + ccc.calc_check_digits(bank + "00" + number) + number
    else:
        forms = {"DE": "%" + "#" * 17, "GB": "????" + "#" * 14, "FR": "%" + "#" * 22, "NL": "????" + "0" + "#" * 9}
        body = filled(random, forms.get(country, "%" + "#" * (15 if country == "AT" else 16)))
    if country == "FR":
        body = body[:21] + f"{97 - int(body[:21]) * 100 % 97:02}"
    number = country + iban.calc_check_digits(country + "00" + body) + body
    return " ".join(number[i : i + 4] for i in range(0, len(number), 4)) if random.random() < 0.5 else number


def card(random: Random, language: str) -> str:
    prefix, length = random.choice([("4", 16), ("53", 16), ("37", 15), ("6011", 16), ("4539", 16)])
    body = prefix + digits(random, length - 1 - len(prefix))
    number = body + luhn.calc_check_digit(body)
    joint = random.choice(["", " ", "-"])
    cuts = (0, 4, 10, 15) if length == 15 else (0, 4, 8, 12, 16)
    return joint.join(number[a:b] for a, b in pairwise(cuts))


def ssn(random: Random, language: str) -> str:
    return f"{random.randint(101, 665)}-{random.randint(10, 98)}-{random.randint(1100, 9899)}"


def national_id(random: Random, language: str) -> str:
    def birth() -> str:
        return f"{random.randint(50, 99)}{random.randint(1, 12):02}{random.randint(1, 28):02}"

    def spaced_nir() -> str:
        body = f"{random.randint(1, 2)}{birth()[:4]}75{filled(random, '1##0##')}"
        return f"{body[0]} {body[1:3]} {body[3:5]} {body[5:7]} {body[7:10]} {body[10:]} {nir.calc_check_digits(body)}"

    letters = string.ascii_uppercase
    draws: list[Callable[[], str]] = [
        lambda: valid(cpf, lambda: filled(random, "###.###.###-##")),
        lambda: valid(idnr, lambda: filled(random, "%##########", "%# ### ### ###")),
        lambda: valid(dni, lambda: filled(random, "%#######?")),
        lambda: valid(nie, lambda: random.choice("XYZ") + filled(random, "#######?")),
        spaced_nir,
        lambda: valid(aadhaar, lambda: filled(random, "%### #### ####")),
        lambda: valid(
            codicefiscale,
            lambda: (
                f"RSS{of(random, 'BCDFGLMNR', 3)}{birth()[:2]}A{random.randint(10, 28)}H501{of(random, letters, 1)}"
            ),
        ),
        lambda: valid(bsn, lambda: filled(random, "%########")),
        lambda: valid(pesel, lambda: birth() + digits(random, 5)),
        lambda: filled(random, "AB ## ## ## C", "JK######D"),
    ]
    return random.choice(draws)()


def vin(random: Random, language: str) -> str:
    letters = "ABCDEFGHJKLMNPRSTUVWXYZ" + string.digits
    if random.random() < 0.4:
        return (
            random.choice(["WVWZZZ1K", "WDD2040", "VF1RFB0", "VSSZZZ5F", "WBA3A51"]).ljust(9, "Z")
            + of(random, UPPER.translate({73: 72, 79: 80, 81: 82}), 2)
            + digits(random, 6)
        )
    values = dict(
        zip(
            "ABCDEFGHJKLMNPRSTUVWXYZ",
            [1, 2, 3, 4, 5, 6, 7, 8, 1, 2, 3, 4, 5, 7, 9, 2, 3, 4, 5, 6, 7, 8, 9],
            strict=True,
        )
    )
    number = (
        random.choice(["1HG", "5YJ", "1FT", "2T1"])
        + of(random, letters, 5)
        + "0"
        + of(random, letters, 2)
        + digits(random, 6)
    )
    weights = [8, 7, 6, 5, 4, 3, 2, 10, 0, 9, 8, 7, 6, 5, 4, 3, 2]
    total = sum(weight * (int(c) if c.isdigit() else values[c]) for c, weight in zip(number, weights, strict=True)) % 11
    return number[:8] + ("X" if total == 10 else str(total)) + number[9:]


MONTHS = {
    "en": "January February March April May June July August September October November December",
    "de": "Januar Februar März April Mai Juni Juli August September Oktober November Dezember",
    "fr": "janvier février mars avril mai juin juillet août septembre octobre novembre décembre",
    "es": "enero febrero marzo abril mayo junio julio agosto septiembre octubre noviembre diciembre",
}


def birth_date(random: Random, language: str) -> str:
    day, month, year = random.randint(1, 28), random.randint(1, 12), random.randint(1940, 2008)
    if language == "xx":
        return f"{year}-{month:02}-{day:02}"
    word = MONTHS[language].split()[month - 1]
    return {
        "en": random.choice(
            [
                f"{month:02}/{day:02}/{year}",
                f"{word} {day}, {year}",
                f"{day} {word} {year}",
                f"{year}-{month:02}-{day:02}",
            ]
        ),
        "de": random.choice([f"{day:02}.{month:02}.{year}", f"{day}. {word} {year}", f"{day}.{month}.{year % 100:02}"]),
        "fr": random.choice([f"{day:02}/{month:02}/{year}", f"{day} {word} {year}"]),
        "es": random.choice([f"{day:02}/{month:02}/{year}", f"{day} de {word} de {year}", f"{day}-{month}-{year}"]),
    }[language]


def ipv4(random: Random, language: str) -> str:
    return ".".join(
        map(str, [random.choice([10, 192, 172, 84, 93, 185, 62]), *(random.randint(2, 250) for _ in range(3))])
    )


def ipv6(random: Random, language: str) -> str:
    groups = [f"{random.randrange(16**4):x}" for _ in range(6)]
    return random.choice(
        ["2a02:8109:" + ":".join(groups), "fe80::" + ":".join(groups[:4]), "2a01:cb00:" + ":".join(groups[:2]) + "::1"]
    )


def mac(random: Random, language: str) -> str:
    pairs = [f"{random.randrange(256):02x}" for _ in range(6)]
    return random.choice([":".join(pairs), "-".join(pairs).upper(), ":".join(pairs).upper()])


def address(language: str) -> Callable[[Random, str], str]:
    def drawn(random: Random, _: str) -> str:
        n, z = random.randint(1, 240), digits(random, 4)
        forms = {
            "en": [f"{n} Maple Street, Springfield, IL 6{z}", f"{n}B Baker Road, London NW1 6XE", f"{n} Old Mill Lane", f"{n} W 45th St Apt {n % 9 + 1}, New York, NY 1{z}", f"{n} Sunset Blvd, Los Angeles, CA 9{z}"],  # noqa: E501
            "de": [f"Lindenstraße {n}, 5{z} Köln", f"Goethestr. {n}a, 1{z} Berlin", f"Am Alten Markt {n}, 2{z} Hamburg", f"Bahnhofstrasse {n}", f"Kastanienallee {n}, 1{z} Berlin"],  # noqa: E501
            "fr": [f"{n} rue de la République, 69{z[:3]} Lyon", f"{n} bis avenue Victor Hugo, 75016 Paris", f"{n}, boulevard Voltaire, 75011 Paris", f"{n} chemin des Vignes"],  # noqa: E501
            "es": [f"Calle de Alcalá {n}, 28014 Madrid", f"C/ Mayor {n}, 3º B, 28013 Madrid", f"Avenida Diagonal {n}, 08013 Barcelona", f"Plaza España {n}"],  # noqa: E501
        }  # fmt: skip
        return random.choice(forms[language])

    return drawn


def gps(random: Random, language: str) -> str:
    lat, lon = random.uniform(-60, 60), random.uniform(-170, 170)
    return random.choice(
        [
            f"{lat:.5f}, {lon:.5f}",
            f"{lat:.6f},{lon:.6f}",
            f"{abs(lat):.4f}° N, {abs(lon):.4f}° E",
            f"{abs(int(lat))}°{random.randrange(60)}'{random.randrange(10, 59)}.{random.randrange(9)}\"N {abs(int(lon))}°{random.randrange(60)}'{random.randrange(10, 59)}.{random.randrange(9)}\"W",  # noqa: E501
        ]
    )


def crypto(random: Random, language: str) -> str:
    from stdnum import bitcoin

    if random.random() < 0.5:
        return "0x" + of(random, "0123456789abcdef", 40)
    import hashlib

    body = b"\0" + random.randbytes(20)
    number = int.from_bytes(body + hashlib.sha256(hashlib.sha256(body).digest()).digest()[:4], "big")
    letters, text = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz", ""
    while number:
        number, rest = divmod(number, 58)
        text = letters[rest] + text
    assert bitcoin.is_valid("1" + text)
    return "1" + text


def handle(random: Random, language: str) -> str:
    return (
        "@"
        + random.choice(["maria", "lukas", "dj", "el", "chef", "anna"])
        + random.choice(["_", ".", ""])
        + random.choice(["keller", "runs", "bakes", "voyage", "rojo"])
        + random.choice(["", "92", "_x"])
    )


def form(*forms: str) -> Callable[[Random, str], str]:
    return lambda random, _: filled(random, *forms)


def plate(random: Random, language: str) -> str:
    forms = {
        "de": ("B-?? ####", "M-? ###", "HH ?? %##"),
        "fr": ("??-###-??",),
        "es": ("#### BCD", "####-FGH"),
        "en": ("?? ## ???", "??## ???", "%??? ###", "???-####"),
    }
    return filled(random, *forms.get(language, forms["en"] + forms["fr"]))


KINDS: dict[str, Callable[[Random, str], str]] = {
    "api_key": api_key,
    "setting_secret": strong,
    "prose_password": password,
    "jwt": jwt,
    "email": email,
    **{f"phone_{country}": phone(country) for country in PHONES},
    "iban": account_iban,
    "card": card,
    "ssn": ssn,
    "national_id": national_id,
    "passport": form("C0%?#?#?%", "%########", "??#######", "##??#####", "???######"),
    "licence": form("?###-####-####", "?#######", "B072RRE2I##", "??######", "????%######?99??", "########-?"),
    "plate": plate,
    "vin": vin,
    "account_number": form("%#########", "%#######", "00%#-######-%", "%####### ##"),
    "customer_number": form("%#######", "K-%####", "CUST-%#####", "%###-####", "C%######"),
    "order_number": form("%##-#######-#######", "ORD-%#####", "%########", "W%######", "2024-%####"),
    "birth_date": birth_date,
    "ipv4": ipv4,
    "ipv6": ipv6,
    "mac": mac,
    "home_path": lambda random, _: random.choice(USERS),
    "prompt": lambda random, _: f"{random.choice(USERS)}@{random.choice(HOSTS)}",
    "token_url": lambda random, _: of(random, ALNUM, random.randint(20, 40)),
    "connection_string": lambda random, _: of(random, ALNUM, random.randint(9, 16)),
    **{f"address_{language}": address(language) for language in ("en", "de", "fr", "es")},
    "gps": gps,
    "crypto": crypto,
    "handle": handle,
}
