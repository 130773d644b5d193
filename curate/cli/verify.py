"""`curate verify`."""

from itertools import combinations
from pathlib import Path
from typing import Annotated, NoReturn

import typer

from curate.cli.options import Address, Agree, AsJson, NoCache, Quiet, RunOn, check_combination, session, stages
from curate.commands.track import require_tracker, track, tracker_of_proof, verify_record
from curate.commands.verify import verify as verify_data
from curate.core.errors import ExitCode, UsageError
from curate.parallel.cluster import Engine
from curate.render.console import print_result
from curate.render.decontaminate import decontamination_text
from curate.render.redact import redaction_text
from curate.render.verify import MAX_SHOWN, verify_text
from curate.storage.data_files import DESCRIPTIONS
from curate.storage.files import DATA_SUFFIXES, LEDGER
from curate.verify.decontamination import verify_decontamination
from curate.verify.redaction import verify_redaction


def verify(
    paths: Annotated[
        list[Path],
        typer.Argument(help="Folder of a split, or its files with the training file first.", metavar="DIR|FILE"),
    ],
    embeddings: Annotated[
        str,
        typer.Option(
            "--embeddings", "--semantic", help="Also search for paraphrased questions with this model.", metavar="MODEL"
        ),
    ] = "",
    redacted_from: Annotated[
        list[Path] | None,
        typer.Option(
            help="Instead, search the files for e-mail addresses, numbers and keys of this original file; repeatable.",
            metavar="FILE",
        ),
    ] = None,
    mapping: Annotated[
        Path | None,
        typer.Option(
            help="With --redacted-from: also search for the values of `redact --keep-mapping`.", metavar="FILE"
        ),
    ] = None,
    statement: Annotated[
        Path | None,
        typer.Option(help="Also compare the folder with this statement of `curate papers`.", metavar="FILE"),
    ] = None,
    signers: Annotated[
        Path | None,
        typer.Option(
            help="With --statement: require the signature of somebody in this file (ssh-keygen's allowed signers).",
            metavar="FILE",
        ),
    ] = None,
    bench: Annotated[
        list[str] | None,
        typer.Option(
            help="Instead, verify that the files hold no words of this indexed benchmark; repeatable.", metavar="NAME"
        ),
    ] = None,
    yes: Agree = False,
    strict: Annotated[bool, typer.Option("--strict", help="Also fail on checks that could not run.")] = False,
    show_all: Annotated[bool, typer.Option("--all", help=f"Show every finding, not only {MAX_SHOWN}.")] = False,
    engine: RunOn = Engine.LOCAL,
    address: Address = None,
    as_json: AsJson = False,
    no_cache: NoCache = False,
    quiet: Quiet = False,
) -> None:
    """Verify that a split has no leakage and that no line was lost or changed.

    All files are read again and compared with the manifest.

    Exit status: 0 if every check passes, 1 if a check fails, 2 if there is nothing to verify.
    """
    check_combination(
        needs={"mapping": "redacted_from", "signers": "statement"},
        apart=combinations(("redacted_from", "bench", "statement", "embeddings"), 2),
    )
    shown_findings = None if show_all else MAX_SHOWN
    if redacted_from:
        redaction = verify_redaction(paths, redacted_from, mapping)
        print_result(redaction, redaction_text(redaction, shown_findings), as_json=as_json)
        raise typer.Exit(ExitCode.CLEAN if redaction.holds else ExitCode.FINDINGS)
    if bench:
        freedom = verify_decontamination(_data_files(paths), ",".join(bench).split(","))
        print_result(freedom, decontamination_text(freedom, shown_findings), as_json=as_json)
        raise typer.Exit(ExitCode.CLEAN if freedom.holds else ExitCode.FINDINGS)
    if statement:
        _verify_statement(paths, statement, signers, as_json=as_json)
    data = paths[0] if len(paths) == 1 else {name: [path] for name, path in zip(_names(paths), paths, strict=True)}
    with stages(quiet=quiet) as shown:
        run_session = session(engine=engine, address=address, cached=not no_cache, listen=shown.listen, yes=yes)
        tracker = tracker_of_proof(run_session, paths[:1])
        require_tracker(tracker)
        proof = verify_data(data, run_session, name=" ".join(map(str, paths)), embeddings=embeddings)
    print_result(proof, verify_text(proof, shown_findings), as_json=as_json)
    track(tracker, lambda: verify_record(proof))
    raise typer.Exit(ExitCode.CLEAN if proof.holds and (proof.complete or not strict) else ExitCode.FINDINGS)


def _verify_statement(paths: list[Path], statement: Path, signers: Path | None, *, as_json: bool) -> NoReturn:
    """Compare a folder with a statement, and end the command. Raises `UsageError` for more than one folder."""
    from curate.commands.papers import verify_statement  # for this option alone
    from curate.render.papers import statement_text

    if len(paths) != 1:
        raise UsageError("--statement is about one folder", "name the folder of the splits")
    result = verify_statement(statement, paths[0], session(), signers)
    print_result(result, statement_text(result), as_json=as_json)
    raise typer.Exit(ExitCode.CLEAN if result.holds else ExitCode.FINDINGS)


def _data_files(paths: list[Path]) -> list[Path]:
    """The files, and the data files of each folder but its manifest and ledgers of removed lines."""
    return [file for path in paths for file in (sorted(filter(_is_data, path.iterdir())) if path.is_dir() else [path])]


def _is_data(path: Path) -> bool:
    """Whether a file is a data file: neither a manifest nor a ledger of removed lines."""
    is_ledger = path.name == LEDGER or path.name.endswith(f".{LEDGER}")
    return path.name.lower().endswith(DATA_SUFFIXES) and path.name not in DESCRIPTIONS and not is_ledger


def _names(paths: list[Path]) -> list[str]:
    """A distinct name for each file: its name up to the first dot, else its whole name, else its path. Raises
    `UsageError`.
    """
    several = [[path.name.partition(".")[0] for path in paths], [path.name for path in paths], list(map(str, paths))]
    for names in several:
        if len(set(names)) == len(names):
            return names
    raise UsageError("a file is named twice", "name each file once")
