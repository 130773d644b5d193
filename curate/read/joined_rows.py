"""Rows that are a conversation only together with others: requests and results of a batch, messages of a thread; and
requests with their responses as services log them.

Sources: the batch guides of OpenAI and Anthropic, the card of OpenAssistant/oasst1, docs.helicone.ai (POST
/v1/request/query-clickhouse; the tool `@helicone/export` writes its rows),
docs.openpipe.ai/features/request-logs/exporting-logs. Read 2026-11.
"""

from collections.abc import Iterable, Iterator
from functools import partial
from typing import Any, Final

from curate.read.forms.form import Object, has_strings, is_objects
from curate.read.traces import ModelCall, NoConversationError, parsed, read_as_messages, scores_of

MAX_THREAD_MESSAGES: Final = 100
"""Most messages of a thread from its beginning to a last reply; each nests two levels of JSON."""


def request_in(row: Object) -> Object | None:
    """The body of a batch request; None for any other row."""
    body = row.get("body", row.get("params"))
    return body if has_strings(row, "custom_id") and isinstance(body, dict) and not is_result(row) else None


def is_result(row: Object) -> bool:
    """Whether a row is a result of a batch."""
    return has_strings(row, "custom_id") and isinstance(row.get("response", row.get("result", 0)), dict | None)


def is_message(row: Object) -> bool:
    """Whether a row is one message of a thread."""
    return has_strings(row, "message_id", "role", "text") and isinstance(row.get("parent_id", 0), str | None)


class JoinedRows:
    """Rows that are joined with other rows, by id. They are collected before the files are converted."""

    def __init__(self) -> None:
        self.requests: dict[str, list[Object]] = {}
        self.results: set[str] = set()
        self.replies: dict[str | None, list[Object]] = {}

    def add(self, row: Object) -> None:
        """Store a row that is joined with other rows."""
        if (body := request_in(row)) is not None:
            bodies = self.requests.setdefault(row["custom_id"], [])
            if body not in bodies:
                bodies.append(body)
        elif is_result(row):
            self.results.add(row["custom_id"])
        elif is_message(row):
            self.replies.setdefault(row["parent_id"], []).append(row)

    def end(self) -> None:
        """Find the messages whose thread has a first message. Call it after the last row."""
        self.threaded = set[str]()
        pending = [row["message_id"] for row in self.replies.get(None, ())]
        while pending:
            self.threaded.update(pending)
            replies = [row["message_id"] for message_id in pending for row in self.replies.get(message_id, ())]
            pending = [reply for reply in replies if reply not in self.threaded]

    def is_joined(self, row: Object) -> bool:
        """Whether the conversation of a row is reported at another row."""
        if request_in(row) is not None:
            return row["custom_id"] in self.results
        return is_message(row) and row["parent_id"] is not None and row["message_id"] in self.threaded

    def calls(self, row: Object) -> list[ModelCall]:
        """The conversations that are reported at a row; empty for a row that is not joined with others."""
        if is_result(row):
            return list(self._answered(row))
        if request_in(row) is not None:
            return [ModelCall("batch", {"id": row["custom_id"]}, error="no file has the result of this request")]
        if is_message(row):
            return [ModelCall("thread", {"id": row["message_id"]}, joined=partial(self._thread, row))]
        return []

    def _answered(self, row: Object) -> Iterator[ModelCall]:
        """A call for each answer in a batch result; a call with an error if there is no answer, or not exactly one
        request with its id.
        """
        bodies = self.requests.get(row["custom_id"], [])
        outcome = row.get("result", row.get("response")) or {}
        answer = outcome.get("message", outcome.get("body")) or {}
        ids = {"id": row["custom_id"], "model": answer.get("model")}
        ids = {key: item for key, item in ids.items() if item is not None}
        if len(bodies) != 1:
            why = f"{len(bodies)} requests have its custom_id" if bodies else "no file has the request of this result"
            yield ModelCall("batch", ids, error=why)
        elif row.get("error") or answer.get("error") or outcome.get("type", "succeeded") != "succeeded" or not answer:
            yield ModelCall("batch", ids, error="the request was not answered")
        else:
            for answered_keys, ended in answers_of(answer):
                finish_reason = {"finish_reason": ended} if ended is not None else {}
                yield ModelCall("batch", ids | finish_reason, joined=partial(conversation_of, bodies[0], answered_keys))

    def _thread(self, row: Object) -> Object:
        """The best-ranked path of a thread as a conversation. The key `tree` holds the whole thread."""
        if row["parent_id"] is not None:
            raise NoConversationError("no file has the beginning of its thread")
        tree: Object = {**row, "replies": []}
        level, seen_ids = [tree], {row["message_id"]}
        for _ in range(MAX_THREAD_MESSAGES):
            for message in level:
                message["replies"] = [{**reply, "replies": []} for reply in self.replies.get(message["message_id"], ())]
            level = [reply for message in level for reply in message["replies"]]
            if not level:
                return _answered_conversation({"prompt": tree})
            ids = {reply["message_id"] for reply in level}
            if len(ids) < len(level) or not ids.isdisjoint(seen_ids):
                raise NoConversationError("two messages of its thread have one id")
            seen_ids |= ids
        raise NoConversationError(f"its thread has more than {MAX_THREAD_MESSAGES} messages in a row")


