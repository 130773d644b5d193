"""Data at URLs: read through servers that misbehave, over real sockets."""

import gzip
import hashlib
import json
import pickle
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path
from typing import Any
from urllib.error import HTTPError
from urllib.request import Request

import pytest

from curate.cli.main import main
from curate.core.errors import InputError
from curate.corpus.corpus import LineReader, LineSource
from curate.parallel.worker_pool import WorkerPool
from curate.read.chunk_cache import Checkpoint
from curate.read.chunks import Chunk, chunk_bytes, chunks_of
from curate.storage import places
from curate.storage.data_files import data_files
from curate.storage.data_path import DataPath
from curate.storage.files import display_name
from curate.storage.http_download import _Redirects
from curate.storage.snapshot import require_unchanged, snapshot
from curate.storage.urls import safe_url
from tests.conftest import Write, trust_folder
from tests.engine.places_server import Place, serving

LINES = b"".join(
    json.dumps(
        {
            "messages": [
                {"role": "user", "content": f"Question {n}?"},
                {"role": "assistant", "content": f"It is {n * 7}."},
            ]
        }
    ).encode()
    + b"\n"
    for n in range(1000)
)
BAD = b'{"messages": [{"role": "usr", "content": "Hi"}, {"role": "assistant", "content": "Hello."}]}\n'


