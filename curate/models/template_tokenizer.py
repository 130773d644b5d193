"""A tokenizer for a chat template without a model: one token for each byte, and one for each mark of the template.

It says what a template renders and where the loss mask lies, not how many tokens a text has.
"""

import re
from typing import Any, Final

from curate.core.errors import requiring
from curate.language.reasoning_marks import MARK
from curate.models.chat_templates import boundary_tokens, chat_template_source

CONTROL_TOKEN: Final = re.compile(
    r"<\|[^<>|\s]+\|?>|<[a-z_]+\|>|<｜[^<>｜\s]+｜>|</?s>|\[/?[A-Z_]{3,}\]|<(?:start|end)_of_turn>|<seed:(?:bos|eos|pad)>"
)
"""What templates write as control tokens."""
THINKING_SWITCH: Final = "<|think|>"
"""A mark that looks like a control token and switches reasoning on, in a system prompt."""


def template_tokenizer(name: str) -> Any:
    """The tokenizer of a chat template, by its name in the table or from a file. Raises `UsageError` for an unknown
    template and `MissingExtra` without transformers.
    """
    source = chat_template_source(name)
    with requiring("a chat template", "tokens", "transformers"):
        from tokenizers import Tokenizer, decoders, models, pre_tokenizers
        from transformers import PreTrainedTokenizerFast
    vocabulary = {piece: number for number, piece in enumerate(sorted(pre_tokenizers.ByteLevel.alphabet()))}
    made = Tokenizer(models.BPE(vocab=vocabulary, merges=[]))
    made.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)
    made.decoder = decoders.ByteLevel()
    bos, eos = boundary_tokens(name)
    marks = {mark for mark in CONTROL_TOKEN.findall(source) if not MARK.fullmatch(mark)} - {bos, eos, THINKING_SWITCH}
    return PreTrainedTokenizerFast(
        tokenizer_object=made,
        bos_token=bos or None,
        eos_token=eos,
        additional_special_tokens=sorted(marks),
        chat_template=source,
        name_or_path=name,
        clean_up_tokenization_spaces=False,
    )
