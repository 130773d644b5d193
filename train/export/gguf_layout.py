"""Models that can be written as GGUF: the Llama family with byte-level BPE, in llama.cpp's layout.

llama.cpp has a name for each pre-tokenizer: a wrong one splits numbers or words differently.
"""

import json
from typing import Any, Final, NamedTuple

import torch
from torch import Tensor
from transformers.modeling_rope_utils import ROPE_INIT_FUNCTIONS

from curate.core.errors import UsageError, requiring
from curate.models.template import Template

MODEL_FILE: Final = "model.gguf"


class Family(NamedTuple):
    """How llama.cpp names and lays out a family."""

    architecture: str
    permutes: bool
    """Whether rows of queries and keys lie in pairs: llama.cpp turns neighbours, transformers halves of a head."""


FAMILIES: Final = {
    "llama": Family("LLAMA", True),
    "mistral": Family("LLAMA", True),
    "qwen2": Family("QWEN2", False),
    "qwen3": Family("QWEN3", False),
}


def family_of(config: Any) -> Family:
    """The family of a model. Raises `UsageError` where curate cannot write its GGUF."""
    kind = config.model_type
    other = "--to merged, and convert_hf_to_gguf.py of llama.cpp"
    if kind not in FAMILIES:
        raise UsageError(f"model type {kind} cannot be written as GGUF; supported: {', '.join(FAMILIES)}", other)
    rope = rope_of(config)
    if rope.get("rope_type", "default") not in ("default", "llama3"):
        raise UsageError(f"its positions are scaled as {rope['rope_type']}, which cannot be written as GGUF", other)
    if getattr(config, "sliding_window", None) and getattr(config, "use_sliding_window", True):
        raise UsageError("it uses sliding-window attention, which llama.cpp does not support for this family", other)
    return FAMILIES[kind]


def rope_of(config: Any) -> dict[str, Any]:
    """The parameters of the rotary position embedding."""
    return dict(getattr(config, "rope_parameters", None) or {})


