"""A finished run: its base, its trained weights, and the chat template that it was trained with."""

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

import torch
from pydantic import BaseModel

from curate.core.errors import InputError, ModelError, OutputError
from curate.core.example import content_id
from curate.core.text import excerpt, visible
from curate.core.validation import validated
from curate.models.names import fingerprint
from curate.models.template import Template, load_template, template_hash
from curate.models.template_messages import common_length
from curate.project.runs import Project, find_run
from curate.storage.files import sha256
from curate.storage.paths import path_inside
from train.data.splits import is_not_empty
from train.model.adapters import WEIGHTS, load_adapter
from train.model.base import DTYPES, compute_dtype, load_base
from train.recipe import Recipe
from train.results import Composition, File, Report
from train.run_folder import UNRECORDED, RunFolder

COMPOSED_FILE: Final = "merge.json"
"""File in the folder of a composed adapter that names its parts."""
EXPORT_FILE: Final = "export.json"
"""File in the folder of an export or of a composed adapter that lists its files."""
TEMPLATE_FILE: Final = "template.jinja"


class Listed(BaseModel):
    """The files that an export lists."""

    files: tuple[File, ...] = ()


@dataclass(frozen=True, slots=True)
class Trained:
    """A finished run."""

    folder: RunFolder
    recipe: Recipe
    report: Report
    dtype: torch.dtype
    """Of the training."""
    source: str | None
    """The chat template of the training; None in older runs."""

    @property
    def weights(self) -> Path:
        """The file with the trained weights."""
        return self.folder.adapter / ("model.safetensors" if self.recipe.method == "full" else WEIGHTS)

    def template(self) -> Template:
        """The tokenizer and chat template beside the adapter. Raises `ModelError`, showing both, if it has changed."""
        template = load_template(str(self.folder.adapter), date=self.report.date)
        same_template(template.source, self.report.template, self.source, str(self.folder.adapter))
        return template

    def base(self, *, quantised: bool | None = None, dtype: torch.dtype | None = None) -> Any:
        """The base model, loaded as in the training by default. Raises `ModelError` if the base has changed."""
        if (now := fingerprint(self.recipe.model)) != self.report.base:
            raise ModelError(
                f"{self.recipe.model}: is no longer the base that this run was trained on ({now[:20]}…, trained "
                f"on {self.report.base[:20]}…)",
                "restore the old one, or train again",
            )
        changes = {} if quantised is None else {"quantisation": "nf4" if quantised else "none"}
        return load_base(self.recipe.model_copy(update=changes), dtype or self.dtype).eval()

    def tuned(
        self, *, quantised: bool | None = None, dtype: torch.dtype | None = None, adapter: Path | None = None
    ) -> Any:
        """The tuned model, frozen. `adapter`: the folder of a copy of its adapter, which is loaded instead."""
        if self.recipe.method == "full":
            recipe = self.recipe.model_copy(update={"model": str(self.folder.adapter), "yarn": 1.0})
            return load_base(recipe, dtype or self.dtype).eval()
        return load_adapter(self.base(quantised=quantised, dtype=dtype), adapter or self.folder.adapter)


@dataclass(frozen=True, slots=True)
class Untrained(Trained):
    """A base model and the data of a training that has not been done."""

    def template(self) -> Template:
        """The tokenizer and chat template of the base. Raises `ModelError`."""
        return load_template(self.recipe.model, self.recipe.chat_template)

    def tuned(self, *, adapter: Path | None = None, **how: Any) -> Any:  # noqa: ARG002
        """The base model, because nothing has been trained."""
        return self.base(**how)


def untrained(model: str, data: Path, *, served: bool) -> Untrained:
    """A base model to measure on a split before any training; answers are kept in .curate/evaluations.

    `served`: it is the name of a model at a server, of which nothing is on this machine.
    """
    recipe = Recipe(model=model, data=str(data), method="lora")
    base = model if served else fingerprint(model)
    key = content_id(["evaluate", base, str(data.resolve())])
    held_out = "test" if is_not_empty(data, "test") else "validation"
    manifest = data / "manifest.json"
    values: dict[str, Any] = {"key": key, "model": model, "base": base, "held_out": held_out, "overfitting": None}
    values |= {"adapter_sha256": "", "manifest": sha256(manifest) if manifest.is_file() else None}
    report = Report.model_construct(**values)  # what only a training knows is not there
    folder = RunFolder(Project(Path.cwd()).evaluation(key[:16]))
    return Untrained(folder, recipe, report, compute_dtype("auto"), None)


