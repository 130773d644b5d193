"""The methods: what each trains, what it can and cannot do, and its defaults. Imports no torch."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final, Literal

MethodName = Literal["lora", "qlora", "ia3", "prefix-tuning", "prompt-tuning", "bottleneck", "full"]
AUTO: Final = "auto"
"""In a recipe: `lora` if the base needs little of the memory as it is, else `qlora`; both have the same keys."""
LORA_KEYS: Final = frozenset(
    ("rank", "alpha", "dropout", "target_modules", "rslora", "dora", "initialisation", "lora_plus")
)
TARGETED: Final = frozenset(("target_modules",))


@dataclass(frozen=True, slots=True)
class Method:
    """One way to train."""

    title: str
    """Its name as papers write it."""
    trains: str
    """What is trained, in a few words."""
    learning_rate: float
    """Peak learning rate where the recipe gives none."""
    source: str
    """Where that rate comes from."""
    keys: frozenset[str] = frozenset()
    """Keys of the recipe that only some methods read, and this one does."""
    quantises: bool = True
    """Whether the base is in NF4 unless the recipe says otherwise."""
    merges: bool = False
    """Whether the result can be written into the weights of the base, as exports to GGUF and Ollama need."""
    checkpoints: bool = True
    """Whether activations can be computed again in the backward pass instead of being kept."""
    virtual: bool = False
    """Whether it puts virtual tokens before each text."""
    readers: str = "transformers and PEFT"
    """What loads its result."""
    variants: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    """What `--compare` trains, and the keys of the recipe for each; nothing: the method as it is, under its name."""

    @property
    def cannot(self) -> tuple[str, ...]:
        """Limitations to know before the training begins."""
        merged = f"its result cannot be merged into the base: no GGUF and no Ollama, serving needs {self.readers}"
        kept = "activations are kept for the backward pass: long examples take much memory"
        return (*[merged] * (not self.merges), *[kept] * (not self.checkpoints))


METHODS: Final[dict[MethodName, Method]] = {
    "lora": Method(
        "LoRA", "low-rank updates of its weights", 2e-4,
        "ten times that of full fine-tuning (LoRA Without Regret, 2025)", LORA_KEYS,
        quantises=False, merges=True,
    ),
    "qlora": Method(
        "QLoRA", "low-rank updates of its weights, which are kept in 4 bits", 2e-4,
        "QLoRA (2023): 2e-4 up to 13B, 1e-4 above", LORA_KEYS, merges=True,
        variants={"qlora": {}, "rslora": {"rslora": True}, "dora": {"dora": True}},
    ),
    "ia3": Method("IA3", "scaling vectors for keys, values and the inner layer of the MLP", 3e-3, "IA3 (Liu et al. 2022)", TARGETED, merges=True),  # noqa: E501
    "prefix-tuning": Method(
        "prefix tuning", "keys and values of virtual tokens before each text, in every layer", 5e-3,
        "PEFT's method comparison: 1e-3 hardly learns",
        frozenset(("virtual_tokens",)), checkpoints=False, virtual=True,
    ),
    "prompt-tuning": Method(
        "prompt tuning", "embeddings of virtual tokens before each text", 1e-2,
        "measured on SmolLM2-135M; Lester et al. (2021) took 0.3 with Adafactor",
        frozenset(("virtual_tokens",)), virtual=True,
    ),
    "bottleneck": Method(
        "bottleneck adapters", "small networks after attention and MLP", 3e-4, "Houlsby et al. (2019)",
        frozenset(("places", "bottleneck")), readers="`curate chat`",
        variants={"houlsby": {"places": "houlsby"}, "pfeiffer": {"places": "pfeiffer"}},
    ),
    "full": Method("full fine-tuning", "all its weights", 2e-5, "common practice, a tenth of LoRA's", quantises=False, merges=True),  # noqa: E501
}  # fmt: skip


def method_of(name: MethodName | Literal["auto"]) -> Method:
    """The entry of a method in the table; of `auto` that of `qlora`."""
    return METHODS["qlora" if name == AUTO else name]


OWN_KEYS: Final = frozenset().union(*(method.keys for method in METHODS.values()))
"""Keys of the recipe that not all methods read."""

ObjectiveName = Literal["sft", "pt", "dpo", "orpo", "kto"]


@dataclass(frozen=True, slots=True)
class Objective:
    """What a training minimizes."""

    title: str
    """Its name as papers write it."""
    rate: float = 1.0
    """Peak learning rate as a multiple of the method's, where the recipe gives none."""
    source: str = ""
    """Where that comes from."""
    compares: bool = False
    """Whether it compares answers: good ones with bad ones."""
    reference: bool = False
    """Whether it needs the base beside the trained model: its adapter is switched off for that."""
    keys: frozenset[str] = frozenset()
    """Keys of the recipe that only some objectives read, and this one does."""


OBJECTIVES: Final[dict[ObjectiveName, Objective]] = {
    "sft": Objective("supervised fine-tuning"),
    "pt": Objective("continued pretraining on plain text"),
    "dpo": Objective(
        "DPO (Rafailov et al. 2023)", 1 / 40, "the alignment handbook's QLoRA recipe: 5e-6",
        compares=True, reference=True, keys=frozenset(("beta",)),
    ),
    "orpo": Objective(
        "ORPO (Hong et al. 2024)", 1 / 10, "supervised and preference loss in one",
        compares=True, keys=frozenset(("beta",)),
    ),
    "kto": Objective(
        "KTO (Ethayarajh et al. 2024)", 1 / 40, "as for DPO",
        compares=True, reference=True, keys=frozenset(("beta", "desirable_weight", "undesirable_weight")),
    ),
}  # fmt: skip
OBJECTIVE_KEYS: Final = frozenset().union(*(objective.keys for objective in OBJECTIVES.values()))
"""Keys of the recipe that not all objectives read."""
