"""What Ollama makes a model from: a Modelfile with template and stop tokens of the training, and a script of the commands."""

import json
import re
import shlex
from pathlib import Path
from typing import Final

from curate.errors import UsageError
from curate.template import Template
from train.export.gguf_family import FILE
from train.export.gguf_tokenizer import begins_with_bos
from train.export.questions import Questions
from train.export.turns import turns_of

MODELFILE: Final = "Modelfile"
SCRIPT: Final = "create.sh"
NAME: Final = re.compile(r"[a-z0-9][a-z0-9._-]{0,79}(/[a-z0-9][a-z0-9._-]{0,79})?(:[A-Za-z0-9][A-Za-z0-9._-]{0,79})?")
NO_TEMPLATE: Final = (
    "no TEMPLATE in the Modelfile: the chat template does more than put words around turns; Ollama 0.33 and newer read the one inside model.gguf"
)


def write(folder: Path, name: str, template: Template, questions: Questions) -> list[str]:
    """Write Modelfile and script; returns what a person should know."""
    if not NAME.fullmatch(name):
        raise UsageError(f"--name {name}: is no name that Ollama takes", "small letters, digits and ._- , for example  --name support-bot")
    turns = turns_of(template, questions.conversations)
    tokenizer = template.tokenizer
    lines = [f"FROM ./{FILE}", f"# Chat template of the training, SHA-256 {template.hash}"]
    notes = []
    go = turns.go(tokenizer.bos_token if begins_with_bos(tokenizer) else "") if turns is not None else None
    if go is None or '"""' in go:
        notes.append(NO_TEMPLATE)
    else:
        lines.append(f'TEMPLATE """{go}"""')
    lines += [f"PARAMETER stop {json.dumps(stop, ensure_ascii=False)}" for stop in tokenizer.convert_ids_to_tokens(list(questions.stops))]
    (folder / MODELFILE).write_text("\n".join(lines) + "\n", encoding="utf-8")
    script = folder / SCRIPT
    quoted = shlex.quote(name)
    commands = (
        "#!/bin/sh",
        "# Makes the model for Ollama, and asks it something.",
        "set -eu",
        'cd "$(dirname "$0")"',
        f"ollama create {quoted} -f {MODELFILE}",
        f"# Smaller, and a little worse: ollama create --quantize q4_K_M {quoted} -f {MODELFILE}",
        f"ollama run {quoted}",
    )
    script.write_text("\n".join(commands) + "\n", encoding="utf-8")
    script.chmod(0o755)
    return notes
