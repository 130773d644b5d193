"""`import curate` in a notebook: the verbs as functions, their results as frames and as HTML that nothing in the data
can break out of.
"""

import json
from html.parser import HTMLParser
from pathlib import Path

import pytest

import curate
from curate.cli.main import main
from curate.core.errors import DataError, InputError, UsageError
from curate.core.example import content_id
from tests.conftest import Write, chat
from tests.test_layers import HEAVY_PACKAGES, python

HOSTILE = "<script>alert('x')</script> \x1b[31m \u202e"
LONG = (
    "It keeps well in a cool dry cellar until the first frost comes and then it has to be eaten within some days or "
    "it goes bad and smells"
)


@pytest.fixture
def data(write: Write) -> Path:
    """Sixty examples: an exact copy, a near one, two answers that clash, an error, a broken line, and a text that would
    like to be markup.
    """
    many = [
        (f"Tell me about city number {n}.", f"City number {n} lies at river {n * 7} and has {n * 13} bridges.")
        for n in range(50)
    ]
    clash = [("How high is it?", "It is 3 m."), ("How high is it?", "It is 4 m.")]
    near = [("How long does it keep?", LONG), ("How long does it keep?", LONG.replace("smells", "stinks"))]
    return write(
        "data.jsonl", [*many, many[3], *clash, *near, (HOSTILE, f"{HOSTILE} "), ("Say nothing.", ""), b'{"messages": [']
    )


