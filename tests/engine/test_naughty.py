"""The Big List of Naughty Strings as content, roles, keys and names of files: every format takes them, and no terminal
or browser obeys them.
"""

import io
import json
import os
import pty
import re
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from xml.etree import ElementTree

import pytest

from curate.core.config import CheckConfig
from curate.core.text import UNSAFE
from curate.lint.rules import RULES
from curate.lint.runner import CheckResult, check_paths
from curate.render.check_formats import OutputFormat, formatted_report, write_report
from curate.render.html import SCRIPT, filters
from tests.conftest import chat, environment
from tests.engine.test_reports import GITHUB, Tags

STRINGS: list[str] = json.loads(
    (Path(__file__).parent.parent / "data" / "naughty_strings.json").read_text(encoding="utf-8")
)
# One worker makes the file and checks it, once.
pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("naughty")]
STYLE = re.compile(r"\x1b\[[0-9;]*m")
TEXTS = (OutputFormat.CONCISE, OutputFormat.FULL, OutputFormat.GROUPED)


@pytest.fixture(scope="module")
def naughty(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Every string as question and answer, as an answer's neighbour that is wrong in each way that quotes it, and as a
    broken line.
    """
    lines: list[str] = []
    for text in STRINGS:
        asked = {"role": "user", "content": text}
        lines += [
            json.dumps(chat(text, text)),
            json.dumps(
                {
                    "messages": [
                        asked,
                        {"role": text, "content": None},
                        {"role": "assistant", "content": text, text: text},
                    ],
                    text: [text],
                }
            ),
            json.dumps(
                {
                    "messages": [
                        asked,
                        {
                            "role": "assistant",
                            "tool_calls": [{"id": text, "type": text, "function": {"name": text, "arguments": text}}],
                        },
                    ]
                }
            ),
            json.dumps({text: text, "a": {text: 1}}, ensure_ascii=False),
            text.replace("\n", " "),
            f"{{{json.dumps(text)}: 1, {json.dumps(text)}: NaN}}",
        ]
    path = tmp_path_factory.mktemp("naughty") / "data.jsonl"
    path.write_bytes(b"".join(line.encode("utf-8", "surrogatepass") + b"\n" for line in lines))
    return path


@pytest.fixture(scope="module")
def report(naughty: Path) -> CheckResult:
    report = check_paths([naughty], CheckConfig(select=tuple(RULES)))
    assert report.examples + report.not_understood >= 3 * len(STRINGS)
    return report


def test_every_format_takes_them_and_none_is_obeyed(naughty: Path, report: CheckResult) -> None:
    every = report
    for number, kind in enumerate(OutputFormat):
        report = replace(every, findings=every.findings[number % 3 :: 3])  # of each string there are many
        text = "".join(
            piece if isinstance(piece, str) else f"{piece.plain}\n"
            for piece in formatted_report(report, kind, [naughty], None)
        )
        assert not UNSAFE.search(text.replace("\n", "")), kind
        if kind is OutputFormat.JSON:
            assert len(json.loads(text)["findings"]) == len(report.findings)
        elif kind is OutputFormat.JSONL:
            assert len([json.loads(line) for line in text.splitlines()]) == len(report.findings) + 1
        elif kind is OutputFormat.SARIF:
            assert len(json.loads(text)["runs"][0]["results"]) == len(report.findings)
        elif kind is OutputFormat.JUNIT:
            assert len(ElementTree.fromstring(text).findall("testsuite/testcase")) == len(report.codes)
        elif kind is OutputFormat.GITHUB:
            assert all(GITHUB.fullmatch(line) for line in text.splitlines())
        elif kind is OutputFormat.HTML:
            page = Tags()
            own = filters(), f"<script>{SCRIPT}</script>"
            assert [text.count(part) for part in own] == [1, 1]
            page.feed(text.replace(own[0], "").replace(own[1], ""))
            assert page.references == []
            assert not page.tags & {
                "script",
                "img",
                "link",
                "iframe",
                "object",
                "a",
                "form",
                "input",
                "video",
                "audio",
                "marquee",
            }


@pytest.mark.parametrize("kind", TEXTS)
def test_in_colour_nothing_but_styles_reaches_a_terminal(
    naughty: Path, report: CheckResult, monkeypatch: pytest.MonkeyPatch, kind: OutputFormat
) -> None:
    screen = io.StringIO()
    monkeypatch.setattr(screen, "isatty", lambda: True)
    monkeypatch.setattr(sys, "stdout", screen)
    monkeypatch.setenv("TERM", "xterm-256color")
    some = replace(report, findings=report.findings[:: max(1, len(report.findings) // 400)])  # styles are slow
    write_report(formatted_report(some, kind, [naughty], None))
    text = screen.getvalue()
    assert STYLE.search(text)
    assert not UNSAFE.search(STYLE.sub("", text).replace("\n", ""))


def test_a_pseudo_terminal_gets_nothing_but_styles(naughty: Path) -> None:
    lines = naughty.read_bytes().splitlines(keepends=True)
    unsafe = [line for line in lines if UNSAFE.search(line.decode("utf-8", "replace")[:-1])]
    assert len(unsafe) > 20
    Path("data.jsonl").write_bytes(b"".join([*unsafe, *lines[::20]]))
    ours, theirs = pty.openpty()
    command = [sys.executable, "-m", "curate", "check", "data.jsonl", "--output-format", "full"]
    seen = bytearray()
    with subprocess.Popen(
        command, stdin=subprocess.DEVNULL, stdout=theirs, stderr=theirs, env=environment(TERM="xterm-256color")
    ) as process:
        os.close(theirs)
        try:
            while block := os.read(ours, 1 << 16):
                seen += block
        except OSError:  # the other end was closed
            pass
        os.close(ours)
    assert process.returncode == 1
    text = STYLE.sub("", seen.decode())
    # What a progress bar moves the cursor with.
    text = re.sub(r"\x1b\[(?:\?25[lh]|[0-9]*[AK]|2K|1A)|\r", "", text)
    assert not UNSAFE.search(text.replace("\n", ""))
    assert "data.jsonl" in text
