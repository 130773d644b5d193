"""Sessions of Claude Code: `~/.claude/projects/FOLDER/SESSION.jsonl`, and those of its sub-agents beside them.

Sources: docs/formats/claude-code.md of skillsynchq/txcript (2026-08) and records in the tests of public repositories;
Anthropic documents where sessions lie, and calls the records internal. Read 2026-11.
"""

from collections.abc import Sequence
from typing import Any, Final

from curate.read.forms.form import Object
from curate.read.sessions.session import AgentSession, SessionFormat, Thread, UnknownRecordError, content_of

TALK: Final = ("user", "assistant")
BOOKKEEPING: Final = frozenset((
    "summary", "system", "attachment", "progress", "file-history-snapshot", "file-history-delta", "queue-operation",
    "mode", "permission-mode", "last-prompt", "ai-title", "custom-title", "agent-name", "pr-link",
))  # fmt: skip
"""Types of records that the model was not given as a message: titles, hooks, snapshots of files."""
INTERRUPTIONS: Final = ("[Request interrupted by user]", "[Request interrupted by user for tool use]")


def _matches(value: Object) -> bool:
    """Whether a record is one of Claude Code."""
    if value.get("type") in TALK:
        return isinstance(value.get("message"), dict) and bool({"sessionId", "parentUuid"} & value.keys())
    return value.get("type") in BOOKKEEPING and bool({"sessionId", "leafUuid", "messageId", "uuid"} & value.keys())


def _session_id(value: Object) -> Any:
    """The session of a first question. A resumed session continues after records of the earlier one."""
    first = value.get("type") == "user" and value.get("parentUuid") is None and not value.get("isSidechain")
    return value.get("sessionId") if first else None


def _add(value: Object, session: AgentSession) -> None:
    """Add a record to `session`. Raises `UnknownRecordError` for a record of an unknown type."""
    kind = value["type"]
    if kind in BOOKKEEPING:
        session.leave(f"{kind} records")
        return
    if kind not in TALK:
        raise UnknownRecordError(f"a record of type {kind!r}")
    message = value["message"]
    session.know(id=value.get("sessionId"), cwd=value.get("cwd"), branch=value.get("gitBranch"))
    thread = session.thread((value.get("agentId") or "sidechain") if value.get("isSidechain") else "")
    if value.get("isCompactSummary"):
        session.compact(thread, content_of(message["content"]))
    elif kind == "user":
        _add_user(message["content"], thread, session)
    else:
        session.know(model=message.get("model") if message.get("model") != "<synthetic>" else None)
        _add_answer(value, message, thread, session)


def _add_user(content: Any, thread: Thread, session: AgentSession) -> None:
    """Add the tool results and the other parts of a user message, or the interruption that it marks.

    Raises `UnknownRecordError` for a result of an unknown kind, after the other parts are added.
    """
    parts = []
    unknown: UnknownRecordError | None = None
    for part in [{"type": "text", "text": content}] if isinstance(content, str) else content:
        if part["type"] == "tool_result":
            try:
                result = content_of(part.get("content"), "a result")
            except UnknownRecordError as error:
                unknown = error  # the other parts are read
                continue
            thread.result(part["tool_use_id"], result, failed=part.get("is_error") is True)
        else:
            parts.append(part)
    if len(parts) == 1 and parts[0].get("text") in INTERRUPTIONS:
        session.leave("that mark an interruption", [{"role": "user"}])
        thread.ended = "aborted"
    elif parts:
        thread.say("user", content_of(parts))
    if unknown:
        raise unknown


def _add_answer(value: Object, message: Object, thread: Thread, session: AgentSession) -> None:
    """Add the parts of an answer to `thread`. Raises `UnknownRecordError` for an unknown type of part, after the other
    parts are added.
    """
    response = message.get("id") or ""
    if value.get("isApiErrorMessage"):
        session.leave("that report an error of the service", [message])
        thread.ended = "failed"
        return
    content, unknown_types = message["content"], list[str]()
    for part in [{"type": "text", "text": content}] if isinstance(content, str) else content:
        kind = part["type"]
        if kind == "text":
            thread.answer(part["text"], response)
        elif kind == "tool_use":
            thread.call(part["id"], part["name"], part["input"], response)
        elif kind == "thinking" and part["thinking"]:
            thread.think(part["thinking"], response)
        elif kind in ("thinking", "redacted_thinking"):
            session.leave("encrypted reasoning")
        else:
            unknown_types.append(repr(kind))
    if unknown_types:  # the other parts are read
        raise UnknownRecordError(f"an answer with a part of type {', '.join(dict.fromkeys(unknown_types))}")


def _other_branches(records: Sequence[Object]) -> set[int]:
    """The positions of records after a question that was asked anew from the same place, and of copies. Results of
    parallel calls also have one parent, so only questions count.
    """
    children: dict[Any, list[int]] = {}
    seen_ids, skipped = set[Any](), set[int]()
    for index, value in enumerate(records):
        if (name := value.get("uuid")) in seen_ids:
            skipped.add(index)
            continue
        seen_ids |= {name} - {None}
        children.setdefault(value.get("parentUuid"), []).append(index)
    for parent, members in children.items():
        questions = [index for index in members if _is_question(records[index])]
        pending = questions[:-1] if parent is not None else []
        while pending:
            index = pending.pop()
            skipped.add(index)
            pending += [child for child in children.get(records[index].get("uuid"), ()) if child not in skipped]
    return skipped


def _is_question(value: Object) -> bool:
    """Whether a record is a message that the user wrote, and no result of a tool."""
    message = value.get("message")
    if value.get("type") != "user" or value.get("isSidechain") or value.get("isMeta") or not isinstance(message, dict):
        return False
    content = message.get("content")
    parts = content if isinstance(content, list) else ()
    return not any(isinstance(part, dict) and part.get("type") == "tool_result" for part in parts)


CLAUDE_CODE: Final = SessionFormat("claude-code", _matches, _add, _session_id, _other_branches, ("uuid", "parentUuid"))
