"""The input of rules of scope `TOKENS`: an example as the model receives it.

Rendering and masking are those of the trainer.
"""

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from curate.core.example import Example
from curate.lint.rules.roles import conversation_pointer

if TYPE_CHECKING:
    from curate.models.encoding import Encoding
    from curate.models.template import Template


@dataclass(frozen=True, slots=True)
class EncodedExample:
    """An example with its encoding, and the model and settings of the encoding."""

    example: Example
    encoding: "Encoding"
    template: "Template"
    max_length: int
    """Maximum number of tokens of a training example."""
    memory: dict[str, Any] = field(default_factory=dict)
    """Values that rules keep for their finalizers, by rule code."""

    def pointer(self, turn: int) -> str:
        """Pointer to a turn in the original line; to the conversation if there is no such turn."""
        return next(
            (message.pointer for message in self.example.messages if message.index == turn),
            conversation_pointer(self.example),
        )

    def content_pointer(self, turn: int) -> str:
        """Pointer to a turn's content in the original line, else to the turn, else to the conversation."""
        found = next((message for message in self.example.messages if message.index == turn), None)
        return found.content_pointer if found is not None and "content" in found.value else self.pointer(turn)

    def as_read(self, pointer: str) -> str:
        """Convert a pointer into the example's messages to one into the original line."""
        if self.example.pointers is None:
            return pointer
        turn = pointer.removeprefix("/messages/").partition("/")[0]
        return self.pointer(int(turn)) if turn.isdigit() else conversation_pointer(self.example)
