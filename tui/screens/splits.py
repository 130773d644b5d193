"""The output folder: sizes, what left, and the proof that nothing leaks."""

from textual import work

from curate.errors import CurateError
from curate.manifest import Manifest, read_manifest
from curate.pipeline.proving import Point, prove
from tui.keys import bindings
from tui.messages import Failed, Measured
from tui.render.splits import splits
from tui.screens.plain import PlainScreen


class SplitsScreen(PlainScreen):
    """Draws the manifest of the project's output, and its proof once it was asked for."""

    BINDINGS = bindings("splits")
    NAME = "splits"
    proving = False

    def on_mount(self) -> None:
        """Read the manifest."""
        self.catch_up()

    def catch_up(self) -> None:
        """Draw what is there now."""
        super().catch_up()
        folder = self.curate.sources.project.folder / self.curate.sources.config.output
        manifest: Manifest | None = None
        why = ""
        try:
            manifest, _ = read_manifest(folder)
        except CurateError as error:
            why = error.message
        proof: list[Point] | None = self.curate.results.get("proof")
        self.proving &= proof is None
        self.draw(splits(str(folder), manifest, why, proof, proving=self.proving))
        self.say("v proves that nothing leaks" if manifest else "no splits here yet")

    def action_verify(self) -> None:
        """Read the folder again and look for leaks."""
        self.curate.results.pop("proof", None)
        self.proving = True
        self.catch_up()
        self.read_again()

    @work(thread=True, exclusive=True, exit_on_error=False, group="proof")
    def read_again(self) -> None:
        """Prove the folder, away from the screen."""
        folder = self.curate.sources.project.folder / self.curate.sources.config.output
        try:
            self.app.post_message(Measured("proof", prove(folder)))
        except CurateError as error:
            self.app.post_message(Measured("proof", []))
            self.app.post_message(Failed(error))
