"""Chat templates by name, with the tokens that they need, or from a Jinja file."""

from pathlib import Path
from typing import Final, NamedTuple

from curate.core.errors import UsageError

CHATML: Final = (
    "{% for message in messages %}"
    "{{ '<|im_start|>' + message['role'] + '\\n' + message['content'] + '<|im_end|>\\n' }}{% endfor %}"
    "{% if add_generation_prompt %}{{ '<|im_start|>assistant\\n' }}{% endif %}"
)
LLAMA3: Final = (
    "{{ bos_token }}{% for message in messages %}"
    "{{ '<|start_header_id|>' + message['role'] + '<|end_header_id|>\\n\\n' "
    "+ message['content'] | trim + '<|eot_id|>' }}{% endfor %}"
    "{% if add_generation_prompt %}{{ '<|start_header_id|>assistant<|end_header_id|>\\n\\n' }}{% endif %}"
)
ALPACA: Final = (
    "{% for message in messages %}{% if message['role'] == 'system' %}{{ message['content'] + '\\n\\n' }}"
    "{% elif message['role'] == 'user' %}{{ '### Instruction:\\n' + message['content'] + '\\n\\n' }}"
    "{% elif message['role'] == 'assistant' %}{{ '### Response:\\n' + message['content'] + eos_token + '\\n\\n' }}"
    "{% else %}{{ raise_exception('only system, user and assistant') }}{% endif %}{% endfor %}"
    "{% if add_generation_prompt %}{{ '### Response:\\n' }}{% endif %}"
)
OWN_TEMPLATES: Final = {"chatml": CHATML, "llama3": LLAMA3, "alpaca": ALPACA}
"""Common templates for base models; `alpaca` needs no control tokens, only an end of text."""
FOLDER: Final = Path(__file__).with_name("templates")
LLAMA_CPP: Final = "llama-cpp-python 0.3.36"
TRL: Final = "trl 1.16.0"
UNSLOTH: Final = "unsloth 2026.10.9"
TRANSFORMERS: Final = "transformers 5.24.0"
LICENSES: Final = {LLAMA_CPP: "MIT", TRL: "Apache-2.0", UNSLOTH: "Apache-2.0", TRANSFORMERS: "Apache-2.0"}
"""The licence of each package that a template was copied from; see `templates/README.md`."""
COPIED: Final = "2026-12-01"
"""The date of the copies."""


class Bundled(NamedTuple):
    """A model's own chat template, which is a file in this package."""

    model: str
    """The model that publishes it."""
    source: str
    """The package that the file was copied from."""
    path: str
    """The file in it; in `llama-cpp-python`, below `vendor/llama.cpp/models/templates`."""
    bos: str
    """The token that the template calls `bos_token`; empty if it writes none."""
    eos: str
    """The token that ends an answer."""
    file: str = ""
    """The file here, if it is not named after the template."""


