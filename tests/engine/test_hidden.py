"""A secret of the data is told by nothing: not by a message that quotes, a pointer through a key, an excerpt, in any
format.
"""

import json
import random
from pathlib import Path
from typing import Any, Final

import pytest
from hypothesis import given
from hypothesis import strategies as st

from curate.cli.main import main
from curate.core.config import CheckConfig
from curate.core.example import pointer
from curate.core.finding import Finding, Severity
from curate.core.masking import masked, redact_message, redact_pointer
from curate.core.text import excerpt
from curate.corpus.stats import collect
from curate.lint.rules import RULES
from curate.lint.runner import check_paths
from curate.render.check_formats import OutputFormat, formatted_report
from curate.render.stats import stats_result, stats_text
from tests.conftest import Write

LETTERS: Final = "AbCdEfGhJkLmNpQrStUvWxYz23456789"


def noise(count: int, alphabet: str = LETTERS) -> str:
    """Characters that look like a key: made here, so that no file of ours holds one."""
    return "".join(random.Random(f"{count}{alphabet}").choices(alphabet, k=count))


SECRETS: Final = {
    "private key": f"-----BEGIN RSA PRIVATE KEY-----\n{noise(64)}\n{noise(60)}\n-----END RSA PRIVATE KEY-----",
    "AWS access key": "AKIA" + noise(16, "ABCDEFGHJKLMNPQRSTUVWXYZ234567"),
    "GitHub token": "ghp_" + noise(36),
    "GitLab token": "glpat-" + noise(20),
    "API key": "sk-proj-9" + noise(40),
    "Slack token": "xoxb-" + noise(24),
    "Slack webhook": f"https://hooks.slack.com/services/T{noise(8, 'ABCDEFGH23456')}/B{noise(9, 'ABCDEFGH23456')}/{noise(24)}",  # noqa: E501
    "Google API key": "AIza" + noise(35),
    "Stripe key": "sk_live_" + noise(24),
    "Hugging Face token": "hf_" + noise(34),
    "npm token": "npm_" + noise(36),
    "JSON web token": f"eyJ{noise(30)}.eyJ{noise(50)}.{noise(43)}",
    "password in a URL": f"postgres://admiral:{noise(14)}@db.internal.corp/main",
    "card number": "5425 2334 3010 9903",
    "IBAN": "DE89 3704 0044 0532 0130 00",
    "social security number": "536-90-4399",
    "e-mail address": "annelise.hartwig@gmail.com",
    "phone number": "+49 170 9306482",
    "IP address": "93.184.216.34",
}
INNER: Final = {"private key": noise(64), "password in a URL": noise(14), "Slack webhook": noise(24)}
"""What must not be told, where that is not all of it."""


