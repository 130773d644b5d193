"""Peak memory of `curate export` on a CPU, of a model of random weights in an 8B's shape (Llama 3.1) with some layers.

    python -m tests.bench.export_memory OUT --layers 1 3

Trains one step and exports in processes of their own; the peak of 32 layers is extrapolated from two numbers of layers.
`--layers 32` runs it whole, with 35 GB of disk.
"""

import argparse
import json
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any, Final

from tests.trainer.tiny import make_tokenizer, write_split

SHAPE: Final = {
    "vocab_size": 128_256, "hidden_size": 4096, "intermediate_size": 14_336, "num_attention_heads": 32,
    "num_key_value_heads": 8, "max_position_embeddings": 512,
}  # fmt: skip
WHOLE: Final = 32


def make(folder: Path, layers: int) -> None:
    """The model, in bfloat16."""
    import torch
    from transformers import LlamaConfig, LlamaForCausalLM

    tokenizer = make_tokenizer()
    tokenizer.save_pretrained(folder)
    ids = {"bos_token_id": None, "eos_token_id": tokenizer.eos_token_id, "pad_token_id": tokenizer.pad_token_id}
    torch.set_default_dtype(torch.bfloat16)
    torch.manual_seed(0)
    LlamaForCausalLM(LlamaConfig(**SHAPE, **ids, num_hidden_layers=layers)).save_pretrained(
        folder, max_shard_size="2GB"
    )


def run(*words: str) -> int:
    """The most memory that a command of curate takes, in bytes."""
    code = f"""
import resource, sys
from curate.cli.main import main
status = main({list(words)!r})
print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024)
sys.exit(status)"""
    done = subprocess.run([sys.executable, "-c", code], check=False, stdout=subprocess.PIPE, text=True)
    if done.returncode:
        raise SystemExit(f"curate {words[0]}: exit status {done.returncode}")
    return int(done.stdout.split()[-1])


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("out", type=Path)
    parser.add_argument("--layers", type=int, nargs="*", default=[1, 3])
    parser.add_argument("--to", nargs="*", default=["gguf", "merged"])
    given = parser.parse_args()
    peaks: dict[str, list[tuple[int, int]]] = {}
    for layers in given.layers:
        folder = given.out / str(layers)
        made = subprocess.run(
            [sys.executable, "-c", f"from tests.bench.export_memory import make, Path; make(Path({str(folder / 'model')!r}), {layers})"],  # noqa: E501
            check=True, capture_output=True,
        )  # fmt: skip
        assert made.returncode == 0
        write_split(folder / "split", train=8, test=4)
        values: dict[str, Any] = {
            "model": "model", "data": "split", "method": "qlora", "max_steps": 2, "batch": 2, "evaluate_every": 0,
            "learning_rate": 1e-2, "generations": 0, "probes": 0, "threads": 1, "max_length": 64, "warmup": 0,
        }  # fmt: skip
        recipe = folder / "recipe.toml"
        recipe.write_text("".join(f"{key} = {json.dumps(value)}\n" for key, value in values.items()))
        run("train", str(recipe), "--run-dir", str(folder / "run"), "--fresh", "--quiet", "--json")
        for form in given.to:
            out = folder / form
            peak = run(
                "export", str(folder / "run"), "--to", form, "-o", str(out), "--device", "cpu", "--prompts", "2",
                "--quiet",
            )  # fmt: skip
            peaks.setdefault(form, []).append((layers, peak))
            print(f"{form:<8} {layers:>3} layers: {peak / 1e9:.2f} GB", flush=True)
            shutil.rmtree(out)
        shutil.rmtree(folder)
    for form, found in peaks.items():
        if len(found) > 1:
            (few, low), (more, high) = found[0], found[-1]
            slope = (high - low) / (more - few)
            print(f"{form:<8} {WHOLE:>3} layers, extrapolated: {(low + slope * (WHOLE - few)) / 1e9:.1f} GB")


if __name__ == "__main__":
    main()