LLAMA_TOKENS: Final = ("<|begin_of_text|>", "<|eot_id|>")
DEEPSEEK_TOKENS: Final = ("<｜begin▁of▁sentence｜>", "<｜end▁of▁sentence｜>")
GRANITE_TOKENS: Final = ("", "<|end_of_text|>")
GEMMA_TOKENS: Final = ("<bos>", "<end_of_turn>")
QWEN_TOKENS: Final = ("", "<|im_end|>")
MISTRAL_TOKENS: Final = ("<s>", "</s>")
BUNDLED: Final[dict[str, Bundled]] = {
    "qwen2.5": Bundled("Qwen/Qwen2.5-7B-Instruct", LLAMA_CPP, "Qwen-Qwen2.5-7B-Instruct.jinja", *QWEN_TOKENS),
    "qwen3": Bundled("Qwen/Qwen3-0.6B", TRL, "trl/chat_templates/qwen3.jinja", *QWEN_TOKENS),
    "qwen3.5": Bundled("Qwen/Qwen3.5-4B", LLAMA_CPP, "Qwen3.5-4B.jinja", *QWEN_TOKENS),
    "llama3.1": Bundled(
        "meta-llama/Llama-3.1-8B-Instruct", LLAMA_CPP, "meta-llama-Llama-3.1-8B-Instruct.jinja", *LLAMA_TOKENS
    ),
    "llama3.2": Bundled(
        "meta-llama/Llama-3.2-3B-Instruct", LLAMA_CPP, "meta-llama-Llama-3.2-3B-Instruct.jinja", *LLAMA_TOKENS
    ),
    "llama3.3": Bundled(
        "meta-llama/Llama-3.3-70B-Instruct", LLAMA_CPP, "meta-llama-Llama-3.3-70B-Instruct.jinja", *LLAMA_TOKENS,
        "llama3.1",
    ),
    "llama4": Bundled(
        "meta-llama/Llama-4-Scout-17B-16E-Instruct", TRANSFORMERS, "transformers/models/llama4/processing_llama4.py",
        "<|begin_of_text|>", "<|eot|>",
    ),
    "gemma2": Bundled("google/gemma-2-2b-it", LLAMA_CPP, "google-gemma-2-2b-it.jinja", *GEMMA_TOKENS),
    "gemma3": Bundled("google/gemma-3-4b-it", TRL, "trl/chat_templates/gemma3.jinja", *GEMMA_TOKENS),
    "gemma4": Bundled("google/gemma-4-E2B-it", TRL, "trl/chat_templates/gemma4_v5.jinja", "<bos>", "<turn|>"),
    "gpt-oss": Bundled("openai/gpt-oss-120b", LLAMA_CPP, "openai-gpt-oss-120b.jinja", "", "<|return|>"),
    "mistral-nemo": Bundled(
        "mistralai/Mistral-Nemo-Instruct-2407", LLAMA_CPP, "mistralai-Mistral-Nemo-Instruct-2407.jinja",
        *MISTRAL_TOKENS,
    ),
    "mistral-small3.2": Bundled(
        "mistralai/Mistral-Small-3.2-24B-Instruct-2506", LLAMA_CPP, "Mistral-Small-3.2-24B-Instruct-2506.jinja",
        *MISTRAL_TOKENS,
    ),
    "ministral3": Bundled(
        "mistralai/Ministral-3-14B-Reasoning-2512", LLAMA_CPP, "mistralai-Ministral-3-14B-Reasoning-2512.jinja",
        *MISTRAL_TOKENS,
    ),
    "phi3": Bundled("microsoft/Phi-3-mini-4k-instruct", TRL, "trl/chat_templates/phi3.jinja", "", "<|endoftext|>"),
    "phi3.5": Bundled(
        "microsoft/Phi-3.5-mini-instruct", LLAMA_CPP, "microsoft-Phi-3.5-mini-instruct.jinja", "", "<|endoftext|>"
    ),
    "phi4": Bundled("microsoft/phi-4", UNSLOTH, "unsloth/chat_templates.py", *QWEN_TOKENS),
    "deepseek-r1": Bundled(
        "deepseek-ai/DeepSeek-R1-Distill-Qwen-7B", TRL, "trl/chat_templates/deepseek_r1_distill.jinja",
        *DEEPSEEK_TOKENS,
    ),
    "deepseek-v3.1": Bundled(
        "deepseek-ai/DeepSeek-V3.1", LLAMA_CPP, "deepseek-ai-DeepSeek-V3.1.jinja", *DEEPSEEK_TOKENS
    ),
    "glm4.5": Bundled("zai-org/GLM-4.5", TRL, "trl/chat_templates/glm4moe.jinja", "", "<|user|>"),
    "glm4.6": Bundled("zai-org/GLM-4.6", LLAMA_CPP, "GLM-4.6.jinja", "", "<|user|>"),
    "granite3.3": Bundled(
        "ibm-granite/granite-3.3-2b-instruct", LLAMA_CPP, "ibm-granite-granite-3.3-2B-Instruct.jinja", *GRANITE_TOKENS
    ),
    "granite4.0": Bundled(
        "ibm-granite/granite-4.0-h-small", LLAMA_CPP, "ibm-granite-granite-4.0.jinja", *GRANITE_TOKENS
    ),
    "nemotron3-nano": Bundled(
        "nvidia/NVIDIA-Nemotron-3-Nano-30B-A3B-BF16", TRL, "trl/chat_templates/nemotron_3_nano.jinja", *QWEN_TOKENS
    ),
    "smollm3": Bundled("HuggingFaceTB/SmolLM3-3B", LLAMA_CPP, "HuggingFaceTB-SmolLM3-3B.jinja", *QWEN_TOKENS),
    "seed-oss": Bundled(
        "ByteDance-Seed/Seed-OSS-36B-Instruct", LLAMA_CPP, "ByteDance-Seed-OSS.jinja", "<seed:bos>", "<seed:eos>"
    ),
}  # fmt: skip
"""Templates of models, by name. Llama 3.3 publishes that of Llama 3.1."""
END_TOKENS: Final = {"chatml": ("", "<|im_end|>"), "llama3": LLAMA_TOKENS, "alpaca": ("", "</s>")}
"""The first and the last token of the common templates."""
NAMES: Final = (*OWN_TEMPLATES, *BUNDLED)


def chat_template_source(name: str) -> str:
    """The source of a chat template, by its name in the table or from a file. Raises `UsageError`."""
    if name in OWN_TEMPLATES:
        return OWN_TEMPLATES[name]
    if name in BUNDLED:
        return (FOLDER / f"{BUNDLED[name].file or name}.jinja").read_text("utf-8")
    try:
        return Path(name).read_text("utf-8")
    except (OSError, UnicodeError) as error:
        raise UsageError(
            f"{name}: no chat template of this name, and no file that can be read ({error.__class__.__name__})",
            f"use one of {', '.join(NAMES)}, or a Jinja file",
        ) from None


def boundary_tokens(name: str) -> tuple[str, str]:
    """The tokens that a chat template calls `bos_token` and `eos_token`; those of a file are `<s>` and `</s>`."""
    if name in BUNDLED:
        return BUNDLED[name].bos, BUNDLED[name].eos
    return END_TOKENS.get(name, ("<s>", "</s>"))
