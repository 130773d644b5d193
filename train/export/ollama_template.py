"""What Ollama makes a model from: a Modelfile with template and stop tokens, and a script with the commands.

Ollama reads Go templates, models have Jinja templates. The text before and after each turn is found by rendering turns
with unique words. The result is used only if it renders conversations to exactly the text of the model's template.
"""

import json
import re
import shlex
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from curate.core.errors import UsageError
from curate.models.template import Template
from curate.models.template_messages import common_length
from train.export.gguf_layout import MODEL_FILE, begins_with_bos
from train.export.questions import Questions
from train.results import Report

SYSTEM, USER, ANSWER, AGAIN = "SYSTEM0", "USER0", "ANSWER0", "USER1"


@dataclass(frozen=True, slots=True)
class TurnTemplate:
    """The text that a template puts around turns."""

    opening: str
    """Where there is no system message."""
    before_system: str
    after_system: str
    before_user: str
    after_user: str
    before_answer: str
    after_answer: str
    ask: str
    """After the last turn: the start of the answer."""

    def render(self, messages: Iterable[dict[str, Any]]) -> str:
        """The prompt of a conversation."""
        turns = list(messages)
        system = turns[0]["content"] if turns and turns[0]["role"] == "system" else None
        text = self.opening if system is None else self.before_system + system + self.after_system
        for turn in turns[system is not None :]:
            if turn["role"] == "user":
                text += self.before_user + turn["content"] + self.after_user
            else:
                text += self.before_answer + turn["content"] + self.after_answer
        return text + self.ask

    def go(self, without: str = "") -> str:
        """As Ollama's template; `without` is a prefix that Ollama adds itself (the BOS token)."""
        opening, before = (_go_text(text.removeprefix(without)) for text in (self.opening, self.before_system))
        return (
            f"{{{{ if .System }}}}{before}{{{{ .System }}}}{_go_text(self.after_system)}{{{{ else }}}}{opening}"
            "{{ end }}"
            '{{ range .Messages }}{{ if eq .Role "user" }}'
            f"{_go_text(self.before_user)}{{{{ .Content }}}}{_go_text(self.after_user)}"
            '{{ else if eq .Role "assistant" }}'
            f"{_go_text(self.before_answer)}{{{{ .Content }}}}{_go_text(self.after_answer)}{{{{ end }}}}{{{{ end "
            f"}}}}{_go_text(self.ask)}"
        )


def _go_text(text: str) -> str:
    """Literal text as a Go string (Go accepts JSON's), so that spaces at its ends are kept."""
    return f"{{{{ {json.dumps(text, ensure_ascii=False)} }}}}" if text else ""


def turn_template(
    template: Template, conversations: Iterable[dict[str, Any]], shared: Mapping[str, Any]
) -> TurnTemplate | None:
    """The text that a template puts around turns; None if it does more in a conversation (which ends in an answer).

    `shared`: what all training examples give the template beside their messages.
    """

    def prompt(turns: list[dict[str, Any]]) -> str:
        return template.prompt({**shared, "messages": [*turns, {"role": "assistant", "content": "-"}]}) or ""

    try:
        found = _turn_template(prompt)
        if any(found.render(turns) != prompt(turns) for turns in _probes()):
            return None
        for value in conversations:
            turns = value["messages"][:-1]
            if value.get("tools") or any(
                turn.get("role") not in ("system", "user", "assistant") or not isinstance(turn.get("content"), str)
                for turn in turns
            ):
                return None
            if found.render(turns) != template.prompt(value):
                return None
    except ValueError:  # some templates refuse a system message, or put a text twice or nowhere
        return None
    return found


