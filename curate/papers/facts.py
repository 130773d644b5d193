"""What is known about a split: its manifest, its files, and what the configuration says of their sources."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal, NamedTuple

from curate.core.config import CardConfig, CheckConfig, SourceConfig
from curate.core.errors import InputError
from curate.core.limits import open_regular
from curate.core.removed import removal_of
from curate.corpus.stats import Stats, collect
from curate.lint.runner import check_paths
from curate.output.datacard import custom_rules, name_of, reason_for, said_of
from curate.project.manifest import Manifest, read_manifest
from curate.storage.files import display_name

SourceKind = Literal["", "public", "licensed", "third-party", "crawled", "user", "synthetic", "own"]
PERSONAL: Final = ("S",)
"""The rules that report private values."""


class SourceFacts(NamedTuple):
    """A file that was read, and what the configuration says of it."""

    path: str
    sha256: str
    read: int
    """Its lines."""
    kept: int
    """Its lines that are in a split."""
    said: SourceConfig
    """Empty values where the configuration says nothing."""

    @property
    def title(self) -> str:
        """The name of the source, or the path of the file."""
        return self.said.title or self.path


@dataclass(frozen=True)
class PaperFacts:
    """What the papers are made from."""

    folder: Path
    manifest: Manifest
    manifest_sha256: str
    card: CardConfig
    sources: list[SourceFacts]
    """In the order in which the files were read, a given test set first."""
    statistics: Stats
    """Of the files of all splits."""
    personal: Counter[str]
    """Number of findings by rule of `PERSONAL` in the files of all splits."""

    @classmethod
    def of(cls, folder: Path) -> "PaperFacts":
        """Read a folder that `curate split` or `curate run` wrote. Raises `InputError`."""
        manifest, digest = read_manifest(folder)
        card = CardConfig.model_validate(manifest.config.get("card", {}))
        files = [path for part in manifest.splits.values() for path in part.paths(folder)]
        checked = check_paths(files, CheckConfig(select=PERSONAL))
        return cls(
            folder, manifest, digest, card, list(_sources(folder, manifest, card)),
            collect(files, strict=False), Counter(finding.code for finding in checked.findings),
        )  # fmt: skip

    @property
    def name(self) -> str:
        """The title of the data set, or the name of its folder."""
        return self.card.title or self.folder.resolve().name

    @property
    def examples(self) -> int:
        """The examples of all splits."""
        return sum(part.examples for part in self.manifest.splits.values())

    @property
    def tokens(self) -> int:
        """The approximate number of tokens of all examples: bytes divided by four."""
        return sum(self.statistics.tokens)

    def of_kind(self, *kinds: SourceKind) -> list[SourceFacts]:
        """The sources of some kinds."""
        return [source for source in self.sources if source.said.kind in kinds]

    def unused_sources(self) -> list[str]:
        """The names in `[card.sources]`, without `*`, that describe none of the files that were read."""
        used = {name_of(source.path, self.card.sources) for source in self.sources}
        return [name for name in self.card.sources if name != "*" and name not in used]

    def unlicensed(self) -> list[str]:
        """The files that were read without a license in `[card.sources]`."""
        return [source.path for source in self.sources if not source.said.license]

    def removals(self) -> Iterator[str]:
        """The number of removed lines for each reason, a sentence each."""
        rules = custom_rules(self.manifest)
        for code, count in self.manifest.removed.reasons.items():
            yield f"{count:,} removed ({code}): {reason_for(code, rules)}"

    def periods(self) -> list[str]:
        """The months of collection of all sources, sorted; empty if those of a source are not known."""
        collected = [source.said.collected for source in self.sources]
        return sorted({month for period in collected for month in period.split("/")}) if all(collected) else []


def _sources(folder: Path, manifest: Manifest, card: CardConfig) -> Iterator[SourceFacts]:
    """The files that were read, with their descriptions and the number of kept lines."""
    removed = _removed_by_file(folder / manifest.removed.file)
    for file in (*manifest.existing, *manifest.inputs):
        yield SourceFacts(
            file.path, file.sha256, file.lines, file.lines - removed[file.path], said_of(file.path, card.sources)
        )


def _removed_by_file(ledger: Path) -> Counter[str]:
    """How many lines of each file were removed. Raises `InputError` for a line that is no record of a removed one."""
    try:
        with open_regular(ledger) as lines:
            return Counter(removal_of(line).file for line in lines if line.strip())
    except ValueError:
        text = f"{display_name(ledger)}: has a line that is no record of a removed line"
        raise InputError(text, "`curate verify` shows what differs; split the data again") from None
