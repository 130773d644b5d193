"""The output folder: sizes and composition of the splits, removed lines, and verification."""

import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Final

from pydantic import TypeAdapter, ValidationError
from textual import work
from textual.worker import get_current_worker

from curate.commands.run.training import CURATE_COMMAND
from curate.core.errors import CurateError
from curate.project.manifest import Manifest, read_manifest
from curate.review.overview import composition_of
from curate.verify.proof import VerifyResult
from tui.keys import bindings
from tui.messages import Failed, ResultComputed
from tui.render.splits import no_folder, splits, verification
from tui.screens.frame import PlainScreen

POLL_SECONDS: Final = 0.2
"""Seconds between checks for cancellation."""


class SplitsScreen(PlainScreen):
    """Draws the manifest of the project's output, and its verification on request."""

    BINDINGS = bindings("splits")
    NAME = "splits"
    proving = False
    _digest = ""
    """Digest of the manifest whose splits are measured."""

    def on_mount(self) -> None:
        """Read the manifest."""
        self.catch_up()

    @property
    def folder(self) -> Path:
        """The project's output."""
        return self.state.sources.project.folder / self.state.sources.config.output

    def catch_up(self) -> None:
        """Draw the current facts."""
        super().catch_up()
        try:
            manifest, digest = read_manifest(self.folder)
        except CurateError as error:
            self.draw(no_folder(str(self.folder), error.message))
            self.say("no splits yet")
            return
        results = self.state.results
        if digest != self._digest:  # another run has replaced them
            self._digest = digest
            results.pop("proof", None)
            results.pop("composition", None)
            self.measure(manifest)
            self.refresh_bindings()
        proved, key = results.get("proof"), self.state.key("verify")
        self.proving &= proved is None
        self.draw(
            splits(
                str(self.folder),
                manifest,
                results.get("composition"),
                verification(proved, self.width, key, started=self.proving),
                self.width,
            )
        )
        self.say(f"{key} verifies that nothing leaks, nothing is lost, and no file was changed")

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Without splits there is nothing to verify."""
        return (action != "verify" or bool(self._digest)) and super().check_action(action, parameters)

    def forget(self) -> None:
        """Measure again, and cancel a running verification."""
        self._digest, self.proving = "", False

    def action_verify(self) -> None:
        """Verify the folder."""
        self.state.results.pop("proof", None)
        self.proving = True
        self.catch_up()
        self.read_again()

    @work(thread=True, exclusive=True, exit_on_error=False, group="composition")
    def measure(self, manifest: Manifest) -> None:
        """Measure the composition of the splits in the background."""
        parts = {name: part.paths(self.folder) for name, part in manifest.splits.items() if part.examples}
        self.app.post_message(ResultComputed("composition", composition_of(parts)))

    @work(thread=True, exclusive=True, exit_on_error=False, group="proof")
    def read_again(self) -> None:
        """Read and verify the folder in the background; posts the result as `proof`."""
        worker = get_current_worker()
        try:
            proved = prove(self.folder, lambda: worker.is_cancelled)
        except CurateError as error:
            self.app.post_message(ResultComputed("proof", None))
            self.app.post_message(Failed(error))
        else:
            if proved is not None:
                self.app.post_message(ResultComputed("proof", proved))


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
