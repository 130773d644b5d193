"""Training targets and the input that each accepts: one dated table of limits."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Final, NamedTuple


class Target(StrEnum):
    """A trainer or service. The default is the built-in trainer with the model's own chat template."""

    TRAINER = "trainer"
    TRL = "trl"
    OPENAI = "openai"
    AZURE = "azure"
    TOGETHER = "together"
    FIREWORKS = "fireworks"
    MISTRAL = "mistral"
    AXOLOTL = "axolotl"
    LLAMAFACTORY = "llamafactory"
    BEDROCK = "bedrock"
    VERTEX = "vertex"
    ANTHROPIC = "anthropic"
    UNSLOTH = "unsloth"
    MS_SWIFT = "ms-swift"
    VERL = "verl"


class ServiceKey(NamedTuple):
    """The key of a service."""

    variable: str
    """Environment variable with the key."""
    hosts: tuple[str, ...]
    """Host names, or domain suffixes, to which it may be sent."""


KEYS: Final[dict[Target, ServiceKey]] = {
    Target.OPENAI: ServiceKey("OPENAI_API_KEY", ("api.openai.com",)),
    Target.AZURE: ServiceKey(
        "AZURE_OPENAI_API_KEY", (".openai.azure.com", ".cognitiveservices.azure.com", ".services.ai.azure.com")
    ),
    Target.TOGETHER: ServiceKey("TOGETHER_API_KEY", (".together.ai", ".together.xyz")),
    Target.FIREWORKS: ServiceKey("FIREWORKS_API_KEY", ("api.fireworks.ai",)),
    Target.MISTRAL: ServiceKey("MISTRAL_API_KEY", ("api.mistral.ai",)),
}
OPENAI_AZURE: Final = (Target.OPENAI, Target.AZURE)
ARROW: Final = (Target.TRL, Target.AXOLOTL)
"""Targets that load data into columns of one type each."""
SERVICES: Final = tuple(KEYS)
"""Services that train on an uploaded file."""
MESSAGE_ROLES: Final[dict[Target, tuple[str, ...]]] = {
    **dict.fromkeys((Target.TOGETHER, Target.FIREWORKS, Target.MISTRAL), ("system", "user", "assistant", "tool")),
    Target.BEDROCK: ("system", "user", "assistant"),
    Target.ANTHROPIC: ("user", "assistant"),
}
"""Roles of messages, for targets that do not accept every known one; Bedrock reads messages as prompts only."""
OWN_FORMAT: Final = (Target.BEDROCK, Target.VERTEX)
"""Services that read a format of their own and no messages."""
STRICT_TURNS: Final = (Target.BEDROCK, Target.ANTHROPIC)
"""Services that require alternating user and assistant turns, from a question to an answer."""
FORMATS: Final[dict[Target, tuple[str, ...]]] = {
    Target.TRL: (
        "preference",
        "prompt-completion",
        "prompt-only",
        "rendered",
        "rendered-completion",
        "rendered-preference",
        "stepwise",
        "text",
    ),
    Target.OPENAI: ("openai-preference",),
    Target.AZURE: ("openai-preference",),
    Target.TOGETHER: ("text", "rendered", "rendered-completion", "prompt-completion", "openai-preference"),
    Target.FIREWORKS: ("openai-preference",),
    Target.AXOLOTL: ("alpaca", "sharegpt", "segments", "stepwise", "text", "rendered"),
    Target.LLAMAFACTORY: (
        "alpaca",
        "sharegpt",
        "llama-factory",
        "preference",
        "llama-factory-preference",
        "text",
        "rendered",
    ),
    Target.BEDROCK: ("bedrock-conversation", "nova-preference"),
    Target.VERTEX: ("vertex", "vertex-preference"),
    Target.ANTHROPIC: ("anthropic", "system-beside"),
    Target.UNSLOTH: ("alpaca", "sharegpt", "text", "rendered"),
    Target.MS_SWIFT: ("alpaca", "sharegpt", "question-answer", "prompt-only", "rejected-response"),
    Target.VERL: ("verl", "prompt-only"),
}
"""Formats besides messages that a target trains on directly (`curate.read.formats`)."""


