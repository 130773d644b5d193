"""Trajectories of SWE-agent (`INSTANCE.traj`) and of mini-swe-agent (`INSTANCE.traj.json`).

Sources: swe-agent.com/latest/usage/trajectories, sweagent/types.py and agent/agents.py of SWE-agent, the page on output
files of mini-swe-agent. Read 2026-11. The files declare no tools; runs without function calls have the model's text as
it is, with the action in it, and observations as messages of the user.
"""

import re
from typing import Any, Final

from curate.read.forms.form import Object, is_objects
from curate.read.sessions.session import AgentSession, SessionFormat, UnknownRecordError, content_of

INSTANCE: Final = re.compile(r"(?P<owner>[\w.-]+?)__(?P<name>[\w.-]+)-\d+")
"""Ids of SWE-bench: the repository and the number of a pull request."""
FINISHED: Final = frozenset(("submitted", "Submitted", None))
"""Values of `exit_status` of a run that was not stopped; "submitted (exit_cost)" was."""


def repository_in(instance: Any) -> str | None:
    """The repository that an id of SWE-bench names, as OWNER/NAME; None for another value."""
    match = INSTANCE.fullmatch(instance) if isinstance(instance, str) else None
    return f"{match['owner']}/{match['name']}" if match else None


def _unpack(value: Object) -> tuple[Object, list[Object]] | None:
    """The ids of a trajectory and its messages, from the history or else from the steps; None for another line."""
    info, steps = value.get("info") or {}, value.get("trajectory")
    messages = value.get("history") or (value.get("messages") if "trajectory_format" in value else None)
    if not (is_objects(messages) and "role" in messages[0] and ("agent" in messages[0] or info)):
        if not is_objects(steps) or "response" not in steps[0]:
            return None
        messages = [message for index, step in enumerate(steps) for message in _messages_of(step, index)]
    instance = value.get("instance_id") or (value.get("problem_statement") or {}).get("id")
    status = info.get("exit_status")
    ended = [] if status in FINISHED else [{"exit_status": status}]
    ids = {"id": instance, "task": instance, "environment": value.get("environment"), "exit_status": status}
    ids["repository"] = value.get("repo") or repository_in(instance)
    return ids, [*messages, *ended]


def _messages_of(step: Object, index: int) -> list[Object]:
    """The messages of a step of a trajectory without a history: query, answer and observation."""
    query = step.get("query") if index == 0 else None
    observed = {"role": "user", "content": step.get("observation") or ""}
    return [*(query or ()), {"role": "assistant", "content": step["response"]}, observed]


def _add(value: Object, session: AgentSession) -> None:
    """Add a message to `session`. Raises `UnknownRecordError` for a message with an unknown role."""
    thread = session.thread()
    if set(value) == {"exit_status"}:
        thread.ended = "failed"
        return
    role = value["role"]
    if value.get("is_demo"):
        session.leave("of demonstrations", [value])
    elif role == "system":
        thread.instruct(content_of(value["content"]))
    elif role == "assistant":
        _add_answer(value, session)
    elif role == "tool":
        for call_id in value.get("tool_call_ids") or [value.get("tool_call_id")]:
            thread.result(call_id, content_of(value["content"], "a result"))
    elif role == "user":
        thread.say("user", content_of(value["content"]))
    elif role == "exit":  # mini-swe-agent
        session.leave("at the exit of the program", [value])
    else:
        raise UnknownRecordError(f"a message of role {role!r}")


def _add_answer(value: Object, session: AgentSession) -> None:
    """Add the reasoning, the text and the calls of an answer to the session."""
    thread, calls = session.thread(), value.get("tool_calls") or ()
    for block in value.get("thinking_blocks") or ():
        if block.get("thinking"):
            thread.think(block["thinking"])
        else:
            session.leave("encrypted reasoning")
    if value.get("reasoning_content") and not value.get("thinking_blocks"):
        thread.think(value["reasoning_content"])
    if value.get("content") or not calls:
        thread.answer(content_of(value["content"]))
    for call in calls:
        thread.call(call["id"], call["function"]["name"], call["function"]["arguments"])


SWE_AGENT: Final = SessionFormat("swe-agent", lambda _value: False, _add, unpack=_unpack)
