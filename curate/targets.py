"""Who the data is meant for, and what each of them takes: one dated table of limits."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Final


class Target(StrEnum):
    """A trainer or service. The default is the built-in trainer with the model's own chat template."""

    TRAINER = "trainer"
    TRL = "trl"
    OPENAI = "openai"
    AZURE = "azure"
    TOGETHER = "together"
    FIREWORKS = "fireworks"
    MISTRAL = "mistral"
    AXOLOTL = "axolotl"
    LLAMAFACTORY = "llamafactory"


@dataclass(frozen=True, slots=True)
class Limits:
    """What a target takes; None where it has no such limit or none is known."""

    source: str
    """Where the numbers come from, and when they were read."""
    file_bytes: int | None = None
    """Largest file."""
    min_examples: int | None = None
    """Fewest examples in a file."""


GB: Final = 10**9
MB: Final = 10**6
LIMITS: Final[dict[Target, Limits]] = {
    Target.TRAINER: Limits("its own source"),
    Target.TRL: Limits("its own source, 2026-11"),
    Target.OPENAI: Limits("the service's fine-tuning guide, read 2026-11", file_bytes=512 * MB, min_examples=10),
    Target.AZURE: Limits("the service's fine-tuning guide, read 2026-11", file_bytes=512 * MB, min_examples=10),
    Target.TOGETHER: Limits("the client's file check, read 2026-11", file_bytes=int(50.1 * GB), min_examples=1),
    Target.FIREWORKS: Limits("the service's documentation, read 2026-11", min_examples=3),
    Target.MISTRAL: Limits("the service's documentation, read 2026-11", file_bytes=GB, min_examples=10),
    Target.AXOLOTL: Limits("its own source, 2026-11"),
    Target.LLAMAFACTORY: Limits("its own source, 2026-11"),
}
