"""The public summary of training content that Article 53(1)(d) of Regulation (EU) 2024/1689 asks for.

Sections and ranges are those of the template in the annex to C(2025) 5235 final of 24 July 2025. The data set is one
part of a training: what the summary says of other parts, and of the model, is a blank.
"""

from typing import Final

from curate.core.text import plural
from curate.papers.facts import PaperFacts, SourceFacts
from curate.papers.form import Field, PaperForm
from curate.storage.files import MANIFEST

RANGES: Final = (
    (10**9, "Less than 1 billion tokens"),
    (10**13, "1 billion to 10 trillion tokens"),
    (None, "More than 10 trillion tokens"),
)
NOTICE: Final = (
    "Draft of the public summary for a general-purpose AI model that is trained on this data. It covers this data "
    "alone: add what else the model was trained on. A person is responsible for each answer; this is no legal advice."
)
SOURCES: Final = "curate.toml: [card.sources]"
CARD: Final = "curate.toml: [card]"
COUNTED: Final = "counted in the files of the splits"


def eu_summary(facts: PaperFacts) -> PaperForm:
    """The form; fields without a known value are blank."""
    return PaperForm(
        f"Public summary of training content: {facts.name}",
        NOTICE,
        (
            ("1. General information", _general_fields(facts)),
            ("2. List of data sources", _source_fields(facts)),
            ("3. Relevant data processing aspects", _processing_fields(facts)),
        ),
    )


def _general_fields(facts: PaperFacts) -> list[Field]:
    """The fields of section 1: provider, model, and size and content of the data."""
    card = facts.card
    scripts = ", ".join(f"{script} {count:,}" for script, count in facts.statistics.mainly.most_common(8))
    languages = f"languages: {card.languages}; " if card.languages else ""
    months = facts.periods()
    size = next(text for most, text in RANGES if most is None or facts.tokens < most)
    formats = ", ".join(f"{name} {count:,}" for name, count in facts.statistics.formats.most_common(5))
    latest = f"{months[-1][5:]}/{months[-1][:4]}" if months else ""
    return [
        Field("1.1", "Provider: name", card.creator, f"{CARD} creator"),
        Field("1.1", "Provider: contact", card.contact, f"{CARD} contact"),
        Field("1.1", "Authorised representative, if the provider is outside the Union"),
        Field("1.2", "Versioned model name"),
        Field("1.2", "Model dependencies: the model that was fine-tuned, with its summary"),
        Field("1.2", "Date of placement on the Union market"),
        Field("1.3", "Modality and size of the training data: text", f"{size} (about {facts.tokens:,})", COUNTED),
        Field("1.3", "Types of content", f"chat, {plural(facts.examples, 'example')}: {formats}", COUNTED),
        Field("1.3", "Latest date of data acquisition", latest, f"{SOURCES} collected"),
        Field("1.3", "Whether the model is trained on new data after that date"),
        Field(
            "1.3",
            "Linguistic characteristics",
            f"{languages}examples by main script: {scripts}",
            f"{CARD} languages; {COUNTED}",
        ),
        Field(
            "1.3",
            "Other characteristics, such as regional or demographic ones",
            card.description,
            f"{CARD} description",
        ),
    ]


def _source_fields(facts: PaperFacts) -> list[Field]:
    """The fields of section 2: the sources by kind."""
    crawled, synthetic = facts.of_kind("crawled"), facts.of_kind("synthetic")
    details = _no_or_blank(facts, crawled)
    return [
        Field("2.1", "Publicly available datasets", _sources_of_kind(facts, "public"), SOURCES),
        Field(
            "2.2.1",
            "Datasets licensed by rightsholders or their representatives",
            _sources_of_kind(facts, "licensed"),
            SOURCES,
        ),
        Field("2.2.2", "Private datasets of other third parties", _sources_of_kind(facts, "third-party"), SOURCES),
        Field("2.3", "Data crawled and scraped from online sources", _sources_of_kind(facts, "crawled"), SOURCES),
        Field("2.3", "Names, purposes and behaviour of the crawlers", details, SOURCES),
        Field("2.3", "Period of collection", _collection_period(crawled) or details, f"{SOURCES} collected"),
        Field("2.3", "Most relevant domain names", details, SOURCES),
        Field("2.4", "User data, of the model and of other services", _sources_of_kind(facts, "user"), SOURCES),
        Field("2.5", "Synthetic data", _sources_of_kind(facts, "synthetic"), SOURCES),
        Field(
            "2.5",
            "Models that generated it",
            _generating_models(synthetic) or _no_or_blank(facts, synthetic),
            f"{SOURCES} generator",
        ),
        Field("2.6", "Other sources", _sources_of_kind(facts, "own"), SOURCES),
    ]


def _processing_fields(facts: PaperFacts) -> list[Field]:
    """The fields of section 3: what was removed and how."""
    done = "; ".join((*facts.removals(), f"curate {facts.manifest.curate}"))
    return [
        Field("3.1", "Signatory of the Code of Practice"),
        Field("3.1", "Measures to respect reservations from text and data mining"),
        Field("3.2", "Measures to avoid or remove illegal content"),
        Field(
            "3.3",
            "Other information",
            f"{facts.manifest.read:,} lines read, {facts.manifest.kept:,} kept; {done}",
            MANIFEST,
        ),
    ]


def _sources_of_kind(facts: PaperFacts, kind: str) -> str:
    """The sources of a kind in words; `no` if every source has another kind; empty if there are none, but the kind of a
    source is unknown.
    """
    sources = [source for source in facts.sources if source.said.kind == kind]
    return "; ".join(map(described, sources)) or _no_or_blank(facts, sources)


def _no_or_blank(facts: PaperFacts, sources: list[SourceFacts]) -> str:
    """`no` if `sources` is empty and the kind of every source is known; else empty."""
    return "no" if not sources and not facts.of_kind("") else ""


def _collection_period(sources: list[SourceFacts]) -> str:
    """The first and the last month of collection; empty if that of a source is unknown."""
    months = sorted({month for source in sources for month in source.said.collected.split("/") if month})
    return f"{months[0]} to {months[-1]}" if months and all(source.said.collected for source in sources) else ""


def _generating_models(sources: list[SourceFacts]) -> str:
    """The models that generated the sources, with commas; empty if none is known."""
    return ", ".join(dict.fromkeys(source.said.generator for source in sources if source.said.generator))


def described(source: SourceFacts) -> str:
    """A source in words: its description in the configuration, and how many of its lines are kept."""
    said = source.said
    parts = (said.owner, said.url, said.license, said.collected, said.description)
    return ", ".join((source.title, *filter(None, parts), f"{source.kept:,} of {plural(source.read, 'line')} kept"))
