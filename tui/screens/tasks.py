"""The tasks of the first screen: decide what is open, judge a random sample, apply the decisions."""

import re
from collections.abc import Coroutine, Sequence
from pathlib import Path

from textual import work
from textual.content import Content
from textual.widgets import OptionList
from textual.widgets.option_list import Option as ListOption

from curate.commands.apply import ApplyResult, apply
from curate.commands.review_history import Audit, audit_sentence, audits_in, samples
from curate.commands.session import Workspace
from curate.core.errors import CurateError
from curate.core.text import plural, visible
from curate.render.convert import apply_text
from curate.review import ReviewSession
from curate.review.audit import DEFAULT_SIZE, Population, start_audit, why_not_ready
from curate.review.inbox import STAGES, Inbox
from curate.storage.output_pair import checked_removed_path
from tui.abandon import cancellable
from tui.conversation import literal
from tui.messages import Failed
from tui.render.signs import lines
from tui.render.status import decision_counts
from tui.review_state import ReviewTask
from tui.screens.ask import AskScreen, ConfirmScreen, MenuOption, MenuScreen
from tui.screens.frame import FrameScreen

LABEL_CELLS = 9
"""Width of the name of a task in cells."""
MAX_RESUMED = 9
"""Number of audits that can be resumed: each has a digit."""
POPULATIONS: dict[str, Population] = {"a": "all", "k": "kept"}


