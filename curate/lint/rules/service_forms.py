"""Families M and C, forms and media of services: what a line in a service's own form has that the service refuses, and
how many media it trains on, of which types, and where they lie.

These rules read the line as it is written, since a reader of a form may take more than its service does.
"""

import re
from collections.abc import Iterator
from typing import Any, Final

from curate.core.example import Example, kind_of
from curate.core.finding import Problem, Problems, Severity
from curate.core.targets import LIMITS, Target
from curate.core.text import excerpt, plural, quoted
from curate.language.reasoning_marks import marked_text
from curate.lint.rules.content_parts import TypedPart, typed_parts
from curate.lint.rules.rule import form_rule, value_rule
from curate.lint.rules.tools import NOT_JSON, json_value
from curate.read.dataset import ParsedLine
from curate.read.forms.blocks import media_of
from curate.read.forms.form import CALL_SPEAKERS

S3_ADDRESS: Final = re.compile(r"s3://[\w\-/.]+", re.ASCII)
"""An address of media for Amazon Nova, in the characters that it accepts."""
MEDIA_NAMES: Final = {"image": "image", "video": "video", "application": "document"}
CONTENTS_FORMS: Final = ("vertex", "vertex-preference")
BLOCK_FORMS: Final = ("bedrock-conversation", "nova-preference")
OWN_ROLE_FORMS: Final = (*CONTENTS_FORMS, *BLOCK_FORMS, "anthropic", "system-beside")
"""Forms with roles of their own."""


@form_rule(
    "M028",
    "service-form",
    Severity.ERROR,
    only=(Target.BEDROCK, Target.VERTEX, Target.ANTHROPIC, Target.TOGETHER),
    hint="Write the line as the service's guide shows, or convert it: `curate convert FILE --to FORM -o OUT.jsonl`.",
)
def service_form(parsed: ParsedLine, *, target: Target) -> Problems:
    """A line in the service's own form has a role or a type that the service does not accept.

    curate reads more than the service does. Bedrock and Anthropic accept the roles user and assistant, Gemini user and
    model; Bedrock requires system prompts and contents as lists of parts, Together a prompt and its completion as text.
    The service refuses the file.
    Bad: {"schemaVersion": "bedrock-conversation-2024", "system": [{"text": "Be brief."}], "messages": [{"role": "human", "content": [{"text": "Hi"}]}, {"role": "assistant", "content": [{"text": "Hello."}]}]}
    Good: {"schemaVersion": "bedrock-conversation-2024", "system": [{"text": "Be brief."}], "messages": [{"role": "user", "content": [{"text": "Hi"}]}, {"role": "assistant", "content": [{"text": "Hello."}]}]}
    """
    value, form = parsed.decoded.value, parsed.example.format if parsed.example else ""
    roles = LIMITS[target].roles
    for pointer, turn in _turns(value, form) if roles and form in OWN_ROLE_FORMS else ():
        role = turn.get("role", roles[0] if form in CONTENTS_FORMS else None)
        if role not in roles:
            named = f"role {quoted(role, 30)}" if isinstance(role, str) else f"a role that is {kind_of(role)}"
            yield Problem(f"{pointer}/role", f"{named}; {target} accepts {' and '.join(roles[:2])}")
        if form in BLOCK_FORMS and not isinstance(turn.get("content", []), list):
            yield Problem(f"{pointer}/content", f"the content is {kind_of(turn['content'])}, not a list of parts")
    if form in BLOCK_FORMS and not isinstance(value.get("system") or [], list):
        yield Problem("/system", f"`system` is {kind_of(value['system'])}, not a list of parts")
    if target is Target.TOGETHER and form == "prompt-completion":
        for key in ("prompt", "completion"):
            if not isinstance(value[key], str):
                yield Problem(f"/{key}", f"`{key}` is {kind_of(value[key])}, not text")


def _turns(value: Any, form: str) -> Iterator[tuple[str, dict[str, Any]]]:
    """The turns of a line with their pointers."""
    key = "contents" if form in CONTENTS_FORMS else "messages"
    for i, turn in enumerate(value[key]):
        if isinstance(turn, dict):
            yield f"/{key}/{i}", turn
    for i, side in enumerate(value.get("completions", ()) if form in CONTENTS_FORMS else ()):
        yield f"/completions/{i}/completion", side["completion"]


