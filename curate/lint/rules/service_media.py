"""Family C, media that a service trains on: how many, of which types, and where they lie."""

import re
from typing import Final

from curate.core.example import Example
from curate.core.finding import Problem, Problems, Severity
from curate.core.targets import LIMITS, Target
from curate.core.text import excerpt, plural
from curate.lint.rules.content_parts import TypedPart, parts_of
from curate.lint.rules.rule import value_rule
from curate.read.forms.blocks import media_of

S3_ADDRESS: Final = re.compile(r"s3://[\w\-/.]+", re.ASCII)
"""An address of media for Amazon Nova, in the characters that it accepts."""
MEDIA_NAMES: Final = {"image": "image", "video": "video", "application": "document"}


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
    for part in parts_of(example):
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
