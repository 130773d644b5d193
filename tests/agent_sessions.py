"""Sessions of a coding agent in 40 made-up repositories, with retries, shared files and one system prompt."""

import json
import random
from pathlib import Path
from typing import Any

SYSTEM = " ".join(f"Rule {nth} of the harness: name every file that you change and run its tests." for nth in range(12))
LICENCE = " ".join(f"paragraph {nth} of the licence grants use without warranty of any kind" for nth in range(12))
"""A file that every repository has."""
WORDS = [f"{start}{end}" for start in ("an", "be", "co", "di", "em", "fo") for end in ("chor", "sin", "lta", "ge")]


def codex_session(name: str, repository: str, steps: list[tuple[str, str, str]], asked: str, answer: str) -> list[Any]:
    """The records of a session with steps of a call's id, a command and its output."""

    def item(**held: Any) -> dict[str, Any]:
        return {"timestamp": "2026-08-10T20:05:40.000Z", "type": "response_item", "payload": held}

    header = {"id": name, "cwd": f"/work/{repository}", "base_instructions": {"text": SYSTEM}}
    git = {"repository_url": f"https://example.org/{repository}.git"}
    found = [
        {"timestamp": "t", "type": "session_meta", "payload": header | {"git": git}},
        item(type="message", role="user", content=[{"type": "input_text", "text": asked}]),
    ]
    for made, command, output in steps:
        arguments = json.dumps({"cmd": command})
        found.append(item(type="function_call", name="exec_command", arguments=arguments, call_id=made))
        found.append(item(type="function_call_output", call_id=made, output=output))
    return [*found, item(type="message", role="assistant", content=[{"type": "output_text", "text": answer}])]


def source_file(draw: random.Random, repository: str) -> str:
    """A file of a repository, unlike that of any other."""
    return "\n".join(
        f"def {repository}_{draw.choice(WORDS)}_{nth}({draw.choice(WORDS)}): return {draw.randrange(9999)} + "
        + " + ".join(draw.choices(WORDS, k=6))
        for nth in range(8)
    )


def write_sessions(folder: Path, repositories: int = 40) -> int:
    """Write three sessions per repository: two tasks, and a retry of the first; returns how many."""
    draw = random.Random(7)
    folder.mkdir()
    written = 0
    for nth in range(repositories):
        repository = f"repo{nth}"
        file = source_file(draw, repository)
        tasks = []
        for part in ("import", "export"):
            words = " ".join(draw.choices(WORDS, k=9))
            tasks.append((f"The {part} of {words} fails in {repository}; find out why and mend it.", words))
        for attempt, (asked, words) in enumerate([*tasks, tasks[0]]):
            name = f"{repository}-{attempt}"
            steps = [
                (f"{name}-1", "cat LICENCE", LICENCE),
                (f"{name}-2", f"cat {repository}.py", source_file(draw, repository) if attempt == 1 else file),
                (f"{name}-3", "pytest -q", f"{draw.randrange(50)} passed, attempt {attempt} of {words}"),
            ]
            answer = f"The cause was {words}; attempt {attempt} mends it."
            records = codex_session(name, repository, steps, asked, answer)
            text = "".join(json.dumps(record) + "\n" for record in records)
            (folder / f"rollout-{name}.jsonl").write_text(text, "utf-8")
            written += 1
    return written