def open_trained(name: str) -> Trained:
    """A finished run or a composed adapter by folder or name.

    Raises `InputError` if it is unfinished, `OutputError` if it was changed since.
    """
    folder = RunFolder(find_run(name, Project(Path.cwd())))
    shown = visible(str(folder.path))
    if (composition := folder.read(COMPOSED_FILE)) is not None:
        folder.adapter = folder.path
        return _composed(folder, composition)
    if folder.key is None:
        raise InputError(f"{shown}: contains no run", "create one with  curate train RECIPE")
    report_values = folder.read("report.json")
    if report_values is None:
        raise InputError(f"{shown}: this run has not finished", "resume it with  curate train RECIPE --resume")
    report = validated(Report, report_values, str(folder.path / "report.json"))
    recipe = validated(Recipe, folder.read("recipe.json") or {}, str(folder.path / "recipe.json"))
    source = folder.path / TEMPLATE_FILE
    dtype = report.dtype or str((folder.read("environment.json") or {}).get("dtype", "float32"))
    if dtype not in DTYPES:
        raise OutputError(f"{shown}: environment.json names no known dtype", "train again with --fresh")
    trained = Trained(
        folder, recipe, report, DTYPES[dtype],
        source.read_bytes().decode(errors="replace") if source.is_file() else None,
    )  # fmt: skip
    hint = "restore it, or train again with --fresh"
    if not trained.weights.is_file() or sha256(trained.weights) != report.adapter_sha256:
        raise OutputError(f"{visible(str(trained.weights))}: was changed since the end of the run", hint)
    now, expected = folder.recorded(), report.files
    if source.is_file():
        now, expected = {**now, TEMPLATE_FILE: sha256(source)}, {**expected, TEMPLATE_FILE: report.template}
    for file, recorded in expected.items():
        if recorded != now.get(file):
            raise OutputError(f"{visible(str(folder.path / file))}: was changed since the end of the run", hint)
    return trained


def _composed(folder: RunFolder, value: dict[str, Any]) -> Trained:
    """A composed adapter with base, recipe and held-out data of the first of its runs."""
    made = validated(Composition, value, str(folder.path / COMPOSED_FILE))
    hint = "compose the adapters again"
    if not folder.adapter.joinpath(WEIGHTS).is_file():
        raise InputError(f"{visible(str(folder.path))}: contains no {WEIGHTS}", hint)
    for file in validated(Listed, folder.read(EXPORT_FILE) or {}, str(folder.path / EXPORT_FILE)).files:
        path = path_inside(folder.path, file.name)
        if file.name not in UNRECORDED and (not path.is_file() or sha256(path) != file.sha256):
            raise OutputError(f"{visible(str(path))}: was changed since the adapters were composed", hint)
    first = open_trained(made.members[0].run)
    losses = {"base_loss": made.members[0].base_loss, "tuned_loss": made.members[0].composed_loss}
    values: dict[str, Any] = {
        "key": content_id([[member.key, member.weight] for member in made.members]),
        "manifest": None,
    }
    values |= {"adapter_sha256": sha256(folder.adapter / WEIGHTS), "system": made.system, "shared": made.shared}
    values |= {"reasoning": made.reasoning, "overfitting": None, "data_map": None, "generations": ()}
    return replace(first, folder=folder, report=first.report.model_copy(update=values | losses))


def same_template(here: str, trained: str, source: str | None, where: str) -> None:
    """Raise `ModelError` if a chat template is not the one used in training.

    `here` is the template, `where` the file or folder that has it, `trained` the hash of the template used in training,
    and `source` its text; None if the text is not known.
    """
    if (hash_here := template_hash(here)) == trained:
        return
    there = source or ""
    start = max(0, common_length(here, there) - 20)
    shown = (f"  there: {excerpt(here[start:], 100)}", f"  trained: {excerpt(there[start:], 100)}") if source else ()
    text = f"its chat template is not the one used in training: {hash_here[:12]} there, {trained[:12]} in the training"
    raise ModelError.of_lines(
        (f"{where}: {text}", *shown),
        f"replace it with the run's {TEMPLATE_FILE}; with another template the model is worse",
    )
