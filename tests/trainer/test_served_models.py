"""Models of a server, as a real one on this machine that also misbehaves."""

import io
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from curate.cli.main import main
from curate.core.targets import Target
from curate.remote.journal import FileSent, JobAsked, JobJournal, JobStarted
from curate.remote.settings import Settings
from curate.storage.files import sha256
from tests.chat_server import ChatServer, running
from tests.conftest import rows_of
from tests.trainer.tiny import write_split

KEY = "sk-very-secret"


class Server(ChatServer):
    """The model `tuned` gives the answers of the data, others say no."""

    def __init__(self, answers: dict[str, str]) -> None:
        super().__init__()
        self.answers = answers

    def said(self, asked: dict[str, Any]) -> str:
        return self.answers[asked["messages"][-1]["content"]] if asked["model"].endswith("tuned") else "no \x1b[2J"


@pytest.fixture
def server(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Server]:
    pytest.importorskip("openai", exc_type=ImportError)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("CURATE_REMOTE_KEY", KEY)
    write_split(tmp_path / "split", train=30, test=20)
    rows = rows_of(tmp_path / "split/test.jsonl")
    with running(Server({row["messages"][-2]["content"]: row["messages"][-1]["content"] for row in rows})) as found:
        yield found


def evaluated(server: Server, capsys: pytest.CaptureFixture[str], *words: str) -> tuple[int, Any]:
    code = main(["evaluate", "--base-url", server.address, "--data", "split", "--json", *words])
    told = capsys.readouterr()
    assert KEY not in told.out + told.err
    return code, json.loads(told.out) if told.out else told.err


BOTH = ("--model", "base", "--tuned", "tuned", "--systems", "zero-shot,few-shot,tuned", "--quiet")


@pytest.mark.slow
def test_base_and_tuned_of_a_server_are_compared_and_asked_once(
    server: Server, capsys: pytest.CaptureFixture[str]
) -> None:
    server.statuses = [429, 500]
    code, report = evaluated(server, capsys, *BOTH, "--yes")
    assert (code, report["verdict"]["outcome"], report["questions"]) == (0, "helped", 20)
    assert (report["model"], report["tuned_model"], report["server"]) == ("base", "tuned", server.address)
    assert report["template"] is None
    scores = {one["name"]: one["scores"] for one in report["results"]}
    assert scores["tuned"]["exact_match"]["value"] == 1
    assert "perplexity" not in scores["tuned"]
    assert len(server.asked) == 60
    assert set(server.keys) == {f"Bearer {KEY}"}
    assert [len(asked["messages"]) for asked in server.asked if asked["model"] == "base"][-1] == 9  # 4 examples before
    assert {(asked["temperature"], asked["max_tokens"] % 16) for asked in server.asked} == {(0, 0)}
    assert evaluated(server, capsys, *BOTH) == (0, report)  # no consent is needed where nothing is sent
    assert len(server.asked) == 60
    assert evaluated(server, capsys, *BOTH, "--yes", "--fresh") == (0, report)
    assert len(server.asked) == 120
    assert not any(KEY.encode() in path.read_bytes() for path in Path().rglob("*") if path.is_file())


@pytest.mark.slow
def test_what_was_answered_before_a_failure_is_kept(server: Server, capsys: pytest.CaptureFixture[str]) -> None:
    words = ("--model", "base", "--systems", "zero-shot", "--yes", "--quiet")
    server.message = {"content": None}
    assert evaluated(server, capsys, *words, "--limit", "5")[0] == 0
    server.statuses = [401]
    code, told = evaluated(server, capsys, *words)
    assert (code, "CURATE_REMOTE_KEY" in told) == (2, True)
    server.asked.clear()
    assert evaluated(server, capsys, *words)[0] == 0
    assert 12 <= len(server.asked) <= 15  # three others may have been answered when it failed


