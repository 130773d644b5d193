"""llm-sanitizer-pro: chat validation with redaction and HTML cleaning, fuzzy dedup, and decontamination."""

import tempfile
from pathlib import Path

from bench.adapters import changed_lines, numbered, run_tool

INSTALL = "pip install llm-sanitizer-pro datasketch"
CHAT = [
    "--validate-chat",
    "--chat-roles",
    "system,user,assistant,tool",
    "--remove-pii",
    "--redact-secrets",
    "--clean-html",
]


def flags(task: str, paths: list[Path]) -> set[int] | None:
    """Lines that it drops or, for faults, changes."""
    if task == "contradictions":
        return None
    options = {"near-duplicates": ["--fuzzy-dedup"], "leaks": ["--decontam-refs", str(paths[0])]}.get(task, CHAT)
    with tempfile.TemporaryDirectory() as folder:
        source, output = numbered(paths[-1], Path(folder)), Path(folder) / "output.jsonl"
        run_tool("sanitize", "--input", source, "--output", output, *options, accepted=(0,))
        return changed_lines(source, output, edits=options is CHAT)
