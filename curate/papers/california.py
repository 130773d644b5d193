"""The documentation that California's AB 2013 asks for: the twelve items of Civil Code section 3111(a)."""

from typing import Final

from curate.core.text import plural
from curate.papers.eu_summary import CARD, COUNTED, SOURCES, described
from curate.papers.facts import PaperFacts
from curate.papers.form import Field, PaperForm
from curate.storage.files import MANIFEST

NOTICE: Final = (
    "Draft of the documentation for a generative AI system that is trained on this data. It covers this data alone. A "
    "person is responsible for each answer; this is no legal advice."
)


def california(facts: PaperFacts) -> PaperForm:
    """The form; fields without a known value are blank."""
    has_kinds = not facts.of_kind("")
    licensed, synthetic = facts.of_kind("licensed"), facts.of_kind("synthetic")
    public = [source for source in facts.of_kind("public", "crawled", "third-party") if source.said.license]
    months = facts.periods()
    listed = "; ".join(map(described, facts.sources)) if has_kinds else ""
    licenses = ", ".join(dict.fromkeys(source.said.license for source in facts.sources))
    complete = all(source.said.license for source in facts.sources)
    personal = ", ".join(f"{code}: {count:,}" for code, count in sorted(facts.personal.items())) or "none"
    fields = (
        Field("(1)", "Sources or owners of the datasets", listed, SOURCES),
        Field("(2)", "How the datasets further the intended purpose", facts.card.purpose, f"{CARD} purpose"),
        Field("(3)", "Number of data points", plural(facts.examples, "example"), f"{MANIFEST} splits"),
        Field("(4)", "Types of data points", _types_of_data(facts), COUNTED),
        Field(
            "(5)",
            "Data protected by copyright, trademark or patent, or entirely in the public domain",
            f"licenses of the sources: {licenses}" if complete else "",
            f"{SOURCES} license",
        ),
        Field(
            "(6)",
            "Whether the datasets were purchased or licensed",
            ("licensed: " + ", ".join(source.title for source in licensed) if licensed else "" if public else "no")
            if has_kinds
            else "",
            f"{SOURCES}; public and crawled data may be under a license, too" if public else SOURCES,
        ),
        Field(
            "(7)",
            "Whether the datasets include personal information (Civil Code 1798.140(v))",
            "",
            f"a person decides; private values found by rules S in the splits, those that `curate redact` "
            f"invented counted: {personal}",
        ),
        Field("(8)", "Whether the datasets include aggregate consumer information (Civil Code 1798.140(b))"),
        Field(
            "(9)",
            "Cleaning, processing or other modification, and its purpose",
            "; ".join(facts.removals()) or f"{plural(facts.manifest.read, 'line')} read, none removed",
            f"{MANIFEST} removed; add what was done before the split, such as `curate redact`",
        ),
        Field(
            "(10)",
            "Time period of collection, and whether it goes on",
            f"{months[0]} to {months[-1]}" if months else "",
            f"{SOURCES} collected",
        ),
        Field("(11)", "Dates when the datasets were first used"),
        Field(
            "(12)",
            "Synthetic data",
            (
                ", ".join(f"{source.title} ({source.said.generator or 'model not named'})" for source in synthetic)
                or "no"
            )
            if has_kinds
            else "",
            SOURCES,
        ),
    )
    return PaperForm(
        f"Training data documentation, AB 2013: {facts.name}", NOTICE, (("Civil Code section 3111(a)", fields),)
    )


def _types_of_data(facts: PaperFacts) -> str:
    """The types of data: conversations, and the number of messages by role."""
    roles = ", ".join(f"{name} {role.messages:,}" for name, role in facts.statistics.roles.items())
    return f"conversations; messages by role: {roles}"
