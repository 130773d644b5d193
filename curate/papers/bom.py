"""A bill of materials of the data set: CycloneDX 1.6, one component of the type `data` for each file of a
split and each source."""

import uuid
from typing import Any, Final

from curate.core.text import plural
from curate.papers.facts import PaperFacts, SourceFacts

SPDX: Final = frozenset(
    """Apache-2.0 MIT BSD-2-Clause BSD-3-Clause GPL-2.0-only GPL-3.0-only LGPL-3.0-only AGPL-3.0-only MPL-2.0 CC0-1.0
    CC-BY-3.0 CC-BY-4.0 CC-BY-SA-3.0 CC-BY-SA-4.0 CC-BY-NC-4.0 CC-BY-NC-SA-3.0 CC-BY-NC-SA-4.0 CC-BY-NC-ND-4.0
    CC-BY-ND-4.0 ODbL-1.0 ODC-By-1.0 PDDL-1.0 CDLA-Permissive-2.0 CDLA-Sharing-1.0 Unlicense ISC OGL-UK-3.0
    """.split()  # noqa: SIM905
)
"""Identifiers of SPDX that a license is named by; others are written as names."""


def bill_of_materials(facts: PaperFacts) -> dict[str, Any]:
    """The bill as JSON. Its serial number is made from the manifest, so that equal data has an equal bill."""
    serial = uuid.uuid5(uuid.NAMESPACE_OID, facts.manifest_sha256)
    whole = {
        **_component("dataset", facts.name, facts.manifest_sha256, facts.card.license, facts.card.url),
        "version": facts.manifest_sha256[:12],
        "data": [_dataset_entry(facts.name, facts.card.description, facts.card.creator, facts)],
    }
    splits = [
        _component(reference, file, digest, "", "", plural(examples, "example"))
        for name, part in facts.manifest.splits.items()
        for reference, file, digest, examples in (
            [(f"split:{name}:{shard.file}", shard.file, shard.sha256, shard.examples) for shard in part.shards]
            or [(f"split:{name}", part.file, part.files[part.file], part.examples)]
        )
    ]
    sources = [_source_component(number, source) for number, source in enumerate(facts.sources, start=1)]
    return {
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "serialNumber": f"urn:uuid:{serial}",
        "version": 1,
        "metadata": {
            "component": whole,
            "tools": {"components": [{"type": "application", "name": "curate", "version": facts.manifest.curate}]},
        },
        "components": [*splits, *sources],
        "dependencies": [
            {"ref": "dataset", "dependsOn": [split["bom-ref"] for split in splits]},
            *({"ref": split["bom-ref"], "dependsOn": [source["bom-ref"] for source in sources]} for split in splits),
        ],
    }


def _component(
    reference: str, name: str, sha256: str, license_: str, url: str, description: str = ""
) -> dict[str, Any]:
    """A component of the bill; empty texts are left out."""
    component: dict[str, Any] = {
        "type": "data", "bom-ref": reference, "name": name, "hashes": [{"alg": "SHA-256", "content": sha256}],
    }  # fmt: skip
    if description:
        component["description"] = description
    if license_:
        component["licenses"] = [{"license": {"id" if license_ in SPDX else "name": license_}}]
    if url:
        component["externalReferences"] = [{"type": "distribution", "url": url}]
    return component


def _source_component(number: int, source: SourceFacts) -> dict[str, Any]:
    """The component of a file that was read."""
    said = source.said
    kept = f"{source.kept:,} of {plural(source.read, 'line')} kept"
    component = _component(f"source:{number}", source.title, source.sha256, said.license, said.url, kept)
    owner = {"governance": {"owners": [{"organization": {"name": said.owner}}]}} if said.owner else {}
    content = {"name": source.title, **({"description": said.description} if said.description else {})}
    component["data"] = [{"type": "dataset", **content, **owner}]
    if said.kind:
        component["properties"] = [{"name": "curate:source:kind", "value": said.kind}]
    return component


def _dataset_entry(name: str, description: str, creator: str, facts: PaperFacts) -> dict[str, Any]:
    """The description of the data set; what is not known is left out."""
    dataset: dict[str, Any] = {"type": "dataset", "name": name}
    if description:
        dataset["description"] = description
    if facts.personal:
        dataset["sensitiveData"] = [f"{code}: {plural(count, 'finding')}" for code, count in facts.personal.items()]
    if creator:
        dataset["governance"] = {"owners": [{"organization": {"name": creator}}]}
    return dataset
