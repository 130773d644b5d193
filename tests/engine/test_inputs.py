"""What a path on the command line may stand for: files, folders, patterns, standard input; and what is said about what
is none of these.
"""

import gzip
import io
import json
import os
import sys
import tarfile
import threading
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from curate.cli.main import main
from curate.core.errors import ExitCode, InputError
from curate.lint.runner import check_paths
from curate.read.lines import sniff_file_kind
from curate.storage.data_files import data_files
from curate.storage.files import STDIN
from tests.conftest import Write, chat, line_of

GOOD = line_of(("What is two plus two?", "It makes four.")) + b"\n"
FIXABLE = (
    line_of({"messages": [{"role": "human", "content": "Hi"}, {"role": "assistant", "content": "Hello."}]}) + b"\n"
)
Type = Callable[[bytes], None]


@pytest.fixture
def typed(monkeypatch: pytest.MonkeyPatch) -> Type:
    """Let standard input hold some bytes."""

    def typing(data: bytes) -> None:
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(data)))

    return typing


def names(*paths: str) -> list[str]:
    return [path.as_posix() for path in data_files(paths)]


def test_a_folder_stands_for_the_data_files_below_it_but_for_hidden_folders(write: Write) -> None:
    for name in ("d/b.jsonl", "d/a/c.JSONL", "d/a.json.gz", "d/notes.md", "d/.git/x.jsonl", ".hidden/y.jsonl"):
        write(name, GOOD)
    assert names("d") == ["d/a/c.JSONL", "d/a.json.gz", "d/b.jsonl"]
    assert names("d/b.jsonl", "d", "d/b.jsonl")[0] == "d/b.jsonl"
    assert names(".hidden") == [".hidden/y.jsonl"]


def test_a_file_that_is_named_in_two_ways_is_read_once(write: Write) -> None:
    path = write("a/x.jsonl", b"{}\n")
    Path("a/y.jsonl").symlink_to("x.jsonl")
    Path("b").symlink_to("a")
    Path("z.jsonl").hardlink_to("a/x.jsonl")
    ways, told = ["a/x.jsonl", str(path.absolute()), "a/../a/x.jsonl", "b/x.jsonl", "a/y.jsonl", "z.jsonl"], list[str]()
    assert data_files(ways, told.append) == [Path("a/x.jsonl")]
    assert told == [f"{name}: not read again, it is the same file as a/x.jsonl" for name in ("a/y.jsonl", "z.jsonl")]


def test_a_ledger_of_removed_lines_is_no_data_under_any_name(write: Write, capsys: pytest.CaptureFixture[str]) -> None:
    """A shell or a pattern names it beside the data, and its lines have a `text`."""
    write("d/a.jsonl", [("Hi", "Hello."), ("Hi", "Hello."), ("Why?", "So.")])
    assert main(["dedup", "d/a.jsonl", "-o", "d/b.jsonl", "-q"]) == 0
    capsys.readouterr()
    for named in (["d/*.jsonl"], ["d/a.jsonl", "d/b.jsonl", "d/b.removed.jsonl"]):
        assert data_files(named, lambda _: None) == [Path("d/a.jsonl"), Path("d/b.jsonl")]
    assert main(["stats", "d/*.jsonl"]) == 0
    assert "note: d/b.removed.jsonl: not read, a file of removed lines" in capsys.readouterr().err
    assert main(["check", "d/b.removed.jsonl"]) == 2
    assert "d/b.removed.jsonl: is a file of removed lines" in capsys.readouterr().err


def test_a_pattern_stands_for_what_a_shell_would_make_of_it(write: Write) -> None:
    for name in ("d/b.jsonl", "d/a/c.jsonl", "d/a/n.txt", "e.jsonl"):
        write(name, GOOD)
    assert names("d/**/*.jsonl") == ["d/a/c.jsonl", "d/b.jsonl"]
    assert names("?.jsonl", "d/[a-b].jsonl") == ["e.jsonl", "d/b.jsonl"]
    assert names("d/*") == ["d/a/c.jsonl", "d/b.jsonl"]
    assert names(str(Path.cwd() / "d" / "*.jsonl")) == [(Path.cwd() / "d/b.jsonl").as_posix()]


def test_a_file_whose_name_looks_like_a_pattern_or_like_standard_input_is_that_file(write: Write) -> None:
    write("a[1].jsonl", GOOD)
    write("-", GOOD)
    assert names("a[1].jsonl") == ["a[1].jsonl"]
    assert names("./-") == [(Path.cwd() / "-").as_posix()]
    assert data_files(["-", "-"]) == [STDIN]


