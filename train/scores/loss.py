"""How likely a model finds the answers of the data: what it has learnt of them, whether or not its own wording is the same."""

from collections.abc import Sequence

import numpy as np

from train.scores.metric import Expected, Given, Matrix, Metric, Scorer, ratio


class Perplexity:
    """The exponential of the mean cross-entropy per token of the expected answers."""

    def counts(self, expected: Expected, given: Given) -> Sequence[float]:  # noqa: ARG002  (all metrics are asked alike)
        """The loss in nats, and the tokens."""
        return given.loss, float(given.tokens)

    def score(self, sums: Matrix) -> Matrix:
        """exp of the mean; beyond 1e30 nobody cares."""
        return np.exp(np.minimum(ratio(sums[..., 0], sums[..., 1]), 69.0))


def _perplexity(_: Sequence[Expected]) -> Scorer:
    return Perplexity()


PERPLEXITY = Metric("perplexity", "answer perplexity", _perplexity, higher=False, percent=False)
