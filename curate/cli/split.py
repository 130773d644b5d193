"""`curate split`."""

from pathlib import Path
from typing import Annotated

import typer

from curate.cli import options
from curate.core.cluster import Engine
from curate.core.data_files import data_files
from curate.core.errors import UsageError
from curate.output.edited import effective_decisions
from curate.output.restore import finish
from curate.pipeline.splitting import split_in, with_split_options
from curate.report.console import print_result
from curate.report.split import split_text


def split(
    paths: options.Paths,
    output: Annotated[
        Path, typer.Option("-o", "--output", help="Write splits, removed lines, data card and manifest to this folder.")
    ],
    fractions: Annotated[
        str | None,
        typer.Option(
            help="Set the shares of train, validation and test.  [default: 0.8,0.1,0.1]", metavar="0.8,0.1,0.1"
        ),
    ] = None,
    counts: Annotated[
        str | None,
        typer.Option(
            help="Set the numbers of validation and test examples instead of shares; train gets the rest.",
            metavar="200,500",
        ),
    ] = None,
    group_by: Annotated[
        list[str] | None,
        typer.Option(
            help="Keep examples with the same value of this key in one split; repeatable.", metavar="/metadata/source"
        ),
    ] = None,
    stratify: Annotated[
        list[str] | None,
        typer.Option(
            help="Give each split the same shares by label, source, length, language, script, tools or a key of the "
            "lines; repeatable.",
            metavar="TRAIT",
        ),
    ] = None,
    existing: Annotated[
        list[str] | None,
        typer.Option(
            help="Use this file as the test set, unchanged; examples related to it are left out of the other splits.",
            metavar="TEST.jsonl",
        ),
    ] = None,
    semantic: Annotated[
        str | None,
        typer.Option(help="Keep questions that are paraphrases by this embedding model in one split.", metavar="MODEL"),
    ] = None,
    threshold: Annotated[
        float | None,
        typer.Option(help="Treat examples at or above this Jaccard similarity as near-duplicates.  [default: 0.8]"),
    ] = None,
    weight: Annotated[
        list[str] | None,
        typer.Option(
            help="Set the weight of a file or file pattern in the mix; '*=1' covers all other files; repeatable.",
            metavar="FILE=NUMBER",
        ),
    ] = None,
    examples: Annotated[
        int | None,
        typer.Option(help="Limit the mix to this many examples; each cluster gives one before any gives a second."),
    ] = None,
    tokens: Annotated[int | None, typer.Option(help="Limit the mix to this many tokens.")] = None,
    drop: options.Drop = None,
    yes: options.Heavy = False,
    seed: Annotated[int | None, typer.Option(help="Set the seed of the split.")] = None,
    fresh: Annotated[
        bool, typer.Option("--fresh", help="Split all examples anew, regardless of an earlier split in the folder.")
    ] = False,
    parquet: Annotated[
        bool | None, typer.Option("--parquet", help="Write Parquet files beside the JSON Lines.")
    ] = None,
    trainer: Annotated[
        list[str] | None,
        typer.Option(
            help="Write a configuration for this trainer: axolotl, llamafactory or trl; repeatable.", metavar="TRAINER"
        ),
    ] = None,
    min_rating: Annotated[
        int | None, typer.Option(min=1, max=5, help="Leave out examples that were rated lower in the review.")
    ] = None,
    without_label: Annotated[
        list[str] | None,
        typer.Option(help="Leave out examples that have this label of the review; repeatable.", metavar="NAME"),
    ] = None,
    no_decisions: options.NoDecisions = False,
    memory: options.Memory = None,
    engine: options.RunOn = Engine.LOCAL,
    address: options.Address = None,
    as_json: options.AsJson = False,
    quiet: options.Quiet = False,
) -> None:
    """Write train, validation and test splits without leakage: related examples stay in one split.

    Related examples are copies, near-duplicates, examples with the same question, and conversations that continue each
    other. Duplicates are not removed (`curate dedup` does that). Lines with errors are written to removed.jsonl.
    Examples of an earlier split in the folder keep their split.

    Exit status: 0, 1 if too much would be removed without --yes or a line holds no example, 2 if no example is left or
    a file cannot be read or written.
    """
    if no_decisions and (min_rating or without_label):
        raise UsageError(
            "--min-rating and --without-label cannot be combined with --no-decisions", "leave --no-decisions out"
        )

    executor, limit = options.executor_of(engine, address), None if memory is None else options.memory_of(memory)
    files = data_files(paths, lambda _: None)
    replaced = {"semantic": semantic, "existing": existing}
    project, whole = options.project_for(
        files, yes=yes, check={}, conflicts={}, dedup={"threshold": threshold}, split=replaced, mix={}
    )
    config = with_split_options(
        whole,
        mix={
            "weights": options.named_numbers("--weight", weight, "chat.jsonl=2") or None,
            "examples": examples,
            "tokens": tokens,
        },
        threshold=threshold,
        drop=options.codes(drop),
        seed=seed,
        fractions=_fractions(fractions),
        counts=_numbers("--counts", counts, int, "200,500"),
        group_by=group_by,
        stratify=stratify,
        existing=existing,
        semantic=semantic,
        parquet=parquet,
        trainers=trainer,
        grow=False if fresh else None,
    )
    finish(output, project.decisions)
    decisions = options.decisions_for(files, ignore=no_decisions)
    decisions = effective_decisions(decisions, min_rating, without_label or ())
    with options.stages(quiet=quiet) as shown:
        result = split_in(
            project,
            paths,
            output,
            config,
            decisions=decisions,
            note=lambda note: options.print_notes([note]),
            listen=shown.listen,
            yes=yes,
            executor=executor,
            limit=limit,
        )
    print_result(result, split_text(result, output), as_json=as_json)
    options.end(result.not_understood, options.REMOVED_NOTE)


def _fractions(text: str | None) -> list[float] | None:
    numbers = _numbers("--fractions", text, float, "0.8,0.1,0.1")
    if numbers and max(numbers) > 1 and min(numbers) >= 0:
        shares = ",".join(f"{number / sum(numbers):g}" for number in numbers)
        raise UsageError(f"--fractions {text!r}: shares are from 0 to 1 and add up to 1", f"pass --fractions {shares}")
    return numbers


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
