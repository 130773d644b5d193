"""Data on the hub and on object stores gives what the same lines of this machine give, over the real protocols."""

import json
import random
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from curate.cli.main import main
from tests.conftest import Write
from tests.engine.azure_server import azure_blobs
from tests.engine.places_server import Place, serving
from tests.engine.test_tables import KINDS, chat, findings, write_rows, written

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("stores")]  # one worker loads the clients and the servers
DRAW = random.Random(0)
ROWS = [chat(DRAW.randrange(20), DRAW.choice(KINDS)) for _ in range(60)]
PLAIN = [chat(number, "plain") for number in range(60)]


class Store(NamedTuple):
    """A place, and how the test gets at what it holds."""

    url: str
    put: Callable[[str, bytes], Any]
    get: Callable[[str], Any]


@pytest.fixture(scope="module")
def s3_server() -> Iterator[Any]:
    """A server of S3 for all tests."""
    server = pytest.importorskip("moto.server", exc_type=ImportError)  # the extra `dev` has what it needs
    running = server.ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    running.start()
    yield running
    running.stop()


@pytest.fixture
def s3(s3_server: Any, monkeypatch: pytest.MonkeyPatch) -> Iterator[Store]:
    s3fs = pytest.importorskip("s3fs")
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://{}:{}".format(*s3_server.get_host_and_port()))
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "testing")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "testing")
    system = s3fs.S3FileSystem(skip_instance_cache=True, use_listings_cache=False)
    system.mkdir("data")
    yield Store(
        "s3://data", lambda name, data: system.pipe(f"data/{name}", data), lambda name: system.cat(f"data/{name}")
    )
    system.rm("data", recursive=True)


@pytest.fixture
def gs(monkeypatch: pytest.MonkeyPatch) -> Iterator[Store]:
    server = pytest.importorskip("gcp_storage_emulator.server")
    monkeypatch.setenv("GCSFS_EXPERIMENTAL_ZB_HNS_SUPPORT", "false")
    gcsfs = pytest.importorskip("gcsfs")
    running = server.create_server("127.0.0.1", 0, in_memory=True, default_bucket="data")
    running.start()
    monkeypatch.setenv("STORAGE_EMULATOR_HOST", f"http://127.0.0.1:{running._api._httpd.server_address[1]}")
    system = gcsfs.GCSFileSystem(skip_instance_cache=True, use_listings_cache=False)
    yield Store(
        "gs://data", lambda name, data: system.pipe(f"data/{name}", data), lambda name: system.cat(f"data/{name}")
    )
    running.stop()


@pytest.fixture
def az(monkeypatch: pytest.MonkeyPatch) -> Iterator[Store]:
    pytest.importorskip("adlfs")
    with azure_blobs() as (blobs, connection):
        monkeypatch.setenv("AZURE_STORAGE_CONNECTION_STRING", connection)
        yield Store("az://data", blobs.__setitem__, blobs.__getitem__)


@pytest.fixture
def hf(monkeypatch: pytest.MonkeyPatch) -> Iterator[Store]:
    monkeypatch.setattr(pytest.importorskip("huggingface_hub.constants"), "HF_HUB_OFFLINE", False)
    with serving(Place({"in/a.jsonl": b"{}\n"}), hub=True) as place:
        monkeypatch.setenv("HF_ENDPOINT", place.address)
        files = place.revisions["v1.0"] = {}
        yield Store("hf://datasets/org/name@v1.0", files.__setitem__, files.__getitem__)


