"""`curate papers`: forms from the manifest with marked blanks, and a statement that others can check."""

import json
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

from curate.cli.main import main
from tests.conftest import Write, chat

ROWS = [chat(f"What is {n} plus {n + 7}?", f"It is {2 * n + 7}, as everyone can count.") for n in range(40)]
CARD = """
[card]
title = "Sums | <b>easy</b>"
creator = "Example Ltd"
contact = "data@acme.io"
license = "cc-by-4.0"

[card.sources."data.jsonl"]
kind = "own"
license = "CC-BY-4.0"
collected = "2025-01/2025-06"

[card.sources."*"]
kind = "synthetic"
generator = "Example 7B"
"""
SSH = pytest.mark.skipif(not shutil.which("ssh-keygen"), reason="no ssh-keygen is installed")


@pytest.fixture
def split(write: Write) -> None:
    """A split of two files, described by the configuration; one line was removed."""
    write("data.jsonl", [*ROWS[:30], {}])
    write("made.jsonl", ROWS[30:])
    Path("curate.toml").write_text(CARD)
    assert main(["split", "data.jsonl", "made.jsonl", "-o", "out", "--yes", "-q"]) in (0, 1)


def rows(form: str) -> dict[str, str]:
    """The value of each field of a form, by its question."""
    lines = (line.split(" | ") for line in Path("papers", form).read_text().splitlines() if line.count(" | ") == 3)
    return {cells[1]: cells[2] for cells in lines if cells[1]}


@pytest.mark.usefixtures("split")
def test_forms_have_what_is_known_and_marked_blanks(capsys: pytest.CaptureFixture[str]) -> None:
    capsys.readouterr()
    assert main(["papers", "out", "--json", "-q"]) == 0
    printed = json.loads(capsys.readouterr().out)
    eu, california = rows("eu-training-summary.md"), rows("california-ab-2013.md")
    assert eu["Modality and size of the training data: text"].startswith("Less than 1 billion tokens")
    assert (eu["Provider: name"], eu["Provider: contact"]) == ("Example Ltd", "data@acme.io")
    assert eu["Publicly available datasets"] == "no"
    assert "30 of 31 lines kept" in eu["Other sources"]
    assert eu["Models that generated it"] == "Example 7B"
    assert eu["Latest date of data acquisition"] == "**[to be filled in]**"
    assert california["Number of data points"] == "40 examples"
    assert "M001" in california["Cleaning, processing or other modification, and its purpose"]
    blanks = {paper["file"]: len(paper["blanks"]) for paper in printed["papers"] if paper["fields"]}
    for name, form in (("eu-training-summary.md", eu), ("california-ab-2013.md", california)):
        assert sum(value == "**[to be filled in]**" for value in form.values()) == blanks[name] > 0


def test_a_source_without_a_kind_leaves_the_kinds_open(write: Write) -> None:
    write("data.jsonl", ROWS)
    assert main(["split", "data.jsonl", "-o", "out", "--yes", "-q"]) in (0, 1)
    assert main(["papers", "out", "-q"]) == 0
    eu, california = rows("eu-training-summary.md"), rows("california-ab-2013.md")
    for question in ("Publicly available datasets", "Synthetic data", "Other sources", "Most relevant domain names"):
        assert eu[question] == "**[to be filled in]**"
    assert california["Whether the datasets were purchased or licensed"] == "**[to be filled in]**"


@pytest.mark.usefixtures("split")
def test_machine_readable_papers_name_each_file_by_its_hash() -> None:
    assert main(["papers", "out", "-q"]) == 0
    manifest = json.loads(Path("out/manifest.json").read_text())
    hashes = {part["file"]: part["sha256"] for part in manifest["splits"].values()}
    croissant = json.loads(Path("papers/croissant.json").read_text())
    assert croissant["conformsTo"] == "http://mlcommons.org/croissant/1.1"
    assert {file["contentUrl"]: file["sha256"] for file in croissant["distribution"]} == hashes
    assert croissant["license"] == "cc-by-4.0"
    (field,) = croissant["recordSet"][0]["field"]
    assert [part["name"] for part in field["subField"]] == ["role", "content"]
    assert "url" not in croissant
    bom = json.loads(Path("papers/bom.cdx.json").read_text())
    assert (bom["bomFormat"], bom["specVersion"]) == ("CycloneDX", "1.6")
    assert hashes.items() <= {part["name"]: part["hashes"][0]["content"] for part in bom["components"]}.items()
    statement = json.loads(Path("papers/statement.json").read_text())
    assert hashes.items() <= {part["name"]: part["digest"]["sha256"] for part in statement["subject"]}.items()


