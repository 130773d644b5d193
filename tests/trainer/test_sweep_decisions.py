"""What a sweep decides: what is tried, who goes on, who wins; the same whatever was killed in between."""

import json
from collections.abc import Set
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from curate.core.errors import ConfigError, UsageError
from tests.trainer.tiny import write_recipe
from train.recipe import Recipe, load_recipe
from train.sweep.halving import Halving, RungSegment, winner
from train.sweep.space import MAX_GRID_SIZE, Range, Space, Trial, space_of, trials_of
from train.sweep.sweep_report import sentences, standings
from train.sweep.sweep_result import Outcome

RECIPE = Recipe(model="m", data="d", method="qlora", rank=8, batch=4, max_steps=30)
losses = st.one_of(st.none(), st.floats(0.1, 9, allow_nan=False))
factors = st.integers(1, 4)


def ended(
    trial: int, rung: int, loss: float | None, final: float | None = None, cost: tuple[int, int] = (0, 0)
) -> Outcome:
    known = {"trial": trial, "rung": rung, "loss": loss, "final": final}
    return Outcome(**known, state="paused", trainable_parameters=cost[0], steps=cost[1])


def tried(space: Space, recipe: Recipe = RECIPE) -> list[dict[str, Any]]:
    return [trial.changes for trial in trials_of(recipe, space)]


def outcome(halving: Halving, piece: RungSegment, ends: list[float | None], early: Set[int]) -> Outcome:
    """What a trial comes to that loses a tenth of its distance to its end at each rung; `early`: trials that end at
    their first rung.
    """
    end = ends[piece.trial - 1]
    last = len(halving.shares) - 1
    over = piece.rung == last or piece.trial in early
    loss = None if end is None else end + (last - piece.rung) / 10
    return ended(piece.trial, piece.rung, loss, end if over else None, (piece.trial % 3, 1))


def swept(
    halving: Halving, ends: list[float | None], early: Set[int] = frozenset(), known: list[Outcome] | None = None
) -> list[Outcome]:
    known = list(known or ())
    while (piece := halving.next(known)) is not None:
        known.append(outcome(halving, piece, ends, early))
        assert len(known) < 500
    return known


def of(ends: list[float | None], factor: int) -> Halving:
    return Halving(tuple(range(1, len(ends) + 1)), factor)


@given(st.lists(losses, min_size=1, max_size=30), factors, st.sets(st.integers(1, 30)), st.data())
def test_a_sweep_that_goes_on_from_any_part_of_its_journal_ends_the_same(
    ends: list[float | None], factor: int, early: set[int], data: st.DataObject
) -> None:
    halving = of(ends, factor)
    whole = swept(halving, ends, early)
    cut = data.draw(st.integers(0, len(whole)))
    twice = whole[
        : data.draw(st.integers(0, cut))
    ]  # a piece that was done again because its line was torn came to the same
    resumed = swept(halving, ends, early, [*whole[:cut], *twice])
    assert winner(halving, resumed, 0.01) == winner(halving, whole, 0.01)
    assert {(one.trial, one.rung) for one in resumed} == {(one.trial, one.rung) for one in whole}


@given(st.lists(losses, min_size=1, max_size=30), factors)
def test_the_best_of_all_trials_wins_and_a_failed_one_never_does(ends: list[float | None], factor: int) -> None:
    halving = of(ends, factor)
    found = winner(halving, swept(halving, ends), 0.0)
    able = [end for end in ends if end is not None]
    if not able:
        assert found is None
    else:
        assert found is not None
        assert found[0].final == min(able)


