"""`curate run` and the verbs, on the command line and in Python, decide the same from one configuration."""

import json
import shutil
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import curate
from curate.cli.main import main
from curate.core.decision import Decision
from curate.core.errors import CurateError
from curate.core.example import Place
from curate.project.decision_log import DecisionLog
from curate.project.runs import Project
from curate.read.formats import example_of
from curate.storage import store
from tests.conftest import chat, line_of, of_hundred, working_in

SPLITS: Final = ("train", "validation", "test")
MISSING_MODEL: Final = "offline:none"
LONG: Final = (
    "Apples keep in a cool cellar until the first frosts come and the days are short and the nights are long, and they "
    "taste best once they have been left there for a month or two beside the straw and the sand of the {}."
)
PLACES: Final = ("coast", "valley", "northern hills", "old town", "southern plain", "river", "lake", "harbor")


def with_date(value: dict[str, Any], date: str | None) -> dict[str, Any]:
    return value if date is None else {**value, "date": date}


def id_of(value: dict[str, Any]) -> str:
    return example_of(value, Place("", 0)).id


def examples_of(place: str) -> list[dict[str, Any]]:
    """An example, its near-duplicates and relatives, and lines with errors among them."""
    question, answer = f"How are apples kept at the {place}?", LONG.format(place)
    sound: dict[str, Any] = chat(question, answer)
    reworded: dict[str, Any] = chat(question, answer.replace("cool cellar", "cold cellar"))
    more: dict[str, Any] = chat("And pears?", f"Pears of the {place} keep less.")
    longer = {"messages": [*sound["messages"], *more["messages"]]}
    return [
        sound,
        reworded,
        chat(question, f"{answer} They are sold in boxes."),
        chat(question, f"As an AI language model, I can say this: {answer}"),
        chat(question, answer.replace("month", "{{name}}")),
        longer,
        chat(f"Name the {place}, please.", f"The {place} it is."),
        chat(f"Please name the {place}.", f"It is the {place}."),
        chat(f"Is the {place} large?", "positive"),
        chat(f"Is the {place} large?", "negative"),
        chat(question, "  "),  # an error
        {"messages": [*sound["messages"], {"role": "user", "content": "Thanks."}]},
        {"messages": [{**sound["messages"][0], "role": "narrator"}, sound["messages"][1]]},
        {"messages": [{"role": "system", "content": ""}, *reworded["messages"]]},
    ]


INVALID: Final = {id_of(value) for place in PLACES for value in examples_of(place)[-4:]}
"""Examples with errors."""
BROKEN: Final = (b'{"messages": [', b'{"nothing": 1}', b"[]")


@dataclass
class Drawn:
    """A project: its files, its configuration, and what a person recorded."""

    files: dict[str, list[object]]
    config: dict[str, dict[str, Any]]
    top: dict[str, Any]
    suppressed: list[tuple[str, str]] = field(default_factory=list)
    """Codes and ids of examples."""
    decisions: list[tuple[str, str, dict[str, Any] | None]] = field(default_factory=list)
    """Ids of examples, verdicts and new objects."""

    def write(self) -> None:
        """Write the project to the working folder."""
        for name, lines in self.files.items():
            Path(name).write_bytes(b"".join(line_of(line) + b"\n" for line in lines))
        text = [f"{key} = {json.dumps(value)}" for key, value in {"data": [*self.files], **self.top}.items()]
        for section, values in self.config.items():
            text.append(f"[{section}]")
            text += [f"{key} = {_toml(value)}" for key, value in values.items()]
        Path("curate.toml").write_text("\n".join(text) + "\n", encoding="utf-8")
        entries = [
            {"code": code, "example": example, "file": "a.jsonl", "line": 1, "reason": "accepted", "author": "ann"}
            for code, example in self.suppressed
        ]
        if entries:
            recorded = "".join(f"{json.dumps({**entry, 'when': '2026-01-01T00:00:00Z'})}\n" for entry in entries)
            Path("curate-suppressions.jsonl").write_text(recorded, encoding="utf-8")
        log = DecisionLog(Project(Path.cwd()).decisions)
        for example, verdict, value in self.decisions:
            log.add(Decision.model_validate({"example": example, "verdict": verdict, "value": value, **BY_ANN}))


BY_ANN: Final = {"who": "ann", "when": "2026-01-01T00:00:00Z"}


def _toml(value: Any) -> str:
    if isinstance(value, dict):
        return "{" + ", ".join(f"{json.dumps(key)} = {_toml(one)}" for key, one in value.items()) + "}"
    if isinstance(value, list):
        return f"[{', '.join(map(_toml, value))}]"
    return json.dumps(value)