def answers_of(answer: Object) -> Iterable[tuple[Object, Any]]:
    """The answers in a model's response: for each, the keys to merge into the request to get a conversation, and its
    finish reason or None.
    """
    if is_objects(answer.get("choices")):
        return [({"message": choice.get("message")}, choice.get("finish_reason")) for choice in answer["choices"]]
    if isinstance(answer.get("output"), list):
        return [({"output": answer["output"]}, answer.get("status"))]
    return [({"message": {"role": "assistant", "content": answer.get("content")}}, answer.get("stop_reason"))]


def conversation_of(body: Object, answer: Object) -> Object:
    """Convert a request and its answer, in the format of their service, to messages."""
    request = {key: body[key] for key in ("system", "instructions", "tools") if body.get(key)}
    if "output" in answer:
        return _answered_conversation({**request, "input": body["input"], **answer})
    return _answered_conversation({**request, "messages": [*body["messages"], answer["message"]]})


def _answered_conversation(value: Object) -> Object:
    """A line in messages format. Raises `NoConversationError` if no message is an answer."""
    conversation = read_as_messages(value)
    if not any(
        isinstance(message, dict) and message.get("role") == "assistant" for message in conversation["messages"]
    ):
        raise NoConversationError("it has no answer")
    return conversation


ITEM_TYPES: Final = ("function_call", "function_call_output", "reasoning")
PART_TYPES: Final = ("input_text", "output_text")


def logged_calls(value: Object) -> list[ModelCall]:
    """The calls of a row of a log; empty for any other row."""
    if {"request_body", "response_body"} <= value.keys():
        call_ids = {"id": value.get("request_id"), "model": value.get("request_model") or value.get("response_model")}
        session = (value.get("request_properties") or {}).get("Helicone-Session-Id")
        status = value.get("response_status")
        failed = isinstance(status, int) and status >= 400
        calls = _calls("helicone", call_ids, value["request_body"], value["response_body"], failed=failed)
        for call in calls:
            call.scores = scores_of(value.get("scores"))
            call.ids |= {"session": session} if session else {}
        return calls
    request, answer = value.get("input"), value.get("output")
    if isinstance(request, dict) and "messages" in request and isinstance(answer, dict) and "tags" in value:
        failed = bool(answer.get("error")) or not answer.get("choices")
        calls = _calls(
            "openpipe", {"id": answer.get("id"), "model": request.get("model")}, request, answer, failed=failed
        )
        for call in calls:
            call.ids |= {"tags": value["tags"]} if value["tags"] else {}
        return calls
    if _is_responses(value):
        ids = {key: value[key] for key in ("id", "model", "status") if isinstance(value.get(key), str)}
        return [ModelCall("openai-responses", ids, joined=partial(_as_messages, value))]
    return []


def _calls(source: str, ids: Object, body: Any, answer: Any, *, failed: bool) -> list[ModelCall]:
    """The calls of a request, one per answer. A request without an answer gets an error."""
    known_ids = {key: item for key, item in ids.items() if item is not None}
    body, answer = parsed(body), parsed(answer)
    if failed or not isinstance(body, dict) or not isinstance(answer, dict) or not answer:
        why = "the request was not answered" if failed else "it has no request or no response (`--include-body`)"
        return [ModelCall(source, known_ids, error=why)]
    return [
        ModelCall(
            source,
            known_ids | ({"finish_reason": ended} if ended is not None else {}),
            joined=partial(conversation_of, body, answered_keys),
        )
        for answered_keys, ended in answers_of(answer)
    ]


def _is_responses(value: Object) -> bool:
    """Whether a row has the items of a request or a response of OpenAI's Responses."""
    if value.get("object") == "response" and isinstance(value.get("output"), list):
        return True
    items = [item for key in ("input", "output") if is_objects(value.get(key)) for item in value[key]]
    return any(
        item.get("type") in ITEM_TYPES
        or (is_objects(item.get("content")) and item["content"][0].get("type") in PART_TYPES)
        for item in items
    )


def _as_messages(value: Object) -> Object:
    """A row of OpenAI's Responses as `messages` and, if it declares any, `tools`. Raises `NoConversationError`."""
    conversation = read_as_messages(
        {key: value[key] for key in ("input", "output", "instructions", "tools") if value.get(key)}
    )
    return {key: conversation[key] for key in ("messages", "tools") if key in conversation}
