"""`curate dedup`: what it writes, what it says, what it asks, and what it refuses."""

import errno
import gzip
import json
import os
import re
from pathlib import Path
from typing import Any, Final
from unicodedata import normalize

import pytest
from jsonschema import validate

from curate.cli.main import main
from curate.commands.dedup import write_plan
from curate.core.config import DedupConfig
from curate.core.decision import Decision
from curate.core.errors import OutputError
from curate.core.example import content_id
from curate.project.decision_log import DecisionLog
from curate.storage.files import TEMPORARY_SUFFIX
from tests.conftest import Write, chat, line_of, rows_of, schema_of, trust_folder
from tests.forks import Forks
from tests.workspaces import plan

ANSWER = (
    "It keeps well in a cool dry cellar until the first frost comes and then it has to be eaten within some days or "
    "it goes bad and smells"
)
NEAR_DUPLICATE = ANSWER.replace("smells", "stinks a lot")
HOSTILE = (
    "Look \x1b[31mhere\x1b[0m [bold red]loud[/] \u202egnp.exe\u202c <script>alert(1)</script> & keep it in a cool dry "
    "cellar until the frost comes"
)
PAIRS = [("How long?", ANSWER), ("Hi", "Hello."), ("How long?", NEAR_DUPLICATE), ("Hi", "Hello.")]


def dedup(*words: str) -> int:
    return main(["dedup", *words])


def removed() -> list[dict[str, Any]]:
    return rows_of("out.removed.jsonl")


def test_what_is_kept_keeps_its_bytes_and_what_goes_keeps_its_reason(
    write: Write, capsys: pytest.CaptureFixture[str]
) -> None:
    data = write("data.jsonl", PAIRS).read_bytes().splitlines()
    data[2] = data[2].replace(b'{"messages": ', b'{  "messages":')
    Path("data.jsonl").write_bytes(b"\n".join([*data, b"{broken"]))
    assert dedup("data.jsonl", "-o", "out.jsonl") == 1  # a line holds no example
    assert Path("out.jsonl").read_bytes().splitlines() == [data[0], data[1], b"{broken"]
    gone = [(item["line"], item["code"], item["kept"]["line"], item["text"].encode()) for item in removed()]
    assert gone == [(3, "D003", 1, data[2]), (4, "D001", 2, data[3])]
    told = capsys.readouterr()
    assert told.out.splitlines()[-1] == "5 lines read = 3 kept + 2 removed (1 exact, 1 near)"
    assert "1 line without an example in a known form: kept, not compared" in told.err


def test_without_an_output_nothing_is_written(write: Write, capsys: pytest.CaptureFixture[str]) -> None:
    write("data.jsonl", PAIRS)
    assert dedup("data.jsonl") == 0
    assert "2 removed (1 exact, 1 near); nothing written" in capsys.readouterr().out
    assert not Path("out.removed.jsonl").exists()


def test_copies_with_other_ids_or_other_spaces_go_as_the_hint_of_d002_says(
    write: Write, capsys: pytest.CaptureFixture[str]
) -> None:
    """Copies with other ids are near-duplicates with the same words; without a space, the words are others."""
    lines = [chat("how do I cancel it", "Press the button.") | {"id": number} for number in (1, 2)]
    write("data.jsonl", [*lines, chat("how do Icancel it", "Pressthe button.")])
    assert main(["check", "data.jsonl"]) == 1
    out = capsys.readouterr().out
    assert out.count("D002 warning") == 2
    assert "`--drop D002` also removes" in out
    assert dedup("data.jsonl") == 0
    assert "2 kept + 1 removed (0 exact, 1 near with the same words)" in capsys.readouterr().out
    assert dedup("data.jsonl", "--drop", "D002") == 0
    assert "1 kept + 2 removed (0 exact, 0 near, 2 D002)" in capsys.readouterr().out


def test_an_explanation_shows_how_the_two_differ(write: Write, capsys: pytest.CaptureFixture[str]) -> None:
    write("data.jsonl", PAIRS)
    assert dedup("data.jsonl", "--explain") == 0
    out = capsys.readouterr().out
    assert "data.jsonl:3: D003 0.875 like data.jsonl:1\n" in out
    assert "    assistant: …it goes bad and [-stinks a lot-]{+smells+}\n" in out
    assert "user:" not in out
    assert "2 examples kept for 2 removed" in out
    assert "─ 0.8 threshold: a pair here is compared with probability 0.99" in out
    assert "  0.85 to 0.90  1 ████" in out


