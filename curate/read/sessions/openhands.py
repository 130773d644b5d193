"""Sessions of OpenHands: events as lines, as an array (`trajectory.json`) or as files, and rows of evaluations.

Sources: openhands/events/serialization/event.py, events/tool.py and tests/runtime/trajs of All-Hands-AI/OpenHands. Read
2026-11. Events of its software agent SDK: openhands-sdk/openhands/sdk/event
of OpenHands/software-agent-sdk, read 2026-11.
"""

from typing import Any, Final

from curate.read.forms.form import Object, is_objects
from curate.read.sessions.session import AgentSession, SessionFormat, Thread, UnknownRecordError, content_of

STATES: Final = {"error": "failed", "stopped": "aborted", "rejected": "aborted", "paused": "aborted"}
"""How a session ended, by the state of its agent."""
BOOKKEEPING: Final = frozenset((
    "change_agent_state", "agent_state_changed", "null", "recall", "condensation_request", "loop_recovery", "pause",
    "resume", "start_upload_file",
))  # fmt: skip
"""Types of events that are no message for the model."""


def _matches(value: Object) -> bool:
    """Whether a record is an event of OpenHands."""
    if _is_sdk_event(value):
        return True
    if "source" not in value or not ({"args", "extras", "message", "cause"} & value.keys()):
        return False
    return isinstance(value.get("action", value.get("observation")), str)


def _add(value: Object, session: AgentSession) -> None:
    """Add an event to `session`. Raises `UnknownRecordError` for an event of an unknown type."""
    if "kind" in value:
        _add_sdk_event(value, session)
        return
    thread, metadata = session.thread(), value.get("tool_call_metadata")
    name = value.get("action", value.get("observation"))
    args: Object = value.get("args") or {}
    if name in BOOKKEEPING:
        session.leave(f"{name} events")
        thread.ended = STATES.get((value.get("extras") or {}).get("agent_state", ""), thread.ended)
    elif name == "system":
        thread.instruct(args["content"], args.get("tools"))
    elif name == "condensation":
        session.compact(thread, args.get("summary") or "")
    elif name == "message" and "action" in value:
        images = [{"type": "image", "image_urls": args["image_urls"]}] if args.get("image_urls") else []
        content = content_of([args["content"], *images])
        thread.answer(content) if value["source"] == "agent" else thread.say("user", content)
    elif "action" in value:
        _add_action(value, args, metadata, session)
    elif metadata:
        thread.result(metadata["tool_call_id"], value.get("content") or "", failed=name == "error")
    elif name == "error":
        session.leave("errors of the program")
        thread.ended = "failed"
    elif isinstance(name, str) and "cause" in value:
        thread.result(f"event_{value['cause']}", value.get("content") or "")
    else:
        raise UnknownRecordError(f"an observation of type {name!r}")


def _add_action(value: Object, args: Object, metadata: Any, session: AgentSession) -> None:
    """Add a tool call: as the model wrote it if the event has the response, else from the action."""
    thread, thought = session.thread(), args.get("thought") or args.get("final_thought")
    if value["source"] != "agent":
        thread.say("user", f"$ {args['command']}" if "command" in args else content_of(args.get("content")))
        return
    if not metadata:
        if thought:
            thread.answer(thought)
        arguments = {key: item for key, item in args.items() if key not in ("thought", "blocking", "hidden")}
        thread.call(f"event_{value['id']}", value["action"], arguments)
        return
    response = metadata["model_response"]
    message = response["choices"][0]["message"]
    session.know(model=response.get("model"))
    if response.get("id") not in thread.answers:  # the first call of several
        if message.get("reasoning_content"):
            thread.think(message["reasoning_content"], response.get("id") or "")
        if message.get("content"):
            thread.answer(content_of(message["content"]), response.get("id") or "")
    call = {call["id"]: call for call in message["tool_calls"]}[metadata["tool_call_id"]]
    thread.call(call["id"], call["function"]["name"], call["function"]["arguments"], response.get("id") or "")


def _unpack(value: Object) -> tuple[Object, list[Object]] | None:
    """The ids and the events of a row of an evaluation, or of a data set of trajectories; None for another row."""
    events = value.get("history", value.get("trajectory"))
    if isinstance(events, list) and events and all(isinstance(pair, list) for pair in events):  # [action, observation]
        events = [event for pair in events for event in pair]
    if not is_objects(events) or not _matches(events[0]):
        return None
    ids = {"id": value.get("instance_id"), "task": value.get("instance_id"), "repository": value.get("repo")}
    return ids | {"error": value.get("error"), "resolved": value.get("resolved")}, events


SDK_BOOKKEEPING: Final = frozenset((
    "ConversationStateUpdateEvent", "CondensationRequest", "PauseEvent", "TokenEvent", "LLMCompletionLogEvent",
    "StreamingDeltaEvent", "ConversationErrorEvent",
))  # fmt: skip
"""Types of events that are no message for the model."""


def _is_sdk_event(value: Object) -> bool:
    kind = value.get("kind")
    if not isinstance(kind, str) or "source" not in value:
        return False
    return kind.endswith("Event") or kind in (*SDK_BOOKKEEPING, "Condensation") or "Observation" in kind


def _add_sdk_event(value: Object, session: AgentSession) -> None:
    """Add an event of the SDK to a session. Raises as `SessionFormat.add` does."""
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
        _add_sdk_action(value, thread)
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
    elif kind in SDK_BOOKKEEPING:
        session.leave(f"{kind} events")
        if kind in ("PauseEvent", "ConversationErrorEvent"):
            thread.ended = "aborted" if kind == "PauseEvent" else "failed"
    else:
        raise UnknownRecordError(f"an event of kind {kind!r}")


def _add_summary(value: Object, thread: Thread, session: AgentSession) -> None:
    """Begin a new context. Some versions store the summary in the condensation alone, others as the next event, too."""
    summary = value.get("summary") or ""
    begun = thread.contexts and thread.contexts[-1] >= len(thread.messages) - 1
    if value["kind"] == "CondensationSummaryEvent" and begun and thread.messages[-1]["content"] == summary:
        session.leave("repeated summaries")
    else:
        session.compact(thread, summary)


def _add_sdk_action(value: Object, thread: Thread) -> None:
    """Add a tool call to `thread`; the first one of a response also adds its reasoning and text."""
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


OPENHANDS: Final = SessionFormat("openhands", _matches, _add, unpack=_unpack)