@pytest.mark.usefixtures("split")
def test_papers_beside_the_splits_are_no_data(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["papers", "out", "-q"]) == 0
    for name in ("croissant.json", "bom.cdx.json", "statement.json"):
        shutil.copy(Path("papers", name), Path("out", name))
    assert main(["verify", "out", "--statement", "papers/statement.json", "-q"]) == 0
    paper = json.loads(Path("papers/croissant.json").read_bytes())
    for data in (Path("out/test.jsonl").read_bytes(), json.dumps(paper | {"messages": []}).encode()):
        Path("out/croissant.json").write_bytes(data)
        assert main(["verify", "out", "-q"]) == 1
        assert "out/croissant.json: L009" in capsys.readouterr().out


def test_a_description_of_no_file_is_named(write: Write, capsys: pytest.CaptureFixture[str]) -> None:
    write("data.redacted.jsonl", ROWS)
    Path("curate.toml").write_text(CARD)
    assert main(["split", "data.redacted.jsonl", "-o", "out", "--yes", "-q"]) in (0, 1)
    capsys.readouterr()
    assert main(["papers", "out", "-q"]) == 0
    printed = " ".join(capsys.readouterr().out.split())
    assert '[card.sources."data.jsonl"] describes none of the files that were split (data.redacted.jsonl)' in printed


@pytest.mark.usefixtures("split")
def test_a_source_without_a_license_is_named(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["papers", "out", "-q"]) == 0
    assert "curate.toml: [card.sources] names no license of made.jsonl" in capsys.readouterr().out
    readme = Path("papers/README.md").read_text()
    assert "| file | lines | examples | formats | kind | license | SHA-256 |" in readme
    (own,), (made,) = (
        [line for line in readme.splitlines() if f"| `{name}.jsonl`" in line] for name in ("data", "made")
    )
    assert "| own | CC-BY-4.0 |" in own
    assert "| synthetic | not stated |" in made


def test_only_a_listed_license_is_an_identifier_in_the_bill_of_materials(write: Write) -> None:
    write("data.jsonl", ROWS[:20])
    write("made.jsonl", ROWS[20:])
    sources = "".join(
        f'[card.sources."{name}.jsonl"]\nlicense = "{license_}"\n'
        for name, license_ in (("data", "CC-BY-4.0"), ("made", "Terms of | Example"))
    )
    Path("curate.toml").write_text(sources)
    assert main(["split", "data.jsonl", "made.jsonl", "-o", "out", "--yes", "-q"]) in (0, 1)
    assert main(["papers", "out", "-q"]) == 0
    components = json.loads(Path("papers/bom.cdx.json").read_bytes())["components"]
    licenses = [entry["license"] for component in components for entry in component.get("licenses", ())]
    assert licenses == [{"id": "CC-BY-4.0"}, {"name": "Terms of | Example"}]
    assert r"Terms of \| Example" in Path("papers/california-ab-2013.md").read_text()


@pytest.mark.usefixtures("split")
def test_text_of_the_configuration_is_no_markup() -> None:
    assert main(["papers", "out", "-q"]) == 0
    for form in ("eu-training-summary.md", "california-ab-2013.md"):
        assert "<b>" not in Path("papers", form).read_text()


@pytest.mark.usefixtures("split")
def test_equal_splits_have_equal_papers() -> None:
    assert main(["papers", "out", "-q"]) == 0
    assert main(["papers", "out", "-o", "again", "-q"]) == 0
    for file in Path("papers").iterdir():
        assert file.read_bytes() == Path("again", file.name).read_bytes()


@pytest.mark.usefixtures("split")
def test_files_of_somebody_else_are_not_overwritten() -> None:
    Path("papers").mkdir()
    Path("papers/notes.txt").write_text("mine")
    assert main(["papers", "out", "-q"]) == 2
    assert [file.name for file in Path("papers").iterdir()] == ["notes.txt"]


@pytest.mark.usefixtures("split")
def test_a_statement_does_not_hold_for_changed_files(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["papers", "out", "-q"]) == 0
    check = ["verify", "out", "--statement", "papers/statement.json"]
    assert main(check) == 0
    stated = Path("papers/statement.json").read_text()
    for key, value in (("kept", 41), ("holds", False), ("removed", 0), ("audited_by", "Example Ltd")):
        changed: dict[str, Any] = json.loads(stated)
        changed["predicate"][key] = value
        Path("papers/statement.json").write_text(json.dumps(changed))
        assert main(check) == 1
        assert f"'{key}' is" in capsys.readouterr().out
    changed = json.loads(stated)
    first, second, *_ = changed["predicate"]["points"]
    first["verdict"] = "x\x1b[31m"
    changed["predicate"]["points"].remove(second)
    Path("papers/statement.json").write_text(json.dumps(changed))
    assert main(check) == 1
    printed = capsys.readouterr().out
    assert f"'{first['name']}' in 'points' is" in printed
    assert "not x\\x1b[31m" in printed
    assert f"'{second['name']}' in 'points' is {second['verdict']}, not absent" in printed
    assert "{'" not in printed
    changed["predicate"]["points"] = json.loads(stated)["predicate"]["points"][::-1]
    Path("papers/statement.json").write_text(json.dumps(changed))
    assert main(check) == 1
    assert "'points' has the same in another order, or twice" in capsys.readouterr().out
    Path("papers/statement.json").write_text(stated)
    with Path("out/train.jsonl").open("a") as file:
        file.write(json.dumps(ROWS[0]) + "\n")
    assert main(check) == 1
    for broken in ("", "[]", '{"_type": 1}'):
        Path("papers/statement.json").write_text(broken)
        assert main(check) == 2


