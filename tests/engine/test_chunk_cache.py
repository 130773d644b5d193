"""The cache of chunks changes no result of check, stats and split: not of a file that grew, not when it is damaged."""

import json
import re
from collections import Counter
from collections.abc import Callable
from itertools import cycle
from pathlib import Path
from typing import Any

import pytest

from curate.cli.main import main
from curate.lint.checker import Checker
from curate.storage.store import code_id, new_entry
from tests.conftest import chat

DATA = Path("data.jsonl")
CACHE = Path(".curate/cache/near")
ANSWER = "It keeps in a cool and dark cellar until the first frosts of the winter come, and the nights are long."
CALL = {"id": "c", "type": "function", "function": {"name": "look", "arguments": "{}"}}
TOOL = {"type": "function", "function": {"name": "look", "parameters": {"type": "object", "properties": {}}}}
IRREGULAR = [
    {"messages": [{"role": "user", "content": "Look \ud800"},
                  {"role": "assistant", "content": "As an AI language model, no."}]},
    {"tools": [TOOL], "messages": [{"role": "user", "content": "Look"}, {"role": "assistant", "tool_calls": [CALL]},
                                   {"role": "tool", "tool_call_id": "c", "content": "3"},
                                   {"role": "assistant", "content": "It is 3."}]},
    {"prompt": "How long?", "chosen": "A year.", "rejected": "A day."},
    {"messages": [{"role": "user", "content": "How long?"}, {"role": "assistant", "content": ANSWER}], "source": 3},
    {"messages": [{"role": "user", "content": "How long?"}, {"role": "assistant", "content": ANSWER}], "source": "a"},
    {"messages": [{"role": "robot", "content": "Hm"}]},
]  # fmt: skip


def lines(start: int, end: int) -> bytes:
    """Chats of which some are copies, some have findings and some are not plain."""
    chats: list[Any] = []
    for number in range(start, end):
        system = {"role": "system", "content": f"Answer in {number % 3} words."}
        example: Any = chat(f"How long does number {number % 40} keep?", f"{ANSWER} {number % 45}")
        chats.append({"messages": [system, *example["messages"]]} if number % 4 == 0 else example)
        if number % 9 == 0:
            chats.append(IRREGULAR[number // 9 % len(IRREGULAR)])
    broken = b'{"messages": [{"role": "user", "content": "How long?"},\n\n' if start else b""
    return b"".join(json.dumps(value).encode() + b"\n" for value in chats) + broken


@pytest.fixture(autouse=True)
def small_chunks(monkeypatch: pytest.MonkeyPatch) -> None:
    """Caches small files, in chunks of some lines."""
    monkeypatch.setattr("curate.read.file_parts.MIN_PARALLEL_BYTES", 1)
    monkeypatch.setattr("curate.read.file_parts.CHUNK_BYTES", 2_000)
    monkeypatch.setattr("curate.corpus.loading.CHUNK_BYTES", 2_000)
    monkeypatch.setattr("curate.cli.options.MAX_PROCESSES", 1)
    DATA.write_bytes(b"\xef\xbb\xbf" + lines(0, 40))


Run = Callable[..., tuple[int, str]]


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str]) -> Run:
    def output_of(*words: str) -> tuple[int, str]:
        capsys.readouterr()
        status = main(list(words))
        return status, re.sub(r'"seconds": [0-9.]+', "", capsys.readouterr().out)

    return output_of


COMMANDS = [
    ("check", "data.jsonl", "--output-format=json", "-q"),
    ("check", "data.jsonl", "--select=M,D,F", "--output-format=json", "-q"),
    ("stats", "data.jsonl", "--json", "-q"),
]


@pytest.mark.slow
@pytest.mark.parametrize("command", COMMANDS)
def test_a_file_that_grows_gives_what_it_gives_without_a_cache(command: tuple[str, ...], run: Run) -> None:
    run(*command)
    for start, end in ((40, 43), (43, 60)):
        with DATA.open("ab") as file:
            file.write(lines(start, end))
        expected = run(*command, "--no-cache")
        assert run(*command) == expected
    assert run(*command) == expected


@pytest.mark.slow
def test_no_cache_writes_no_cache(run: Run) -> None:
    for command in COMMANDS:
        run(*command, "--no-cache")
    assert not CACHE.exists()
    run(*COMMANDS[0])
    assert CACHE.exists()


