"""Tokens are made once and kept in a file; what is read from it is what was encoded."""

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from curate.core.errors import InputError
from curate.models.encoding import IGNORE_INDEX, Encoded, Encoding, Rendered
from curate.models.template import Template
from tests.trainer.tiny import CHATML, conversations, load_split, make_tokenizer, write_split
from train.encoded_texts import EncodedTexts
from train.recipe import Recipe

if TYPE_CHECKING:
    from train.data.splits import TokenizedSplit


def load(folder: Path, *, template: str = CHATML, **values: Any) -> "TokenizedSplit":
    return load_split(folder, "train", Template(make_tokenizer(template)), Recipe(model="m", data="d", **values))


def ids(split: "TokenizedSplit") -> list[list[int]]:
    return [text.input_ids for text in split.encoded]


@pytest.fixture
def encoded(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """One entry for each example that is encoded."""
    counted, encode = list[int](), Template.encode

    def counting(template: Template, value: dict[str, Any], *, as_one: bool = False) -> Encoding:
        counted.append(1)
        return encode(template, value, as_one=as_one)

    monkeypatch.setattr(Template, "encode", counting)
    return counted


@pytest.mark.slow
def test_tokens_are_made_once_for_equal_data_template_and_length(tmp_path: Path, encoded: list[int]) -> None:
    folder = write_split(tmp_path / "split", train=5)
    first = load(folder)
    assert ids(load(folder)) == ids(first)
    assert len(encoded) == 5
    load(folder, rank=4, over_length="leave-out")  # what does not change the tokens
    assert len(encoded) == 5
    load(folder, max_length=100)
    load(folder, template=CHATML.replace("You are", "Be"))
    (folder / "train.jsonl").write_text("".join(json.dumps(one) + "\n" for one in conversations(4)))
    load(folder)
    assert len(encoded) == 5 + 5 + 5 + 4
    with pytest.raises(InputError, match="has changed since the training began"):
        list(first.examples())


@pytest.mark.slow
def test_damaged_tokens_are_made_again_and_without_a_folder_none_are_kept(tmp_path: Path, encoded: list[int]) -> None:
    folder, cache = write_split(tmp_path / "split", train=5), tmp_path / "cache"
    first = ids(load(folder))
    (entry,) = cache.glob("tokens/*.bin")
    entry.write_bytes(entry.read_bytes()[:-4] + b"\1\0\0\0")
    assert ids(load(folder)) == first
    assert len(encoded) == 10
    for file in cache.glob("tokens/.*"):
        file.unlink()
    for file in cache.glob("tokens/*"):
        file.unlink()
    (cache / "tokens").rmdir()
    (cache / "tokens").write_text("a file")
    assert ids(load(folder)) == ids(load(folder)) == first
    assert len(encoded) == 20


def test_a_text_is_read_as_it_was_encoded() -> None:
    turns = [turn for one in conversations(3) for turn in one["messages"]]
    turns[3] = {**turns[3], "weight": 0}
    turns[5] = {**turns[5], "weight": 0.3}
    texts = Template(make_tokenizer()).encode({"messages": turns, "weight": 0.7}).encoded
    (text,), (read,) = texts, EncodedTexts.of(texts)
    assert (read.input_ids, read.labels, read.weights) == (text.input_ids, text.labels, text.weights)
    assert len({weight for weight in text.weights if weight}) == 2


TOKENS = st.tuples(st.integers(0, 9), st.sampled_from([0.0, 0.0, 0.5, 1.0]))
"""A token and its loss weight; 0 if it is not trained on."""


@given(texts=st.lists(st.lists(TOKENS, min_size=1, max_size=8), min_size=1, max_size=4), stored=st.booleans())
def test_packed_texts_are_trained_on_as_each_alone(texts: list[list[tuple[int, float]]], stored: bool) -> None:
    from train.batching import pack

    encoded: Any = [
        Encoded(
            [token for token, _ in text],
            [token if weight else IGNORE_INDEX for token, weight in text],
            [weight for _, weight in text],
            Rendered("", ()),
        )
        for text in texts
    ]
    if stored:
        encoded = list(EncodedTexts.of(encoded))
    packed = pack(encoded)
    predicted = zip(
        packed.owners.tolist(),
        packed.position_ids[0, packed.keep].tolist(),
        packed.targets.tolist(),
        packed.weights.tolist(),
        strict=True,
    )
    assert list(predicted) == [
        (number, position - 1, token, weight)
        for number, text in enumerate(texts)
        for position, (token, weight) in enumerate(text)
        if weight and position
    ]


@pytest.mark.slow
def test_a_sample_of_a_split_is_spread_evenly_over_it(tmp_path: Path) -> None:
    whole = load(write_split(tmp_path / "split", train=10))
    part = whole.sample(4)
    assert part.lines.tolist() == [1, 3, 6, 8]
    assert ids(part) == [ids(whole)[line - 1] for line in (1, 3, 6, 8)]
    assert [example.place.line for example in part.examples()] == [1, 3, 6, 8]
    assert part.owners.tolist() == [0, 1, 2, 3]
    assert whole.sample(10) is whole


@pytest.mark.slow
def test_an_example_of_exactly_max_length_is_trained_on_and_one_token_more_is_left_out(tmp_path: Path) -> None:
    folder = write_split(tmp_path / "split", train=3)
    longer = {"messages": [{"role": "user", "content": "Number"}, {"role": "assistant", "content": "red " * 40}]}
    with (folder / "train.jsonl").open("a") as file:
        file.write(json.dumps(longer) + "\n")
    longest = int(load(folder, max_length=1000).encoded.lengths[3])
    whole = load(folder, max_length=longest)
    assert (len(whole.lines), whole.left_out) == (4, ())
    part = load(folder, max_length=longest - 1, over_length="leave-out")
    assert part.lines.tolist() == [1, 2, 3]
    assert [(one.line, one.reason) for one in part.left_out] == [
        (4, f"K001 {longest} tokens, more than max_length = {longest - 1}")
    ]
    with pytest.raises(InputError, match="K001"):
        load(folder, max_length=longest - 1)
