"""Settings of a training at a service (model, method, hyperparameters) and its price, from dated tables of the
services; `[remote.prices]` and `--price` override them.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Literal

from pydantic import BaseModel, ConfigDict

from curate.core.config import RemoteConfig
from curate.core.errors import UsageError

Method = Literal["supervised", "dpo", "reinforcement"]


@dataclass(frozen=True, slots=True)
class Price:
    """The price of training a model."""

    model: str
    """Beginning of the model's name."""
    dollars: float
    """US dollars."""
    unit: Literal["million tokens", "hour"]
    source: str
    """Source and date of the number."""
    methods: tuple[Method, ...] = ("supervised", "dpo")
    longest: int | None = None
    """Maximum number of tokens of an example; the service truncates longer ones."""
    billions: float | None = None
    """Maximum size of the model, in billions of weights; None: any."""


MODEL_SIZE: Final = re.compile(r"(?:(\d+)x)?(\d+(?:\.\d+)?)b(?![a-z])", re.IGNORECASE)
Value = int | float | str
PREFERENCE_FORMAT: Final = "openai-preference"


class Settings(BaseModel):
    """The settings of a job; the service chooses those that are missing."""

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)

    model: str
    method: Method = "supervised"
    hyperparameters: dict[str, Value] = {}
    """By the service's names: n_epochs, batch_size, learning_rate_multiplier, beta and others."""
    suffix: str = ""
    """Part of the new model's name."""
    seed: int | None = None
    grader: dict[str, Any] | None = None
    """For reinforcement: the grader that scores answers."""

    @property
    def epochs(self) -> int | None:
        """The number of epochs; None if none was given."""
        value = self.hyperparameters.get("n_epochs")
        return value if isinstance(value, int) else None

    def request(self, training_file: str, validation_file: str | None) -> dict[str, Any]:
        """The body of the request that starts a job on uploaded files."""
        how: dict[str, Any] = {"hyperparameters": self.hyperparameters} if self.hyperparameters else {}
        if self.grader is not None:
            how["grader"] = self.grader
        body: dict[str, Any] = {
            "model": self.model,
            "training_file": training_file,
            "method": {"type": self.method, self.method: how},
        }
        optional = {"validation_file": validation_file, "suffix": self.suffix or None, "seed": self.seed}
        return body | {name: value for name, value in optional.items() if value is not None}


def settings_of(
    remote: RemoteConfig, other_settings: dict[str, Value], grader: dict[str, Any] | None, *, ordered: bool
) -> Settings:
    """The settings of a job: those of `[remote]` and `other_settings` (`--set`). For an estimate (not `ordered`) the
    grader may be missing.

    Raises `UsageError` for a missing model or grader, a setting that is given twice, and settings that the method does
    not accept.
    """
    method = remote.method
    if not remote.model:
        raise UsageError(
            "no model is given", "add --model with the service's name of a model, e.g. gpt-4.1-mini-2025-04-14"
        )
    named_settings: dict[str, Value | None] = {
        "n_epochs": remote.epochs,
        "batch_size": remote.batch_size,
        "learning_rate_multiplier": remote.learning_rate_multiplier,
        "beta": remote.beta,
    }
    named = {name: value for name, value in named_settings.items() if value is not None}
    if both := sorted(named.keys() & other_settings.keys()):
        raise UsageError(f"{both[0]} is given twice", "remove it from --set")
    if "beta" in named and method != "dpo":
        raise UsageError(f"beta is for dpo, but the method is {method}", "remove it, or use --method dpo")
    if method == "reinforcement" and grader is None and ordered:
        raise UsageError("reinforcement needs a grader", "add --grader with the JSON file of a grader")
    if method != "reinforcement" and grader is not None:
        raise UsageError(
            f"a grader is for reinforcement, but the method is {method}", "remove it, or use --method reinforcement"
        )
    return Settings(
        model=remote.model,
        method=method,
        hyperparameters=named | other_settings,
        suffix=remote.suffix,
        seed=remote.seed,
        grader=grader,
    )


def require_fit(settings: Settings, formats: dict[str, int], name: str) -> None:
    """Raise `UsageError` if the method cannot train on the data; `formats` counts the examples of each format."""
    pairs = formats.get(PREFERENCE_FORMAT, 0)
    if settings.method == "dpo" and pairs < sum(formats.values()):
        raise UsageError(
            f"{name}: dpo learns from pairs (input, preferred_output, non_preferred_output); "
            f"{sum(formats.values()) - pairs:,} examples are not pairs",
            "use --method supervised, or name a file of pairs",
        )
    if settings.method != "dpo" and pairs:
        raise UsageError(
            f"{name}: has {pairs:,} preference pairs, but the method is {settings.method}", "use --method dpo"
        )


def price_of(
    prices: Sequence[Price], model: str, method: Method, own_prices: Mapping[str, float], named: float | None
) -> Price | None:
    """The price of training `model`, None if unknown: the one given on the command line (`named`), else from the user's
    own table (the longest beginning of the name counts), else from the service's `prices`.
    """
    listed = next((price for price in prices if _covers(price, model, method)), None)
    longest = listed.longest if listed else None
    if named is not None:
        return Price(model, named, "million tokens", "--price", longest=longest)
    if keys := [key for key in own_prices if model.startswith(key)]:
        key = max(keys, key=len)
        return Price(key, own_prices[key], "million tokens", "[remote.prices]", longest=longest)
    return listed


def _covers(price: Price, model: str, method: Method) -> bool:
    """Whether a price is for a model of this name and size, trained by this method."""
    if method not in price.methods or not model.removeprefix("ft:").startswith(price.model):
        return False
    if price.billions is None:
        return True
    size = MODEL_SIZE.search(model)
    return size is not None and int(size[1] or 1) * float(size[2]) <= price.billions
