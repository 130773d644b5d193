"""The model card, README.md: origin by hash, measurements, chat template."""

from pathlib import Path
from typing import Any, Final

from curate.core.files import json_text
from curate.core.text import visible
from train.export.export_result import Export
from train.recipe import changed, recipe_text
from train.trained import Trained

LOCAL_KEYS: Final = ("model", "data", "chat_template", "report_to")
"""Keys of a recipe that say where things lie on this machine."""


def card(trained: Trained, export: Export) -> str:
    """The text of `README.md`."""
    report, recipe = trained.report, trained.recipe
    library = {"adapter": "peft", "merged": "transformers"}.get(export.form, "gguf")
    head = ["---", "pipeline_tag: text-generation", "tags:", "- curate", f"- {report.method}"]
    on_hub = report.model.count("/") == 1 and not report.model.startswith((".", "/"))
    head += [f"library_name: {library}", *[f"base_model: {report.model}"] * on_hub, "---", ""]
    # Of a folder the name, without where it lies on this machine.
    public = Path(report.model).name if Path(report.model).is_absolute() else report.model
    tokens = f"{report.supervised_tokens:,} supervised tokens a pass"
    measured = f"held-out loss ({report.held_out}, {report.held_out_examples:,} examples)"
    settings = {key: value for key, value in changed(recipe, {}).items() if key not in LOCAL_KEYS}
    facts = {
        "base model": f"`{_cell(public)}` ({report.base[:26]}…)",
        "method": f"{recipe.how.title}: {recipe.how.trains}",
        "trainable parameters": f"{report.trainable_parameters:,} of {report.total_parameters:,}",
        "trained on": f"{report.train_examples:,} examples, {tokens}, {report.steps:,} steps",
        "data": f"manifest {report.manifest}" if report.manifest else "a split without a manifest",
        measured: f"{report.base_loss:.4f} before, {report.tuned_loss:.4f} after",
        "run": report.key,
    }
    parts = [
        "\n".join(head),
        f"# {_cell(Path(export.folder).name)}\n",
        "| | |\n|---|---|\n" + "\n".join(f"| {name} | {value} |" for name, value in facts.items()) + "\n",
        *_verdict_section(trained),
        *_proof_section(export),
        "## Recipe\n\n" + _fenced(recipe_text(settings), "toml"),
        "## Chat template\n\nThe model was trained with the chat template below; with another one it is worse. SHA-256 "
        f"`{export.template}`; an answer ends with "
        f"{', '.join(f'`{_cell(stop)}`' for stop in export.stops) or 'nothing in particular'}.\n\n"
        + _fenced(export.template_source, "jinja"),
        *_shared_section("System message", export.system),
        *_shared_section("Tools and variables of the chat template", export.shared and json_text(export.shared)),
        *(["## Notes\n\n" + "\n".join(f"- {_cell(note)}" for note in export.notes) + "\n"] if export.notes else []),
        *_data_section(trained),
    ]
    return "\n".join(parts)


def _shared_section(title: str, text: Any) -> list[str]:
    """A section with text that all training examples have in common; empty without text."""
    return [f"## {title}\n\nAll training examples have it: ask with it, too.\n\n{_fenced(text, '')}"] if text else []


def _verdict_section(trained: Trained) -> list[str]:
    """A section with the verdict of `curate evaluate`; empty if these weights were not evaluated."""
    evaluation = trained.folder.read("evaluation.json") or {}
    if evaluation.get("adapter_sha256") != trained.report.adapter_sha256:
        return []
    questions = f"{evaluation['questions']:,} held-out questions of the split {evaluation['split']}"
    return [f"## Evaluation\n\nOn {questions}: {_cell(evaluation['verdict']['sentence'])}.\n"]


def _proof_section(export: Export) -> list[str]:
    """A section with the equivalence test of the export; empty without one."""
    proof = export.proof
    if proof is None:
        return []
    ties = f", {proof.near_ties} part at a tie" if proof.near_ties else ""
    return [
        f"## Proof\n\nThe files here, loaded again, beside the adapter on its base, on {proof.prompts} held-out "
        f"questions: logits differ by at most {proof.max_logit_difference:.2g} ({proof.relative_error:.2%} of what "
        f"training changed), {proof.equal_texts} of {proof.prompts} most likely answers are the same to the last "
        f"token{ties}; loss {proof.export_loss:.4f}, of the adapter {proof.adapter_loss:.4f}.\n"
    ]


def _data_section(trained: Trained) -> list[str]:
    """A section with the data card beside the splits; empty if there is none."""
    path = Path(trained.recipe.data) / "DATACARD.md"
    if not path.is_file():
        return []
    text = path.read_text(encoding="utf-8", errors="replace")
    if text.startswith("---"):  # its own front matter names files that are not here
        text = text.split("\n---", 1)[-1].lstrip("\n")
    lines = (f"##{line}" if line.startswith("#") else line for line in text.splitlines())
    return ["## The data\n\n" + "\n".join(lines) + "\n"]


def _fenced(text: str, language: str) -> str:
    """A text in a code fence that is longer than any fence in the text."""
    fence = "```"
    while fence in text:
        fence += "`"
    return f"{fence}{language}\n{visible(text, keep_newlines=True)}\n{fence}\n"


def _cell(text: str) -> str:
    """A text escaped for a cell of a Markdown table."""
    return visible(text).replace("|", "\\|").replace("`", "'").replace("<", "&lt;")
