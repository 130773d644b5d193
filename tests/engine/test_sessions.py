"""Sessions of coding agents: every message, call and result is in a row, or left out by a name that is counted."""

import json
import shlex
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from curate.cli.main import main
from tests.agent_sessions import LICENCE, codex_session, write_sessions
from tests.conftest import Write, rows_of
from tests.strategies import broken

Captured = pytest.CaptureFixture[str]
DATA = Path(__file__).parents[1] / "data" / "sessions"
OUT, ASIDE = Path("out.jsonl"), Path("out.unconverted.jsonl")


def rows() -> list[dict[str, Any]]:
    return rows_of(OUT)


def ingest(capsys: Captured, *args: str | Path, status: int = 0) -> dict[str, Any]:
    capsys.readouterr()
    assert main(["ingest", *map(str, args), "-o", str(OUT), "--overwrite", "--json", "-q"]) == status
    found: dict[str, Any] = json.loads(capsys.readouterr().out)
    return found


def walk(value: Any) -> Iterator[dict[str, Any]]:
    """All objects in a value."""
    if isinstance(value, dict):
        yield value
    for item in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
        yield from walk(item)


def ids(key: str, kinds: tuple[str, ...], field: str = "type") -> Callable[[Any], set[str]]:
    """Counts objects of some kinds by their id, wherever they stand."""
    return lambda value: {one[key] for one in walk(value) if one.get(field) in kinds and key in one}


Ids = Callable[[Any], set[str]]
SOURCES: dict[str, tuple[str, Ids, Ids]] = {
    "claude-code.jsonl": ("claude-code", ids("id", ("tool_use",)), ids("tool_use_id", ("tool_result",))),
    "codex-rollout.jsonl": (
        "codex",
        ids("call_id", ("function_call", "custom_tool_call")),
        ids("call_id", ("function_call_output", "custom_tool_call_output")),
    ),
    "pi.jsonl": ("pi", ids("id", ("toolCall",)), ids("toolCallId", ("toolResult",), "role")),
    "openhands-trajectory.json": (
        "openhands",
        ids("id", ("function",)),
        lambda value: {
            one["tool_call_metadata"]["tool_call_id"]
            for one in walk(value)
            if "observation" in one and "tool_call_metadata" in one
        },
    ),
    "openhands-events.jsonl": (
        "openhands",
        ids("tool_call_id", ("ActionEvent",), "kind"),
        ids("tool_call_id", ("ObservationEvent", "AgentErrorEvent"), "kind"),
    ),
    "marshmallow-code__marshmallow-1359.traj": (
        "swe-agent",
        ids("id", ("function",)),
        lambda value: {name for one in walk(value) for name in one.get("tool_call_ids", ())},
    ),
}
"""For each fixture its tool, and the ids of calls and of results in it, counted without the program."""


def raw(name: str) -> Any:
    text = (DATA / name).read_text("utf-8")
    return json.loads(text) if not name.endswith(".jsonl") else [json.loads(line) for line in text.splitlines()]


@pytest.mark.parametrize("name", SOURCES)
def test_every_message_call_and_result_is_written_or_counted(name: str, capsys: Captured, tmp_path: Path) -> None:
    source, calls, results = SOURCES[name]
    report = ingest(capsys, DATA / name)
    counts = report["sessions"]
    assert (counts["tools"], report["notes"]) == ({source: 1}, [])
    for kind, count in counts["read"].items():
        assert count == counts["written"].get(kind, 0) + counts["left_out"].get(kind, 0)
        by_name = sum(number for what, number in report["left_out"].items() if what.startswith(f"{kind} "))
        assert counts["left_out"].get(kind, 0) == by_name
    messages = [message for row in rows() for message in row["messages"]]
    made = {call["id"] for message in messages for call in message.get("tool_calls", ())}
    assert calls(raw(name)) <= made
    assert results(raw(name)) == {message["tool_call_id"] for message in messages if message["role"] == "tool"}
    metadata = rows()[0]["metadata"]
    assert (metadata["source"], metadata["groups"]["session"]) == (source, metadata["id"])


