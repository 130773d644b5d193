"""The signals: the meaning, the cost and the measured accuracy of each on planted faults.

The figures are those of `tests/bench/quality_signals.py` on held-out files: the area under the ROC curve (AUC) for
separating faulty answers from others, at 5% faulty ones. A signal with insufficient accuracy, or that describes an
example and not its quality, is not part of the doubt.
"""

from dataclasses import dataclass
from typing import Final, Literal

from curate.core.json_output import Output

Cost = Literal["text", "embeddings", "loss model", "judge"]


@dataclass(frozen=True, slots=True)
class Signal(Output):
    """A signal: one number per example."""

    name: str
    summary: str
    """The meaning of the number."""
    cost: Cost
    """What it is computed from: the text alone, embeddings, a causal model or a judge."""
    measured: str
    """Its measured accuracy, and on which data."""
    doubts: bool = True
    """Whether it is 1 for good and 0 for doubtful answers, and part of the doubt."""
    problem: str = ""
    """What a low value means; empty for a signal that is not part of the doubt."""


DESCRIPTIVE: Final = "describes the example, no measure of quality"
SIGNALS: Final = (
    Signal("ending", "probability that the answer is complete and not cut off",
           "text", "AUC .99, precision .84 on cut answers",
           problem="the answer seems to be cut off"),
    Signal("beginning", "probability that the answer begins at its beginning",
           "text", "AUC .97, precision .84 on cut beginnings",
           problem="the answer seems to begin in the middle of a text"),
    Signal("loops", "1 without a phrase repeated three times in a row, less for longer loops",
           "text", "AUC .998, precision 1.0 on loops",
           problem="the answer repeats a phrase three or more times in a row"),
    Signal("garbled", "1 for letters that follow each other as in the rest of the file, 0 if garbled",
           "text", "AUC .99, precision .95 on garbled answers",
           problem="the answer has letters unlike the rest of the file: garbled, decoded wrongly, or another language"),
    Signal("language", "probability of the language of the request or of the file",
           "text", "AUC .90, precision .84 on other languages",
           problem="the answer is in another language than its request and the file"),
    Signal("format", "1 for the format of the file: valid JSON, and the sections that 90% have",
           "text", "AUC 1.0, precision 1.0 on broken JSON and missing sections",
           problem="the answer lacks the format that most answers of the file have"),
    Signal("refusal", "share of refusals in the file or at the nearest requests, for a refusal; else 1",
           "text", "rule Q004: precision .97",
           problem="the answer is a refusal, in a file with few refusals"),
    Signal("boilerplate", "share of the answer that is not in answers to other requests",
           "text", "not measured; not part of doubt", doubts=False),
    Signal("fits", "probability that the answer belongs to this request, not to another one",
           "embeddings", "AUC .99 (other topic), .93 (nearest request), by the first 160 characters",
           problem="the answer seems to belong to another request"),
    Signal("label", "probability of the label by models trained without it (classification)",
           "embeddings", "AUC .96, precision .65 on flipped labels",
           problem="similar requests have another label"),
    Signal("rarity", "1 minus the cosine similarity to the nearest other request",
           "embeddings", DESCRIPTIVE, doubts=False),
    Signal("density", "mean cosine similarity to the 10 nearest requests",
           "embeddings", DESCRIPTIVE, doubts=False),
    Signal("loss", "loss of the answer (its first 512 tokens) given the request, in nats per token",
           "loss model", DESCRIPTIVE, doubts=False),
    Signal("ifd", "loss with the request / loss without it (Li et al. 2024)", "loss model", DESCRIPTIVE, doubts=False),
    Signal("judge", "how well the answer meets a rubric of your own, by a language model",
           "judge", "not measured: it is your rubric; see its correlation with the others", doubts=False)
)  # fmt: skip
BY_NAME: Final = {signal.name: signal for signal in SIGNALS}
DOUBT: Final = "doubt"
"""Name of the combination of all signals that take part in it."""
