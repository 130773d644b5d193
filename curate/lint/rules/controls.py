"""Family K without a model: control tokens in texts, from a dated table of common model families."""

import re
from typing import Final

from curate.core.example import SPEAKING_ROLES
from curate.core.finding import Severity
from curate.core.lazy import lazy_pattern, pl
from curate.core.targets import Target
from curate.lint.rules.polars_text_helpers import judged_by
from curate.lint.rules.prefilter import literals, shared_patterns
from curate.lint.rules.rule import text_rule

# As of 2026-11, written by hand from the families' documentation. `--model` reads the tokenizer itself.
FAMILIES: Final = {
    "Llama 2, Mistral": (
        "<s>", "</s>", "<unk>", "[INST]", "[/INST]", "<<SYS>>", "<</SYS>>", "[AVAILABLE_TOOLS]", "[/AVAILABLE_TOOLS]",
        "[TOOL_CALLS]", "[TOOL_RESULTS]",
        "[/TOOL_RESULTS]", "[SYSTEM_PROMPT]", "[/SYSTEM_PROMPT]",
    ),
    "Llama 3 and 4": (
        "<|begin_of_text|>", "<|end_of_text|>", "<|start_header_id|>", "<|end_header_id|>", "<|eot_id|>", "<|eom_id|>",
        "<|python_tag|>", "<|header_start|>",
        "<|header_end|>", "<|eot|>", "<|eom|>", "<|finetune_right_pad_id|>",
    ),
    "ChatML, Qwen": ("<|im_start|>", "<|im_end|>", "<|im_sep|>", "<|vision_start|>", "<|vision_end|>", "<|image_pad|>", "<|video_pad|>"),
    "GPT, Qwen, Phi": ("<|endoftext|>", "<|endofprompt|>", "<|fim_prefix|>", "<|fim_middle|>", "<|fim_suffix|>"),
    "gpt-oss": ("<|start|>", "<|message|>", "<|channel|>", "<|return|>", "<|call|>", "<|constrain|>", "<|startoftext|>"),
    "Phi, Zephyr, GLM": ("<|system|>", "<|user|>", "<|assistant|>", "<|end|>", "<|observation|>", "[gMASK]"),
    "Gemma": ("<bos>", "<eos>", "<start_of_turn>", "<end_of_turn>", "<start_of_image>", "<end_of_image>"),
    "DeepSeek": (
        "<｜begin▁of▁sentence｜>", "<｜end▁of▁sentence｜>", "<｜User｜>", "<｜Assistant｜>", "<｜tool▁calls▁begin｜>",
        "<｜tool▁calls▁end｜>",
        "<｜tool▁outputs▁begin｜>", "<｜tool▁outputs▁end｜>", "<|EOT|>",
    ),
    "Command R": (
        "<|START_OF_TURN_TOKEN|>", "<|END_OF_TURN_TOKEN|>", "<|USER_TOKEN|>", "<|CHATBOT_TOKEN|>", "<|SYSTEM_TOKEN|>",
        "<BOS_TOKEN>", "<EOS_TOKEN>",
    ),
    "Granite": ("<|start_of_role|>", "<|end_of_role|>"),
}  # fmt: skip
FAMILY_OF: Final = {token: family for family, tokens in FAMILIES.items() for token in tokens}
TOKEN: Final = lazy_pattern("|".join(map(re.escape, sorted(FAMILY_OF, key=len, reverse=True))))
PIPE_START: Final = "<|"
WIDE_PIPE_START: Final = "<｜"
BOS_MARK: Final = "<s>"
OTHER_TOKENS: Final = tuple(
    token for token in FAMILY_OF if not token.startswith((PIPE_START, WIDE_PIPE_START)) and token != BOS_MARK
)
TOKEN_HINT: Final = "|".join(map(re.escape, (PIPE_START, WIDE_PIPE_START, BOS_MARK, *OTHER_TOKENS)))
STRIKETHROUGH: Final = lazy_pattern(r"<s>(?!\s*\[INST\]).{1,1000}?</s>", re.DOTALL)
MARKUP: Final = lazy_pattern(
    r"</?(?:p|div|br|b|i|u|em|strong|span|del|ins|a|li|ul|ol|td|tr|h[1-6])\b[^<>]{0,200}>", re.IGNORECASE
)