TEXTS = {
    "claude-code.jsonl": [
        "user The parser in dates.py reads 03/04 as the third of April. Make it read months first.",
        "assistant I read the parser and its tests.",
        "assistant The parser takes the day first. Shall I change the test, too?",
        "user Yes, please change it.",
        "user This session is being continued. The user wants months first; the test must be renamed.",
        "user List the tests of dates.py.",
        "assistant There is one test, test_day_first.",
    ],
    "openhands-events.jsonl": [
        "system You are OpenHands agent, a helpful AI assistant that can interact with a computer.",
        "user How many Python files does this project have?",
        "assistant I count them.",
        "assistant It has 42.",
    ],
    "pi.jsonl": [
        "user Which colours does the style sheet of the site define?",
        "assistant I look into site.css.",
        "assistant Two: ink #123 and paper #fff.",
        "user The user wanted ink to be blue, and left open which.",
        "user $ git diff --stat\n",
        "user Make ink #00f.",
        "assistant Ink is #00f now.",
    ],
}


@pytest.mark.parametrize("name", TEXTS)
def test_texts_are_in_the_order_in_which_the_model_was_given_them(name: str, capsys: Captured, tmp_path: Path) -> None:
    ingest(capsys, DATA / name)
    found = [message for row in rows() for message in row["messages"] if message["role"] != "tool"]
    assert [f"{one['role']} {one['content']}" for one in found if one["content"]] == TEXTS[name]


def test_records_of_one_response_are_one_answer_with_parallel_calls(capsys: Captured, tmp_path: Path) -> None:
    ingest(capsys, DATA / "claude-code.jsonl")
    answer, *results = rows()[0]["messages"][1:4]
    assert [call["function"]["name"] for call in answer["tool_calls"]] == ["Read", "Task"]
    assert answer["reasoning_content"] == "I need the parser and its tests."
    assert [one["tool_call_id"] for one in results] == ["toolu_01", "toolu_02"]


def test_declared_tools_and_reasoning_are_kept(capsys: Captured, tmp_path: Path) -> None:
    ingest(capsys, DATA / "openhands-trajectory.json")
    (row,) = rows()
    assert [tool["function"]["name"] for tool in row["tools"]] == ["execute_bash", "str_replace_editor", "finish"]
    assert row["messages"][2]["reasoning_content"] == "The failing test comes first."


def test_repository_and_task_name_the_groups(capsys: Captured, tmp_path: Path) -> None:
    ingest(capsys, DATA / "codex-rollout.jsonl", DATA / "marshmallow-code__marshmallow-1359.traj")
    codex, _, swe_agent = (row["metadata"]["groups"] for row in rows())
    assert codex["repository"] == "https://github.com/ada/weather.git"
    assert swe_agent["repository"] == "marshmallow-code/marshmallow"


def test_turns_have_what_came_before_and_tasks_stand_alone(capsys: Captured, tmp_path: Path) -> None:
    whole = ingest(capsys, DATA / "pi.jsonl")["sessions"]
    assert whole == ingest(capsys, DATA / "pi.jsonl", "--per", "turn")["sessions"]
    assert [len(row["messages"]) for row in rows()] == [4, 10]
    assert whole == ingest(capsys, DATA / "pi.jsonl", "--per", "task")["sessions"]
    assert [len(row["messages"]) for row in rows()] == [4, 6]


def test_sidechains_unfinished_sessions_and_system_prompts_can_be_left_out(capsys: Captured, tmp_path: Path) -> None:
    report = ingest(capsys, DATA / "claude-code.jsonl", "--sidechains", "drop")
    assert report["left_out"]["calls of sidechains"] == 1
    assert not any("sidechain" in row["metadata"] for row in rows())
    report = ingest(capsys, DATA / "codex-rollout.jsonl", "--system", "drop")
    assert report["left_out"]["messages of the system"] == 1
    assert {message["role"] for row in rows() for message in row["messages"]} == {
        "developer",
        "user",
        "assistant",
        "tool",
    }
    report = ingest(capsys, DATA / "codex-rollout.jsonl", "--unfinished", "drop")
    assert (report["written"], report["aside"], rows()) == (0, 25, [])
    assert report["left_out"]["messages of unfinished sessions"] == 10


def test_secrets_and_names_in_paths_are_counted_and_masked(capsys: Captured, tmp_path: Path, write: Write) -> None:
    key = "ghp_" + "a1B2c3D4e5F6g7H8i9J0k1L2m3N4o5P6q7R8"
    steps = [("c1", "cat /home/ada/.env", f"GITHUB_TOKEN={key}")]
    records = codex_session("s", "site", steps, "Read /Users/ada/site and tell me which keys it has.", "It has one.")
    write("rollout.jsonl", records)
    noticed = ingest(capsys, "rollout.jsonl")["sessions"]["noticed"]
    assert (noticed["home paths"], noticed["secrets"]) == (2, 1)
    assert key in OUT.read_text("utf-8")
    ingest(capsys, "rollout.jsonl", "--mask")
    text = OUT.read_text("utf-8")
    assert key not in text
    assert "/Users/user/site" in text
    assert "/ada/" not in text


