"""Shares of reviewers, and lines written from the review."""

import json
from pathlib import Path

import numpy as np
import pytest

from curate.cli.main import main
from curate.core.errors import UsageError
from curate.project.decision_log import DecisionLog
from curate.read.index import LineIndex
from curate.review import ReviewSession, views
from curate.review.assignment import Share, share_of
from curate.review.export import export_lines, lines_of
from curate.review.scan import scan
from curate.review.sources import sources_of
from tests.conftest import Write


def reviewed(path: Path, share: Share | None = None) -> ReviewSession:
    """The review of a file, after its scan."""
    sources = sources_of([path])
    session = ReviewSession(LineIndex(sources.files), DecisionLog(Path(".curate", "decisions.jsonl")), "ann", share)
    list(session.lines.build())
    session.grow()
    scan(sources, None, session.take)
    return session


def shown(session: ReviewSession) -> set[int]:
    return set(list(views(session, "example"))[-1].rows.tolist())


@pytest.mark.slow
def test_shares_are_disjoint_complete_and_stay_when_the_file_grows(write: Write) -> None:
    pairs = [(f"What is the square of {number}?", f"It is {number * number}.") for number in range(300)]
    path = write("data.jsonl", [*pairs, pairs[7], b"{broken"])
    parts = [reviewed(path, Share(part, 3)) for part in (1, 2, 3)]
    lines = [shown(part) for part in parts]
    assert sum(map(len, lines)) == len(set.union(*lines)) == 302
    assert min(map(len, lines)) > 70
    assert [7 in part for part in lines] == [300 in part for part in lines]  # equal examples have one reviewer
    findings = [len(part.findings) for part in parts]
    assert sum(findings) == len(reviewed(path).findings)
    broken = {part.findings.entry(row).place.line for part in parts[2:] for row in range(len(part.findings))}
    assert (301 in lines[2]) == (302 in broken)  # the line and its finding have one reviewer
    assert all(part.examples.total == len(one) for part, one in zip(parts, lines, strict=True))

    write("data.jsonl", [("What is new?", "This is."), *pairs])
    assert shown(reviewed(path, Share(2, 3))) - {0} == {line + 1 for line in lines[1] - {300, 301}}


def test_the_overlap_is_the_same_for_all_and_as_large_as_asked_for() -> None:
    ids = np.random.default_rng(5).integers(0, 2**64, (20_000, 2), np.uint64)
    common = np.logical_and.reduce([Share(part, 4, 0.1).contains_ids(ids) for part in (1, 2, 3, 4)])
    assert 0.09 < common.mean() < 0.11
    alone = [Share(part, 4, 0.1).contains_ids(ids) & ~common for part in (1, 2, 3, 4)]
    assert (np.sum(alone, axis=0) + common == 1).all()
    assert Share(1, 4, 1.0).contains_ids(ids).all()
    one = "".join(f"{int(half):016x}" for half in ids[0])
    for part in (1, 2, 3, 4):
        assert Share(part, 4).contains(one) == bool(Share(part, 4).contains_ids(ids)[0])


@pytest.mark.parametrize("text", ["", "1", "0/3", "4/3", "1/0", "1/3/2", "-1/3", "1/99999", "١/٣"])
def test_what_is_no_share_is_refused(text: str) -> None:
    with pytest.raises(UsageError, match="not a share"):
        share_of(text)


@pytest.mark.slow
def test_lines_are_written_with_their_bytes(write: Write, tmp_path: Path) -> None:
    odd = (b'{"messages" : [{"role":"user","content":"caf\\u00e9 \xc3\xa9"},{"role":"assistant","content":"ok"}] , '
           b'"n":1.0}')  # fmt: skip
    path = write("data.jsonl", odd + b"\r\n\n" + odd + b"\n{broken\x1b\n" + json.dumps({"messages": []}).encode())
    session = reviewed(path)
    rows = list(views(session, "finding"))[-1].rows
    export_lines(session, lines_of(session, "finding", rows), Path("found.jsonl"))
    assert Path("found.jsonl").read_bytes() == odd + b"\n" + b"{broken\x1b\n" + b'{"messages": []}\n'
    rows = list(views(session, "example", "line:1"))[-1].rows
    with pytest.raises(UsageError, match="already exists"):
        export_lines(session, lines_of(session, "example", rows), Path("found.jsonl"))
    Path("link.jsonl").symlink_to("nowhere.jsonl")
    for name in ("link.jsonl", "found.txt"):
        with pytest.raises(UsageError):
            export_lines(session, lines_of(session, "example", rows), Path(name))

    document = write("data.json", b'[{"messages": [\n  {"role": "user", "content": "a\\nb"}\r\n]},\n {"messages": []}]')
    session = reviewed(document)
    export_lines(session, lines_of(session, "example", np.array([1, 0, 1], np.int32)), Path("all.jsonl"))
    read = [json.loads(line) for line in Path("all.jsonl").read_text().split("\n")[:-1]]
    assert read == json.loads(document.read_bytes())


def test_a_name_that_is_no_reviewer_is_refused(
    write: Write, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    pytest.importorskip("textual")
    write("data.jsonl", [("a", "b")])
    monkeypatch.setenv("TEXTUAL_DRIVER", "textual.drivers.headless_driver:HeadlessDriver")
    assert main(["review", "data.jsonl", "--reviewer", "../x"]) == 2
    assert "not a valid name" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--overlap", "0.5"), "--overlap has no effect without --assign"),
        (("--hardest", "5"), "--hardest has no effect without --from-run"),
        (("--host", "0.0.0.0"), "--host has no effect without --web"),
        (("--port", "8000"), "--port has no effect without --web"),
    ],
)
def test_an_option_without_the_one_that_it_belongs_to_is_refused(
    words: tuple[str, str], said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["review", "data.jsonl", *words]) == 2
    assert said in capsys.readouterr().err
