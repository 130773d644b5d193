"""The output folder: sizes, what the splits are made of, what left, and the proof that nothing leaks."""

from pathlib import Path

from textual import work
from textual.worker import get_current_worker

from curate.core.errors import CurateError
from curate.core.manifest import Manifest, read_manifest
from curate.review.split_composition import composition_of
from curate.review.verification import prove
from tui.keys import bindings
from tui.messages import Failed, Measured
from tui.render.splits import nowhere, proof, splits
from tui.screens.plain import PlainScreen


class SplitsScreen(PlainScreen):
    """Draws the manifest of the project's output, and its proof once it was asked for."""

    BINDINGS = bindings("splits")
    NAME = "splits"
    proving = False
    _digest = ""
    """Of the manifest whose splits were measured, or are about to be."""

    def on_mount(self) -> None:
        """Read the manifest."""
        self.catch_up()

    @property
    def folder(self) -> Path:
        """The project's output."""
        return self.state.sources.project.folder / self.state.sources.config.output

    def catch_up(self) -> None:
        """Draw what is there now."""
        super().catch_up()
        try:
            manifest, digest = read_manifest(self.folder)
        except CurateError as error:
            self.draw(nowhere(str(self.folder), error.message))
            self.say("no splits yet")
            return
        results = self.state.results
        if digest != self._digest:  # another run has written others
            self._digest = digest
            results.pop("proof", None)
            results.pop("composition", None)
            self.measure(manifest)
        proved = results.get("proof")
        self.proving &= proved is None
        self.draw(
            splits(
                str(self.folder),
                manifest,
                results.get("composition"),
                proof(proved, self.width, asked=self.proving),
                self.width,
            )
        )
        self.say("v verifies that nothing leaks, nothing is lost, and no file was changed")

    def forget(self) -> None:
        """Measure again, too; a proof that is under way is given up."""
        self._digest, self.proving = "", False

    def action_verify(self) -> None:
        """Read the folder again and look for leaks."""
        if not self._digest:
            self.say("no splits yet")
            return
        self.state.results.pop("proof", None)
        self.proving = True
        self.catch_up()
        self.read_again()

    @work(thread=True, exclusive=True, exit_on_error=False, group="composition")
    def measure(self, manifest: Manifest) -> None:
        """Look at what the splits are made of, away from the screen."""
        parts = {name: self.folder / part.file for name, part in manifest.splits.items() if part.examples}
        self.app.post_message(Measured("composition", composition_of(parts)))

    @work(thread=True, exclusive=True, exit_on_error=False, group="proof")
    def read_again(self) -> None:
        """Prove the folder, away from the screen."""
        worker = get_current_worker()
        try:
            proved = prove(self.folder, lambda: worker.is_cancelled)
        except CurateError as error:
            self.app.post_message(Measured("proof", None))
            self.app.post_message(Failed(error))
        else:
            if proved is not None:
                self.app.post_message(Measured("proof", proved))
