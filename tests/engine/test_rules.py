"""The rules: every one has cases and documentation, its cases hold, and what it documents is what it does."""

import tomllib
from bisect import bisect_left
from dataclasses import replace
from importlib import import_module
from itertools import accumulate
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from curate.commands.decontaminate import decontaminate
from curate.commands.split import split
from curate.core.config import SUPPRESSIONS as FILE
from curate.core.config import CheckConfig, Config, ConflictsConfig, DedupConfig, SplitConfig
from curate.core.errors import UsageError
from curate.core.finding import Finding
from curate.core.targets import LIMITS, Target
from curate.language.refusals import APOLOGY_ONLY
from curate.lint.rules import FAMILIES, RULES, Rule, Scope, splits
from curate.lint.rules.rule import BYTE_ESCAPE, rule
from curate.lint.rules.rule_selection import RuleSelection
from curate.lint.runner import check_paths
from curate.lint.suppressions import load_suppressions, suppress
from curate.render.rules import rule_terms
from curate.verify import verify_files, verify_folder
from tests.conftest import working_in
from tests.tinymodel import MAX_LENGTH, model_for
from tests.tinynli import tiny_nli
from tests.workspaces import plan, workspace

BENCHMARK = """{"question": "Which gas do plants take up from the air to make sugar in the light of the sun?", "answer": "carbon dioxide"}
{"question": "Who painted the Mona Lisa?", "answer": "Leonardo da Vinci"}
"""  # noqa: E501
CHECK = import_module("curate.lint.runner")  # not the function of that name
CASES = Path(__file__).parent.parent / "cases"
EMBEDDINGS = "offline:all-MiniLM-L6-v2"
BY_MEANING = ("D004", "L006", "X001", "X002")
"""Rules that compare by meaning, and so need a model."""
BY_LINE = (Scope.EXAMPLE, Scope.VALUE, Scope.FORM, Scope.TEXT)
"""Scopes of rules that see one line at a time."""


MODELS = {code: [pytest.mark.slow] for code in BY_MEANING}
TOKENIZERS = {code: [pytest.mark.xdist_group("trainer")] for code in RULES if code[0] == "K"}
CODES = [pytest.param(code, marks=(MODELS | TOKENIZERS).get(code, [])) for code in RULES]
"""Parameters of a test; loading a model takes long, and a tokenizer loads PyTorch, as the tests of the trainer do."""


@pytest.fixture(autouse=True)
def small_files(monkeypatch: pytest.MonkeyPatch) -> None:
    """Limits that the examples of J018 and L008 can pass."""
    monkeypatch.setitem(LIMITS, Target.OPENAI, replace(LIMITS[Target.OPENAI], file_bytes=200))
    monkeypatch.setattr(splits, "MIN_HELD_OUT", 1)


def cases_of(code: str) -> list[dict[str, Any]]:
    """The cases of a rule."""
    cases: list[dict[str, Any]] = tomllib.loads((CASES / f"{code}.toml").read_text(encoding="utf-8"))["case"]
    return cases


def content_of(case: dict[str, Any]) -> bytes:
    """The file of a case."""
    text = case["bad"] if "bad" in case else case["good"]
    return (
        text
        if isinstance(text, bytes)
        else BYTE_ESCAPE.sub(lambda byte: bytes.fromhex(byte[1].decode()), text.encode())
    )


def batches_of(code: str) -> list[list[dict[str, Any]]]:
    """The cases of a rule and its two documented examples, those in one list to be checked in one file: where the rule
    sees one line at a time, all for one target; else each alone.
    """
    documented = [{"name": "Bad", "bad": RULES[code].bad}, {"name": "Good", "good": RULES[code].good}]
    batches: dict[object, list[dict[str, Any]]] = {}
    for number, case in enumerate([*cases_of(code), *documented]):
        content = content_of(case)
        by_line = RULES[code].scope in BY_LINE and all(line[:1] + line[-1:] == b"{}" for line in content.splitlines())
        key = (case.get("target"), case.get("file")) if by_line else number
        batches.setdefault(key, []).append(case)
    return list(batches.values())


