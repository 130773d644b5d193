"""Packages, megabytes (2^20 bytes) and CPU seconds of an installation, each in a new environment.

    python -m tests.bench.install_size . ruff semhash convmerge

Packages come from pip's cache where it has them: install once before you read the seconds. pip itself is not counted.
"""

import json
import os
import subprocess
import sys
import tempfile
import venv
from pathlib import Path


def measured(package: str) -> tuple[int, int, float]:
    """Number of packages, megabytes on disk and CPU seconds."""
    with tempfile.TemporaryDirectory() as name:
        venv.create(name, with_pip=False)
        python = Path(name) / ("Scripts/python.exe" if sys.platform == "win32" else "bin/python")
        pip = [sys.executable, "-m", "pip", "--python", str(python), "--disable-pip-version-check"]
        before = os.times()
        subprocess.run([*pip, "install", "--quiet", package], check=True)
        after = os.times()
        listed = subprocess.run([*pip, "list", "--format", "json"], check=True, capture_output=True, text=True)
        size = sum(path.stat().st_blocks * 512 for path in Path(name).rglob("*") if not path.is_symlink())
    spent = after.children_user + after.children_system - before.children_user - before.children_system
    return len(json.loads(listed.stdout)), size >> 20, spent


def main() -> None:
    """Print the table."""
    for package in sys.argv[1:]:
        packages, megabytes, seconds = measured(package)
        print(f"{package:<12} {packages:4} packages {megabytes:6,} MB {seconds:6.1f} s", flush=True)


if __name__ == "__main__":
    main()
