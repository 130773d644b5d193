"""Family C, images: requirements for image parts in training data."""

import base64
import binascii
import re
from collections.abc import Iterator
from typing import Any, Final

from curate.core.example import Example, kind_of
from curate.core.finding import PlacedProblems, Problem, Problems, Severity
from curate.core.lazy import pl
from curate.core.targets import LIMITS, MB, OPENAI_AZURE, SERVICES, Target
from curate.core.text import excerpt, plural, quoted
from curate.lint.rules.content_parts import IMAGE_TYPES, TypedPart, typed_parts
from curate.lint.rules.dataset_summary import DatasetState, in_some
from curate.lint.rules.polars_text_helpers import question
from curate.lint.rules.prefilter import patterns, shared_patterns
from curate.lint.rules.rule import Object, dataset_rule, on_messages, text_rule, value_rule

DATA_URL: Final = re.compile(r"data:([\w.+-]*/?[\w.+-]*)((?:;[^;,]*)*),", re.ASCII)
PLACEHOLDERS: Final = ("<image>", "<video>", "<audio>")
PLACEHOLDER: Final = "|".join(PLACEHOLDERS)
BASE64_FILE: Final = r"(?:;base64,|iVBORw0KGgo)[A-Za-z0-9+/=]{160,}"
"""A file in base64; shorter ones are examples in texts about base64."""
READABLE_URL: Final = re.compile(r"https?://|data:", re.IGNORECASE)
DETAIL_VALUES: Final = ("auto", "low", "high")


def images_of(example: Example) -> Iterator[TypedPart]:
    """The image parts."""
    return (part for part in typed_parts(example) if part.type in IMAGE_TYPES)


def url_of(part: TypedPart) -> str | None:
    """The URL of an image, which may be a data URI; None without one."""
    image = part.value.get("image_url")
    url = image.get("url") if isinstance(image, dict) else image
    return url if isinstance(url, str) else None


@value_rule(
    "C009",
    "image-malformed",
    Severity.ERROR,
    hint='Write {"type": "image_url", "image_url": {"url": ...}}; detail is auto, low or high.',
)
def image_malformed(example: Example, *, target: Target) -> Problems:
    """An image part is not in the form that services read.

    Services read `image_url.url` and reject a line without it. They cannot open a file on your machine.
    Bad: {"messages": [{"role": "user", "content": [{"type": "image_url", "image_url": "https://example.com/cat.png"}]}, {"role": "assistant", "content": "A cat."}]}
    Good: {"messages": [{"role": "user", "content": [{"type": "image_url", "image_url": {"url": "https://example.com/cat.png"}}]}, {"role": "assistant", "content": "A cat."}]}
    """
    for part in typed_parts(example):
        if part.type != "image_url":
            continue
        if fault := image_fault(part.value):
            yield Problem(part.pointer, fault)
        elif target in SERVICES and not READABLE_URL.match(url := part.value["image_url"]["url"]):
            url = quoted(url, 40)
            yield Problem(part.pointer, f"{url} is neither a web address nor a data URI, which {target} reads")


@text_rule(
    "C018",
    "image-missing",
    Severity.WARNING,
    targets={Target.LLAMAFACTORY: Severity.ERROR},
    prefilter=shared_patterns(PLACEHOLDER),
    hint="Add the image under the key `images`, or as a part of the message, or remove the placeholder.",
)
def image_missing() -> "pl.Expr":
    r"""A question has the placeholder of an image, and the example has no image.

    An export lost the images. The model learns to describe what it cannot see. LLaMA-Factory stops at the line. The
    placeholders `<image>`, `<video>` and `<audio>` count at the start or the end of a question.
    Bad: {"messages": [{"role": "user", "content": "<image>\nWhat is this?"}, {"role": "assistant", "content": "A cat."}]}
    Good: {"messages": [{"role": "user", "content": "<image>\nWhat is this?"}, {"role": "assistant", "content": "A cat."}], "images": ["cat.png"]}
    """
    text = pl.when(~pl.col("media")).then(question())
    placeholder = text.str.extract(rf"\A\s*({PLACEHOLDER})").fill_null(text.str.extract(rf"({PLACEHOLDER})\s*\z"))
    return pl.format("the question has the placeholder {}, but the example has no such file", placeholder)