@pytest.mark.slow
def test_a_result_of_10_megabytes_is_kept_or_shortened_with_a_note(
    capsys: Captured, tmp_path: Path, write: Write
) -> None:
    steps = [("c1", "cat log", "line of a log\n" * 750_000)]
    write("rollout.jsonl", codex_session("s", "site", steps, "Which error is in the log?", "None."))
    report = ingest(capsys, "rollout.jsonl")
    assert report["sessions"]["noticed"]["results of more than 100,000 characters"] == 1
    assert OUT.stat().st_size > 10_000_000
    ingest(capsys, "rollout.jsonl", "--max-result", "1000")
    (result,) = (message for message in rows()[0]["messages"] if message["role"] == "tool")
    assert "\n[10,499,000 characters left out]\n" in result["content"]
    assert len(result["content"]) < 1100


def test_broken_lines_and_unknown_records_are_named_and_the_rest_is_read(
    capsys: Captured, tmp_path: Path, write: Write
) -> None:
    records = codex_session("s", "site", [("c1", "ls", "a")], "What is in it?", "One file.")
    odd = {"timestamp": "t", "type": "response_item", "payload": {"type": "hologram\x1b[31m", "id": "x"}}
    lines = [json.dumps(record) for record in [*records[:2], odd, {"type": "beam", "payload": {}}, *records[2:]]]
    Path("rollout.jsonl").write_text("\n".join([*lines[:3], '{"type": "response_it', *lines[3:]]) + "\n", "utf-8")
    report = ingest(capsys, "rollout.jsonl", status=1)
    assert (report["written"], report["aside"], report["read"]) == (1, 3, 8)
    assert [note["line"] for note in report["notes"]] == [3, 5, 4]
    assert [len(row["messages"]) for row in rows()] == [5]
    aside = rows_of(ASIDE)
    assert ["hologram" in one["why"] for one in aside] == [True, False, False]
    assert main(["ingest", "rollout.jsonl", "-o", "other.jsonl"]) == 1
    said = capsys.readouterr().out
    assert "\x1b[31m" not in said
    assert "a record of type 'beam'" in said


@pytest.mark.parametrize("name", ["claude-code.jsonl", "pi.jsonl"])
@pytest.mark.parametrize("odd_id", [7, ["x"], {}])
def test_an_id_that_is_no_text_is_named_where_branches_depend_on_it(
    name: str, odd_id: Any, capsys: Captured, tmp_path: Path
) -> None:
    records = raw(name)
    key = {"claude-code.jsonl": "uuid", "pi.jsonl": "id"}[name]
    at = next(at for at, record in enumerate(records) if at > 2 and key in record)
    records[at][key] = odd_id
    Path(name).write_text("".join(json.dumps(record) + "\n" for record in records), "utf-8")
    report = ingest(capsys, name, status=1)
    (note,) = (note for note in report["notes"] if "id that is no text" in note["why"])
    assert (note["file"], note["line"]) == (name, at + 1)
    assert report["sessions"]["noticed"]["records with an id that is no text"] == 1
    assert not any("other branches" in what for what in report["left_out"])


def test_the_next_commands_work_for_what_was_written(capsys: Captured, tmp_path: Path, write: Write) -> None:
    for name in ("a", "b", "c"):
        asked = f"Which files are in the folder {name} of the repository, and what are they for?"
        records = codex_session(name, name, [("c1", f"ls {name}", name)], asked, f"One file, {name}.")
        write(f"{name}.jsonl", [*records, {"type": "beam", "payload": {}}] if name == "c" else records)
    assert main(["ingest", "a.jsonl", "b.jsonl", "c.jsonl", "-o", "my rows.jsonl"]) == 1
    out, err = capsys.readouterr()
    assert "curate check" not in err
    *_, last = out.splitlines()
    commands = last.removeprefix("next: ").split(", then ")
    assert commands == ["curate check 'my rows.jsonl'", "curate split 'my rows.jsonl' -o splits"]
    assert [main([*shlex.split(command)[1:], "-q"]) for command in commands] == [1, 0]
    assert "no example" not in capsys.readouterr().out


