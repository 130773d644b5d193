"""Configuration: `curate.toml`, or `[tool.curate]` in `pyproject.toml`. Unknown keys are errors, all told at once."""

import tomllib
from pathlib import Path
from typing import Annotated, Any, Literal, TypeVar

from pydantic import AfterValidator, AliasChoices, BaseModel, ConfigDict, Field, ValidationError, model_validator

from curate.core.errors import ConfigError, UsageError
from curate.core.finding import Severity
from curate.core.targets import Target
from curate.core.text import visible

Model = TypeVar("Model", bound=BaseModel)
SectionType = TypeVar("SectionType", bound="Section")
Fraction = Annotated[float, Field(ge=0, le=1)]
Similarity = Annotated[float, Field(gt=0, le=1)]
"""From which two texts are alike: at 0 everything would be."""
SUPPRESSIONS = "curate-suppressions.jsonl"
"""File beside the configuration with the findings that may stand."""

KEEP_BY_FIELD = ("newest", "highest", "lowest")
"""Policies that name a key of the line."""
KEEP = ("best", "first", "last", "longest", "most-turns", "manual", *KEEP_BY_FIELD)
"""Which one of several duplicates stays."""


class Section(BaseModel):
    """A table of the configuration. Docstrings of its keys reach the JSON Schema through `curate.schemas`: pydantic would parse this file at every start."""

    model_config = ConfigDict(extra="forbid", frozen=True, defer_build=True)


class CustomRule(Section):
    """`[[check.rule]]`: a rule of one's own, about the text of a message."""

    code: Annotated[str, Field(pattern=r"^U\d{3}$")]
    """The letter U and three digits."""
    name: str
    """The defect, in lower case with dashes."""
    message: str
    """What is said where it fires."""
    pattern: str = ""
    """Regular expression (Rust's, so it is quick on any text) that the text of a message matches somewhere."""
    expression: str = ""
    """SQL expression over the columns `turn`, `role`, `text`, `content`, `called`, `media`, e.g. `LENGTH(text) > 4000`."""
    role: tuple[str, ...] = ()
    """Roles whose messages it is asked about; empty: all."""
    severity: Severity = Severity.WARNING
    """How bad."""
    hint: str = "Mend the message."
    """The next step."""
    summary: str = ""
    """What it finds, in one sentence; empty: the message."""
    why: str = ""
    """Why that matters."""
    bad: tuple[str, ...] = ()
    """Lines of JSON, each of which it must fire on; `curate rule --test` sees to it."""
    good: tuple[str, ...] = ()
    """Lines of JSON on none of which it may fire."""

    @model_validator(mode="after")
    def _asks(self) -> "CustomRule":
        if bool(self.pattern) == bool(self.expression):
            raise ValueError("give it a pattern or an expression, one of them")
        return self


class CheckConfig(Section):
    """`[check]`: which rules run."""

    select: tuple[str, ...] = ()
    """Codes or prefixes of codes to run; empty means the default ones."""
    ignore: tuple[str, ...] = ()
    """Codes or prefixes not to run; beats `select`."""
    extend_select: tuple[str, ...] = ()
    """Codes or prefixes to run besides those of `select` or the default ones."""
    drop: tuple[str, ...] = ()
    """Codes or prefixes of rules by whose findings lines leave, whatever their severity: `curate dedup`, `curate split` and `curate run` move these to the
    ledger of what was removed, with the code as the reason. They run besides the selected ones. Much of a file needs a yes (D008)."""
    severity: dict[str, Severity | Literal["off"]] = {}
    """How bad the rules under a code or prefix are, whatever they say themselves; the longest prefix counts."""
    per_file_ignores: Annotated[dict[str, tuple[str, ...]], Field(validation_alias=AliasChoices("per_file_ignores", "per-file-ignores"))] = {}
    """Codes or prefixes that are not told, by glob of the files' names."""
    rule: tuple[CustomRule, ...] = ()
    """Rules of one's own."""
    target: Target = Target.TRAINER
    """Trainer or service that the data is meant for: switches rules and severities."""
    model: str = ""
    """Model whose tokenizer and chat template the rules of family K use; empty: they do not run."""
    max_length: Annotated[int, Field(ge=1)] = 1024
    """Tokens of the longest example that will be trained on, for the rules of family K."""


