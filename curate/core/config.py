"""Configuration: `curate.toml`, or `[tool.curate]` in `pyproject.toml`. Unknown keys are errors, reported together."""

from collections.abc import Mapping
from enum import Enum
from pathlib import Path
from typing import Annotated, Any, ClassVar, Final, Literal, NamedTuple, TypeVar, get_args, get_origin

from pydantic import AfterValidator, AliasChoices, BaseModel, ConfigDict, Field, model_validator

from curate.core.finding import Severity
from curate.core.option import Option
from curate.core.targets import Target
from curate.core.validation import load_toml, validated

SectionType = TypeVar("SectionType", bound="Section")
Fraction = Annotated[float, Field(ge=0, le=1)]
Similarity = Annotated[float, Field(gt=0, le=1)]
"""Similarity from which two texts are near-duplicates; 0 would match everything."""
SUPPRESSIONS = "curate-suppressions.jsonl"
"""File next to the configuration with the suppressed findings."""

KEEP_BY_FIELD = ("newest", "highest", "lowest")
"""Policies that take a key of the line."""
KEEP = ("best", "first", "last", "longest", "most-turns", "manual", *KEEP_BY_FIELD)
"""Policies that choose which of several duplicates is kept."""


class Kind(Enum):
    """What the value of a key can refer to, declared in its annotation if it holds text.

    `curate.project.config_consent` requires consent for values outside of the project.
    """

    VALUE = "nothing"
    FILES = "files, folders, patterns and URLs that are read"
    PATH = "a path"
    MODEL = "a folder, a model of the hub, or `offline:NAME`"
    JUDGE = "a model, or an address to which `curate.network.egress` demands consent"
    TEMPLATE = "a built-in chat template or a file"
    TRACKER = "a tracker that results are sent to"
    ADDRESS = "an address to which `curate.network.egress` demands consent"


class Guard(NamedTuple):
    """In the annotation of a key: a setting that protects from a large removal or from leaks."""

    weaker: Literal["higher", "other"]
    """Which values protect less than the default."""


Kinds = Mapping[str, Kind | Guard]
Text = Annotated[str, Kind.VALUE]
Model = Annotated[str, Kind.MODEL]
NO_MODEL: Final = "none"
"""In the place of a model that has a default: use none."""


def _holds_unmarked_text(annotation: Any) -> bool:
    """Whether a type holds text that does not state its kind."""
    if get_origin(annotation) is Literal or any(isinstance(mark, Kind) for mark in get_args(annotation)[1:]):
        return False
    return annotation is str or any(map(_holds_unmarked_text, get_args(annotation)))


