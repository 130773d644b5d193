"""Bases to begin with, from small to big, for who names none: open licences, no sign-up, a chat template.

The numbers are those of their config.json, so that a base can be chosen for a card without a connection; `curate plan` reads the real one.
"""

from dataclasses import dataclass
from typing import Any, Final


@dataclass(frozen=True, slots=True)
class Base:
    """A base model by its shape."""

    name: str
    """Hub id."""
    kind: str
    """transformers' name of the architecture."""
    hidden: int
    layers: int
    heads: int
    shared: int
    """Heads of keys and values."""
    inner: int
    """Size of the MLP's inner layer."""
    vocabulary: int
    tied: bool
    """Whether the output layer is the embedding."""
    head_size: int | None = None

    @property
    def least(self) -> int:
        """Bytes that its layers take in 4 bits: with less there is no need to look closer."""
        return self.layers * (2 * self.hidden * (self.heads + self.shared) * (self.head_size or self.hidden // self.heads) + 3 * self.hidden * self.inner) // 2

    def configuration(self) -> Any:
        """As transformers wants it."""
        from transformers import AutoConfig  # only who asks for a base pays

        sizes = {"head_dim": self.head_size} if self.head_size else {}
        return AutoConfig.for_model(
            self.kind, hidden_size=self.hidden, num_hidden_layers=self.layers, num_attention_heads=self.heads, num_key_value_heads=self.shared,
            intermediate_size=self.inner, vocab_size=self.vocabulary, tie_word_embeddings=self.tied, **sizes,
        )  # fmt: skip


BASES: Final = (
    Base("HuggingFaceTB/SmolLM2-135M-Instruct", "llama", 576, 30, 9, 3, 1536, 49152, tied=True),
    Base("HuggingFaceTB/SmolLM2-360M-Instruct", "llama", 960, 32, 15, 5, 2560, 49152, tied=True),
    Base("Qwen/Qwen3-0.6B", "qwen3", 1024, 28, 16, 8, 3072, 151936, tied=True, head_size=128),
    Base("Qwen/Qwen3-1.7B", "qwen3", 2048, 28, 16, 8, 6144, 151936, tied=True, head_size=128),
    Base("Qwen/Qwen3-4B", "qwen3", 2560, 36, 32, 8, 9728, 151936, tied=True, head_size=128),
    Base("Qwen/Qwen3-8B", "qwen3", 4096, 36, 32, 8, 12288, 151936, tied=False, head_size=128),
    Base("Qwen/Qwen3-14B", "qwen3", 5120, 40, 40, 8, 17408, 151936, tied=False, head_size=128),
    Base("Qwen/Qwen3-32B", "qwen3", 5120, 64, 64, 8, 25600, 151936, tied=False, head_size=128),
)
ON_A_CPU: Final = 1
"""How many of them, from the smallest, a CPU trains in a reasonable time."""