def _address(name: str) -> str:
    """Refuse an address that holds more than one. Mistakes of this kind are told without the value, which may be a password."""
    if "://" in name and any(sign in name for sign in "@?#"):
        raise ValueError("an address without names, passwords and what follows ? or #; the key comes from the environment or the keyring")
    return name


def _policy(keep: str) -> str:
    name, given, field = keep.partition(":")
    if name not in KEEP or (name in KEEP_BY_FIELD) != bool(field) or (given and not field):
        policies = ", ".join(f"{policy}:FIELD" if policy in KEEP_BY_FIELD else policy for policy in KEEP)
        raise ValueError(f"{keep!r} is none of {policies}")
    return keep


class DedupConfig(Section):
    """`[dedup]`: what counts as a near-duplicate."""

    threshold: Similarity = 0.8
    """Jaccard similarity of shingle sets from which two examples are duplicates."""
    on: Literal["conversation", "prompt", "response", "last-turn"] = "conversation"
    """Which turns are compared; system prompts never are."""
    keep: Annotated[str, AfterValidator(_policy)] = "best"
    """Which one of several duplicates stays: best (fewest findings of the default rules, errors first; of equal ones the first), first, last, longest,
    most-turns, newest:FIELD, highest:FIELD, lowest:FIELD, or manual (a near-duplicate goes only where a person dropped it in review). Of exact copies the
    first stays. All but best, first and last ignore the order of the lines."""
    ignore_facts: bool = False
    """Remove near-duplicates even when they differ in a fact, such as a number or a negation."""
    same_words: bool = False
    """Remove short examples that have the same words of meaning as another one too, however similar the two are. Otherwise they are told, and stay."""
    embeddings: str = ""
    """Sentence-transformers model that finds what says the same in other words (D004); it is told, and stays. Empty: not looked for."""
    beginnings: bool = False
    """Remove conversations that another one begins with, to the letter (D007)."""
    stop_share: Fraction = 0.3
    """Share of a file's lines above which a removal needs a yes (D008)."""
    stop_cluster: Fraction = 0.05
    """Share of all lines that one example and its duplicates may make up before a removal needs a yes (D008)."""
    stop_least: Annotated[int, Field(ge=0)] = 100
    """Lines up to which a removal never needs one."""


class ConflictsConfig(Section):
    """`[conflicts]`: how contradictions are looked for."""

    embeddings: str = ""
    """Sentence-transformers model that finds the same question in other words; empty: the default one, where it is at hand."""
    nli: str = ""
    """NLI cross-encoder that judges answers; empty: the default one, where it is at hand."""
    models: bool = True
    """Use the default models where none are named; off: equal questions and rules alone."""
    min_confidence: Fraction = 0.55
    """Probability that two questions are the same and their answers clash, from which a conflict is shown."""
    similarity: Similarity = 0.5
    """Cosine similarity of two questions from which they may be the same one."""
    contradiction: Similarity = 0.5
    """Probability of contradiction, the lower one of both directions, from which the NLI model's word counts."""
    judge: Annotated[str, AfterValidator(_address)] = ""
    """Who has the last word: a causal language model (folder, hub id, `offline:NAME`), or the address of an OpenAI-compatible endpoint; empty: nobody."""
    judge_model: str = ""
    """Name of the model at that endpoint."""
    judge_price: tuple[Annotated[float, Field(ge=0)], Annotated[float, Field(ge=0)]] | None = None
    """US dollars for a million tokens that go in and that come out, for the estimate before it starts."""
    all_turns: bool = False
    """Compare the answers of all turns, not only the last one of each conversation."""


class SplitConfig(Section):
    """`[split]`: how the data set is divided."""

    fractions: tuple[Fraction, Fraction, Fraction] = (0.8, 0.1, 0.1)
    """Shares of train, validation and test."""
    counts: tuple[Annotated[int, Field(ge=0)], Annotated[int, Field(ge=0)]] | None = None
    """Examples of validation and test, in place of shares; train gets the rest."""
    group_by: tuple[str, ...] = ()
    """Keys of the lines, `/metadata/source`: examples that have the same there are never divided."""
    stratify: tuple[str, ...] = ()
    """What the splits shall have in equal shares: label, source, length, language, script, tools, or a key of the lines."""
    existing: tuple[str, ...] = ()
    """Files of a test set that stays as it is, relative to the configuration's folder: what is connected with one of its examples is left out."""
    semantic: str = ""
    """Sentence-transformers model by which questions that mean much the same are kept together; empty: they are not looked for."""
    semantic_similarity: Similarity = 0.9
    """Cosine similarity of two questions from which they do."""
    grow: bool = True
    """Examples that the output folder has stay in their split."""
    parquet: bool = False
    """Write Parquet files beside the JSON Lines."""
    trainers: tuple[Literal["axolotl", "llamafactory", "trl"], ...] = ()
    """Other trainers for which a configuration is written beside the splits."""

    @model_validator(mode="after")
    def _whole(self) -> "SplitConfig":
        if abs(sum(self.fractions) - 1) > 1e-6:
            raise ValueError(f"the fractions add up to {sum(self.fractions):g}, not to 1")
        if not self.fractions[0]:
            raise ValueError("the share of train is 0: nothing would be trained on")
        return self


