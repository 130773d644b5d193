"""What each example's loss was whenever it was trained on, `losses.jsonl` in the run's folder: taken from the very pass that made the gradients.

One line a step, its lists in the order of the step's texts:

    {"step": 3, "lines": [12, 7], "texts": [11, 6], "loss": [1.52031, 0.88112], "tokens": [41, 9], "right": [25, 8]}

`lines` are those of train.jsonl, `texts` the numbers of the texts that they became, `loss` the mean over a text's supervised `tokens` in nats, without
weights and with the dropout and noise of training; `right` counts the tokens that greedy decoding would have said. What they say together is in
`datamap.jsonl`; see `train.datamap`.
"""

from collections.abc import Sequence
from pathlib import Path

from train.appended import Appended


class LossBook(Appended):
    """The losses, open to be written on. `lines` gives for each text its line in train.jsonl."""

    def __init__(self, path: Path, lines_of: Sequence[int], *, silent: bool = False) -> None:
        super().__init__(path, silent=silent)
        self.lines_of = lines_of

    def write(self, step: int, texts: Sequence[int], found: Sequence[Sequence[float]]) -> None:
        """Append a step: for each of its texts the sum of its losses, its supervised tokens, and how many of them were right."""
        self.append(
            {
                "step": step,
                "lines": [self.lines_of[text] for text in texts],
                "texts": list(texts),
                "loss": [round(total / count, 5) if count else 0.0 for total, count, _ in found],
                "tokens": [round(count) for _, count, _ in found],
                "right": [round(right) for *_, right in found],
            }
        )