@pytest.mark.parametrize(
    "words",
    [
        ("check", "--fix", ""), ("dedup", "data.jsonl", "-o", ""), ("dedup", "data.jsonl", "--output="),
        ("check", "data.jsonl", ""), ("dedup", "data.jsonl", "-o", "."), ("verify", ""),
        ("verify", ".", "--redacted-from", ""),
    ],
)  # fmt: skip
def test_an_empty_path_is_not_the_current_folder(
    words: tuple[str, ...], write: Write, capsys: pytest.CaptureFixture[str]
) -> None:
    path = write("data.jsonl", [{"messages": [{"role": "human", "content": "Hi"}]}])
    before = path.read_bytes()
    assert main([*words]) == ExitCode.USAGE
    assert "the path is empty" in (error := capsys.readouterr().err) or (words[-1] == "." and "is a folder" in error)
    assert path.read_bytes() == before


@pytest.mark.parametrize(
    ("path", "said", "step"),
    [
        ("gone.jsonl", "gone.jsonl: no such file or folder", "is relative to"),
        ("no/*.jsonl", "no/*.jsonl: no file matches this pattern", "is relative to"),
        ("other", "other: a folder without data files (it has 2 .txt, 1 .md)", ".jsonl, .ndjson, .json"),
        ("bare", "bare: a folder without data files (it has no files)", ".jsonl, .ndjson, .json"),
        ("link.jsonl", "link.jsonl: broken link", "target of the link"),
    ],
)
def test_what_is_not_there_is_named_with_what_was_seen_and_the_next_step(
    path: str, said: str, step: str, write: Write, capsys: pytest.CaptureFixture[str]
) -> None:
    for name in ("other/a.txt", "other/b.txt", "other/c.md"):
        write(name, b"")
    Path("bare").mkdir()
    Path("link.jsonl").symlink_to("nowhere")
    assert main(["check", path]) == 2
    err = capsys.readouterr().err
    assert err.startswith(f"error: {said}\n  next: ")
    assert step in err


def test_standard_input_is_checked_like_a_file_packed_or_not(typed: Type, capsys: pytest.CaptureFixture[str]) -> None:
    for data in (GOOD + FIXABLE, gzip.compress(GOOD + FIXABLE)):
        typed(data)
        assert main(["check", "--output-format", "json", "-"]) == 1
        findings = json.loads(capsys.readouterr().out)["findings"]
        assert [
            (finding["file"], finding["line"], finding["code"]) for finding in findings if finding["severity"] != "info"
        ] == [("-", 2, "M007")]


def test_the_text_of_standard_input_is_there_for_reports_that_show_it(
    typed: Type, capsys: pytest.CaptureFixture[str]
) -> None:
    typed(FIXABLE)
    assert main(["check", "--output-format", "full", "-"]) == 1
    assert '"human"' in capsys.readouterr().out


def test_what_was_fixed_in_standard_input_goes_to_standard_output_and_findings_do_not(
    typed: Type, capfdbinary: pytest.CaptureFixture[bytes]
) -> None:
    broken = b'{"messages": []}\n'
    typed(GOOD + FIXABLE + broken)
    assert main(["check", "--fix", "-"]) == 1
    out, err = capfdbinary.readouterr()
    assert out == GOOD + FIXABLE.replace(b"human", b"user") + broken
    assert b"-:3: M003 error" in err


def test_standard_input_that_needs_no_fix_comes_out_as_it_was(
    typed: Type, capfdbinary: pytest.CaptureFixture[bytes]
) -> None:
    for option in ("--fix", "--fix-only"):
        typed(GOOD)
        assert main(["check", option, "-"]) == 0
        assert capfdbinary.readouterr().out == GOOD


def test_a_diff_of_standard_input_is_all_that_it_writes(typed: Type, capfdbinary: pytest.CaptureFixture[bytes]) -> None:
    typed(FIXABLE)
    assert main(["check", "--diff", "-"]) == 1
    assert capfdbinary.readouterr().out.startswith(b"--- -\n+++ -\n")


def test_stats_and_convert_read_standard_input(typed: Type, capsys: pytest.CaptureFixture[str]) -> None:
    typed(b'{"prompt": "Hi", "completion": "Hello."}\n')
    assert main(["stats", "--json", "-"]) == 0
    assert json.loads(capsys.readouterr().out)["examples"] == 1
    assert main(["convert", "-", "-o", "out.jsonl"]) == 0
    assert json.loads(Path("out.jsonl").read_bytes()) == chat("Hi", "Hello.")