@pytest.fixture
def store(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """The place that the test is told."""
    fsspec = pytest.importorskip("fsspec")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.delenv("HF_HUB_OFFLINE", raising=False)
    monkeypatch.setenv("no_proxy", "*")
    found = request.getfixturevalue(request.param)
    fsspec.get_filesystem_class({"az": "abfs"}.get(request.param, request.param)).clear_instance_cache()
    return found


@pytest.mark.parametrize(
    ("store", "suffix"),
    [("s3", ".jsonl"), ("gs", ".jsonl"), ("az", ".parquet"), ("hf", ".jsonl"), ("hf", ".parquet")],
    indirect=["store"],
)
def test_results_do_not_depend_on_the_place(store: Store, suffix: str, capsys: pytest.CaptureFixture[str]) -> None:
    for name in ("a.jsonl", f"a{suffix}"):
        write_rows(ROWS, name)
    store.put(f"in/a{suffix}", Path(f"a{suffix}").read_bytes())
    url = f"{store.url}/in/a{suffix}"
    expected = findings("a.jsonl", capsys)
    assert len(expected["findings"]) > 20
    assert findings(url, capsys) == expected
    here, there = written("a.jsonl"), written(url)
    assert here["verify"] != 2
    assert len(here["kept.jsonl"]) > 1000
    assert there == here


@pytest.mark.parametrize("store", ["s3"], indirect=True)
def test_shards_at_the_place_replace_those_of_another_count(store: Store, capsys: pytest.CaptureFixture[str]) -> None:
    write_rows(PLAIN[:20], "a.jsonl")
    assert main(["dedup", "a.jsonl", "-o", "kept.jsonl"]) in (0, 1)
    for count, overwrite in ((2, []), (3, ["--overwrite"])):
        words = ["dedup", "a.jsonl", "-o", f"{store.url}/out/kept.jsonl", "--shards", str(count)]
        assert main([*words, *overwrite]) in (0, 1)
        names = [f"kept-{number:05}-of-{count:05}.jsonl" for number in range(count)]
        assert f"{store.url}/out/kept-*-of-{count:05}.jsonl" in capsys.readouterr().err
        assert b"".join(store.get(f"out/{name}") for name in names) == Path("kept.jsonl").read_bytes()
    with pytest.raises(FileNotFoundError):
        store.get("out/kept-00000-of-00002.jsonl")
    assert main(["dedup", "a.jsonl", "-o", f"{store.url}/out/kept.jsonl", "--shards", "4"]) == 2
    assert main(["split", "a.jsonl", "-o", f"{store.url}/split", "--shards", "2", "-q"]) == 0
    assert main(["verify", f"{store.url}/split", "-q"]) == 0


@pytest.mark.parametrize("store", ["s3"], indirect=True)
@pytest.mark.parametrize("output", ["d.jsonl", "d-00000-of-00002.jsonl"])
def test_no_input_at_the_place_is_replaced_or_deleted(
    output: str, store: Store, capsys: pytest.CaptureFixture[str]
) -> None:
    write_rows(PLAIN[:20], "a.jsonl")
    rows = Path("a.jsonl").read_bytes()
    inputs = {f"d-0000{number}-of-00002.jsonl": rows for number in range(2)}
    for name, data in inputs.items():
        store.put(name, data)
    assert main(["dedup", f"{store.url}/d-*.jsonl", "-o", f"{store.url}/{output}", "--overwrite", "--yes"]) == 2
    assert "would replace an input file; the result is in" in capsys.readouterr().err
    assert {name: store.get(name) for name in inputs} == inputs


@pytest.mark.parametrize("store", ["s3", "gs", "az"], indirect=True)
def test_results_are_written_to_the_place(store: Store, write: Write, capsys: pytest.CaptureFixture[str]) -> None:
    write_rows(PLAIN, "a.jsonl")
    rows, bad = Path("a.jsonl").read_bytes(), json.dumps(chat(1, "role")).encode() + b"\n"
    for name, data in (("in/a.jsonl", rows), ("in/b.jsonl", bad), ("in/notes.txt", b"x")):
        store.put(name, data)
        write(name, data)
    assert main(["check", f"{store.url}/in"]) == main(["check", f"{store.url}/in/*.jsonl"]) == 1
    assert capsys.readouterr().out.count(f"{store.url}/in/b.jsonl:1: M006") == 2
    assert main(["dedup", f"{store.url}/in", "-o", f"{store.url}/out/kept.jsonl"]) in (0, 1)
    assert f"{store.url}/out/kept.removed.jsonl" in capsys.readouterr().err
    assert main(["dedup", "in", "-o", "kept.jsonl"]) in (0, 1)
    assert store.get("out/kept.jsonl") == Path("kept.jsonl").read_bytes()
    removed = Path("kept.removed.jsonl").read_bytes().replace(b'"in/', f'"{store.url}/in/'.encode())
    assert store.get("out/kept.removed.jsonl") == removed
    assert main(["dedup", f"{store.url}/in", "-o", f"{store.url}/out/kept.jsonl"]) == 2
    assert "already exists" in capsys.readouterr().err
    assert main(["split", f"{store.url}/in/a.jsonl", "-o", f"{store.url}/split"]) == 0
    assert f"{store.url}/split/train.jsonl" in capsys.readouterr().out
    assert main(["split", "in/a.jsonl", "-o", "split"]) == 0
    for name in ("train", "validation", "test"):
        assert store.get(f"split/{name}.jsonl") == Path(f"split/{name}.jsonl").read_bytes()
    assert json.loads(store.get("split/manifest.json"))["inputs"][0]["path"] == f"{store.url}/in/a.jsonl"
    assert main(["verify", f"{store.url}/split"]) == 0
    shown = capsys.readouterr().out
    assert "all 60 input lines" in shown
    assert f"{store.url}/split " in shown
    none = store.url.replace("data", "none")
    assert main(["check", f"{store.url}/none.jsonl"]) == main(["check", f"{none}/data.jsonl"]) == 2
    assert capsys.readouterr().err.count("no such object") == 2