def findings(content: bytes, code: str, target: str = "", name: str = "data.jsonl") -> list[Finding]:
    """What one rule finds in a file, for a target: the default one, or where the rule is only for others the first of
    these.
    """
    path = Path(name)
    if RULES[code].scope == "adoption":  # its examples are lines of the file of suppressions
        return suppressed(content, code)
    path.write_bytes(content)
    if RULES[code].scope == "removal":  # it is asked by `curate dedup`
        return plan([path], DedupConfig(stop_least=1)).heavy
    if RULES[code].scope == "benchmark":  # it is asked by `curate decontaminate`
        Path("benchmark.jsonl").write_text(BENCHMARK, encoding="utf-8")
        return [one.finding for one in decontaminate(workspace([path]), [Path("benchmark.jsonl")]).found]
    if RULES[code].scope == "meaning":  # it is asked by `curate dedup --embeddings`
        return [
            RULES[code].finding(pair.place, str(pair.kept_place))
            for pair in plan([path], DedupConfig(embeddings=EMBEDDINGS)).alike
        ]
    if (
        RULES[code].scope == "splits"
    ):  # it is asked by `curate verify`; the first line is in train, the others are in test
        head, _, rest = content.partition(b"\n")
        Path("train.jsonl").write_bytes(head + b"\n")
        path.write_bytes(rest)
        splits = {"train": [Path("train.jsonl")], "test": [path]}
        proof = verify_files(splits, "", keys=("source",), embeddings=EMBEDDINGS if code in BY_MEANING else "")
        return [finding for finding in proof.findings if finding.code == code]
    if (
        RULES[code].scope == "output"
    ):  # it is asked by `curate verify`: the first line is what was read, the others are what is there
        head, _, rest = content.partition(b"\n")
        path.write_bytes(head + b"\n")
        whole = Config(split=SplitConfig(fractions=(1, 0, 0)))
        split(workspace([path], whole), [path], Path("out"))
        Path("out/train.jsonl").write_bytes(rest)
        return [finding for finding in verify_folder(Path("out")).findings if finding.code == code]
    if RULES[code].scope == "division":  # it is asked by `curate split`
        thirds = Config(split=SplitConfig(fractions=(0.4, 0.3, 0.3), grow=False))
        return [*split(workspace([path], thirds), [path], Path("out")).warnings]
    only = RULES[code].only
    for_target = Target(target) if target else only[0] if only else Target.TRAINER
    config = CheckConfig(select=(code,), target=for_target, model=model_for(code), max_length=MAX_LENGTH)
    compared = (
        ConflictsConfig(embeddings=EMBEDDINGS if code == "X002" else "", nli=tiny_nli())
        if code in BY_MEANING
        else ConflictsConfig()
    )
    return [finding for finding in check_paths([path], config, conflicts=compared).findings if finding.code == code]


def suppressed(lines: bytes, code: str) -> list[Finding]:
    """What a rule finds in a file of suppressions for a data set of one example, which has a finding C001."""
    Path("data.jsonl").write_bytes(
        b'{"messages": [{"role": "user", "content": "Hi"}, {"role": "assistant", "content": null}]}\n'
    )
    Path(FILE).write_bytes(lines)
    report = check_paths([Path("data.jsonl")])
    suppress(report, load_suppressions(Path()), ["data.jsonl"])
    return [finding for finding in report.findings if finding.code == code]


@pytest.mark.parametrize("code", CODES)
def test_a_rule_fires_in_its_bad_cases_at_the_place_that_they_name_and_in_no_good_one(
    code: str, tmp_path: Path
) -> None:
    """What is documented is a bad case without a place, and a good one."""
    stated = RULES[code]
    severity = stated.severity_for(stated.only[0] if stated.only else Target.TRAINER)
    files = {"adoption": {FILE}, "output": {"data.jsonl", "out/train.jsonl", "out/manifest.json"}}.get(
        stated.scope, {"data.jsonl"}
    )
    for number, cases in enumerate(batches_of(code)):
        contents = [content_of(case) for case in cases]
        folder = tmp_path / str(number)
        folder.mkdir()
        with working_in(folder):
            found = findings(b"".join(contents), code, cases[0].get("target", ""), cases[0].get("file", "data.jsonl"))
        ends = list(accumulate(content.count(b"\n") for content in contents))
        by_case: list[list[Finding]] = [[] for _ in cases]
        for finding in found:
            by_case[min(bisect_left(ends, finding.line or 0), len(cases) - 1)].append(finding)
        for case, start, own in zip(cases, [0, *ends], by_case, strict=False):
            if case["name"] == "Bad":
                assert {(finding.severity, finding.hint) for finding in own} == {(severity, stated.hint)}
                assert all(finding.file in files and finding.message for finding in own)
                continue
            expected = (case.get("places") or [[case["line"], case["pointer"]]]) if "bad" in case else []
            shown = [[finding.line and finding.line - start, finding.pointer] for finding in own]
            assert expected == shown, case["name"]
            assert all(case.get("says", "") in finding.message for finding in own), case["name"]


@pytest.mark.slow
def test_no_prefilter_hides_what_a_text_rule_finds(monkeypatch: pytest.MonkeyPatch) -> None:
    rules = {code: rule for code, rule in RULES.items() if rule.scope is Scope.TEXT and not rule.only}
    texts = [case.get("bad") or case["good"] for code in rules for case in cases_of(code)]
    lines = [line for text in texts for line in text.split("\n") if line.startswith('{"messages"')]
    Path("data.jsonl").write_text("\n".join(lines), encoding="utf-8")
    config = CheckConfig(select=tuple(rules))
    prefiltered = check_paths([Path("data.jsonl")], config).findings
    for text_rule in rules.values():
        monkeypatch.setattr(text_rule, "prefilters", ())
    assert check_paths([Path("data.jsonl")], config).findings == prefiltered
    assert rules.keys() == {finding.code for finding in prefiltered}


