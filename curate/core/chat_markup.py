"""The marks that chat templates write around turns. They distinguish a rendered conversation from plain text.

The table is written by hand from the documentation of the model families and their templates, read 2026-11. The reader
and `curate verify` both use it, each with its own code.
"""

from typing import Final, NamedTuple


class ChatMarkup(NamedTuple):
    """The marks of one family of templates."""

    turns: dict[str, str]
    """The marks that open a turn, and the role of each. `input` continues the turn before it, and `thinking` is the
    reasoning of the turn after it.
    """
    ends: tuple[str, ...] = ()
    """The marks that may close a turn."""
    stems: tuple[str, ...] = ()
    """Marks that no turn contains. Empty: the marks are words at the beginning of a line, in upper or lower case."""
    preamble: str | None = None
    """Beginning of a system prompt before the first mark; None if there is none."""


BEGIN_TOKENS: Final = (
    "<s>", "<bos>", "<|begin_of_text|>", "<|startoftext|>", "<BOS_TOKEN>", "<｜begin▁of▁sentence｜>", "[gMASK]<sop>",
)  # fmt: skip
END_TOKENS: Final = ("</s>", "<eos>", "<|end_of_text|>", "<|endoftext|>", "<EOS_TOKEN>")
"""Tokens that end a text or an answer in several families."""
LEADING: Final = frozenset(("system", "developer"))
"""Roles that may precede the first user turn, each once."""
ROLES: Final = {"system": "system", "user": "user", "assistant": "assistant", "tool": "tool"}
GEMMA: Final = {"system": "system", "user": "user", "model": "assistant"}


def _roles_by_mark(opening: str, closing: str, roles: dict[str, str]) -> dict[str, str]:
    """The role of each mark, `opening` + name + `closing`; `roles`: the role of each name."""
    return {f"{opening}{name}{closing}": role for name, role in roles.items()}


def _word_markup(roles: dict[str, str]) -> ChatMarkup:
    """Markup in which a turn begins with the name of its role and a colon, such as `User:` or `### User:`."""
    return ChatMarkup(
        _roles_by_mark("", ":", roles) | _roles_by_mark("### ", ":", roles) | _roles_by_mark("###", ":", roles)
    )


