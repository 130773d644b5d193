"""Does training find what checking cannot? Wrong answers are planted among real examples: how many are among the 20
that were hardest to learn?

    python -m tests.bench.hard_examples FOLDER OUT [NAME ...]

FOLDER holds the files below, OUT takes the projects. 200 short examples, 5 of them with the answer of another one;
SmolLM2-135M-Instruct, LoRA, four epochs. Two cores take some ten minutes a data set. What chance would find: 0.5 of 5.
"""

import json
import random
import sys
from collections.abc import Iterator
from pathlib import Path

from curate.cli.main import main
from curate.core.datamap import read_datamap

EXAMPLES, HELD_OUT, WRONG, LOOKED = 200, 20, 5, 20


def instructions(folder: Path) -> Iterator[tuple[str, str]]:
    """Short instructions of an English exercise book."""
    for one in json.loads((folder / "raw/A/rasbt+LLMs-from-scratch__instruction-data.json").read_text()):
        yield "\n".join(filter(None, (one["instruction"], one["input"]))), one["output"]


def sick(folder: Path) -> Iterator[tuple[str, str]]:
    """Two sentences, and a label of three."""
    for line in (folder / "contradictions/sick_test.jsonl").read_text().splitlines():
        one = json.loads(line)
        yield f"Premise: {one['a']}\nHypothesis: {one['b']}\nentailment, neutral or contradiction?", one["label"]


def sql(folder: Path) -> Iterator[tuple[str, str]]:
    """Questions about a table, as SQL."""
    for line in (folder / "raw/A/ml-explore+mlx-examples__lora_train.jsonl").read_text().splitlines():
        asked, _, answered = json.loads(line)["text"].partition("\nA: ")
        yield asked.replace("Q: ", "Question: "), answered


SETS = {"instructions": instructions, "sick": sick, "sql": sql}


def chat(asked: str, answered: str) -> str:
    return (
        json.dumps({"messages": [{"role": "user", "content": asked}, {"role": "assistant", "content": answered}]})
        + "\n"
    )


def prepare(folder: Path, project: Path, name: str) -> list[int]:
    """The split and the recipe; returns the lines that are wrong."""
    (project / "split").mkdir(parents=True, exist_ok=True)
    pairs = [
        (asked, answered) for asked, answered in dict.fromkeys(SETS[name](folder)) if len(asked) + len(answered) < 300
    ]
    generator = random.Random(0)
    generator.shuffle(pairs)
    train, held_out = pairs[:EXAMPLES], pairs[EXAMPLES : EXAMPLES + HELD_OUT]
    wrong = sorted(generator.sample(range(EXAMPLES), WRONG))
    for at in wrong:
        others = [answered for _, answered in train if answered != train[at][1]]
        train[at] = (train[at][0], generator.choice(others))
    (project / "split/train.jsonl").write_text("".join(chat(*pair) for pair in train))
    (project / "split/validation.jsonl").write_text("".join(chat(*pair) for pair in held_out))
    values = {
        "model": "offline:SmolLM2-135M-Instruct", "data": "split", "method": "lora", "rank": 16, "learning_rate": 1e-3,
        "epochs": 4, "batch": 8,
        "generations": 0, "evaluate_every": 25, "threads": 1,
    }  # fmt: skip
    (project / "recipe.toml").write_text("".join(f"{key} = {json.dumps(value)}\n" for key, value in values.items()))
    return [at + 1 for at in wrong]


def run(folder: Path, out: Path, name: str) -> None:
    """One data set, all the way."""
    project = out / name
    wrong = prepare(folder, project, name)
    assert main(["train", str(project / "recipe.toml"), "--run-dir", str(project / "run"), "--resume", "--quiet"]) == 0
    mapped = {one.line: one for one in read_datamap(project / "run")}
    ranks = {line: mapped[line].rank for line in wrong}
    print(
        f"{name}: {sum(rank <= LOOKED for rank in ranks.values())} of {WRONG} wrong answers are among the "
        f"{LOOKED} hardest; their ranks:",
        *ranks.values(),
    )
    for line in wrong:
        one = mapped[line]
        print(
            f"  line {line}: rank {one.rank}, {one.region}, losses {[round(x, 2) for x in one.losses]}, "
            f"correctness {one.correctness:.2f}, pull {one.pull}"
        )


if __name__ == "__main__":
    for wanted in sys.argv[3:] or SETS:
        run(Path(sys.argv[1]), Path(sys.argv[2]), wanted)