def lines_with(secret: str) -> list[Any]:
    """Examples with the secret in every place where a rule might quote it, most of them wrong in some way."""
    call = {"id": secret, "type": "function", "function": {"name": secret, "arguments": json.dumps({"at": secret})}}
    broken = {"id": secret, "type": secret, "function": {"name": "look", "arguments": f"not JSON: {secret}"}}
    tool = {"type": "function", "function": {"name": secret, "parameters": {"type": secret, "required": secret}}}
    typed = {
        "type": "function",
        "function": {
            "name": "look",
            "parameters": {"type": "object", "properties": {"at": {"enum": ["a"]}}, "required": ["at"]},
        },
    }
    key = json.dumps(secret)
    user = {"role": "user", "content": "Where?"}
    return [
        {"messages": [user, {"role": "assistant", "content": secret}]},
        {"messages": [{"role": secret, "content": "Hi"}, {"role": "assistant", "content": ""}]},
        {
            "messages": [
                {**user, "name": secret},
                {"role": "assistant", "content": "There.", secret: 1, "weight": secret},
            ]
        },
        {
            "messages": [
                user,
                {"role": "assistant", "content": None, "tool_calls": [call, call]},
                {"role": "tool", "tool_call_id": f"<{secret}>", "content": secret},
            ]
        },
        {
            "messages": [user, {"role": "assistant", "content": None, "tool_calls": [broken]}],
            "tools": [tool, tool, typed],
        },
        {
            "messages": [
                user,
                {
                    "role": "assistant",
                    "content": None,
                    "tool_calls": [{**call, "function": {"name": "look", "arguments": {"at": secret, secret: 1}}}],
                },
            ],
            "tools": [typed],
        },
        {
            "messages": [
                {
                    "role": "user",
                    "content": [
                        {"type": secret, "text": secret},
                        {"type": "image_url", "image_url": {"url": secret, "detail": secret}},
                    ],
                }
            ]
        },
        {"messages": [user, {"role": "assistant", "content": {secret: secret}}], secret: {secret: [secret]}},
        f'{{"messages": [{{"role": "user", "content": "a", "content": "b", {key}: 1, {key}: 2}}], {key}: {{{key}: 1, {key}: {{"x": 1, "x": 2}}}}}}'.encode(),  # noqa: E501
        {secret: 1, "other": secret},
        {
            "prompt": [user],
            "chosen": [{"role": secret, "content": secret}],
            "rejected": [{"role": "user", "content": secret}],
            "label": secret,
        },
        {"prompt": secret, "completion": "yes", "label": secret},
        {
            "messages": [
                {"role": "system", "content": secret},
                user,
                {"role": "assistant", "content": f"Contact {secret} TODO: [insert {secret}]. ### Human: {secret}"},
            ]
        },
        {
            "messages": [
                {"role": "system", "content": f"{secret} !"},
                user,
                {"role": "assistant", "content": "Ã©" + secret},
            ]
        },
        f'{{"messages": [{{"role": "user", "content": "cut off {key[1:-1]}'.encode(),
        f"{{'messages': {key}}}".encode(),
        f'{{"messages": "\\n{key[1:-1]}" x'.encode(),
        f"{key}".encode(),
        {"messages": [user, {"role": "assistant", "content": secret}], "n": secret, "item": 1},
        {"messages": [user, {"role": "assistant", "content": secret}], "n": 1},
    ]


def told_of(output: str, kind: str, length: int | None = None) -> str:
    """The first piece of the secret that stands in an output, as it is or with backslashes in it; pieces are half as
    long as it is.
    """
    secret = INNER.get(kind, SECRETS[kind])
    plain = output.replace("\\", "")
    size = length or len(secret) // 2
    pieces = (secret[at : at + size] for at in range(len(secret) - size + 1))
    return next((piece for piece in pieces if piece in plain or piece in output), "")


GROUPS: Final = [list(SECRETS)[at::4] for at in range(4)]
"""Kinds whose lines stand in one file: a check of them takes hardly longer than that of one."""


@pytest.mark.slow
@pytest.mark.parametrize("kinds", GROUPS)
def test_no_format_tells_a_secret_wherever_it_stands(write: Write, kinds: list[str]) -> None:
    assert all(masked(SECRETS[kind]).startswith(f"[{kind.upper()}]") for kind in kinds)
    path = write("data.jsonl", [line for kind in kinds for line in lines_with(SECRETS[kind])])
    report = check_paths([path], CheckConfig(select=tuple(sorted({code[:1] for code in RULES})), ignore=("K",)))
    assert len(report.codes) > 25
    for format_ in OutputFormat:
        told = "".join(
            piece if isinstance(piece, str) else f"{piece.plain}\n"
            for piece in formatted_report(report, format_, [path], None)
        )
        require_hidden(told, kinds)


def require_hidden(told: str, kinds: list[str]) -> None:
    """No secret of these kinds stands in an output."""
    for kind in kinds:
        assert not told_of(told, kind), next(line for line in told.splitlines() if told_of(line, kind))


