"""Run `curate verify` in a separate process, so that the screen stays responsive."""

import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Final

from pydantic import TypeAdapter, ValidationError

from curate.commands.run.training import CURATE_COMMAND
from curate.core.errors import CurateError
from curate.verify.proof import VerifyResult

POLL_SECONDS: Final = 0.2
"""Seconds between checks for cancellation."""


def prove(folder: Path, stopped: Callable[[], bool] = lambda: False) -> VerifyResult | None:
    """Run `curate verify` on a folder; returns None if `stopped` became true first. Raises `CurateError` with its
    message if it fails.
    """
    command = [*CURATE_COMMAND, "verify", str(folder), "--json", "--quiet"]
    with subprocess.Popen(
        command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, start_new_session=True
    ) as process:
        while True:
            try:
                proof, output = process.communicate(timeout=POLL_SECONDS)
                break
            except subprocess.TimeoutExpired:
                if stopped():
                    process.kill()  # it writes nothing
                    return None
    try:
        return TypeAdapter(VerifyResult).validate_json(proof)
    except ValidationError:
        words = output.decode("utf-8", "replace").strip() or f"it ended with status {process.returncode}"
        raise CurateError(
            f"{folder}: could not be verified: {words[-2000:]}", f"run `curate verify {folder}` for details"
        ) from None
