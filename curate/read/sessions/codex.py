"""Sessions of Codex: `~/.codex/sessions/YYYY/MM/DD/rollout-*.jsonl`; also lines that are items of OpenAI's Responses.

Sources: codex-rs/protocol/src/protocol.rs and models.rs of openai/codex, docs/formats/codex.md of skillsynchq/txcript
(2026-08). Read 2026-11.
"""

from typing import Any, Final

from curate.read.forms.form import Object, is_objects
from curate.read.sessions.session import AgentSession, SessionFormat, Thread, UnknownRecordError, content_of

RECORDS: Final = ("session_meta", "response_item", "event_msg", "turn_context", "compacted")
BOOKKEEPING: Final = ("turn_context", "world_state", "token_count_info")
ITEMS: Final = frozenset((
    "message", "reasoning", "function_call", "function_call_output", "custom_tool_call", "custom_tool_call_output",
    "local_shell_call", "web_search_call", "ghost_snapshot", "compaction", "compaction_summary",
))  # fmt: skip
CALLS: Final = ("local_shell_call", "web_search_call")
"""Calls that hold an action instead of a name and arguments."""


def _matches(value: Object) -> bool:
    """Whether a record is one of Codex, or an item of OpenAI's Responses."""
    kind = value.get("type")
    if kind in RECORDS:
        return isinstance(value.get("payload"), dict)
    content = value.get("content")
    is_message = kind == "message" and is_objects(content) and content[0].get("type") in ("input_text", "output_text")
    return is_message or (kind in ("function_call", "function_call_output") and isinstance(value.get("call_id"), str))


def _session_id(value: Object) -> Any:
    payload = value.get("payload")
    return payload.get("id") if value.get("type") == "session_meta" and isinstance(payload, dict) else None


def _add(value: Object, session: AgentSession) -> None:
    """Add a record to `session`. Raises `UnknownRecordError` for a record of an unknown type."""
    kind, payload, thread = value.get("type"), value.get("payload"), session.thread()
    if kind == "session_meta" and isinstance(payload, dict):
        _add_header(payload, session)
    elif kind == "turn_context" and isinstance(payload, dict):
        session.know(model=payload.get("model"), cwd=payload.get("cwd"))
        session.leave("turn_context records")
    elif kind == "event_msg" and isinstance(payload, dict):
        _add_event(payload, thread, session)
    elif kind == "compacted" and isinstance(payload, dict):
        history = payload.get("replacement_history") or [{}]
        session.compact(thread, payload.get("message") or content_of(history[-1].get("content")))
    elif kind == "response_item" and isinstance(payload, dict):
        _add_item(payload, thread, session)
    elif kind in ITEMS and payload is None:
        _add_item(value, thread, session)
    elif kind in BOOKKEEPING or "record_type" in value:
        session.leave(f"{kind or 'state'} records")
    elif kind is None and isinstance(value.get("id"), str) and "timestamp" in value:  # the header of old sessions
        _add_header(value, session)
    else:
        raise UnknownRecordError(f"a record of type {kind!r}")


def _add_header(payload: Object, session: AgentSession) -> None:
    """Set the ids, the instructions and the tools of the session; a header that is repeated is only counted."""
    if payload.get("id") == session.ids.get("id"):  # a resumed session repeats it
        session.leave("repeated headers")
        return
    git: Object = payload.get("git") or {}
    session.know(
        id=payload.get("id"), cwd=payload.get("cwd"), repository=git.get("repository_url"), branch=git.get("branch")
    )
    instructions = payload.get("base_instructions") or payload.get("instructions")
    session.thread().instruct(
        instructions.get("text") if isinstance(instructions, dict) else instructions, payload.get("dynamic_tools")
    )


def _add_event(payload: Object, thread: Thread, session: AgentSession) -> None:
    """Count an event. Events repeat the items, except that they report how a turn ended."""
    kind = payload["type"]
    session.leave(f"event_msg records of type {kind}" if isinstance(kind, str) else "event_msg records")
    if kind in ("turn_aborted", "error", "stream_error"):
        thread.ended = "aborted" if kind == "turn_aborted" else "failed"


def _add_item(item: Object, thread: Thread, session: AgentSession) -> None:
    """Add a message, a reasoning, a call or a result to `thread`. Raises `UnknownRecordError` for another type."""
    kind = item["type"]
    if kind == "message" and item["role"] not in ("user", "assistant", "system", "developer"):
        raise UnknownRecordError(f"a message of role {item['role']!r}")
    if kind == "message":
        content = content_of(item["content"])
        thread.answer(content) if item["role"] == "assistant" else thread.say(item["role"], content)
    elif kind == "reasoning":
        texts = [part["text"] for key in ("summary", "content") for part in item.get(key) or ()]
        if texts:
            thread.think("\n\n".join(texts))
        else:
            session.leave("encrypted reasoning")
    elif kind in ("function_call", "custom_tool_call"):
        thread.call(item["call_id"], item["name"], item.get("arguments", item.get("input")))
    elif kind in CALLS:
        call_id = item.get("call_id") or item.get("id") or f"{kind}_{len(thread.called) + 1}"
        thread.call(call_id, kind.removesuffix("_call"), item.get("action"))
    elif kind in ("function_call_output", "custom_tool_call_output"):
        output = item["output"]
        if isinstance(output, dict):  # a failed call of old sessions
            output = output["content"]
        thread.result(item["call_id"], content_of(output, "a result"), failed=output is not item["output"])
    elif kind in ("ghost_snapshot", "compaction", "compaction_summary"):
        session.leave(f"{kind} items")
    else:
        raise UnknownRecordError(f"an item of type {kind!r}")


CODEX: Final = SessionFormat("codex", _matches, _add, _session_id)
