"""Whether a training learnt its examples by heart, and how that is told."""

import json
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from curate.cli.main import main
from curate.models.encoding import IGNORE_INDEX, Encoded, Rendered
from tests.trainer.tiny import make_tokenizer, write_recipe
from train.report.overfitting import overfitting
from train.results import Overfitting


def journal(held_out: list[float], train: list[float] | None = None) -> list[dict[str, Any]]:
    """Ten steps before each measurement."""
    lines: list[dict[str, Any]] = []
    for number, loss in enumerate(held_out):
        was = train[number] if train else 1 / (number + 1)
        lines += [{"step": 10 * number + step, "loss": was, "supervised": 50} for step in range(1, 11)]
        lines.append({"event": "validation", "step": 10 * number + 10, "validation_loss": loss})
    return lines


def probed(trained: int, held_out: int = 0, general: float = 2.0) -> dict[str, Any]:
    return {
        "trained": [at < trained for at in range(20)],
        "held_out": [at < held_out for at in range(20)],
        "general": [general + at / 10 for at in range(10)],
    }


def test_a_held_out_loss_that_rises_again_is_overfitting() -> None:
    found = overfitting(journal([2.0, 1.5, 1.2, 1.4, 1.9], [2.0, 1.2, 0.8, 0.4, 0.1]), 30, 5.0, 1.2, None, None)
    assert found.signs == ("overfits",)
    assert found.best_step == 30
    assert found.rise == pytest.approx(0.7)
    assert found.gap == pytest.approx(1.8)
    assert (
        found.sentences[0]
        == "The held-out loss stopped improving after step 30 of 50 (1.20, 1.90 at the end), and that adapter was kept."
    )
    assert "1.80 nats above that of training (0.10)" in found.sentences[1]
    assert found.sentences[-1].startswith("It overfits: use fewer epochs")
    assert (
        "and the adapter of step 50 was kept"
        in overfitting(journal([2.0, 1.5, 1.9]), 50, 5.0, 1.9, None, None).sentences[0]
    )


@pytest.mark.slow
def test_a_loss_that_falls_or_stays_is_none() -> None:
    from train.report.training_report import overfitting_text

    for held_out in ([2.0, 1.5, 1.2], [2.0, 1.2, 1.21]):
        assert overfitting(journal(held_out), 30, 5.0, 1.2, None, None).signs == ()
    assert overfitting(journal([2.0, 1.2, 1.26]), 20, 5.0, 1.2, None, None).signs == ("overfits",)
    assert overfitting(journal([1.0]), 10, 5.0, 1.0, None, None).signs == ()
    nothing = overfitting([], 3, 5.0, 1.0, None, None)
    assert (nothing.curve, nothing.train_loss, nothing.gap, nothing.signs) == ((), None, None, ())
    assert "only at the end" in nothing.sentences[0]
    shown = StringIO()
    Console(file=shown).print(*overfitting_text(nothing), sep="\n")
    assert "No sign of overfitting in what was measured." in shown.getvalue()
    broken = overfitting(journal([float("nan"), 2.0, float("inf"), 1.5]), 40, 5.0, 1.5, None, None)
    assert [(point.step, point.held_out) for point in broken.curve] == [(20, 2.0), (40, 1.5)]
    assert broken.sentences[0] == "2 measurements of the held-out loss gave no number."
    assert json.loads(broken.model_dump_json()) == broken.model_dump(mode="json")


@pytest.mark.parametrize(
    ("before", "after", "signs"),
    [
        (probed(0), probed(12), ("memorises",)),
        (probed(0), probed(2), ()),
        (probed(11), probed(12), ()),  # the base knew them
        (
            probed(0),
            probed(12, held_out=12),
            (),
        ),  # what is not trained on is said as well: it was learnt, not memorised
        (probed(0), probed(0, general=2.4), ("forgets",)),
        (probed(0), probed(0, general=1.5), ()),
        (None, probed(12), ()),
    ],
)
def test_memory_and_forgetting_are_measured_against_what_was_there_before(
    before: Any, after: Any, signs: tuple[str, ...]
) -> None:
    found = overfitting([], 3, 5.0, 1.0, before, after)
    assert found.signs == signs
    assert len([sentence for sentence in found.sentences if sentence.startswith("It ")]) == len(signs)


def test_a_held_out_loss_above_that_of_the_base_is_a_sign() -> None:
    worse = overfitting(journal([5.95, 5.94]), 20, 5.9369, 5.948, None, None)
    assert worse.signs == ("worsens",)
    assert worse.sentences[0] == "The held-out loss is above that of the base: 5.9369 before, 5.9480 after."
    assert worse.sentences[-1].startswith("It made the model worse: use a lower learning rate")
    for after in (5.9369, 5.93):
        assert overfitting(journal([5.95, 5.94]), 20, 5.9369, after, None, None).signs == ()


