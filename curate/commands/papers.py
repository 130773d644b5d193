"""The papers of a split as a function."""

import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from curate.commands.session import Session
from curate.commands.verify import verify
from curate.core.errors import UsageError
from curate.core.json_output import Output
from curate.output.datacard import card
from curate.papers.bom import bill_of_materials
from curate.papers.california import california
from curate.papers.croissant import croissant
from curate.papers.eu_summary import eu_summary
from curate.papers.facts import PaperFacts
from curate.papers.form import PaperForm
from curate.papers.statement import differences, signature_of, signer_of, statement
from curate.project.manifest import read_manifest
from curate.storage.files import display_name, json_text, write_bytes
from curate.verify.proof import VerifyResult

STATEMENT_FILE: Final = "statement.json"
README: Final = "README.md"


@dataclass(frozen=True, slots=True)
class Paper(Output):
    """A file that was written."""

    file: str
    fields: int
    """Number of its fields; 0 for a file that is no form."""
    blanks: list[str]
    """The fields that a person has to fill in, by number and question."""


@dataclass(frozen=True, slots=True)
class PapersResult(Output):
    """What `curate papers --json` prints."""

    folder: str
    """Where the papers are."""
    papers: list[Paper]
    holds: bool
    """Whether the split passes each check."""
    signed: bool
    unused_sources: list[str]
    """Names in `[card.sources]` that describe none of the files that were split."""
    read: list[str]
    """The files that were split."""
    unlicensed: list[str]
    """Those of them without a license in `[card.sources]`."""
    has_license: bool
    """Whether `[card]` has a license."""


@dataclass(frozen=True, slots=True)
class StatementResult(Output):
    """What `curate verify --statement --json` prints."""

    statement: str
    holds: bool
    """Whether the folder is what the statement says, and passes each check."""
    signer: str
    """The name or the fingerprint of the key of who signed it; empty: it is not signed."""
    differences: list[str]


def papers(folder: Path, output: Path, session: Session, *, key: Path | None = None) -> PapersResult:
    """Write the papers about a folder of splits into an empty or new folder; with a `key`, sign the statement.

    Raises `InputError` for a folder without a manifest, `UsageError` if the output has files already or the key cannot
    be used, `OutputError`.
    """
    if output.exists() and (not output.is_dir() or any(output.iterdir())):
        raise UsageError(f"{display_name(output)}: is not empty", "name another folder, or delete its files")
    if key is not None and (shutil.which("ssh-keygen") is None or not key.is_file()):
        raise UsageError(f"{display_name(key)}: no such key, or no ssh-keygen", "name a key of SSH; install OpenSSH")
    facts = PaperFacts.of(folder)
    proof = verify(folder, session)
    forms = {"eu-training-summary.md": eu_summary(facts), "california-ab-2013.md": california(facts)}
    texts: Mapping[str, str] = {
        README: card(facts.manifest),
        "croissant.json": json_text(croissant(facts)),
        **{name: form.markdown() for name, form in forms.items()},
        "bom.cdx.json": json_text(bill_of_materials(facts)),
        STATEMENT_FILE: json_text(statement(facts.manifest, facts.manifest_sha256, proof)),
    }
    files = {name: text.encode("utf-8", "surrogatepass") for name, text in texts.items()}
    if key is not None:  # before a file is written, since the key may fail
        files[f"{STATEMENT_FILE}.sig"] = signature_of(files[STATEMENT_FILE], key)
    output.mkdir(parents=True, exist_ok=True)
    for name, data in files.items():
        write_bytes(output / name, data, named=True)
    return PapersResult(
        display_name(output),
        [_paper(name, forms.get(name)) for name in texts],
        proof.holds,
        key is not None,
        facts.unused_sources(),
        [source.path for source in facts.sources],
        facts.unlicensed(),
        bool(facts.card.license.strip()),
    )


def _paper(name: str, form: PaperForm | None) -> Paper:
    """A written file with the number of its fields and those that are blank; no fields without a form."""
    if form is None:
        return Paper(name, 0, [])
    return Paper(name, len(form.fields), [f"{field.number} {field.question}" for field in form.blanks])


def verify_statement(path: Path, folder: Path, session: Session, signers: Path | None) -> StatementResult:
    """Compare a statement with the folder, which is verified again. Raises as `verify`, `differences` and `signer_of`
    do, and `UsageError` for `signers` if the statement is not signed.
    """
    signer = signer_of(path, signers)
    if signers is not None and not signer:
        raise UsageError(f"{display_name(path)}: has no signature beside it", "leave --signers out, or ask for it")
    proof: VerifyResult = verify(folder, session)
    manifest, digest = read_manifest(folder)
    changed = differences(path, statement(manifest, digest, proof))
    return StatementResult(display_name(path), proof.holds and not changed, signer, changed)