class Tasks(FrameScreen):
    """Starts tasks."""

    _drawn: tuple[Content, ...] = ()

    def show_tasks(self) -> None:
        """Draw the tasks; the cursor stays."""
        session, box = self.session, self.query_one("#tasks", OptionList)
        drawn = task_lines(session, self.state.inbox, audits_in([session.log]).audits)
        if tuple(drawn.values()) == self._drawn:
            return
        highlighted = box.highlighted if self._drawn else 0
        self._drawn = tuple(drawn.values())
        box.clear_options()
        box.add_options([ListOption(line, id=name) for name, line in drawn.items()])
        box.highlighted = highlighted

    def start(self, name: str) -> None:
        """Start a task by its name."""
        if name == "inbox":
            self._start_inbox()
        elif name == "audit":
            self._ask_audit()
        elif name == "apply":
            self._ask_output()
        else:
            self.app.run_worker(self.app.run_action("app.history"))

    def _start_inbox(self) -> None:
        stage = self.state.inbox.next_stage()
        if stage is None:
            self.notify("nothing is left to decide" if self.session.ended else "the check is running", timeout=4)
        else:
            self.begin(ReviewTask(stage.kind, stage.filter))

    # Audit

    def _ask_audit(self) -> None:
        """Ask for the examples to draw from, or for an audit to resume."""
        audits = audits_in([self.session.log]).audits[-MAX_RESUMED:]
        options = [
            MenuOption("a", "All", "all examples, each content once"),
            MenuOption("k", "Kept", "those that would be kept, as decided so far"),
            *(
                MenuOption(str(number), "Resume", f"{audit.name}: {audit.judged:,} of {audit.sample:,} judged")
                for number, audit in enumerate(audits, start=1)
            ),
        ]

        def picked(key: str | None) -> None:
            if key in POPULATIONS:
                self._ask_size(POPULATIONS[key])
            elif key is not None:
                self._open_audit(audits[int(key) - 1].name)

        self.app.push_screen(MenuScreen("Judge a random sample", options), picked)

    def _ask_size(self, population: Population) -> None:
        """Ask for the size and seed of a sample, draw it, and open the audit."""
        if reason := why_not_ready(self.session, population):
            self.notify(f"no sample can be drawn yet: {reason}", timeout=6)
            return

        def answered(text: str | None) -> None:
            if text is None:
                return
            match = re.fullmatch(r"(\d{1,6})(?:\s+seed\s+(\d{1,9}))?", text, re.ASCII | re.IGNORECASE)
            if match is None or not int(match[1]):
                self.notify("write a number of examples, and a seed: 200 seed 0", severity="warning", timeout=6)
                return
            codes = self.state.sources.config.check.drop
            try:
                name = start_audit(self.session, population, int(match[1]), int(match[2] or 0), codes)
            except CurateError as error:
                self.app.post_message(Failed(error))
                return
            if name:
                self._open_audit(name)
            else:
                self.notify("there is no example to draw", timeout=6)

        self.app.push_screen(AskScreen("Number of examples, and seed", value=f"{DEFAULT_SIZE} seed 0"), answered)

    def _open_audit(self, name: str) -> None:
        sample = samples(self.session.log).get(name, [])
        self.begin(ReviewTask("example", f"audit:{name}", name, tuple(sample)))

    # Apply

    def _start_job(self, job: Coroutine[None, None, None]) -> None:
        """Run a job of applying decisions in the background, instead of an earlier one."""
        self.run_worker(job, exclusive=True, exit_on_error=False, group="apply")

    def _workspace(self) -> Workspace:
        sources = self.state.sources
        return Workspace(sources.project, sources.files, sources.config)

    def _ask_output(self) -> None:
        """Ask for the file to write, and show what applying the decisions would do."""
        sources, key = self.state.sources, self.state.key
        if self.app.is_web:
            self.notify("decisions are applied in the terminal", timeout=6)
        elif sources.reviewer:
            text = f"these decisions are applied after curate review PATH --merge {sources.journal.name}"
            self.notify(visible(text), timeout=10, markup=False)
        elif changed := self.session.lines.changed:
            self.notify(visible(f"{changed[0]} changed on disk; {key('reload')} reloads the files"), markup=False)
        else:
            name = next(name for name in ("clean.jsonl", "cleaned.jsonl") if name not in map(str, sources.files))
            self.app.push_screen(
                AskScreen("Write the files with the decisions to", "FILE.jsonl", name),
                lambda text: self._start_job(self._preview(Path(text))) if text else None,
            )

    async def _preview(self, output: Path) -> None:
        """Count what would be written, and ask."""
        files = self.state.sources.files
        removed = checked_removed_path(output, "removed", files, files, overwrite=True)
        results: list[ApplyResult] = []
        await cancellable(lambda: results.append(apply(self._workspace(), None)))
        replaced = " and ".join(visible(path.name) for path in (output, removed) if path.exists())
        body = lines(
            *apply_text(results[0], str(output), str(removed)),
            Content.styled(f"replaces {replaced}", "bold $text-warning") if replaced else None,
            "The files of the data are not changed.",
        )

        def answered(yes: bool | None) -> None:
            if yes:
                self._write(output, removed)

        self.app.push_screen(ConfirmScreen("Apply the decisions?", body), answered)

    @work(thread=True, exclusive=True, exit_on_error=False, group="apply")
    def _write(self, output: Path, removed: Path) -> None:
        """Write the files in the background."""
        result = apply(self._workspace(), output, overwrite=True)
        text = "\n".join(apply_text(result, str(output), str(removed)))
        self.notify(text, title="Applied", timeout=20, markup=False)


def inbox_text(session: ReviewSession, inbox: Inbox) -> str:
    """What is open: `2 errors, 5 duplicates, 79 conflicts`."""
    parts = [plural(count, stage.noun) for stage in STAGES if (count := inbox.open(stage))]
    decided, total = inbox.whole
    done = f" ({decided:,} of {total:,} decided)" if decided else ""
    if parts:
        return ", ".join(parts) + done
    return f"no error, duplicate or conflict is left to decide{done}" if session.ended else "the check is running …"


def task_lines(session: ReviewSession, inbox: Inbox, audits: Sequence[Audit]) -> dict[str, Content]:
    """A line for each task, by its name."""
    audit = audit_sentence(audits[-1]) if audits else "judge a random sample: the error rate with its interval"
    texts = {
        "inbox": ("Decide", inbox_text(session, inbox), "bold"),
        "audit": ("Audit", audit, ""),
        "apply": ("Apply", f"write the files; in the journal: {decision_counts(session)}", ""),
        "history": ("History", f"{plural(len(session.log.decisions), 'record')} in the journal", ""),
    }
    return {
        name: Content.assemble((f"{label:<{LABEL_CELLS}}", "bold $text-primary"), literal(text, style=style))
        for name, (label, text, style) in texts.items()
    }
