"""What an export can be told."""

from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal

from train.export.report import Form

PROMPTS: Final = 50
DtypeName = Literal["auto", "float16", "bfloat16", "float32"]


@dataclass(frozen=True, slots=True)
class Options:
    """Options of `curate export`."""

    form: Form
    folder: Path
    """Where it goes."""
    dtype: DtypeName = "auto"
    """Of the weights; auto: float16, which rounds eight times finer than bfloat16 and so loses less of small updates, where all weights fit into it."""
    prompts: int = PROMPTS
    """Held-out questions to prove it by."""
    data: Path | None = None
    """The split folder, should it have moved."""
    name: str | None = None
    """Of the model, for Ollama and model cards."""