@given(st.lists(st.floats(0.1, 9), min_size=1, max_size=40), factors)
def test_no_trial_is_trained_twice_and_as_many_go_on_as_was_said(ends: list[float], factor: int) -> None:
    halving = of([*ends], factor)
    whole = swept(halving, [*ends])
    assert len(whole) == len({(one.trial, one.rung) for one in whole}) == halving.pieces
    count = len(ends)
    for rung in range(len(halving.shares)):
        assert sum(one.rung == rung for one in whole) == count
        count = -(-count // factor)
    assert halving.shares[-1] == 1
    assert halving.shares[0] >= 0.1


def test_when_all_that_went_on_fail_the_next_best_take_their_places() -> None:
    halving = of([1.0, 2.0, 3.0, 4.0], 3)
    known = [ended(trial, 0, float(trial)) for trial in (1, 2, 3, 4)]
    assert halving.next(known) == RungSegment(1, 1)
    known += [ended(1, 1, None), ended(2, 1, None)]
    assert halving.next(known) == RungSegment(3, 1)
    known += [ended(3, 1, None), ended(4, 1, 3.5, 3.5)]
    assert halving.next(known) is None
    found = winner(halving, known, 0.0)
    assert found is not None
    assert found[0].trial == 4


@given(
    st.lists(st.tuples(st.floats(1, 2), st.integers(1, 3), st.integers(1, 3)), min_size=1, max_size=12),
    st.sampled_from([0.0, 0.01, 0.5]),
)
def test_of_those_that_tie_the_cheapest_wins(ends: list[tuple[float, int, int]], within: float) -> None:
    halving = Halving(tuple(range(len(ends))), 1)
    known = [ended(at, 0, loss, loss, (parameters, steps)) for at, (loss, parameters, steps) in enumerate(ends)]
    found = winner(halving, known, within)
    assert found is not None
    best, others = found
    lowest = min(loss for loss, _, _ in ends)
    assert best.loss is not None
    assert best.loss <= lowest + within
    assert all(best.cost <= other.cost for other in others)
    assert len(others) + 1 == sum(loss <= lowest + within for loss, _, _ in ends)


def test_a_budget_that_ends_within_a_rung_leaves_the_best_of_what_came_furthest() -> None:
    halving = of([1.0, 2.0, 3.0], 3)
    known = [ended(1, 0, 2.0), ended(2, 0, 1.5)]
    assert winner(halving, known, 0.0) == (known[1], [])
    known += [ended(3, 0, 1.8), ended(2, 1, 1.2, 1.2)]
    assert winner(halving, known, 0.0) == (known[3], [])
    assert winner(halving, [], 0.0) is None


@pytest.mark.parametrize(
    ("rates", "losses", "said"),
    [
        ([1e-4, 3e-4, 1e-3], [2.0, 1.5, 1.2], "0.001 is the highest of those tried: a higher one may be better."),
        ([1e-4, 3e-4, 1e-3], [1.1, 1.5, 1.2], "0.0001 is the lowest of those tried: a lower one may be better."),
        ([1e-4, 3e-4, 1e-3], [1.9, 1.5, 1.7], ""),
        ([1e-4, 3e-4, 1e-3], [1.9, 1.5, None], ""),
        ([1e-4, 1e-3], [1.9, 1.5], ""),
    ],
)
def test_a_best_learning_rate_at_the_end_of_those_tried_is_told(
    rates: list[float], losses: list[float | None], said: str
) -> None:
    trials = [Trial(number, {"learning_rate": rate}, {}) for number, rate in enumerate(rates, 1)]
    outcomes = [
        Outcome(trial=number, rung=0, state="failed" if loss is None else "finished", loss=loss, final=loss)
        for number, loss in enumerate(losses, 1)
    ]
    report = standings("m", trials, of(losses, 1), outcomes, Space(), ended="done")
    told = " ".join(sentences(report))
    assert said in told
    assert ("of those tried" in told) is bool(said)


def test_a_grid_has_every_combination_once() -> None:
    space = Space(over={"learning_rate": (1e-4, 3e-4), "rank": (4, 8)})
    assert tried(space) == [{"learning_rate": rate, "rank": rank} for rate in (1e-4, 3e-4) for rank in (4, 8)]


def test_a_method_that_makes_no_use_of_a_key_is_not_tried_once_for_each_of_its_values() -> None:
    space = Space(over={"method": ("qlora", "ia3"), "rank": (4, 16)})
    assert tried(space) == [{"method": "qlora", "rank": 4}, {"method": "qlora", "rank": 16}, {"method": "ia3"}]
    assert all(trial.values["batch"] == 4 for trial in trials_of(RECIPE, space))


def test_epochs_take_the_place_of_the_steps_of_the_recipe() -> None:
    trials = trials_of(RECIPE, Space(over={"epochs": (1, 2)}))
    assert [(trial.values["epochs"], "max_steps" in trial.values) for trial in trials] == [(1.0, False), (2.0, False)]


def test_a_combination_that_makes_no_sense_is_refused_and_the_others_are_tried() -> None:
    first, second = trials_of(RECIPE, Space(over={"initialisation": ("pissa", "olora")}))
    assert "not in 4 bits" in first.refused
    assert not second.refused


@pytest.mark.slow
@given(st.integers(0, 5), st.integers(1, 30))
def test_what_is_drawn_depends_on_the_seed_alone_lies_in_its_range_and_is_not_drawn_twice(
    seed: int, count: int
) -> None:
    space = Space(
        over={"learning_rate": Range(low=1e-5, high=1e-3), "rank": Range(low=2, high=64), "dropout": (0.0, 0.1)},
        random=count,
        seed=seed,
    )
    found = tried(space)
    assert found == tried(space)
    assert len({json.dumps(one) for one in found}) == len(found) == count
    assert all(
        1e-5 <= one["learning_rate"] <= 1e-3 and 2 <= one["rank"] <= 64 and isinstance(one["rank"], int)
        for one in found
    )


def test_few_combinations_are_not_drawn_more_often_than_they_are() -> None:
    assert len(tried(Space(over={"rank": (4, 8), "dropout": (0.0, 0.1)}, random=30))) == 4


def test_a_grid_that_nobody_would_wait_for_is_refused_with_what_to_do() -> None:
    with pytest.raises(UsageError) as error:
        tried(Space(over={"seed": tuple(range(MAX_GRID_SIZE + 1))}))
    assert "--random" in error.value.hint


def test_the_table_in_the_recipe_and_the_command_line_say_the_same(tmp_path: Path) -> None:
    file = write_recipe(tmp_path)
    named = space_of(file, ["learning_rate=1e-4,3e-4", 'target_modules=attention,["q_proj", "v_proj"]', "rank=4"])
    with file.open("a") as recipe:
        recipe.write(
            '[sweep.over]\nlearning_rate = [1e-4, 3e-4]\ntarget_modules = ["attention", ["q_proj", '
            '"v_proj"]]\nrank = [4]\n'
        )
    assert space_of(file) == named
    assert space_of(file, ["rank=8"]).over["rank"] == (8,)
    assert space_of(file, ["learning_rate=1e-5..1e-3"], random=3).over["learning_rate"] == Range(low=1e-5, high=1e-3)
    assert load_recipe(file).max_steps == 12  # a training passes the table over


@pytest.mark.parametrize(
    ("over", "said"),
    [
        ("learnig_rate=1", "did you mean 'learning_rate'"),
        ("rank=0", "rank: 0: must be greater than or equal to 1"),
        ("rank=small", "rank: small: "),
        ("learning_rate=1e-5..1e-3", "--random 20"),
        ("data=a,b", "cannot be tried"),
        ("max_length=64,128", "cannot be tried"),
        ("beta=0.1,0.5", "cannot be tried: it decides what the loss measures"),
    ],
)
def test_what_cannot_be_tried_is_told_before_anything_is_trained(tmp_path: Path, over: str, said: str) -> None:
    with pytest.raises(ConfigError) as error:
        space_of(write_recipe(tmp_path), [over])
    assert said in error.value.message


def test_nothing_to_try_is_told_with_an_example(tmp_path: Path) -> None:
    with pytest.raises(UsageError) as error:
        space_of(write_recipe(tmp_path))
    assert "--over" in error.value.hint