@value_rule(
    "C019",
    "image-count",
    Severity.ERROR,
    only=(Target.LLAMAFACTORY,),
    hint="Write one placeholder for each file, where the model should see it.",
    any_key=True,
)
def image_count(example: Example) -> Problems:
    """An example has more or fewer placeholders than images.

    LLaMA-Factory stops with "The number of images does not match the number of <image> tokens". The same holds for
    videos and audios.
    Bad: {"messages": [{"role": "user", "content": "<image><image> Which is larger?"}, {"role": "assistant", "content": "The second."}], "images": ["cat.png"]}
    Good: {"messages": [{"role": "user", "content": "<image><image> Which is larger?"}, {"role": "assistant", "content": "The second."}], "images": ["cat.png", "dog.png"]}
    """
    for placeholder in PLACEHOLDERS:
        key = f"{placeholder.strip('<>')}s"
        files = example.value.get(key)
        count = sum(message.text.count(placeholder) for message in example.messages)
        if isinstance(files, list) and files and len(files) != count:
            yield Problem(
                f"/{key}",
                f"{plural(len(files), 'file')}, but {placeholder} occurs {plural(count, 'time')} in the messages",
            )


@text_rule(
    "C020",
    "image-as-text",
    Severity.WARNING,
    prefilter=patterns(BASE64_FILE),
    hint="Write the image as a part of type image_url, or remove it.",
)
def image_as_text() -> "pl.Expr":
    """A text contains an image or another file in base64.

    The model reads thousands of letters and no image, and they fill the context. Code in backticks is skipped.
    Bad: {"messages": [{"role": "user", "content": "What is this? data:image/png;base64,iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAIAAACQd1PeAAAADElEQVR4nGNgYGAAAAAEAAH2FzhVAAAAAElFTkSuQmCCiVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAIAAACQd1PeAAAADElEQVR4nGNgYGAAAAAEAAH2FzhVAAAAAElFTkSuQmCC"}, {"role": "assistant", "content": "A dot."}]}
    Good: {"messages": [{"role": "user", "content": [{"type": "text", "text": "What is this?"}, {"type": "image_url", "image_url": {"url": "data:image/png;base64,iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAIAAACQd1PeAAAADElEQVR4nGNgYGAAAAAEAAH2FzhVAAAAAElFTkSuQmCC"}}]}, {"role": "assistant", "content": "A dot."}]}
    """
    text = pl.when(~pl.col("text").str.contains("`", literal=True)).then(pl.col("text"))
    return pl.format(
        "the text contains a file of {} characters in base64", text.str.extract(f"({BASE64_FILE})").str.len_bytes()
    )


def image_fault(part: dict[str, Any]) -> str | None:
    """What is wrong with a part of type image_url; None if nothing is."""
    image = part.get("image_url")
    if not isinstance(image, dict):
        return (
            f"`image_url` is {kind_of(image)}, not an object with a url"
            if "image_url" in part
            else "the image has no `image_url`"
        )
    if not isinstance(image.get("url"), str) or not image["url"]:
        return "the image has no url"
    detail = image.get("detail")
    return (
        None
        if detail is None or detail in DETAIL_VALUES
        else f"detail {quoted(str(detail), 20)} is not auto, low or high"
    )


@image_malformed.repaired_by(safe=True)
@on_messages
def image_as_object(messages: list[Object]) -> list[Object] | None:
    """Write an image address as an object with a url."""
    edited = [
        {**message, "content": list(map(_as_object, message["content"]))}
        if isinstance(message.get("content"), list)
        else message
        for message in messages
    ]
    unconverted = (
        part
        for message in edited
        if isinstance(message.get("content"), list)
        for part in message["content"]
        if isinstance(part, dict)
    )
    return None if any(part.get("type") == "image_url" and image_fault(part) for part in unconverted) else edited