def _turn_template(prompt: Callable[[list[dict[str, Any]]], str]) -> TurnTemplate:
    question = {"role": "user", "content": USER}
    first = prompt([question])
    with_system = prompt([{"role": "system", "content": SYSTEM}, question])
    again = prompt([question, {"role": "assistant", "content": ANSWER}, {"role": "user", "content": AGAIN}])
    lead, tail = _around_marker(first, USER)
    before_system, rest = _around_marker(with_system, SYSTEM)
    between_system, _ = _around_marker(rest, USER)
    between_answer, rest = _around_marker(_around_marker(again, USER)[1], ANSWER)
    between_user, _ = _around_marker(rest, AGAIN)
    # Where one turn ends and the next begins does not matter, only that it is the same everywhere.
    before_user = _common_end(lead, _common_end(between_system, between_user))
    after_user = tail[: common_length(tail, between_answer)]
    return TurnTemplate(
        lead.removesuffix(before_user), before_system, between_system.removesuffix(before_user), before_user,
        after_user,
        between_answer.removeprefix(after_user), between_user.removesuffix(before_user), tail.removeprefix(after_user),
    )  # fmt: skip


def _probes() -> Iterable[list[dict[str, Any]]]:
    texts = {"system": "Be brief.", "user": "Why {{ so }}?\n", "assistant": 'A "b".'}
    system, user, answer = ({"role": role, "content": text} for role, text in texts.items())
    yield [user]
    yield [system, user]
    yield [user, answer, user]
    yield [system, user, answer, user, answer, user]


def _around_marker(text: str, marker: str) -> tuple[str, str]:
    """The text before and after a marker. Raises `ValueError` unless it occurs once."""
    if text.count(marker) != 1:
        raise ValueError(marker)
    before, _, behind = text.partition(marker)
    return before, behind


def _common_end(left: str, right: str) -> str:
    return left[len(left) - common_length(left[::-1], right[::-1]) :]


MODELFILE: Final = "Modelfile"
SCRIPT: Final = "create.sh"
NAME: Final = re.compile(r"[a-z0-9][a-z0-9._-]{0,79}(/[a-z0-9][a-z0-9._-]{0,79})?(:[A-Za-z0-9][A-Za-z0-9._-]{0,79})?")
COMMANDS: Final = f"""#!/bin/sh
# Creates the model for Ollama and starts a chat.
set -eu
cd "$(dirname "$0")"
ollama create {{name}} -f {MODELFILE}
# Smaller, at a small loss of quality: ollama create --quantize q4_K_M {{name}} -f {MODELFILE}
ollama run {{name}}
"""
NO_TEMPLATE: Final = (
    "no TEMPLATE in the Modelfile: the chat template cannot be written in Ollama's language; Ollama 0.33 and newer "
    "read the one inside model.gguf"
)


def write(folder: Path, name: str, template: Template, questions: Questions, report: Report) -> list[str]:
    """Write Modelfile and script; returns notes for the user. `report` is that of the training."""
    system = report.system
    if not NAME.fullmatch(name):
        raise UsageError(
            f"--name {name}: is not a valid Ollama model name",
            "use lower-case letters, digits, dots, underscores and hyphens, for example  --name support-bot",
        )
    turns = turn_template(template, questions.conversations, report.shared)
    tokenizer = template.tokenizer
    lines = [f"FROM ./{MODEL_FILE}", f"# Chat template of the training, SHA-256 {template.hash}"]
    notes = []
    go = turns.go(tokenizer.bos_token if begins_with_bos(tokenizer) else "") if turns is not None else None
    if go is None or '"""' in go:
        notes.append(NO_TEMPLATE)
    else:
        lines.append(f'TEMPLATE """{go}"""')
    if system is not None and '"""' in system:
        notes.append('no SYSTEM in the Modelfile: the system message of the training contains """; send it yourself')
    elif system is not None:
        lines.append(f'SYSTEM """{system}"""')
    lines += [
        f"PARAMETER stop {json.dumps(stop, ensure_ascii=False)}"
        for stop in tokenizer.convert_ids_to_tokens(list(questions.stops))
    ]
    (folder / MODELFILE).write_text("\n".join(lines) + "\n", encoding="utf-8")
    script = folder / SCRIPT
    quoted = shlex.quote(name)
    script.write_text(COMMANDS.format(name=quoted), encoding="utf-8")
    script.chmod(0o755)
    return notes