def test_pairs_that_differ_in_a_fact_are_counted_with_the_command_that_shows_them(
    write: Write, capsys: pytest.CaptureFixture[str]
) -> None:
    write("data.jsonl", [("How many?", f"There are 12. {ANSWER}"), ("How many?", f"There are 13. {ANSWER}")])
    assert dedup("data.jsonl") == 0
    assert "another number, name or negation; `curate review data.jsonl` shows them" in capsys.readouterr().out


@pytest.mark.parametrize("words", [(), ("--explain",), ("--explain", "--all"), ("--json", "--explain")])
def test_text_of_the_data_is_never_obeyed(
    words: tuple[str, ...], write: Write, capsys: pytest.CaptureFixture[str]
) -> None:
    write("data.jsonl", [("Hi", HOSTILE), ("Hi", f"{HOSTILE} \x1b]0;title\x07")])
    assert dedup("data.jsonl", *words, "--html", "report.html") == 0
    told = capsys.readouterr()
    assert not any(char in told.out + told.err for char in "\x1b\u202e\x07")
    page = Path("report.html").read_text()
    assert not any(char in page for char in "\x1b\u202e\x07")
    assert page.count("<script") == 1  # the filter, whose hash is in the policy
    assert "default-src 'none'" in page


def test_secrets_are_not_shown(write: Write, capsys: pytest.CaptureFixture[str]) -> None:
    write("data.jsonl", [("Who?", f"ada@acme-works.com {ANSWER}"), ("Who?", f"ada@acme-works.com {NEAR_DUPLICATE}")])
    for words in ((), ("--explain",), ("--explain", "--json")):
        assert dedup("data.jsonl", *words, "--html", "report.html") == 0
        assert "ada@" not in capsys.readouterr().out
        assert "ada@" not in Path("report.html").read_text()


def test_the_report_has_pairs_side_by_side(write: Write) -> None:
    write("data.jsonl", [*PAIRS, ("How many?", f"There are 12. {ANSWER}"), ("How many?", f"There are 13. {ANSWER}")])
    assert dedup("data.jsonl", "--html", "report.html") == 0
    page = Path("report.html").read_text()
    assert "bad and <del>stinks a lot</del></pre><pre>" in page
    assert "bad and <ins>smells</ins></pre>" in page
    assert "Near-duplicates that differ in a number, a name or a negation" in page
    assert "<code>data.jsonl:3</code> goes, <code>data.jsonl:1</code> stays" in page


@pytest.mark.parametrize("words", [(), ("--explain",)])
def test_what_is_printed_for_programs_fits_its_schema(
    words: tuple[str, ...], write: Write, capsys: pytest.CaptureFixture[str]
) -> None:
    write(
        "data.jsonl",
        [
            *PAIRS,
            ("How many?", f"There are 12. {ANSWER}"),
            ("How many?", f"There are 13. {ANSWER}"),
            ("\ud800", "x"),
            ("\ud800", "x"),
        ],
    )
    assert dedup("data.jsonl", "-o", "out.jsonl", "--json", *words) == 0
    found = json.loads(capsys.readouterr().out)
    validate(found, schema_of("dedup"))
    assert (found["read"], found["kept"], len(found["removed"]), len(found["apart"]), found["written"]) == (
        8,
        5,
        3,
        1,
        True,
    )
    assert ("diff" in found["removed"][0]) is bool(words)
    assert sum(bar["pairs"] for bar in found["histogram"]) >= 2
    assert 0.99 <= found["recall"] <= 1


def test_another_threshold_reads_what_is_cached(write: Write, monkeypatch: pytest.MonkeyPatch) -> None:
    write("data.jsonl", PAIRS)
    assert dedup("data.jsonl") == 0
    monkeypatch.setattr("curate.corpus.features.shingled", None)
    assert dedup("data.jsonl", "--threshold", "0.9", "-o", "out.jsonl") == 0
    assert [item["line"] for item in removed()] == [4]
    assert dedup("data.jsonl", "--threshold", "0.6", "-o", "out.jsonl", "--overwrite") == 0
    assert [item["line"] for item in removed()] == [3, 4]


def test_arrays_that_outgrow_memory_are_in_files(
    write: Write, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    write("data.jsonl", PAIRS)
    assert dedup("data.jsonl", "--no-cache", "-o", "out.jsonl") == 0
    kept, gone, said = Path("out.jsonl").read_bytes(), removed(), capsys.readouterr().out
    asked: list[int] = []
    fallocate = os.posix_fallocate

    def counted(file: int, at: int, size: int) -> None:
        asked.append(size)
        fallocate(file, at, size)

    monkeypatch.setattr(os, "posix_fallocate", counted)
    assert dedup("data.jsonl", "--no-cache", "-o", "out.jsonl", "--overwrite", "--memory", "1GB") == 0
    assert asked == []
    monkeypatch.setattr("curate.corpus.loading.MEMORY_PER_BYTE", 1 << 40)
    assert dedup("data.jsonl", "--no-cache", "-o", "out.jsonl", "--overwrite", "--memory", "1GB") == 0
    assert asked != []
    assert (Path("out.jsonl").read_bytes(), removed()) == (kept, gone)
    assert capsys.readouterr().out == 2 * said
    assert dedup("data.jsonl", "--memory", "much") == 2

    def full(*_: int) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "posix_fallocate", full)
    assert dedup("data.jsonl", "--memory", "1GB") == 2
    assert "cannot be written: No space left on device" in capsys.readouterr().err


