"""The keys of each form of lines: what a line of the form is read from, its sides, its label.

Every list of keys of forms derives from `FORM_KEYS`, except for `curate verify`, which has a table of its own.
"""

from collections.abc import Mapping
from enum import Enum, auto
from itertools import chain, product
from typing import Final, NamedTuple


class Holds(Enum):
    """What a key holds, which decides how its cells in a table are read."""

    DATA = auto()
    """A list or an object: a cell with its JSON is parsed."""
    TURNS = auto()
    """Text or messages: a cell is parsed only if it is the JSON of messages; an empty cell is empty text."""
    TEXT = auto()
    """Text: an empty cell is empty text."""
    PLAIN = auto()
    """Another value: an empty cell means that the row lacks the key."""


DATA, TURNS, TEXT, PLAIN = Holds
Keys = Mapping[str, Holds]


class FormKeys(NamedTuple):
    """The keys of a form."""

    reads: Keys = {}  # noqa: RUF012  # it is never changed
    """Keys that turns may be created from, in the order in which they are reported if they are not read."""
    sides: tuple[str, str] | None = None
    """For preference pairs, the keys of the chosen side and of the rejected one."""
    rejected: Holds = PLAIN
    """What the rejected side holds in the lines of the form."""
    label: str = ""
    """For labelled answers, the key that says whether the answer is wanted."""


ROOT_KEY: Final = ""
"""The key for the list if a line is a list instead of an object."""
TOOL_KEYS: Final = ("tools", "functions")
"""Keys of a line that declare tools."""
REFERENCE_KEYS: Final = ("ground_truth", "answer", "solution", "reference_answer", "expected_answer")
"""Keys of a line with the answer that a reward compares with."""
CHOICE_KEYS: Final = ("choices", "options", "endings", "answer_choices")
"""Keys of the answers that a question offers."""
QUESTION_KEYS: Final = ("question", "query", "problem", "input", "input_text", "text_input")
"""Keys of a question, each with any of `ANSWER_KEYS`."""
ANSWER_KEYS: Final = ("solution", "response", "answer", "output", "output_text")
"""The full answer is not in the last field: mathematics data has `problem`, `solution` and `answer`."""
PAIR_KEYS: Final = (
    ("prompt", "response"), ("prompt", "output"), *product(("user", "human"), ("assistant", "bot")), ("q", "a"),
    ("inputs", "targets"), ("input", "target"), ("request", "response"),
)  # fmt: skip
"""More keys of a question and its answer. A prompt with a solution or an answer is for reinforcement: a grader judges
by it.
"""

SYSTEM: Final[Keys] = {"system": TURNS, "system_prompt": PLAIN}
CONTEXT: Final[Keys] = {**SYSTEM, "history": DATA}
PREFERENCE: Final[Keys] = {
    "messages": DATA, "conversations": DATA, "instruction": TEXT, "input": TURNS, "prompt": TURNS, "question": TEXT,
    "query": TEXT, **CONTEXT,
}  # fmt: skip
"""Keys of the prompt that both sides of a pair answer."""
TURN_LISTS: Final[Keys] = {
    "conversation": DATA, "dialogue": DATA, "dialog": DATA, "turns": DATA, "utterances": DATA, "data": TURNS,
    "chat": TURNS, "conversations": DATA,
}  # fmt: skip
"""Keys of a list of turns; no trainer reads these keys."""
VERTEX: Final[Keys] = {
    "systemInstruction": DATA, "system_instruction": DATA, "contents": DATA, "tools": DATA, "generationConfig": DATA,
}  # fmt: skip
BEDROCK: Final[Keys] = {"schemaVersion": PLAIN, "messages": DATA, "system": TURNS, "toolConfig": DATA}
QUESTION_ANSWER: Final[Keys] = {
    **dict.fromkeys((*QUESTION_KEYS, *ANSWER_KEYS, *chain(*PAIR_KEYS), "definition", "context"), PLAIN),
    **dict.fromkeys(("question", "query", "solution", "answer"), TEXT),
    **dict.fromkeys(("input", "response", "output", "prompt"), TURNS),
    "request": DATA,
    **CONTEXT,
}

