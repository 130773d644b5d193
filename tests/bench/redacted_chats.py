"""Private values in chats that `curate redact` replaces, and look-alikes that it keeps.

    python -m tests.bench.redacted_chats FILE [--entities MODEL] [--show]

FILE is `redaction_chats.txt`, `redaction_chats_later.txt`, `redaction_languages.txt` or `redaction_languages_later.txt`
beside this file; the first lines state the form. Recall: the value is no longer in its row. The patterns were improved
on the misses of `redaction_chats.txt` and `redaction_languages.txt`.
"""

import argparse
import json
import re
import tempfile
from collections import Counter
from pathlib import Path
from typing import Any, NamedTuple

from curate.cli.main import main

MARK = re.compile(r"\{\{(\w+)\|(.*?)\}\}|<<(.*?)>>")
ROLES = {"s": "system", "u": "user", "a": "assistant", "t": "tool"}


class Chat(NamedTuple):
    row: dict[str, Any]
    values: dict[tuple[str, str], None]
    """Pairs of kind and value."""
    kept: dict[str, None]


def read_chats(path: Path) -> list[Chat]:
    text = "".join(line for line in path.read_text("utf-8").splitlines(True) if not line.startswith("# "))
    return [_chat(block) for block in text.replace("{_}", "").split("\n---\n")]


def _chat(block: str) -> Chat:
    messages: list[dict[str, Any]] = []
    values: dict[tuple[str, str], None] = {}
    kept: dict[str, None] = {}

    def plain(match: re.Match[str]) -> str:
        if match[1]:
            values[match[1], match[2]] = None
        else:
            kept[match[3]] = None
        return match[2] if match[1] else match[3]

    for line in block.strip().split("\n"):
        text = MARK.sub(plain, line[3:])
        if line[0] == "c":
            call = json.loads(text)
            if not isinstance(call["arguments"], str):
                call["arguments"] = json.dumps(call["arguments"], ensure_ascii=False)
            calls = [{"id": "call_1", "type": "function", "function": call}]
            messages.append({"role": "assistant", "content": None, "tool_calls": calls})
        else:
            content = text.replace("\\n", "\n").replace("\\\\", "\\")
            messages.append({"role": ROLES[line[0]], "content": content})
            if line[0] == "t":
                messages[-1]["tool_call_id"] = "call_1"
    first = [] if messages[0]["role"] in ("system", "user") else [{"role": "user", "content": "Go on."}]
    return Chat({"messages": first + messages}, values, kept)


def texts(row: dict[str, Any]) -> str:
    contents = [message.get("content") or "" for message in row["messages"]]
    calls = [call for message in row["messages"] for call in message.get("tool_calls", [])]
    return "\n".join(contents + [call["function"]["arguments"] for call in calls])


def measure(path: Path, words: list[str], *, show: bool) -> None:
    chats = read_chats(path)
    with tempfile.TemporaryDirectory() as folder:
        source, output = Path(folder, "in.jsonl"), Path(folder, "out.jsonl")
        rows = [json.dumps(chat.row, ensure_ascii=False) + "\n" for chat in chats]
        source.write_text("".join(rows), "utf-8")
        if main(["redact", str(source), "-o", str(output), "-q", *words]) != 0:
            raise SystemExit("a row was set aside: the others do not match the chats")
        redacted = [texts(json.loads(line)) for line in output.read_text("utf-8").splitlines()]
        main(["verify", str(output), "--redacted-from", str(source)])
    total: Counter[str] = Counter()
    hits: Counter[str] = Counter()
    for number, (chat, text) in enumerate(zip(chats, redacted, strict=True)):
        for kind, value in chat.values:
            total[kind] += 1
            hits[kind] += value not in text
            if show and value in text:
                print(f"missed in {number}: {kind} {value}")
        for value in chat.kept:
            total["look-alikes kept"] += 1
            hits["look-alikes kept"] += value in text
            if show and value not in text:
                print(f"replaced in {number}: {value}")
    for kind in total:
        print(f"{kind:20} {hits[kind]:4} of {total[kind]}")
    kept = "look-alikes kept"
    print(f"{'all values':20} {hits.total() - hits[kept]:4} of {total.total() - total[kept]}")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("file", type=Path)
    parser.add_argument("--entities", default="")
    parser.add_argument("--show", action="store_true")
    options = parser.parse_args()
    measure(options.file, ["--entities", options.entities] if options.entities else [], show=options.show)
