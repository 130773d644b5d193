"""The quality signals of examples in the review: a filter, and an order."""

import json
from pathlib import Path

import polars as pl
import pytest

from curate.cli.main import main
from curate.core.errors import InputError
from curate.read.index import LineIndex
from curate.review import ReviewSession, views
from curate.review.query import mistake_in
from curate.review.training_signals import read_scores
from curate.review.view import why_unscored
from tests.conftest import chat
from tests.screens.conftest import Opens, example_at
from tests.screens.test_training_findings import ids_known


def shown(session: ReviewSession, text: str, sort: str = "line") -> list[int]:
    """The lines in the list, from 1."""
    view = list(views(session, "example", text, sort))[-1]
    return [session.examples.places(view[at])[0].line for at in range(len(view))]


def test_examples_are_filtered_and_sorted_by_signals(lines: LineIndex, open_session: Opens, tmp_path: Path) -> None:
    ids = [example_at(lines, number).id for number in (2, 4, 11)]
    path = tmp_path / "scores.parquet"
    pl.DataFrame(
        {"example": [*ids, "ab" * 16], "fits": [0.9, None, 0.1, 0.0], "doubt": [0.2, 0.5, 0.9, 1.0]}
    ).write_parquet(path)
    session = open_session()
    assert session.examples.sorts == ("line",)
    assert "--scores FILE" in why_unscored(session, "signal:doubt>0")
    session.take(read_scores(path))
    assert not why_unscored(session, "signal:doubt>0")
    assert shown(session, "signal:doubt>=0") == []  # no id is known yet
    session.take(ids_known(lines))
    assert shown(session, "signal:doubt>=0.5") == [4, 11]
    assert shown(session, "signal:fits<0.5") == [11]
    assert shown(session, "signal:fits<=0.9 signal:doubt<0.5") == [2]
    assert shown(session, "", "doubt")[:3] == [11, 4, 2]
    assert len(shown(session, "", "doubt")) == len(session.examples)
    assert list(views(session, "finding", "signal:doubt>0", "line"))[-1].rows.size == 0


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("signal:doubts>0.8", "did you mean doubt?"),
        ("signal:doubt", "like signal:doubt>0.8"),
        ("signal:doubt=0.8", "like signal:doubt>0.8"),
        ("signal:doubt>high", "like signal:doubt>0.8"),
        ("signal:loss>3.5 signal:ifd<.9", ""),
    ],
)
def test_a_mistyped_signal_is_told(text: str, said: str) -> None:
    assert said in mistake_in(text)
    assert bool(said) == bool(mistake_in(text))


@pytest.mark.slow
def test_what_score_writes_is_read_and_other_files_are_refused(tmp_path: Path) -> None:
    Path("data.jsonl").write_text(json.dumps(chat("Where?", "There.")) + "\n")
    assert main(["score", "data.jsonl", "--no-models", "-q", "-o", "scores.parquet"]) == 0
    found = read_scores(Path("scores.parquet"))
    assert len(found.examples) == 1
    assert {"ending", "doubt"} <= found.columns.keys()
    for name, data in (("text.parquet", b"no table"), ("other.parquet", None)):
        path = tmp_path / name
        if data is None:
            pl.DataFrame({"a": [1]}).write_parquet(path)
        else:
            path.write_bytes(data)
        with pytest.raises(InputError):
            read_scores(path)
    with pytest.raises(InputError):
        read_scores(tmp_path / "missing.parquet")