def _as_object(part: Any) -> Any:
    image = part.get("image_url") if isinstance(part, dict) else None
    return {**part, "image_url": {"url": image}} if isinstance(image, str) and part.get("type") == "image_url" else part


@value_rule(
    "C010",
    "image-on-wrong-role",
    Severity.WARNING,
    targets=dict.fromkeys((*OPENAI_AZURE, Target.BEDROCK), Severity.ERROR),
    hint="Put the image in a user message.",
)
def image_on_wrong_role(example: Example) -> Problems:
    """An image is in a message that is not the user's.

    Models read images and do not write them. Templates place images in user messages only, and services reject the
    line.
    Bad: {"messages": [{"role": "user", "content": "A cat, please."}, {"role": "assistant", "content": [{"type": "image_url", "image_url": {"url": "https://example.com/cat.png"}}]}]}
    Good: {"messages": [{"role": "user", "content": [{"type": "image_url", "image_url": {"url": "https://example.com/cat.png"}}]}, {"role": "assistant", "content": "A cat."}]}
    """
    for part in images_of(example):
        if part.message.role != "user":
            yield Problem(part.pointer, f"an image in a message of role {quoted(part.message.role or 'none', 30)}")


@dataset_rule(
    "C011",
    "too-many-images",
    Severity.ERROR,
    only=tuple(target for target, limits in LIMITS.items() if limits.images or limits.examples_with_images),
    hint="Split the example, reduce the image, or train on fewer examples with images.",
)
def too_many_images(example: Example, state: DatasetState, *, target: Target) -> Problems:
    """An example has too many or too large images, or too many examples have images.

    OpenAI, Together and Amazon Nova accept 10 images per example, Azure 64, all of them images up to 10 MB. OpenAI and
    Azure accept 50,000 examples with images per file, Gemini 300,000. Examples beyond the limit are skipped, or the
    file is refused.
    Bad: {"messages": [{"role": "user", "content": [{"type": "image_url", "image_url": {"url": "https://a.b/1"}}, {"type": "image_url", "image_url": {"url": "https://a.b/2"}}, {"type": "image_url", "image_url": {"url": "https://a.b/3"}}, {"type": "image_url", "image_url": {"url": "https://a.b/4"}}, {"type": "image_url", "image_url": {"url": "https://a.b/5"}}, {"type": "image_url", "image_url": {"url": "https://a.b/6"}}, {"type": "image_url", "image_url": {"url": "https://a.b/7"}}, {"type": "image_url", "image_url": {"url": "https://a.b/8"}}, {"type": "image_url", "image_url": {"url": "https://a.b/9"}}, {"type": "image_url", "image_url": {"url": "https://a.b/10"}}, {"type": "image_url", "image_url": {"url": "https://a.b/11"}}]}, {"role": "assistant", "content": "Cats."}]}
    Good: {"messages": [{"role": "user", "content": [{"type": "image_url", "image_url": {"url": "https://a.b/1"}}]}, {"role": "assistant", "content": "A cat."}]}
    """
    images = [] if example.plain else list(images_of(example))
    if not images:
        return
    limits = LIMITS[target]
    if limits.images is not None and len(images) > limits.images:
        yield Problem(
            images[limits.images].pointer,
            f"{plural(len(images), 'image')}; {target} accepts {limits.images} in an example",
        )
    for part in images:
        url = url_of(part) or ""
        size = len(url) * 3 // 4 if url.startswith("data:") else 0
        if limits.image_bytes is not None and size > limits.image_bytes:
            yield Problem(
                part.pointer, f"an image of about {size / MB:,.1f} MB; {target} accepts {limits.image_bytes // MB} MB"
            )
    state.count("C011", example.place.file, example.place)


@too_many_images.finalize
def too_many_with_images(state: DatasetState, *, target: Target) -> PlacedProblems:
    """One finding for each file in which too many examples have images."""
    limit = LIMITS[target].examples_with_images
    for place, count in state.most_in_files("C011", limit):
        yield place, Problem("", f"{plural(count, 'example')} with images; {target} accepts {limit:,} in a file")


