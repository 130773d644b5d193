"""`curate split`."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Final

import typer

from curate.cli import options
from curate.cli.options import takes_options
from curate.commands.split import push_split
from curate.commands.split import split as split_data
from curate.commands.track import require_tracker, split_record, track, used_tables
from curate.core.errors import UsageError
from curate.core.verb_options import Given
from curate.parallel.cluster import Engine
from curate.render.console import print_result
from curate.render.split import split_text

INSTEAD: Final = {
    "--overwrite": "an earlier split in the folder is replaced without it, and --fresh divides anew",
}
"""What to do instead of an option that this command lacks."""


@dataclass(frozen=True)
class SplitOptions(options.CommonOptions):
    """The options of `curate split`, in the order of its help."""

    paths: options.Paths
    output: Annotated[
        Path, options.output_option("Write splits, removed lines, data card and manifest to this folder.")
    ]
    where: options.Where = ""
    given: Given = field(default_factory=dict)
    yes: options.Heavy = False
    min_rating: Annotated[
        int | None, typer.Option(min=1, max=5, help="Leave out examples that were rated lower in the review.")
    ] = None
    without_label: Annotated[
        list[str] | None,
        typer.Option(help="Leave out examples that have this label of the review; repeatable.", metavar="NAME"),
    ] = None
    push: Annotated[
        str | None,
        typer.Option(help="Upload the splits with their card to this data set of the hub.", metavar="ORG/NAME"),
    ] = None
    public: Annotated[bool, typer.Option("--public", help="Make a new data set public; if omitted, it is private.")] = (
        False
    )
    no_decisions: options.NoDecisions = False
    no_cache: options.NoCache = False
    memory: options.Memory = None
    engine: options.RunOn = Engine.LOCAL
    address: options.Address = None
    as_json: options.AsJson = False
    quiet: options.Quiet = False


@takes_options
def split(args: SplitOptions) -> None:
    """Write train, validation and test splits without leakage: related examples stay in one split.

    Related examples are copies, near-duplicates, examples with the same question, and conversations that continue each
    other. Duplicates are not removed (`curate dedup` does that). Lines with errors are written to removed.jsonl.
    Examples of an earlier split in the folder keep their split. --push uploads all but the removed lines, after asking;
    the token is that of `hf auth login` or in HF_TOKEN.

    Exit status: 0, 1 if too much would be removed without --yes or a line holds no example, 2 if no example is left or
    a file cannot be read or written.
    """
    options.check_combination(needs={"public": "push"}, apart=[("no_decisions", "min_rating", "without_label")])
    _require_shares(args.given["split"]["fractions"])
    if args.push is not None:
        options.require_push_consent("the splits with their card", args.push, yes=args.yes, as_json=args.as_json)
    with args.stages() as shown:
        work = args.session(listen=shown.listen).open(
            options.named_files(args.paths, args.engine), args.given, **used_tables()
        )
        require_tracker(work.config.track)
        result = split_data(
            work, args.paths, args.output, min_rating=args.min_rating, without_labels=args.without_label or ()
        )
    print_result(result, split_text(result, args.output), as_json=args.as_json)
    track(work.config.track, lambda: split_record(args.output, result.manifest))
    if args.push is not None:
        commit = push_split(args.output, result.manifest, args.push, private=not args.public)
        options.print_notes([f"uploaded: {commit}"])
    options.end(result.not_understood, options.REMOVED_NOTE)


def _require_shares(numbers: Sequence[float] | None) -> None:
    """Raise `UsageError` for parts that are no shares; it names the shares."""
    if numbers and max(numbers) > 1 and min(numbers) >= 0:
        text, shares = (",".join(f"{number / total:g}" for number in numbers) for total in (1, sum(numbers)))
        raise UsageError(f"--fractions {text!r}: shares are from 0 to 1 and add up to 1", f"pass --fractions {shares}")
