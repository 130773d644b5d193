"""A byte-level BPE tokenizer as llama.cpp reads it. How text is cut before merging has a name there: a wrong one splits numbers or words differently."""

import json
from typing import Any, Final

from curate.errors import UsageError

NORMAL, CONTROL, USER_DEFINED, UNUSED = 1, 3, 4, 5
LLAMA_3: Final = r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"
QWEN_2: Final = LLAMA_3.replace(r"\p{N}{1,3}", r"\p{N}")
CUTS: Final = {
    ("ByteLevel",): "gpt-2",
    ("Digits", "ByteLevel"): "smollm",
    (LLAMA_3, "bytes"): "llama-bpe",
    (QWEN_2, "bytes"): "qwen2",
}
"""How a tokenizer cuts text, and llama.cpp's name for it (llama-vocab.cpp)."""


def cut_of(tokenizer: Any) -> str:
    """llama.cpp's name for how text is cut. Raises `UsageError` for a tokenizer that it would cut differently."""
    state = json.loads(tokenizer.backend_tokenizer.to_str())
    other = "--to merged, and convert_hf_to_gguf.py of llama.cpp"
    if state["model"]["type"] != "BPE" or (state.get("normalizer") or {}).get("type") not in (None, "NFC"):
        raise UsageError("its tokenizer is not byte-level BPE, which alone can be written as GGUF", other)
    found = CUTS.get(tuple(_steps(state.get("pre_tokenizer") or {})))
    if found is None:
        raise UsageError("its tokenizer cuts text in a way that has no known name in llama.cpp", other)
    return found


def _steps(step: dict[str, Any]) -> list[str]:
    kind = step.get("type")
    if kind == "Sequence":
        return [name for one in step["pretokenizers"] for name in _steps(one)]
    if kind == "ByteLevel" and not step.get("add_prefix_space"):
        return ["ByteLevel" if step.get("use_regex", True) else "bytes"]
    if kind == "Digits" and step.get("individual_digits"):
        return ["Digits"]
    if kind == "Split" and step.get("behavior") == "Isolated" and not step.get("invert"):
        return [step["pattern"].get("Regex", "?")]
    return ["?"]


def add_tokenizer(writer: Any, tokenizer: Any, template: str, stops: tuple[int, ...], rows: int) -> None:
    """Tokens, merges, special tokens and chat template. `rows`: of the embedding, which may have more than there are tokens."""
    state = json.loads(tokenizer.backend_tokenizer.to_str())
    known = {number: token for token, number in tokenizer.get_vocab().items()}
    if max(known) >= rows:
        raise UsageError(f"the tokenizer knows {max(known) + 1} tokens, the model only {rows}", "tokenizer and weights are not of one model")
    added = tokenizer.added_tokens_decoder
    writer.add_tokenizer_model("gpt2")
    writer.add_tokenizer_pre(cut_of(tokenizer))
    writer.add_token_list([known.get(i, f"[PAD{i}]") for i in range(rows)])
    writer.add_token_types([UNUSED if i not in known else NORMAL if i not in added else CONTROL if added[i].special else USER_DEFINED for i in range(rows)])
    writer.add_token_merges([merge if isinstance(merge, str) else " ".join(merge) for merge in state["model"]["merges"]])
    ids = {"bos": tokenizer.bos_token_id, "eos": tokenizer.eos_token_id, "unk": tokenizer.unk_token_id, "pad": tokenizer.pad_token_id}
    for name, number in ids.items():
        if number is not None:
            getattr(writer, f"add_{name}_token_id")(number)
    other = [stop for stop in stops if stop != tokenizer.eos_token_id]
    if other:  # a turn ends with another token than a text
        writer.add_eot_token_id(other[0])
    writer.add_add_bos_token(begins_with_bos(tokenizer))
    writer.add_chat_template(template)


def begins_with_bos(tokenizer: Any) -> bool:
    """Whether the tokenizer puts a token before each text."""
    ids = tokenizer("a")["input_ids"]
    return tokenizer.bos_token_id is not None and ids[:1] == [tokenizer.bos_token_id]
