"""Fine-tuning at a service, without one: places, keys, prices, and events however they are listed."""

import json
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from curate.cli.main import main
from curate.core.errors import RemoteError, UsageError
from curate.core.targets import LIMITS, SERVICES, Target
from curate.remote.endpoint import EventPage
from curate.remote.fetch import EventLog, new_job_events
from curate.remote.job import JobEvent
from curate.remote.journal import safe_id
from curate.remote.services import SERVICE, place_of, service_key
from tests.conftest import chat

KEY = "sk-never-to-be-seen-0123456789"
MODEL = "gpt-4.1-mini-2025-04-14"


def test_a_key_goes_to_its_own_service_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("CURATE_REMOTE_KEY", raising=False)
    monkeypatch.setenv("OPENAI_API_KEY", KEY)
    monkeypatch.setattr(
        "curate.network.egress._from_keyring", lambda host: "from-ring" if host == "gateway.example" else ""
    )
    assert service_key(place_of(Target.OPENAI, "", connected=True)) == KEY
    with pytest.raises(UsageError, match="no API key for") as caught:
        service_key(place_of(Target.OPENAI, "https://api.openai.com.evil.example/v1", connected=True))
    assert "OPENAI_API_KEY" not in caught.value.hint
    assert service_key(place_of(Target.OPENAI, "https://gateway.example/v1", connected=True)) == "from-ring"


def test_every_target_has_limits_and_every_service_an_entry() -> None:
    assert LIMITS.keys() == set(Target)
    assert SERVICE.keys() == set(SERVICES)


@pytest.mark.parametrize(
    ("target", "address", "said"),
    [
        (Target.MISTRAL, "", "cannot start jobs at mistral"),
        (Target.FIREWORKS, "", "address of your account"),
        (Target.AZURE, "", "address of your account"),
        (Target.TRL, "", "not a service"),
        (Target.OPENAI, "https://me:secret@host/v1", "more than a URL"),
        (Target.OPENAI, "file:///etc", "not the URL of a service"),
    ],
)
def test_a_place_that_cannot_be_is_refused(target: Target, address: str, said: str) -> None:
    with pytest.raises(UsageError) as caught:
        place_of(target, address, connected=True)
    assert said in caught.value.message
    assert "secret" not in caught.value.message + caught.value.hint


class Listing:
    """A service's list of a job's events: the latest first, or as it happens the earliest."""

    def __init__(self, events: list[JobEvent], page: int, *, latest_first: bool) -> None:
        self.order = events[::-1] if latest_first else events
        self.page = page

    def events(self, _job_id: str, after: str | None) -> EventPage:
        start = next((i + 1 for i, event in enumerate(self.order) if event.id == after), 0)
        return EventPage(self.order[start : start + self.page], start + self.page < len(self.order))


