"""Lists of packages, made from what is installed: `python -m docs.packages lock|sbom`.

`lock` writes `requirements-dev.txt`: the version of each package that development needs, without addresses, so that any
package index serves. `sbom [EXTRA]` prints a software bill of materials (CycloneDX 1.6) of the package with an extra.
"""

import json
import platform
import re
import sys
import tomllib
import uuid
from collections.abc import Iterator
from importlib.metadata import Distribution, PackageNotFoundError, distribution
from pathlib import Path
from typing import Any, Final

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

import curate

ROOT: Final = Path(__file__).resolve().parent.parent
LOCK: Final = ROOT / "requirements-dev.txt"
PROJECT: Final = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]


def needed(name: str, extras: set[str]) -> Iterator[Requirement]:
    """What a package with extras needs on this system, of ours as pyproject.toml says."""
    if name == PROJECT["name"]:
        lines = [*PROJECT["dependencies"], *(line for one in extras for line in PROJECT["optional-dependencies"][one])]
    else:
        lines = distribution(name).requires or []
    for requirement in map(Requirement, lines):
        if requirement.marker is None or any(requirement.marker.evaluate({"extra": one}) for one in extras or {""}):
            yield requirement


def installed(extras: set[str]) -> dict[str, tuple[Distribution, list[str]]]:
    """Each package that ours needs with extras, by its normalized name, and the names of those that it needs itself.

    Raises `PackageNotFoundError` for one that is not installed.
    """
    links: dict[str, set[str]] = {}
    known: dict[str, set[str]] = {}
    waiting = [(PROJECT["name"], extras)]
    while waiting:
        name, asked = waiting.pop()
        if name in known and asked <= known[name]:
            continue
        known[name] = asked = known.get(name, set()) | asked
        below = [(canonicalize_name(one.name), set(one.extras)) for one in needed(name, asked)]
        links[name] = {one for one, _ in below if one != name}
        waiting += below
    return {name: (distribution(name), sorted(links[name])) for name in sorted(links) if name != PROJECT["name"]}


def lock() -> str:
    """The versions, one package a line. A local version (`2.13.0+cpu`) is of one build and is left out."""
    system = f"Python {platform.python_version()}, {platform.system()} {platform.machine()}"
    head = f"# Written by `make lock` ({system}). Install: pip install -e '.[dev]' -c {LOCK.name}\n"
    found = {name: found.version.partition("+")[0] for name, (found, _) in installed({"dev"}).items()}
    return head + "".join(f"{name}=={version}\n" for name, version in found.items())


def sbom(extras: set[str]) -> dict[str, Any]:
    """The bill of materials; equal packages give equal bytes."""
    packages = installed(extras)
    own = f"pkg:pypi/{PROJECT['name']}@{curate.__version__}"
    refs = {name: f"pkg:pypi/{name}@{found.version}" for name, (found, _) in packages.items()}
    direct = sorted({canonicalize_name(one.name) for one in needed(PROJECT["name"], extras)} & refs.keys())
    return {
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "serialNumber": f"urn:uuid:{uuid.uuid5(uuid.NAMESPACE_URL, ' '.join([own, *refs.values()]))}",
        "version": 1,
        "metadata": {"component": _component(PROJECT["name"], curate.__version__, own, PROJECT["license"])},
        "components": [
            _component(name, found.version, refs[name], _licence(found)) for name, (found, _) in packages.items()
        ],
        "dependencies": [
            {"ref": own, "dependsOn": [refs[name] for name in direct]},
            *({"ref": refs[name], "dependsOn": [refs[one] for one in below]} for name, (_, below) in packages.items()),
        ],
    }


def _licence(package: Distribution) -> str | None:
    """The licence expression, if there is one; the backport of importlib.metadata raises for a missing key."""
    known = package.metadata
    return known["License-Expression"] if "License-Expression" in known else None  # noqa: SIM401


def _component(name: str, version: str, ref: str, license_expression: str | None) -> dict[str, Any]:
    known = {"licenses": [{"expression": license_expression}]} if license_expression else {}
    return {"type": "library", "bom-ref": ref, "name": name, "version": version, "purl": ref, **known}


def main(words: list[str]) -> int:
    """Write the lock file, or print a bill of materials."""
    try:
        if words[:1] == ["sbom"]:
            extras = {word for text in words[1:] for word in re.split(r"[, ]+", text) if word}
            sys.stdout.write(json.dumps(sbom(extras), indent=2) + "\n")
        else:
            LOCK.write_text(lock(), "utf-8")
    except PackageNotFoundError as error:
        sys.stderr.write(f"{error.name} is not installed; run `make install`\n")
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
