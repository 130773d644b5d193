"""A tokenizer and a random model small enough to be made in a test."""

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tokenizers import AddedToken, Tokenizer, decoders, models, pre_tokenizers, trainers

if TYPE_CHECKING:
    from train.data.splits import TokenizedSplit

CHATML = """{% for message in messages %}{% if loop.first and messages[0]['role'] != 'system' %}{{ '<|im_start|>system
You are a helpful assistant<|im_end|>
' }}{% endif %}{{'<|im_start|>' + message['role'] + '
' + message['content'] + '<|im_end|>' + '
'}}{% endfor %}{% if add_generation_prompt %}{{ '<|im_start|>assistant
' }}{% endif %}"""
SPECIAL = (
    "<|endoftext|>",
    "<|im_start|>",
    "<|im_end|>",
    "<|begin_of_text|>",
    "<|start_header_id|>",
    "<|end_header_id|>",
    "<|eot_id|>",
    "<s>",
    "</s>",
)
WORDS = ("red", "green", "blue", "apple", "pear", "plum", "north", "south", "east", "west")


def conversations(count: int) -> list[dict[str, Any]]:
    """Questions with one answer each; the answer follows from the question, so that there is something to learn."""
    found = []
    for i in range(count):
        word = WORDS[i % len(WORDS)]
        found.append(
            {
                "messages": [
                    {"role": "user", "content": f"Number {i}: repeat {word} twice."},
                    {"role": "assistant", "content": f"{word} {word}"},
                ]
            }
        )
    return found


def make_tokenizer(template: str | None = CHATML, end: str = "<|im_end|>", corpus: tuple[str, ...] = ()) -> Any:
    """A byte-level BPE tokenizer, trained on the conversations above."""
    from transformers import PreTrainedTokenizerFast

    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    said = [message["content"] for one in conversations(40) for message in one["messages"]]
    special = [AddedToken(token, special=True, normalized=False) for token in SPECIAL]
    trainer = trainers.BpeTrainer(
        vocab_size=400,
        special_tokens=special,
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    tokenizer.train_from_iterator([*said, "system user assistant tool You are a helpful assistant\n", *corpus], trainer)
    fast = PreTrainedTokenizerFast(
        tokenizer_object=tokenizer, eos_token=end, pad_token="<|endoftext|>", bos_token="<s>"
    )
    fast.chat_template = template
    return fast


def make_model(folder: Path, layers: int = 2) -> Path:
    """A folder with a Llama of random weights and so many layers, and its tokenizer."""
    import torch
    from transformers import LlamaConfig, LlamaForCausalLM

    torch.manual_seed(0)
    tokenizer = make_tokenizer()
    tokenizer.save_pretrained(folder)
    config = LlamaConfig(
        vocab_size=len(tokenizer), hidden_size=64, intermediate_size=128, num_hidden_layers=layers,
        num_attention_heads=4, num_key_value_heads=2,
        max_position_embeddings=256, bos_token_id=None, eos_token_id=tokenizer.eos_token_id,
        pad_token_id=tokenizer.pad_token_id,
    )  # fmt: skip
    LlamaForCausalLM(config).save_pretrained(folder)
    return folder


def write_split(folder: Path, *, train: int = 40, test: int = 6) -> Path:
    """A split folder."""
    folder.mkdir(parents=True, exist_ok=True)
    lines = [json.dumps(one) + "\n" for one in conversations(train + test)]
    (folder / "train.jsonl").write_text("".join(lines[:train]))
    (folder / "test.jsonl").write_text("".join(lines[train:]))
    (folder / "validation.jsonl").write_text("")
    (folder / "manifest.json").write_text("{}")
    return folder


def load_split(folder: Path, name: str, template: Any, recipe: Any) -> "TokenizedSplit":
    """`load_split` of the trainer, which loads PyTorch: to collect the tests does not."""
    from train.data import splits

    return splits.load_split(folder, name, template, recipe)


def write_recipe(folder: Path, **values: Any) -> Path:
    """A recipe of a short training on the tiny model; without probes, which take a fourth of its time."""
    chosen = {"model": "model", "method": "qlora", "data": "split", "max_steps": 12, "batch": 4, "tokens_per_pass": 128,
    "evaluate_every": 0, "rank": 4,
              "learning_rate": 5e-3, "save_every": 2, "generations": 2, "max_new_tokens": 4, "threads": 1,
              "max_length": 64,
              "dropout": 0.1, "probes": 0} | values  # fmt: skip
    path = folder / "recipe.toml"
    path.write_text("".join(f"{key} = {json.dumps(value)}\n" for key, value in chosen.items() if value is not None))
    return path