CODES: Final = ("U001", "U002", "Q001", "Q002", "C003", "M006", "M016", "C004")


@st.composite
def projects(draw: st.DrawFn) -> Drawn:
    pool = [value for place in PLACES[: draw(st.integers(1, 2))] for value in examples_of(place)]
    limited = draw(seldom)  # lines with errors would count in one door as removed duplicates
    config = draw(configurations(limited=limited))
    usable = [value for value in pool if id_of(value) not in INVALID] if limited else pool
    picked = draw(st.lists(st.sampled_from(usable), min_size=6, max_size=14))
    picked += [value for value in picked if draw(st.integers(0, 5)) == 0]  # exact copies
    dates = draw(st.sampled_from([(None,), (None, "2024-01-01", "2025-01-01")]))
    lines: list[object] = [with_date(value, draw(st.sampled_from(dates))) for value in picked]
    lines += draw(st.lists(st.sampled_from(BROKEN), max_size=0 if limited else 1))
    lines = draw(st.permutations(lines))
    cut = draw(st.integers(1, len(lines)))
    files = {name: some for name, some in (("a.jsonl", lines[:cut]), ("b.jsonl", lines[cut:])) if some}
    return Drawn(files, config, {"seed": draw(st.integers(0, 3))}, *draw(records(lines)))


seldom: Final = st.integers(0, 15).map(lambda number: number == 11)


