"""Whether two reviewers decided alike, as the journal tells it."""

import json
from pathlib import Path

import pytest

from curate.cli.main import main
from curate.commands.review_history import cohens_kappa
from curate.core.decision import FORMAT, Decision
from curate.project.decision_log import DecisionLog


def say(who: str, words: dict[int, str], rating: int | None = None) -> Path:
    log = DecisionLog(Path(f"{who}.jsonl"))
    for number, word in words.items():
        example = f"{number:032x}"
        log.add(Decision(format=FORMAT, example=example, verdict=word, who=who, replaces=(), scope="finding",
                         about="M006"))  # fmt: skip
        if rating:
            log.add(Decision(format=FORMAT, example=example, record="rating", verdict="undecided", why=str(rating),
                             who=who, replaces=()))  # fmt: skip
    return log.path


def test_kappa_is_that_of_the_textbook() -> None:
    answers = [("yes", "yes")] * 20 + [("yes", "no")] * 5 + [("no", "yes")] * 10 + [("no", "no")] * 15
    assert cohens_kappa(answers) == 0.4
    assert cohens_kappa([("1", "1"), ("5", "5"), ("3", "4")], squared=True) == pytest.approx(1 - 3 / 51, abs=1e-4)
    assert (cohens_kappa([]), cohens_kappa([("keep", "keep")])) == (None, None)


def test_agreement_of_two_journals(capsys: pytest.CaptureFixture[str]) -> None:
    ann = say("ann", {1: "keep", 2: "drop", 3: "keep", 4: "drop", 9: "keep"}, 4)
    bob = say("bob", {1: "keep", 2: "drop", 3: "drop", 4: "drop", 8: "keep"}, 5)
    assert main(["review", "--agreement", str(ann), str(bob), "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    verdicts, ratings = found["pairs"]
    assert (verdicts["items"], verdicts["agreed"], verdicts["kappa"]) == (4, 3, 0.5)
    assert (ratings["items"], ratings["agreed"], ratings["kappa"]) == (4, 0, 0.0)
    assert [one["opinions"] for one in found["disagreements"] if one["about"] == "M006"] == [
        {"ann": "keep", "bob": "drop"}
    ]
    assert main(["review", "--agreement", str(ann), str(bob)]) == 0
    assert "ann and bob: 4 verdicts in common, 75.0% equal, kappa 0.50" in capsys.readouterr().out


def test_the_last_word_of_each_reviewer_counts(capsys: pytest.CaptureFixture[str]) -> None:
    ann = DecisionLog(say("ann", {1: "keep"}))
    first = ann.decisions[0]
    bob = Decision(format=FORMAT, example=first.example, verdict="drop", who="bob", replaces=(first.id,),
                   scope="finding", about="M006")  # fmt: skip
    ann.add(bob, Decision(format=FORMAT, example=first.example, verdict="undecided", who="bob", replaces=(bob.id,),
                          scope="finding", about="M006"))  # fmt: skip
    main(["review", "--agreement", "ann.jsonl", "--json"])
    assert json.loads(capsys.readouterr().out)["pairs"][0]["items"] == 0


def test_agreement_names_what_is_missing(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["review", "--agreement", "gone.jsonl"]) == 2
    assert "gone.jsonl: no such journal" in capsys.readouterr().err
    assert main(["review", "--agreement", str(say("ann", {1: "keep"}))]) == 0
    assert "only one reviewer, ann, in these journals" in capsys.readouterr().out
    with Path("ann.jsonl").open("a") as file:
        file.write("{}\n")
    assert main(["review", "--agreement", "ann.jsonl"]) == 0
    assert "ann.jsonl: line 2 is not a valid decision and is ignored" in capsys.readouterr().err