@pytest.mark.slow
def test_nothing_is_sent_without_consent(server: Server, capsys: pytest.CaptureFixture[str]) -> None:
    code, told = evaluated(server, capsys, "--model", "base", "--systems", "zero-shot", "--price", "1,1000000")
    assert (code, server.asked) == (2, [])
    assert f"asking 20 prompts, at most by base at {server.address}" in " ".join(told.split())
    assert "20 prompts with the data would be sent to" in " ".join(told.split())
    assert "about $320.00" in told
    monkey = io.StringIO("hello\n")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("sys.stdin", monkey)
        assert main(["chat", "tuned", "--base-url", server.address]) == 2
    assert server.asked == []


@pytest.mark.slow
def test_a_model_that_takes_no_temperature_is_asked_without(server: Server, capsys: pytest.CaptureFixture[str]) -> None:
    server.refused = ("max_tokens", "temperature")
    words = ("--tuned", "o4:tuned", "--systems", "tuned", "--limit", "3", "--yes")
    code, report = evaluated(server, capsys, *words)
    assert (code, report["verdict"]["outcome"]) == (0, "not-compared")
    assert [set(asked) for asked in server.asked] == [{"messages", "model", "max_completion_tokens"}] * 3


@pytest.mark.slow
def test_a_question_whose_tools_are_broken_is_not_asked(server: Server, capsys: pytest.CaptureFixture[str]) -> None:
    path = Path("split/test.jsonl")
    lines = rows_of(path)
    lines[0]["tools"] = '[{"type": '
    path.write_text("".join(json.dumps(line) + "\n" for line in lines))
    code, report = evaluated(server, capsys, *BOTH, "--yes")
    assert (code, report["questions"]) == (0, 19)
    assert [(one["line"], one["reason"]) for one in report["not_asked"]] == [(1, "its tools are not valid JSON")]
    path.write_text(path.read_text() + "not JSON\n")
    code, told = evaluated(server, capsys, *BOTH, "--yes")
    assert (code, "test.jsonl:21: no example in this line" in told) == (2, True)


@pytest.mark.slow
def test_calls_of_tools_are_read_from_their_field(server: Server, capsys: pytest.CaptureFixture[str]) -> None:
    tool = {"type": "function", "function": {"name": "weather", "parameters": {"type": "object", "properties": {}}}}
    call = {"id": "c", "type": "function", "function": {"name": "weather", "arguments": '{"city": "Rome"}'}}
    turns = [
        {"role": "user", "content": "Half a pair: \ud800. Weather in Oslo?", "training": False, "name": "ann"},
        {"role": "assistant", "tool_calls": [{"function": {"name": "weather", "arguments": {"city": "Oslo"}}}]},
        {"role": "tool", "tool_call_id": "call_0", "content": "rain"},
        {"role": "assistant", "content": "Rain.", "weight": 0},
        {"role": "user", "content": "And in Rome?"},
        {"role": "assistant", "tool_calls": [call]},
    ]
    Path("split/test.jsonl").write_text(json.dumps({"messages": turns, "tools": [tool]}) + "\n")
    server.message = {"content": None, "tool_calls": [call]}
    words = ("--model", "base", "--systems", "zero-shot", "--task", "tools", "--yes", "--quiet")
    code, report = evaluated(server, capsys, *words)
    assert code == 0, report
    assert report["results"][0]["scores"]["call_accuracy"]["value"] == 0.5  # Rome twice, Oslo was asked first
    assert all(asked["tools"] == [tool] for asked in server.asked)
    sent = max((asked["messages"] for asked in server.asked), key=len)
    assert "\ud800" not in json.dumps(sent, ensure_ascii=False)
    assert json.loads(sent[1]["tool_calls"][0]["function"]["arguments"]) == {"city": "Oslo"}
    assert sent[0]["name"] == "ann"
    assert all(not turn.keys() & {"weight", "training"} for turn in sent)