class Tags(HTMLParser):
    """The tags of a fragment, and whether each that is opened is closed."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.seen: set[str] = set()
        self.open: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        assert all(name == "class" for name, _ in attrs)
        self.seen.add(tag)
        self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


def sound(shown: str) -> bool:
    tags = Tags(shown)
    return (
        not tags.open
        and tags.seen <= {"div", "p", "b", "table", "thead", "tbody", "tr", "th", "td"}
        and not {"\x1b", "\u202e"} & set(shown)
    )


def test_the_public_names_are_these() -> None:
    assert curate.__all__ == ["check", "conflicts", "dedup", "run", "split", "verify"]
    assert {*curate.__all__} <= {*dir(curate)}
    with pytest.raises(AttributeError, match="no attribute 'chek'"):
        curate.chek  # type: ignore[attr-defined]  # noqa: B018


@pytest.mark.slow
def test_the_import_loads_nothing_and_modules_never_take_the_place_of_functions() -> None:
    code = "import curate, sys; print(*sys.modules); import curate.conflicts, curate.dedup, curate.split, curate.verify; print(*map(callable, map(curate.__getattr__, curate.__all__)), callable(curate.check), callable(curate.split)); print(*sys.modules)"  # noqa: E501
    light, able, loaded = python("-c", code).stdout.splitlines()
    assert [name for name in light.split() if name.startswith(("curate.", "polars", "pydantic", "numpy", "rich"))] == []
    assert set(able.split()) == {"True"}
    assert [
        name for name in HEAVY_PACKAGES if name in loaded.split() and name not in ("numba", "datasketch", "filelock")
    ] == []


def test_a_check_has_findings_as_a_frame(data: Path) -> None:
    found = curate.check(data, ignore=["Q"])
    assert not found.ok
    assert found.findings.columns == [
        "file",
        "line",
        "code",
        "severity",
        "message",
        "pointer",
        "hint",
        "fixable",
        "example",
    ]
    assert found.findings.filter(code="C003")["line"].to_list() == [57]
    assert found.counts.row(0, named=True)["severity"] == "error"
    assert sound(found._repr_html_())
    assert "58 lines" in repr(found)
    assert curate.check([str(data)], select=["M"]).ok


def test_what_is_suppressed_is_not_told(data: Path) -> None:
    assert main(["suppress", "C003", f"{data}:57", "--reason", "silence is the lesson"]) == 0
    assert curate.check(data).findings.filter(code="C003").is_empty()


def test_a_deduplication_writes_when_it_is_told(data: Path) -> None:
    found = curate.dedup(data)
    assert (found.read, found.kept) == (58, 56)
    assert found.removed.select("line", "code", "kept_line").rows() == [(51, "D001", 4), (55, "D003", 54)]
    assert sound(found._repr_html_())
    assert not Path("kept.jsonl").exists()
    found.write("kept.jsonl")
    assert len(Path("kept.jsonl").read_bytes().splitlines()) == 56
    assert len(Path("kept.removed.jsonl").read_bytes().splitlines()) == 2
    with pytest.raises(UsageError, match="the output would replace an input file"):
        found.write(data)


def test_a_heavy_removal_needs_a_yes(write: Write) -> None:
    found = curate.dedup(write("data.jsonl", [("Hi", "Hello.")] * 200))
    with pytest.raises(DataError, match="D008"):
        found.write("kept.jsonl")
    found.write("kept.jsonl", yes=True)
    assert len(Path("kept.jsonl").read_bytes().splitlines()) == 1


def test_conflicts_are_pairs(data: Path) -> None:
    found = curate.conflicts(data)
    assert len(found) == 1
    assert found.pairs.select("code", "left", "right", "left_line", "right_line").row(0) == (
        "X003",
        "It is 3 m.",
        "It is 4 m.",
        52,
        53,
    )
    assert sound(found._repr_html_())
    with pytest.raises(UsageError, match="would be sent"):
        curate.conflicts(data, judge="http://127.0.0.1:9", judge_model="m")


def test_a_split_knows_nothing_of_an_earlier_one(write: Write) -> None:
    sides = ["It is the Volga.", "It is the Rhine."]
    for name, (good, bad) in (("a", sides), ("b", sides[::-1])):
        pair = {"prompt": "Which river is the longest of Europe?", "chosen": good, "rejected": bad}
        path = write(f"{name}.jsonl", [pair, *(chat(f"What is {n}?", f"It is {n}.") for n in range(9))])
        assert curate.split(path, name).removed["code"].to_list() == []


def test_a_split_is_written_and_proved(data: Path) -> None:
    divided = curate.split(data, "out", seed=3, fractions=[0.8, 0.1, 0.1])
    assert divided.splits["split"].to_list() == ["train", "validation", "test"]
    assert (divided.splits["examples"].sum(), divided.removed["code"].to_list()) == (55, ["J005", "C003", "J010"])
    assert divided.removed["text"].to_list()[2] == '{"messages": ['
    assert sound(divided._repr_html_())
    assert divided.moved.is_empty()
    assert main(["split", str(data), "-o", "other", "--seed", "3", "-q"]) == 1  # a line holds no example
    assert (
        Path("other/manifest.json").read_bytes() == Path("out/manifest.json").read_bytes()
    )  # the command's, bit for bit
    proved = curate.verify("out")
    assert proved.holds
    assert sound(proved._repr_html_())
    Path("out/test.jsonl").write_bytes(
        Path("out/test.jsonl").read_bytes() + Path("out/train.jsonl").read_bytes().splitlines()[0]
    )
    broken = curate.verify(Path("out"))
    assert not broken.holds
    assert "L001" in broken.findings["code"].to_list()


def test_a_run_is_the_command_s(data: Path) -> None:
    Path("curate.toml").write_text(f'data = ["{data}"]\nseed = 3\n')
    dry = curate.run(dry=True)
    assert dry.stages.filter(stage="split")["state"].to_list() == ["would run"]
    assert not Path("out").exists()
    ran = curate.run()
    assert (ran.manifest.read, ran.manifest.kept, len(ran.conflicts)) == (58, 53, 1)
    assert ran.removed["code"].to_list() == ["D001", "D003", "J005", "C003", "J010"]
    assert sound(ran._repr_html_())
    Path("pyproject.toml").write_text(f'[tool.curate]\ndata = ["{data}"]\nseed = 3\n')
    Path("curate.toml").unlink()
    assert set(curate.run(".").stages["state"]) == {"unchanged"}


def test_halves_of_surrogate_pairs_can_be_shown(write: Write) -> None:
    path = write(
        "data.jsonl",
        [
            b'{"messages": [{"role": "user", "content": "Hi \\ud83d"}, {"role": "assistant", "content": "It is %d m."}]}'  # noqa: E501
            % n
            for n in (3, 4)
        ],
    )
    assert "\\ud83d" in curate.conflicts(path).pairs["question"][0]
    assert sound(curate.conflicts(path)._repr_html_())


def test_what_cannot_be_read_is_raised_with_the_next_step() -> None:
    with pytest.raises(InputError) as caught:
        curate.check("nowhere.jsonl")
    assert caught.value.hint


def test_ids_are_those_of_the_examples(data: Path) -> None:
    first = json.loads(data.read_bytes().splitlines()[3])
    assert (
        curate.dedup(data).removed["kept"][0]
        == content_id(first)
        == content_id(chat(*(turn["content"] for turn in first["messages"])))
    )