FORM_KEYS: Final = {
    "stored-completion": FormKeys({
        "messages": DATA, "choices": DATA, "input": TURNS, "request": DATA, "response": TURNS, "body": DATA,
        "tools": DATA, "object": PLAIN, "usage": PLAIN,
    }),
    "nova-preference": FormKeys(BEDROCK, ("candidates", "rejected"), TURNS),
    "rendered-preference": FormKeys(
        {"prompt": TURNS, "chosen": TURNS, "rejected": TURNS}, ("chosen", "rejected"), TURNS
    ),
    "rendered-completion": FormKeys({"prompt": TURNS, "completion": TURNS}),
    "langchain": FormKeys({"messages": DATA, ROOT_KEY: PLAIN}),
    "bedrock-conversation": FormKeys(BEDROCK),
    "anthropic": FormKeys({"messages": DATA, "system": TURNS, "tools": DATA}),
    "llama-factory": FormKeys({"messages": DATA}),
    "system-beside": FormKeys({"messages": DATA, "system": TURNS}),
    "preference": FormKeys({**PREFERENCE, "chosen": TURNS}, ("chosen", "rejected"), TURNS),
    "openai-preference": FormKeys(
        {"input": TURNS, "preferred_output": TURNS}, ("preferred_output", "non_preferred_output"), TURNS
    ),
    "llama-factory-preference": FormKeys(
        {"chosen_messages": DATA, "system": TURNS}, ("chosen_messages", "rejected_messages"), DATA
    ),
    "response-pair": FormKeys({**PREFERENCE, "response_j": PLAIN}, ("response_j", "response_k")),
    "response-preference": FormKeys({**PREFERENCE, "chosen_response": PLAIN}, ("chosen_response", "rejected_response")),
    "rejected-response": FormKeys({**PREFERENCE, "response": TURNS}, ("response", "rejected_response")),
    "ultrafeedback": FormKeys({"instruction": TEXT, "completions": DATA}, ("completions", "rejected"), TURNS),
    "sharegpt": FormKeys({"conversations": DATA, **SYSTEM}),
    "alpaca": FormKeys({
        "instruction": TEXT, "input": TURNS, "output": TURNS, "response": TURNS, **CONTEXT, "context": PLAIN,
    }),
    "prompt-completion": FormKeys({"prompt": TURNS, "completion": TURNS, "system": TURNS}),
    "self-instruct": FormKeys({"instruction": TEXT, "instances": DATA, "system": TURNS}),
    "question-answer": FormKeys(QUESTION_ANSWER),
    "squad": FormKeys({"question": TEXT, "context": PLAIN, "answers": DATA}),
    "rendered": FormKeys({"text": TEXT}),
    "text": FormKeys({"text": TEXT, "system": TURNS}),
    "vertex-preference": FormKeys({**VERTEX, "completions": DATA}, ("completions", "rejected"), TURNS),
    "vertex": FormKeys(VERTEX),
    "nemo-gym": FormKeys({
        "responses_create_params": DATA, "expected_answer": PLAIN, "agent_ref": PLAIN, "verifier_metadata": DATA,
        "ground_truth": PLAIN,
    }),
    "openai-responses": FormKeys({"input": TURNS, "output": TURNS, "instructions": PLAIN, "tools": DATA}),
    "stepwise": FormKeys({"prompt": TURNS, "completions": DATA, "labels": DATA}),
    "oasst-tree": FormKeys({"prompt": TURNS, "message_tree_id": PLAIN, "tree_state": PLAIN, "tree": PLAIN}),
    "segments": FormKeys({"segments": DATA}),
    "glaive": FormKeys({"system": TURNS, "chat": TURNS}),
    "xlam": FormKeys({"query": TEXT, "answers": DATA, "tools": DATA}),
    "verl": FormKeys({
        "prompt": TURNS, "system": TURNS, "data_source": PLAIN, "reward_model": DATA, "ability": PLAIN,
        "extra_info": DATA,
    }),
    "prompt-only": FormKeys({
        "prompt": TURNS, "system": TURNS, **dict.fromkeys(REFERENCE_KEYS, PLAIN), "answer": TEXT, "solution": TEXT,
    }),
    "turn-list": FormKeys({**TURN_LISTS, ROOT_KEY: PLAIN, **SYSTEM}),
    "alpaca-kto": FormKeys(label="kto_tag"),
    "sharegpt-kto": FormKeys(label="kto_tag"),
    "kto": FormKeys(label="label"),
    "kto-chat": FormKeys(label="label"),
    "ms-swift-kto": FormKeys(label="label"),
}  # fmt: skip
"""By name of the form, except for forms that read `messages` alone or are only written."""
NO_KEYS: Final = FormKeys()

PAIR_SIDES: Final = {name: keys.sides for name, keys in FORM_KEYS.items() if keys.sides is not None}
"""Keys of the chosen and the rejected side, by format of preference pairs."""
TRAINED_PAIRS: Final = ("preference", "openai-preference", "llama-factory-preference")
"""Formats of preference pairs that trainers and services read."""
CHOSEN_KEYS: Final = (PAIR_SIDES["preference"][0], PAIR_SIDES["openai-preference"][0])
"""Keys of the chosen side of a preference pair that may stand beside messages."""
REJECTED_KEYS: Final = tuple(dict.fromkeys(rejected for _, rejected in PAIR_SIDES.values()))
"""Keys of the rejected side of a preference pair, in one format or another."""
LABEL_KEYS: Final = tuple(dict.fromkeys(keys.label for keys in FORM_KEYS.values() if keys.label))
"""Keys of a line that say whether its answer is a good one, in one trainer or another. The first that is there counts.
"""


def form_keys(name: str) -> FormKeys:
    """The keys of a form; none if it reads `messages` alone, or is only written."""
    return FORM_KEYS.get(name, NO_KEYS)


def keys_holding(kind: Holds) -> frozenset[str]:
    """The keys of all forms that hold values of a kind."""
    read = {key for keys in FORM_KEYS.values() for key, holds in keys.reads.items() if holds is kind}
    return frozenset(read | {keys.sides[1] for keys in FORM_KEYS.values() if keys.sides and keys.rejected is kind})
