"""Sessions of Pi: `~/.pi/agent/sessions/--FOLDER--/*.jsonl`, versions 1 to 3.

Source: packages/coding-agent/docs/session.md of badlogic/pi-mono, read 2026-11.
"""

from collections.abc import Sequence
from typing import Any, Final

from curate.read.forms.form import Object
from curate.read.sessions.session import AgentSession, SessionFormat, Thread, UnknownRecordError, content_of

BOOKKEEPING: Final = frozenset((
    "model_change", "thinking_level_change", "custom", "label", "session_info", "context_transform", "ephemeral",
))  # fmt: skip
"""Types of entries that are no message for the model."""
ROLES: Final = (
    "user", "assistant", "toolResult", "bashExecution", "custom", "hookMessage", "branchSummary", "compactionSummary",
)  # fmt: skip


def _matches(value: Object) -> bool:
    """Whether a record is a header or a message of Pi."""
    kind, message = value.get("type"), value.get("message")
    if kind == "session":
        return isinstance(value.get("id"), str) and ("cwd" in value or "version" in value)
    return kind == "message" and isinstance(message, dict) and message.get("role") in ROLES


def _session_id(value: Object) -> Any:
    return value.get("id") if value.get("type") == "session" else None


def _add(value: Object, session: AgentSession) -> None:
    """Add a record to `session`. Raises `UnknownRecordError` for a record of an unknown type."""
    kind, thread = value.get("type"), session.thread()
    if kind == "session":
        session.know(id=value.get("id"), cwd=value.get("cwd"), model=value.get("modelId"))
        session.know(parent_session=value.get("parentSession") or value.get("branchedFrom"))
    elif kind == "message":
        _add_message(value["message"], thread, session)
    elif kind == "compaction":
        session.compact(thread, value["summary"])
    elif kind == "branch_summary":
        thread.say("user", value["summary"])
    elif kind == "custom_message":
        thread.say("user", content_of(value["content"]))
    elif kind in BOOKKEEPING:
        session.leave(f"{kind} entries")
    else:
        raise UnknownRecordError(f"an entry of type {kind!r}")


def _add_message(message: Object, thread: Thread, session: AgentSession) -> None:
    """Add a message, a result or a command of the user to `thread`. Raises `UnknownRecordError` for another role."""
    role = message["role"]
    if role == "assistant":
        _add_answer(message, thread, session)
    elif role == "toolResult":
        content = content_of(message["content"], "a result")
        thread.result(message["toolCallId"], content, failed=message.get("isError") is True)
    elif role == "bashExecution" and message.get("excludeFromContext"):
        session.leave("commands of the user that the model was not given")
    elif role == "bashExecution":
        thread.say("user", f"$ {message['command']}\n{message['output']}")
    elif role in ("user", "custom", "hookMessage"):
        thread.say("user", content_of(message["content"]))
    elif role in ("branchSummary", "compactionSummary"):
        thread.say("user", message["summary"])
    else:
        raise UnknownRecordError(f"a message of role {role!r}")


def _add_answer(message: Object, thread: Thread, session: AgentSession) -> None:
    """Add the parts of an answer to `thread`. Raises `UnknownRecordError` for another part."""
    session.know(model=message.get("model"))
    for part in message["content"]:
        kind = part["type"]
        if kind == "text":
            thread.answer(part["text"])
        elif kind == "toolCall":
            thread.call(part["id"], part["name"], part["arguments"])
        elif kind == "thinking" and part["thinking"]:
            thread.think(part["thinking"])
        elif kind == "thinking":
            session.leave("encrypted reasoning")
        else:
            raise UnknownRecordError(f"an answer with a part of type {kind!r}")
    if message.get("stopReason") in ("error", "aborted"):
        thread.ended = "aborted" if message["stopReason"] == "aborted" else "failed"


def _other_branches(records: Sequence[Object]) -> set[int]:
    """Positions of entries that are not on the path from the last entry to the first."""
    where = {value["id"]: index for index, value in enumerate(records) if isinstance(value.get("id"), str)}
    tree = [index for index, value in enumerate(records) if "parentId" in value]
    path, last = set[int](), tree[-1] if tree else None
    while last is not None and last not in path:
        path.add(last)
        last = where.get(records[last].get("parentId") or "")
    return set(tree) - path


PI: Final = SessionFormat("pi", _matches, _add, _session_id, _other_branches, ("id", "parentId"))