@text_rule(
    "K016",
    "control-token",
    Severity.WARNING,
    prefilter=shared_patterns(TOKEN_HINT),
    hint="Remove or rewrite the text: the model's template writes such tokens. `--model` reports exactly the tokens "
    "of your model.",
)
def control_token() -> "pl.Expr":
    """A message contains the text of a control token of a common model family.

    The family's tokenizer reads it as the token. In an answer it teaches the model to stop or to open another turn
    early. In a question it lets the user speak as the assistant. The rule uses a table of families (November 2026);
    with `--model`, K010 asks the tokenizer instead. Lines of plain `text`, which have no template, and `<s>...</s>`
    around struck-through words are skipped.
    Bad: {"messages": [{"role": "user", "content": "What is the capital of France?"}, {"role": "assistant", "content": "Paris.</s>"}]}
    Good: {"messages": [{"role": "user", "content": "What is the capital of France?"}, {"role": "assistant", "content": "Paris."}]}
    """
    text = pl.col("text")
    rendered = pl.col("joined") & (pl.col("role") == "assistant") & (pl.col("turn") == 0)
    return judged_by(pl.when(~rendered & text.str.contains(TOKEN_HINT)).then(text), _control_message)


RESERVED: Final = ("User:", "Bot:", "Assistant:", "System:", "Thought:", "<image>", "<video>", "<unk>", "[EOS]")


@text_rule(
    "K017",
    "nova-reserved-word",
    Severity.ERROR,
    only=(Target.BEDROCK,),
    prefilter=literals(RESERVED),
    hint="Write another word: `Customer:` for `User:`, `Support:` for `Assistant:`.",
)
def nova_reserved_word() -> "pl.Expr":
    """A text contains a word that Amazon Nova reserves.

    Fine-tuning jobs fail on texts with User:, Bot:, Assistant:, System:, Thought:, <image>, <video>, <unk> or [EOS],
    anywhere in the text, in upper or lower case (guide to preparing data for Nova, and the validators of its samples,
    read November 2026).
    Bad: {"messages": [{"role": "user", "content": "User: What is the capital of France?"}, {"role": "assistant", "content": "Paris."}]}
    Good: {"messages": [{"role": "user", "content": "Customer: What is the capital of France?"}, {"role": "assistant", "content": "Paris."}]}
    """
    reserved_word = pl.col("text").str.extract(f"(?i)({'|'.join(map(re.escape, RESERVED))})")
    speaks = pl.col("role").is_in(sorted(SPEAKING_ROLES))
    return pl.when(speaks & reserved_word.is_not_null()).then(
        pl.format("{} is a reserved word of Amazon Nova", reserved_word)
    )


def _control_message(text: str) -> str | None:
    """The message for a text with one of the tokens; None for others. The number of passes over a text part is
    bounded.
    """
    stripped = text.strip()
    begin, marked = text.find(stripped[:1]), None
    for match in TOKEN.finditer(
        STRIKETHROUGH.sub(
            lambda struck: struck[0] if struck[0] == stripped else _without_strikethrough(struck[0]), text
        )
    ):
        token, start = match.group(), match.start()
        if token == BOS_MARK and start > begin:  # a type parameter, or an element that HTML allows to stay open
            if marked is None:
                marked = MARKUP.search(text) is not None
            if marked or text[start - 1].isalnum():
                continue
        return f"{token} is a control token of {FAMILY_OF[token]}"
    return None


def _without_strikethrough(text: str) -> str:
    """The text without strike-through tags, at the same length."""
    return text.replace("</s>", "\0" * 4).replace(BOS_MARK, "\0" * 3)
