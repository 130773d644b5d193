"""Run the fast tests against an installed wheel: `python tests/installed.py [EXTRA]`, with the Python to try.

Builds the wheel, installs it with pytest in a new virtual environment, and runs the tests there. Tests that import a
package which is not installed are skipped; that curate itself does is a failure. With the extra `dedup` alone, which is
the default, the folder has a `train.py` and a `tui.py` of its own, which must never be imported. With LOWEST=1,
dependencies are the oldest allowed; TESTS="tests/test_docs.py ..." runs these tests only.
"""

import os
import re
import shutil
import subprocess
import sys
import tempfile
import tomllib
import venv
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).resolve().parent.parent
TOOLS: Final = ("pytest>=8.3", "pytest-asyncio>=0.25", "pytest-timeout>=2.4", "pytest-xdist>=3.6", "hypothesis>=6.115")
COPIED_PATHS: Final = (
    "tests", "docs", "examples", "schemas", "README.md", "CHANGELOG.md", "CONTRIBUTING.md", "SECURITY.md", "LICENSE",
    "Makefile", "pyproject.toml", ".pre-commit-hooks.yaml",
)  # fmt: skip
TRAP: Final = "raise SystemExit('a module of the working folder was imported in place of the package')\n"
TESTED_PATHS: Final = ("tests/engine", "tests/hostile", "tests/test_docs.py", "tests/test_generated.py")
NEED_EXTRAS: Final = (
    "test_errors_show_no_key",  # of models that cannot be loaded
    "test_splits_can_be_alike_in_any_trait",  # the language of a text
)
"""Tests that fail without an extra, by what curate says."""
SMALLEST: Final = "dedup"
NEED_NEW: Final = ("test_schemas_are_current",)
"""Tests that fail with the oldest dependencies: pydantic 2.11 leaves descriptions out of a schema."""


def _oldest() -> list[str]:
    """The oldest version of each dependency of the package with the extra `dedup`."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    requirements = project["dependencies"] + project["optional-dependencies"][SMALLEST]
    return [re.sub(r">=([\w.]+)", r"==\1", requirement) for requirement in requirements]


def main(extra: str) -> int:
    """Build, install and run; returns the exit status of pytest."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        subprocess.run(
            [sys.executable, "-m", "pip", "wheel", "-q", "--no-deps", "-w", str(folder), str(ROOT)], check=True
        )
        [wheel] = folder.glob("*.whl")
        venv.create(folder / "venv", with_pip=True)
        python = folder / "venv" / ("Scripts/python.exe" if sys.platform == "win32" else "bin/python")
        oldest = folder / "oldest.txt"
        oldest.write_text("\n".join(_oldest()) if os.environ.get("LOWEST") else "")
        subprocess.run(
            [str(python), "-m", "pip", "install", "-q", f"{wheel}[{extra}]", *TOOLS, "-c", oldest], check=True
        )
        work = folder / "work"
        work.mkdir()
        for part in COPIED_PATHS:
            source = ROOT / part
            (shutil.copytree if source.is_dir() else shutil.copy)(source, work / part)
        for module in ("train", "tui") if extra == SMALLEST else ():  # with others, tests import train
            (work / f"{module}.py").write_text(TRAP)
        not_tried = (NEED_EXTRAS if extra == SMALLEST else ()) + (NEED_NEW if os.environ.get("LOWEST") else ())
        left_out = ["-k", " and ".join(f"not {test}" for test in not_tried)] if not_tried else []
        tests = os.environ.get("TESTS", "").split() or TESTED_PATHS
        command = [str(python), "-m", "pytest", *tests, "-m", "not slow", "-n", "2", "--dist", "loadgroup", *left_out]
        return subprocess.run([*command, "-p", "tests.without_extras"], cwd=work, check=False).returncode


if __name__ == "__main__":
    sys.exit(main(*(sys.argv[1:] or [SMALLEST])))
