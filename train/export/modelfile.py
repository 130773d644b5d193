"""What Ollama makes a model from: a Modelfile with stop tokens, and a script with the commands.

Ollama takes the chat template from the GGUF file, which has that of the training, unless the Modelfile has another one.
"""

import re
import shlex
import unicodedata
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from curate.core.errors import UsageError
from curate.core.text import visible
from curate.models.template import Template
from train.export.gguf_layout import MODEL_FILE
from train.export.questions import Questions
from train.results import Report

MODELFILE: Final = "Modelfile"
SCRIPT: Final = "create.sh"
NAME: Final = re.compile(r"[a-z0-9][a-z0-9._-]{0,79}(/[a-z0-9][a-z0-9._-]{0,79})?(:[A-Za-z0-9][A-Za-z0-9._-]{0,79})?")
COMMANDS: Final = f"""#!/bin/sh
# Creates the model for Ollama and starts a chat.
set -eu
cd "$(dirname "$0")"
ollama create {{name}} -f {MODELFILE}
# Smaller, at a small loss of quality: ollama create --quantize q4_K_M {{name}} -f {MODELFILE}
ollama run {{options}}{{name}}
"""
NO_THINKING: Final = "--think=false"
"""Option of `ollama run` that sets `enable_thinking` to false."""
DEFAULT_CONTEXT: Final = 4096
"""Tokens that Ollama reads by default with less than 24 GiB of GPU memory; it cuts longer conversations."""
NEEDS: Final = "needs Ollama 0.33 or newer, which reads the chat template in model.gguf"


def write(
    folder: Path, name: str, template: Template, questions: Questions, report: Report, served: Sequence[str] = ()
) -> list[str]:
    """Write the Modelfile and a script with the commands for Ollama; returns notes for the user.

    `questions` have the stop tokens and the length of conversations, `report` (of the training) the system message;
    `served`: what a server has to be given. Raises `UsageError` if `name` is no name of an Ollama model.
    """
    system = report.system
    if not NAME.fullmatch(name):
        raise UsageError(
            f"--name {name}: is not a valid Ollama model name",
            "use lower-case letters, digits, dots, underscores and hyphens, for example  --name support-bot",
        )
    lines = [f"FROM ./{MODEL_FILE}", f"# {NEEDS}", f"# Chat template of the training, SHA-256 {template.hash}"]
    lines += [f"# {visible(note)}" for note in served]
    notes = [NEEDS, f"{SCRIPT} creates the model in Ollama and starts a chat"]
    if system is not None and (lost := _lost_by_ollama(system)):
        notes.append(f"no SYSTEM in the Modelfile: the system message of the training {lost}; send it yourself")
    elif system is not None:
        lines.append(f'SYSTEM """{system}"""')
    # Ollama reads no escapes.
    lines += [f'PARAMETER stop "{stop}"' for stop in template.tokenizer.convert_ids_to_tokens(list(questions.stops))]
    if questions.context > DEFAULT_CONTEXT:
        lines.append(f"PARAMETER num_ctx {questions.context}")
    (folder / MODELFILE).write_bytes(("\n".join(lines) + "\n").encode())
    script = folder / SCRIPT
    quoted = shlex.quote(name)
    script.write_text(
        COMMANDS.format(name=quoted, options=f"{NO_THINKING} " * any(NO_THINKING in note for note in served)),
        encoding="utf-8",
    )
    script.chmod(0o755)
    return notes


def _lost_by_ollama(system: str) -> str | None:
    """Why a Modelfile cannot hold a system message; None if Ollama reads it as it is.

    Ollama drops all characters that Go does not print, such as no-break spaces, the joiners in emoji, and surrogates.
    """
    if not system:
        return "is empty, which Ollama takes for none"
    if '"""' in system:
        return 'contains """'
    dropped = (c for c in system if c not in " \t\n\r" and unicodedata.category(c)[0] not in "LMNPS")
    character = next(dropped, None)
    return None if character is None else f"contains U+{ord(character):04X}, which Ollama drops"
