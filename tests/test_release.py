"""What names the package agrees, and `docs.release` says what does not."""

import json
import shutil
from pathlib import Path

import pytest

from docs import release


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """The files that name the package, copied."""
    files = ("pyproject.toml", "CHANGELOG.md", "README.md", "curate/__init__.py", "docs/howto/ci.md")
    for name in (*files, release.EXTENSION_FILE):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(release.ROOT / name, tmp_path / name)
    return tmp_path


def test_names_extras_and_versions_agree() -> None:
    assert list(release.problems()) == []


@pytest.mark.parametrize(
    ("line", "problem"),
    [
        ("repo: URL-OF-THIS-REPOSITORY", "the placeholder URL-OF-THIS-REPOSITORY"),
        ("pip install curate-data", "installs curate-data, but the package is curate-chat"),
        ("pip install 'curate-chat[everything,tui]'", "the package has no extra everything"),
    ],
)
def test_a_wrong_name_in_the_docs_is_a_problem(copy: Path, line: str, problem: str) -> None:
    (copy / "README.md").write_text(f"# curate\n{line}\n")
    assert list(release.problems(copy)) == [f"README.md:2: {problem}"]


def test_another_version_or_publisher_of_the_extension_is_a_problem(copy: Path) -> None:
    manifest = copy / release.EXTENSION_FILE
    changed = json.loads(manifest.read_text()) | {"version": "0.0.1", "publisher": "someone"}
    manifest.write_text(json.dumps(changed, indent=2))
    publisher, version = release.problems(copy)
    assert "name and publisher are not curate-chat" in publisher
    assert "the version is 0.0.1" in version


def test_a_release_writes_version_and_date(copy: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(release, "ROOT", copy)
    section = release.SECTION.search((copy / "CHANGELOG.md").read_text())
    assert section is not None
    version, manifest = section[1], copy / release.EXTENSION_FILE
    manifest.write_text(manifest.read_text().replace(f'"{version}"', '"0.0.1"'))
    assert release.main(["write", version]) == 0
    assert f'__version__ = "{version}"\n' in (copy / "curate/__init__.py").read_text()
    assert f"## [{version}] - 20" in (copy / "CHANGELOG.md").read_text()
    assert list(release.problems(copy)) == []


@pytest.mark.parametrize("version", ["9.9.9", "next"])
def test_a_release_without_a_section_writes_nothing(copy: Path, monkeypatch: pytest.MonkeyPatch, version: str) -> None:
    monkeypatch.setattr(release, "ROOT", copy)
    before = [file.read_bytes() for file in sorted(copy.rglob("*.*")) if file.is_file()]
    assert release.main(["write", version]) == 2
    assert [file.read_bytes() for file in sorted(copy.rglob("*.*")) if file.is_file()] == before
