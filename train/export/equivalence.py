"""The equivalence test of an export: logits, greedy answers and loss of two models on the same questions, compared."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, Final

import torch
from torch import Tensor

from curate.core.errors import ModelError
from curate.models.encoding import IGNORE_INDEX
from curate.models.template import Template
from curate.models.template_messages import common_length
from train.export.export_result import Proof
from train.export.questions import Questions
from train.memory.hardware import tokens_that_fit
from train.model.base import autocast, device
from train.model.generation import answers

BATCH_SIZE: Final = 8
MAX_POSITIONS: Final = 8
"""Maximum positions per question: 50 questions and a vocabulary of 150,000 take 240 MB in float32."""
TOLERANCE: Final = 0.05
"""Maximum rounding error, as a share of what training changed."""
QUANTISED: Final = {"q8_0": (0.5, 0.05), "q6_K": (0.5, 0.05), "q5_K_M": (1.0, 0.1), "q4_K_M": (1.0, 0.1)}
"""The same for weights in fewer bits, and the maximum rise of the loss, in nats."""


@dataclass(frozen=True, slots=True)
class ModelOutputs:
    """The outputs of one model."""

    logits: tuple[Tensor, ...]
    """Per question (positions, vocabulary) in float32 on the CPU: before the answer of the data and in it."""
    answers: tuple[tuple[int, ...], ...]
    """Tokens of the most likely answers, without the one that ends them."""
    stopped: int
    """Answers that ended before the limit."""
    loss: float
    """Mean over the tokens of the answers of the data, in nats."""


@dataclass(frozen=True, slots=True)
class EquivalenceTest:
    """Queries models with the questions of the test."""

    template: Template
    questions: Questions
    dtype: torch.dtype
    """Of the computation."""
    done: Callable[[int], None]
    """Is called with numbers of questions."""

    def outputs(self, model: Any) -> ModelOutputs:
        """Logits, greedy answers and loss of a model on all questions."""
        logits, loss, tokens = [], 0.0, 0
        for predicted, labels in self._labelled(model):
            loss += float(torch.nn.functional.cross_entropy(predicted, labels, reduction="sum"))
            tokens += len(labels)
            logits.append(predicted[:MAX_POSITIONS].cpu())
            self.done(1)
        answers, stopped = self._answers(model)
        return ModelOutputs(tuple(logits), answers, stopped, loss / tokens)

    def logits(self, model: Any) -> tuple[Tensor, ...]:
        """The logits alone."""
        return tuple(predicted[:MAX_POSITIONS].cpu() for predicted, _ in self._labelled(model))

    @torch.no_grad()
    def _labelled(self, model: Any) -> Iterator[tuple[Tensor, Tensor]]:
        """Per question the logits (tokens, vocabulary) that predict the answer of the data, and its tokens."""
        model.eval()
        for text in self.questions.texts:
            positions = [i for i, label in enumerate(text.labels) if label != IGNORE_INDEX]
            ids = torch.tensor([text.input_ids], device=device())
            with autocast(self.dtype):
                logits = model(input_ids=ids, attention_mask=torch.ones_like(ids)).logits[0]
            yield logits[-len(text.input_ids) :][[i - 1 for i in positions]].float(), ids[0, positions]

    def _answers(self, model: Any) -> tuple[tuple[tuple[int, ...], ...], int]:
        """The tokens of each answer, and how many answers ended with a stop token."""
        questions, limit = self.questions, self.questions.max_new_tokens
        how = (model, self.template, questions.prompts, list(questions.stops), self.dtype)
        completions = []
        for batch in answers(*how, max_new_tokens=limit, room=tokens_that_fit(model, self.dtype), at_once=BATCH_SIZE):
            completions += batch
            self.done(len(batch))
        return tuple(tuple(completion.ids) for completion in sorted(completions)), sum(
            completion.ended for completion in completions
        )

    @torch.no_grad()
    def near_tie(
        self, model: Any, question: int, expected: tuple[int, ...], given: tuple[int, ...], slack: float
    ) -> bool:
        """Whether two answers first differ where the logits of both next tokens are within `slack` of each other."""
        common = common_length(expected, given)
        ids = torch.tensor([[*self.template.ids(self.questions.prompts[question]), *given[:common]]], device=device())
        with autocast(self.dtype):
            last = model(input_ids=ids, attention_mask=torch.ones_like(ids)).logits[0, -1].float()
        stop = float(last[list(self.questions.stops)].max()) if self.questions.stops else float("-inf")
        first, second = (float(last[answer[common]]) if common < len(answer) else stop for answer in (expected, given))
        return abs(first - second) <= slack


def root_mean_square(left: tuple[Tensor, ...], right: tuple[Tensor, ...]) -> float:
    """Root mean square of the differences of two models' logits, without padding of the vocabulary."""
    total = count = 0.0
    for a, b in zip(left, right, strict=True):
        width = min(a.shape[1], b.shape[1])
        total += float((a[:, :width] - b[:, :width]).double().square().sum())
        count += a.shape[0] * width
    return float((total / count) ** 0.5)


