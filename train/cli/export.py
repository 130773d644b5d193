"""`curate export`."""

from pathlib import Path
from typing import Annotated, Any, Final

import typer

from curate.report.console import print_json
from curate.text import visible
from train.cli.common import RUN, with_trainer
from train.export.export_result import PROMPTS, DtypeName, Export, Form, Options

OUT: Final[Any] = typer.Option("-o", "--output", help="Folder to write.", show_default=False)


def export(
    run: Annotated[str, RUN],
    folder: Annotated[Path, OUT],
    *,
    form: Annotated[Form, typer.Option("--to", help="Form of the export.")] = "merged",
    dtype: Annotated[DtypeName, typer.Option("--dtype", help="Of the weights; auto is float16 where they fit.")] = "auto",
    name: Annotated[str | None, typer.Option("--name", help="Of the model, for Ollama.  [default: the run's]", show_default=False)] = None,
    prompts: Annotated[int, typer.Option("--prompts", min=1, help="Held-out questions to prove it by.")] = PROMPTS,
    data: Annotated[Path | None, typer.Option("--data", help="Split folder, should it have moved since the training.", show_default=False)] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print the export with its proof as JSON.")] = False,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="No progress and no notes.")] = False,
) -> None:
    """Write what a run trained for others to load, and prove that it says what the adapter says.

    adapter: the trained weights beside tokenizer and template. merged: whole weights as safetensors, from the base in 16 bits. gguf:
    the same for llama.cpp; gguf-adapter: LoRA's factors alone. ollama: GGUF with a Modelfile and a script. The files are loaded again and asked
    held-out questions; where logits or answers are not those of the adapter, nothing is written.
    """
    options = Options(form=form, folder=folder, dtype=dtype, prompts=prompts, data=data, name=name)
    with with_trainer():
        from train.export.exporter import export as write
        from train.journal import Narrator
        from train.trained import open_trained

    narrator = Narrator(quiet=quiet)
    with narrator.showing():
        made = write(open_trained(run), options, narrator)
    if as_json:
        print_json(made.model_dump(mode="json"), indent=2)
    else:
        show(made)


def show(made: Export) -> None:
    """An export for a person."""
    from rich.text import Text

    from curate.report.console import console, table

    out = console()
    shown = table(visible(f"{made.folder}: {made.form}, {made.dtype}"), "file", "size", numbers=("size",))
    for file in made.files:
        shown.add_row(Text(visible(file.name)), Text(f"{file.size / 1e6:,.1f} MB" if file.size >= 50_000 else f"{file.size:,} bytes"))
    out.print(shown)
    for line in told(made):
        out.print(Text(line))


def told(made: Export) -> list[str]:
    """The proof in words."""
    proof = made.proof
    if proof is None:
        return list(map(visible, made.notes))
    ties = f", {proof.near_ties} part at a tie of two tokens" if proof.near_ties else ""
    trained = f", {proof.trained_loss:.4f} on the base in 4 bits that it was trained on" if proof.trained_loss is not None else ""
    return [
        f"logits: differ from the adapter's by at most {proof.max_logit_difference:.2g}; {proof.relative_error:.2%} of what training changed",
        f"answers: {proof.equal_texts} of {proof.prompts} the same to the last token{ties}; {proof.stopped} came to their end by themselves",
        f"loss: {proof.export_loss:.4f}; of the adapter {proof.adapter_loss:.4f}{trained}",
        f"template: the one of the training ({made.template[:12]})",
        *map(visible, made.notes),
    ]