@pytest.mark.parametrize("kinds", GROUPS)
def test_no_line_of_a_document_tells_a_secret(write: Write, kinds: list[str]) -> None:
    values = [line for kind in kinds for line in lines_with(SECRETS[kind]) if not isinstance(line, bytes)]
    path = write("data.json", json.dumps(values, indent=2).encode())
    report = check_paths([path])
    for format_ in (OutputFormat.FULL, OutputFormat.HTML):
        told = "".join(
            piece if isinstance(piece, str) else f"{piece.plain}\n"
            for piece in formatted_report(report, format_, [path], None)
        )
        require_hidden(told, kinds)


@pytest.mark.slow
@pytest.mark.parametrize("kinds", GROUPS)
def test_stats_and_baselines_tell_no_secret(write: Write, kinds: list[str]) -> None:
    secrets = [said for kind in kinds for said in (SECRETS[kind], "x " * 60 + SECRETS[kind])]
    path = write("data.jsonl", [line for said in secrets for line in lines_with(said)])
    stats = collect([path])
    shown = "".join(str(getattr(part, "plain", "")) for part in stats_text(stats_result(stats), str(path), 160))
    require_hidden(shown + json.dumps(stats_result(stats).model_dump(mode="json")), kinds)
    main(["check", str(path), "--write-baseline", "baseline.json"])
    require_hidden(Path("baseline.json").read_text(), kinds)


@pytest.mark.parametrize("kind", SECRETS)
def test_half_of_a_secret_is_none_either(kind: str) -> None:
    """Messages quote the beginnings of texts; 19 characters and an ellipsis is the shortest quote that rules make."""
    for width in (20, 30, 40, 60, 100):
        said = redact_message(f"name '{excerpt(SECRETS[kind], width)}' is not one that services take")
        assert not told_of(said, kind, 6), (width, said)


@pytest.mark.parametrize(
    "said",
    [
        "12 of 345,678 examples, 1.25 s, 99%",
        "the image is an address: http://localhost:8080/picture.png",
        "id 'call_9f8e7d6c' is not nine letters and digits",
        "two user turns in a row",
        "/messages/12/tool_calls/0/function/arguments",
        "JSON breaks at column 1234567",
        "key 'sk-learn' is not one of a message's",
        "name 'github_actions' is not one that services take",
    ],
)
def test_what_is_no_secret_is_said_as_it_is(said: str) -> None:
    assert redact_message(said) == said


@given(st.text())
def test_a_message_that_is_redacted_twice_changes_once(text: str) -> None:
    assert redact_message(redact_message(text)) == redact_message(text)


def test_a_finding_is_made_without_secrets_whoever_makes_it() -> None:
    secret = SECRETS["GitHub token"]
    finding = Finding(
        "X001", Severity.ERROR, "a.jsonl", 1, f"/a~1b~0/{secret}/0", f"said {secret}", "Do it.", False, None
    )
    assert (finding.message, finding.pointer) == ("said [GITHUB TOKEN]", "/a~1b~0/[GITHUB TOKEN]/0")


@pytest.mark.parametrize(
    "piece", ["sk-", "(222)", "2222 ", "a", "@", "eyJ", "+1", "1.", "-----BEGIN PRIVATE KEY", "://a:", "AB12 "]
)
def test_a_key_of_a_megabyte_is_hidden_in_time_that_grows_with_it(piece: str) -> None:
    """A pointer goes through keys of any length: hostile ones must not cost the square of it. It would take minutes."""
    key = piece * (10**6 // len(piece))
    assert len(redact_pointer(pointer(key))) < 3_000
    redact_message(piece * (1_990 // len(piece)) + "…")


def test_a_diff_is_a_patch_and_holds_the_lines_as_they_are(write: Write, capsys: pytest.CaptureFixture[str]) -> None:
    secret = SECRETS["GitHub token"]
    path = write(
        "data.jsonl", [{"messages": [{"role": "human", "content": secret}, {"role": "assistant", "content": "Done."}]}]
    )
    assert main(["check", str(path), "--diff"]) == 1
    shown = capsys.readouterr()
    assert secret in shown.out
    assert secret not in shown.err
