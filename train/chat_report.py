"""What `curate chat --json` prints."""

from train.report import Part


class Answered(Part):
    """A line of `curate chat --json`: one question with its answer."""

    question: str
    answer: str
    tokens: int
    """Of the answer."""
    ended: bool
    """Whether it came to its end before the limit."""
