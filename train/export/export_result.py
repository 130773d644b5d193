"""The result of an export, with the proof that it is equivalent to the adapter; `export.json` in its folder."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Literal

from pydantic import Field

from train.results import File, StrictModel, TrainedWeights

Form = Literal["adapter", "merged", "gguf", "gguf-adapter", "ollama"]


class Proof(StrictModel):
    """The export, loaded again, against the adapter on its 16-bit base; both computed in the same precision."""

    prompts: int
    """Held-out questions that both were asked."""
    positions: int
    """Tokens before which the logits of both were compared."""
    max_logit_difference: float
    """The largest difference of one logit."""
    adapter_effect: float | None
    """Root mean square of what training changed in these logits; null after full fine-tuning."""
    relative_error: float
    """Root mean square of the differences, as a share of that effect."""
    equal_texts: int
    """Prompts whose most likely answers are the same to the last token."""
    near_ties: int
    """Prompts whose answers first differ where the two next tokens are equally likely within rounding."""
    max_new_tokens: int
    """Maximum number of tokens of these answers."""
    adapter_loss: float
    """Mean loss per supervised token on these questions, in nats: of the adapter on its base in 16 bits."""
    export_loss: float
    """Loss of the export."""
    trained_loss: float | None
    """Loss of the adapter on the base as it was trained, in 4 bits; null if it was not quantized."""
    stopped: int
    """Answers of the export that ended before the limit."""


class Export(TrainedWeights):
    """The output of `curate export --json`, and `export.json` in the folder."""

    form: Form
    folder: str
    template_source: str
    """The chat template itself."""
    defaults: dict[str, Any] = Field(default_factory=dict)
    """Variables that it sets by default, as in the training; that of the training does not."""
    stops: tuple[str, ...]
    """Tokens that end an answer."""
    dtype: str
    """Type of the weights."""
    files: tuple[File, ...]
    proof: Proof | None
    """Null for a composition of adapters, which is measured in `merge.json`."""
    notes: tuple[str, ...]
    """Notes for the user."""


PROMPTS: Final = 50
DtypeName = Literal["auto", "float16", "bfloat16", "float32", "q8_0", "q6_K", "q5_K_M", "q4_K_M"]
K_QUANTS: Final = ("q6_K", "q5_K_M", "q4_K_M")
"""Types that llama.cpp's own tool writes."""


@dataclass(frozen=True, slots=True)
class ExportOptions:
    """Options of `curate export`."""

    form: Form
    folder: Path
    """Output folder."""
    dtype: DtypeName = "auto"
    """Type of the weights; auto: float16, which rounds eight times finer than bfloat16, if all weights fit into it."""
    prompts: int = PROMPTS
    """Number of held-out questions of the proof."""
    data: Path | None = None
    """The split folder, if it was moved."""
    name: str | None = None
    """Name of the model, for Ollama and model cards."""
