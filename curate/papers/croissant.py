"""Metadata of the data set in Croissant 1.1 (https://docs.mlcommons.org/croissant/docs/croissant-spec-1.1.html)."""

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final

from curate.core.limits import open_regular
from curate.core.text import plural
from curate.papers.facts import PaperFacts
from curate.project.manifest import OutputFile

VERSION: Final = "http://mlcommons.org/croissant/1.1"
CONTEXT: Final[dict[str, Any]] = {
    "@language": "en", "@vocab": "https://schema.org/", "arrayShape": "cr:arrayShape", "citeAs": "cr:citeAs",
    "column": "cr:column", "conformsTo": "dct:conformsTo", "containedIn": "cr:containedIn",
    "cr": "http://mlcommons.org/croissant/", "data": {"@id": "cr:data", "@type": "@json"},
    "dataType": {"@id": "cr:dataType", "@type": "@vocab"}, "dct": "http://purl.org/dc/terms/",
    "description": {"@container": "@language"}, "equivalentProperty": "cr:equivalentProperty",
    "examples": {"@id": "cr:examples", "@type": "@json"}, "extract": "cr:extract", "field": "cr:field",
    "fileObject": "cr:fileObject", "fileProperty": "cr:fileProperty", "fileSet": "cr:fileSet", "format": "cr:format",
    "includes": "cr:includes", "isArray": "cr:isArray", "isLiveDataset": "cr:isLiveDataset",
    "jsonPath": "cr:jsonPath", "key": "cr:key", "md5": "cr:md5", "name": {"@container": "@language"},
    "parentField": "cr:parentField", "path": "cr:path", "prov": "http://www.w3.org/ns/prov#",
    "rai": "http://mlcommons.org/croissant/RAI/", "recordSet": "cr:recordSet", "references": "cr:references",
    "regex": "cr:regex", "repeated": "cr:repeated", "replace": "cr:replace", "samplingRate": "cr:samplingRate",
    "sc": "https://schema.org/", "separator": "cr:separator", "source": "cr:source", "subField": "cr:subField",
    "transform": "cr:transform",
}  # fmt: skip
"""The context of the specification."""
TYPES: Final = {str: "sc:Text", bool: "sc:Boolean", int: "sc:Integer", float: "sc:Float"}


def croissant(facts: PaperFacts) -> dict[str, Any]:
    """The description as JSON-LD. Properties without a known value are left out."""
    card = facts.card
    splits = [(name, part) for name, part in facts.manifest.splits.items() if part.examples]
    return {
        "@context": CONTEXT,
        "@type": "sc:Dataset",
        "conformsTo": VERSION,
        "name": facts.name,
        "description": card.description or f"Chat data for fine-tuning: {plural(facts.examples, 'example')}.",
        **_without_empty(
            license=card.license, url=card.url, datePublished=card.published,
            creator=card.creator and {"@type": "sc:Organization", "name": card.creator},
            inLanguage=[code.strip() for code in card.languages.split(",") if code.strip()],
        ),
        "isLiveDataset": False,
        "keywords": ["fine-tuning", "chat"],
        **_without_empty(**{"prov:wasDerivedFrom": _derived_from(facts)}),
        "distribution": [
            entry for _, part in splits for entry in _distribution(facts.folder, part)
        ],
        "recordSet": [
            {
                "@type": "cr:RecordSet",
                "@id": name,
                "name": name,
                "description": f"The {name} split: {plural(part.examples, 'example')}.",
                "field": list(_fields(name, part, _first_row(part.paths(facts.folder)[0]))),
            }
            for name, part in splits
        ],
    }  # fmt: skip


def _distribution(folder: Path, part: OutputFile) -> Iterator[dict[str, Any]]:
    """The files of a split, and for shards the set of them."""
    for name, digest in part.files.items():
        yield {
            "@type": "cr:FileObject",
            "@id": name,
            "name": name,
            "contentUrl": name,
            "contentSize": f"{(folder / name).stat().st_size} B",
            "encodingFormat": "application/jsonlines",
            "sha256": digest,
        }
    if part.shards:
        yield {
            "@type": "cr:FileSet",
            "@id": part.file,
            "name": part.file,
            "encodingFormat": "application/jsonlines",
            "includes": part.file,
        }


def _fields(split: str, part: OutputFile, row: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """The columns of a split whose values are texts, numbers or lists of objects, as its first example has them."""
    for key, value in row.items():
        field = {"@type": "cr:Field", "@id": f"{split}/{key}", "name": key}
        origin = "fileSet" if part.shards else "fileObject"
        source = {origin: {"@id": part.file}, "extract": {"column": key}}
        if type(value) in TYPES:
            yield {**field, "dataType": TYPES[type(value)], "source": source}
        elif isinstance(value, list) and value and all(isinstance(item, dict) for item in value):
            yield {
                **field,
                "isArray": True,
                "arrayShape": "-1",
                "subField": [
                    {
                        "@type": "cr:Field",
                        "@id": f"{split}/{key}/{name}",
                        "name": name,
                        "dataType": "sc:Text",
                        "source": {**source, "transform": {"jsonPath": name}},
                    }
                    for name, item in value[0].items()
                    if isinstance(item, str)
                ],
            }


def _first_row(path: Path) -> dict[str, Any]:
    """The object on the first line of a file."""
    with open_regular(path) as lines:
        return dict(json.loads(lines.readline()))


def _derived_from(facts: PaperFacts) -> list[dict[str, Any]]:
    """The sources that the configuration describes."""
    return [
        {"@type": "prov:Entity", "prov:label": source.title, **_without_empty(url=said.url, license=said.license)}
        for source in facts.sources
        if (said := source.said).kind or said.title or said.url
    ]


def _without_empty(**values: Any) -> dict[str, Any]:
    """The values by name, without those that are empty or None."""
    return {name: value for name, value in values.items() if value}
