"""What runs at GitHub and in a container: files that parse, targets that exist, and the steps that can run here."""

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import yaml
from numba.core.caching import _CacheLocator
from packaging.utils import canonicalize_name

from docs import packages
from tests.conftest import Write, environment

ROOT = Path(__file__).resolve().parent.parent
WORKFLOWS = sorted((ROOT / ".github" / "workflows").glob("*.yml"))
TARGETS = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
BAD = {"messages": [{"role": "user", "content": "Hi"}, {"role": "assistant", "content": ""}]}


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.name)
def test_workflows_call_targets_that_exist_with_few_rights(path: Path) -> None:
    workflow = yaml.safe_load(path.read_text())
    assert workflow["permissions"] == {"contents": "read"}
    for job in workflow["jobs"].values():
        for step in job["steps"]:
            words = step.get("run", "").split()
            assert not words or words[0] == "make"
            assert {word for word in words[1:] if "=" not in word} <= TARGETS


def test_the_lock_file_has_each_package_of_development_in_a_version_that_is_allowed() -> None:
    lines = (ROOT / "requirements-dev.txt").read_text().splitlines()
    assert all(re.fullmatch(r"#.*|[a-z0-9-]+==[\w.!]+", line) for line in lines), "no address, no local version"
    locked = dict(line.split("==") for line in lines if not line.startswith("#"))
    project = packages.PROJECT["name"]
    for needed in packages.needed(project, {"dev"}):
        name = canonicalize_name(needed.name)
        assert name == project or needed.specifier.contains(locked[name]), needed


def test_the_bill_of_materials_names_each_package_of_the_base_install_and_what_needs_it() -> None:
    bill = packages.sbom(set())
    names = {one["name"]: one for one in bill["components"]}
    assert {"numpy", "polars", "pydantic-core"} <= names.keys()
    assert not {"numba", "scipy", "torch", "textual", "pytest"} & names.keys()
    assert {"numba", "scipy"} <= {one["name"] for one in packages.sbom({"dedup"})["components"]}
    assert names["numpy"]["purl"] == f"pkg:pypi/numpy@{names['numpy']['version']}"
    refs = {one["bom-ref"] for one in (*bill["components"], bill["metadata"]["component"])}
    assert {one["ref"] for one in bill["dependencies"]} == refs
    assert {below for one in bill["dependencies"] for below in one["dependsOn"]} | {
        bill["metadata"]["component"]["bom-ref"]
    } == refs, "each is there because something needs it"
    assert packages.sbom(set()) == bill


def checked(folder: Path, **settings: str) -> "subprocess.CompletedProcess[str]":
    """The step of the action that checks, with `curate` on the path."""
    command = folder / "bin" / "curate"
    command.parent.mkdir()
    command.write_text(f'#!/bin/sh\nPYTHONPATH={ROOT} exec {sys.executable} -m curate "$@"\n')
    command.chmod(0o755)
    changed = environment(PATH=f"{command.parent}:{os.environ['PATH']}", **settings)
    script = ["bash", str(ROOT / ".github" / "check.sh")]
    return subprocess.run(script, env=changed, capture_output=True, text=True, check=False)


@pytest.mark.slow
@pytest.mark.skipif(os.name == "nt", reason="bash")
def test_the_action_annotates_and_writes_sarif(write: Write, tmp_path: Path) -> None:
    write("data/a.jsonl", [BAD])
    done = checked(tmp_path, PATHS="data", ARGS="--ignore D,F", SARIF="found.sarif")
    assert done.returncode == 1, done.stderr
    assert done.stdout.startswith("::error file=data/a.jsonl,line=1")
    assert [found["ruleId"] for found in json.loads(Path("found.sarif").read_text())["runs"][0]["results"]] == ["C003"]


@pytest.mark.slow
@pytest.mark.skipif(os.name == "nt", reason="bash")
def test_inputs_of_the_action_are_no_code(write: Write, tmp_path: Path) -> None:
    write("data/a.jsonl", [BAD])
    done = checked(tmp_path, PATHS="data; touch owned $(touch owned)", ARGS="`touch owned`")
    assert done.returncode == 2
    assert not Path("owned").exists()


@pytest.mark.slow
@pytest.mark.skipif(os.name == "nt", reason="bash")
def test_the_action_fails_for_a_path_that_is_not_there(tmp_path: Path) -> None:
    assert checked(tmp_path, PATHS="nowhere", SARIF="x.sarif").returncode == 2


@pytest.mark.slow
def test_the_image_has_what_the_package_is_built_from() -> None:
    let_through = {line[1:] for line in (ROOT / ".dockerignore").read_text().splitlines() if line.startswith("!")}
    project = (ROOT / "pyproject.toml").read_text()
    assert {"curate", "train", "tui", "schemas", "pyproject.toml", "README.md", "LICENSE"} == let_through
    assert all(f'"{name}"' in project for name in ("curate", "train", "tui", "schemas", "README.md", "LICENSE"))


LAST = "join.join_sharing-"
"""What only the last of the commands compiles; all together take half a minute."""


def copy_compiled(folder: Path) -> None:
    """Copy what is compiled already, but for the last, to where NUMBA_CACHE_DIR has it."""
    for cached in ROOT.glob("curate/*/__pycache__"):
        module = str(cached.parent / "kernels.py")
        place = folder / _CacheLocator.get_suitable_cache_subpath(module)  # type: ignore[no-untyped-call]
        place.mkdir(parents=True)
        for file in cached.glob("*.nb[ci]"):
            if not file.name.startswith(LAST):
                shutil.copy(file, place)


@pytest.mark.skipif(os.name == "nt", reason="sh")
@pytest.mark.slow
def test_the_command_that_compiles_in_the_image_runs(tmp_path: Path) -> None:
    step = re.search(r"^RUN (curate .+)$", (ROOT / "Dockerfile").read_text(), re.MULTILINE)
    assert step
    script = f'curate() {{ {sys.executable} -m curate "$@"; }}\n' + step[1].replace("/tmp", str(tmp_path))
    kernels = tmp_path / "kernels"
    copy_compiled(kernels)
    (tmp_path / "curate.toml").write_text("data = [")  # somebody's, in a folder of temporary files that all share
    changed = environment(PYTHONPATH=str(ROOT), NUMBA_CACHE_DIR=str(kernels), TMPDIR=str(tmp_path))
    subprocess.run(["sh", "-c", script], env=changed, check=True, capture_output=True)
    assert list(kernels.rglob(f"{LAST}*.nbc"))