@pytest.fixture(autouse=True)
def _online(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.delenv("HF_HUB_OFFLINE")
    monkeypatch.setenv("no_proxy", "*")
    monkeypatch.setattr(places, "FIRST_PAUSE_SECONDS", 0.001)


@pytest.fixture
def place() -> Iterator[Place]:
    with serving(Place({"/data.jsonl": LINES, "/bad.jsonl": BAD})) as there:
        yield there


def fetched(url: str) -> bytes:
    [path] = data_files([url])
    assert display_name(path) == safe_url(url)
    return path.read_bytes()


@pytest.mark.parametrize(
    "faults",
    [
        ["cut"],
        ["500", "500", "cut", "500"],
        ["reset", "cut"],
        ["long"],
        ["cut", "cut", "cut", "cut", "cut", "cut", "cut", "cut"],
    ],
    ids=" ".join,
)
@pytest.mark.parametrize("ranges", [True, False])
@pytest.mark.parametrize("tags", [True, False])
def test_a_file_is_whole_whatever_happens_on_the_way(place: Place, faults: list[str], ranges: bool, tags: bool) -> None:
    place.faults, place.ranges, place.tags = list(faults), ranges, tags
    if not (ranges and tags) and len(faults) > 5:
        with pytest.raises(InputError, match="broke off 5 times"):
            fetched(f"{place.address}/data.jsonl")
        place.faults.clear()
    assert fetched(f"{place.address}/data.jsonl") == LINES


def test_what_came_is_not_sent_again(place: Place) -> None:
    place.faults = ["cut", "cut"]
    assert fetched(f"{place.address}/data.jsonl") == LINES
    assert place.sent == len(LINES)
    assert fetched(f"{place.address}/data.jsonl") == LINES
    assert place.sent == len(LINES)
    place.files["/data.jsonl"], place.tag = BAD, '"2"'
    assert fetched(f"{place.address}/data.jsonl") == BAD


def test_a_file_that_changes_between_ranges_is_read_anew(place: Place) -> None:
    place.faults = ["cut", "500", "500", "500", "500", "500"]
    with pytest.raises(InputError, match="broke off 5 times") as caught:
        fetched(f"{place.address}/data.jsonl")
    assert f"{len(LINES) // 2:,} bytes" in caught.value.hint
    place.files["/data.jsonl"], place.tag = LINES[::-1], '"2"'
    assert fetched(f"{place.address}/data.jsonl") == LINES[::-1]
    place.faults, place.tag = ["cut"], '"3"'
    whole = place.files["/data.jsonl"] = LINES + BAD
    assert fetched(f"{place.address}/data.jsonl") == whole


def test_a_range_of_another_content_is_not_appended(place: Place) -> None:
    place.faults, place.conditions = ["cut", *["500"] * 5], False
    with pytest.raises(InputError):
        fetched(f"{place.address}/data.jsonl")
    place.files["/data.jsonl"], place.tag = LINES[::-1], '"2"'
    assert fetched(f"{place.address}/data.jsonl") == LINES[::-1]


def test_no_redirect_leads_from_an_encrypted_connection_to_a_readable_one() -> None:
    follow = _Redirects().redirect_request
    for address in ("http://b.example/x", "ftp://b.example/x", "file:///etc/passwd"):
        with pytest.raises(HTTPError, match="not followed"):
            follow(Request("https://a.example/x"), BytesIO(), 302, "Found", {}, address)


@pytest.mark.parametrize("step", ["replace", "open"])
@pytest.mark.parametrize("begun", [True, False])
def test_a_download_that_is_killed_at_a_step_leaves_no_other_content(
    place: Place, step: str, begun: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    if begun:
        place.faults = ["cut", *["500"] * 5]
        with pytest.raises(InputError):
            fetched(f"{place.address}/data.jsonl")
    else:
        assert fetched(f"{place.address}/data.jsonl") == LINES
    place.files["/data.jsonl"], place.tag = BAD + LINES, '"2"'
    real = getattr(Path, step)

    def killed(path: Path, *args: object, **more: object) -> object:
        if path.name.endswith(".part"):
            raise KeyboardInterrupt
        return real(path, *args, **more)

    monkeypatch.setattr(Path, step, killed)
    with pytest.raises(KeyboardInterrupt):
        fetched(f"{place.address}/data.jsonl")
    monkeypatch.setattr(Path, step, real)
    assert fetched(f"{place.address}/data.jsonl") == BAD + LINES


@pytest.mark.parametrize("status", ["206", "304", "416"])
def test_an_answer_to_another_request_is_an_error(
    place: Place, status: str, capsys: pytest.CaptureFixture[str]
) -> None:
    place.faults = [status] * 20
    assert main(["check", f"{place.address}/data.jsonl"]) == 2
    assert f"the server answers {status}" in capsys.readouterr().err
    assert len(place.requests) <= 2


def test_redirects_are_followed_and_end(place: Place, capsys: pytest.CaptureFixture[str]) -> None:
    place.redirects = {
        "/a.jsonl": "/bad.jsonl",
        "/loop.jsonl": "/loop.jsonl",
        "/file.jsonl": "file:///etc/passwd",
        "/ftp.jsonl": "ftp://127.0.0.1/x",
    }
    assert fetched(f"{place.address}/a.jsonl") == BAD
    for name in ("loop", "file", "ftp"):
        assert main(["check", f"{place.address}/{name}.jsonl"]) == 2
        assert "the server answers 302" in capsys.readouterr().err


def test_findings_name_the_url(place: Place, capsys: pytest.CaptureFixture[str]) -> None:
    url = f"{place.address}/bad.jsonl"
    assert main(["check", url]) == 1
    assert f"{url}:1: M006" in capsys.readouterr().out


def test_a_file_at_a_url_is_not_fixed_in_place(place: Place, capsys: pytest.CaptureFixture[str]) -> None:
    url = f"{place.address}/bad.jsonl"
    assert main(["check", url, "--fix", "--unsafe-fixes"]) == 2
    assert f"{url}: is at a URL and cannot be fixed in place" in capsys.readouterr().err
    assert fetched(url) == BAD


@pytest.mark.parametrize(
    ("name", "said", "step"),
    [("none.jsonl", "no such object", "check the name"), ("secret", "access denied", "needs no login")],
)
def test_errors_name_the_cause_and_the_next_step(
    place: Place, name: str, said: str, step: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["check", f"{place.address}/{name}"]) == 2
    err = capsys.readouterr().err
    assert said in err
    assert step in err
    assert "Traceback" not in err


def test_no_secret_of_a_url_is_shown_or_stored(
    place: Place, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    address = place.address.replace("http://", "http://jane:hunter2@")
    for name in ("data.jsonl", "none.jsonl"):
        main(["check", f"{address}/{name}?X-Amz-Signature=s3cr3t"])
        main(["split", f"{address}/{name}?X-Amz-Signature=s3cr3t", "-o", "out", "--yes"])
    told = "".join(capsys.readouterr())
    assert "http://***@127" in told
    stored = b"".join(path.read_bytes() for path in [*Path().rglob("*"), *tmp_path.rglob("*")] if path.is_file())
    for secret in ("hunter2", "s3cr3t"):
        assert secret not in told
        assert secret.encode() not in stored
    assert any("authorization" in headers for _, _, headers in place.requests)
    manifest = json.loads(Path("out/manifest.json").read_text())
    assert manifest["inputs"][0]["path"] == f"{place.address.replace('http://', 'http://***@')}/data.jsonl?***"


def test_a_password_is_not_sent_to_another_host(place: Place) -> None:
    with serving(Place({"/data.jsonl": BAD})) as other:
        place.redirects = {"/data.jsonl": f"{other.address}/data.jsonl"}
        assert fetched(place.address.replace("//", "//jane:hunter2@") + "/data.jsonl") == BAD
        assert "authorization" not in other.requests[0][2]


def test_without_network_the_last_copy_is_read(
    place: Place, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert fetched(f"{place.address}/data.jsonl") == LINES
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    count = len(place.requests)
    assert fetched(f"{place.address}/data.jsonl") == LINES
    assert main(["check", f"{place.address}/bad.jsonl"]) == 2
    assert "network access is off" in capsys.readouterr().err
    assert len(place.requests) == count


def test_a_split_of_a_url_is_that_of_the_file_and_verifies(place: Place, write: Write) -> None:
    rows = LINES.split(b"\n")[:200]
    place.files["/data.jsonl"] = b"\n".join(rows) + b"\n"
    write("data.jsonl", place.files["/data.jsonl"])
    found: list[Any] = []
    for name in ("data.jsonl", f"{place.address}/data.jsonl"):
        main(["split", name, "-o", f"out{len(found)}", "-q"])
        assert main(["verify", f"out{len(found)}", "-q"]) == 0
        found.append([(Path(f"out{len(found)}") / f"{part}.jsonl").read_bytes() for part in ("train", "test")])
    assert found[0] == found[1]


def test_an_extra_that_is_missing_is_named(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setitem(__import__("sys").modules, "fsspec", None)
    monkeypatch.setitem(__import__("sys").modules, "botocore.session", None)
    assert main(["check", "s3://bucket/data.jsonl"]) == 2
    err = capsys.readouterr().err
    assert "pip install 'curate-chat[cloud]'" in err
    assert main(["dedup", "x.jsonl", "-o", "http://127.0.0.1/x.jsonl"]) == 2
    assert "nothing can be written there" in capsys.readouterr().err
    assert main(["check", "http://jane:hunter2@[::1/data.jsonl"]) == 2, "half an address"
    assert "hunter2" not in capsys.readouterr().err


@pytest.fixture
def hub(monkeypatch: pytest.MonkeyPatch) -> Iterator[Place]:
    constants = pytest.importorskip("huggingface_hub.constants")
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", False)
    files = {
        "data/train.jsonl": LINES[:20_000].rpartition(b"\n")[0] + b"\n",
        "data/test.jsonl": BAD,
        "README.md": b"# x",
    }
    with serving(Place(files), hub=True) as there:
        monkeypatch.setenv("HF_ENDPOINT", there.address)
        yield there


def test_a_data_set_of_the_hub(hub: Place, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["check", "hf://datasets/org/name"]) == 1
    assert "hf://datasets/org/name/data/test.jsonl:1: M006" in capsys.readouterr().out
    assert fetched("hf://datasets/org/name/data/train.jsonl") == hub.files["data/train.jsonl"]
    assert main(["check", "hf://datasets/org/name/data/none.jsonl"]) == 2
    assert "no such object" in capsys.readouterr().err
    assert main(["check", "hf://datasets/org/other"]) == 2
    assert "hf://datasets/org/other: " in capsys.readouterr().err


@pytest.fixture
def store(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """An object store in memory in the place of S3: what is above the protocol."""
    memory = pytest.importorskip("fsspec.implementations.memory")
    system = memory.MemoryFileSystem()
    system.store.clear()
    monkeypatch.setattr(places, "_file_system", lambda url: (system, url.partition("://")[2]))
    yield system
    system.store.clear()


def test_objects_are_read_by_folder_and_pattern(store: Any, capsys: pytest.CaptureFixture[str]) -> None:
    store.pipe({"/data/in/a.jsonl": LINES[:5000], "/data/in/b.jsonl": BAD, "/data/in/dataset_info.json": b"{}"})
    found = [data_files([name]) for name in ("s3://data/in", "gs://data/in/*.jsonl")]
    assert [[path.name for path in paths] for paths in found] == [["a.jsonl", "b.jsonl"]] * 2
    assert main(["check", "az://data/in/b.jsonl"]) == 1
    assert "az://data/in/b.jsonl:1: M006" in capsys.readouterr().out
    for name, said in (("s3://data/none.jsonl", "no such object"), ("s3://data/none/*.jsonl", "no data files")):
        assert main(["check", name]) == 2
        assert said in capsys.readouterr().err


def test_objects_that_break_off_or_change_are_whole(store: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    store.pipe("/data/a.jsonl", LINES)
    described, tags = places.described, ["1", "1", "2", "2", "2"]
    monkeypatch.setattr(places, "described", lambda url: (tags.pop(0), described(url)[1]))
    monkeypatch.setattr(places, "BLOCK_BYTES", 1000)
    real, reads = store.open, [0]

    def opened(*arguments: Any, **options: Any) -> Any:
        file = real(*arguments, **options)
        read = file.read

        def broken(size: int) -> Any:
            reads[0] += 1
            if reads[0] == 5:
                raise OSError("connection lost")
            return read(size)

        monkeypatch.setattr(file, "read", broken, raising=False)
        return file

    monkeypatch.setattr(store, "open", opened)
    assert fetched("s3://data/a.jsonl") == LINES
    assert not tags  # broken off, resumed, found changed, read anew


@pytest.fixture
def versioned(store: Any, monkeypatch: pytest.MonkeyPatch) -> Any:
    """The store with entity tags."""

    def described(url: str) -> tuple[str, int]:
        data = store.cat_file(url.partition("://")[2])
        return hashlib.sha256(data).hexdigest(), len(data)

    monkeypatch.setattr(places, "described", described)
    return store


@pytest.mark.slow
def test_the_chunks_of_an_object_hold_what_a_file_holds(versioned: Any, write: Write) -> None:
    lines = b"\xef\xbb\xbf" + LINES[:9000] + b"x" * 5000 + b"\n\n" + LINES[:700]
    versioned.pipe("/data/a.jsonl", lines)
    file = write("a.jsonl", lines)
    for size in (1, 97, 3000, len(lines) - 1, len(lines), 10**6):
        [path] = data_files(["s3://data/a.jsonl"], by_range=True)
        chunks = list(chunks_of(pickle.loads(pickle.dumps(path)), "a.jsonl", size) or ())
        there = list(map(chunk_bytes, chunks))
        assert there == [chunk_bytes(chunk._replace(path=file)) for chunk in chunks], size
        of_file = map(chunk_bytes, chunks_of(file, "a.jsonl", size) or ())
        assert b"".join(data for _, data, _ in of_file) == lines
        assert b"".join(data for _, data, _ in there) == lines
    assert not path.parent.exists(), "nothing was downloaded"
    assert snapshot(path, hashed=True).sha256 == hashlib.sha256(lines).hexdigest()


def test_lines_of_an_object_are_requested_together(versioned: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    versioned.pipe("/data/a.jsonl", LINES)
    [path] = data_files(["s3://data/a.jsonl"], by_range=True)
    source, reader = LineSource(path, "a.jsonl"), LineReader()
    places_of_lines = [(source, 109, 90), (source, 0, 50), (source, 109, 20)]
    reader.read_ahead(places_of_lines)
    monkeypatch.setattr(places, "opened", None)
    assert [reader.part(*place) for place in places_of_lines] == [LINES[109:199], LINES[:50], LINES[109:129]]
    versioned.pipe("/data/a.jsonl", LINES[::-1])
    with pytest.raises(InputError, match="changed while it was read"):
        reader.read_ahead(places_of_lines)


def test_results_of_chunks_are_kept_for_a_version_of_an_object(versioned: Any) -> None:
    checkpoint = Checkpoint(Path("cache"), "sizes", ".json", "", lambda size, _: size, lambda size, _: int(size))
    computed: list[int] = []

    def size_of_lines(chunk: Chunk) -> int:
        computed.append(chunk.start)
        return chunk_bytes(chunk).size

    def sizes() -> list[int]:
        computed.clear()
        [path] = data_files(["s3://data/a.jsonl"], by_range=True)
        chunks = chunks_of(path, "a.jsonl", 20_000) or iter(())
        return list(checkpoint.each(WorkerPool(1, processes=False), size_of_lines, chunks))

    versioned.pipe("/data/a.jsonl", LINES)
    expected = sizes()
    assert computed == [0, 20_000, 40_000, 60_000, 80_000, 100_000]
    first, second, *_ = sorted(Path("cache").glob("sizes-*"))
    first.unlink()
    second.write_bytes(b"damaged")
    assert sizes() == expected
    assert len(computed) == 2
    assert sizes() == expected
    assert not computed
    versioned.pipe("/data/a.jsonl", LINES + BAD)
    assert sum(sizes()) == len(LINES + BAD)
    assert len(computed) == 6


def test_an_object_that_changes_while_it_is_read_is_an_error(versioned: Any) -> None:
    versioned.pipe("/data/a.jsonl", LINES)
    [path] = data_files(["s3://data/a.jsonl"], by_range=True)
    before = snapshot(path)
    chunks = chunks_of(path, "a.jsonl", 5000)
    assert chunks is not None
    chunk_bytes(next(chunks))
    require_unchanged([before])
    versioned.pipe("/data/a.jsonl", LINES[::-1])
    with pytest.raises(InputError, match=r"s3://data/a\.jsonl: changed while it was read") as caught:
        chunk_bytes(next(chunks))
    assert "no other process writes" in caught.value.hint
    with pytest.raises(InputError, match="it was replaced"):
        require_unchanged([before])
    versioned.rm("/data/a.jsonl")
    assert not path.is_file()


def test_what_cannot_be_read_by_ranges_is_downloaded(versioned: Any, place: Place) -> None:
    versioned.pipe({"/data/a.jsonl.gz": gzip.compress(LINES), "/data/b.csv": b"question,answer\nWhat?,This.\n"})
    notes: list[str] = []
    paths = data_files(
        ["s3://data/a.jsonl.gz", "s3://data/b.csv", f"{place.address}/data.jsonl"], notes.append, by_range=True
    )
    assert [type(path) for path in paths] == [DataPath] * 3
    assert [path.is_file() for path in paths] == [True] * 3
    assert notes == [
        "s3://data/a.jsonl.gz: downloaded whole, because it is compressed",
        "s3://data/b.csv: downloaded whole, because it is a table",
    ]


def test_what_cannot_be_uploaded_is_kept(
    store: Any, write: Write, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    write("data.jsonl", LINES[:2500].rpartition(b"\n")[0] + b"\n")
    words = ["dedup", "data.jsonl", "-o", "s3://data/out/kept.parquet"]
    assert main(words) == 0
    assert sorted(store.find("/data/out")) == ["/data/out/kept.parquet", "/data/out/kept.removed.jsonl"]
    assert main(words) == 2
    assert "already exists" in capsys.readouterr().err
    assert main([*words, "--overwrite"]) == 0
    for count in (3, 2):
        assert main([*words, "--overwrite", "--shards", str(count)]) == 0
        assert len(store.find("/data/out")) == count + 1
    assert main(["split", "data.jsonl", "-o", "s3://data/out/many", "-q"]) in (0, 1)
    store.pipe("/data/train.jsonl", LINES)  # it is beside the folder, not in it
    assert main(["split", "data.jsonl", "-o", "s3://data/more", "--shards", "2", "-q"]) in (0, 1)

    def refused(*_: Any, **__: Any) -> None:
        raise PermissionError("Forbidden for key AKIA?X-Amz-Signature=s3cr3t")

    monkeypatch.setattr(store, "put_file", refused)
    assert main(["split", "data.jsonl", "-o", "s3://data/split", "-q"]) == 2
    err = capsys.readouterr().err
    assert "s3://data: access denied; the result is in " in err
    assert "AWS_ACCESS_KEY_ID" in err
    assert "s3cr3t" not in err
    folder = Path(err.partition("the result is in ")[2].splitlines()[0])
    assert (folder / "split/manifest.json").is_file()
    assert main(["dedup", "data.jsonl", "-o", "hf://datasets/org/name/x.jsonl"]) == 2
    assert "push_to_hub" in capsys.readouterr().err


def test_no_object_beside_the_output_is_replaced(store: Any, write: Write, capsys: pytest.CaptureFixture[str]) -> None:
    write("data.jsonl", LINES[:2500].rpartition(b"\n")[0] + b"\n")
    store.pipe("/data/out/kept.removed.jsonl", BAD)
    assert main(["dedup", "data.jsonl", "-o", "s3://data/out/kept.jsonl"]) == 2
    assert "s3://data/out/kept.removed.jsonl: already exists" in capsys.readouterr().err
    assert store.find("/data/out") == ["/data/out/kept.removed.jsonl"]
    assert store.cat_file("/data/out/kept.removed.jsonl") == BAD


def test_a_name_at_a_place_leads_out_of_no_folder(
    store: Any, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(store, "find", lambda path: [f"{path}/manifest.json", f"{path}/../../../evil.jsonl"])
    assert main(["verify", "s3://data/out"]) == 2
    assert "has the name '../../../evil.jsonl', which leads out of it" in capsys.readouterr().err


def test_a_configuration_reads_urls_and_writes_none(place: Place, capsys: pytest.CaptureFixture[str]) -> None:
    config = 'data = ["{}/data.jsonl"]\noutput = "{}"\n'
    Path("curate.toml").write_text(config.format(place.address, "s3://bucket/out"))
    trust_folder()
    assert main(["run"]) == 2
    assert "a folder on this machine" in capsys.readouterr().err
    Path("curate.toml").write_text(config.format(place.address, "out"))
    assert main(["run", "--only", "check", "-q"]) in (0, 1)
    assert main(["run", "--dry-run"]) in (0, 1)