@SSH
@pytest.mark.usefixtures("split")
def test_a_signature_is_of_whom_it_says(capsys: pytest.CaptureFixture[str]) -> None:
    for name in ("mine", "other"):
        subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", "", "-f", name], check=True)
        Path(f"{name}.signers").write_text(f"{name}@example.com {Path(f'{name}.pub').read_text()}")
    assert main(["papers", "out", "--sign", "mine", "-q"]) == 0
    check = ["verify", "out", "--statement", "papers/statement.json"]
    assert main(check) == 0
    assert "signed by SHA256:" in capsys.readouterr().out
    assert main([*check, "--signers", "mine.signers"]) == 0
    assert "signed by mine@example.com" in capsys.readouterr().out
    assert main([*check, "--signers", "other.signers"]) == 2
    stated = Path("papers/statement.json").read_text()
    Path("papers/statement.json").write_text(stated.replace('"kept": 40', '"kept": 41'))
    for signers in ([], ["--signers", "mine.signers"]):
        assert main([*check, *signers]) == 2
        assert "the signature does not hold" in capsys.readouterr().err
    Path("papers/statement.json").write_text(stated)
    Path("papers/statement.json.sig").unlink()
    assert main([*check, "--signers", "mine.signers"]) == 2
    assert main(["verify", "out", "--signers", "mine.signers"]) == 2
    assert main(["papers", "out", "-o", "more", "--sign", "absent", "-q"]) == 2
    assert not Path("more").exists()


def test_a_provider_without_a_contact_leaves_the_contact_open(write: Write) -> None:
    write("data.jsonl", ROWS)
    Path("curate.toml").write_text('[card]\ncreator = "Example Ltd"\n')
    assert main(["split", "data.jsonl", "-o", "out", "--yes", "-q"]) in (0, 1)
    assert main(["papers", "out", "-q"]) == 0
    eu = rows("eu-training-summary.md")
    assert (eu["Provider: name"], eu["Provider: contact"]) == ("Example Ltd", "**[to be filled in]**")


@pytest.mark.usefixtures("split")
def test_a_damaged_record_of_removed_lines_is_named(capsys: pytest.CaptureFixture[str]) -> None:
    with Path("out/removed.jsonl").open("a") as file:
        file.write("no record\n")
    assert main(["papers", "out", "-q"]) == 2
    assert "out/removed.jsonl: has a line that is no record of a removed line" in capsys.readouterr().err
    assert not Path("papers").exists()


@SSH
@pytest.mark.usefixtures("split")
def test_a_key_that_cannot_sign_leaves_no_papers(capsys: pytest.CaptureFixture[str]) -> None:
    Path("key").write_text("no key")
    assert main(["papers", "out", "--sign", "key", "-q"]) == 2
    assert "key: cannot sign" in capsys.readouterr().err
    assert not Path("papers").exists()


@pytest.mark.usefixtures("split")
def test_a_statement_with_a_file_twice_does_not_hold(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["papers", "out", "-q"]) == 0
    path = Path("papers/statement.json")
    statement = json.loads(path.read_text())
    statement["subject"].insert(0, {"name": "train.jsonl", "digest": {"sha256": "0" * 64}})
    path.write_text(json.dumps(statement))
    assert main(["verify", "out", "--statement", str(path), "-q"]) == 1
    assert "it names a file twice" in capsys.readouterr().out


def test_the_columns_of_pairs_are_described(write: Write) -> None:
    write("data.jsonl", [{"prompt": f"What is {n}?", "chosen": f"It is {n}.", "rejected": "No."} for n in range(40)])
    assert main(["split", "data.jsonl", "-o", "out", "--yes", "-q"]) in (0, 1)
    assert main(["papers", "out", "-q"]) == 0
    (first, *_) = json.loads(Path("papers/croissant.json").read_text())["recordSet"]
    row = json.loads(Path("out/train.jsonl").read_text().splitlines()[0])
    assert [field["name"] for field in first["field"]] == list(row)


@pytest.mark.usefixtures("split")
@pytest.mark.parametrize("other", [["--embeddings", "m"], ["--redacted-from", "data.jsonl"], ["--bench", "gsm8k"]])
def test_a_check_is_not_passed_over_beside_a_statement(other: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["verify", "out", "--statement", "papers/statement.json", *other]) == 2
    assert "cannot be combined" in capsys.readouterr().err