@dataclass(frozen=True, slots=True)
class TargetLimits:
    """Limits of a target; None if it has no such limit or none is known."""

    source: str
    """Source and date of the numbers."""
    file_bytes: int | None = None
    """Maximum file size."""
    min_examples: int | None = None
    """Minimum number of examples in a file."""
    max_examples: int | None = None
    """Maximum number of examples in a file."""
    min_prompts: int | None = None
    """Minimum number of prompts in a file for reinforcement fine-tuning."""
    max_prompts: int | None = None
    """Maximum number of prompts in a file for reinforcement fine-tuning."""
    images: int | None = None
    """Maximum number of images in an example."""
    image_bytes: int | None = None
    """Maximum size of an image."""
    examples_with_images: int | None = None
    """Maximum number of examples with images in a file."""
    videos: int | None = None
    """Maximum number of videos in an example, beside which it has neither images nor documents."""
    documents: int | None = None
    """Maximum number of documents in an example."""
    media: tuple[str, ...] = ()
    """Media types of images, videos and documents; empty if they are not named."""
    tools: int | None = None
    """Maximum number of tools or functions that an example declares."""
    roles: tuple[str, ...] = ()
    """Roles of turns in the service's own form; empty if it has none of its own."""


GB: Final = 10**9
MB: Final = 10**6
LIMITS: Final[dict[Target, TargetLimits]] = {
    Target.TRAINER: TargetLimits("its own source"),
    Target.TRL: TargetLimits("its own source, 2026-11"),
    Target.OPENAI: TargetLimits(
        "the service's guides to fine-tuning and to vision fine-tuning (developers.openai.com), read 2026-11",
        file_bytes=512 * MB,
        min_examples=10,
        images=10,
        image_bytes=10 * MB,
        examples_with_images=50_000,
        tools=128,
    ),
    Target.AZURE: TargetLimits(
        "the service's guides and its quotas and limits (learn.microsoft.com), read 2026-11",
        file_bytes=512 * MB,
        min_examples=10,
        max_prompts=50_000,
        images=64,
        image_bytes=10 * MB,
        examples_with_images=50_000,
        tools=128,
    ),
    Target.TOGETHER: TargetLimits(
        "the client's file check (togethercomputer/together-py), read 2026-11",
        file_bytes=int(50.1 * GB),
        min_examples=1,
        images=10,
        image_bytes=10 * MB,
    ),
    Target.FIREWORKS: TargetLimits(
        "the service's documentation (docs.fireworks.ai), read 2026-11", min_examples=3, max_examples=3_000_000
    ),
    Target.MISTRAL: TargetLimits(
        "the service's documentation (docs.mistral.ai), read 2026-11", file_bytes=GB, min_examples=10
    ),
    Target.AXOLOTL: TargetLimits("its own source, 2026-11"),
    Target.LLAMAFACTORY: TargetLimits("its own source, 2026-11"),
    Target.BEDROCK: TargetLimits(
        "AWS's guide to preparing data for Amazon Nova (docs.aws.amazon.com) and the validator of data sets in its "
        "samples (aws-samples/amazon-nova-samples), read 2026-11",
        min_examples=8,
        max_examples=20_000,
        min_prompts=100,
        images=10,
        image_bytes=10 * MB,
        videos=1,
        documents=1,
        media=(
            "image/jpeg",
            "image/png",
            "image/gif",
            "image/webp",
            "video/mov",
            "video/mkv",
            "video/mp4",
            "video/webm",
            "application/pdf",
        ),
        roles=("user", "assistant"),
    ),
    Target.VERTEX: TargetLimits(
        "Google's guide to supervised tuning of Gemini models (cloud.google.com/vertex-ai), read 2026-11",
        file_bytes=GB,
        max_examples=1_000_000,
        examples_with_images=300_000,
        roles=("user", "model", "function"),
    ),
    Target.ANTHROPIC: TargetLimits(
        "the cookbook on fine-tuning Claude 3 Haiku on Bedrock (platform.claude.com), read 2026-11; it names no limits",
        roles=("user", "assistant"),
    ),
    Target.UNSLOTH: TargetLimits("the chat data that TRL takes, which it trains with; no limits are named"),
    Target.MS_SWIFT: TargetLimits(
        "its guide to custom datasets (swift.readthedocs.io), read 2026-11; no limits are named"
    ),
    Target.VERL: TargetLimits("the rows that its examples prepare (volcengine/verl); no limits are named"),
}