@pytest.mark.parametrize("kind", [None, [], {}, 7, "message\x1b]0;x\x07"])
def test_half_valid_records_are_set_aside(kind: Any, capsys: Captured, tmp_path: Path, write: Write) -> None:
    records = codex_session("s", "site", [("c1", "ls", "a")], "What is in it?", "One file.")
    odd = [{"type": kind, "payload": kind}, {"type": "response_item", "payload": {"type": kind}}]
    write("rollout.jsonl", records + odd)
    report = ingest(capsys, "rollout.jsonl", status=1)
    assert (report["written"], report["aside"], len(report["notes"])) == (1, 2, 2)


@pytest.mark.slow
def test_broken_sessions_crash_nothing_and_every_record_is_accounted_for(capsys: Captured, tmp_path: Path) -> None:
    for name in SOURCES:
        records = raw(name) if isinstance(raw(name), list) else [raw(name)]
        for seed in range(6):
            broken_records = [broken(seed * 100 + at, [record]) for at, record in enumerate(records)]
            odd = [record for nth, record in enumerate(broken_records) if nth % 3 == seed % 3 or len(records) == 1]
            kept = [record for nth, record in enumerate(records) if nth % 3 != seed % 3]
            lines = [json.dumps(record) + "\n" for record in [*kept[:4], *odd, *kept[4:], *records]]
            Path("broken.jsonl").write_text("".join(lines), "utf-8")
            assert main(["ingest", "broken.jsonl", "-o", str(OUT), "--overwrite", "--json", "-q"]) in (0, 1)
            counts = json.loads(capsys.readouterr().out)["sessions"]
            for kind, count in counts["read"].items():
                assert count == counts["written"].get(kind, 0) + counts["left_out"].get(kind, 0)


def test_a_session_without_an_answer_is_set_aside_whole(capsys: Captured, tmp_path: Path, write: Write) -> None:
    write("rollout.jsonl", codex_session("s", "site", [], "What is in it?", "x")[:2])
    report = ingest(capsys, "rollout.jsonl", status=1)
    assert (report["written"], report["aside"]) == (0, 2)
    assert report["notes"][0]["why"] == "no answer of a model in this session"
    assert report["sessions"]["left_out"] == {"messages": 2}


def test_sessions_of_several_files_and_of_one_file_are_told_apart(
    capsys: Captured, tmp_path: Path, write: Write
) -> None:
    two = [codex_session(name, "site", [("c1", "ls", "a")], "What is in it?", "One file.") for name in ("a", "b")]
    write("both.jsonl", two[0] + two[1])
    assert ingest(capsys, "both.jsonl", DATA / "pi.jsonl")["sessions"]["tools"] == {"codex": 2, "pi": 1}
    assert [row["metadata"]["id"] for row in rows()] == ["a", "b", "pi-77"]


def test_events_in_files_of_their_own_are_one_session(capsys: Captured, tmp_path: Path) -> None:
    folder = Path("s1/events")
    folder.mkdir(parents=True)
    for at, event in enumerate(raw("openhands-events.jsonl")):
        (folder / f"event-{at:05d}-{event['id']}.json").write_text(json.dumps(event), "utf-8")
    report = ingest(capsys, "s1")
    assert (report["sessions"]["tools"], report["written"], len(rows()[0]["messages"])) == ({"openhands": 1}, 1, 7)


LOGS = {
    "helicone.jsonl": (["assistant None", "assistant It rains."], "the request was not answered"),
    "openpipe.jsonl": (["assistant None"], "the request was not answered"),
    "responses.jsonl": (["assistant It rains; 8 degrees."], None),
}


@pytest.mark.parametrize("name", LOGS)
def test_logged_requests_are_read_with_their_answers(name: str, capsys: Captured, tmp_path: Path) -> None:
    answers, note = LOGS[name]
    report = ingest(capsys, DATA / name, status=int(note is not None))
    assert [f"{row['messages'][-1]['role']} {row['messages'][-1]['content']}" for row in rows()] == answers
    assert [one["why"] for one in report["notes"]] == [note] * (note is not None)
    assert [row["messages"][0]["content"] for row in rows()] == ["Answer about the weather."] * len(rows())