APOLOGIES = (
    "Sorry", "apologies", "We apologise", "Please accept our sincere apologies", "Es tut uns leid", "Entschuldigung",
    "Wir bitten um Entschuldigung", "Lo siento", "Lo lamento", "Lamentamos", "Disculpen", "Perdón", "Mis disculpas",
    "Desculpe", "Sinto muito", "DÉSOLÉE", "Je m'excuse", "Toutes nos excuses", "Veuillez nous excuser", "很抱歉",
    "对不起", "大変申し訳ございません", "\u017forry",
)  # fmt: skip


def test_an_apology_is_known_in_each_language_and_case() -> None:
    texts = pl.Series([*APOLOGIES, *map(str.upper, APOLOGIES)])
    assert texts.str.contains(APOLOGY_ONLY).all()


def test_every_rule_has_cases_for_both_sides_and_no_case_is_without_a_rule() -> None:
    assert {path.stem for path in CASES.glob("*.toml")} == RULES.keys()
    for code in RULES:
        cases = cases_of(code)
        for case in cases:
            assert case.keys() <= {"name", "bad", "good", "line", "pointer", "places", "says", "target", "file"}, code
            assert ("bad" in case) != ("good" in case), code
        assert {"bad", "good"} == {"bad" if "bad" in case else "good" for case in cases}, code
        assert len({case["name"] for case in cases}) == len(cases), code


def test_codes_and_names_are_unique() -> None:
    modules = [vars(import_module(f"curate.lint.rules.{family}")).values() for family in FAMILIES]
    rules = {id(rule): rule for declared in modules for rule in declared if isinstance(rule, Rule)}.values()
    assert len(rules) == len({rule.code for rule in rules}) == len({rule.name for rule in rules}) == len(RULES)


def chosen(**options: Any) -> list[str]:
    return list(RuleSelection.from_config(CheckConfig(**options)).rules)


def test_rules_are_chosen_by_code_and_by_prefix_and_ignoring_wins() -> None:
    assert chosen(select=("M00",), ignore=("M003", "M004")) == [
        code for code in RULES if code.startswith("M00") and code not in ("M003", "M004")
    ]
    assert chosen(select=("D001",)) == ["D001"]
    assert chosen() == [code for code, known in RULES.items() if known.default and not known.only]


@pytest.mark.parametrize("prefix", ["Z", "c001", "J0001", " J"])
def test_a_prefix_that_no_rule_has_is_a_mistake_of_usage(prefix: str) -> None:
    with pytest.raises(UsageError, match="no rule has a code"):
        chosen(select=(prefix,))
    with pytest.raises(UsageError, match="no rule has a code"):
        chosen(ignore=(prefix,))


@pytest.mark.parametrize(
    ("code", "name", "doc"),
    [
        ("j001", "some-name", "Summary.\n\nWhy.\n\nBad:\n\n    x\n\nGood:\n\n    y\n"),
        ("J001", "Some name", "Summary.\n\nWhy.\n\nBad:\n\n    x\n\nGood:\n\n    y\n"),
        ("J001", "some-name", "Summary without a full stop\n\nWhy.\n\nBad:\n\n    x\n\nGood:\n\n    y\n"),
        ("J001", "some-name", "Summary.\n\nBad:\n\n    x\n\nGood:\n\n    y\n"),
        ("J001", "some-name", "Summary.\n\nWhy.\n\nGood:\n\n    y\n"),
        ("J001", "some-name", ""),
    ],
)
def test_a_rule_that_is_not_well_declared_stops_the_import(code: str, name: str, doc: str) -> None:
    def function() -> None:
        pass

    function.__doc__ = doc
    with pytest.raises(ValueError, match=code):
        rule(code, name, severity=RULES["J001"].severity, hint="")(function)


def test_a_well_declared_rule_keeps_its_documentation() -> None:
    def function() -> None:
        r"""Summary.

        Why it matters,
        in two lines.

        Bad:

            caf\xe9
            second

        Good:

            café
        """

    declared: Rule = rule("X999", "some-name", severity=RULES["J001"].severity, hint="Do this.")(function)
    assert (declared.summary, declared.rationale) == ("Summary.", "Why it matters, in two lines.")
    assert (b"caf\xe9\nsecond\n", "café\n".encode()) == (declared.bad, declared.good)


def test_an_example_of_one_line_may_stand_beside_its_label() -> None:
    def function() -> None:
        """Summary.

        Why.

        Bad: one
        Good:
            two
            three
        """

    declared: Rule = rule("X999", "some-name", RULES["J001"].severity, hint="Do this.")(function)
    assert (declared.bad, declared.good) == (b"one\n", b"two\nthree\n")


def test_a_rule_says_whom_it_is_for_and_how_it_is_mended() -> None:
    assert (
        rule_terms(RULES["C011"])
        == "Targets: error for openai, azure, together, bedrock, vertex; no finding for others\n"
    )
    assert rule_terms(RULES["M014"]).startswith(
        "Targets: error for mistral; warning for others\nFix (unsafe): Merge all system messages"
    )
    assert rule_terms(replace(RULES["C001"], default=False)) == "Runs only when selected: --extend-select C001\n"
