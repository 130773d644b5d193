"""The search space of a sweep, and its trials, decided by the table and the seed alone."""

import difflib
import json
import random
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import product
from math import exp, log, prod
from pathlib import Path
from typing import Annotated, Any, Final

from pydantic import Field, TypeAdapter, ValidationError

from curate.core.errors import ConfigError, UsageError
from curate.core.text import excerpt
from curate.core.validation import in_words, load_toml, validated
from train.methods import OWN_KEYS, method_of
from train.recipe import Recipe, changed, own_keys, toml_value
from train.results import StrictModel

MAX_GRID_SIZE: Final = 500
"""Maximum size of a grid; random search is more efficient for larger ones (Bergstra & Bengio 2012)."""
DECIDES_REASON: Final = "it decides which examples are measured, so losses could not be compared"
MEASURES_REASON: Final = "it decides what the loss measures, so losses could not be compared"
FIXED_KEYS: Final = {
    **dict.fromkeys(("model", "data"), "losses on other data or of another tokenizer cannot be compared"),
    **dict.fromkeys(("max_length", "over_length", "untrainable"), DECIDES_REASON),
    **dict.fromkeys(("objective", "beta", "desirable_weight", "undesirable_weight"), MEASURES_REASON),
    "chat_template": MEASURES_REASON,
    "report_to": "it does not change the training",
    "evaluate_every": "trials are measured when they are compared",
}
"""Keys that no sweep tries, with the reason."""
RANGE: Final = re.compile(r"\s*([^.,\s][^,\s]*?)\.\.([^,\s]+)\s*")


class Range(StrictModel):
    """Values between two bounds, both included; drawn log-uniformly if the lower one is above 0."""

    low: int | float
    high: int | float

    def draw(self, dice: random.Random) -> int | float:
        """A value: an integer if both bounds are, else with three significant digits."""
        even = dice.uniform(log(self.low), log(self.high)) if self.low > 0 else dice.uniform(self.low, self.high)
        value = exp(even) if self.low > 0 else even
        rounded = round(value) if isinstance(self.low, int) and isinstance(self.high, int) else float(f"{value:.3g}")
        return min(max(rounded, self.low), self.high)


class Space(StrictModel):
    """The table `[sweep]` of a recipe; `curate train` ignores it."""

    over: dict[str, Range | tuple[Any, ...]] = Field({})
    """Keys of the recipe, each with a list of values or a range `{low = 1e-5, high = 1e-3}`."""
    random: Annotated[int, Field(ge=1)] | None = None
    """Trials that are drawn; None: all combinations of the values."""
    minutes: Annotated[float, Field(gt=0)] | None = None
    """Budget of the whole sweep: the time of this call and that of all trials in earlier calls; None: no limit."""
    halving: Annotated[int, Field(ge=1)] = 3
    """One trial in this many continues after each rung (successive halving); 1: all train to their end."""
    tie: Annotated[float, Field(ge=0)] = 0.001
    """Nats by which two losses may differ and still tie; fewer trained parameters win, then fewer steps."""
    seed: Annotated[int, Field(ge=0)] = 0
    """Seed of the draw."""


@dataclass(frozen=True, slots=True)
class Trial:
    """One training of a sweep."""

    number: int
    """From 1."""
    changes: dict[str, Any]
    """Keys of the recipe that it overrides, without those that its method does not use."""
    values: dict[str, Any]
    """Its recipe; empty if refused."""
    refused: str = ""
    """Why it is refused."""
    method: str = ""
    """Its name in a comparison of methods."""

    @property
    def name(self) -> str:
        """The name of its folder."""
        return self.method or f"{self.number:02}"

    @property
    def title(self) -> str:
        """Its name in messages."""
        return self.method or f"trial {self.number}"


def new_trial(
    recipe: Recipe, number: int, changes: dict[str, Any], *, without: Sequence[str] = (), method: str = ""
) -> Trial:
    """A trial that overrides keys of a recipe; it has a reason for its refusal if the result is invalid.

    `without`: keys of the recipe that the trial leaves out; `method`: its name in a comparison of methods.
    """
    try:
        return Trial(number, changes, changed(recipe, changes, without=without), method=method)
    except ValidationError as error:
        reasons = (in_words(str(problem["msg"])) for problem in error.errors(include_url=False))
        return Trial(number, changes, {}, "; ".join(reasons), method)


