"""Plain text for continued pretraining: rows such as `{"text": ...}`, read as one message of the assistant."""

from typing import Any, Final

from curate.models.template import Template, load_tokenizer
from curate.models.template_messages import TRAINING_KEYS

TEMPLATE: Final = (
    "{% for message in messages %}{{ message['content'] }}{% endfor %}"
    "{% if not add_generation_prompt %}{{ eos_token }}{% endif %}"
)
"""Chat template that writes texts as they are: what a model is asked is the beginning of the text that it writes."""
GIVEN_SHARE: Final = 0.25
"""Share of a text that a model is given to continue it."""
MAX_CONTINUED_CHARS: Final = 2000
"""Characters of a text that is continued, about 500 tokens; the rest of it is left out there."""


PLAIN_KEYS: Final = frozenset(("role", "content", "weight", *TRAINING_KEYS))
"""Keys of a message that is nothing but text."""


def text_of(value: dict[str, Any]) -> str | None:
    """The text of an object of plain text, such as `{"text": ...}`; None for a conversation."""
    turns = value.get("messages")
    if not isinstance(turns, list) or len(turns) != 1 or not isinstance(turns[0], dict):
        return None
    turn = {key: item for key, item in turns[0].items() if item is not None}  # columns of Arrow add null for others
    content = turn.get("content")
    is_text = turn.get("role") == "assistant" and isinstance(content, str) and turn.keys() <= PLAIN_KEYS
    return content if is_text else None


def continuation(text: str) -> dict[str, Any] | None:
    """The beginning of a text as a question with the rest as its answer; None for a text of a few characters."""
    text = text[:MAX_CONTINUED_CHARS]
    start = int(len(text) * GIVEN_SHARE)
    cut = max(start, text.find(" ", start))  # not between words, in languages that write spaces
    if cut < 1:
        return None
    return {"messages": [{"role": "user", "content": text[:cut]}, {"role": "assistant", "content": text[cut:]}]}


def plain_template(model: str) -> Template:
    """The tokenizer of a model with the template of plain text. Raises `ModelError`."""
    tokenizer = load_tokenizer(model)
    tokenizer.chat_template = TEMPLATE
    return Template(tokenizer)