@pytest.mark.parametrize("name", ["data.jsonl", "data.jsonl.gz", "data.json"])
@pytest.mark.parametrize("command", [("dedup",), ("split", "-o", "out", "--yes")])
def test_a_memory_limit_below_what_is_needed_is_refused_with_the_least_that_suffices(
    command: tuple[str, ...], name: str, write: Write, capsys: pytest.CaptureFixture[str]
) -> None:
    path = write("data.jsonl", [(f"Question {number}?", f"Answer {number}.") for number in range(20)])
    if name.endswith(".gz"):
        Path(name).write_bytes(gzip.compress(path.read_bytes()))
    elif name != path.name:
        Path(name).write_text(json.dumps(rows_of(path)))
    for limit in ("0", "1MB", "64MB"):
        assert main([*command, name, "-q", "--memory", limit]) == 2
    assert not Path("out").exists()
    least = re.findall(r"pass --memory (\d+)MB or more", capsys.readouterr().err)
    assert len(set(least)) == 1
    assert main([*command, name, "-q", "--memory", f"{int(least[0]) - 1}MB"]) == 2
    assert main([*command, name, "-q", "--memory", f"{least[0]}MB"]) == 0


def test_a_compressed_document_needs_as_much_memory_as_it_does_unpacked(
    write: Write, capsys: pytest.CaptureFixture[str]
) -> None:
    path = write("data.jsonl", [(f"Question {number}?", f"Answer {number}.") for number in range(3_000)])
    document = json.dumps(rows_of(path)).encode()
    Path("data.json").write_bytes(document)
    Path("packed.json.gz").write_bytes(gzip.compress(document))
    for name in ("data.json", "packed.json.gz"):
        assert main(["dedup", name, "-q", "--memory", "1MB"]) == 2
    least = re.findall(r"pass --memory (\d+)MB or more", capsys.readouterr().err)
    assert len(least) == 2
    assert len(set(least)) == 1


def test_without_a_cache_nothing_is_remembered(write: Write) -> None:
    write("data.jsonl", PAIRS)
    assert dedup("data.jsonl", "--no-cache") == 0
    assert not Path(".curate").exists()


