"""Requests with their responses as services log them: exports of Helicone and OpenPipe, and OpenAI's Responses.

Sources: docs.helicone.ai (POST /v1/request/query-clickhouse; the tool `@helicone/export` writes its rows),
docs.openpipe.ai/features/request-logs/exporting-logs. Read 2026-11.
"""

from functools import partial
from typing import Any, Final

from curate.read.forms.form import Object, is_objects
from curate.read.joined_rows import answers_of, conversation_of
from curate.read.traces import ModelCall, parsed, read_as_messages, scores_of

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