def test_only_chunks_with_new_lines_are_checked(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    run(*COMMANDS[0])
    checked: list[int] = []
    read_and_check = Checker.read_and_check

    def counted(self: Checker, chunk: Any, **options: Any) -> Any:
        checked.append(chunk.start)
        return read_and_check(self, chunk, **options)

    monkeypatch.setattr(Checker, "read_and_check", counted)
    old = DATA.stat().st_size
    with DATA.open("ab") as file:
        file.write(lines(40, 44))
    run(*COMMANDS[0])
    assert checked
    assert min(checked) >= old - 5 * 2_000 // 4
    checked.clear()
    DATA.write_bytes(lines(70, 71) + DATA.read_bytes().removeprefix(b"\xef\xbb\xbf"))
    output = run(*COMMANDS[0])
    assert checked
    assert max(checked) < old // 2
    assert run(*COMMANDS[0], "--no-cache") == output


@pytest.mark.slow
def test_entries_that_are_damaged_or_of_another_form_are_computed_again(run: Run) -> None:
    commands = COMMANDS[0], COMMANDS[2]
    expected = [run(*command) for command in commands]
    damages: list[Callable[[bytes], bytes]] = [
        lambda data: data[:-9], lambda data: data[:70] + b"0" + data[71:], lambda _: b"",
    ]  # fmt: skip
    for path, damage in zip(CACHE.iterdir(), cycle(damages)):
        path.write_bytes(damage(path.read_bytes()))
    assert [run(*command) for command in commands] == expected
    values = (b"null", b"[]", b'[["data.jsonl"], 3]', b'{"a": 1}', b"[" * 10_000)
    entries = sorted(CACHE.glob("*.json"))
    kinds = Counter(path.name.partition("-")[0] for path in entries)
    assert len(kinds) == len(commands)
    assert min(kinds.values()) >= len(values), "each kind of entry has each of the values"
    for path, value in zip(entries, cycle(values)):
        with new_entry(path) as file:  # signed as entries are
            file.write(value)
    assert [run(*command) for command in commands] == expected


@pytest.mark.slow
def test_entries_of_another_user_are_not_read(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    expected = [run(*command) for command in COMMANDS]
    monkeypatch.setattr("curate.storage.store.own_key", lambda: b"another")
    assert [run(*command) for command in COMMANDS] == expected


@pytest.mark.slow
def test_fixed_files_are_checked_as_they_are_then(run: Run) -> None:
    DATA.write_bytes(DATA.read_bytes().replace(b"\n", b"\r\n").replace(b"cool and dark", b"cool\\u200b and dark"))
    _, before = run(*COMMANDS[0])
    _, after = run(*COMMANDS[0], "--fix")
    assert after != before
    assert (0, after) == (0, run(*COMMANDS[0], "--no-cache")[1])


def test_another_configuration_gets_no_results_of_this_one(run: Run) -> None:
    _, first = run(*COMMANDS[0])
    Path("curate.toml").write_text('[check]\nignore = ["Q"]\n[check.severity]\nM = "info"\n', encoding="utf-8")
    _, second = run(*COMMANDS[0])
    assert second != first
    assert second == run(*COMMANDS[0], "--no-cache")[1]


def test_another_name_of_the_file_is_in_the_findings(run: Run) -> None:
    _, first = run(*COMMANDS[0])
    DATA.rename("other.jsonl")
    _, second = run("check", "other.jsonl", "--output-format=json", "-q")
    assert second == first.replace("data.jsonl", "other.jsonl")


def test_a_link_in_place_of_the_cache_is_not_followed(run: Run) -> None:
    Path("victim").mkdir()
    CACHE.parent.mkdir(parents=True)
    CACHE.symlink_to(Path("victim").resolve())
    expected = run(*COMMANDS[0], "--no-cache")
    assert run(*COMMANDS[0]) == expected
    assert not list(Path("victim").iterdir())


@pytest.mark.slow
def test_splits_of_a_file_that_grew_are_those_without_a_cache(run: Run) -> None:
    common = ("-q", "--yes", "--json", "--group-by", "source")
    run("split", "data.jsonl", "-o", "before", *common)
    for number, (start, end) in enumerate(((40, 43), (43, 60))):
        with DATA.open("ab") as file:
            file.write(lines(start, end))
        run("split", "data.jsonl", "-o", f"plain{number}", "--no-cache", *common)
        for name in ("first", "again")[: number + 1]:
            run("split", "data.jsonl", "-o", f"{name}{number}", *common)
            for file_name in ("train.jsonl", "validation.jsonl", "test.jsonl", "removed.jsonl"):
                assert Path(f"{name}{number}", file_name).read_bytes() == Path(f"plain{number}", file_name).read_bytes()


def test_a_split_reads_cached_chunks_from_the_cache(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    words = ("split", "data.jsonl", "-q", "--yes", "--stratify", "source", "-o")
    run(*words, "first")
    monkeypatch.setattr("curate.corpus.features.read_chunk", None)
    monkeypatch.setattr("curate.lint.checker.read_chunk", None)
    run(*words, "again")
    for name in ("train.jsonl", "validation.jsonl", "test.jsonl", "removed.jsonl"):
        assert Path("again", name).read_bytes() == Path("first", name).read_bytes()


def test_git_ignores_the_cache_which_has_text_of_the_data(run: Run) -> None:
    run(*COMMANDS[0])
    assert any(b"Answer in 2 words." in path.read_bytes() for path in CACHE.glob("*.json"))
    assert (CACHE.parent / ".gitignore").read_text() == "*\n"


def test_files_that_code_reads_are_in_the_names_of_entries(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """The words and templates in the folders of the code determine results as the code does."""
    run(*COMMANDS[0])
    entries = set(CACHE.glob("*.json"))
    assert entries
    read_bytes = Path.read_bytes

    def changed(path: Path) -> bytes:
        return read_bytes(path) + b"more\n" * (path.name == "common_words.txt")

    monkeypatch.setattr(Path, "read_bytes", changed)
    code_id.cache_clear()
    run(*COMMANDS[0])
    code_id.cache_clear()
    assert len(set(CACHE.glob("*.json"))) == 2 * len(entries)
