"""Training runs: start, stop, follow by their folders, and compare."""

from collections.abc import Callable

from textual import work
from textual.content import Content

from curate.commands.run.followed import Followed, Follower, TrainingState, require_recipe, start, stop
from curate.core.errors import CurateError
from tui.conversation import literal
from tui.keys import bindings
from tui.messages import Failed, ResultComputed
from tui.render.runs import NO_TRAINING, START_HINT, evaluation, run_comparison, run_detail
from tui.screens.ask import ConfirmScreen
from tui.screens.frame import LOADING_NOTE, PlainScreen

POLL_SECONDS = 1.0
"""Seconds between reads of the folders."""
STARTED_NOTE = "started; the first output takes some seconds"


class RunsScreen(PlainScreen):
    """A screen that follows the project's training runs."""

    def on_mount(self) -> None:
        """Read at once, then at intervals."""
        self.at = 0
        self.follower = Follower(self.state.sources.project)
        self.set_interval(POLL_SECONDS, self.read_runs)
        self.read_runs()
        self.catch_up()

    @property
    def runs(self) -> list[Followed]:
        """The training runs as last read."""
        followed: list[Followed] = self.state.results.get("runs", [])
        return followed

    @property
    def known(self) -> bool:
        """Whether the folders of the runs were read."""
        return "runs" in self.state.results

    def read_runs(self) -> None:
        """Read new events in the background."""
        if self.is_current:
            self.read_folders()

    @work(thread=True, exclusive=True, exit_on_error=False, group="runs")
    def read_folders(self) -> None:
        """Read new events of the folders."""
        runs = self.follower.read_runs()
        if not self.known or runs != self.state.results["runs"]:  # unchanged runs are not redrawn
            self.app.post_message(ResultComputed("runs", runs))

    def catch_up(self) -> None:
        """Offer the keys that have an effect now."""
        super().catch_up()
        self.refresh_bindings()

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Show another training only if there are several."""
        return (action != "run" or len(self.runs) > 1) and super().check_action(action, parameters)

    def action_run(self, by: int) -> None:
        """Show the training that is `by` positions further, in a circle."""
        self.at = (self.at + by) % max(1, len(self.runs))
        self.catch_up()


class TrainingScreen(RunsScreen):
    """The progress of a training."""

    BINDINGS = bindings("training")
    NAME = "training"
    together = False

    def catch_up(self) -> None:
        """Draw the facts known so far."""
        super().catch_up()
        runs, room = self.runs, (self.width, self.height)
        draw = (
            run_comparison(runs, *room)
            if runs and self.together
            else run_detail(runs, self.at, *room)
            if runs
            else None
        )
        start = "" if self.app.is_web else START_HINT.format(self.state.key("start"))
        self.draw(draw or literal(f"{NO_TRAINING}{start}." if self.known else LOADING_NOTE))
        self.say(
            "trainings are started and stopped in the terminal"
            if self.app.is_web
            else f"{self.state.key('start')} starts or resumes, {self.state.key('stop')} stops and saves; a training "
            "continues after you quit"
        )

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Stop a running training only; people who review in a browser start and stop none on the server."""
        running = bool(self.runs) and self.runs[min(self.at, len(self.runs) - 1)].state is TrainingState.RUNNING
        wrong = (action == "stop" and not running) or (action == "compare" and not self.runs)
        wrong |= self.app.is_web and action in ("start", "stop")
        return not wrong and super().check_action(action, parameters)

    def action_start(self) -> None:
        """Start the training of the project's recipe, once it is confirmed."""
        project, config, yes = self.state.sources.project, self.state.sources.config, self.state.sources.agreed
        recipe = project.folder / (config.recipe or "recipe.toml")
        try:
            require_recipe(recipe, yes=yes)
        except CurateError as error:
            self.app.post_message(Failed(error))
            return
        body = literal(f"{recipe}\nA training takes hours of a GPU. It continues after you quit.")
        self._confirm("Start or resume the training?", body, lambda: start(project, recipe, yes=yes), STARTED_NOTE)

    def _confirm(self, title: str, body: Content, act: Callable[[], object], done: str) -> None:
        def answered(yes: bool | None) -> None:
            if not yes:
                return
            try:
                act()
            except CurateError as error:
                self.app.post_message(Failed(error))
            else:
                self.notify(done, timeout=4)

        self.app.push_screen(ConfirmScreen(title, body), answered)

    def action_stop(self) -> None:
        """Stop the displayed training, once it is confirmed."""
        if self.runs:
            run = self.runs[min(self.at, len(self.runs) - 1)].path
            body = literal(f"{run.name}\nIt stops after this step, and can be resumed from its last checkpoint.")
            self._confirm("Stop this training?", body, lambda: stop(run), "stopping after this step")

    def action_compare(self) -> None:
        """Switch between the comparison and one training."""
        self.together = not self.together
        self.catch_up()


class EvaluateScreen(RunsScreen):
    """The evaluation of trainings."""

    BINDINGS = bindings("evaluate")
    NAME = "evaluate"
    output = 0

    def catch_up(self) -> None:
        """Draw the facts known so far."""
        super().catch_up()
        runs = evaluation(self.runs, self.at, self.output, self.width) if self.known else literal(LOADING_NOTE)
        self.draw(runs)
        self.say("systems compared on held-out questions")

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Show another question only if there are answers."""
        return (action != "output" or bool(self.runs)) and super().check_action(action, parameters)

    def action_output(self, by: int) -> None:
        """Show another question."""
        self.output = max(0, self.output + by)
        self.catch_up()