@pytest.mark.slow
def test_it_is_drawn_for_a_terminal_and_for_a_browser() -> None:
    from train.report.training_report import loss_plot, overfitting_html, overfitting_text

    found = overfitting(
        journal([2.0, 1.5, 1.2, 1.4, 1.9], [2.0, 1.2, 0.8, 0.4, 0.1]), 30, 5.0, 1.2, probed(0), probed(12)
    )
    lines = [line.plain for line in loss_plot(found.curve)]
    assert max(map(len, lines)) < 80
    assert sum(line.count("·") for line in lines[:-1]) + 2 * sum(line.count("◉") for line in lines[:-1]) >= 5
    console = Console(record=True, width=80, file=StringIO())
    console.print(*overfitting_text(found), sep="\n")
    assert "12 of 20 training answers are continued word for word" in " ".join(console.export_text().split())
    page = "".join(overfitting_html(found))
    assert page.count("<polyline") == 2
    assert page.count('class="warning"') == 2
    assert list(loss_plot(found.curve[:1])) == []
    assert list(overfitting_html(None)) == []


@pytest.mark.slow
def test_a_probe_says_what_greedy_decoding_would(tiny_model: Path) -> None:
    import torch

    from curate.models.template import Template
    from train.model.base import load_base
    from train.recipe import Recipe
    from train.training.held_out import probe, probe_texts

    torch.set_num_threads(1)
    model = load_base(Recipe(model=str(tiny_model), data="d", method="lora", quantisation="none"), torch.float32)
    template = Template(make_tokenizer())
    asked = template.ids("<|im_start|>user\nNumber 3: repeat red twice.")
    said = model.generate(torch.tensor([asked]), max_new_tokens=12, min_new_tokens=12, do_sample=False)[
        0, len(asked) :
    ].tolist()
    other = [*said[:-1], (said[-1] + 1) % 100]
    encoded = [
        Encoded(
            [*asked, *one], [IGNORE_INDEX] * len(asked) + one, [0.0] * len(asked) + [1.0] * len(one), Rendered("", ())
        )
        for one in (said, other, said)
    ]
    texts = probe_texts(encoded, encoded[:1], template, 3)
    assert probe_texts(encoded, encoded, template, 0) == ([], [], [])
    assert [len(part) for part in probe_texts([*encoded] * 3, [], template, 4)] == [3, 0, 24]
    found = probe(model, texts, torch.float32, packing=True, done=lambda _: None)
    assert (found.trained, found.held_out) == ([True, False, True], [True])
    with torch.no_grad():
        model.lm_head.weight.zero_()
    found = probe(model, texts, torch.float32, packing=True, done=lambda _: None)
    assert all(
        loss == pytest.approx(float(torch.log(torch.tensor(float(model.config.vocab_size)))), rel=1e-4)
        for loss in found.general
    )


@pytest.mark.slow
def test_a_training_tells_it_and_so_does_an_evaluation_on_request(
    project: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (project / "split/validation.jsonl").write_bytes((project / "split/test.jsonl").read_bytes())
    write_recipe(project, max_steps=8, generations=0, evaluate_every=2, probes=None)
    run = project / "run"
    assert main(["train", str(project / "recipe.toml"), "--run-dir", str(run), "--quiet"]) == 0
    told = capsys.readouterr().out
    assert "Overfitting" in told
    assert "asy and hard examples" in told
    report = json.loads((run / "report.json").read_bytes())
    assert [point["step"] for point in report["overfitting"]["curve"]] == [2, 4, 6, 8]
    assert report["overfitting"]["general"]["prompts"] == 24
    assert len(report["data_map"]["hardest"]) == 10
    page = (run / "report.html").read_text()
    assert "overfit" in page
    assert "rank = 4\nalpha = " in page
    assert '<svg class="dots"' in page or report["data_map"]["visits"] < 2
    status = main(["evaluate", str(run), "--overfitting", "--json"])
    found = Overfitting.model_validate_json(capsys.readouterr().out)
    assert found.model_dump(mode="json") == report["overfitting"]
    assert status == (1 if found.signs else 0)
    del report["overfitting"]
    (run / "report.json").write_text(json.dumps(report))
    assert main(["evaluate", str(run), "--overfitting"]) == 2
    assert "has no diagnosis of overfitting" in capsys.readouterr().err


@pytest.mark.slow
def test_a_training_that_diverges_says_so_once(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (project / "split/validation.jsonl").write_bytes((project / "split/test.jsonl").read_bytes())
    write_recipe(
        project, method="full", rank=None, dropout=None, learning_rate=1.0, max_steps=6, generations=0, evaluate_every=2
    )
    assert main(["train", str(project / "recipe.toml"), "--run-dir", str(project / "run")]) == 0
    told = capsys.readouterr()
    assert told.err.count("this training diverges; stop it, and start over with a lower learning_rate") == 1
    assert "The held-out loss is above that of the base" in " ".join(told.out.split())