def head_size(config: Any) -> int:
    """Size of one head of attention."""
    return int(getattr(config, "head_dim", None) or config.hidden_size // config.num_attention_heads)


def laid_out(name: str, tensor: Tensor, config: Any, family: Family, *, back: bool = False) -> Tensor:
    """A weight, bias or `up` factor in llama.cpp's layout, with rows of queries and keys in pairs; `back` undoes it.

    Other tensors, and those of families that do not permute rows, are returned unchanged.
    """
    if not family.permutes or not (".q_proj" in name or ".k_proj" in name):
        return tensor
    heads = config.num_attention_heads if ".q_proj" in name else config.num_key_value_heads
    shape = (heads, tensor.shape[0] // heads // 2, 2) if back else (heads, 2, tensor.shape[0] // heads // 2)
    return tensor.reshape(*shape, *tensor.shape[1:]).swapaxes(1, 2).reshape(tensor.shape)


def name_map(config: Any, family: Family) -> Any:
    """The map of names of the gguf package: transformers' to llama.cpp's. Raises `MissingExtra`."""
    gguf = gguf_package()
    return gguf.get_tensor_name_map(getattr(gguf.MODEL_ARCH, family.architecture), config.num_hidden_layers)


def gguf_package() -> Any:
    """The gguf package. Raises `MissingExtra`."""
    with requiring("writing GGUF", "train", "gguf"):
        import gguf
    return gguf


def frequency_factors(config: Any) -> list[float]:
    """Divisors of the frequency of each pair of a head, for Llama 3; none for other models."""
    rope = rope_of(config)
    if rope.get("rope_type", "default") != "llama3":
        return []
    size, (scaled, _) = head_size(config), ROPE_INIT_FUNCTIONS["llama3"](config, torch.device("cpu"))
    plain = 1.0 / rope["rope_theta"] ** (torch.arange(0, size, 2, dtype=torch.float32) / size)
    factors: list[float] = (plain / scaled).tolist()
    return factors


NORMAL, CONTROL, USER_DEFINED, UNUSED = 1, 3, 4, 5
LLAMA_3: Final = r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"  # noqa: E501
QWEN_2: Final = LLAMA_3.replace(r"\p{N}{1,3}", r"\p{N}")
CUTS: Final = {
    ("ByteLevel",): "gpt-2",
    ("Digits", "ByteLevel"): "smollm",
    (LLAMA_3, "bytes"): "llama-bpe",
    (QWEN_2, "bytes"): "qwen2",
}
"""llama.cpp's names of pre-tokenizers (llama-vocab.cpp)."""


def cut_of(tokenizer: Any) -> str:
    """llama.cpp's name of the pre-tokenizer. Raises `UsageError` if it has none."""
    state = json.loads(tokenizer.backend_tokenizer.to_str())
    other = "--to merged, and convert_hf_to_gguf.py of llama.cpp"
    if state["model"]["type"] != "BPE" or (state.get("normalizer") or {}).get("type") not in (None, "NFC"):
        raise UsageError("its tokenizer is not byte-level BPE, the only kind that curate can write as GGUF", other)
    cut = CUTS.get(tuple(_pre_tokenizer_steps(state.get("pre_tokenizer") or {})))
    if cut is None:
        raise UsageError("llama.cpp has no name for the pre-tokenizer of this model", other)
    return cut


def _pre_tokenizer_steps(step: dict[str, Any]) -> list[str]:
    """Names of a pre-tokenizer's steps in their order; `?` for a step that llama.cpp does not have."""
    kind = step.get("type")
    if kind == "Sequence":
        return [name for pretokenizer in step["pretokenizers"] for name in _pre_tokenizer_steps(pretokenizer)]
    if kind == "ByteLevel" and not step.get("add_prefix_space"):
        return ["ByteLevel" if step.get("use_regex", True) else "bytes"]
    if kind == "Digits" and step.get("individual_digits"):
        return ["Digits"]
    if kind == "Split" and step.get("behavior") == "Isolated" and not step.get("invert"):
        return [step["pattern"].get("Regex", "?")]
    return ["?"]


def add_tokenizer(writer: Any, template: Template, stops: tuple[int, ...], rows: int) -> None:
    """Tokens, merges, special tokens and chat template. `rows`: of the embedding, at least one for each token."""
    tokenizer = template.tokenizer
    state = json.loads(tokenizer.backend_tokenizer.to_str())
    tokens_by_id = {number: token for token, number in tokenizer.get_vocab().items()}
    if max(tokens_by_id) >= rows:
        raise UsageError(
            f"the tokenizer has {max(tokens_by_id) + 1} tokens, the model only {rows}",
            "tokenizer and weights are from different models",
        )
    added = tokenizer.added_tokens_decoder
    writer.add_tokenizer_model("gpt2")
    writer.add_tokenizer_pre(cut_of(tokenizer))
    writer.add_token_list([tokens_by_id.get(i, f"[PAD{i}]") for i in range(rows)])
    kinds = dict.fromkeys(tokens_by_id, NORMAL)
    kinds |= {i: CONTROL if token.special else USER_DEFINED for i, token in added.items()}
    writer.add_token_types([kinds.get(i, UNUSED) for i in range(rows)])
    merges = state["model"]["merges"]
    writer.add_token_merges([merge if isinstance(merge, str) else " ".join(merge) for merge in merges])
    for name in ("bos", "eos", "unk", "pad"):
        if (number := getattr(tokenizer, f"{name}_token_id")) is not None:
            getattr(writer, f"add_{name}_token_id")(number)
    other = [stop for stop in stops if stop != tokenizer.eos_token_id]
    if other:  # a turn ends with another token than a text
        writer.add_eot_token_id(other[0])
    writer.add_add_bos_token(_adds_bos(template))
    writer.add_chat_template(template.source)


def _adds_bos(template: Template) -> bool:
    """Whether llama.cpp is to begin a text with the BOS token: the tokenizer does, and so do prompts of the template.

    llama.cpp drops the BOS token that a template writes and adds it again. It would also add one to prompts that had
    none in training, as those of ChatML on a tokenizer of Llama 3.
    """
    bos = template.tokenizer.bos_token_id
    if bos is None or template.tokenizer("a")["input_ids"][:1] != [bos]:
        return False
    prompt = template.prompt({"messages": [{"role": role, "content": "-"} for role in ("user", "assistant")]})
    return prompt is None or template.ids(prompt)[:1] == [bos]