def compare(
    test: EquivalenceTest,
    reference: ModelOutputs,
    candidate: ModelOutputs,
    model: Any,
    effect: float | None,
    trained_loss: float | None,
) -> Proof:
    """The proof that a candidate is equivalent to the reference. `model`: the candidate, queried again if answers
    differ; `effect`: how much training changed the logits, None after full fine-tuning.
    """
    pairs = list(zip(reference.logits, candidate.logits, strict=True))
    largest = max(float((a[:, : b.shape[1]] - b[:, : a.shape[1]]).abs().max()) for a, b in pairs)
    differing = [i for i, (a, b) in enumerate(zip(reference.answers, candidate.answers, strict=True)) if a != b]
    ties = sum(test.near_tie(model, i, reference.answers[i], candidate.answers[i], 2 * largest) for i in differing)
    scale = effect if effect is not None else float(torch.cat(reference.logits).std())
    return Proof(
        prompts=len(reference.answers), positions=sum(len(a) for a in reference.logits),
        max_logit_difference=largest, adapter_effect=effect,
        relative_error=root_mean_square(reference.logits, candidate.logits) / scale,
        equal_texts=len(reference.answers) - len(differing), near_ties=ties,
        max_new_tokens=test.questions.max_new_tokens, stopped=candidate.stopped,
        adapter_loss=reference.loss, export_loss=candidate.loss, trained_loss=trained_loss,
    )  # fmt: skip


def require_equivalent(proof: Proof, what: str, dtype: str = "auto") -> None:
    """Raises `ModelError` if the export differs from the adapter by more than the dtype of its weights explains.

    `what`: the name of the export in messages.
    """
    if proof.adapter_effect is not None and proof.adapter_effect == 0:
        hint = "train longer, or with a higher learning rate"
        raise ModelError(f"{what}: the adapter does not change the output of the base", hint)
    differs = (
        f"{what}: differs from the adapter: its logits differ by {proof.relative_error:.1%} of what training "
        f"changed (the largest by {proof.max_logit_difference:.3g}); nothing was written"
    )
    if dtype in QUANTISED:
        error, rise = QUANTISED[dtype]
        if not (proof.relative_error <= error and proof.export_loss <= proof.adapter_loss + rise):
            raise ModelError(differs, "use --dtype float16, which rounds less")
        return
    if not proof.relative_error <= TOLERANCE:  # NaN is not
        raise ModelError(
            differs,
            "use --dtype float32, which does not round; if that fails too, this is a bug in curate",
        )
    wrong = proof.prompts - proof.equal_texts - proof.near_ties
    if wrong:
        raise ModelError(
            f"{what}: {wrong} of {proof.prompts} answers differ from those of the adapter; nothing was written",
            "use --dtype float32, which does not round",
        )