@form_rule(
    "T025",
    "call-turn-malformed",
    Severity.WARNING,
    targets={Target.LLAMAFACTORY: Severity.ERROR},
    hint='Write {"name": ..., "arguments": {...}} or a list of these, as JSON.',
)
def call_turn_malformed(parsed: ParsedLine) -> Problems:
    """A turn of a speaker that calls tools does not hold calls.

    Trainers of ShareGPT data read a name and arguments from such a turn. LLaMA-Factory stops with "Invalid JSON format
    in function message". Others train on it as an answer. Reasoning between tags before the call is fine.
    Bad: {"conversations": [{"from": "human", "value": "What time is it?"}, {"from": "function_call", "value": "now()"}, {"from": "observation", "value": "12:00"}, {"from": "gpt", "value": "Noon."}]}
    Good: {"conversations": [{"from": "human", "value": "What time is it?"}, {"from": "function_call", "value": "{\\"name\\": \\"now\\", \\"arguments\\": {}}"}, {"from": "observation", "value": "12:00"}, {"from": "gpt", "value": "Noon."}]}
    """
    value = parsed.decoded.value
    turns = value.get("conversations") if isinstance(value, dict) else None
    for i, turn in enumerate(turns if isinstance(turns, list) else ()):
        if isinstance(turn, dict) and turn.get("from") in CALL_SPEAKERS and (fault := _call_fault(turn.get("value"))):
            yield Problem(f"/conversations/{i}/value", fault)


def _without_leading_reasoning(text: str) -> str:
    first = next(iter(marked_text(text).blocks), None)  # later ones stand in an argument
    return text[first.end :] if first and not text[: first.start].strip() else text


def _call_fault(text: Any) -> str | None:
    """Why a turn holds no calls; None if it does."""
    calls = json_value(_without_leading_reasoning(text)) if isinstance(text, str) else text
    if calls is NOT_JSON:
        return f"the call is not JSON: {quoted(text, 40)}" if text.strip() else "the call is empty text"
    for call in calls if isinstance(calls, list) else [calls]:
        if not isinstance(call, dict):
            return f"the call is {kind_of(call)}, not an object"
        if not isinstance(call.get("name"), str):
            return "the call has no name"
        if "arguments" not in call:
            return "the call has no arguments"
        if not isinstance(call["arguments"], str | dict):
            return f"the arguments are {kind_of(call['arguments'])}, not an object"
    return None if calls else "the list of calls is empty"


@value_rule(
    "C021",
    "media-refused",
    Severity.ERROR,
    only=(Target.BEDROCK,),
    hint="Keep one video or document in an example, and no other media beside a video. Store it on S3, in a type that "
    "the service accepts.",
)
def media_refused(example: Example, *, target: Target) -> Problems:
    """An image, video or document is one that the service does not train on.

    Amazon Nova accepts one video or one document in an example, neither images nor documents beside a video, certain
    types, and media on S3 only. The job fails.
    Bad: {"messages": [{"role": "user", "content": [{"text": "What is it?"}, {"image": {"format": "bmp", "source": {"s3Location": {"uri": "s3://bucket/cat.bmp"}}}}]}, {"role": "assistant", "content": [{"text": "A cat."}]}]}
    Good: {"messages": [{"role": "user", "content": [{"text": "What is it?"}, {"image": {"format": "png", "source": {"s3Location": {"uri": "s3://bucket/cat.png"}}}}]}, {"role": "assistant", "content": [{"text": "A cat."}]}]}
    """
    limits = LIMITS[target]
    media_parts: dict[str, list[TypedPart]] = {name: [] for name in MEDIA_NAMES.values()}
    for part in typed_parts(example):
        media = media_of(part.value)
        if media is None:
            continue
        mime, url, _ = media
        media_parts[MEDIA_NAMES.get(mime.split("/")[0], "document")].append(part)
        if mime not in limits.media:
            yield Problem(part.pointer, f"{excerpt(mime, 30)} is not one of the types that {target} accepts")
        if not S3_ADDRESS.fullmatch(url):
            yield Problem(part.pointer, f"not an address on S3 of letters, digits and _-/. alone: {excerpt(url, 40)}")
    for name, most in (("video", limits.videos), ("document", limits.documents)):
        if most is not None and len(media_parts[name]) > most:
            text = f"{plural(len(media_parts[name]), name)}; {target} accepts {most} in an example"
            yield Problem(media_parts[name][most].pointer, text)
    if media_parts["video"] and (other_media := media_parts["image"] + media_parts["document"]):
        yield Problem(other_media[0].pointer, f"other media beside a video, which {target} does not accept")