def some(strategy: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    """A value in one of three cases, else nothing."""
    return st.integers(0, 2).flatmap(lambda n: strategy if n == 0 else st.none())


@st.composite
def configurations(draw: st.DrawFn, *, limited: bool) -> dict[str, dict[str, Any]]:
    codes = st.lists(st.sampled_from(["U001", "U", "Q", "Q001", "C003", "M", "C"]), max_size=2, unique=True)
    rules = [
        {"code": "U001", "name": "names-acme", "message": "names Acme", "pattern": "sold in boxes"},
        {"code": "U002", "name": "cold", "message": "is cold", "pattern": "cold cellar", "severity": "info"},
    ]
    rules[0]["severity"] = draw(st.sampled_from(["info", "warning", *([] if limited else ["error"])]))
    drawn: dict[str, dict[str, Any]] = {
        "check": {
            "rule": draw(st.sampled_from([rules, rules[:1], rules[1:], None])),
            "select": draw(some(st.just(["U", "J", "M", "C"]))),
            "ignore": draw(some(codes)),
            "drop": draw(some(codes)),
            "severity": None if limited else draw(some(st.just({"Q001": "error", "C": "warning"}))),
        },
        "dedup": {
            "threshold": draw(st.sampled_from([0.8, 0.5, 0.7, 0.9])),
            "on": draw(some(st.sampled_from(["prompt", "response", "last-turn"]))),
            "keep": draw(
                st.sampled_from([*["best"] * 4, "first", "last", "longest", "most-turns", "manual", "newest:date"])
            ),
            "ignore_facts": draw(st.booleans()),
            "same_words": draw(st.booleans()),
            "beginnings": draw(st.booleans()),
            "stop_least": draw(st.integers(0, 2)) if limited else None,
            "embeddings": MISSING_MODEL if draw(seldom) else "",
        },
        "conflicts": {"models": False, "nli": MISSING_MODEL if draw(seldom) else ""},
        "split": {
            "fractions": draw(st.sampled_from([[0.8, 0.1, 0.1], [0.5, 0.25, 0.25], [1, 0, 0]])),
            "counts": draw(some(st.sampled_from([[1, 1], [0, 2], [5, 9]]))),
            "group_by": ["date"] if draw(seldom) else None,
        },
        "mix": {"examples": draw(some(st.integers(1, 6)))},
    }
    declared = {rule["code"] for rule in drawn["check"]["rule"] or ()}
    for key in ("select", "ignore", "drop"):  # a code of no rule is an error for all alike
        given_codes = drawn["check"][key]
        if given_codes and not declared:
            drawn["check"][key] = [code for code in given_codes if not code.startswith("U")]
        elif given_codes and "U001" not in declared:
            drawn["check"][key] = [code for code in given_codes if code != "U001"]
    return {
        section: {key: value for key, value in values.items() if value is not None} for section, values in drawn.items()
    }


@st.composite
def records(draw: st.DrawFn, lines: Sequence[object]) -> tuple[list[Any], list[Any]]:
    """What a person suppressed and decided."""
    known = [value for value in lines if isinstance(value, dict)]
    values = st.sampled_from(known)
    suppressed = draw(st.lists(st.tuples(st.sampled_from(CODES), values.map(id_of)), max_size=4, unique=True))
    decided = draw(st.lists(st.tuples(values, st.sampled_from(["keep", "drop", "edit"])), max_size=2))
    return suppressed, [
        (id_of(value), verdict, chat("What was edited?", "This one.") if verdict == "edit" else None)
        for value, verdict in decided
    ]


@dataclass
class Outcome:
    """What one door decided."""

    refused: int = 0
    """Exit status of a refusal; 0 if data was written."""
    splits: dict[str, bytes] = field(default_factory=dict)
    removed: list[dict[str, Any]] = field(default_factory=list)
    conflicts: int = 0

    @classmethod
    def of(cls, *ledgers: str, conflicts: int = 0) -> "Outcome":
        removed = [json.loads(line) for ledger in ledgers for line in Path(ledger).read_bytes().splitlines()]
        kept = {name: Path(f"out/{name}.jsonl").read_bytes() for name in SPLITS if Path(f"out/{name}.jsonl").exists()}
        return cls(0, kept, sorted((_record(one) for one in removed), key=json.dumps), conflicts)


def _record(entry: dict[str, Any]) -> dict[str, Any]:
    """A removal without the place of a line that was moved to another file."""
    return {key: value for key, value in entry.items() if key not in ("file", "line")}


def by_run(project: Drawn, *options: str) -> Outcome:
    project.write()
    status = main(["run", "-q", *options])
    if not Path("out/manifest.json").exists():
        return Outcome(status)
    stored = store.load(Path(".curate/stages/conflicts.json"), lambda saved: saved["result"])
    assert stored is not None
    return Outcome.of("out/removed.jsonl", conflicts=len(stored["conflicts"]))


def by_verbs(project: Drawn, *options: str) -> Outcome:
    project.write()
    for words, written in (
        (["check", *project.files], None),
        (["dedup", *project.files, "-o", "clean.jsonl", *options], "clean.jsonl"),
        (["conflicts", "clean.jsonl"], None),
        (["split", "clean.jsonl", "-o", "out"], "out/manifest.json"),
    ):
        status = main([*words, "-q"])
        if status > 1 or (written and not Path(written).exists()):
            return Outcome(status)
    return Outcome.of("clean.removed.jsonl", "out/removed.jsonl")


def by_functions(project: Drawn, drop: Sequence[str] | None) -> Outcome:
    """By Python; `drop`: codes of rules whose findings remove lines before duplicates are searched."""
    project.write()
    try:
        curate.check([*project.files])
        curate.dedup([*project.files], drop=drop).write("clean.jsonl", yes=drop is not None)
        conflicts = len(curate.conflicts("clean.jsonl"))
        curate.split("clean.jsonl", "out")
    except CurateError as error:
        return Outcome(int(error.exit_code))
    return Outcome.of("clean.removed.jsonl", "out/removed.jsonl", conflicts=conflicts)


def removing_codes(project: Drawn) -> list[str]:
    """The codes for which lines are left out: of errors, and those in `drop`."""
    found = curate.check([*project.files]).findings
    errors = found.filter(found["severity"] == "error")["code"].unique().to_list()
    return sorted({*errors, *project.config.get("check", {}).get("drop", ())})


class Doors:
    """The outcome of each door, each in a folder of its own."""

    def __init__(self, project: Drawn, *options: str) -> None:
        self.folder = Path(tempfile.mkdtemp(dir=Path.cwd()))
        try:
            with self._inside("run"):
                self.run = by_run(project, *options)
            with self._inside("verbs"):
                self.verbs = by_verbs(project, *options)
            with self._inside("functions"):
                project.write()
                drop = None if self.run.refused else removing_codes(project)
                self.functions = by_functions(project, drop)
        finally:
            shutil.rmtree(self.folder)

    def _inside(self, name: str) -> Any:
        (self.folder / name).mkdir()
        return working_in(self.folder / name)


def require_same(project: Drawn, *options: str) -> Outcome:
    """All doors decide the same, which is returned as `curate run` decides it."""
    doors = Doors(project, *options)
    assert (doors.verbs.refused, doors.functions.refused) == (doors.run.refused,) * 2
    assert doors.verbs.splits == doors.run.splits
    assert doors.functions.splits == doors.run.splits
    assert doors.functions.removed == doors.run.removed
    if not any(verdict == "drop" for _, verdict, _ in project.decisions):  # a run shows what was decided by a drop
        assert doors.functions.conflicts == doors.run.conflicts
    assert _texts(doors.verbs.removed) == _texts(doors.run.removed)
    # `curate dedup` removes a duplicate with an error as a duplicate, before `curate split` finds the error
    assert all(entry["decided_by"] == "detector" for entry in doors.verbs.removed if entry not in doors.run.removed)
    assert all(entry["decided_by"] == "rule" for entry in doors.run.removed if entry not in doors.verbs.removed)
    return doors.run


def _texts(removed: Sequence[dict[str, Any]]) -> list[str]:
    return sorted(entry["text"] for entry in removed)


@pytest.mark.slow
@settings(max_examples=of_hundred(20))
@given(projects())
def test_a_run_and_the_verbs_decide_the_same(project: Drawn) -> None:
    require_same(project)


QUESTION: Final = "How are apples kept at the coast?"
ANSWER: Final = LONG.format("coast")
NEAR: Final = (chat(QUESTION, f"{ANSWER} They are sold in boxes."), chat(QUESTION, ANSWER))
"""Near-duplicates, of which a custom rule reports the first one."""
ACME: Final = {"code": "U001", "name": "names-acme", "message": "names Acme", "pattern": "sold in boxes"}
OTHERS: Final = [chat(f"Name the {place}, please.", f"The {place} it is, {n} miles from here.")
                 for n, place in enumerate(PLACES)]  # fmt: skip


def project_of(lines: Sequence[object], **sections: dict[str, Any]) -> Drawn:
    config: dict[str, dict[str, Any]] = {"conflicts": {"models": False}, "split": {"fractions": [1, 0, 0]}, **sections}
    return Drawn({"data.jsonl": [*lines, *OTHERS]}, config, {})


def kept_of(outcome: Outcome) -> list[dict[str, Any]]:
    """The kept ones of the near-duplicates."""
    kept = [json.loads(line) for line in outcome.splits["train"].splitlines()]
    return [value for value in kept if value not in OTHERS]


def require_kept(project: Drawn, kept: object) -> None:
    """Both doors keep exactly this one of the near-duplicates."""
    assert kept_of(require_same(project)) == [kept]


@pytest.mark.slow
def test_findings_of_custom_rules_decide_in_a_run_which_near_duplicate_stays() -> None:
    require_kept(project_of(NEAR, check={"rule": [ACME]}), NEAR[1])


@pytest.mark.slow
def test_suppressed_findings_decide_nowhere_which_near_duplicate_stays() -> None:
    project = project_of(NEAR, check={"rule": [ACME]})
    project.suppressed.append(("U001", id_of(NEAR[0])))
    require_kept(project, NEAR[0])


@pytest.mark.slow
def test_findings_are_counted_once_in_examples_that_have_copies() -> None:
    once = chat(QUESTION, f"As an AI language model, I can say this: {ANSWER}")
    twice = chat(QUESTION, f"As an AI language model, I can say this: {ANSWER} {{{{name}}}}")
    require_kept(project_of([twice, once, once, once]), once)


@pytest.mark.slow
@pytest.mark.parametrize("keep", ["newest:date", "best"])
def test_no_example_goes_for_one_with_an_error(keep: str) -> None:
    newer, older = {**NEAR[0], "date": "2026-01-01"}, {**NEAR[1], "date": "2025-01-01"}
    check = {"rule": [{**ACME, "severity": "error"}]}
    require_kept(project_of([newer, older], check=check, dedup={"keep": keep}), older)
    accepted = project_of([newer, older], check=check, dedup={"keep": keep})
    accepted.suppressed.append(("U001", id_of(newer)))
    require_kept(accepted, newer)


@pytest.mark.parametrize(
    ("section", "values"),
    [
        ("dedup", {"embeddings": MISSING_MODEL}),
        ("dedup", {"keep": "newest:date"}),
        ("dedup", {"stop_least": 0, "stop_share": 0.05}),
        ("conflicts", {"models": False, "nli": MISSING_MODEL}),
        ("conflicts", {"judge": "http://127.0.0.1:9/v1"}),
        ("split", {"semantic": MISSING_MODEL}),
    ],
)
def test_what_one_door_refuses_the_others_refuse(section: str, values: dict[str, Any]) -> None:
    project = project_of(NEAR, **{section: values})
    assert require_same(project).refused


def test_a_large_removal_of_duplicates_is_allowed_by_yes() -> None:
    require_same(project_of(NEAR, dedup={"stop_least": 0, "stop_share": 0.05}), "--yes")


def test_a_run_counts_what_is_reported_and_kept(capsys: pytest.CaptureFixture[str]) -> None:
    short = [chat("Name the coast, please.", "The coast it is."), chat("Please name the coast.", "It is the coast.")]
    project_of(short).write()
    assert main(["dedup", "data.jsonl", "--json", "-q"]) == 0
    pairs = len(json.loads(capsys.readouterr().out)["same_words"])
    assert main(["run", "--json", "-q"]) == 0
    assert (pairs, json.loads(capsys.readouterr().out)["same_words"]) == (1, 1)