@pytest.mark.parametrize(
    "words",
    [
        ["evaluate", "--base-url", "URL", "--data", "split"],
        ["evaluate", "--base-url", "URL", "--model", "base"],
        ["evaluate", "--tuned", "mine", "--data", "split"],
        ["evaluate", "--model", "base", "--data", "split", "--price", "1,2"],
        ["evaluate", "--base-url", "URL", "--model", "base", "--data", "split", "--price", "cheap"],
        pytest.param(
            ["evaluate", "--base-url", "URL", "--model", "base", "--data", "split", "--metric", "perplexity", "--yes"],
            marks=pytest.mark.slow,
        ),
        ["evaluate", "--base-url", "https://me:pw@host/v1", "--model", "base", "--data", "split"],
        ["chat", "ft:gpt-4.1-mini:me::1"],
    ],
    ids=" ".join,
)
def test_what_makes_no_sense_is_refused(
    words: list[str], server: Server, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO(""))
    assert main([word.replace("URL", server.address) for word in words]) == 2
    told = capsys.readouterr().err
    assert "pw" not in told
    assert server.asked == []
    if words[0] == "chat":
        assert "would be sent to https://api.openai.com" in " ".join(told.split())


def test_a_served_model_is_sent_the_system_message_and_the_turns_of_a_chat(
    server: Server, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = next(iter(server.answers))
    words = ["chat", "tuned", "--base-url", server.address, "--yes", "--system", "Be short."]
    assert main([*words, "--ask", asked]) == 0
    assert capsys.readouterr().out.split() == server.answers[asked].split()
    assert [turn["role"] for turn in server.asked[0]["messages"]] == ["system", "user"]
    assert main([*words, "--ask", asked, "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["answer"].split() == server.answers[asked].split()
    monkeypatch.setattr("sys.stdin", io.StringIO("hello\nagain\n"))
    assert main(["chat", "base", "--base-url", server.address, "--yes"]) == 0
    assert "\x1b" not in capsys.readouterr().out
    assert [turn["role"] for turn in server.asked[-1]["messages"]] == ["user", "assistant", "user"]


@pytest.mark.parametrize("fetched", [True, False], ids=["fetched", "asked"])
def test_a_hosted_model_is_asked_with_the_system_message_of_its_training(
    fetched: bool, server: Server, capsys: pytest.CaptureFixture[str]
) -> None:
    lines = rows_of("split/train.jsonl")
    told = {"role": "system", "content": "Answer in words only."}
    train = Path("mine.jsonl")
    train.write_text("".join(json.dumps({"messages": [told, *line["messages"]]}) + "\n" for line in lines))
    journal, digest = JobJournal(Path(".curate/remote")), sha256(train)
    where = {"address": server.address}
    journal.add(FileSent(**where, path=str(train), sha256=digest, bytes=train.stat().st_size, file_id="file-1"))
    asked = JobAsked(
        **where, order="o", settings=Settings(model="base"), training_file="file-1", validation_file=None,
        training_sha256=digest, validation_sha256=None, before=(),
    )  # fmt: skip
    journal.add(asked)
    journal.add(JobStarted(**where, target=Target.OPENAI, order="o", job="ftjob-1"))
    job = {"id": "ftjob-1", "status": "succeeded", "fine_tuned_model": "ft:tuned"}
    server.jobs = {} if fetched else {"ftjob-1": job}
    if fetched:
        record: dict[str, Any] = {
            "curate": "0", "address": server.address, "job": job, "asked": None, "checkpoints": [], "events": 0,
            "results": {}, "metrics_from": None,
        }  # fmt: skip
        journal.job_folder("ftjob-1").mkdir()
        (journal.job_folder("ftjob-1") / "record.json").write_text(json.dumps(record))
    question = next(iter(server.answers))
    words = ["chat", "ft:tuned", "--base-url", server.address, "--yes", "--ask", question]
    assert main(words) == 0
    assert server.asked[-1]["messages"] == [told, {"role": "user", "content": question}]
    assert "system message of the training: Answer in words only." in capsys.readouterr().err
    assert main([*words, "--system", ""]) == 0
    assert [turn["role"] for turn in server.asked[-1]["messages"]] == ["user"]
    assert main(["chat", "tuned", *words[2:]]) == 0  # a model that was not trained from here
    assert [turn["role"] for turn in server.asked[-1]["messages"]] == ["user"]
    train.write_text("changed\n")
    assert main(words) == 0
    assert [turn["role"] for turn in server.asked[-1]["messages"]] == ["user"]
    assert "the training file of ft:tuned is gone or changed" in capsys.readouterr().err