def leaks(folder: Path, ingested: list[dict[str, Any]]) -> list[str]:
    """What two splits share, counted without the program: groups, whole conversations, and files of 30 words."""
    owners: dict[tuple[str, str], set[str]] = {}
    examples = Counter[tuple[str, str]]()
    total = 0
    for name in ("train", "validation", "test"):
        for line in (folder / f"{name}.jsonl").read_text("utf-8").splitlines():
            row, total = json.loads(line), total + 1
            keys = {(kind, str(value)) for kind, value in row["metadata"]["groups"].items()}
            keys.add(("conversation", json.dumps(row["messages"])))
            for message in row["messages"]:
                words = str(message["content"]).casefold().split()
                if message["role"] in ("tool", "user", "system") and len(words) >= 30:
                    keys |= {("file", " ".join(words[:30])), ("file", " ".join(words[-30:]))}
            examples.update(keys)
            for key in keys:
                owners.setdefault(key, set()).add(name)
    assert total == len(ingested)
    shared = [key for key, names in owners.items() if len(names) > 1]
    return [" ".join(key)[:80] for key in shared if key[0] != "file" or examples[key] <= max(20, total / 10)]


@pytest.mark.slow
def test_a_split_of_40_repositories_with_retries_leaks_nothing(capsys: Captured, tmp_path: Path) -> None:
    assert write_sessions(Path("sessions")) == 120
    assert ingest(capsys, "sessions")["written"] == 120
    ingested = rows()
    assert main(["split", "out.jsonl", "-o", "splits", "-q"]) == 0
    assert leaks(Path("splits"), ingested) == []
    assert main(["verify", "splits"]) == 0
    assert "no two share /metadata/groups/session, /metadata/groups/repository, /metadata/groups/task" in " ".join(
        capsys.readouterr().out.split()
    )


@pytest.mark.slow
def test_named_groups_replace_those_of_sessions(capsys: Captured, tmp_path: Path) -> None:
    write_sessions(Path("sessions"), 12)
    ingest(capsys, "sessions")
    assert main(["split", "out.jsonl", "-o", "splits", "-q", "--group-by", "/metadata/groups/session"]) == 0
    manifest = json.loads(Path("splits/manifest.json").read_bytes())
    assert manifest["config"]["split"]["group_by"] == ["/metadata/groups/session"]
    assert {leak.split()[0] for leak in leaks(Path("splits"), rows())} == {"repository"}


@pytest.mark.slow
def test_a_shared_prompt_or_file_makes_no_duplicates_and_a_retry_does(
    capsys: Captured, tmp_path: Path, write: Write
) -> None:
    file = "\n".join(f"def area_{nth}(side): return side * side # squares of any size" for nth in range(3))
    asked = "The area of a square is wrong in the drawing program; find out why and mend it."
    steps = [("c1", "cat area.py", file), ("c2", "pytest -q", "all tests passed")]
    answer = "The sides were added. They are multiplied now, and the tests pass."
    write("a.jsonl", codex_session("a", "site", steps, asked, answer))
    write("b.jsonl", codex_session("b", "site", steps, asked, f"{answer} The change is ready."))
    other = [("c1", "cat area.py", file), ("c2", "git log", "the helper came with the first release")]
    question = "Who wrote the helper for squares, and what was the reason for its name?"
    write("c.jsonl", codex_session("c", "site", other, question, "Its author wanted a short name for the lesson."))
    ingest(capsys, "a.jsonl", "b.jsonl", "c.jsonl")
    assert main(["dedup", "out.jsonl", "-o", "kept.jsonl", "-q"]) == 0
    kept = [json.loads(line)["metadata"]["id"] for line in Path("kept.jsonl").read_text("utf-8").splitlines()]
    assert sorted(kept) in (["a", "c"], ["b", "c"])
    assert LICENCE not in OUT.read_text("utf-8")


@pytest.mark.slow
def test_retries_that_disagree_are_a_conflict_and_other_tasks_are_none(
    capsys: Captured, tmp_path: Path, write: Write
) -> None:
    asked = "Does the release script of this repository sign the archives that it uploads?"
    steps = [("c1", "cat release.sh", "tar cf a.tar . && gpg --sign a.tar")]
    write("a.jsonl", codex_session("a", "site", steps, asked, "Yes, it signs the archives."))
    write("b.jsonl", codex_session("b", "site", steps, asked, "No, it does not sign the archives."))
    question = "Which program does the release script use to make an archive?"
    write("c.jsonl", codex_session("c", "site", steps, question, "It does not use zip, but tar."))
    ingest(capsys, "a.jsonl", "b.jsonl", "c.jsonl")
    assert main(["conflicts", "out.jsonl", "--no-models", "--json", "-q"]) == 1
    found = json.loads(capsys.readouterr().out)
    (conflict,) = found["conflicts"]
    assert {conflict[side]["line"] for side in ("left", "right") if side in conflict} <= {1, 2}