CHAT_MARKUP: Final = (
    ChatMarkup(  # ChatML, Qwen; Phi 4
        _roles_by_mark("<|im_start|>", "\n", ROLES) | _roles_by_mark("<|im_start|>", "<|im_sep|>", ROLES),
        ("<|im_end|>",),
        ("<|im_start|>", "<|im_end|>"),
    ),
    ChatMarkup(  # Llama 3
        _roles_by_mark("<|start_header_id|>", "<|end_header_id|>", {**ROLES, "ipython": "tool"}),
        ("<|eot_id|>", "<|eom_id|>"),
        ("<|start_header_id|>", "<|end_header_id|>", "<|eot_id|>", "<|eom_id|>"),
    ),
    ChatMarkup(  # Llama 4
        _roles_by_mark("<|header_start|>", "<|header_end|>", {**ROLES, "ipython": "tool"}),
        ("<|eot|>", "<|eom|>"),
        ("<|header_start|>", "<|header_end|>", "<|eot|>", "<|eom|>"),
    ),
    ChatMarkup(  # Llama 2, Mistral
        {
            "[INST]": "user",
            "<<SYS>>": "system",
            "<</SYS>>": "user",
            "[/INST]": "assistant",
            "[SYSTEM_PROMPT]": "system",
        },
        ("</s>", "<s>", "[/SYSTEM_PROMPT]"),
        (
            "[INST]",
            "[/INST]",
            "<<SYS>>",
            "<</SYS>>",
            "[SYSTEM_PROMPT]",
            "[/SYSTEM_PROMPT]",
            "[AVAILABLE_TOOLS]",
            "[TOOL_CALLS]",
            "[TOOL_RESULTS]",
            "</s>",
        ),
    ),
    ChatMarkup(  # Gemma 1 to 3
        _roles_by_mark("<start_of_turn>", "\n", GEMMA), ("<end_of_turn>",), ("<start_of_turn>", "<end_of_turn>")
    ),
    ChatMarkup(  # Gemma 4
        _roles_by_mark("<|turn>", "\n", GEMMA), ("<turn|>",), ("<|turn>", "<turn|>", "<|tool_call>", "<|tool_response>")
    ),
    ChatMarkup(  # gpt-oss
        {
            "<|start|>system<|message|>": "system",
            "<|start|>developer<|message|>": "developer",
            "<|start|>user<|message|>": "user",
            "<|start|>assistant<|channel|>analysis<|message|>": "thinking",
            "<|start|>assistant<|channel|>final<|message|>": "assistant",
            "<|start|>assistant<|message|>": "assistant",
        },
        ("<|end|>", "<|return|>"),
        ("<|start|>", "<|message|>", "<|channel|>", "<|end|>", "<|return|>", "<|call|>"),
    ),
    ChatMarkup(  # Kimi
        {
            "<|im_system|>system<|im_middle|>": "system",
            "<|im_user|>user<|im_middle|>": "user",
            "<|im_assistant|>assistant<|im_middle|>": "assistant",
        },
        ("<|im_end|>",),
        ("<|im_system|>", "<|im_user|>", "<|im_assistant|>", "<|im_middle|>", "<|im_end|>"),
    ),
    ChatMarkup(  # Phi 3, Zephyr, Tulu, GLM, OpenAssistant
        _roles_by_mark("<|", "|>", {**ROLES, "prompter": "user", "observation": "tool"}),
        ("<|end|>", "</s>", "<|endoftext|>"),
        ("<|user|>", "<|assistant|>", "<|prompter|>", "<|end|>", "<|tool_call|>", "<|tool_response|>", "</s>"),
    ),
    ChatMarkup(  # DeepSeek
        {"<｜User｜>": "user", "<｜Assistant｜>": "assistant"},
        ("<｜end▁of▁sentence｜>",),
        (
            "<｜User｜>",
            "<｜Assistant｜>",
            "<｜end▁of▁sentence｜>",
            "<｜tool▁calls▁begin｜>",
            "<｜tool▁outputs▁begin｜>",
        ),
        preamble="",
    ),
    ChatMarkup(  # Command R
        _roles_by_mark(
            "<|START_OF_TURN_TOKEN|><|",
            "_TOKEN|>",
            {"SYSTEM": "system", "USER": "user", "CHATBOT": "assistant"},
        ),
        ("<|END_OF_TURN_TOKEN|>",),
        ("<|START_OF_TURN_TOKEN|>", "<|END_OF_TURN_TOKEN|>"),
    ),
    ChatMarkup(  # Granite
        _roles_by_mark("<|start_of_role|>", "<|end_of_role|>", ROLES),
        ("<|end_of_text|>",),
        ("<|start_of_role|>", "<|end_of_role|>", "<|end_of_text|>"),
    ),
    ChatMarkup(  # OpenChat
        {"GPT4 Correct User:": "user", "GPT4 Correct Assistant:": "assistant"},
        ("<|end_of_turn|>",),
        ("GPT4 Correct User:", "GPT4 Correct Assistant:", "<|end_of_turn|>"),
    ),
    ChatMarkup(  # RedPajama
        {"<human>:": "user", "<bot>:": "assistant"}, stems=("<human>:", "<bot>:")
    ),
    ChatMarkup(  # Vicuna, Glaive
        {"USER:": "user", "ASSISTANT:": "assistant", "FUNCTION RESPONSE:": "tool"},
        ("</s>",),
        ("USER:", "ASSISTANT:", "FUNCTION RESPONSE:"),
        "A chat between",
    ),
    ChatMarkup(  # Guanaco
        {"### Human:": "user", "### Assistant:": "assistant"}, stems=("### Human:", "### Assistant:"), preamble=""
    ),
    ChatMarkup(  # Alpaca
        {
            f"{hashes}{name}{colon}": role
            for hashes in ("### ", "## ", "###", "##")
            for name, role in {"Instruction": "user", "Input": "input", "Response": "assistant"}.items()
            for colon in (":", "\n")
        },
        preamble="",
    ),
    _word_markup({"Human": "user", "User": "user", "Assistant": "assistant"}),
    _word_markup({"System": "system", "Human": "user", "User": "user", "Assistant": "assistant"}),
    _word_markup({"Human": "user", "User": "user", "AI": "assistant", "Bot": "assistant"}),
    _word_markup({"Question": "user", "Answer": "assistant"}),
)
"""In order of precedence: the first one that splits a text is used."""
