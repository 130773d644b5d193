"""Retrieval from a person's documents, beside the tuned model."""

import json
from pathlib import Path
from typing import Any

import pytest

from curate.cli.main import main
from curate.core.errors import InputError
from tests.trainer.tiny import WORDS
from train.evaluation.evaluation_result import Comparison
from train.evaluation.prompts import PASSAGE_CHARS, nearest_passages, passages_in
from train.evaluation.verdict import retrieval_verdict

FAQ = """# Shop

## Returns

A parcel can be sent back within 30 days.

The label is in the parcel.

## Payment

```
# not a heading
```

We take cards and invoices.
"""


def faq(folder: Path) -> Path:
    folder.mkdir()
    (folder / "faq.md").write_text(FAQ)
    (folder / "sub").mkdir()
    (folder / "sub/hours.txt").write_text("# The shop opens at nine.\n\nOn Sunday it is closed.\n")
    (folder / ".hidden.md").write_text("secret")
    (folder / "picture.png").write_bytes(b"\x89PNG")
    return folder


def test_passages_are_paragraphs_of_one_section_below_its_headings(tmp_path: Path) -> None:
    found = passages_in(faq(tmp_path / "docs"))
    assert [(one.file, one.line, one.text) for one in found] == [
        ("faq.md", 5, "Shop\n\nReturns\n\nA parcel can be sent back within 30 days.\n\nThe label is in the parcel."),
        ("faq.md", 11, "Shop\n\nPayment\n\n```\n# not a heading\n```\n\nWe take cards and invoices."),
        ("sub/hours.txt", 1, "# The shop opens at nine.\n\nOn Sunday it is closed."),
    ]


def test_no_word_of_a_long_document_is_lost(tmp_path: Path) -> None:
    words = [f"word{i}" for i in range(2_000)]
    (tmp_path / "long.txt").write_text(" ".join(words[:1_500]) + "\n\n" + "\n".join(words[1_500:]) + "\n" + "x" * 3_000)
    found = passages_in(tmp_path)
    assert max(len(one.text) for one in found) <= PASSAGE_CHARS
    assert "".join(one.text for one in found).count("x") == 3_000
    assert [word for one in found for word in one.text.split() if word.startswith("word")] == words


@pytest.mark.parametrize("content", [None, b"", b"\xff\xfe\x00"])
def test_documents_that_cannot_be_read_are_refused(tmp_path: Path, content: bytes | None) -> None:
    if content is not None:
        (tmp_path / "a.txt").write_bytes(content)
    with pytest.raises(InputError, match="cannot be read" if content else "contains no document"):
        passages_in(tmp_path)


def test_the_passage_with_the_words_of_the_question_is_the_last(tmp_path: Path) -> None:
    pytest.importorskip("bm25s")
    passages = passages_in(faq(tmp_path / "docs"))
    asked = ["Which card is taken?", "When do you open on Sundays?", "zzz", ""]
    found = nearest_passages(asked, passages, 2, None, tmp_path)
    assert [one[-1].line if one else None for one in found] == [11, 1, None, None]


def compared(difference: float, p: float) -> list[Comparison]:
    low, high = difference - 0.1, difference + 0.1
    values = {"difference": difference, "low": low, "high": high, "p": p}
    return [Comparison(metric="macro_f1", system="tuned", against="retrieval", **values)]


def test_the_verdict_on_retrieval_is_by_the_same_test() -> None:
    said = retrieval_verdict(compared(-0.3, 0.001), "macro_f1", 40)
    assert said == "prompting with retrieval is better than this training: by 30.0 ± 10.0 macro F1 (p = 0.001)"
    said = retrieval_verdict(compared(0.3, 0.001), "macro_f1", 40)
    assert said == "this training is better than prompting with retrieval: by 30.0 ± 10.0 macro F1 (p = 0.001)"
    undecided = "neither this training nor prompting with retrieval is measurably better: "
    assert retrieval_verdict(compared(0.05, 0.4), "macro_f1", 40) == undecided + "+5.0 ± 10.0, p = 0.400"
    assert str(retrieval_verdict(compared(0.3, 0.001), "macro_f1", 9)).startswith(undecided)
    assert retrieval_verdict([], "macro_f1", 40) is None


@pytest.mark.slow
def test_documents_are_measured_beside_the_tuned_model(
    finished: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("bm25s")
    docs = tmp_path / "docs"
    docs.mkdir()
    (docs / "words.md").write_text("".join(f"# {word}\n\nTo repeat {word}: {word} {word}.\n" for word in WORDS))
    monkeypatch.setattr("train.evaluation.evaluator.EMBEDDINGS", "offline:none")
    words = ["evaluate", str(finished / "run"), "--documents", str(docs), "--limit", "12"]
    main([*words, "--json", "--quiet"])
    report: dict[str, Any] = json.loads(capsys.readouterr().out)
    names = ["zero-shot", "few-shot", "retrieval", "tuned", "tuned+retrieval"]
    assert [one["name"] for one in report["results"]] == names
    assert (report["passages"], report["embeddings"]) == (len(WORDS), None)
    assert "retrieval: 10 passages of 1 document, ranked by BM25" in report["notes"]
    for output in report["outputs"]:
        word = output["expected"].split()[0]
        line = int(output["passages"][-1].removeprefix("words.md:"))
        assert WORDS[(line - 1) // 3] == word
    main([*words, "--outputs", "1"])
    shown = " ".join(capsys.readouterr().out.split())
    assert report["verdict"]["retrieval"] in shown
    assert "words.md:" in shown
    assert "prompts with fewer" not in shown
    (docs / "words.md").write_text("".join(f"# {word}\n\n{f'Repeat {word}: {word}. ' * 30}\n" for word in WORDS))
    main([*words, "--systems", "retrieval,tuned", "--max-new-tokens", "1", "--json", "--quiet"])
    long_ones = json.loads(capsys.readouterr().out)  # the context of the model is 256 tokens
    assert long_ones["results"][0]["fewer_shots"] == 12
    assert max(len(output["passages"]) for output in long_ones["outputs"]) == long_ones["results"][0]["shots"] < 3
    assert any(note.endswith("takes none: base, retrieval: 12 questions") for note in long_ones["notes"])