@given(
    gaps=st.lists(st.integers(0, 2), max_size=30),
    page=st.integers(1, 7),
    latest_first=st.booleans(),
    looks=st.lists(st.tuples(st.integers(0, 30), st.integers(0, 30)), max_size=6),
)
def test_every_event_is_kept_once_and_in_order_whenever_looking_stops(
    gaps: list[int],
    page: int,
    latest_first: bool,
    looks: list[tuple[int, int]],
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    times = [sum(gaps[: n + 1]) for n in range(len(gaps))]
    events = [JobEvent(id=f"e{n}", created_at=time) for n, time in enumerate(times)]
    folder = tmp_path_factory.mktemp("job")
    for upto, torn in [*sorted(looks), (len(events), len(events))]:
        log = EventLog(folder)
        listing: Any = Listing(events[:upto], page, latest_first=latest_first)
        new = new_job_events(listing, "job", log)
        log.add(new[:torn])  # the process may end after any of them is written
    kept = [event.id for event in EventLog(folder).events]
    if latest_first:
        assert kept == [event.id for event in events]
    else:  # who lists the earliest first may mix those of one second
        assert sorted(kept) == sorted(event.id for event in events)


def test_costs_come_from_the_table_unless_somebody_knows_better(capsys: pytest.CaptureFixture[str]) -> None:
    Path("data.jsonl").write_text(
        "".join(json.dumps(chat(f"Question {n}?", "word " * 2000)) + "\n" for n in range(100))
    )
    estimate = ["remote", "estimate", "data.jsonl", "--model", MODEL, "--epochs", "2", "--json"]
    assert main(estimate) == 0
    listed = json.loads(capsys.readouterr().out)
    assert (listed["price"], listed["unit"]) == (5, "million tokens")
    assert listed["cost"] == pytest.approx(listed["tokens"] / 1e6 * 5, abs=0.005)
    assert listed["tokens"] == 2 * listed["training"]["tokens"]
    assert "2025" in listed["price_source"]
    Path("curate.toml").write_text('[remote.prices]\n"gpt-4.1" = 1.0\n"gpt-4.1-mini" = 2.0\n')
    assert main(estimate) == 0
    assert json.loads(capsys.readouterr().out)["price"] == 2
    assert main([*estimate, "--price", "9"]) == 0
    assert json.loads(capsys.readouterr().out)["price"] == 9
    assert (
        main(
            [
                "remote",
                "estimate",
                "data.jsonl",
                "--target",
                "together",
                "--model",
                "meta-llama/Llama-3-8B-Instruct",
                "--json",
            ]
        )
        == 0
    )
    other = json.loads(capsys.readouterr().out)
    assert (other["price"], other["epochs"]) == (0.48, 1)
    assert main(["remote", "estimate", "data.jsonl", "--model", "my-own"]) == 0
    assert "no known price for my-own" in capsys.readouterr().out


def test_a_split_is_named_by_its_folder(capsys: pytest.CaptureFixture[str]) -> None:
    for name, count in (("train", 4), ("validation", 2), ("test", 3)):
        Path("out").mkdir(exist_ok=True)
        Path(f"out/{name}.jsonl").write_text(
            "".join(json.dumps(chat(f"{name} {n}?", "Yes.")) + "\n" for n in range(count))
        )
    assert main(["remote", "estimate", "out", "--model", MODEL, "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert (found["training"]["path"], found["training"]["examples"], found["validation"]["examples"]) == (
        "out/train.jsonl",
        4,
        2,
    )
    assert main(["remote", "estimate", "out/train.jsonl", "--validation", "out/train.jsonl", "--model", MODEL]) == 2
    assert "is also the training file" in capsys.readouterr().err
    Path("out/train.jsonl").unlink()
    assert main(["remote", "estimate", "out", "--model", MODEL]) == 2
    assert "no train.jsonl" in capsys.readouterr().err


def test_the_end_of_openais_service_is_said_where_it_matters(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["remote", "--help"]) == 0
    assert "2027-01-06" in capsys.readouterr().out
    monkeypatch.setenv("OPENAI_API_KEY", KEY)
    Path("data.jsonl").write_text(
        "".join(json.dumps(chat(f"Question {n}?", "An answer to it.")) + "\n" for n in range(10))
    )
    assert main(["remote", "start", "data.jsonl", "--model", MODEL]) == 2
    assert "2027-01-06" in capsys.readouterr().err


def test_preference_pairs_are_refused_without_the_method_dpo(capsys: pytest.CaptureFixture[str]) -> None:
    pair = {
        "input": {"messages": [{"role": "user", "content": "Hi"}]},
        "preferred_output": [{"role": "assistant", "content": "Hello."}],
    }
    pair["non_preferred_output"] = [{"role": "assistant", "content": "What."}]
    Path("data.jsonl").write_text(f"{json.dumps(pair)}\n" * 3)
    assert main(["remote", "estimate", "data.jsonl", "--model", "gpt-4o"]) == 2
    assert "--method dpo" in capsys.readouterr().err
    assert main(["remote", "estimate", "data.jsonl", "--model", "gpt-4o", "--method", "dpo"]) == 0


def test_reinforcement_is_billed_by_the_hour_and_needs_a_grader(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", KEY)
    Path("data.jsonl").write_text(
        "".join(
            json.dumps({"messages": [{"role": "user", "content": f"{n} + 1"}], "answer": n + 1}) + "\n"
            for n in range(10)
        )
    )
    by_hour = ["data.jsonl", "--model", "o4-mini-2025-04-16", "--method", "reinforcement"]
    assert main(["remote", "estimate", *by_hour]) == 0
    assert "$100 per hour" in capsys.readouterr().out
    assert main(["remote", "estimate", *by_hour, "--hours", "1.5", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["cost"] == 150
    assert main(["remote", "start", *by_hour]) == 2
    assert "--grader" in capsys.readouterr().err
    Path("grader.json").write_text("[1]")
    assert main(["remote", "start", *by_hour, "--grader", "grader.json"]) == 2
    assert "not a JSON object, as a grader has to be" in capsys.readouterr().err
    Path("grader.json").write_text('{"pass": 1e999}')
    assert main(["remote", "start", *by_hour, "--grader", "grader.json"]) == 2
    assert "grader.json: invalid JSON" in capsys.readouterr().err
    assert main(["remote", "start", *by_hour, "--grader", "grader.json", "--set", "share=NaN"]) == 2
    assert "--set share=NaN: not a finite number" in capsys.readouterr().err
    Path("in").mkdir()
    Path("in/curate.toml").write_text('[remote]\ngrader = "secret.json"\n')
    Path("in/secret.json").symlink_to("../grader.json")
    Path("data.jsonl").rename("in/data.jsonl")
    assert main(["remote", "start", "in/data.jsonl", *by_hour[1:]]) == 2
    assert "in/secret.json: the grader of the configuration lies outside" in capsys.readouterr().err


def test_openais_tokens_are_counted_where_a_tokenizer_is_installed(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    letters = SimpleNamespace(get_encoding=lambda _: SimpleNamespace(encode_ordinary=list))
    monkeypatch.setitem(sys.modules, "tiktoken", letters)
    Path("data.jsonl").write_text(json.dumps(chat("Who?", "Me.")) + "\n")
    assert main(["remote", "estimate", "data.jsonl", "--model", MODEL, "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert (found["tokens_by"], found["exact"]) == ("tiktoken (o200k_base)", True)
    assert found["training"]["tokens"] == len("Who?") + len("Me.") + 2 * 3 + 3
    monkeypatch.setitem(sys.modules, "tiktoken", SimpleNamespace())  # one that cannot get its vocabulary
    monkeypatch.setitem(sys.modules, "bpe_openai", None)
    assert main(["remote", "estimate", "data.jsonl", "--model", MODEL]) == 0
    assert "estimated as bytes / 4" in capsys.readouterr().out


@pytest.mark.parametrize("locked", [False, True])
def test_a_key_may_stand_in_the_keyring(monkeypatch: pytest.MonkeyPatch, *, locked: bool) -> None:
    keyring = pytest.importorskip("keyring")

    def password(service: str, name: str) -> str:
        if locked:
            raise keyring.errors.KeyringLocked
        return f"{service} for {name}"

    for name in ("CURATE_REMOTE_KEY", "TOGETHER_API_KEY"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(keyring, "get_password", password)
    place = place_of(Target.TOGETHER, "", connected=True)
    if not locked:
        assert service_key(place) == "curate for api.together.ai"
        return
    with pytest.raises(UsageError) as caught:
        service_key(place)
    assert "keyring set curate api.together.ai" in caught.value.hint


def test_nobody_listening_is_said(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    pytest.importorskip("openai", exc_type=ImportError)
    monkeypatch.setattr("curate.network.egress.RETRIES", 0)
    monkeypatch.setenv("CURATE_REMOTE_KEY", KEY)
    assert main(["remote", "watch", "ftjob-1", "--once", "--base-url", "http://127.0.0.1:9/v1"]) == 2
    assert "check the address and the network" in capsys.readouterr().err


def test_without_the_package_the_extra_is_named(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setitem(sys.modules, "openai", None)
    monkeypatch.setenv("CURATE_REMOTE_KEY", KEY)
    assert main(["remote", "watch", "ftjob-1", "--base-url", "http://127.0.0.1:9/v1"]) == 2
    assert "[remote]" in capsys.readouterr().err


def test_an_id_from_a_service_never_leads_out_of_the_folder() -> None:
    assert safe_id("ftjob-abc.1:2") == "ftjob-abc.1:2"
    for bad in ("", "..", "../x", "a/b", "a\\b", ".hidden", "x" * 300, "a\nb"):
        with pytest.raises(RemoteError):
            safe_id(bad)
