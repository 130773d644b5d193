"""Inference with the model of a run or of an export, with the chat template of its training."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import torch
from transformers import TextStreamer

from curate.core.errors import InputError, ModelError, UsageError
from curate.core.text import visible
from curate.models.names import configuration
from curate.models.template import Template, load_tokenizer
from curate.network.chat_endpoint import Completion
from curate.project.runs import Project, find_run
from curate.storage.files import sha256
from train.errors import memory_errors
from train.export import gguf_file, gguf_layout, merged
from train.export.export_folder import read
from train.export.export_result import Export
from train.model.base import autocast, compute_dtype, device, longest_context
from train.model.generation import GREEDY, answer_with_virtual, generate, stop_ids
from train.model.loss import has_virtual
from train.recipe import Recipe
from train.results import Report, TrainedWeights
from train.run_folder import UNRECORDED, RunFolder
from train.trained import EXPORT_FILE, Trained, open_trained, same_template

Turn = dict[str, Any]
MAX_CONTEXT_TOKENS: Final = 1 << 15


@dataclass(frozen=True, slots=True)
class ChatModel:
    """A model, with the template of its training."""

    title: str
    model: Any
    template: Template
    stops: list[int]
    dtype: torch.dtype
    system: str | None = None
    """The system message of all training examples, where they share one."""
    shared: Mapping[str, Any] = field(default_factory=dict)
    """What they share beside it: tools and variables of the chat template."""

    def prompt(self, turns: list[Turn], max_new_tokens: int) -> list[int]:
        """The token ids of the prompt. Raises `UsageError` if the template refuses the turns, or if they do not fit the
        model's context together with an answer of `max_new_tokens`.
        """
        text = self.template.prompt({**self.shared, "messages": [*turns, {"role": "assistant", "content": "-"}]})
        if text is None:
            raise UsageError(
                "the chat template refuses this conversation",
                "/reset starts a new one; leave out --system if the template takes no system message",
            )
        ids = self.template.ids(text)
        longest = longest_context(self.model.config, MAX_CONTEXT_TOKENS)
        if len(ids) + max_new_tokens > longest:
            less = "ask less at once" if max_new_tokens == 1 else "a lower --max-new-tokens leaves more room"
            raise UsageError(
                f"the conversation has {len(ids):,} tokens; with {max_new_tokens:,} for the answer that is more than "
                f"the model's {longest:,}",
                f"{less}; /reset starts a new one",
            )
        return ids

    def limit(self, turns: list[Turn], most: int) -> int:
        """The most tokens of an answer: `most`, or what the model's context leaves, at least 1. Raises as `prompt`."""
        return min(most, longest_context(self.model.config, MAX_CONTEXT_TOKENS) - len(self.prompt(turns, 1)))

    @torch.no_grad()
    def reply(
        self, turns: list[Turn], show: Callable[[str], None], *, max_new_tokens: int, temperature: float
    ) -> Completion:
        """The answer to the last turn; `show` gets its pieces, escaped for a terminal. Ctrl-C stops it."""
        ids = self.prompt(turns, max_new_tokens)
        streamer = WordStreamer(self.template.tokenizer, show)
        sampling: dict[str, Any] = GREEDY
        if temperature:
            sampling = {"do_sample": True, "temperature": temperature, "top_k": 0, "top_p": 1.0}
        padding = self.template.tokenizer.pad_token_id
        options = {
            "max_new_tokens": max_new_tokens, "eos_token_id": self.stops or None,
            "pad_token_id": self.stops[0] if padding is None and self.stops else padding,
            "use_cache": True, "streamer": streamer, **sampling,
        }  # fmt: skip
        self.model.eval()
        try:
            with memory_errors("/reset starts a new one; a lower --max-new-tokens needs less"), autocast(self.dtype):
                if has_virtual(self.model):
                    answer_with_virtual(self.model, ids, **options)
                else:
                    input_ids = torch.tensor([ids], device=device())
                    generate(self.model, input_ids=input_ids, attention_mask=torch.ones_like(input_ids), **options)
        except KeyboardInterrupt:
            streamer.end()
            return Completion(streamer.text, (), ended=False, tokens=streamer.tokens)
        return Completion(streamer.text, (), streamer.last in self.stops, streamer.tokens)


