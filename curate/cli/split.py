"""`curate split`."""

from pathlib import Path
from typing import Annotated, Any

import typer

from curate.cli.options import LEFT, AsJson, Drop, Heavy, Paths, Quiet, codes, end, print_notes, stages, told_verdicts
from curate.core.config import find_config, with_options
from curate.core.errors import UsageError
from curate.core.runs import Project
from curate.core.text import visible
from curate.output.restore import finish
from curate.pipeline.splitting import sources_of, split_files
from curate.report.console import print_json, print_lines
from curate.report.split import split_json, split_text


def split(
    paths: Paths,
    output: Annotated[Path, typer.Option("-o", "--output", help="Folder for train, validation, test, removed, data card and manifest.")],
    fractions: Annotated[str | None, typer.Option(help="Shares of train, validation and test.", metavar="0.8,0.1,0.1")] = None,
    counts: Annotated[str | None, typer.Option(help="Examples of validation and test, in place of shares; train gets the rest.", metavar="200,500")] = None,
    group_by: Annotated[
        list[str] | None, typer.Option(help="Key of the lines: examples that have the same there are never divided.", metavar="/metadata/source")
    ] = None,
    stratify: Annotated[
        list[str] | None, typer.Option(help="Equal shares of each: label, source, length, language, script, tools, or a key of the lines.", metavar="TRAIT")
    ] = None,
    existing: Annotated[
        list[str] | None, typer.Option(help="A test set that stays as it is; what is connected with one of its examples is left out.", metavar="TEST.jsonl")
    ] = None,
    semantic: Annotated[str | None, typer.Option(help="Keep questions together that mean much the same by this embedding model.", metavar="MODEL")] = None,
    threshold: Annotated[float | None, typer.Option(help="Jaccard similarity from which two examples are nearly the same.")] = None,
    weight: Annotated[
        list[str] | None, typer.Option(help="Part of a file, or of a pattern of files, in the mix; '*=1' is for all others.", metavar="FILE=NUMBER")
    ] = None,
    examples: Annotated[int | None, typer.Option(help="Take so many examples at the most, one of each cluster before a second one of any.")] = None,
    tokens: Annotated[int | None, typer.Option(help="Take so many tokens at the most.")] = None,
    drop: Drop = None,
    yes: Heavy = False,
    seed: Annotated[int | None, typer.Option(help="Another seed gives another split.")] = None,
    fresh: Annotated[bool, typer.Option("--fresh", help="Divide all examples anew; those that the folder has need not stay in their split.")] = False,
    parquet: Annotated[bool | None, typer.Option("--parquet", help="Write Parquet files beside the JSON Lines.")] = None,
    trainer: Annotated[
        list[str] | None, typer.Option(help="Write a configuration for it beside the splits: axolotl, llamafactory, trl.", metavar="TRAINER")
    ] = None,
    as_json: AsJson = False,
    quiet: Quiet = False,
) -> None:
    """Write train, validation and test so that nothing leaks: what is connected stays on one side.

    Copies, near-duplicates, the same question, a conversation and one that goes on from it are connected. Duplicates are not removed here
    (`curate dedup` does that). Lines with errors go to removed.jsonl. Examples that the folder has from an earlier split stay where they are.

    Exit status: 0, or 1 where a line holds no example, 2 where no example is left and when a file cannot be read or written.
    """
    project = Project(Path.cwd())
    whole = find_config(project.folder)
    sizes = {"fractions": _numbers("--fractions", fractions, float, "0.8,0.1,0.1"), "counts": _numbers("--counts", counts, int, "200,500")}
    options: dict[str, Any] = {**sizes, "group_by": group_by, "stratify": stratify, "existing": existing, "semantic": semantic}
    options |= {"parquet": parquet, "trainers": trainer, "grow": False if fresh else None}
    section, dedup = with_options(whole.split, **options), with_options(whole.dedup, threshold=threshold)
    check = with_options(whole.check, drop=codes(drop))
    mix = with_options(whole.mix, weights=_weights(weight), examples=examples, tokens=tokens)
    config = whole.model_copy(update={"split": section, "dedup": dedup, "mix": mix, "check": check, "seed": whole.seed if seed is None else seed})
    finish(output, project.decisions)
    decisions = told_verdicts(project)
    sources = sources_of(project, paths, section.existing, output, decisions, lambda note: print_notes([note]))
    with stages(quiet=quiet) as shown:
        result = split_files(sources, output, config, decisions=decisions, cache=project.cache, listen=shown.listen, yes=yes)
    if as_json:
        print_json(split_json(result, output))
    else:
        print_lines(split_text(result, output))
    end(result.not_understood, LEFT)


def _numbers(option: str, text: str | None, kind: type[float] | type[int], example: str) -> list[float] | None:
    if text is None:
        return None
    try:
        numbers = [kind(number) for number in text.split(",")]
    except ValueError:
        numbers = []
    if len(numbers) != example.count(",") + 1:
        raise UsageError(f"{option} {text!r}: not {example.count(',') + 1} numbers", f"write them like {example}")
    return numbers


def _weights(options: list[str] | None) -> dict[str, float] | None:
    if not options:
        return None
    found: dict[str, float] = {}
    for option in options:
        name, _, number = option.rpartition("=")
        try:
            found[name] = float(number)
        except ValueError:
            name = ""
        if not name:
            raise UsageError(f"--weight {visible(option)!r}: not a file and a number", "write it like --weight chat.jsonl=2")
    return found
