"""No report, log or manifest shows a key, whole or cut; data that is written keeps its bytes."""

import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from curate.cli.main import main
from curate.conflicts.conflict import find_conflicts
from curate.conflicts.evidence import Evidence
from curate.core.config import ConflictsConfig
from curate.core.example import Example, Place
from curate.core.masking import holds_secret, without_keys
from curate.render.check_formats import OutputFormat
from curate.render.conflicts import conflicts_html
from tests.conftest import Write, chat, environment
from tests.hostile.process import ROOT
from tests.waiting import PATIENCE_SECONDS

AWS, TOKEN, PASSWORD = "AKIAQ3EGRW7ZPL5TNB2X", "ghp_" + "a1B2c3D4e5" * 4, "postgres://admin7:s3cr3tPa55@db.corp.net/x"
CARD, MAIL = "4539 1488 0343 6467", "jo.miller@gmail.com"
SECRETS = (AWS, TOKEN, PASSWORD, CARD, MAIL)
PARTS = (AWS[:12], AWS.lower(), TOKEN[:14], TOKEN.lower(), "s3cr3tPa55", "4539 1488", "jo.miller")
ALL = " and ".join(SECRETS)


def shown(words: list[str], capsys: pytest.CaptureFixture[str]) -> str:
    """All that a command prints, and the HTML that it writes."""
    capsys.readouterr()
    assert main(words) in (0, 1, 2)
    captured = capsys.readouterr()
    return captured.out + captured.err + "".join(path.read_text() for path in Path().glob("*.html"))


def assert_clear(text: str) -> None:
    assert [part for part in (*SECRETS, *PARTS) if part in text] == []


@pytest.mark.parametrize("options", [[], ["--json"], ["--html", "report.html"], ["--all", "--verbose"]])
def test_conflicts(options: list[str], write: Write, capsys: pytest.CaptureFixture[str]) -> None:
    lines: list[object] = []
    for number, secret in enumerate(SECRETS):
        other = secret.replace("7", "9").replace("1", "2")
        lines += [
            (f"What is the value of {secret} there?", f"It is {secret} and 30 m high."),
            (f"What is the value of {secret} there?", f"It is {other} and 31 m high."),
            (f"What is the value of {secret} there?", f"It is {secret} and 32 m high."),
            (f"How is number {number} called?", secret),
            (f"How is number {number} called?", "Paris"),
            (f"How is number {number} called?", other),
        ]
    write("data.jsonl", lines)
    text = shown(["conflicts", "data.jsonl", *options], capsys)
    assert "conflict" in text
    assert_clear(text)


def test_the_html_report_of_conflicts_masks_every_text_that_it_shows() -> None:
    """A key that the report cuts is masked, too: what is left of it is no longer recognized as one."""
    words = "Many words follow here. " * 12
    divided = f"{words[: 299 - len(TOKEN) // 2]} {TOKEN} "
    asked = f"In which year was the mill of {MAIL} built? {divided}"
    lines = [
        (
            f"{divided} At which hour does {MAIL} open?",
            f"{MAIL} opens at 8 am. {divided}",
            f"{MAIL} in 1912. {divided}",
        ),
        (
            f"{divided} At which hour does {MAIL} open?",
            f"{CARD} opens at 9 am. {divided}",
            f"{CARD} in 1913. {divided}",
        ),
        (asked, f"It was built in 1998 by {MAIL}."),
        (asked, f"It was built in 1998 by his {MAIL}."),
        (asked, f"It was built in 1999 by {MAIL}."),
    ]
    examples = [Example(Place("data.jsonl", n), chat(*line), "messages") for n, line in enumerate(lines, 1)]
    result = find_conflicts(examples, ConflictsConfig())
    more = (
        Evidence("judge", "", "", 0.9, f"The judge quotes {MAIL} and {PASSWORD}."),
        Evidence("values", MAIL[:12], CARD[:12], 0.5),
    )
    worded = [replace(conflict, similarity=0.9, evidence=(*conflict.evidence, *more)) for conflict in result.conflicts]
    page = "".join(conflicts_html(replace(result, conflicts=worded), None))
    assert [
        part
        for part in ("asked otherwise", "prompts differ", "most say", "The judge quotes", "“[…]”")
        if part not in page
    ] == []
    assert_clear(page)
    assert TOKEN[:10] not in page


@pytest.mark.parametrize(
    "options", [[], ["--explain"], ["--json", "--explain"], ["--html", "report.html"], ["--explain", "--all"]]
)
def test_dedup(options: list[str], write: Write, capsys: pytest.CaptureFixture[str]) -> None:
    said = (
        "The long story of the lighthouse keeper and all that he did on the island in the winter of that year, told "
        "by his son"
    )
    turns = [
        {
            "messages": [
                {"role": f"user {ALL}", "content": f"{said} {end} {ALL}"},
                {"role": "assistant", "content": said},
            ]
        }
        for end in ("once", "again")
    ]
    write("data.jsonl", [*turns, turns[0]])
    data = Path("data.jsonl").read_bytes()
    assert_clear(shown(["dedup", "data.jsonl", "-o", "kept.jsonl", "--yes", *options], capsys))
    assert AWS in Path("kept.jsonl").read_text()
    assert AWS in next(Path().glob("*removed.jsonl")).read_text()
    assert Path("data.jsonl").read_bytes() == data


