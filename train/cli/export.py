"""`curate export`."""

import os
import shlex
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final, Literal

import typer

from curate.cli.options import AgreeToSend, AsJson, check_combination, require_push_consent
from curate.core.errors import UsageError
from curate.core.text import visible
from curate.network.egress import upload
from train.cli.common import OutputFolder, Quiet, print_result, require_runs, with_trainer
from train.export.export_result import PROMPTS, DtypeName, Export, ExportOptions, Form

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rich.console import RenderableType

    from train.results import Composition

Where = Literal["auto", "cpu"]
NEEDS: Final = {"public": "push", "weights": "merge", "limit": "merge"}
"""Options that have no effect without another one, by parameter."""
MERGE_OPTIONS: Final = ("folder", "weights", "data", "limit", "as_json", "quiet")
"""What can be combined with --merge."""
Runs = Annotated[
    list[str],
    typer.Argument(
        help="Folder of a finished run, or its name in .curate/runs; with --merge, several on one base.", metavar="RUN"
    ),
]
MOVED_HELP: Final = (
    "Use this split folder, if it was moved since the training; repeatable with --merge, in the order of the runs."
)
MovedFolders = Annotated[list[Path] | None, typer.Option("--data", help=MOVED_HELP)]
DTYPE_HELP: Final = "Write weights in this dtype; auto is float16 where they fit; q8_0 and K-quants are for GGUF."
Dtype = Annotated[DtypeName, typer.Option("--dtype", help=DTYPE_HELP)]
DEVICE_HELP: Final = "Merge and verify on this device; auto takes the GPU if there is one."
Prompts = Annotated[int, typer.Option("--prompts", min=1, help="Verify with this many held-out questions.")]
Push = Annotated[
    str | None,
    typer.Option("--push", help="Upload the verified files to this repository of the hub.", metavar="ORG/NAME"),
]
Public = Annotated[bool, typer.Option("--public", help="Make a new repository public; if omitted, it is private.")]
Merge = Annotated[
    bool, typer.Option("--merge", help="Merge the LoRA adapters of the runs into one: their exact weighted sum.")
]
WEIGHTS_HELP: Final = "Weight each adapter, separated by commas, with --merge.  [default: 1 each]"
Weights = Annotated[str | None, typer.Option("--weights", help=WEIGHTS_HELP)]
LIMIT_HELP: Final = "Measure on this many held-out questions of each run, with --merge."
Limit = Annotated[int, typer.Option("--limit", min=1, help=LIMIT_HELP)]


def export(
    context: typer.Context,
    runs: Runs,
    folder: OutputFolder,
    *,
    form: Annotated[Form, typer.Option("--to", help="Write this form.")] = "merged",
    dtype: Dtype = "auto",
    where: Annotated[Where, typer.Option("--device", help=DEVICE_HELP)] = "auto",
    name: Annotated[str | None, typer.Option("--name", help="Name the model for Ollama.  [default: the run's]")] = None,
    prompts: Prompts = PROMPTS,
    data: MovedFolders = None,
    push: Push = None,
    public: Public = False,
    merge: Merge = False,
    weights: Weights = None,
    limit: Limit = 100,
    yes: AgreeToSend = False,
    as_json: AsJson = False,
    quiet: Quiet = False,
) -> None:
    """Export what a run trained, and verify that the files give the same answers as the adapter.

    adapter: the trained weights with tokenizer and template. merged: full weights as safetensors, from the base in 16
    bits. gguf: the same for llama.cpp; gguf-adapter: LoRA weights only. ollama: GGUF with a Modelfile and a script. The
    files are loaded again and asked held-out questions; if their logits or answers differ from those of the adapter,
    nothing is written. Weights stay in 16 bits meanwhile, on a GPU or with --device cpu in main memory. --push uploads
    the files with the model card, after asking; the token is that of `hf auth login` or in HF_TOKEN.

    --merge measures each adapter on its own held-out questions, alone and merged, because one can make another worse.
    Adapters whose sum would not be exact (DoRA, trained biases, another base or chat template) are refused, with the
    reason.
    """
    check_combination(context, needs=NEEDS, alone={"merge": MERGE_OPTIONS})
    if merge:
        _merge(runs, weights, folder, data or (), limit, quiet=quiet, as_json=as_json)
        return
    if len(runs) > 1:
        raise UsageError(f"{len(runs)} runs are named", "name one, or add --merge to merge their adapters")
    if data and len(data) > 1:
        raise UsageError("--data is given several times", "name one split folder; --merge takes one for each run")
    if push is not None:
        require_push_consent("the export with its model card", push, yes=yes, as_json=as_json)
    if where == "cpu":  # before torch looks for one
        os.environ["CUDA_VISIBLE_DEVICES"] = ""
    options = ExportOptions(
        form=form, folder=folder, dtype=dtype, prompts=prompts, data=data[0] if data else None, name=name
    )
    require_runs(*runs)
    with with_trainer():
        from train.export.exporter import export as write
        from train.journal import JournalPrinter
        from train.trained import open_trained

    with JournalPrinter(quiet=quiet).showing() as printer:
        made = write(open_trained(runs[0]), options, printer)
    print_result(made, export_text(made), as_json=as_json)
    if made.form != "gguf-adapter" and not (quiet or as_json):
        _print_next("curate chat", folder)
    if push is not None:
        files: dict[str, Path | bytes] = {file.name: folder / file.name for file in made.files}
        message = f"Add the {made.form} export of a training by curate"
        commit = upload(push, files, "model", message, private=not public)
        if not quiet:
            print(f"uploaded: {visible(commit)}", file=sys.stderr)  # noqa: T201


