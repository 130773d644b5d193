"""A really trained adapter of SmolLM2-135M-Instruct through every form of export, each proved on 50 held-out questions.

    python -m tests.bench.exports OUT

OUT takes the project, which can be looked at afterwards (`curate chat OUT/merged`); a training that is finished there
is not done again.
"""

import json
import sys
from pathlib import Path

from curate.cli.main import main

DATA = Path(__file__).parents[2] / "examples/instructions/instruction-data.json"
EXAMPLES = 300
FORMS = (
    ("adapter", "auto"),
    ("merged", "auto"),
    ("merged", "bfloat16"),
    ("gguf", "auto"),
    ("gguf-adapter", "auto"),
    ("ollama", "auto"),
)


def prepare(out: Path) -> Path:
    """A split of some of the instructions, 60 of them held out, and a recipe of a few minutes on one core."""
    out.mkdir(parents=True, exist_ok=True)
    data = out / "data.json"
    data.write_text(json.dumps(json.loads(DATA.read_text())[:EXAMPLES]))
    assert main(["split", str(data), "-o", str(out / "split"), "--fractions", "0.75,0.05,0.2"]) == 0
    values = {
        "model": "offline:SmolLM2-135M-Instruct", "data": "split", "method": "lora", "rank": 16, "learning_rate": 2e-3,
        "batch": 4, "max_steps": 20,
        "max_length": 256, "over_length": "leave-out", "generations": 0, "evaluate_every": 0, "max_new_tokens": 32,
        "dtype": "float32", "threads": 1,
    }  # fmt: skip
    recipe = out / "recipe.toml"
    recipe.write_text("".join(f"{key} = {json.dumps(value)}\n" for key, value in values.items()))
    return recipe


def bench(out: Path) -> None:
    """Train, then export in each form."""
    recipe = out / "recipe.toml"
    if not recipe.is_file():
        recipe = prepare(out)
    assert main(["train", str(recipe), "--run-dir", str(out / "run"), "--resume"]) == 0
    for form, dtype in FORMS:
        name = form if dtype == "auto" else f"{form}-{dtype}"
        assert main(["export", str(out / "run"), "--to", form, "--dtype", dtype, "-o", str(out / name)]) == 0


if __name__ == "__main__":
    bench(Path(sys.argv[1]))
