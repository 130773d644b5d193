"""Metrics of answers, one family a file. Each is computed from counts per example, and so are its intervals."""

from typing import Final

from train.scores.calls import ARGUMENT_ACCURACY, CALL_ACCURACY, NAME_ACCURACY
from train.scores.fields import FIELD_ACCURACY, FIELD_F1, JSON_VALID
from train.scores.labels import ACCURACY, MACRO_F1
from train.scores.metric import Metric
from train.scores.text import BLEU, CHRF, EXACT_MATCH, PERPLEXITY, ROUGE_1, ROUGE_L, TOKEN_F1

METRICS: Final[dict[str, Metric]] = {
    metric.name: metric
    for metric in (
        EXACT_MATCH, TOKEN_F1, ACCURACY, MACRO_F1, BLEU, CHRF, ROUGE_1, ROUGE_L, JSON_VALID, FIELD_ACCURACY, FIELD_F1,
        CALL_ACCURACY, NAME_ACCURACY,
        ARGUMENT_ACCURACY, PERPLEXITY,
    )
}  # fmt: skip