def space_of(path: Path, over: Sequence[str] = (), **options: Any) -> Space:
    """The table in a recipe's file, overridden by options. Raises `ConfigError` with all mistakes."""
    table = load_toml(path).get("sweep", {})
    if not isinstance(table, dict) or not isinstance(table.get("over", {}), dict):
        raise ConfigError(
            f"{path}: sweep and sweep.over must be tables",
            "for example  [sweep.over]  and below it  learning_rate = [1e-4, 3e-4]",
        )
    given = {key: value for key, value in options.items() if value is not None}
    listed = own_keys(table.get("over", {}), f"{path}: sweep.over") | own_keys(dict(map(_parameter, over)), "--over")
    space = validated(Space, {**table, **given, "over": listed}, f"{path}: sweep")
    if not space.over:
        raise UsageError(
            f"{path}: nothing to try: no [sweep.over] in it and no --over",
            "for example  --over learning_rate=1e-4,3e-4 --over rank=8,16",
        )
    drawn = space.random is not None
    if wrong := [mistake for key, values in space.over.items() for mistake in _mistakes(key, values, drawn=drawn)]:
        raise ConfigError("\n".join(f"sweep: {mistake}" for mistake in wrong), "fix the keys that are named")
    return space


def _parameter(text: str) -> tuple[str, Any]:
    """`KEY=VALUE,VALUE` or `KEY=LOW..HIGH`, each value as TOML or else as text."""
    key, equals, values = text.partition("=")
    if not equals or not values.strip():
        raise UsageError(
            f"--over {text}: is not KEY=VALUE,VALUE",
            "for example  --over rank=8,16,  or with --random 20  --over learning_rate=1e-5..1e-3",
        )
    if (bounds := RANGE.fullmatch(values)) is not None:
        return key.strip(), {"low": toml_value(bounds[1]), "high": toml_value(bounds[2])}
    return key.strip(), [toml_value(text) for text in re.findall(r"(?:\[[^\]]*\]|[^,\[])+", values)]


def _mistakes(key: str, values: Range | tuple[Any, ...], *, drawn: bool) -> Iterator[str]:
    """Messages about a key and the values to try; none if they are valid. `drawn`: trials are drawn at random."""
    field = Recipe.model_fields.get(key)
    if field is None:
        near = difflib.get_close_matches(key, Recipe.model_fields, n=1)
        yield f"unknown key {key!r}" + (f"; did you mean {near[0]!r}?" if near else "")
        return
    if key in FIXED_KEYS:
        yield f"{key} cannot be tried: {FIXED_KEYS[key]}"
        return
    if isinstance(values, Range):
        if not drawn:
            yield (
                f"{key}: a range needs the number of trials to draw: set  random = 20  or --random 20, or list the "
                "values"
            )
        if values.low > values.high:
            yield f"{key}: {values.low} is above {values.high}"
    elif not values:
        yield f"{key}: no value to try"
    bounded: Any = Annotated[field.annotation, field]
    kind: TypeAdapter[Any] = TypeAdapter(bounded)
    for value in (values.low, values.high) if isinstance(values, Range) else values:
        try:
            kind.validate_python(value)
        except ValidationError as error:
            yield f"{key}: {excerpt(str(value), 40)}: {in_words(error.errors(include_url=False)[0]['msg'])}"


def trials_of(recipe: Recipe, space: Space) -> tuple[Trial, ...]:
    """The trials without duplicates. Raises `UsageError` if there are too many."""
    trials: dict[str, Trial] = {}
    for combination in _draw_combinations(space) if space.random is not None else _grid_points(space):
        how = method_of(combination.get("method", recipe.method))
        changes = {key: value for key, value in combination.items() if key not in OWN_KEYS - how.keys}
        same = json.dumps(changes, sort_keys=True)
        if same in trials or len(trials) == (space.random or MAX_GRID_SIZE):
            continue
        trials[same] = new_trial(recipe, len(trials) + 1, changes)
    return tuple(trials.values())


def _grid_points(space: Space) -> Iterator[dict[str, Any]]:
    """All combinations of the listed values, by key. Raises `UsageError` for too many."""
    listed = {key: values for key, values in space.over.items() if not isinstance(values, Range)}
    if (count := prod(map(len, listed.values()))) > MAX_GRID_SIZE:
        raise UsageError(f"a grid of {count:,} trials is too large", "draw some of them with --random 30")
    for values in product(*listed.values()):
        yield dict(zip(listed, values, strict=True))


def _draw_combinations(space: Space) -> Iterator[dict[str, Any]]:
    """Combinations as they are drawn, more than needed because of duplicates."""
    dice = random.Random(f"sweep:{space.seed}")  # noqa: S311
    assert space.random is not None
    for _ in range(50 * space.random):
        drawn = {
            key: values.draw(dice) if isinstance(values, Range) else dice.choice(values)
            for key, values in space.over.items()
        }
        yield drawn
