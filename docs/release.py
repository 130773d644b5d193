"""What a release needs: `python -m docs.release check [PYTHON...]` and `python -m docs.release write VERSION`.

`check` compares what names the package, its extras and its version, then builds the wheel, installs it in a new
environment of each Python and runs the tutorial there. It changes nothing, and ends with the commands that publish.
`write` sets the version, that of the extension, and the date of its section in the changelog.
"""

import json
import os
import re
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from packaging.version import InvalidVersion, Version

ROOT: Final = Path(__file__).resolve().parent.parent
PYTHONS: Final = ("python3.11", "python3.12", "python3.13", "python3.14")
VERSION_FILE: Final = "curate/__init__.py"
EXTENSION_FILE: Final = "editors/vscode/package.json"
EXTENSION_VERSION: Final = re.compile(r'(?<=^  "version": ")[^"]*', re.MULTILINE)
VERSION_LINE: Final = re.compile(r'^__version__ = "(.+)"$', re.MULTILINE)
SECTION: Final = re.compile(r"^## \[(.+?)\] - (.+)$", re.MULTILINE)
INSTALLED: Final = re.compile(r"pip install (?:-\S+ )*'?(curate[\w-]*)(?:\[([\w,-]+)\])?")
PLACEHOLDER: Final = re.compile(r"\b(?:URL|OWNER|NAME|COMMIT)-(?:OF|OR)-[A-Z-]+\b|\bexample\.org/curate\b")
TUTORIAL: Final = "tests/test_docs.py"


def problems(root: Path = ROOT) -> Iterator[str]:
    """What disagrees about the name, the extras or the version of the package: one line each, with its file."""
    project = tomllib.loads((root / "pyproject.toml").read_text("utf-8"))["project"]
    texts = [*root.glob("*.md"), *root.glob("*.yml"), *root.glob(".*.yaml"), *root.glob("docs/**/*.md")]
    texts += [*root.glob("curate/**/*.py"), *root.glob("editors/vscode/*.js"), *root.glob("editors/vscode/*.md")]
    for file in sorted(texts):
        name = file.relative_to(root).as_posix()
        for number, line in enumerate(file.read_text("utf-8").splitlines(), start=1):
            yield from (f"{name}:{number}: the placeholder {match[0]}" for match in PLACEHOLDER.finditer(line))
            for package, extras in INSTALLED.findall(line):
                missing = {*filter(None, extras.split(","))} - {*project["optional-dependencies"]}
                if package != project["name"]:
                    yield f"{name}:{number}: installs {package}, but the package is {project['name']}"
                elif missing:
                    yield f"{name}:{number}: the package has no extra {', '.join(sorted(missing))}"
    version = VERSION_LINE.findall((root / VERSION_FILE).read_text("utf-8"))
    section = SECTION.search((root / "CHANGELOG.md").read_text("utf-8"))
    if len(version) != 1 or section is None or Version(version[0]).base_version != section[1]:
        yield f"CHANGELOG.md: its first section is {section and section[1]}, but {VERSION_FILE} has {version}"
    extension = json.loads((root / EXTENSION_FILE).read_text("utf-8"))
    if {extension["name"], extension["publisher"]} != {project["name"]}:
        yield f"{EXTENSION_FILE}: name and publisher are not {project['name']}"
    if version and Version(version[0]).base_version != extension["version"]:  # the marketplace takes no other form
        yield f"{EXTENSION_FILE}: the version is {extension['version']}, but {VERSION_FILE} has {version[0]}"


def _runs(python: str) -> bool:
    """Whether a command of this name is a Python that starts; pyenv has commands for versions that are switched off."""
    if shutil.which(python) is None:
        return False
    return subprocess.run([python, "-c", ""], capture_output=True, check=False).returncode == 0


def check(pythons: list[str]) -> int:
    """Compare, then try the wheel with each Python; returns the exit status."""
    disagreements = list(problems())
    print("\n".join(disagreements) or "names, extras, versions: equal everywhere")
    failed, not_tried = bool(disagreements), []
    for python in pythons:
        if not _runs(python):
            not_tried.append(python)
            continue
        print(f"{python}: wheel, new environment, tutorial", flush=True)
        environment = {**os.environ, "TESTS": TUTORIAL}
        failed |= subprocess.run([python, "tests/installed.py"], cwd=ROOT, env=environment, check=False).returncode != 0
    if not_tried:
        print(f"not tried, since they do not run here: {', '.join(not_tried)}")
    if failed or len(not_tried) == len(pythons):
        return 1
    version = Version(VERSION_LINE.findall((ROOT / VERSION_FILE).read_text("utf-8"))[0]).base_version
    print(
        f"ready. To publish {version}:\n"
        f"  python -m docs.release write {version}\n"
        f'  git commit -am "Release {version}" && git tag v{version}\n'
        f"  git push --atomic origin HEAD v{version}"
    )
    return 0


def write(text: str) -> int:
    """Set the version and today's date, by UTC, in the files that have them; returns the exit status."""
    try:
        version = Version(text)
    except InvalidVersion:
        print(f"{text} is no version: say for example 0.2.0", file=sys.stderr)
        return 2
    changelog, source, extension = ROOT / "CHANGELOG.md", ROOT / VERSION_FILE, ROOT / EXTENSION_FILE
    log = changelog.read_text("utf-8")
    section = SECTION.search(log)
    if section is None or section[1] != version.base_version:
        print(f"CHANGELOG.md: its first section is not {version.base_version}", file=sys.stderr)
        return 2
    source.write_text(VERSION_LINE.sub(f'__version__ = "{version}"', source.read_text("utf-8")), "utf-8")
    extension.write_text(EXTENSION_VERSION.sub(version.base_version, extension.read_text("utf-8")), "utf-8")
    date = datetime.now(UTC).date().isoformat()
    changelog.write_text(log.replace(section[0], f"## [{section[1]}] - {date}", 1), "utf-8")
    return 0


def main(arguments: list[str]) -> int:
    """Run the command that the arguments name; returns its exit status."""
    match arguments:
        case ["check", *pythons]:
            return check(pythons or list(PYTHONS))
        case ["write", version]:
            return write(version)
    print(__doc__, file=sys.stderr)
    return 2


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
