"""Reference data next to the conversation of a reinforcement line, for a grader to judge the answer by."""

from typing import Any, Final

from curate.core.example import Example
from curate.core.targets import OPENAI_AZURE

REINFORCEMENT_TARGETS: Final = OPENAI_AZURE
"""Services that train on prompts with references."""
NOT_REFERENCES: Final = frozenset((
    "messages", "tools", "functions", "tool_choice", "parallel_tool_calls", "response_format", "images", "system",
    "id", "uuid", "source", "metadata", "meta", "dataset", "split", "lang", "language", "category", "tags", "date",
    "timestamp", "weight", "label", "chosen", "rejected", "kto_tag",
))  # fmt: skip
"""Keys that are no references."""


def references(example: Example) -> dict[str, Any]:
    """The keys next to the conversation that a grader may read."""
    return (
        {}
        if example.plain or example.format != "messages"
        else {key: item for key, item in example.value.items() if key not in NOT_REFERENCES}
    )
