"""Training in a separate process: started, followed through its run folder, and ended with the command.

The child reads its standard input and ends when that closes, so that it also ends if the pipeline is killed. The next
pipeline resumes it from its last checkpoint.
"""

import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from time import sleep
from typing import Any, Final

from curate.core.errors import ExitCode, LogError
from curate.core.events import Listener, StageAdvanced
from curate.project.runs import new_events
from curate.storage.files import nofollow_opener

CURATE_COMMAND: Final = (sys.executable, "-P", "-m", "curate")
"""The command for a process of its own; with -P, a file in the working folder cannot replace a module."""
STOP_SIGNAL: Final = getattr(signal, "CTRL_BREAK_EVENT", signal.SIGTERM)
"""Asks a training to save and end. On Windows, any other signal ends a process at once."""
OWN_GROUP: Final = getattr(subprocess, "CREATE_NEW_PROCESS_GROUP", 0)
"""The `creationflags` of a process that gets that signal."""
POLL_SECONDS: Final = 0.2


def train(folder: Path, recipe: Path, run: Path, listen: Listener) -> dict[str, Any]:
    """Train by `recipe`, or resume it; returns the run's report. Raises `CurateError` with the training's message."""
    command = [*CURATE_COMMAND, "train", str(recipe), "--run-dir", str(run), "--resume", "--yes", "--quiet", "--json"]
    log = run.with_name(f"{run.name}.log")
    log.parent.mkdir(parents=True, exist_ok=True)
    environment = {**os.environ, "CURATE_FOLLOW_STDIN": "1"}
    with open(log, "wb", opener=nofollow_opener) as narration:
        child = subprocess.Popen(
            command, cwd=folder, env=environment, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=narration
        )
        try:
            _follow(child, run / "metrics.jsonl", listen)
        except BaseException:
            child.terminate()
            child.wait()
            raise
    if child.returncode != ExitCode.CLEAN:
        log_lines = log.read_text(encoding="utf-8", errors="replace").strip().splitlines()
        message = "\n".join(log_lines[-6:]) or f"it ended with status {child.returncode} without a message"
        raise LogError(
            f"training failed:\n{message}", f"earlier stages are kept; see the log {log}; `curate run` resumes there"
        )
    report: dict[str, Any] = json.loads((run / "report.json").read_bytes())
    return report


def _follow(child: "subprocess.Popen[bytes]", metrics: Path, listen: Listener) -> None:
    """Report the stages of a training from its journal until the process ends."""
    offset = 0
    while True:
        ended = child.poll() is not None
        offset, events = new_events(metrics, offset)
        for event in events:
            if advanced := _stage_event(event):
                listen(advanced)
        if ended:
            return
        sleep(POLL_SECONDS)


def _stage_event(event: dict[str, Any]) -> StageAdvanced | None:
    """The progress that an event of the journal reports; None for other events."""
    if event.get("event") == "phase":
        return StageAdvanced("train", int(event.get("done") or 0), event.get("total"), str(event.get("name", "")))
    if "step" in event and "loss" in event:
        return StageAdvanced("train", int(event["step"]), event.get("max_steps"), f"loss {event['loss']:.3f}")
    return None