class MixConfig(Section):
    """`[mix]`: how much of each file is taken; what there is no room for is in removed.jsonl."""

    weights: dict[str, Annotated[float, Field(ge=0, allow_inf_nan=False)]] = {}
    """By file, or pattern of files: its part of the mix, in relation to the others. `'*' = 1` is for all that are not named. Nothing is taken twice."""
    examples: Annotated[int, Field(ge=1)] | None = None
    """Examples at the most."""
    tokens: Annotated[int, Field(ge=1)] | None = None
    """Tokens at the most, in place of examples: counted by the model of `[check]` or, where none is named, 4 bytes each."""
    diverse: bool = True
    """Take one example of each cluster before a second one of any; false: by chance alone."""
    similarity: Similarity = 0.5
    """Jaccard similarity of shingle sets from which two examples are of one cluster; those with the same question are too."""

    @model_validator(mode="after")
    def _one_budget(self) -> "MixConfig":
        if self.examples and self.tokens:
            raise ValueError("a budget of examples or of tokens, not both")
        if self.weights and not any(self.weights.values()):
            raise ValueError("all weights are 0: nothing would be left")
        return self


class RemoteConfig(Section):
    """`[remote]`: fine-tuning at a service. No key ever stands here: it comes from the environment or the keyring."""

    target: Target | None = None
    """The service; left out: the target of `[check]` where that is one, else openai."""
    base_url: Annotated[str, AfterValidator(_address)] = ""
    """Address of its interface, e.g. `https://NAME.openai.azure.com/openai/v1`; empty: the service's own."""
    model: str = ""
    """Model that is fine-tuned, as the service names it."""
    method: Literal["supervised", "dpo", "reinforcement"] = "supervised"
    """How it learns: from answers, from pairs of a preferred and another one, or from a grader."""
    epochs: Annotated[int, Field(ge=1)] | None = None
    """Passes over the data; left out: the service decides."""
    batch_size: Annotated[int, Field(ge=1)] | None = None
    """Examples in a step; left out: the service decides."""
    learning_rate_multiplier: Annotated[float, Field(gt=0, allow_inf_nan=False)] | None = None
    """Factor on the service's learning rate; left out: the service decides."""
    beta: Annotated[float, Field(gt=0, allow_inf_nan=False)] | None = None
    """With dpo: how strongly the model is held to what it was; left out: the service decides."""
    hyperparameters: dict[str, int | float | str] = {}
    """Others that the service knows, by its names."""
    suffix: Annotated[str, Field(max_length=64)] = ""
    """Goes into the name of the new model."""
    seed: Annotated[int, Field(ge=0)] | None = None
    """Of the service's randomness."""
    grader: str = ""
    """With reinforcement: JSON file of the grader, relative to the configuration's folder."""
    prices: dict[str, Annotated[float, Field(ge=0, allow_inf_nan=False)]] = {}
    """US dollars for a million tokens of training, by model or the beginning of its name; beats the built-in table."""


class CardConfig(Section):
    """`[card]`: what the data card says that no program can know."""

    title: str = ""
    """Its heading."""
    description: str = ""
    """What the data is, and what it is for."""
    licence: str = ""
    """Under which licence it may be used."""
    languages: str = ""
    """Which languages it is in."""
    contact: str = ""
    """Who answers questions about it."""


