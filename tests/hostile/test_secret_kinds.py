"""No verb shows a key, a token or a password in any format, of no kind.

The keys are made here, so that none is in a file.
"""

import json
import re
import string
from collections.abc import Iterator
from pathlib import Path
from random import Random
from typing import Any, Final

import pytest

from curate.cli.main import main
from curate.core.credentials import FORMATS, SHAPES, TokenFormat, credentials_in, keys_in
from curate.core.masking import holds_secret, masked, redact_message, without_keys
from curate.core.text import excerpt
from curate.render.check_formats import OutputFormat
from tests.conftest import Write, chat, line_of, working_in, written_file

LETTERS: Final = string.ascii_letters + string.digits


def body(name: str, length: int, chars: str = LETTERS) -> str:
    """Characters of a key that has digits, capitals and small letters where `chars` has them."""
    random = Random(name)
    parts = [[char for char in chars if test(char)] for test in (str.isdigit, str.isupper, str.islower)]
    needed = [random.choice(part) for part in parts if part]
    rest = random.choices([char for char in chars if char.isalnum()], k=max(0, length - len(needed)))
    random.shuffle(rest)
    return "".join([*rest[: length // 2], *needed, *rest[length // 2 :]])


def members(chars: str) -> str:
    """The characters of a class of a pattern."""
    return "".join(char for char in map(chr, range(33, 127)) if re.match(f"[{chars}]", char))


def length_of(one: TokenFormat) -> int:
    """A length of a key of this format."""
    exact = re.match(r"\[[^]]*\]\{(\d+)\}", one.rest)
    return int(exact[1]) if exact else one.least


def _by_format() -> Iterator[tuple[str, str, str]]:
    for one in FORMATS:
        for start in one.starts:
            made = body(start, length_of(one), members(one.chars))
            if one.kind == "JSON web token":
                made = f"{body('j1', 30)}.eyJ{body('j2', 50)}.{body('j3', 43)}"
            elif one.kind == "Slack webhook" and "services" in start:
                parts = (body(name, 9, string.ascii_uppercase + "123") for name in "TB")
                made = "/".join((*map("".join, zip("TB", parts, strict=True)), body("C", 24)))
            yield f"{one.kind} {start}", f"{start}{made}", made


HEX: Final = "0123456789abcdef"
UUID: Final = "-".join(body(f"u{n}", n, HEX) for n in (8, 4, 4, 4, 12))
SHAPED: Final = {
    "Telegram token": f"412345{body('tg', 4, '0123456789')}:AA{body('telegram', 33)}",
    "Discord token": f"MT{body('d1', 22)}.{body('d2', 6)}.{body('d3', 38)}",
    "Mailchimp key": f"{body('mc', 32, HEX)}-us12",
    "Azure client secret": f"{body('a1', 3)}8Q~{body('a2', 34)}",
    "Terraform token": f"{body('t1', 14)}.atlasv1.{body('t2', 67)}",
    "Airtable token": f"pat{body('at1', 14)}.{body('at2', 64, HEX)}",
    "Harness token": f"pat.{body('h1', 22)}.{body('h2', 24)}.{body('h3', 20)}",
    "MaxMind key": f"{body('m1', 6)}_{body('m2', 29)}_mmk",
    "LaunchDarkly key": f"sdk-{UUID}",
    "Facebook token": f"1234567{body('f1', 9, '0123456789')}|{body('f2', 27)}",
    "Plaid token": f"access-production-{UUID}",
}
PEM: Final = "\n".join(body(f"pem{n}", 64) for n in range(3))
NAMED: Final = {
    "AWS secret": ("AWS_SECRET_ACCESS_KEY={}", 40),
    "AWS secret of a file": ("aws_secret_access_key = {}", 40),
    "Azure storage": ("DefaultEndpointsProtocol=https;AccountName=acme;AccountKey={}==;EndpointSuffix=core", 86),
    "Azure service bus": ("Endpoint=sb://a/;SharedAccessKeyName=Root;SharedAccessKey={}=", 43),
    "Azure signature": ("https://acme.blob/x?sv=2024&sp=r&sig={}%3D", 43),
    "bearer header": ("curl -H 'Authorization: Bearer {}' https://api.acme.dev", 40),
    "basic header": ("Authorization: Basic {}==", 30),
    "token header": ("Authorization: Token {}", 40),
    "header of a dictionary": ('headers = {{"Authorization": "Bearer {}"}}', 40),
    "API key header": ("X-Api-Key: {}", 32),
    "bearer alone": ("send it as bearer {} to them", 32),
    "password": ("password={}", 12),
    "password in quotes": ('"password": "{}"', 12),
    "password of YAML": ("  password: {}\n  user: acme", 12),
    "password of Markdown": ("**Password:** `{}`", 12),
    "password of a table": ("| Password | {} |", 12),
    "password in prose": ("My password is {}, and it fails.", 12),
    "password of an environment": ("DB_PASSWORD='{}'", 12),
    "passphrase": ("passphrase: {}", 16),
    "password of a connection": ("Server=db;Uid=root;Pwd={};Database=x", 12),
    "password of XML": ("<password>{}</password>", 12),
    "password of an attribute": ('<add key="Password" value="{}" />', 12),
    "password of escaped JSON": ('{{\\"password\\": \\"{}\\"}}', 12),
    "password of Kubernetes": ("- name: DB_PASSWORD\n  value: {}", 12),
    "password of two words": ('password = "{} x9"', 10),
    "netrc": ("machine acme.dev login me password {}", 12),
    "npmrc": ("//registry.acme.dev/:_authToken={}", 36),
    "npmrc, old": ("_auth={}==", 30),
    "Docker configuration": ('"auths": {{"acme.dev": {{"auth": "{}=="}}}}', 30),
    "client secret": ("client_secret={}&grant_type=code", 32),
    "clientSecret": ('clientSecret: "{}",', 32),
    "OpenAI variable": ('OPENAI_API_KEY="{}"', 40),
    "Python": ('api_key = "{}"  # ours', 32),
    "Twilio": ("TWILIO_AUTH_TOKEN={}", 32),
    "Cohere": ("co = Client(token='{}')", 40),
    "session cookie": ("Cookie: theme=dark; sessionid={}", 32),
    "set cookie": ("Set-Cookie: connect.sid={}; Path=/", 40),
    "PHPSESSID": ("PHPSESSID={}", 26),
    "Django": ('SECRET_KEY = "{}"', 50),
    "JWT secret": ("JWT_SECRET={}", 32),
    "private key hex": ("PRIVATE_KEY=0x{}", 64),
    "encryption key": ("ENCRYPTION_KEY: {}", 44),
    "curl user": ("curl -u admin:{} https://acme.dev", 12),
    "mysql": ("mysql -u root -p{} shop", 12),
    "option": ("tool --password {} --host db", 12),
    "option with =": ("tool --api-key={} run", 32),
    "sshpass": ("sshpass -p '{}' ssh me@acme.dev", 12),
    "docker login": ("docker login -u me -p {} acme.dev", 16),
    "pgpass": ("db.acme.dev:5432:shop:me:{}", 12),
    "SQL": ("CREATE USER me IDENTIFIED BY '{}'", 12),
    "PostgreSQL role": ("ALTER ROLE me WITH PASSWORD '{}'", 12),
    "redis": ("requirepass {}", 16),
    "URL": ("postgres://me:{}@db.acme.dev/shop", 14),
    "URL without a name": ("redis://:{}@cache.acme.dev:6379", 14),
    "URL of Git": ("https://{}@git.acme.dev/x.git", 40),
    "PEM": ("-----BEGIN RSA PRIVATE KEY-----\n{}\n-----END RSA PRIVATE KEY-----", 0),
    "PEM with headers": (
        "-----BEGIN RSA PRIVATE KEY-----\nProc-Type: 4,ENCRYPTED\nDEK-Info: AES-128-CBC,AB\n\n{}\n"
        "-----END RSA PRIVATE KEY-----",
        0,
    ),
    "PEM in JSON": ('"private_key": "-----BEGIN PRIVATE KEY-----\\n{}\\n-----END PRIVATE KEY-----\\n"', 0),
    "PEM without an end": ("-----BEGIN OPENSSH PRIVATE KEY-----\n{}", 0),
    "PuTTY": ("PuTTY-User-Key-File-2: ssh-rsa\nPrivate-Lines: 3\n{}\nPrivate-MAC: ab12", 0),
}
"""Texts with a secret that only its name or its place tells, and its length; 0: lines of Base64."""
KINDS: Final[dict[str, tuple[str, str]]] = {
    **{name: (text, made) for name, text, made in _by_format()},
    **{name: (text, text) for name, text in SHAPED.items()},
    **{
        name: (text.format(made := body(name, length) if length else PEM), made)
        for name, (text, length) in NAMED.items()
    },
}
SOME: Final = dict(list(KINDS.items())[:: len(KINDS) // 60])
"""Kinds in the data of commands: what masks them is the same in each command, and tried with all kinds below."""


def told(output: str) -> list[str]:
    """The kinds of which more than half is in an output, as it is or with backslashes in it."""
    plain = output.replace("\\", "")
    found = []
    for name, (_, made) in KINDS.items():
        half = len(made) // 2
        pieces = (made[:half], made[half:], made[half // 2 : half // 2 + half])
        found += [name] * any(piece in plain for piece in pieces)
    return found


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Some kinds in near-duplicates, contradictions or short answers that questions share, and in a role or a broken
    line.
    """
    with working_in(tmp_path_factory.mktemp("kinds")) as path:
        rows: list[dict[str, Any]] = []
        broken: list[bytes] = []
        for n, (text, _) in enumerate(SOME.values()):
            story = f"The keeper of lighthouse {n} wrote in the log of the year {1700 + n}: {text} and so it stayed."
            question, tower = f"{text} is what log {n} has, is it right?", f"How many steps has tower {n}?"
            rows += (
                [
                    chat(question, f"{story} Nobody asked again until {time} {n}.")
                    for time in ("the morning", "an evening")
                ],
                [chat(tower, f"It has {n + steps} steps, with {text}") for steps in (3, 9)],
                [chat(f"What is in drawer {n} of the {wing} wing?", text) for wing in ("east", "west")],
            )[n % 3]
            broken.append(
                f'{{"messages": [{{"role": "user", "content": {json.dumps(text)}'.encode()
                if n % 2
                else line_of({"messages": [
                    {"role": text, "content": "Hi"}, {"role": "assistant", "content": "", text: 1},
                ]})
            )  # fmt: skip
        written_file(str(path / "all.jsonl"), [*rows, *broken])
        written_file(str(path / "good.jsonl"), rows)
        (path / "bench.jsonl").write_text(
            "\n".join(json.dumps({"question": row["messages"][0]["content"], "answer": "None."}) for row in rows[::2])
        )
        yield path


COMMANDS: Final = (
    *(("check", "all.jsonl", "--all", "--output-format", name, "--output-file", "check.out") for name in OutputFormat),
    ("check", "all.jsonl", "--all", "--output-format", "full"),
    ("check", "all.jsonl", "--write-baseline", "baseline.json"),
    ("stats", "all.jsonl"),
    ("stats", "good.jsonl", "--json"),
    ("dedup", "good.jsonl", "--all"),
    ("dedup", "good.jsonl", "--all", "--explain", "--html", "dedup.html"),
    ("dedup", "good.jsonl", "--json", "--explain"),
    ("conflicts", "good.jsonl", "--all", "--no-models", "--html", "conflicts.html"),
    ("conflicts", "good.jsonl", "--json", "--no-models"),
    ("score", "good.jsonl", "--all", "--no-models"),
    ("score", "good.jsonl", "--json", "--no-models"),
    ("select", "good.jsonl", "--examples", "60", "--no-models", "--yes", "-o", "selected.jsonl"),
    ("decontaminate", "good.jsonl", "--bench", "bench.jsonl", "--all"),
    ("decontaminate", "good.jsonl", "--bench", "bench.jsonl", "--json"),
    ("split", "good.jsonl", "-o", "out", "--yes"),
    ("split", "good.jsonl", "-o", "out", "--yes", "--json"),
    ("verify", "out", "--all"),
    ("verify", "out", "--json"),
    ("diff", "out", "out", "--all"),
    ("diff", "out", "out", "--json"),
    ("restore", "out", "--all", "-o", "back.jsonl"),
    ("convert", "all.jsonl", "-o", "converted.jsonl", "--to", "alpaca"),
    ("convert", "all.jsonl", "-o", "again.jsonl", "--to", "alpaca", "--json"),
    ("run", "--yes", "--json"),
)  # fmt: skip


@pytest.mark.slow
def test_no_verb_shows_a_secret_of_any_kind(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(folder)
    assert len(KINDS) > 150
    Path("curate.toml").write_text('data = ["good.jsonl"]\noutput = "ran"\n[conflicts]\nembeddings = ""\n')
    reports = ("check.out", "baseline.json", "*.html", "*/manifest.json", "*/*.md")
    for words in COMMANDS:
        capsys.readouterr()
        status, captured = main(list(words)), capsys.readouterr()
        assert status in (0, 1), (words, captured.err)
        written = [path.read_text() for report in reports for path in Path().glob(report)]
        assert told("\n".join((captured.out, captured.err, *written))) == [], words
        for report in reports[:3]:
            for path in Path().glob(report):
                path.unlink()
    assert {"out", "ran"} <= {path.name for path in Path().iterdir()}
    assert any(made in Path("out/train.jsonl").read_text() for _, made in KINDS.values())


REPORTED_NAMES = {"URL", "PEM", "PEM with headers", "PEM in JSON", "PEM without an end"}


def test_a_secret_is_masked_in_texts_messages_and_output() -> None:
    for name, (text, made) in KINDS.items():
        half = made[: len(made) // 2]
        texts = masked(text), masked(f"So: {text}"), redact_message(f"says {text}"), without_keys(f"error: {text}")
        for shown in texts:
            assert half not in shown, name
            assert "[" in shown, name
        assert holds_secret(json.dumps({"content": text})), name
        assert holds_secret(json.dumps({"arguments": json.dumps({"x": text})})), name
        assert masked(texts[0]) == texts[0], name


def test_a_cut_key_is_masked() -> None:
    for name in (f"{one.kind} {start}" for one in FORMATS for start in one.starts):
        text, made = KINDS[name]
        start = text[: -len(made)]
        for width in range(len(start) + 2, len(text), 3):
            assert made[:6] not in redact_message(f"says '{excerpt(text, width)}'") or width < len(start) + 7, name
            assert made[:9] not in masked(f"{text[:width]}…"), name


def test_shapes_are_all_tried() -> None:
    assert SHAPED.keys() == SHAPES.keys()


def test_complete_keys_are_findings(write: Write, capsys: pytest.CaptureFixture[str]) -> None:
    reported = [(one.kind, KINDS[f"{one.kind} {start}"][0]) for one in FORMATS if one.reported for start in one.starts]
    for kind, text in reported:
        assert [found.kind for found in keys_in(f"it is {text}.")] == [kind], kind
    write("data.jsonl", [chat(f"Why is {text} refused?", "It has expired.") for _, text in reported])
    assert main(["check", "data.jsonl", "--select", "S001", "--output-format", "json"]) == 1
    messages = {one["line"]: one["message"] for one in json.loads(capsys.readouterr().out)["findings"]}
    assert [kind for line, (kind, _) in enumerate(reported, 1) if kind not in messages.get(line, "")] == []


def test_a_value_behind_a_name_is_no_finding() -> None:
    assert [name for name in NAMED.keys() - REPORTED_NAMES if list(keys_in(KINDS[name][0]))] == []


@pytest.mark.parametrize(
    "text",
    [
        "password: the word that you choose",
        "Password: Use at least 12 characters.",
        "api_key = YOUR_API_KEY",
        'api_key="<token>"',
        "password=***",
        "DB_PASSWORD=${DB_PASSWORD}",
        'password = os.environ["DB_PASSWORD"]',
        "password = getpass.getpass()",
        "token = tokenizer.encode(text)",
        "def login(user, password): return check(user, password)",
        '"password": {"type": "string"}',
        '"token": "string"',
        "password: string;",
        'password: "Enter your password"',
        "max_tokens: 4096, tokens: 12345678",
        "the secret: always warm the pot first",
        "Key: value pairs are separated by commas",
        "keyword=linguistics",
        "token=next_token",
        "see https://example.com:8080/path?email=jo",
        "The author: William Shakespeare, 1564",
        "The basic understanding of it is bearer of news",
        "install scikit-learn with pip, or use sk-learn",
        "npm_config_cache and hf_transfer are names",
        "compass: north-east, bypass: none",
        "signature: def f(x: int) -> int",
        "secret_key = pyotp.random_base32()",
        "const hashPassword = async (password) => {",
    ],
)
def test_prose_placeholders_and_code_are_shown(text: str) -> None:
    assert [text[one.start : one.end] for one in credentials_in(text)] == []


HOSTILE: Final = (
    "a", "password=", 'password="', 'password: \\"', "token: ", "secret=x;", "key", "api key", "pass= ", "pwd is ",
    "password=;a", "://", "://a:", "://:80/", "://a:b@", "-", "--", "--password ", "-u a:", "mysql -p", "docker login ",
    "login a password ", "cookie: a=", "5432:a:a:", "bearer ", "M", "M.", "1", "1:A", "f-us", "eyJ", "sk-", "key-",
    "sb_secret_", "A1a…", "…", "-----BEGIN PRIVATE KEY-----Version: ", "PuTTY-User-Key-File-", "pat", "İ",
    "pass=\u200b",
)  # fmt: skip


@pytest.mark.slow
@pytest.mark.parametrize("piece", HOSTILE)
def test_hostile_texts_are_masked_in_linear_time(piece: str) -> None:
    """What is quadratic in the text takes minutes."""
    text = piece * (100_000 // len(piece))
    masked(text)
    without_keys(text)
    list(keys_in(text))