@pytest.mark.parametrize("options", [[], ["--json"], ["--json", "-o", "kept.jsonl"], ["--all"]])
def test_decontaminate(options: list[str], write: Write, capsys: pytest.CaptureFixture[str]) -> None:
    said = (
        f"Which of the many lamps on the island is lit with {AWS} and with {TOKEN} or {PASSWORD} and {MAIL} in the "
        "dark of the year by the keeper?"
    )
    write("data.jsonl", [(said, f"\n{AWS} is.")])
    write("bench.jsonl", [{"question": said, "answer": "None."}])
    text = shown(["decontaminate", "data.jsonl", "--bench", "bench.jsonl", *options], capsys)
    assert "L007" in text
    assert_clear(text)
    assert not any(part in text.lower() for part in (AWS.lower(), "s3cr3tpa55", "a1b2c3d4e5"))


ASKED, ANSWERED = b'{"messages": [{"role": "user", "content": "', b'"}, {"role": "bot", "content": "Hi"}]}'
DEFECTIVE = (
    ASKED + b"\\u" + AWS.encode() + ANSWERED,
    ASKED + b"\\" + AWS.encode() + ANSWERED,
    ASKED + b"x\\u0041" + AWS[1:].encode() + ANSWERED,
    ASKED + b"\\u0041" + AWS[1:].encode() + ANSWERED,
    ASKED.replace(b"user", AWS.encode()) + ANSWERED.replace(b"Hi", TOKEN.encode()),
    ASKED.replace(b"messages", AWS.encode()) + PASSWORD.encode() + b'"}]}',
    ASKED + AWS.encode(),
)


@pytest.mark.parametrize("output_format", OutputFormat)
def test_check(output_format: OutputFormat, write: Write, capsys: pytest.CaptureFixture[str]) -> None:
    write("data.jsonl", b"".join(line + b"\n" for line in DEFECTIVE))
    words = ["check", "data.jsonl", "--all", "--output-format", output_format] + (
        ["--output-file", "report.html"] if output_format is OutputFormat.HTML else []
    )
    text = shown(words, capsys)
    assert_clear(text)
    assert AWS[1:] not in text


@pytest.mark.parametrize("options", [[], ["--json"]])
def test_restore_and_diff_and_verify(options: list[str], write: Write, capsys: pytest.CaptureFixture[str]) -> None:
    rows = [chat(f"What is {n} plus {n + 7}, said {ALL}?", f"It is {2 * n + 7}, says {n} {AWS}.") for n in range(30)]
    write("data.jsonl", [*rows, *rows[:3]])
    Path("curate.toml").write_text('[check]\nignore = ["S"]\n')
    for words in (
        ["split", "data.jsonl", "-o", "out"],
        ["verify", "out"],
        ["diff", "out", "out"],
        ["restore", "out", "--all", "-o", "back.jsonl"],
    ):
        assert_clear(shown([*words, *options], capsys))
    assert_clear(Path("out/manifest.json").read_text())
    assert AWS in Path("out/train.jsonl").read_text()


def test_a_manifest_holds_no_key_of_a_configuration(write: Write, capsys: pytest.CaptureFixture[str]) -> None:
    write("data.jsonl", [(f"What is {n}?", f"It is {n}, surely.") for n in range(30)])
    Path("curate.toml").write_text(
        f'data = ["data.jsonl"]\n[card]\ncontact = "{PASSWORD}"\ndescription = "{TOKEN}"\n[conflicts]\nembeddings '
        '= ""\n'
    )
    for words in (["run"], ["run", "--json"], ["verify", "out"], ["restore", "out", "--all"]):
        assert_clear(shown(words, capsys))
    for name in ("manifest.json", "README.md"):
        assert_clear(Path("out", name).read_text() if Path("out", name).exists() else "")


@pytest.mark.parametrize("name", [f"offline:{TOKEN}", f"./{AWS}", f"hub/{TOKEN}"])
def test_errors_show_no_key(
    name: str, write: Write, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        "huggingface_hub.constants.HF_HUB_OFFLINE", True
    )  # a hub that is not reached is asked again and again
    write("data.jsonl", [("Hi", "Hello.")])
    assert_clear(shown(["check", "data.jsonl", "--model", name], capsys))
    assert_clear(shown(["check", name], capsys))
    assert_clear(shown([TOKEN], capsys))


@pytest.mark.slow
@pytest.mark.parametrize(
    "modules", ["curate.core.finding", "curate.core.finding, curate.render.check_json", "curate.lint.rules"]
)
def test_a_finding_is_masked_whatever_was_imported(modules: str) -> None:
    made = f"Finding('Q001', Severity.INFO, 'f', 1, '/{AWS}', 'says {AWS}', '', False, None)"
    code = f"import {modules}; from curate.core.finding import Finding, Severity; print({made})"
    found = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        check=True,
        env=environment(PYTHONPATH=str(ROOT)),
        timeout=PATIENCE_SECONDS,
    ).stdout
    assert AWS not in found
    assert "says [AWS ACCESS KEY]" in found


@pytest.mark.parametrize("piece", ["sk-", "eyJ", "eyJaaaaaaaaaaa.eyJ", "xoxb-", "-----BEGIN ", "abc://a:b"])
def test_beginnings_of_keys_are_searched_in_linear_time(piece: str) -> None:
    """What is quadratic in the text takes minutes."""
    text = piece * (150_000 // len(piece))
    assert without_keys(f"{text} {AWS}").endswith("[AWS ACCESS KEY]")
    assert holds_secret(f"{text} {AWS}")


@pytest.mark.parametrize("claims", [40, 400, 4_000])
def test_a_web_token_behind_a_broken_escape_is_a_secret_however_long_its_claims_are(claims: int) -> None:
    token = (
        f"eyJhbGciOiJIUzI1NiJ9.eyJ{'pZCI6NDJ9'[: claims % 9]}{'c3ViIjoiNDIi' * (claims // 12 + 1)}.{'Qx7Kp2Lm9' * 5}"
    )
    assert holds_secret(f'{{"content": "\\\\u{token}"')
