"""`curate verify` in a process of its own, for who wants to see the proof of a split on a screen that must not stand
still meanwhile.
"""

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Final

from pydantic import ValidationError

from curate.core.errors import CurateError
from curate.report.verify import VerifyOutput

LOOK: Final = 0.2
"""Seconds between two looks at whether somebody still waits."""


def prove(folder: Path, stopped: Callable[[], bool] = lambda: False) -> VerifyOutput | None:
    """The proof of a folder; None where `stopped` became true first. Raises `CurateError` with what the process said
    where there is no proof.
    """
    # -P: nothing in the working folder can take the place of a module
    command = [sys.executable, "-P", "-m", "curate", "verify", str(folder), "--json", "--quiet"]
    with subprocess.Popen(
        command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, start_new_session=True
    ) as process:
        while True:
            try:
                proof, said = process.communicate(timeout=LOOK)
                break
            except subprocess.TimeoutExpired:
                if stopped():
                    process.kill()  # it writes nothing
                    return None
    try:
        return VerifyOutput.model_validate_json(proof)
    except ValidationError:
        words = said.decode("utf-8", "replace").strip() or f"it ended with status {process.returncode}"
        raise CurateError(
            f"{folder}: could not be verified: {words[-2000:]}", f"run `curate verify {folder}` for details"
        ) from None