@value_rule(
    "C012",
    "image-data",
    Severity.ERROR,
    hint="Encode a JPEG, PNG or WEBP file in RGB or RGBA as data:image/png;base64,….",
)
def image_data(example: Example, *, target: Target) -> Problems:
    """An image in a data URI is not a decodable JPEG, PNG or WEBP file.

    Loaders stop on it during the run, and services skip the example. OpenAI and Azure accept PNG in RGB and RGBA only.
    Bad: {"messages": [{"role": "user", "content": [{"type": "image_url", "image_url": {"url": "data:image/png;base64,R0lGODlhAQABAAAAACw="}}]}, {"role": "assistant", "content": "A cat."}]}
    Good: {"messages": [{"role": "user", "content": [{"type": "image_url", "image_url": {"url": "data:image/png;base64,iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAIAAACQd1PeAAAADElEQVR4nGNgYGAAAAAEAAH2FzhVAAAAAElFTkSuQmCC"}}]}, {"role": "assistant", "content": "A cat."}]}
    """
    for part in images_of(example):
        url = url_of(part)
        if url is not None and url.startswith("data:") and (fault := _data_fault(url, target)):
            yield Problem(part.pointer, fault)


def _data_fault(url: str, target: Target) -> str | None:
    head = DATA_URL.match(url)
    if head is None or "base64" not in head.group(2):
        return f"the data URI is not one of base64: {excerpt(url, 30)}"
    try:
        data = base64.b64decode(url[head.end() :], validate=True)
    except (binascii.Error, ValueError):
        return "the data URI is not valid base64"
    if data.startswith(b"\xff\xd8\xff") or (data.startswith(b"RIFF") and data[8:12] == b"WEBP"):
        return None
    if not data.startswith(b"\x89PNG\r\n\x1a\n"):
        return "the image is not a JPEG, PNG or WEBP file" if data else "the image is empty"
    return "the PNG is not in RGB or RGBA" if target in OPENAI_AZURE and data[25:26] not in (b"\x02", b"\x06") else None


@value_rule(
    "C013",
    "remote-image",
    Severity.ERROR,
    only=(Target.TOGETHER,),
    hint="Put the image into the line, as data:image/png;base64,….",
)
def remote_image(example: Example) -> Problems:
    """An image is an address, but the service accepts only inline images.

    The service fetches no images and rejects the file.
    Bad: {"messages": [{"role": "user", "content": [{"type": "image_url", "image_url": {"url": "https://example.com/cat.png"}}]}, {"role": "assistant", "content": "A cat."}]}
    Good: {"messages": [{"role": "user", "content": [{"type": "image_url", "image_url": {"url": "data:image/png;base64,iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAIAAACQd1PeAAAADElEQVR4nGNgYGAAAAAEAAH2FzhVAAAAAElFTkSuQmCC"}}]}, {"role": "assistant", "content": "A cat."}]}
    """
    for part in images_of(example):
        url = url_of(part)
        if url is not None and not url.startswith("data:"):
            yield Problem(part.pointer, f"the image is an address: {excerpt(url, 40)}")


@dataset_rule(
    "C014",
    "images-in-some",
    Severity.ERROR,
    only=(Target.TOGETHER,),
    hint="Train on examples with and without images in separate runs.",
    any_key=True,
)
def images_in_some(example: Example, state: DatasetState) -> None:
    """Some examples of a file have images and others have none.

    The service accepts files of one kind only.
    Bad:
        {"messages": [{"role": "user", "content": [{"type": "image_url", "image_url": {"url": "https://example.com/cat.png"}}]}, {"role": "assistant", "content": "A cat."}]}
        {"messages": [{"role": "user", "content": "Hi"}, {"role": "assistant", "content": "Hello."}]}
    Good: {"messages": [{"role": "user", "content": [{"type": "image_url", "image_url": {"url": "https://example.com/cat.png"}}]}, {"role": "assistant", "content": "A cat."}]}
    """
    state.count("C014", next(images_of(example), None) is not None, example.place)


@images_in_some.finalize
def both_kinds(state: DatasetState) -> PlacedProblems:
    """One finding, at the first example of the rarer kind."""
    return in_some(state.summary.with_plain(state.counts("C014")), "images")