def test_a_damaged_cache_costs_a_note(write: Write, capsys: pytest.CaptureFixture[str]) -> None:
    write("data.jsonl", PAIRS)
    assert dedup("data.jsonl", "-o", "out.jsonl") == 0
    [cache] = Path(".curate/cache/near").glob("piece-*")
    whole, before = cache.read_bytes(), removed()
    at = whole.index(b"hashes.npy") + 160  # a number in the middle of it
    for damage in (b"", b"no archive", whole[: len(whole) // 2], whole[:at] + bytes([whole[at] ^ 1]) + whole[at + 1 :]):
        cache.write_bytes(damage)
        assert dedup("data.jsonl", "-o", "out.jsonl", "--overwrite") == 0
        assert "is damaged or was written by another user; it is rebuilt" in capsys.readouterr().err
        assert removed() == before
        assert len(cache.read_bytes()) == len(whole)


def heavy(write: Write, name: str = "data.jsonl") -> Path:
    return write(name, [("Hi", "Hello.")] * 150 + [(f"Tell me about {n}.", f"{n} is a number.") for n in range(20)])


def test_a_heavy_removal_needs_a_yes_and_nothing_is_written_without(
    write: Write, capsys: pytest.CaptureFixture[str]
) -> None:
    heavy(write)
    Path("out.jsonl").write_text("old")
    assert dedup("data.jsonl", "-o", "out.jsonl", "--overwrite") == 1
    told = capsys.readouterr()
    assert (
        "error: D008 data.jsonl: 149 of 170 lines would be removed, 88%; more than 30% requires confirmation"
        in told.err
    )
    assert "149 lines would be removed as duplicates of this one, 88% of all" in told.err
    assert "--yes" in told.err
    assert told.out.splitlines()[-1].endswith("; nothing written")
    assert (Path("out.jsonl").read_text(), Path("out.removed.jsonl").exists()) == ("old", False)
    assert dedup("data.jsonl", "-o", "out.jsonl", "--yes", "--overwrite") == 0
    assert len(Path("out.jsonl").read_bytes().splitlines()) == 21


def test_a_heavy_removal_is_told_to_programs_too(write: Write, capsys: pytest.CaptureFixture[str]) -> None:
    heavy(write)
    assert dedup("data.jsonl", "-o", "out.jsonl", "--json") == 1
    found = json.loads(capsys.readouterr().out)
    assert ([item["code"] for item in found["heavy"]], found["written"]) == (["D008", "D008"], False)


def test_limits_of_a_heavy_removal_can_be_set(write: Write) -> None:
    heavy(write)
    trust_folder()
    Path("curate.toml").write_text("[dedup]\nstop_share = 0.9\nstop_cluster = 0.9\n")
    assert dedup("data.jsonl", "-o", "out.jsonl") == 0
    Path("curate.toml").write_text("[dedup]\nstop_least = 149\n")
    assert dedup("data.jsonl", "-o", "out.jsonl", "--overwrite") == 0


ON_TERMINAL: Final = """
import atexit, os, pty, sys
parent, child = pty.openpty()
os.write(parent, {!r})
os.dup2(child, 0)
os.dup2(child, 2)
def show():
    sys.stderr.flush()
    for end in (child, 0, 2):
        os.close(end)
    try:
        while shown := os.read(parent, 1 << 16):
            os.write(1, shown)
    except OSError:  # all is read
        pass
atexit.register(show)
"""
"""What a process runs first whose input and errors are a terminal: what is typed; what is shown goes to its output."""


@pytest.mark.slow
@pytest.mark.parametrize(("answer", "code"), [(b"y\n", 0), (b"\n", 1)])
def test_on_a_terminal_a_person_is_asked(answer: bytes, code: int, write: Write, forks: Forks) -> None:
    pytest.importorskip("pty")
    heavy(write)
    ended = forks.run(
        "dedup", "data.jsonl", "-o", "out.jsonl",
        first=ON_TERMINAL.format(answer), environment={**os.environ, "TERM": "dumb"},
    )  # fmt: skip
    assert ended.returncode == code
    assert "D008" in ended.stdout
    assert "[y/N]" in ended.stdout
    assert Path("out.jsonl").exists() is (code == 0)


def test_new_data_is_held_against_old(write: Write, capsys: pytest.CaptureFixture[str]) -> None:
    old = write("old.jsonl", [("How long?", ANSWER), ("Hi", "Hello."), ("Hi", "Hello.")]).read_bytes()
    write("new.jsonl", [("How long?", NEAR_DUPLICATE), ("Hi", "Hello."), ("New", "One."), ("New", "One.")])
    assert dedup("new.jsonl", "--against", "old.jsonl", "-o", "out.jsonl") == 0
    assert [json.loads(line)["messages"][0]["content"] for line in Path("out.jsonl").read_bytes().splitlines()] == [
        "New",
        "New",
    ]
    assert [(item["line"], item["kept"]["file"], item["kept"]["line"]) for item in removed()] == [
        (1, "old.jsonl", 1),
        (2, "old.jsonl", 2),
    ]
    assert Path("old.jsonl").read_bytes() == old
    assert "4 lines read = 2 kept + 2 removed (1 exact, 1 near), compared with 3 lines" in capsys.readouterr().out
    assert dedup("new.jsonl", "--against", "old.jsonl", "--against", "new.jsonl") == 0
    said = capsys.readouterr()
    assert "new.jsonl: is to be deduplicated, so no line of it is compared with itself" in said.out + said.err


def test_no_file_is_compared_with_itself_under_another_name(write: Write, capsys: pytest.CaptureFixture[str]) -> None:
    path = write("new.jsonl", [("Hi", "Hello."), ("New", "One.")])
    Path("link.jsonl").symlink_to(path)
    for name in ("link.jsonl", str(path.absolute())):
        assert dedup("new.jsonl", "--against", name, "-o", "out.jsonl", "--yes") == 2
        assert "names only files that are deduplicated themselves" in capsys.readouterr().err


def test_a_copy_of_a_new_line_that_goes_goes_too(write: Write) -> None:
    write("old.jsonl", [("How long?", ANSWER)])
    write("new.jsonl", [("How long?", NEAR_DUPLICATE), ("How long?", NEAR_DUPLICATE)])
    assert dedup("new.jsonl", "--against", "old.jsonl", "-o", "out.jsonl", "--keep", "last") == 0
    assert Path("out.jsonl").read_bytes() == b""


@pytest.mark.parametrize(
    ("keep", "line"), [("first", 1), ("last", 3), ("longest", 3), ("newest:date", 2), ("lowest:score", 1)]
)
def test_the_policy_says_who_stays(keep: str, line: int, write: Write) -> None:
    answers = (ANSWER, ANSWER.replace("smells", "rots"), NEAR_DUPLICATE)
    turns = [[{"role": "user", "content": "How long?"}, {"role": "assistant", "content": answer}] for answer in answers]
    write(
        "data.jsonl",
        [{"messages": said, "date": f"2024-0{(2, 9, 4)[n]}-01", "score": n} for n, said in enumerate(turns)],
    )
    assert dedup("data.jsonl", "-o", "out.jsonl", "--keep", keep) == 0
    assert [line["line"] for line in removed()] == [n for n in (1, 2, 3) if n != line]


def test_of_exact_copies_the_last_stays_when_asked_to(write: Write) -> None:
    write("data.jsonl", PAIRS)
    assert dedup("data.jsonl", "-o", "out.jsonl", "--keep", "last") == 0
    assert [(item["line"], item["kept"]["line"]) for item in removed()] == [(1, 3), (2, 4)]


@pytest.mark.parametrize("form", ["lines", "array"])
def test_the_one_with_the_fewest_findings_stays_and_of_equal_ones_the_first(form: str, write: Write) -> None:
    marred = ("How long?", f"{ANSWER} \ufffd\ufffd\ufffd and more of that")
    lines = [line_of(pair) for pair in (marred, ("How long?", NEAR_DUPLICATE), ("How long?", ANSWER))]
    write(
        "data.jsonl",
        b"[\n" + b",\n".join(line.replace(b", ", b",\n") for line in lines) + b"]"
        if form == "array"
        else b"\n".join(lines),
    )
    assert dedup("data.jsonl", "-o", "out.jsonl", "--threshold", "0.7") == 0
    assert rows_of("out.jsonl") == [json.loads(lines[1])]
    Path("curate.toml").write_text('[check]\nignore = ["Q022"]\n')
    assert dedup("data.jsonl", "-o", "out.jsonl", "--threshold", "0.7", "--overwrite") == 0
    assert rows_of("out.jsonl") == [json.loads(lines[0])]


def test_no_example_goes_in_favor_of_one_with_an_error(write: Write) -> None:
    lines = write(
        "data.jsonl", [("How long?", f"{ANSWER} \ufffd\ufffd\ufffd and more of that"), ("How long?", ANSWER)]
    ).read_bytes()
    Path("curate.toml").write_text('[check.severity]\nQ022 = "error"\n')
    assert dedup("data.jsonl", "-o", "out.jsonl", "--threshold", "0.7", "--keep", "first") == 0
    assert Path("out.jsonl").read_bytes() == lines.splitlines(keepends=True)[1]


def test_a_field_that_no_example_has_is_a_mistake(write: Write, capsys: pytest.CaptureFixture[str]) -> None:
    write("data.jsonl", PAIRS)
    assert dedup("data.jsonl", "--keep", "newest:date") == 2
    assert "no example has a date there" in capsys.readouterr().err
    write("data.jsonl", [{**chat("Hi", "Hello."), "date": date} for date in ("2024-01-01", "?")])
    assert dedup("data.jsonl", "--keep", "newest:date") == 0
    assert "1 example without anything usable under 'date'" in capsys.readouterr().err


def test_content_that_a_person_keeps_stays_once(write: Write) -> None:
    write("data.jsonl", [chat("Hi", "Hello there.")] * 2)
    twin = content_id(chat("Hi", "Hello there."))
    DecisionLog(Path(".curate/decisions.jsonl")).add(Decision(example=twin, verdict="keep"))
    assert dedup("data.jsonl", "-o", "out.jsonl") == 0
    assert [item["line"] for item in removed()] == [2]


def test_what_was_decided_in_review_counts(write: Write, capsys: pytest.CaptureFixture[str]) -> None:
    lines = write("data.jsonl", PAIRS).read_bytes().splitlines()
    short, long = (content_id(json.loads(lines[at])) for at in (0, 2))
    log = DecisionLog(Path(".curate/decisions.jsonl"))
    log.add(Decision(example=short, verdict="keep"))
    assert dedup("data.jsonl", "-o", "out.jsonl") == 0
    assert [item["line"] for item in removed()] == [3, 4]
    assert dedup("data.jsonl", "-o", "out.jsonl", "--keep", "manual", "--overwrite") == 0
    assert [item["line"] for item in removed()] == [4]
    log.add(Decision(example=long, verdict="drop"))
    assert dedup("data.jsonl", "-o", "out.jsonl", "--keep", "manual", "--overwrite") == 0
    assert [item["line"] for item in removed()] == [3, 4]
    assert "kept in review: 1 example stays" in capsys.readouterr().err


@pytest.mark.parametrize(
    "words",
    [
        ("-o", "data.jsonl"),
        ("-o", "out.jsonl.gz"),
        ("-o", "out.jsonl", "--html", "out.jsonl"),
        ("-o", "out.jsonl", "--html", "out.removed.jsonl"),
        ("--html", "data.jsonl"),
        ("--html", "old.jsonl"),
        ("--against", "old.jsonl", "-o", "old.jsonl"),
        ("--against", "data.jsonl"),
        ("--keep", "shortest"),
        ("--threshold", "1.5"),
        ("--on", "title"),
    ],
)
def test_what_makes_no_sense_is_refused_before_anything_is_written(words: tuple[str, ...], write: Write) -> None:
    before = write("data.jsonl", PAIRS).read_bytes()
    write("old.jsonl", PAIRS)
    assert dedup("data.jsonl", *words) == 2
    assert (Path("data.jsonl").read_bytes(), sorted(path.name for path in Path().iterdir())) == (
        before,
        ["data.jsonl", "old.jsonl"],
    )


@pytest.mark.parametrize(
    ("data", "said"),
    [(b"", "0 lines read = 0 kept + 0 removed"), (line_of(("Hi", "Hello.")), "1 line read = 1 kept + 0 removed")],
)
@pytest.mark.parametrize("words", [(), ("--explain",)])
def test_nothing_to_remove_is_said_so(
    data: bytes, said: str, words: tuple[str, ...], write: Write, capsys: pytest.CaptureFixture[str]
) -> None:
    write("data.jsonl", data)
    assert dedup("data.jsonl", "-o", "out.jsonl", "--html", "report.html", *words) == 0
    assert said in capsys.readouterr().out
    assert Path("out.jsonl").read_bytes() == (data + b"\n" if data else b"")
    assert Path("out.removed.jsonl").read_bytes() == b""


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="there is no device that is always full")
def test_a_full_disk_leaves_the_old_files(write: Write, monkeypatch: pytest.MonkeyPatch) -> None:
    planned = plan([write("data.jsonl", PAIRS)], DedupConfig())
    Path("out.jsonl").write_text("old")
    Path("out.removed.jsonl").write_text("old")
    opened = os.open

    def full(path: str, flags: int, *rest: int) -> int:
        there = Path(path).name.startswith(".out.removed.jsonl") and path.endswith(TEMPORARY_SUFFIX)
        return opened("/dev/full" if there else path, os.O_WRONLY if there else flags, *rest)

    with monkeypatch.context() as patched:
        patched.setattr(os, "open", full)
        with pytest.raises(OutputError, match=r"removed\.jsonl: cannot be written: No space left"):
            write_plan(planned, Path("out.jsonl"), overwrite=True)
    assert sorted(path.read_text() for path in Path().glob("*.jsonl") if path.name != "data.jsonl") == ["old", "old"]
    assert not list(Path().glob(".*tmp*"))


def test_an_interruption_leaves_the_old_files(write: Write, monkeypatch: pytest.MonkeyPatch) -> None:
    write("data.jsonl", PAIRS)
    Path("out.jsonl").write_text("old")

    def interrupted(*_: Any, **__: Any) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("curate.output.folder.duplicate_reason", interrupted)
    assert dedup("data.jsonl", "-o", "out.jsonl", "--overwrite") == 130
    assert (Path("out.jsonl").read_text(), sorted(path.name for path in Path().iterdir())) == (
        "old",
        [".curate", "data.jsonl", "out.jsonl"],
    )


KILLED_SCRIPT: Final = """
import os, signal
from pathlib import Path
rename, left = Path.replace, [RENAMES]
def replace(self, target):
    left[0] -= 1
    if left[0] < 0:
        os.kill(os.getpid(), signal.SIGKILL)
    return rename(self, target)
Path.replace = replace
"""


@pytest.mark.slow
@pytest.mark.parametrize("earlier", [False, True])
def test_killed_between_any_two_renames_no_example_is_in_neither_file(
    write: Write, forks: Forks, *, earlier: bool
) -> None:
    if earlier:
        write("data.jsonl", [("Bye", "See you."), ("Bye", "See you."), ("Hi", "Hello.")])
        assert dedup("data.jsonl", "-o", "out.jsonl") == 0
    before = {path.name: path.read_bytes() for path in Path().glob("*.jsonl")}
    lines = set(write("data.jsonl", PAIRS).read_bytes().splitlines())
    states = []
    for renames in range(4):
        for name in ("out.jsonl", "out.removed.jsonl"):
            Path(name).unlink(missing_ok=True)
            if name in before:
                Path(name).write_bytes(before[name])
        words = ("dedup", "data.jsonl", "-o", "out.jsonl", "--no-cache", "--overwrite")
        killed = forks.run(*words, first=KILLED_SCRIPT.replace("RENAMES", str(renames)))
        there = {line for path in (Path("out.jsonl"),) if path.exists() for line in path.read_bytes().splitlines()}
        gone = {item["text"].encode() for item in removed()} if Path("out.removed.jsonl").exists() else set()
        kept_then = {line for name, data in before.items() if name == "out.jsonl" for line in data.splitlines()}
        gone_then = {
            json.loads(line)["text"].encode()
            for name, data in before.items()
            if name == "out.removed.jsonl"
            for line in data.splitlines()
        }
        assert there | gone >= kept_then | gone_then or there | gone >= lines
        states.append((killed.returncode, there == kept_then, there | gone >= lines))
    whole = states.index((0, False, True))
    assert whole == (3 if earlier else 2)
    assert [code for code, *_ in states[:whole]] == [-9] * whole
    assert not list(Path().glob(".*curate-tmp"))


@pytest.mark.parametrize("between", [b", ", b",\n", b",\n\n  "])
def test_elements_of_an_array_go_and_stay_as_they_should_however_they_are_laid_out(
    between: bytes, write: Write
) -> None:
    lines = [line_of(pair) for pair in (*PAIRS, ("Bye", "See you."))]
    write("data.json", b"[" + between.join(lines) + b"]")
    assert dedup("data.json", "-o", "out.jsonl", "--explain") == 0
    assert rows_of("out.jsonl") == [json.loads(lines[at]) for at in (0, 1, 4)]
    assert [json.loads(item["text"]) for item in removed()] == [json.loads(lines[at]) for at in (2, 3)]


@pytest.mark.slow
def test_what_says_the_same_in_other_words_is_told_and_stays(write: Write, capsys: pytest.CaptureFixture[str]) -> None:
    gold = [
        ("What is the chemical symbol for gold?", "The chemical symbol for gold is Au."),
        ("What is the symbol for the chemical element gold?", "The symbol for the chemical element gold is Au."),
    ]
    hours = [
        ("How many hours does the night bus to Lyon take?", "Nine hours, with one stop."),
        ("How long is the overnight bus ride to Lyon, in hours?", "You are on the road for 9 hours."),
    ]
    start = [
        ("Where does the marathon start?", "At the town hall"),
        ("From which place does the marathon start?", "It starts in front of the town hall."),
    ]
    leave = [
        ("How many days of paid leave do I get?", "28 days a year."),
        ("What's my annual vacation allowance?", "Twenty-eight days."),
    ]
    write("data.jsonl", [*gold, *hours, *start, *leave])
    assert (
        dedup(
            "data.jsonl",
            "--embeddings",
            "offline:all-MiniLM-L6-v2",
            "-o",
            "out.jsonl",
            "--json",
            "--html",
            "report.html",
        )
        == 0
    )
    told = json.loads(capsys.readouterr().out)
    assert (told["kept"], [(pair["left_place"], pair["right_place"]) for pair in told["alike"]]) == (
        8,
        [(f"data.jsonl:{line}", f"data.jsonl:{line - 1}") for line in (2, 6, 4, 8)],
    )
    assert "Paraphrases: both are kept" in Path("report.html").read_text()
    assert dedup("data.jsonl", "--embeddings", "offline:all-MiniLM-L6-v2") == 0
    assert "kept: 4 pairs of paraphrases (D004)" in capsys.readouterr().out
    assert dedup("data.jsonl", "--embeddings", "no/such/model") == 2


@pytest.mark.slow
def test_long_answers_tell_whether_questions_in_other_words_are_the_same(
    write: Write, capsys: pytest.CaptureFixture[str]
) -> None:
    boots = (
        "How long have I got to send back a pair of boots from Harlow?",
        "No problem at all. As long as you have only worn them indoors and still have the box, we take "
        "them back for thirty days, counted from the day the parcel reached you. Please put the receipt in with them, "
        "because without it nobody can match the order.",
    )
    policy = (
        "Until when can I return boots that I bought from Harlow?",
        "Footwear from Harlow can be returned within 30 days of delivery. They have to be unworn outdoors, in "
        "their original box and with proof of purchase. The refund goes to the card that the order was paid with.",
    )
    hamper = (
        "And can I return one of Harlow's gift hampers?",
        "Gift hampers hold fresh food, so Harlow does not take them back once they have left the warehouse. If one "
        "arrives damaged, please send a photo within two days, and a new one is sent to you without any charge.",
    )
    long = ("Please sum this up for me. " * 40, "It asks for a summary.")
    write("data.jsonl", [boots, policy, hamper, long])
    assert dedup("data.jsonl", "--embeddings", "offline:all-MiniLM-L6-v2", "--json") == 0
    told = json.loads(capsys.readouterr().out)
    assert [(pair["left_place"], pair["right_place"]) for pair in told["alike"]] == [("data.jsonl:2", "data.jsonl:1")]
    assert dedup("data.jsonl", "--embeddings", "offline:all-MiniLM-L6-v2") == 0
    assert "1 request of more than 1,000 characters not compared for paraphrases" in capsys.readouterr().err


@pytest.mark.slow
def test_long_answers_in_chinese_are_compared_by_their_characters(
    write: Write, capsys: pytest.CaptureFixture[str]
) -> None:
    worded = (
        "手上有云栖剧社《海灯》的票,可是宣传页上没写导演,请问是哪位老师?",
        "您朋友眼光真好,这部戏今年口碑特别棒!导演是蒋以澄老师,他一向喜欢用灯光讲故事,所以才有了这个名字。整场演出两个多小时,"
        "建议您早一点到,因为迟到的观众要等中场才能进去。散场后现场还有签名册,喜欢的话可以留几句话。",
    )
    again = (
        "云栖剧社《海灯》的导演姓名？",
        "蒋以澄执导。观演须知：演出时长两个多小时；迟到的观众要等到中场才能入座，请提前到达；现场设有签名册，散场时可以留言。"
        "两张票如果是电子票，请提前截图，以免剧场门口信号不好，耽误检票。",
    )
    other = (
        "苏木传媒请假单的提交渠道？",
        "在飞羽系统里提交，不用找人签纸。步骤：登录飞羽系统，选“请假”，时长填半天，写明事由，提前一天提交。结果会短信通知。"
        "您今天刚报到，若账号还没开通，请让部门同事协助申请，并先口头告知主管。",
    )
    write("data.jsonl", [worded, again, other])
    assert dedup("data.jsonl", "--embeddings", "offline:all-MiniLM-L6-v2", "--json") == 0
    told = json.loads(capsys.readouterr().out)
    assert [(pair["left_place"], pair["right_place"]) for pair in told["alike"]] == [("data.jsonl:2", "data.jsonl:1")]
    assert dedup("data.jsonl", "--embeddings", "offline:all-MiniLM-L6-v2") == 0
    assert "compared for paraphrases by their characters" in capsys.readouterr().err


def test_full_width_letters_digits_and_signs_are_those_that_they_stand_for(write: Write) -> None:
    answer = "The ship left Hamburg in 1912 with 340 people and came back in the spring of the next year with half."
    wide = answer.translate({ord(char): ord(char) + 0xFEE0 for char in answer if char.isalnum()})
    changed = [wide.replace("１９１２", year) for year in ("１９１３", "－１９１２", "－1912", "１９１２％")]
    answers = (answer, wide, *changed)
    write("data.jsonl", [("When did the ship leave?", answer) for answer in answers])
    assert dedup("data.jsonl", "-o", "out.jsonl", "-y") == 0
    assert [removal["line"] for removal in removed()] == [2, 5]


@pytest.mark.parametrize(("mark", "gone"), [("\u200b", 1), ("\u00ad", 1), ("\U000e0067", 0)])
def test_characters_that_show_nothing_make_no_fact_and_tags_of_flags_do(mark: str, gone: int, write: Write) -> None:
    question = "Which of the many countries around the world flies this flag above its public buildings: \U0001f3f4{}?"
    write("data.jsonl", [(question.format(there), "It is flown in one of them, in the north.") for there in ("", mark)])
    assert dedup("data.jsonl", "-o", "out.jsonl", "-y") == 0
    assert len(removed()) == gone


@pytest.mark.parametrize(
    ("asked", "answer"),
    [
        ("Mikor ér a vonat Győrből Sopronba?", "A győri vonat 220 perc alatt ér oda, két állomáson áll meg."),
        ("Đi tàu từ Huế đến Cần Thơ mất bao lâu?", "Chuyến tàu không dừng và mất 220 phút đến Cần Thơ."),
        ("서울에서 부산까지 얼마나 걸리나요?", "기차로 서울에서 부산까지 2시간 40분이 걸립니다."),
    ],
)
def test_texts_in_another_unicode_form_do_not_differ_in_facts(asked: str, answer: str, write: Write) -> None:
    composed, apart = ((normalize(form, asked), normalize(form, answer)) for form in ("NFC", "NFD"))
    write("data.jsonl", [composed, apart, (apart[0], apart[1].replace("2", "3"))])
    assert dedup("data.jsonl", "-o", "out.jsonl", "-y") == 0
    assert [removal["line"] for removal in removed()] == [2]
