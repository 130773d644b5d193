"""Did it help? Real data sets of different kinds through split, training and evaluation with SmolLM2-135M-Instruct.

    python -m tests.bench.evaluation FOLDER OUT [NAME ...] [--train 300] [--held-out 60] [--systems
    zero-shot,few-shot,tuned]

FOLDER holds the files below, OUT takes the projects, which can be looked at afterwards (`curate evaluate
OUT/NAME/run`); what is finished there is not done again. `json sports instructions --train 120 --held-out 40` took 18
minutes on one core that others used too.
"""

import argparse
import json
import random
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from curate.cli.main import main

VALIDATION = 30
Pairs = Iterator[tuple[str | None, str, str]]


def sick(folder: Path) -> Pairs:
    """Two sentences: does one follow from, or contradict, the other? Classification."""
    for line in (folder / "contradictions/sick_test.jsonl").read_text().splitlines():
        one = json.loads(line)
        yield "Say entailment, neutral or contradiction.", f"Premise: {one['a']}\nHypothesis: {one['b']}", one["label"]


def instructions(folder: Path) -> Pairs:
    """Short instructions of an English exercise book. Free text."""
    for one in json.loads((folder / "raw/A/rasbt+LLMs-from-scratch__instruction-data.json").read_text()):
        yield None, "\n".join(filter(None, (one["instruction"], one["input"]))), one["output"]


def sql(folder: Path) -> Pairs:
    """Questions about a table as SQL (WikiSQL). Free text that has to be exact."""
    for line in (folder / "raw/A/ml-explore+mlx-examples__lora_train.jsonl").read_text().splitlines():
        asked, _, answered = json.loads(line)["text"].partition("\nA: ")
        yield "Write SQL.", asked.replace("Q: ", "Question: "), answered


def conditions(folder: Path) -> Pairs:
    """What such a question asks for and on which conditions, as JSON (WikiSQL's answers, taken apart). Extraction."""
    for _, asked, answered in sql(folder):
        wanted, _, rest = answered.partition(" FROM ")
        how, _, column = wanted.removeprefix("SELECT ").partition(" ")
        function, column = (
            (how, column) if how in ("COUNT", "MAX", "MIN", "SUM", "AVG") else (None, wanted.removeprefix("SELECT "))
        )
        parts = [re.fullmatch(r"(.+?) ([=<>]) (.+)", part) for part in rest.partition(" WHERE ")[2].split(" AND ")]
        if all(parts):
            where = {
                part[1]: part[3].strip("'") if part[2] == "=" else f"{part[2]} {part[3]}" for part in parts if part
            }
            yield "Answer as JSON.", asked, json.dumps({"column": column, "function": function, "where": where})


def sports(folder: Path) -> Pairs:
    """Is a sentence about sports plausible? What a model of this size does not know it does not learn from 200
    examples.
    """
    for one in json.loads((folder / "raw/D/suzgunmirac+BIG-Bench-Hard__sports_understanding.json").read_text())[
        "examples"
    ]:
        yield "Say yes or no.", one["input"], one["target"]


SETS: dict[str, tuple[Callable[[Path], Pairs], dict[str, Any]]] = {
    "sick": (sick, {"epochs": 4}),
    "json": (conditions, {"epochs": 3}),
    "instructions": (instructions, {"epochs": 2}),
    "sql": (sql, {"epochs": 3}),
    "sports": (sports, {"epochs": 3}),
}


def prepare(folder: Path, project: Path, name: str, train: int, held_out: int) -> Path:
    """The data set as JSON Lines, split by `curate split`, and a recipe; returns the recipe."""
    project.mkdir(parents=True, exist_ok=True)
    pairs = list(dict.fromkeys(SETS[name][0](folder)))
    random.Random(0).shuffle(pairs)
    lines = []
    for system, asked, answered in pairs[: train + held_out + VALIDATION]:
        before = [{"role": "system", "content": system}] if system else []
        lines.append(
            json.dumps(
                {"messages": [*before, {"role": "user", "content": asked}, {"role": "assistant", "content": answered}]}
            )
            + "\n"
        )
    (project / "data.jsonl").write_text("".join(lines))
    total = len(lines)
    shares = f"{1 - (held_out + VALIDATION) / total},{VALIDATION / total},{held_out / total}"
    assert main(["split", str(project / "data.jsonl"), "-o", str(project / "split"), "--fractions", shares]) == 0
    values = {
        "model": "offline:SmolLM2-135M-Instruct", "data": "split", "method": "lora", "rank": 16, "learning_rate": 1e-3,
        "batch": 16,
        "max_length": 512, "over_length": "leave-out", "generations": 0, "probes": 0, **SETS[name][1],
    }  # fmt: skip
    recipe = project / "recipe.toml"
    recipe.write_text("".join(f"{key} = {json.dumps(value)}\n" for key, value in values.items()))
    return recipe


def run(given: argparse.Namespace, name: str) -> None:
    """One data set, all the way."""
    project = given.out / name
    print(f"\n=== {name}: {SETS[name][0].__doc__}", flush=True)
    recipe = project / "recipe.toml"
    if not recipe.is_file():
        recipe = prepare(given.folder, project, name, given.train, given.held_out)
    assert main(["train", str(recipe), "--run-dir", str(project / "run"), "--resume", "--quiet"]) == 0
    systems = ["--systems", given.systems] if given.systems else []
    main(["evaluate", str(project / "run"), *systems])


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("out", type=Path)
    parser.add_argument("names", nargs="*", default=list(SETS), metavar="NAME")
    parser.add_argument("--train", type=int, default=300)
    parser.add_argument("--held-out", type=int, default=60)
    parser.add_argument("--systems", help="as `curate evaluate` takes them; all by default")
    chosen = parser.parse_args()
    for wanted in chosen.names:
        run(chosen, wanted)