def test_a_file_that_changes_while_it_is_checked_is_an_error() -> None:
    path = Path("data.jsonl")
    path.write_bytes(GOOD * 3)
    with pytest.raises(InputError, match=r"data\.jsonl: changed while it was read"):
        check_paths(
            [path], progress=lambda _: os.truncate(path, len(GOOD)) if path.stat().st_size > len(GOOD) else None
        )


def test_names_of_standard_input_are_one_file() -> None:
    assert data_files(["-", "/dev/stdin", "/dev/fd/0"]) == [STDIN]


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="a system without named pipes")
def test_a_pipe_is_read_once_and_checked_whole_and_is_not_mended(capsys: pytest.CaptureFixture[str]) -> None:
    os.mkfifo("pipe")
    writer = threading.Thread(target=Path("pipe").write_bytes, args=(GOOD + FIXABLE,))
    writer.start()
    assert main(["check", "--output-format", "full", "pipe"]) == 1
    writer.join()
    assert "pipe:2:" in capsys.readouterr().out
    assert main(["check", "--fix", "pipe"]) == 2
    assert "curate check --fix -" in capsys.readouterr().err


def zipped() -> bytes:
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w") as archive:
        archive.writestr("data.jsonl", GOOD)
    return data.getvalue()


def tarred() -> bytes:
    data = io.BytesIO()
    with tarfile.open(fileobj=data, mode="w") as archive:
        member = tarfile.TarInfo("data.jsonl")
        member.size = len(GOOD)
        archive.addfile(member, io.BytesIO(GOOD))
    return data.getvalue()