class WordStreamer(TextStreamer):  # type: ignore[misc]  # transformers has no types
    """Streams whole words."""

    def __init__(self, tokenizer: Any, show: Callable[[str], None]) -> None:
        super().__init__(tokenizer, skip_prompt=True, skip_special_tokens=True)
        self.text, self.tokens, self.last, self._show = "", 0, -1, show

    def put(self, value: Any) -> None:
        """Count a new token, keep it as the last one, and show it; the first call has the prompt, which is skipped."""
        if not self.next_tokens_are_prompt:
            self.tokens += value.numel()
            self.last = int(value.flatten()[-1])
        super().put(value)

    def on_finalized_text(self, text: str, stream_end: bool = False) -> None:  # noqa: ARG002
        """Words that no later token changes."""
        self.text += text
        self._show(visible(text, keep_newlines=True))


def chat_model(name: str) -> ChatModel:
    """The model of a run or an export. Raises `CurateError`, also if its template is not that of the training."""
    folder = Path(name)
    if not (folder / EXPORT_FILE).is_file():
        folder = find_run(name, Project(Path.cwd()))
    if (folder / EXPORT_FILE).is_file():
        return _model_of_export(folder)
    trained = open_trained(name)
    template, title = trained.template(), f"{folder.name}: {trained.recipe.how.title} on {trained.recipe.model}"
    shared = trained.report.system, trained.report.shared
    return ChatModel(title, trained.tuned(), template, _stops(template), trained.dtype, *shared)


def _model_of_export(folder: Path) -> ChatModel:
    """The model of an export. Raises `CurateError` if it was changed, or cannot be chatted with."""
    made = read(folder)
    for file in made.files:
        path = folder / file.name
        if not path.is_file() or path.stat().st_size != file.size:
            raise InputError(f"{visible(str(path))}: was changed since the export", "export again")
    dtype = compute_dtype("auto")
    if made.form == "gguf-adapter":
        raise UsageError(
            f"{visible(str(folder))}: contains a LoRA adapter for a GGUF base, not a model",
            "chat with the run, or export  --to adapter",
        )
    if made.form in ("gguf", "ollama"):
        model, template = _model_of_gguf(folder, made, dtype)
    else:
        exported = _run_of_export(folder, made, dtype)
        template = exported.template()
        _require_intact(folder, made)
        model = merged.load(folder, dtype) if made.form == "merged" else exported.tuned()
    title = f"{folder.name}: {made.form}, {made.method} on {made.model}"
    return ChatModel(title, model, template, _stops(template), dtype, made.system, made.shared)


def _require_intact(folder: Path, made: Export) -> None:
    """Raise `InputError` for a file that was changed. Weights are not hashed, which takes as long as to load them."""
    for file in made.files:
        path = folder / file.name
        if path.suffix != ".safetensors" and path.name not in UNRECORDED and sha256(path) != file.sha256:
            raise InputError(f"{visible(str(path))}: was changed since the export", "export again")


def _run_of_export(folder: Path, made: Export, dtype: torch.dtype) -> Trained:
    """An export in the form of a finished run, so that its model and template are loaded like a run's."""
    run, recipe = RunFolder(folder), Recipe(model=made.model, data="-", method="lora")
    run.adapter = folder
    report = Report.model_construct(**made.model_dump(include={*TrainedWeights.model_fields}))
    return Trained(run, recipe, report, dtype, made.template_source)


def _model_of_gguf(folder: Path, made: Export, dtype: torch.dtype) -> tuple[Any, Template]:
    """Model and template of a GGUF export. Raises `ModelError` if template or tokenizer is not that of the training."""
    file = folder / gguf_layout.MODEL_FILE
    same_template(gguf_file.template_in(file), made.template, made.template_source, str(file))
    # That of the base: transformers makes another one of the GGUF, which splits digits differently.
    tokenizer = load_tokenizer(made.model)
    if gguf_file.tokens_in(file)[: len(tokenizer)] != tokenizer.convert_ids_to_tokens(list(range(len(tokenizer)))):
        raise ModelError(
            f"{made.model}: its tokenizer is not the one in {visible(str(file))}", "restore the base of the training"
        )
    tokenizer.chat_template = made.template_source
    config = configuration(made.model)
    return gguf_file.load_model(file, dtype, config, gguf_layout.family_of(config)), Template(tokenizer, made.date)


def _stops(template: Template) -> list[int]:
    """Tokens that end an answer in this template."""
    turns = [{"role": role, "content": "-"} for role in ("user", "assistant")]
    return stop_ids(template, template.encode({"messages": turns}).encoded)
