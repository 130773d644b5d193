"""Folders with a tokenizer and a chat template small enough to be made in a test: what rules of family K are tried
on.
"""

import atexit
import shutil
import tempfile
from functools import cache
from pathlib import Path

MAX_LENGTH = 64
# All that a template can do wrong, each on its own occasion, so that one model serves the cases of all rules.
TEMPLATE = """{{ '<s>' }}{% if tools %}{{ messages|length }}{% endif %}{% for message in messages -%}
{% if loop.first and message.role == 'system' %}{{ message.content + '\n' }}{% continue %}{% endif -%}
{% if message.role == 'developer' %}{% continue %}{% endif -%}
{% if message.role not in ('user', 'assistant', 'tool') %}{{ raise_exception('role ' + message.role + ' is not known') }}{% endif -%}
{{ '<|im_start|>' + message.role + '\n' + message.content -}}
{% for call in message.tool_calls or [] %}{{ call.function.name + ' ' + call.function.arguments|tojson }}{% else %}{{ '<|im_end|>' }}{% endfor -%}
{{ '\n' }}{% endfor %}{% if add_generation_prompt %}{{ '<|im_start|>assistant\n' }}{% endif %}"""  # noqa: E501


@cache
def model() -> str:
    """A folder with a byte-level tokenizer and that template."""
    from tests.trainer.tiny import make_tokenizer

    return _saved(make_tokenizer(TEMPLATE))


@cache
def model_without_bytes() -> str:
    """A folder with a tokenizer that knows words of a few letters, and a token for all else."""
    from tokenizers import AddedToken, Tokenizer, models, pre_tokenizers, trainers
    from transformers import PreTrainedTokenizerFast

    tokenizer = Tokenizer(models.BPE(unk_token="<unk>"))
    tokenizer.pre_tokenizer = pre_tokenizers.Whitespace()
    special = [
        AddedToken(token, special=True, normalized=False) for token in ("<unk>", "<s>", "<|im_start|>", "<|im_end|>")
    ]
    trainer = trainers.BpeTrainer(vocab_size=200, special_tokens=special, show_progress=False)
    tokenizer.train_from_iterator(["Hi Hello. user assistant"], trainer)
    fast = PreTrainedTokenizerFast(
        tokenizer_object=tokenizer, eos_token="<|im_end|>", bos_token="<s>", unk_token="<unk>"
    )
    fast.chat_template = TEMPLATE
    return _saved(fast)


def model_for(code: str) -> str:
    """The model that a rule's cases are about; empty for rules that need none."""
    return "" if code[0] != "K" else model_without_bytes() if code == "K014" else model()


def _saved(tokenizer: object) -> str:
    folder = Path(tempfile.mkdtemp(prefix="curate-model-"))  # for all tests of the process, so not pytest's
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    tokenizer.save_pretrained(folder)  # type: ignore[attr-defined]
    return str(folder)