class Section(BaseModel):
    """A table of the configuration.

    `curate.schemas` copies the docstrings of its keys to the JSON Schema; pydantic would parse this file at every
    start.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, defer_build=True, allow_inf_nan=False)
    kinds: ClassVar[Kinds] = {}
    """The kind of each key that is not a table."""

    @classmethod
    def __pydantic_init_subclass__(cls, **_: Any) -> None:
        """Read the kinds of the keys. Raises `TypeError` for text without one: it could name any file or address."""
        fields = {name: field for name, field in cls.model_fields.items() if not isinstance(field.default, Section)}
        marks = {name: [m for m in field.metadata if isinstance(m, Kind | Guard)] for name, field in fields.items()}
        for name, field in fields.items():
            if not marks[name] and _holds_unmarked_text(field.annotation):
                raise TypeError(f"{cls.__name__}.{name}: text needs a `Kind` in its annotation")
        cls.kinds = {name: kinds[0] if kinds else Kind.VALUE for name, kinds in marks.items()}


class CustomRule(Section):
    """`[[check.rule]]`: a custom rule about the text of a message."""

    code: Annotated[Text, Field(pattern=r"^U\d{3}$")]
    """The letter U and three digits."""
    name: Text
    """Name of the defect, in lower case with dashes."""
    message: Text
    """Message of its findings."""
    pattern: Text = ""
    """Regular expression (Rust's, so it is quick on any text) that the text of a message matches somewhere."""
    expression: Text = ""
    """SQL expression over the columns `turn`, `role`, `text`, `content`, `called`, `media`, e.g. `LENGTH(text) >
    4000`.
    """
    role: tuple[Text, ...] = ()
    """Roles whose messages the rule checks; empty: all."""
    severity: Severity = Severity.WARNING
    """Severity of its findings: error, warning or info."""
    hint: Text = "Fix the message."
    """What to do about a finding."""
    summary: Text = ""
    """What the rule finds, in one sentence; empty: the message."""
    why: Text = ""
    """Why the defect matters, as `curate rule CODE` shows it."""
    bad: tuple[Text, ...] = ()
    """JSON lines on which the rule must fire; `curate rule --test` checks them."""
    good: tuple[Text, ...] = ()
    """JSON lines on which the rule must not fire; `curate rule --test` checks them."""

    @model_validator(mode="after")
    def _require_pattern(self) -> "CustomRule":
        if bool(self.pattern) == bool(self.expression):
            raise ValueError("set exactly one of pattern and expression")
        return self


class CheckConfig(Section):
    """`[check]`: which rules run."""

    select: Annotated[
        tuple[Text, ...],
        Option(
            help="Run only these rules: codes or prefixes, separated by commas (D,L001).",
            metavar="CODES",
            separated=True,
        ),
    ] = ()
    """Codes or prefixes of the rules to run; empty: the default rules."""
    ignore: Annotated[
        tuple[Text, ...],
        Option(help="Skip these rules: codes or prefixes, separated by commas.", metavar="CODES", separated=True),
    ] = ()
    """Codes or prefixes of rules not to run; takes precedence over `select`."""
    extend_select: Annotated[
        tuple[Text, ...],
        Option(help="Run these rules in addition to the default or selected ones.", metavar="CODES", separated=True),
    ] = ()
    """Codes or prefixes of rules to run in addition to `select` or the default rules."""
    drop: Annotated[
        tuple[Text, ...],
        Option(
            help="Remove lines with findings of these rules: codes or prefixes, separated by commas.",
            metavar="CODES",
            separated=True,
            own=False,
        ),
    ] = ()
    """Codes or prefixes of rules whose findings remove lines, at any severity: `curate dedup`, `curate split` and
    `curate run` move these lines to the ledger of removed lines, with the code as the reason. The rules run in addition
    to the selected ones. Removing much of a file requires confirmation (D008).
    """
    severity: dict[Text, Severity | Literal["off"]] = {}
    """Severity by code or prefix, instead of that of the rule; the longest matching prefix applies."""
    per_file_ignores: Annotated[
        dict[Text, tuple[Text, ...]], Field(validation_alias=AliasChoices("per_file_ignores", "per-file-ignores"))
    ] = {}
    """Codes or prefixes that are not reported, by glob pattern of file names."""
    rule: tuple[CustomRule, ...] = ()
    """Custom rules, one `[[check.rule]]` table each."""
    target: Annotated[
        Target,
        Option(help=f"Apply the limits of this trainer or service: {', '.join(Target)}.", metavar="TARGET"),
    ] = Target.TRAINER
    """Trainer or service that the data is for; it selects rules and severities."""
    model: Annotated[Model, Option(help="Use this model's tokenizer and chat template for the K rules.")] = ""
    """Model whose tokenizer and chat template the rules of family K use; empty: these rules do not run, or only those
    about the rendered text if a chat template is named.
    """
    chat_template: Annotated[
        str,
        Kind.TEMPLATE,
        Option(
            help="Use this chat template, not the model's: a name (`curate template list`) or a Jinja file. Without a "
            "model, only the K rules about the rendered text run.",
            metavar="NAME|FILE",
            alias="--template",
        ),
    ] = ""
    """Chat template for a base model that has none, or instead of its own: a name such as `chatml` or `qwen3`, or a
    file. Without a model, the rules of family K about the rendered text run.
    """
    max_length: Annotated[int, Field(ge=1), Option(help="Report examples longer than this many tokens (K rules).")] = (
        1024
    )
    """Maximum number of tokens of a training example, for the rules of family K."""

    @property
    def renders(self) -> bool:
        """Whether examples are rendered: a model or a chat template is named."""
        return bool(self.model or self.chat_template)


def _address(name: str) -> str:
    """The address itself. Raises `ValueError` for one with a user, a query or a fragment, without the value."""
    if "://" in name and any(sign in name for sign in "@?#"):
        raise ValueError(
            "an address must not contain a user name, a password, a query or a fragment; the key comes from the "
            "environment or the keyring"
        )
    return name


def _known_policy(keep: str) -> str:
    """The policy itself. Raises `ValueError` if it is not one of `KEEP`, or its field is missing or superfluous."""
    name, colon, field = keep.partition(":")
    if name not in KEEP or (name in KEEP_BY_FIELD) != bool(field) or (colon and not field):
        policies = ", ".join(f"{policy}:FIELD" if policy in KEEP_BY_FIELD else policy for policy in KEEP)
        raise ValueError(f"{keep!r} is not one of {policies}")
    return keep


class DedupConfig(Section):
    """`[dedup]`: how duplicates are found and which one is kept."""

    threshold: Annotated[
        Similarity,
        Guard("other"),  # a lower one removes more, a higher one leaves more alike in different splits
        Option(help="Treat examples at or above this Jaccard similarity as near-duplicates."),
    ] = 0.8
    """Jaccard similarity of shingle sets at or above which two examples are duplicates."""
    on: Annotated[
        Literal["conversation", "prompt", "response", "last-turn"],
        Guard("other"),
        Option(help="Compare this part of the examples: conversation, prompt, response or last-turn.", metavar="PART"),
    ] = "conversation"
    """Turns that are compared; system prompts never are."""
    keep: Annotated[
        Text,
        AfterValidator(_known_policy),
        Option(
            help="Keep this example of each cluster: best (fewest findings), first, last, longest, most-turns, "
            "newest:FIELD, highest:FIELD, lowest:FIELD or manual.",
            metavar="POLICY",
        ),
    ] = "best"
    """Which one of several duplicates stays: best (fewest findings of the default rules, errors first; of equal ones
    the first), first, last, longest, most-turns, newest:FIELD, highest:FIELD, lowest:FIELD, or manual (a near-duplicate
    goes only where a person dropped it in review). Of exact copies the first stays. No example is removed in favor of
    one with an error that nobody accepted or suppressed. All but best, first and last ignore the order of the lines.
    """
    ignore_facts: Annotated[
        bool,
        Guard("other"),
        Option(help="Also remove near-duplicates that differ in a number, a name or a negation."),
    ] = False
    """Remove near-duplicates even when they differ in a fact, such as a number or a negation."""
    same_words: Annotated[
        bool,
        Guard("other"),
        Option(help="Also remove short examples with the same content words, at any similarity."),
    ] = False
    """Also remove short examples with the same content words as another one, at any similarity. Otherwise they are
    reported and kept.
    """
    embeddings: Annotated[
        Model,
        Option(help="Report paraphrases found by this sentence-transformers model (D004); none is removed."),
    ] = ""
    """Sentence-transformers model that finds paraphrases (D004); they are reported and kept. Empty: no search for
    paraphrases.
    """
    beginnings: Annotated[bool, Option(help="Also remove conversations that are the beginning of another one.")] = False
    """Remove conversations that are an exact prefix of another one (D007)."""
    stop_share: Annotated[Fraction, Guard("higher")] = 0.3
    """Share of a file's lines above which a removal requires confirmation (D008)."""
    stop_cluster: Annotated[Fraction, Guard("higher")] = 0.05
    """Share of all lines in one cluster of duplicates above which a removal requires confirmation (D008)."""
    stop_least: Annotated[int, Field(ge=0), Guard("higher")] = 100
    """Number of lines up to which a removal never requires confirmation."""


class ConflictsConfig(Section):
    """`[conflicts]`: how contradictions are found."""

    embeddings: Annotated[Model, Option(help="Find reworded questions with this sentence-transformers model.")] = ""
    """Sentence-transformers model that finds the same question in other words; empty: the default model, if it is
    available; `none`: no model.
    """
    nli: Annotated[
        Model, Option(help="Judge answers with this NLI cross-encoder, e.g. cross-encoder/nli-deberta-v3-base.")
    ] = ""
    """NLI cross-encoder that compares answers; empty: the default model, if it is available; `none`: no model."""
    reader: Annotated[
        Model, Option(help="Compare long answers with this model, which reads each of them; none: by rules alone.")
    ] = ""
    """Token classifier that reads long answers; empty: `offline:curate-judge`, if it is installed; `none`: no model."""
    same_question: Annotated[
        Model, Option(help="Also compare questions with this cross-encoder, e.g. cross-encoder/quora-roberta-base.")
    ] = ""
    """Cross-encoder for duplicate questions that takes part in deciding which questions are the same; empty: none."""
    models: Annotated[bool, Option(help="Use no default models: compare equal questions, by rules.")] = True
    """Use the default models if none are set; off: compare equal questions only, with rules only."""
    min_confidence: Annotated[Fraction, Option(help="Show conflicts of at least this confidence.")] = 0.5
    """Minimum probability that two questions are the same and their answers contradict each other."""
    similarity: Annotated[Similarity, Option(help="Compare questions of at least this cosine similarity.")] = 0.43
    """Cosine similarity from which two questions may be the same; below 0.5 only if alike with brief answers."""
    contradiction: Similarity = 0.5
    """Minimum contradiction probability of the NLI model, in both directions."""
    judge: Annotated[
        str,
        AfterValidator(_address),
        Kind.JUDGE,
        Option(
            help="Let this language model decide last: a folder, a hub id, or the address of an endpoint (http...)."
        ),
    ] = ""
    """Judge that decides on the found pairs: a causal language model (folder, hub id, `offline:NAME`), or the URL of an
    OpenAI-compatible endpoint; empty: no judge."""
    judge_model: Annotated[Text, Option(help="Ask this model of the judge's endpoint.")] = ""
    """Model name at the endpoint of the judge."""
    judge_price: tuple[Annotated[float, Field(ge=0)], Annotated[float, Field(ge=0)]] | None = None
    """Price in US dollars per million input tokens and per million output tokens, for the estimate before the judge
    starts.
    """
    calibration: tuple[float, float] = (1.0, 0.0)
    """Slope and intercept on the log-odds of a confidence, from `curate conflicts --calibrate`."""
    all_turns: Annotated[bool, Option(help="Compare every answer, not only each conversation's last.")] = False
    """Compare the answers of all turns, not only the last one of each conversation."""


class SplitConfig(Section):
    """`[split]`: how the data set is split."""

    fractions: Annotated[
        tuple[Fraction, Fraction, Fraction],
        Option(help="Set the shares of train, validation and test.", metavar="0.8,0.1,0.1", instead_of="counts"),
    ] = (0.8, 0.1, 0.1)
    """Shares of train, validation and test."""
    counts: Annotated[
        tuple[Annotated[int, Field(ge=0)], Annotated[int, Field(ge=0)]] | None,
        Option(
            help="Set the numbers of validation and test examples instead of shares; train gets the rest.",
            metavar="200,500",
        ),
    ] = None
    """Number of examples in validation and test, instead of shares; train gets the rest."""
    group_by: Annotated[
        tuple[Text, ...],
        Option(
            help="Keep examples with the same value of this key in one split; repeatable. Default: session, repository "
            "and task of ingested sessions.",
            metavar="/metadata/source",
        ),
    ] = ()
    """Keys of the lines, e.g. `/metadata/source`: examples with equal values stay in one split. If none is named, the
    session, repository and task that `curate ingest` writes for sessions of agents.
    """
    stratify: Annotated[
        tuple[Text, ...],
        Option(
            help="Give each split the same shares by label, source, length, language, script, tools or a key of the "
            "lines; repeatable.",
            metavar="TRAIT",
        ),
    ] = ()
    """Properties to balance across the splits: label, source, length, language, script, tools, or a key of the
    lines.
    """
    existing: Annotated[
        tuple[str, ...],
        Kind.FILES,
        Option(
            help="Use this file as the test set, unchanged; examples related to it are left out of the other splits.",
            metavar="TEST.jsonl",
        ),
    ] = ()
    """Files of an existing test set, relative to the configuration's folder; it does not change, and examples related
    to it are left out.
    """
    semantic: Annotated[
        Model,
        Option(help="Keep questions that are paraphrases by this embedding model in one split.", metavar="MODEL"),
    ] = ""
    """Sentence-transformers model that keeps questions of similar meaning in one split; empty: no search for them."""
    semantic_similarity: Annotated[Similarity, Guard("higher")] = 0.9
    """Cosine similarity at or above which two questions are kept in one split; so are those that ask the same with a
    probability of at least 0.8.
    """
    grow: Annotated[
        bool,
        Option(help="Split all examples anew, regardless of an earlier split in the folder.", flag="--fresh"),
    ] = True
    """Keep the examples of the output folder in their splits."""
    parquet: Annotated[bool, Option(help="Write Parquet files beside the JSON Lines.")] = False
    """Also write Parquet files."""
    trainers: Annotated[
        tuple[Literal["axolotl", "llamafactory", "ms-swift", "torchtune", "trl", "unsloth", "verl"], ...],
        Option(help="Write a configuration for this trainer; repeatable.", metavar="TRAINER", flag="--trainer"),
    ] = ()
    """Other trainers to write a configuration for, next to the splits; for verl, Parquet files too."""

    @model_validator(mode="after")
    def _require_complete(self) -> "SplitConfig":
        if abs(sum(self.fractions) - 1) > 1e-6:
            raise ValueError(f"the fractions add up to {sum(self.fractions):g}, not 1")
        if not self.fractions[0]:
            raise ValueError("the share of train is 0: there would be no training data")
        return self


class MixConfig(Section):
    """`[mix]`: how much of each file is used; lines beyond the budget go to removed.jsonl."""

    weights: Annotated[
        dict[Text, Annotated[float, Field(ge=0)]],
        Option(
            help="Set the weight of a file or file pattern in the mix; '*=1' covers all other files; repeatable.",
            metavar="FILE=NUMBER",
            flag="--weight",
            example="chat.jsonl=2",
        ),
    ] = {}
    """Relative weight in the mix, by file or file pattern. `'*' = 1` applies to all other files. No line is used
    twice.
    """
    examples: Annotated[
        Annotated[int, Field(ge=1)] | None,
        Option(help="Limit the mix to this many examples; each cluster gives one before any gives a second."),
    ] = None
    """Maximum number of examples."""
    tokens: Annotated[Annotated[int, Field(ge=1)] | None, Option(help="Limit the mix to this many tokens.")] = None
    """Maximum number of tokens, instead of examples: counted with the model of `[check]`, or estimated as 4 bytes per
    token.
    """
    diverse: bool = True
    """Use one example of each cluster before a second one of any; false: random choice."""
    similarity: Similarity = 0.5
    """Jaccard similarity of shingle sets from which two examples are in one cluster. Examples with the same question
    are in one cluster too.
    """

    @model_validator(mode="after")
    def _one_budget(self) -> "MixConfig":
        if self.examples and self.tokens:
            raise ValueError("set a budget of examples or of tokens, not both")
        if self.weights and not any(self.weights.values()):
            raise ValueError("all weights are 0: no example would be left")
        return self


class RemoteConfig(Section):
    """`[remote]`: fine-tuning at a service. API keys come from the environment or the keyring, never from here."""

    target: Target | None = None
    """The service; default: the target of `[check]` if that is a service, else openai."""
    base_url: Annotated[str, AfterValidator(_address), Kind.ADDRESS] = ""
    """URL of its API, e.g. `https://NAME.openai.azure.com/openai/v1`; empty: the service's own."""
    model: Text = ""
    """Model to fine-tune, by the service's name."""
    method: Literal["supervised", "dpo", "reinforcement"] = "supervised"
    """Training method: from answers (sft), from preference pairs (dpo), or with a grader (reinforcement)."""
    epochs: Annotated[int, Field(ge=1)] | None = None
    """Number of epochs; default: the service decides."""
    batch_size: Annotated[int, Field(ge=1)] | None = None
    """Batch size in examples; default: the service decides."""
    learning_rate_multiplier: Annotated[float, Field(gt=0)] | None = None
    """Factor on the service's learning rate; default: the service decides."""
    beta: Annotated[float, Field(gt=0)] | None = None
    """With dpo: beta, the strength of the constraint to the original model; default: the service decides."""
    hyperparameters: dict[Text, int | float | Text] = {}
    """Other hyperparameters, by the service's names."""
    suffix: Annotated[Text, Field(max_length=64)] = ""
    """Suffix of the name of the new model."""
    seed: Annotated[int, Field(ge=0)] | None = None
    """Random seed that is sent to the service."""
    grader: Annotated[str, Kind.PATH] = ""
    """With reinforcement: JSON file of the grader, relative to the configuration's folder."""
    prices: dict[Text, Annotated[float, Field(ge=0)]] = {}
    """Price in US dollars per million training tokens, by model or prefix of its name; overrides the built-in table."""


class ReviewConfig(Section):
    """`[review]`: what reviewers can say about an example."""

    labels: Annotated[tuple[Annotated[Text, Field(pattern=r"^[\w.-]{1,40}$")], ...], Field(max_length=20)] = ()
    """Labels that a reviewer can give, for example `["off-topic", "great"]`: letters, digits, `_`, `.` and `-`."""
    keys: dict[Text, Text] = {}
    """Keys of the review by action, for example `keep = "k"`; several are separated by commas."""


class SourceConfig(Section):
    """`[card.sources.FILE]`: where a file of the data comes from, for the papers."""

    kind: Literal["", "public", "licensed", "third-party", "crawled", "user", "synthetic", "own"] = ""
    """A public data set, one licensed by rightsholders, one of another third party, crawled pages, what users wrote,
    answers of a model, or own work; empty: unknown.
    """
    title: Text = ""
    """Name of the source."""
    url: Text = ""
    """Address at which the source can be obtained."""
    owner: Text = ""
    """Owner or publisher of the source."""
    license: Text = ""
    """License of the source: an SPDX identifier, for example `CC-BY-4.0`, or its name."""
    collected: Annotated[Text, Field(pattern=r"^(\d{4}-\d{2}(/\d{4}-\d{2})?)?$")] = ""
    """When the data was collected: a month `2025-03`, or the first and the last of several `2024-01/2025-03`."""
    generator: Text = ""
    """For synthetic data: the model that generated it, with its version."""
    description: Text = ""
    """What the source contains, in a sentence."""


class CardConfig(Section):
    """`[card]`: information for the data card and the papers that cannot be computed."""

    title: Text = ""
    """Title of the data card."""
    description: Text = ""
    """Description of the data and its purpose."""
    license: Annotated[Text, Field(validation_alias=AliasChoices("license", "licence"))] = ""
    """License of the data: an identifier of the Hugging Face Hub, for example `cc-by-4.0`, or its name."""
    languages: Text = ""
    """Languages of the data. Codes with commas, for example `en, de`, are also the hub's `language`."""
    contact: Text = ""
    """Contact for questions about the data."""
    creator: Text = ""
    """Person or organisation that made the data set."""
    url: Text = ""
    """Address of the data set."""
    purpose: Text = ""
    """What the data is to be used for."""
    published: Annotated[Text, Field(pattern=r"^(\d{4}-\d{2}-\d{2})?$")] = ""
    """Date of publication: `2026-11-30`."""
    sources: dict[Text, SourceConfig] = {}
    """Where the data comes from, by file or file pattern; `"*"` applies to all other files."""


class TrackConfig(Section):
    """`[track]`: where check, split, verify and run log verdicts, counts, hashes and the data card, but no data."""

    to: Annotated[Literal["", "mlflow", "trackio", "wandb"], Kind.TRACKER] = ""
    """Tracker, whose package must be installed; empty: none."""
    project: Text = "curate"
    """Project of W&B and Trackio, experiment of MLflow."""
    address: Annotated[str, Kind.TRACKER] = ""
    """Its server, for MLflow also a database (`sqlite:///ml.db`); empty: as the tracker's environment variables say."""


class Config(Section):
    """The configuration of a project: its data, the stages and the output."""

    data: Annotated[tuple[str, ...], Kind.FILES] = ()
    """Files or folders to read, relative to the configuration's folder."""
    output: Annotated[str, Kind.PATH] = "out"
    """Output folder for the splits, the removed examples and the manifest."""
    seed: Annotated[int, Field(ge=0), Option(help="Set the seed of the split.")] = 0
    """Random seed of the splits."""
    shards: Annotated[
        int,
        Field(ge=1, le=99_999),
        Option(help="Write each split as this many files, for example train-00000-of-00064.jsonl."),
    ] = 1
    """Number of files of each split; one with fewer examples has as many files as examples."""
    errors: Literal["set-aside", "stop"] = "set-aside"
    """What `curate run` does with examples that have errors: move them to removed.jsonl with their code, or stop."""
    check: CheckConfig = CheckConfig.model_construct()
    dedup: DedupConfig = DedupConfig.model_construct()
    conflicts: ConflictsConfig = ConflictsConfig.model_construct()
    split: SplitConfig = SplitConfig.model_construct()
    mix: MixConfig = MixConfig.model_construct()
    review: ReviewConfig = ReviewConfig.model_construct()
    card: CardConfig = CardConfig.model_construct()
    remote: RemoteConfig = RemoteConfig.model_construct()
    track: TrackConfig = TrackConfig.model_construct()
    recipe: Annotated[str, Kind.PATH] = ""
    """Training recipe, relative to the configuration's folder; empty: `curate run` ends after the splits."""


def load_config(path: Path) -> Config:
    """Read `curate.toml`, or the `[tool.curate]` table of a `pyproject.toml`.

    Raises `UsageError` if there is none, `ConfigError` that lists every mistake with its key and the most similar valid
    key.
    """
    values = load_toml(path)
    if path.name == "pyproject.toml":
        tools = values.get("tool")
        values = tools.get("curate", {}) if isinstance(tools, dict) else {}
    return validated(Config, values, str(path))


def with_options(section: SectionType, **options: Any) -> SectionType:
    """A section of the configuration with the command-line options that are not None. Raises `ConfigError` for an
    invalid value.
    """
    overrides = {name: value for name, value in options.items() if value is not None}
    return (
        validated(type(section), {**section.model_dump(), **overrides}, "option", "pass another value")
        if overrides
        else section
    )
