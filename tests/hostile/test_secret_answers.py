"""The tools for agents and the language server show no key, token or password."""

import json
from pathlib import Path
from typing import Any

import anyio
import pytest

from curate.cli.main import main
from curate.cli.mcp import Tools
from curate.cli.server import diagnostics
from tests.conftest import chat
from tests.hostile.test_secret_kinds import SOME


def write_secrets(together: int = 1) -> None:
    """Write near-duplicates, contradictions and errors with each kind, also as a role, a name and a key.

    `together`: the number of kinds in one text.
    """
    rows: list[dict[str, Any]] = []
    kinds = [text for text, _ in SOME.values()]
    texts = ["\n".join(kinds[start : start + together]) for start in range(0, len(kinds), together)]
    for n, text in enumerate(texts):
        question = f"{text} is what log {n} has, is it right?"
        story = f"The keeper of lighthouse {n} wrote in the log of the year {1700 + n}: {text} and so it stayed."
        rows += [
            chat(question, f"Yes, it is. {story} Nobody asked him again until the morning."),
            chat(question, f"No, it is not. {story} Nobody asked him again until the morning."),
            {
                "messages": [
                    {"role": kinds[n], "name": kinds[-n], "content": "Hi"},
                    {"role": "assistant", "content": "", kinds[n]: 1},
                ]
            },
        ]
    lines = [json.dumps(row) for row in rows]
    lines += [f'{{"messages": [{{"role": "user", "content": {json.dumps(text)}' for text in texts]
    Path("data.jsonl").write_text("\n".join(lines) + "\n")


@pytest.fixture(autouse=True)
def _data() -> None:
    write_secrets()


def shown(output: str) -> list[str]:
    """The kinds of which more than half is in an output, as it is, with backslashes or wrapped."""
    plain = "".join(output.replace("\\", "").split())
    found = []
    for name, (_, text) in SOME.items():
        made = "".join(text.split())
        half = len(made) // 2
        pieces = (made[:half], made[half:], made[half // 2 : half // 2 + half])
        found += [name] * any(piece in plain for piece in pieces)
    return found


@pytest.mark.slow
@pytest.mark.usefixtures("tools_in_process")
def test_tools_for_agents() -> None:
    assert len(SOME) >= 60
    assert main(["split", "data.jsonl", "-o", "out", "--yes", "-q"]) in (0, 1)
    tools = Tools(Path.cwd())
    for tool in tools.all():
        arguments: list[Any] = {"rule": ["S001"], "verify": ["out"]}.get(tool.__name__, [["data.jsonl"]])
        assert shown(anyio.run(tool, *arguments)) == [], tool.__name__


@pytest.mark.slow
def test_the_language_server() -> None:
    pytest.importorskip("pygls")
    path = Path("data.jsonl").absolute()
    found = diagnostics(path.read_text(), path, lambda: False)
    assert len(found) > 200
    assert shown("\n".join(map(str, found))) == []
