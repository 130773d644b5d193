"""No name of a file obeys itself: no escape code, no markup, and no line of its own on a terminal or in a log."""

import io
import json
import logging
import os
import pty
import subprocess
import sys
import threading
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len
from rich.text import Text

from curate.cli.main import main
from curate.cli.options import progress
from curate.core.masking import without_keys
from curate.render.console import console
from curate.render.masked_console import MaskedConsole
from tests.conftest import Write, environment, line_of
from tests.engine.tuning_server import serving
from tests.hostile.process import ROOT
from tests.waiting import PATIENCE_SECONDS

NAMES = (
    "a\n::error file=x::owned\n.jsonl", "a\r\x1b[2J\x1b]0;owned\x07.jsonl", "[red]a[/red][link=http:evil].jsonl",
    "a\u202egpj.jsonl", "a\x9b31m.jsonl",
    "a\n##[error]b.jsonl",
)  # fmt: skip
JOINED_NAMES = (
    "a\n::error file=x::owned\n\r\x1b[2J\x1b]0;owned\x07.jsonl",
    "[red]a[/red][link=http:evil]\u202egpj\x9b31m\n##[error]b.jsonl",
)
"""The same in two names, short enough that no message cuts them."""
ROWS = b"".join(line_of((f"What is {n} plus {n}?", f"It is {2 * n}, by adding.")) + b"\n" for n in range(24))


def assert_tame(text: str) -> None:
    assert not any(char in text for char in "\x1b\x07\x9b\u202e\r")
    assert not any(line.lstrip().startswith(("::", "##[")) for line in text.split("\n"))


@pytest.mark.parametrize(
    "words",
    [
        ["check", "NAME"], ["check", "NAME.missing"], ["check", "NAME", "--fix"],
        ["check", "NAME", "--output-format", "full"], ["stats", "NAME"],
        ["dedup", "NAME"], ["dedup", "NAME", "-o", "NAME.out"], ["dedup", "NAME", "-o", "NAME"],
        ["split", "NAME", "-o", "out"],
        ["split", "NAME", "-o", "NAME"], ["verify", "NAME", "NAME"], ["verify", "NAME"],
        ["convert", "NAME", "-o", "NAME"], ["conflicts", "NAME"],
        ["restore", "NAME", "--all"], ["diff", "NAME", "NAME"],
        ["decontaminate", "NAME", "--bench", "NAME"],
        pytest.param(["check", "ok.jsonl", "--model", "NAME"], marks=pytest.mark.xdist_group("trainer")),
        ["check", "ok.jsonl", "--baseline", "NAME"], ["run", "NAME"],
        ["check", "ok.jsonl", "--select", "NAME"], ["NAME"], ["rule", "NAME"], ["check", "ok.jsonl", "--NAME"],
        ["suppress", "J001", "NAME:1", "--reason", "x"],
        ["remote", "validate", "NAME"], ["remote", "upload", "NAME", "--base-url", "NAME"],
        ["conflicts", "ok.jsonl", "--judge", "NAME"],
    ],
    ids=lambda words: " ".join(words).replace("NAME", "F"),
)  # fmt: skip
def test_names_in_all_that_is_said(words: list[str], write: Write, capsys: pytest.CaptureFixture[str]) -> None:
    write("ok.jsonl", ROWS)
    for name in JOINED_NAMES:
        write(name, ROWS)
        assert main([word.replace("NAME", name) for word in words]) in (0, 1, 2)
        captured = capsys.readouterr()
        assert_tame(captured.err)
        assert_tame(captured.out)


@pytest.mark.slow
@pytest.mark.parametrize("name", JOINED_NAMES)
def test_names_in_configurations(name: str, write: Write, capsys: pytest.CaptureFixture[str]) -> None:
    write("data.jsonl", ROWS)
    for line in (
        f"data = [{json.dumps(name)}]",
        f"output = {json.dumps(name)}\ndata = ['data.jsonl']",
        f"{json.dumps(name)} = 1",
        f"[check.severity]\n{json.dumps(name)} = 'x'",
    ):
        Path("curate.toml").write_text(line + "\n")
        assert main(["run"]) in (0, 1, 2)
        captured = capsys.readouterr()
        assert_tame(captured.err)
        assert_tame(captured.out)


@pytest.mark.parametrize("name", NAMES)
def test_progress(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    out = io.StringIO()
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True, raising=False)
    monkeypatch.setattr(
        "curate.cli.options.console",
        lambda **_: MaskedConsole(file=out, stderr=True, force_terminal=True, color_system=None, width=200),
    )
    with progress(f"sending {name}", "bytes", total=10) as advance:
        assert advance is not None
        advance(3)
    shown = out.getvalue()
    assert "owned\x07" not in shown
    assert "\x1b[2J" not in shown
    assert "\u202e" not in shown
    assert ("[red]a[/red]" in shown) == name.startswith("[red]")


def test_a_console_obeys_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    console(stderr=True).print("[red]a[/red]\n::error::b\x1b[2J")
    assert capsys.readouterr().err == "[red]a[/red]\\n::error::b\\x1b[2J\n"


def test_what_a_library_logs_is_escaped(write: Write, caplog: pytest.LogCaptureFixture) -> None:
    write("data.jsonl", ROWS)
    assert main(["check", "data.jsonl", "-q"]) in (0, 1)
    logging.getLogger("of.a.library").warning("a model of type %s", "\x1b[31m\n::error::owned")
    assert caplog.messages == ["a model of type \\x1b[31m\\n::error::owned"]


@pytest.mark.slow
def test_an_upload_on_a_terminal(write: Write) -> None:
    pytest.importorskip("openai", exc_type=ImportError)
    name = "[bold]\x1b[2J\n::error::owned.jsonl"
    write(name, ROWS)
    leader, follower = pty.openpty()
    seen: list[bytes] = []

    def read() -> None:
        try:
            while piece := os.read(leader, 4096):
                seen.append(piece)
        except OSError:
            return

    reader = threading.Thread(target=read, daemon=True)
    reader.start()
    with serving() as server:
        words = ["remote", "upload", name, "--base-url", server.address, "--yes"]
        variables = environment(PYTHONPATH=str(ROOT), CURATE_REMOTE_KEY="k", TERM="xterm", COLUMNS="200")
        ended = subprocess.run(
            [sys.executable, "-m", "curate", *words],
            stdin=follower,
            stdout=follower,
            stderr=follower,
            env=variables,
            check=False,
            timeout=PATIENCE_SECONDS,
        )
    os.close(follower)
    reader.join(PATIENCE_SECONDS)
    shown = b"".join(seen).decode("utf-8", "replace")
    assert ended.returncode == 0, shown
    assert "\x1b[2J" not in shown
    assert "\n::error" not in shown
    assert "[bold]" in shown


@given(
    st.lists(st.text(st.characters(codec="utf-8", exclude_categories=("C", "Z")), min_size=1, max_size=90), max_size=30)
)
def test_a_wrapped_line_keeps_its_words_and_hides_its_keys(words: list[str]) -> None:
    out, key = io.StringIO(), "sk-" + "Ab3d" * 12
    shown = MaskedConsole(file=out, force_terminal=True, color_system=None, width=40)
    line = " ".join([*words, key, *words])
    shown.print(Text(f"proved  L001  {line}"))
    lines = out.getvalue().splitlines()
    assert all(cell_len(one) <= 40 for one in lines)
    assert all(one.startswith(" " * 14) for one in lines[1:])
    assert "Ab3d" not in out.getvalue()
    assert "".join(out.getvalue().split()) == "".join(f"proved L001 {without_keys(line)}".split())
