"""Repairs of parts, images and texts: each settles its rule for the whole example, or leaves it as it is."""

import re
import unicodedata
from typing import Any

from curate.example import content_text
from curate.read.decode import decode
from curate.rules import content_parts, images
from curate.rules.repair import RepairInput, json_line
from curate.rules.repairs import turns_in, with_turns
from curate.rules.texts import with_texts

Object = dict[str, Any]
BLANK_START = re.compile(r"(?:[^\S\n]*\n)+")
INDENTED = re.compile(r"\n[ \t]+\S")


@content_parts.content_kinds_mixed.repaired_by(safe=True)
def one_kind(value: Object) -> Object:
    """Write contents that are one part of text as strings; where other parts are needed, write strings as parts."""
    turns = turns_in(value)
    if turns is None or not any(isinstance(turn.get("content"), list) for turn in turns):
        return value
    if all(not isinstance(turn.get("content"), list) or _single(turn["content"]) for turn in turns):
        return with_turns(value, [{**turn, "content": turn["content"][0]["text"]} if isinstance(turn.get("content"), list) else turn for turn in turns])
    return with_turns(value, [{**t, "content": [{"type": "text", "text": t["content"]}]} if isinstance(t.get("content"), str) else t for t in turns])


def _single(content: list[Any]) -> bool:
    return (
        len(content) == 1
        and isinstance(content[0], dict)
        and content[0].keys() == {"type", "text"}
        and content[0]["type"] == "text"
        and isinstance(content[0]["text"], str)
    )


@images.image_malformed.repaired_by(safe=True)
def image_as_object(value: Object) -> Object:
    """Write the address of an image as an object with a url."""
    turns = turns_in(value)
    if turns is None:
        return value
    edited = [{**turn, "content": [_image(part) for part in turn["content"]]} if isinstance(turn.get("content"), list) else turn for turn in turns]
    left = (part for turn in edited if isinstance(turn.get("content"), list) for part in turn["content"] if isinstance(part, dict))
    return value if any(part.get("type") == "image_url" and images.image_fault(part) for part in left) else with_turns(value, edited)


def _image(part: Any) -> Any:
    given = part.get("image_url") if isinstance(part, dict) else None
    return {**part, "image_url": {"url": given}} if isinstance(given, str) and part.get("type") == "image_url" else part


@content_parts.outer_space.repaired_by(safe=True)
def strip_answers(value: Object) -> Object:
    """Remove white space around answers; a first line whose indentation may mean something is left, and so is the whole example then."""
    turns = turns_in(value)
    if turns is None:
        return value
    edited = [{**turn, "content": _stripped(turn["content"])} if turn.get("role") == "assistant" and "content" in turn else turn for turn in turns]
    texts = (content_text(turn.get("content")) for turn in edited if turn.get("role") == "assistant")
    return value if any(text.strip() and text != text.strip() for text in texts) else with_turns(value, edited)


def _stripped(content: Any) -> Any:
    if isinstance(content, str):
        return _edge(content)
    if isinstance(content, list) and len(content) == 1 and isinstance(content[0], dict) and isinstance(content[0].get("text"), str):
        return [{**content[0], "text": _edge(content[0]["text"])}]
    return content


def _edge(text: str) -> str:
    if not text.strip():
        return text
    lines = BLANK_START.match(text)
    body = text[lines.end() :] if lines else text
    return (body if INDENTED.search(body) else body.lstrip()).rstrip()


@content_parts.not_nfc.repaired_by(safe=False)
def to_nfc(value: Object) -> Object:
    """Write all texts in normal form C."""
    return with_texts(value, lambda text: unicodedata.normalize("NFC", text))


@content_parts.completion_unspaced.repaired_by(safe=True, takes=RepairInput.LINE)
def space_completion(data: bytes) -> bytes:
    """Start the completion with a space."""
    decoded = decode(data)
    value = decoded.value
    if decoded.defects or not isinstance(value, dict) or not content_parts.joins(value.get("prompt"), value.get("completion")):
        return data
    return json_line({**value, "completion": f" {value['completion']}"})
