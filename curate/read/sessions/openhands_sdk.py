"""Events of OpenHands' software agent SDK.

Source: openhands-sdk/openhands/sdk/event of OpenHands/software-agent-sdk, read 2026-11.
"""

from typing import Final

from curate.read.forms.form import Object
from curate.read.sessions.session import Session, Thread, UnknownRecordError, content_of

BOOKKEEPING: Final = frozenset((
    "ConversationStateUpdateEvent", "CondensationRequest", "PauseEvent", "TokenEvent", "LLMCompletionLogEvent",
    "StreamingDeltaEvent", "ConversationErrorEvent",
))  # fmt: skip
"""Types of events that are no message for the model."""


def is_sdk_event(value: Object) -> bool:
    """Whether a record is an event of the SDK."""
    kind = value.get("kind")
    if not isinstance(kind, str) or "source" not in value:
        return False
    return kind.endswith("Event") or kind in (*BOOKKEEPING, "Condensation") or "Observation" in kind


def add_sdk_event(value: Object, session: Session) -> None:
    """Add an event to a session. Raises as `SessionFormat.add` does."""
    kind, thread = value["kind"], session.thread()
    if kind == "SystemPromptEvent":
        thread.instruct(
            content_of([value["system_prompt"], *filter(None, [value.get("dynamic_context")])]), value.get("tools")
        )
    elif kind == "MessageEvent":
        content = content_of([*value["llm_message"]["content"], *value.get("extended_content", ())])
        if value["source"] == "agent":
            if value["llm_message"].get("reasoning_content"):
                thread.think(value["llm_message"]["reasoning_content"])
            thread.answer(content)
        else:
            thread.say("user", content)
    elif kind == "ActionEvent":
        _add_action(value, thread)
    elif kind == "ObservationEvent":
        output = value["observation"].get("content", value["observation"].get("output"))
        added = value.get("extended_content") or ()
        content = content_of([*([output] if isinstance(output, str) else output or ()), *added], "a result")
        thread.result(value["tool_call_id"], content, failed=value["observation"].get("is_error") is True)
    elif kind in ("AgentErrorEvent", "UserRejectObservation"):
        text = value.get("error") or f"Action rejected: {value['rejection_reason']}"
        thread.result(value["tool_call_id"], text, failed=True)
    elif kind in ("Condensation", "CondensationSummaryEvent"):
        _add_summary(value, thread, session)
    elif kind in BOOKKEEPING:
        session.leave(f"{kind} events")
        if kind in ("PauseEvent", "ConversationErrorEvent"):
            thread.ended = "aborted" if kind == "PauseEvent" else "failed"
    else:
        raise UnknownRecordError(f"an event of kind {kind!r}")


def _add_summary(value: Object, thread: Thread, session: Session) -> None:
    """Begin a new context. Some versions store the summary in the condensation alone, others as the next event, too."""
    summary = value.get("summary") or ""
    begun = thread.contexts and thread.contexts[-1] >= len(thread.messages) - 1
    if value["kind"] == "CondensationSummaryEvent" and begun and thread.messages[-1]["content"] == summary:
        session.leave("repeated summaries")
    else:
        session.compact(thread, summary)


def _add_action(value: Object, thread: Thread) -> None:
    response, call = value.get("llm_response_id") or "", value["tool_call"]
    reasoning = value.get("reasoning_content") or "\n\n".join(
        block["thinking"] for block in value.get("thinking_blocks") or () if block.get("thinking")
    )
    if response not in thread.answers:
        if reasoning:
            thread.think(reasoning, response)
        if value.get("thought"):
            thread.answer(content_of(value["thought"]), response)
    function = call.get("function") or call
    thread.call(value["tool_call_id"], function["name"], function["arguments"], response)