@pytest.mark.parametrize(
    ("data", "name"),
    [
        (zipped(), "a zip archive"),
        (tarred(), "a tar archive"),
        (b"a,b\n1,2\n", "CSV with the columns a, b"),
        (b"\xef\xbb\xbfprompt;completion\r\nHi;Hello.\r\n", "CSV with semicolons with the columns prompt, completion"),
        (b'prompt,completion\n"a, b","c\nd"\n"say ""x""",y\n', "CSV with the columns prompt, completion"),
        (b'id,messages\n1,"[{""role"": ""user""}]"\n', "CSV with the columns id, messages"),
        (b"a,b,c,d,e,f,g,h,i\n" + b"1,2,3,4,5,6,7,8,9\n" * 9, "CSV with the columns a, b, c, d, e, f, g, h, ..."),
        (b",id,text\n0,a,b\n1,c,d\n", "CSV with the columns id, text"),
        (b'"What, is it?",2,a,b\n' + b'"1, 2",3,4,b\n' * 5, "CSV without a header"),
        (b"a\tb\n1\t2", "TSV with the columns a, b"),
        (b"<html>\n<body>\n", "a web page"),
        (b"<?xml version='1.0'?>\n<a/>\n", "XML"),
        (b"# data\nmessages:\n  - role: user\n    content: Hi\n", "YAML"),
        (b"version https://git-lfs.github.com/spec/v1\noid sha256:1\nsize 9\n", "a Git LFS pointer, not the data"),
        (b"One line,\nand another,\nand a third.\n", "plain text"),
        (b"\x80\x04\x95\x00\x00\x00\x00", "binary"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_a_file_that_is_no_json_is_known(data: bytes, name: str) -> None:
    found = sniff_file_kind(data)
    assert found is not None
    assert found.name == name
    assert found.step


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b" \n\n",
        GOOD,
        b"[1,\n2]",
        b"nothing\n",
        b"two,\nlines\n",
        b"a,b\n1,2\n" + GOOD,
        b"one\ntwo\nthree\n" + GOOD,
        b'"Hi"\n"Hello."\n"Bye"\n',
        b"1\n2\n3\n",
        b"null\nwrong\nnull\n",
        b"<|im_start|>\n" + GOOD,
    ],
)
def test_a_file_that_may_be_json_in_some_line_is_not_taken_for_another(data: bytes) -> None:
    assert sniff_file_kind(data) is None


def test_a_line_of_spaces_is_looked_at_once() -> None:
    """What is quadratic in the line takes half a minute for each of these."""
    for line in (b"1" + b" " * 65_000 + b"x", b"1" + b"\t" * 65_000 + b"x"):
        assert sniff_file_kind(line + b"\n") is None


def test_a_big_table_is_known_by_its_beginning() -> None:
    found = sniff_file_kind(b"prompt,completion\n" + b'"Who, me?","Yes, you, of course."\n' * 10_000)
    assert found is not None
    assert found.name.startswith("CSV")


def test_one_file_of_another_kind_hides_no_other(write: Write, capsys: pytest.CaptureFixture[str]) -> None:
    write("a.txt", b"prompt,completion\nHi,Hello.\nBye,See you.\n")
    write("b.jsonl", FIXABLE)
    assert main(["check", "a.txt", "b.jsonl"]) == 1
    out = capsys.readouterr().out
    assert out.count("a.txt") == 1
    assert "a.txt: J026 error the file is CSV" in out
    assert "b.jsonl:1: M007" in out


@pytest.mark.parametrize(
    "verb",
    [("stats",), ("convert", "-o", "out.jsonl"), ("dedup", "-o", "out.jsonl"), ("split", "-o", "out"), ("conflicts",)],
)
@pytest.mark.parametrize(("data", "step"), [(b"a,b\n1,2\n", "ends in .csv"), (GOOD.decode().encode("utf-16"), "iconv")])
def test_what_needs_the_data_refuses_a_file_that_it_cannot_read(
    verb: tuple[str, ...], data: bytes, step: str, write: Write, capsys: pytest.CaptureFixture[str]
) -> None:
    write("data.jsonl", data)
    assert main([verb[0], "data.jsonl", *verb[1:]]) == 2
    err = capsys.readouterr().err
    assert "error: data.jsonl: the file is " in err
    assert step in err
    assert not Path("out.jsonl").exists()


def test_links_in_a_folder_are_read_where_they_stay_in_it_and_what_is_skipped_is_told(
    write: Write, capsys: pytest.CaptureFixture[str]
) -> None:
    for name in ("d/a.jsonl", "d/.blobs/1234", "elsewhere/b.jsonl"):
        write(name, [(f"What is in {name}?", "Examples.")])
    links = {"blob": ".blobs/1234", "same": "a.jsonl", "twice": ".blobs/1234", "out": "../elsewhere/b.jsonl"}
    for link, target in links.items():
        Path(f"d/{link}.jsonl").symlink_to(target)
    Path("d/folder").symlink_to("../elsewhere")
    Path("d/gone").symlink_to("nowhere")
    Path("d/removed.jsonl").write_bytes(b"")
    Path("d/a.removed.jsonl").write_bytes(b"")
    Path("d/manifest.json").write_bytes(b'{\n  "manifest_version": 3}')
    Path("d/dataset_info.json").write_bytes(b'{"a": {"file_name": "a.jsonl"}}')
    told: list[str] = []
    assert [path.as_posix() for path in data_files(["d"], told.append)] == ["d/a.jsonl", "d/blob.jsonl"]
    assert sorted(
        note.partition(", a ")[2].partition(";")[0] + ";" + note.partition(";")[2].partition(";")[0] for note in told
    ) == [
        "broken link; the first is d/gone",
        "description of data files; the first is d/dataset_info.json",
        "file of removed lines; the first is d/a.removed.jsonl",
        "link that leaves the folder; the first is d/out.jsonl",
        "link to a file that is already read; the first is d/same.jsonl",
        "link to a folder; the first is d/folder",
    ]
    assert (names("d/out.jsonl"), names("d/folder")) == (["d/out.jsonl"], ["d/folder/b.jsonl"])
    for verb in ("check", "stats", "dedup", "conflicts"):
        assert main([verb, "d"]) == 0
        assert (
            "1 file not read, a link that leaves the folder; the first is d/out.jsonl; pass it to read it"
            in capsys.readouterr().err
        )
    with pytest.warns(UserWarning, match="not read"):
        data_files(["d"])


def test_a_link_to_data_that_is_not_there_is_an_error_in_a_folder_too(
    write: Write, capsys: pytest.CaptureFixture[str]
) -> None:
    write("d/a.jsonl", [("Hi", "Hello.")])
    Path("d/b.jsonl").symlink_to("nowhere.jsonl")
    assert main(["check", "d"]) == 2
    assert "d/b.jsonl: broken link" in capsys.readouterr().err
    Path("d/c.jsonl").symlink_to("c.jsonl")
    Path("d/b.jsonl").unlink()
    assert main(["dedup", "d"]) == 2


def test_a_folder_with_nothing_but_links_out_of_it_says_so(write: Write, capsys: pytest.CaptureFixture[str]) -> None:
    write("elsewhere/b.jsonl", [("Hi", "Hello.")])
    Path("d").mkdir()
    Path("d/b.jsonl").symlink_to("../elsewhere/b.jsonl")
    assert main(["check", "d"]) == 2
    said = capsys.readouterr().err
    assert "a link that leaves the folder" in said
    assert "without data files" in said
    assert main(["check", "d/b.jsonl"]) == 0
