"""`curate report` writes one page from what the other commands say."""

import io
import json
import re
import sys
from pathlib import Path

import pytest

from curate.cli.main import main
from curate.core.errors import MissingExtra

pytestmark = pytest.mark.usefixtures("in_tmp_path")


@pytest.fixture
def in_tmp_path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def chat(question: str, answer: str) -> str:
    turns = [{"role": "user", "content": question}, {"role": "assistant", "content": answer}]
    return json.dumps({"messages": turns}, ensure_ascii=False) + "\n"


COPY = chat("Where is my order?", "It left our warehouse yesterday and arrives tomorrow.")
EMPTY = chat("Do you ship to Norway?", "")
CLASH = chat("How long can I return an item?", "You have 30 days.") + chat(
    "How long can I return an item?", "You have 14 days."
)
FINE = chat("Do you have a shop in Berlin?", "No, we sell online only.")


def page(*arguments: str) -> str:
    assert main(["report", *arguments, "-o", "report.html", "-q"]) == 0
    return Path("report.html").read_text("utf-8")


def test_a_page_has_findings_duplicates_contradictions_and_next_steps(capsys: pytest.CaptureFixture[str]) -> None:
    Path("a.jsonl").write_text(EMPTY + COPY + COPY + CLASH + FINE)
    html = page("a.jsonl")
    for text in ("a.jsonl:1", "C003", "Removed examples", "<h2>Conflicts", "curate dedup a.jsonl -o kept.jsonl"):
        assert text in html
    assert "<h2>Leaks" not in html
    out = capsys.readouterr().out
    assert "1 duplicate can be removed: curate dedup a.jsonl -o kept.jsonl\n" in out
    assert "1 contradiction to confirm or reject" in out


def test_a_folder_of_splits_is_verified() -> None:
    Path("out").mkdir()
    Path("out/train.jsonl").write_text(COPY + FINE)
    Path("out/test.jsonl").write_text(COPY)
    html = page("out")
    assert "<h2>Leaks" in html
    assert "out/test.jsonl:1" in html
    assert "is a copy of out/train.jsonl:1" in html


def test_a_leak_is_the_first_next_step(capsys: pytest.CaptureFixture[str]) -> None:
    Path("out").mkdir()
    Path("out/train.jsonl").write_text(COPY + COPY + EMPTY)
    Path("out/test.jsonl").write_text(COPY)
    page("out")
    first, second = capsys.readouterr().out.splitlines()[:2]
    assert first.endswith("curate split out -o out-2")
    assert "duplicates can be removed" in second


def test_data_without_a_problem_leads_to_a_split() -> None:
    Path("a.jsonl").write_text(FINE)
    html = page("a.jsonl")
    assert "Nothing was found" in html
    assert "curate split a.jsonl -o out" in html


def test_text_of_the_data_is_inert_and_secrets_are_masked() -> None:
    markup = "<script>alert(1)</script><img src=x onerror=alert(2)>\x1b[31m\u202e"
    key = "sk-proj-" + "aB3dE5fG7hJ9kL1mN3pQ5rS7tU9vW1xY3zA5bC7dE9fG1hJ3"
    Path("a.jsonl").write_text(chat(markup, "") + chat(f"My key is {key}", f"{key} is bad {markup}") * 2 + CLASH)
    html = page("a.jsonl")
    assert key not in html
    assert "\x1b" not in html
    assert "\u202e" not in html
    assert "<img" not in html
    assert len(re.findall("<script", html)) == 1
    assert not re.findall(r"<[^>]*(?:src|href)=", html)


def test_without_the_extra_the_page_names_it(monkeypatch: pytest.MonkeyPatch) -> None:
    def missing(_: object) -> None:
        raise MissingExtra("dedup", "dedup", "numba")

    monkeypatch.setattr("curate.commands.dedup.dedup", missing)
    Path("a.jsonl").write_text(FINE)
    html = page("a.jsonl")
    assert "duplicates were not searched for" in html
    assert "pip install &#x27;curate-chat[dedup]&#x27;" in html


def test_a_page_is_replaced_only_when_asked() -> None:
    Path("a.jsonl").write_text(FINE)
    Path("report.html").write_text("mine")
    assert main(["report", "a.jsonl", "-o", "report.html", "-q"]) == 2
    assert Path("report.html").read_text() == "mine"
    assert main(["report", "a.jsonl", "-o", "report.html", "-q", "--overwrite"]) == 0
    assert main(["report", "a.jsonl", "-o", "a.jsonl", "-q", "--overwrite"]) == 2
    assert Path("a.jsonl").read_text() == FINE


def test_the_status_tells_lines_without_an_example() -> None:
    Path("a.jsonl").write_text(FINE + "{}\n")
    assert main(["report", "a.jsonl", "-o", "report.html", "-q"]) == 1
    Path("b.jsonl").write_text("{}\n")
    assert main(["report", "b.jsonl", "-o", "other.html", "-q"]) == 2
    assert not Path("other.html").exists()


def test_a_damaged_manifest_is_not_passed_over(capsys: pytest.CaptureFixture[str]) -> None:
    Path("out").mkdir()
    Path("out/train.jsonl").write_text(COPY)
    Path("out/test.jsonl").write_text(COPY)
    Path("out/manifest.json").write_text("{}")
    assert main(["report", "out", "-o", "report.html", "-q"]) == 1  # the manifest is read as data
    assert "not verified: out/manifest.json" in Path("report.html").read_text("utf-8")
    assert "not verified: out/manifest.json" in capsys.readouterr().err


def test_a_folder_is_no_output(capsys: pytest.CaptureFixture[str]) -> None:
    Path("a.jsonl").write_text(FINE)
    assert main(["report", "a.jsonl", "-o", ".", "--overwrite", "-q"]) == 2
    assert "is a folder" in capsys.readouterr().err


def test_a_missing_output_is_answered_with_the_option_to_add(capsys: pytest.CaptureFixture[str]) -> None:
    Path("a.jsonl").write_text(FINE)
    assert main(["report", "a.jsonl"]) == 2
    assert "next: add -o FILE.html; `curate report --help`" in capsys.readouterr().err


@pytest.mark.parametrize("size", [1, 20, 200])
def test_the_text_of_a_whole_line_has_its_start_and_its_end_once(size: int) -> None:
    line = json.dumps({"messages": [{"role": "user", "content": "a" * size}, {"role": "assistant", "content": "b"}]})
    Path("a.jsonl").write_text(f"{line}\n{line}\n")
    shown = re.findall(r"exact copy.*?<pre>(.*?)</pre>", page("a.jsonl"), re.DOTALL)[0].replace("&quot;", '"')
    start, _, end = shown.partition("…")
    assert shown == line or (line.startswith(start) and line.endswith(end) and len(shown) == 121)


def test_the_next_steps_after_standard_input_name_no_pipe(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO((FINE + EMPTY).encode())))
    main(["report", "-", "-o", "report.html", "--quiet"])
    printed = capsys.readouterr().out
    assert "(save the standard input as PATH): curate review PATH" in printed
    assert "curate review PATH" in Path("report.html").read_text()
    assert "review -" not in printed
