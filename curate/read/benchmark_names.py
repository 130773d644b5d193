"""Well-known benchmarks by name: where a copy is, and which fields hold an item. No text of them is part of curate."""

from dataclasses import dataclass
from typing import Final

AS_OF: Final = "2026-12-01"
"""The date of the table. Sizes and licences change; the page at `source` has the current ones."""
UNKNOWN: Final = "unknown"


@dataclass(frozen=True, slots=True)
class KnownBenchmark:
    """A benchmark as its publisher describes it."""

    source: str
    """A dataset of the hub, or a repository."""
    split: str
    """The part that models are tested on."""
    items: int | None
    """The size of that part; None if it is not known for certain."""
    licence: str
    fields: tuple[str, ...]
    """The fields of the question, then those of the answer."""


BENCHMARKS: Final = {
    "alpacaeval": KnownBenchmark("tatsu-lab/alpaca_eval", "eval", 805, "CC BY-NC 4.0", ("instruction", "output")),
    "arc-challenge": KnownBenchmark("allenai/ai2_arc", "test", 1_172, "CC BY-SA 4.0", ("question", "choices")),
    "arc-easy": KnownBenchmark("allenai/ai2_arc", "test", 2_376, "CC BY-SA 4.0", ("question", "choices")),
    "bbh": KnownBenchmark("github.com/suzgunmirac/BIG-Bench-Hard", "all", 6_511, "MIT", ("input", "target")),
    "boolq": KnownBenchmark("google/boolq", "validation", 3_270, "CC BY-SA 3.0", ("question", "answer")),
    "drop": KnownBenchmark("ucinlp/drop", "validation", None, "CC BY-SA 4.0", ("question", "answers_spans")),
    "gpqa": KnownBenchmark("Idavidrein/gpqa", "main", 448, "CC BY 4.0", ("Question", "Correct Answer")),
    "gsm8k": KnownBenchmark("openai/gsm8k", "test", 1_319, "MIT", ("question", "answer")),
    "hellaswag": KnownBenchmark("Rowan/hellaswag", "validation", 10_042, UNKNOWN, ("ctx", "endings")),
    "humaneval": KnownBenchmark("openai/openai_humaneval", "test", 164, "MIT", ("prompt", "canonical_solution")),
    "ifeval": KnownBenchmark("google/IFEval", "train", 541, "Apache-2.0", ("prompt",)),
    "math": KnownBenchmark("github.com/hendrycks/math", "test", 5_000, "MIT", ("problem", "solution")),
    "mbpp": KnownBenchmark("google-research-datasets/mbpp", "test", 500, "CC BY 4.0", ("text", "code")),
    "mmlu": KnownBenchmark("cais/mmlu", "test", 14_042, "MIT", ("question", "choices")),
    "mmlu-pro": KnownBenchmark("TIGER-Lab/MMLU-Pro", "test", 12_032, "MIT", ("question", "options")),
    "mt-bench": KnownBenchmark("github.com/lm-sys/FastChat", "all", 80, "Apache-2.0", ("turns", "reference")),
    "piqa": KnownBenchmark("ybisk/piqa", "validation", 1_838, UNKNOWN, ("goal", "sol1", "sol2")),
    "squad": KnownBenchmark("rajpurkar/squad", "validation", 10_570, "CC BY-SA 4.0", ("question", "answers")),
    "truthfulqa": KnownBenchmark(
        "truthfulqa/truthful_qa", "validation", 817, "Apache-2.0", ("question", "best_answer", "correct_answers")
    ),
    "winogrande": KnownBenchmark(
        "allenai/winogrande", "validation", 1_267, UNKNOWN, ("sentence", "option1", "option2")
    ),
}  # fmt: skip