class Config(Section):
    """A project: its data, what is done to it, and where the result goes."""

    data: tuple[str, ...] = ()
    """Files or folders to read, relative to the configuration's folder."""
    output: str = "out"
    """Folder for the splits, the removed examples and the manifest."""
    seed: Annotated[int, Field(ge=0)] = 0
    """Decides the splits."""
    errors: Literal["set-aside", "stop"] = "set-aside"
    """What `curate run` does with examples that have errors: move them to removed.jsonl with their code, or stop."""
    check: CheckConfig = CheckConfig.model_construct()
    dedup: DedupConfig = DedupConfig.model_construct()
    conflicts: ConflictsConfig = ConflictsConfig.model_construct()
    split: SplitConfig = SplitConfig.model_construct()
    mix: MixConfig = MixConfig.model_construct()
    card: CardConfig = CardConfig.model_construct()
    remote: RemoteConfig = RemoteConfig.model_construct()
    recipe: str = ""
    """Recipe to train with, relative to the configuration's folder; empty: `curate run` ends with the splits."""


def load_config(path: Path) -> Config:
    """Read `curate.toml`, or the `[tool.curate]` table of a `pyproject.toml`.

    Raises `UsageError` when there is none, `ConfigError` with every mistake, its key and the likely meant one.
    """
    values = load_toml(path)
    if path.name == "pyproject.toml":
        values = values.get("tool", {}).get("curate", {})
    return validated(Config, values, str(path))


def load_project(path: Path) -> tuple[Path, Config]:
    """The folder of a project and its configuration, by the file of that or by the folder, whose curate.toml comes before its pyproject.toml.

    Raises as `load_config` does, and `UsageError` where it names no data.
    """
    path = path / "curate.toml" if path.is_dir() else path
    if path.name == "curate.toml" and not path.exists() and path.with_name("pyproject.toml").exists():
        path = path.with_name("pyproject.toml")
    config = load_config(path)
    if not config.data:
        raise UsageError(f"{path}: names no data", 'write  data = ["data.jsonl"]')
    return path.absolute().parent, config


def load_toml(path: Path) -> dict[str, Any]:
    """What a TOML file holds. Raises `UsageError` where it cannot be read, `ConfigError` where it is no TOML."""
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise UsageError(f"{path}: no such file", 'write a curate.toml, e.g.  data = ["data.jsonl"]') from None
    except IsADirectoryError:
        raise UsageError(f"{path}: is a folder", "name the configuration file in it") from None
    except OSError as error:
        raise UsageError(f"{path}: cannot be read: {error.strerror}", "check its permissions") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ConfigError(visible(f"{path}: not valid TOML: {error}"), "mend the line that is named") from error


def find_config(folder: Path) -> Config:
    """The configuration of a folder: its `curate.toml`, else the table in its `pyproject.toml`, else the defaults."""
    for name in ("curate.toml", "pyproject.toml"):
        if (folder / name).is_file():
            return load_config(folder / name)
    return Config.model_construct()  # what is written here needs no validator, which takes a tenth of a start


def chosen(section: SectionType, **options: Any) -> SectionType:
    """A section of the configuration with the options that were given for one command, those that are not None, laid over it.

    Raises `ConfigError` when an option's value makes no sense.
    """
    given = {name: value for name, value in options.items() if value is not None}
    return validated(type(section), {**section.model_dump(), **given}, "options") if given else section


def validated(model: type[Model], values: dict[str, Any], source: str) -> Model:
    """`values` as a `model`. Raises `ConfigError` that lists every mistake in them."""
    try:
        return model.model_validate(values)
    except ValidationError as error:
        mistakes = [visible(f"{source}: {_mistake(model, item)}") for item in error.errors(include_url=False)]
        raise ConfigError("\n".join(mistakes), "mend the keys that are named") from None


def _mistake(model: type[BaseModel], item: Any) -> str:
    place = ".".join(str(part) for part in item["loc"])
    if item["type"] == "extra_forbidden":
        import difflib  # for a mistake only

        near = difflib.get_close_matches(str(item["loc"][-1]), _keys(model, item["loc"][:-1]), n=1)
        return f"unknown key {place!r}" + (f"; did you mean {near[0]!r}?" if near else "")
    message = str(item["msg"]).removeprefix("Value error, ")
    return f"{place}: {message}" + (f" (got {item['input']!r})" if item["type"] != "value_error" else "")


def _keys(model: type[BaseModel], path: tuple[str | int, ...]) -> list[str]:
    for part in path:
        field = model.model_fields.get(str(part))
        if field is None or not isinstance(field.annotation, type) or not issubclass(field.annotation, BaseModel):
            return []
        model = field.annotation
    return list(model.model_fields)