def _merge(
    runs: Sequence[str],
    weights: str | None,
    folder: Path,
    data: Sequence[Path],
    limit: int,
    *,
    quiet: bool,
    as_json: bool,
) -> None:
    """Merge the adapters of runs into one in a folder, and print their losses, alone and merged."""
    shares = [1.0] * len(runs) if weights is None else [_parsed_weight(text) for text in weights.split(",")]
    if len(data) > len(runs):
        raise UsageError(f"--data: {len(data)} split folders for {len(runs)} runs", "give at most one for each run")
    require_runs(*runs)
    with with_trainer():
        from train.journal import JournalPrinter
        from train.merge_adapters import merge_adapters
        from train.trained import open_trained

    with JournalPrinter(quiet=quiet).showing() as printer:
        trained = [open_trained(run) for run in runs]
        made = merge_adapters(trained, shares, folder, printer, data=data, limit=limit)
    print_result(made, merge_text(made), as_json=as_json)
    if not (quiet or as_json):
        _print_next("curate evaluate", folder)


def _print_next(command: str, folder: Path) -> None:
    """Print to stderr the command to run next on a folder."""
    sys.stderr.write(visible(f"next: {command} {shlex.quote(str(folder))}") + "\n")


def _parsed_weight(text: str) -> float:
    """A weight of `--weights`. Raises `UsageError` if the text is not a number."""
    try:
        return float(text)
    except ValueError:
        raise UsageError(f"--weights {text.strip()}: is not a number", "for example  --weights 1,0.5") from None


def merge_text(made: "Composition") -> "Iterator[RenderableType]":
    """The losses of each adapter, alone and merged, and what a server has to be given, for people."""
    from rich.text import Text

    from curate.render.console import table

    numbers = ("weight", "rank", "base", "alone", "together", "gain left")
    title = f"{visible(made.folder)}: rank {made.rank}; losses on each one's own held-out questions"
    rows = []
    for member in made.members:
        losses = (f"{loss:.4f}" for loss in (member.base_loss, member.alone_loss, member.composed_loss))
        left = "-" if member.kept is None else f"{member.kept:.0%}"
        rows.append((visible(member.run), f"{member.weight:g}", str(member.rank), *losses, left))
    yield table(title, "adapter", *numbers, numbers=numbers, rows=rows)
    yield from (Text(visible(note)) for note in made.notes)


def export_text(made: Export) -> "Iterator[RenderableType]":
    """The files and the proof, for people."""
    from rich.text import Text

    from curate.render.console import table

    sizes = {file.name: file.size for file in made.files}
    rows = [
        (visible(name), f"{size / 1e6:,.1f} MB" if size >= 50_000 else f"{size:,} bytes")
        for name, size in sizes.items()
    ]
    title = visible(f"{made.folder}: {made.form}, {made.dtype}")
    yield table(title, "file", "size", numbers=("size",), rows=rows)
    yield from map(Text, proof_lines(made))


def proof_lines(made: Export) -> list[str]:
    """The proof as lines of text."""
    from train.template_defaults import assigned

    proof = made.proof
    if proof is None:
        return list(map(visible, made.notes))
    ties = f", {proof.near_ties} differ at a tie of two tokens" if proof.near_ties else ""
    defaults = f", with {assigned(made.defaults)} by default" if made.defaults else ""
    trained = ""
    if proof.trained_loss is not None:
        trained = f", {proof.trained_loss:.4f} on the base in 4 bits that it was trained on"
    return [
        f"logits: at most {proof.max_logit_difference:.2g} from the adapter's; {proof.relative_error:.2%} of "
        "what training changed",
        f"answers: {proof.equal_texts} of {proof.prompts} are identical{ties}; {proof.stopped} ended before the limit",
        f"loss: {proof.export_loss:.4f}; of the adapter {proof.adapter_loss:.4f}{trained}",
        visible(f"template: the one used in training{defaults} ({made.template[:12]})"),
        *map(visible, made.notes),
    ]
