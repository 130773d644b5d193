"""Chat templates for base models that have none: by name, or from a Jinja file."""

from pathlib import Path
from typing import Final

from curate.core.errors import UsageError

CHATML: Final = (
    "{% for message in messages %}"
    "{{ '<|im_start|>' + message['role'] + '\\n' + message['content'] + '<|im_end|>\\n' }}{% endfor %}"
    "{% if add_generation_prompt %}{{ '<|im_start|>assistant\\n' }}{% endif %}"
)
LLAMA3: Final = (
    "{{ bos_token }}{% for message in messages %}"
    "{{ '<|start_header_id|>' + message['role'] + '<|end_header_id|>\\n\\n' "
    "+ message['content'] | trim + '<|eot_id|>' }}{% endfor %}"
    "{% if add_generation_prompt %}{{ '<|start_header_id|>assistant<|end_header_id|>\\n\\n' }}{% endif %}"
)
ALPACA: Final = (
    "{% for message in messages %}{% if message['role'] == 'system' %}{{ message['content'] + '\\n\\n' }}"
    "{% elif message['role'] == 'user' %}{{ '### Instruction:\\n' + message['content'] + '\\n\\n' }}"
    "{% elif message['role'] == 'assistant' %}{{ '### Response:\\n' + message['content'] + eos_token + '\\n\\n' }}"
    "{% else %}{{ raise_exception('only system, user and assistant') }}{% endif %}{% endfor %}"
    "{% if add_generation_prompt %}{{ '### Response:\\n' }}{% endif %}"
)
TEMPLATES: Final = {"chatml": CHATML, "llama3": LLAMA3, "alpaca": ALPACA}
"""Common templates; `alpaca` needs no control tokens, only an end of text."""


def chat_template_source(name: str) -> str:
    """The source of a chat template, by its name in the table or from a file. Raises `UsageError`."""
    if name in TEMPLATES:
        return TEMPLATES[name]
    try:
        return Path(name).read_text("utf-8")
    except (OSError, UnicodeError) as error:
        raise UsageError(
            f"{name}: no chat template of this name, and no file that can be read ({error.__class__.__name__})",
            f"use one of {', '.join(TEMPLATES)}, or a Jinja file",
        ) from None
