"""Text rules find the same whether RE2 selects the lines that they see or not."""

from pathlib import Path

import orjson
import pytest

from curate.core.config import CheckConfig
from curate.lint import line_selection
from curate.lint.line_selection import LineSelection
from curate.lint.rules import RULES, Scope, by_scope
from curate.lint.runner import check_paths
from curate.read.chunks import Chunk, read_chunk
from curate.read.dataset import FileFacts
from tests.conftest import chat, line_of
from tests.engine.test_chunks import fragments

pytest.importorskip("re2")
ROLES = ("system", "user", "assistant")
EVERY = CheckConfig(select=tuple(code for code, rule in RULES.items() if rule.scope is Scope.TEXT))


USUAL = (
    (
        "You are a helpful assistant.",
        "Which instructions come with the device?",
        "A prompt card is in the box. It shows how to charge it.",
    ),
    (
        "You answer in the language of the question.",
        "¿Dónde está la estación de tren?",
        "Está en la calle de la iglesia, a dos minutos de la plaza.",
    ),
    ("Be brief.", "How long does it take until the water boils?", "About six minutes in a pot with a lid on it."),
)
"""Conversations in which no rule could find anything."""


class Exhausted:
    """A set that has no memory left."""

    def Match(self, text: bytes) -> None:  # noqa: N802
        """No match, not even of the pattern that matches every text."""


@pytest.fixture
def path() -> Path:
    """Each text that a rule documents, answered by each other."""
    texts = fragments()
    path = Path("data.jsonl")
    path.write_bytes(b"\n".join(line_of(chat(one, other)) for one in texts[::5] for other in texts))
    return path


def test_usual_conversations_are_not_selected_for_any_rule() -> None:
    data = b"\n".join(
        orjson.dumps({"messages": [{"role": role, "content": text} for role, text in zip(ROLES, texts, strict=True)]})
        for texts in USUAL
    )
    batch = read_chunk(Chunk(Path("data.jsonl"), "data.jsonl", 0, None, data), FileFacts("data.jsonl"))
    default = (rule for rule in by_scope(RULES, Scope.TEXT) if rule.default)
    assert LineSelection(prefilter for rule in default for prefilter in rule.prefilters).positions(batch) == []
    assert len(batch.numbers) == len(USUAL)


@pytest.mark.slow
def test_findings_are_the_same_without_re2(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    found = check_paths([path], EVERY).findings
    monkeypatch.setattr(line_selection, "re2", None)
    assert check_paths([path], EVERY).findings == found


@pytest.mark.slow
def test_a_set_that_runs_out_of_memory_is_reported_and_not_used(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    found = check_paths([path], EVERY).findings
    monkeypatch.setattr(line_selection, "_pattern_sets", lambda groups: [Exhausted() for _ in groups])
    with pytest.warns(UserWarning, match="RE2 ran out of memory: the patterns of text rules run by polars"):
        assert check_paths([path], EVERY).findings == found


def test_patterns_that_re2_refuses_are_reported(monkeypatch: pytest.MonkeyPatch) -> None:
    path = Path("data.jsonl")
    path.write_bytes(line_of(chat("Hi", "As an AI language model, I cannot.")))
    monkeypatch.setattr(line_selection, "MAX_MEMORY", 1)
    line_selection._pattern_sets.cache_clear()
    with pytest.warns(UserWarning, match="RE2: "):
        assert "Q005" in {finding.code for finding in check_paths([path]).findings}
    line_selection._pattern_sets.cache_clear()
