"""The table of formats: each reads as the conversation it means, loses nothing, and reads the same once it is
written.
"""

import json
import re
from collections import Counter
from random import Random
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from curate.cli.main import main
from curate.core.chat_markup import BEGIN_TOKENS, CHAT_MARKUP, END_TOKENS
from curate.core.example import TRAINED_KEYS, UNKNOWN, Place
from curate.core.form_keys import FORM_KEYS, Holds, keys_holding
from curate.lint.runner import check_paths
from curate.read import formats
from curate.read.formats import AS_READ, BY_NAME, WRITABLE, example_of
from curate.read.forms.pairs import SPEAKERS
from curate.read.forms.rendered import split_transcript
from curate.verify import declarations
from curate.verify import reading as verify_reading
from curate.verify.transcripts import completed_transcript, transcript, with_messages
from tests.conftest import Write, chat
from tests.strategies import any_value, inside, lines, texts


def leaves(value: Any) -> list[Any]:
    return [item for _, item in inside(value) if not isinstance(item, dict | list) and item is not None and item != ""]


@given(value=lines)
@example(value={"input": {"messages": [], "tools": [{"name": "now"}], "x": 1}, "preferred_output": [], "tools": "mine"})
@example(value={"instruction": "a", "input": " ", "output": "b", "history": [["c", "d"], ["e"]]})
@example(value={"conversations": [{"from": "human", "value": "a", "role": "b", "content": "c"}]})
@example(value={"prompt": "a", "completion": "b", "system": "c"})
@example(value={"": 7, "instruction": "a", "output": "b"})
@example(value={"": 7, "dialogue": [{"role": "user", "content": "a"}]})
def test_a_conversation_holds_all_that_stood_in_its_line(value: dict[str, Any]) -> None:
    found = example_of(value, Place("data.jsonl", 1))
    there = leaves(found.value)
    joined = [text for text in there if isinstance(text, str)]
    renamed = set(SPEAKERS)
    for leaf in leaves(value):
        assert leaf in there or leaf in renamed or (isinstance(leaf, str) and any(leaf in text for text in joined))


@given(value=lines)
@example(value={"prompt": "a", "completion": "b", "system": "c"})
@example(value={"text": "a", "system": "b"})
@example(value={"input": {"messages": [], "system": "a"}, "preferred_output": "b", "system": "c"})
@example(value={"chosen": [{"role": "user"}, {"role": "system"}], "rejected": 1, "system": "a"})
def test_a_conversation_that_is_written_and_read_again_has_the_same_id(value: dict[str, Any]) -> None:
    first = example_of(value, Place("data.jsonl", 1))
    again = example_of(json.loads(json.dumps(first.value)), Place("other.jsonl", 7))
    assert again.id == first.id


@given(value=lines)
def test_reading_does_not_change_the_value_that_is_read(value: dict[str, Any]) -> None:
    before = json.dumps(value)
    _ = example_of(value, Place("data.jsonl", 1)).messages
    assert json.dumps(value) == before


HELLO = ["user: Hi", "assistant: Hello."]
BRIEF = ["system: Be brief.", *HELLO]
LLAMA, HEADER = "<|start_header_id|>", "<|end_header_id|>\n\n"
CASES: list[tuple[dict[str, Any], str, list[str]]] = [
    (chat("Hi", "Hello."), "messages", ["user: Hi", "assistant: Hello."]),
    (
        {**chat("Hi", "Hello."), "system": "Be brief."},
        "system-beside",
        ["system: Be brief.", "user: Hi", "assistant: Hello."],
    ),
    ({**chat("Hi", "Hello."), "system": ""}, "messages", ["user: Hi", "assistant: Hello."]),
    ({"instruction": "Add.", "input": "1 1", "output": "2"}, "alpaca", ["user: Add.\n\n1 1", "assistant: 2"]),
    (
        {"instruction": "And?", "input": "", "response": "4", "system": "Count.", "history": [["2?", "2"]]},
        "alpaca",
        ["system: Count.", "user: 2?", "assistant: 2", "user: And?", "assistant: 4"],
    ),
    (
        {
            "conversations": [{"from": "human", "value": "Hi"}, {"from": "gpt", "value": "Hello."}],
            "system": "Be brief.",
        },
        "sharegpt",
        ["system: Be brief.", "user: Hi", "assistant: Hello."],
    ),
    ({"conversations": chat("Hi", "Hello.")["messages"]}, "sharegpt", ["user: Hi", "assistant: Hello."]),
    ({"prompt": "Hi", "completion": "Hello."}, "prompt-completion", ["user: Hi", "assistant: Hello."]),
    (
        {"prompt": [{"role": "user", "content": "Hi"}], "completion": "Hello."},
        "prompt-completion",
        ["user: Hi", "assistant: Hello."],
    ),
    ({"text": "Once."}, "text", ["assistant: Once."]),
    ({"prompt": "Hi", "chosen": "Hello.", "rejected": "What?"}, "preference", ["user: Hi", "assistant: Hello."]),
    (
        {"prompt": "Hi", "chosen": chat("Hi", "Hello.")["messages"], "rejected": []},
        "preference",
        ["user: Hi", "assistant: Hello."],
    ),
    (
        {"messages": [{"role": "user", "content": "Hi"}], "chosen": "Hello.", "rejected": "What?"},
        "preference",
        ["user: Hi", "assistant: Hello."],
    ),
    ({**chat("Hi", "Hello."), "chosen": chat("Hi", "Hello.")["messages"], "rejected": []}, "messages", HELLO),
    (
        {
            "conversations": [{"from": "human", "value": "Hi"}],
            "chosen": {"from": "gpt", "value": "Hello."},
            "rejected": {"from": "gpt", "value": "What?"},
        },
        "preference",
        ["user: Hi", "assistant: Hello."],
    ),
    (
        {"instruction": "Hi", "input": "", "output": "x", "chosen": "Hello.", "rejected": "What?"},
        "preference",
        ["user: Hi", "assistant: Hello."],
    ),
    (
        {
            "input": {"messages": [{"role": "user", "content": "Hi"}]},
            "preferred_output": [{"role": "assistant", "content": "Hello."}],
            "non_preferred_output": [{"role": "assistant", "content": "What?"}],
        },
        "openai-preference",
        ["user: Hi", "assistant: Hello."],
    ),
    (
        {"chosen_messages": chat("Hi", "Hello.")["messages"], "rejected_messages": []},
        "llama-factory-preference",
        ["user: Hi", "assistant: Hello."],
    ),
    (
        {"question": "Hi", "chosen": "Hello.", "rejected": "What?", "system": ""},
        "preference",
        ["user: Hi", "assistant: Hello."],
    ),
    (
        {"qid": 1, "question": "Hi", "response_j": "Hello.", "response_k": "What?"},
        "response-pair",
        ["user: Hi", "assistant: Hello."],
    ),
    ({"question": "Hi", "chosen": "Hello.", "rejected": "What?", "system_prompt": "Be brief."}, "preference", BRIEF),
    ({"prompt": "Hi", "chosen_response": "Hello.", "rejected_response": "What?"}, "response-preference", HELLO),
    (
        {
            "conversations": [{"from": "human", "value": "Hi"}],
            "chosen_response": "Hello.",
            "rejected_response": "What?",
            "margin": 2,
        },
        "response-preference",
        HELLO,
    ),
    (
        {
            "messages": [{"role": "user", "content": "Hi"}],
            "chosen_response": "Hello.",
            "rejected_response": "What?",
        },
        "response-preference",
        HELLO,
    ),
    (
        {"history": [["2?", "2"]], "query": "And?", "response": "4", "rejected_response": "5", "images": ["a.png"]},
        "rejected-response",
        ["user: 2?", "assistant: 2", "user: And?", "assistant: 4"],
    ),
    ({"query": "Hi", "response": "Hello.", "rejected_response": ""}, "question-answer", HELLO),
    ({**chat("Hi", "Hello."), "rejected_response": "What?"}, "messages", HELLO),
    ({**chat("Hi", "Hello."), "rejected_messages": chat("Hi", "What?")["messages"]}, "messages", HELLO),
    (
        {
            "instruction": "Hi",
            "completions": [
                {"response": "What?", "overall_score": 2.5},
                {"response": "Hello.", "overall_score": 8, "annotations": {"honesty": {"Rating": "5"}}},
                {"response": "Hey.", "overall_score": 5},
            ],
        },
        "ultrafeedback",
        HELLO,
    ),
    ({"instruction": "Hi", "completions": [{"response": "Hello.", "overall_score": 1}]}, UNKNOWN, []),
    ({"instruction": "Hi", "input": "", "output": "Hello.", "kto_tag": False}, "alpaca", HELLO),
    (
        {
            "conversations": [{"from": "human", "value": "Hi"}, {"from": "gpt", "value": "Hello."}],
            "kto_tag": True,
        },
        "sharegpt",
        HELLO,
    ),
    ({"prompt": "Hi", "completion": "Hello.", "label": False}, "prompt-completion", HELLO),
    (
        {"instruction": "Add.", "context": "1 1", "response": "2", "category": "qa"},
        "alpaca",
        ["user: Add.\n\n1 1", "assistant: 2"],
    ),
    (
        {
            "id": "seed_1",
            "instruction": "Add.",
            "instances": [{"input": "1 1", "output": "2"}, {"input": "", "output": "?"}],
        },
        "self-instruct",
        ["user: Add.\n\n1 1", "assistant: 2", "user: Add.", "assistant: ?"],
    ),
    ({"instruction": "Add.", "instances": [{"input": "1 1", "output": "2", "weight": 1}]}, "unknown", []),
    ({"instruction": "Add.", "instances": []}, "unknown", []),
    ({"instruction": " ", "input": "Hi", "output": "Hello."}, "alpaca", ["user: Hi", "assistant: Hello."]),
    (
        {"instruction": "", "instances": [{"input": "Hi", "output": "Hello."}]},
        "self-instruct",
        ["user: Hi", "assistant: Hello."],
    ),
    ({"context": "Hi", "question": "", "answer": "Hello."}, "question-answer", ["user: Hi", "assistant: Hello."]),
    (
        {"input": "", "output": "", "prompt": "Hi", "response": "Hello."},  # a table of several sources
        "question-answer",
        ["user: Hi", "assistant: Hello."],
    ),
    ({"question": "Hi", "answer": "Hello."}, "question-answer", ["user: Hi", "assistant: Hello."]),
    (
        {"context": "It is 12.", "question": "Time?", "answer": "Noon."},
        "question-answer",
        ["user: It is 12.\n\nTime?", "assistant: Noon."],
    ),
    ({"query": "Hi", "response": "Hello."}, "question-answer", ["user: Hi", "assistant: Hello."]),
    ({"system_prompt": "Be brief.", "question": "Hi", "response": "Hello."}, "question-answer", BRIEF),
    (
        {"system": "Count.", "history": [["2?", "2"]], "query": "And?", "response": "4"},
        "question-answer",
        ["system: Count.", "user: 2?", "assistant: 2", "user: And?", "assistant: 4"],
    ),
    ({"query": "And?", "response": "4", "history": [{"role": "user", "content": "2?"}]}, UNKNOWN, []),
    ({"turns": ["Hi", "And then?"], "question_id": 81}, UNKNOWN, []),
    ({"prompt": "Hi", "response_0": "Hello.", "response_1": "What?", "better_response_id": 0}, UNKNOWN, []),
    ({"prompt": "Hi", "answers": [{"answer": "Hello.", "rank": 1}, {"answer": "What?", "rank": 2}]}, UNKNOWN, []),
    ({"prompt": "Hi", "response_format": {"type": "text"}, "response_length": 9}, "prompt-only", ["user: Hi"]),
    (
        {"prompt": "2?", "reward_model": {"ground_truth": "2"}, "answers": ["2", "two"], "responses": ["3"]},
        "verl",
        ["user: 2?"],
    ),
    (
        {"problem": "1 + 1", "solution": "It is 2.", "answer": "2"},
        "question-answer",
        ["user: 1 + 1", "assistant: It is 2."],
    ),
    (
        {"text": "Q: Hi A: Hello.", "input": "Hi", "output": "Hello."},
        "question-answer",
        ["user: Hi", "assistant: Hello."],
    ),
    (
        {"prompt": "Hi", "response": "Hello.", "system": "Be brief."},
        "question-answer",
        ["system: Be brief.", "user: Hi", "assistant: Hello."],
    ),
    ({"prompt": "1 + 1", "answer": "2"}, "prompt-only", ["user: 1 + 1"]),
    ({"question": "Hi", "answers": ["Hello."]}, "unknown", []),
    ({"question": "Which?", "choices": ["Alps", "Po"], "answer": "B"}, "unknown", []),
    ({"instruction": "Which?", "options": {"A": "Alps", "B": "Po"}, "output": "(b)"}, "unknown", []),
    ({"question": "Which?", "A": "Alps", "B": "Po", "answer": "B."}, "unknown", []),
    ({"prompt": "Which?", "choices": {"text": ["Alps", "Po"], "label": ["A", "B"]}, "answer": "B"}, "unknown", []),
    ({"question": "Which?", "option_a": "Alps", "option_b": "Po", "answer": "b"}, "unknown", []),
    ({"question": "Which?", "opa": "Alps", "opb": "Po", "answer": "B"}, "unknown", []),
    (
        {
            "request": [{"role": "system", "text": "Be brief."}, {"role": "user", "text": "Hi"}],
            "response": "Hello.",
        },
        "question-answer",
        BRIEF,
    ),
    ({"Prompt": "Hi", "Completion": "Hello.", "Label": False}, "prompt-completion", HELLO),
    (
        {"question": "A: Alps, or B: Po?", "choices": ["Alps", "Po"], "answer": "B"},
        "question-answer",
        ["user: A: Alps, or B: Po?", "assistant: B"],
    ),
    (
        {"question": "1 + 1?", "options": ["1", "2"], "answer": "2"},
        "question-answer",
        ["user: 1 + 1?", "assistant: 2"],
    ),
    ({"text": "Write f.", "code": "def f(): pass", "test_list": []}, "unknown", []),
    ({"conversations": ["Hi", "Hello."], "source": "lima"}, "turn-list", HELLO),
    ({"chat": chat("Hi", "Hello.")["messages"], "status": "completed"}, "turn-list", HELLO),
    (
        {
            "system_prompt": "Be brief.",
            "conversations": [{"from": "human", "value": "Hi"}, {"from": "gpt", "value": "Hello."}],
        },
        "sharegpt",
        BRIEF,
    ),
    ({"question": "Hi"}, "unknown", []),
    (
        {"schemaVersion": "bedrock-conversation-2024", "messages": [{"role": "user", "content": [{"text": "Hi"}]}]},
        "bedrock-conversation",
        ["user: Hi"],
    ),
    (
        {
            "system": [{"type": "text", "text": "Be brief."}],
            "messages": [{"role": "assistant", "content": [{"type": "text", "text": "Hello."}]}],
        },
        "anthropic",
        ["system: Be brief.", "assistant: Hello."],
    ),
    (
        {
            "systemInstruction": {"parts": [{"text": "Be brief."}]},
            "contents": [{"role": "user", "parts": [{"text": "Hi"}]}, {"role": "model", "parts": [{"text": "Hello."}]}],
        },
        "vertex",
        ["system: Be brief.", "user: Hi", "assistant: Hello."],
    ),
    (
        {
            "instructions": "Be brief.",
            "input": "Hi",
            "output": [
                {"type": "message", "role": "assistant", "content": [{"type": "output_text", "text": "Hello."}]}
            ],
        },
        "openai-responses",
        ["system: Be brief.", "user: Hi", "assistant: Hello."],
    ),
    ({"responses_create_params": {"input": [{"role": "user", "content": "Hi"}]}}, "nemo-gym", ["user: Hi"]),
    (
        {
            "messages": [{"role": "user", "content": "Hi"}],
            "choices": [{"index": 0, "message": {"role": "assistant", "content": "Hello."}}],
        },
        "stored-completion",
        ["user: Hi", "assistant: Hello."],
    ),
    ({"prompt": "Hi", "completions": ["a", "b"], "labels": [True, False]}, "stepwise", ["user: Hi", "assistant: a\nb"]),
    (
        {"segments": [{"label": False, "text": "Hi "}, {"label": True, "text": "He"}, {"label": True, "text": "llo."}]},
        "segments",
        ["user: Hi ", "assistant: Hello."],
    ),
    (
        {
            "prompt": {
                "role": "prompter",
                "text": "Hi",
                "replies": [
                    {"role": "assistant", "text": "What?", "rank": 1, "replies": []},
                    {"role": "assistant", "text": "Hello.", "rank": 0, "replies": []},
                ],
            }
        },
        "oasst-tree",
        ["user: Hi", "assistant: Hello."],
    ),
    ({"id": "1", "data": ["Hi", "Hello."]}, "turn-list", ["user: Hi", "assistant: Hello."]),
    ({"dialogue": chat("Hi", "Hello.")["messages"]}, "turn-list", ["user: Hi", "assistant: Hello."]),
    ({"turns": [{"role": "user", "text": "Hi"}, {"role": "assistant", "text": "Hello."}]}, "turn-list", HELLO),
    (
        {"conversation": [{"system": "Be brief.", "input": "Hi", "output": "Hello."}]},
        "turn-list",
        ["system: Be brief.", "user: Hi", "assistant: Hello."],
    ),
    (
        {
            "data_source": "sums",
            "prompt": [{"role": "user", "content": "1 + 1"}],
            "reward_model": {"ground_truth": "2"},
        },
        "verl",
        ["user: 1 + 1"],
    ),
    (
        {
            "system_instruction": {"parts": [{"text": "Be brief."}]},
            "contents": [{"role": "user", "parts": [{"text": "Hi"}]}],
            "completions": [
                {"score": 0, "completion": {"role": "model", "parts": [{"text": "What?"}]}},
                {"score": 1, "completion": {"role": "model", "parts": [{"text": "Hello."}]}},
            ],
        },
        "vertex-preference",
        BRIEF,
    ),
    (
        {
            "system": [{"text": "Be brief."}],
            "messages": [
                {"role": "user", "content": [{"text": "Hi"}]},
                {
                    "role": "assistant",
                    "candidates": [
                        {"content": [{"text": "Hello."}], "preferenceLabel": "preferred"},
                        {"content": [{"text": "What?"}], "preferenceLabel": "non-preferred"},
                    ],
                },
            ],
        },
        "nova-preference",
        BRIEF,
    ),
    ({"conversation": [{"from": "human", "value": "Hi"}, {"from": "gpt", "value": "Hello."}]}, "turn-list", HELLO),
    (
        {
            "prompt": [{"role": "user", "content": "Hi"}],
            "chosen": [
                {"role": "assistant", "content": "Hello."},
                {"role": "user", "content": "Bye"},
                {"role": "assistant", "content": "See you."},
            ],
            "rejected": [{"role": "assistant", "content": "What?"}],
        },
        "preference",
        [*HELLO, "user: Bye", "assistant: See you."],
    ),
    (
        {"messages": [{"type": "human", "content": "Hi"}, {"type": "ai", "content": "Hello.", "id": "run-1"}]},
        "langchain",
        HELLO,
    ),
    (
        {
            "messages": [
                {"type": "chat", "data": {"role": "user", "content": ["Hi"]}},
                {"type": "constructor", "id": ["AIMessageChunk"], "kwargs": {"content": "Hello."}},
            ]
        },
        "langchain",
        HELLO,
    ),
    (
        {
            "messages": [
                {"role": "user", "content": [{"type": "text", "value": "Time?"}]},
                {
                    "role": "assistant",
                    "content": [{"type": "tool_call", "value": '{"name": "now", "arguments": {}}'}],
                },
                {"role": "tool", "content": [{"type": "text", "value": "12"}]},
            ]
        },
        "llama-factory",
        ["user: Time?", "assistant: ", "tool: 12"],
    ),
    (
        {"context": "It is 12.", "question": "Time?", "answers": {"text": ["Noon.", "12"], "answer_start": [0, 6]}},
        "squad",
        ["user: It is 12.\n\nTime?", "assistant: Noon."],
    ),
    ({"question": "Time?", "answers": {"text": [], "answer_start": []}}, "unknown", []),
    (
        {"system": "SYSTEM: Be brief.\n", "chat": "USER: Hi\n\n\nASSISTANT: Hello. <|endoftext|>\n\n\n"},
        "glaive",
        BRIEF,
    ),
    (
        {"chat": "USER: Time? FUNCTION RESPONSE: 12 ASSISTANT: Noon."},
        "glaive",
        ["user: Time?", "tool: 12", "assistant: Noon."],
    ),
    ({"chat": "Hi there."}, "unknown", []),
    (
        {
            "query": "Hi",
            "answers": '[{"name": "now", "arguments": {"zone": "UTC"}}]',
            "tools": '[{"name": "now", "description": "", "parameters": {"zone": {"type": "str, optional"}}}]',
        },
        "xlam",
        ["user: Hi", "assistant: "],
    ),
    ({"query": "Hi", "answers": "Hello.", "tools": "[]"}, "unknown", []),
    ({"message_id": "1", "parent_id": None, "role": "prompter", "text": "Hi"}, "unknown", []),
    ({"inputs": "Hi", "targets": "Hello.", "language": "en"}, "question-answer", HELLO),
    ({"input": [{"role": "user", "content": "Hi"}], "output": "Hello."}, "question-answer", HELLO),
    ({"prompt": [{"from": "human", "value": "Hi"}], "response": "Hello."}, "question-answer", HELLO),
    ({"kind": "chat", "input": "Hi", "target": "Hello."}, "question-answer", HELLO),
    ({"turns": [{"speaker": "User", "text": "Hi"}, {"speaker": "agent", "text": "Hello."}]}, "turn-list", HELLO),
    (
        {"dialogue": [{"speaker": "customer", "utterance": "Hi"}, {"speaker": "agent", "utterance": "Hello."}]},
        "turn-list",
        HELLO,
    ),
    (
        {"turns": [{"speaker": "USER", "utterance": "Hi"}, {"speaker": "SYSTEM", "utterance": "Hello."}]},
        "turn-list",
        HELLO,
    ),
    ({"turns": [{"speaker": "SYSTEM", "utterance": "Hi"}, {"speaker": "USER", "utterance": "Hello."}]}, "unknown", []),
    ({"turns": [{"speaker": "Ann", "text": "Hi"}, {"speaker": "Bob", "text": "Hello."}]}, "unknown", []),
    ({"text_input": "Hi", "output": "Hello."}, "question-answer", HELLO),
    ({"user": "Hi", "assistant": "Hello."}, "question-answer", HELLO),
    ({"Question": "Hi", "Answer": "Hello."}, "question-answer", HELLO),
    ({"INSTRUCTION": "Hi", "Response": "Hello.", "system": "Be brief."}, "alpaca", BRIEF),
    ({"Question": "Hi", "question": "Ho", "Answer": "Hello."}, "unknown", []),
    ({"Prompt": "Hi", "Chosen": "Hello.", "Rejected": "What?"}, "unknown", []),
    ({"text": "<|im_start|>user\nHi<|im_end|>\n<|im_start|>assistant\nHello.<|im_end|>"}, "rendered", HELLO),
    ({"text": "<s>[INST] <<SYS>>\nBe brief.\n<</SYS>>\n\nHi [/INST] Hello. </s>"}, "rendered", BRIEF),
    ({"text": "Human: Hi\n\nAssistant: Hello."}, "rendered", HELLO),
    (
        {
            "chosen": "\n\nHuman: Hi\n\nAssistant: Hello.",
            "rejected": "\n\nHuman: Hi\n\nAssistant: What?",
        },
        "rendered-preference",
        HELLO,
    ),
    (
        {"chosen": "\n\nHuman: Hi\n\nAssistant: Hello.", "rejected": "\n\nHuman: Hi\n\nAssistant:"},
        "rendered-preference",
        HELLO,
    ),
    (
        {"prompt": "Go on.", "chosen": "Human: Hi\n\nAssistant: Hello.", "rejected": "What?"},
        "preference",
        ["user: Go on.", "assistant: Human: Hi\n\nAssistant: Hello."],
    ),
    ({"text": "### Instruction:\nHi\n\n### Response:\nHello."}, "rendered", HELLO),
    ({"prompt": "### Instruction:\nHi\n\n### Response:\n", "completion": "Hello."}, "rendered-completion", HELLO),
    ({"prompt": "Human: Hi\n\n", "completion": "Assistant: Hello.</s>"}, "rendered-completion", HELLO),
    (
        {"prompt": "Human: Hi\n\nAssistant:", "completion": " "},
        "prompt-completion",
        ["user: Human: Hi\n\nAssistant:", "assistant:  "],
    ),
    (
        {"prompt": "Human: Hi\n\nAssistant: Hello.\nSay more.\n", "completion": "No."},
        "prompt-completion",
        ["user: Human: Hi\n\nAssistant: Hello.\nSay more.\n", "assistant: No."],
    ),
    (
        {"prompt": "<|im_start|>user\nHi<|im_end|>\n<|im_start|>assistant\n", "chosen": "Hello.", "rejected": "What?"},
        "rendered-preference",
        HELLO,
    ),
    ({"text": f"{LLAMA}user{HEADER}Hi<|eot_id|>{LLAMA}assistant{HEADER}Hello.<|eot_id|>"}, "rendered", HELLO),
    ({"text": "Human: Hi\n\nHuman: Hello?"}, "text", ["assistant: Human: Hi\n\nHuman: Hello?"]),
    ({"text": "<|im_start|>user\nHi<|im_end|> and"}, "text", ["assistant: <|im_start|>user\nHi<|im_end|> and"]),
]
"""Lines, the format of each, and the conversation it means."""
WITHOUT_REJECTED: list[tuple[dict[str, Any], str, list[str]]] = [
    (
        {
            "conversations": [{"from": "human", "value": "Hi"}],
            "chosen": {"from": "gpt", "value": "Hello."},
            "rejected": {},
        },
        "preference",
        ["user: Hi", "assistant: Hello."],
    ),
    (
        {
            "input": {"messages": [{"role": "user", "content": "Hi"}]},
            "preferred_output": [{"role": "assistant", "content": "Hello."}],
        },
        "openai-preference",
        ["user: Hi", "assistant: Hello."],
    ),
]
"""Pairs without a side: rule P001 reports them, and `curate verify` does not compare them."""


@given(
    turns=st.lists(st.fixed_dictionaries({"role": texts, "content": texts}), max_size=3),
    beside=st.dictionaries(
        st.sampled_from([*{key for known in formats.FORMATS for key in known.uses}, *formats.OTHER_FORMAT_KEYS]),
        any_value,
    ),
)
@example(turns=[], beside={"response": {"body": {"choices": [{"message": {}}]}}})
@example(turns=[], beside={"chosen": 1, "rejected": 1})
def test_messages_are_told_from_other_formats_by_few_keys(turns: list[dict[str, str]], beside: dict[str, Any]) -> None:
    value, place = {**beside, "messages": turns}, Place("data.jsonl", 1)
    quick = example_of(value, place)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(formats, "OTHER_FORMAT_KEYS", frozenset(value))
        assert example_of(value, place) == quick


@pytest.mark.parametrize(("value", "name", "expected"), [*CASES, *WITHOUT_REJECTED])
def test_each_format_reads_as_the_conversation_it_means(value: dict[str, Any], name: str, expected: list[str]) -> None:
    found = example_of(value, Place("data.jsonl", 1))
    assert found.format == name
    assert [f"{message.role}: {message.text}" for message in found.messages] == expected


def test_every_format_is_among_these() -> None:
    only_written = {"prompt-completion-chat"}
    assert BY_NAME.keys() - only_written <= {name for _, name, _ in CASES}


TEXTS = (
    *("hi", "a b\nc", " x ", "", "\n", "ſ K"),
    *(mark for markup in CHAT_MARKUP for mark in (*markup.turns, *markup.ends, *markup.stems)),
    *(*BEGIN_TOKENS, *END_TOKENS),
)


def a_transcript(random: Random) -> str:
    """Turns in the markup of one family, which may hold marks of others and be in any order."""
    markup = random.choice(CHAT_MARKUP)
    marks: dict[str, list[str]] = {}
    for mark, role in markup.turns.items():
        marks.setdefault(role, []).append(mark)
    roles = ["system"] * random.randint(0, 1)
    for _ in range(random.randint(1, 3)):
        roles += ["user", *(role for role in ("input", "thinking") if random.random() < 0.3), "assistant"]
    if random.random() < 0.1:
        random.shuffle(roles)
    text = random.choice(TEXTS) if random.random() < 0.2 else ""
    for role in roles:
        if role in marks:
            mark = random.choice(marks[role])
            said = random.choice(TEXTS) if random.random() < 0.15 else random.choice(("hi", " a\n b "))
            text += (mark.upper() if not markup.stems and random.random() < 0.1 else mark) + said
            text += (random.choice(markup.ends) if markup.ends else "") + "\n"
    return text


@pytest.mark.slow
def test_the_proof_splits_rendered_texts_alike_by_code_of_its_own() -> None:
    random, split = Random(0), Counter[str]()
    for _ in range(12_000):
        text = a_transcript(random)
        found = split_transcript(text)
        spoken = [("system" if role == "developer" else role, said) for role, said in found or () if role != "thinking"]
        assert (transcript(text) or []) == spoken, text
        split.update(text.strip()[:4] for _ in spoken[:1])
    assert split.total() > 4_000
    assert len(split) > 20


@pytest.mark.slow
def test_the_proof_splits_the_sides_of_a_pair_where_the_reader_does() -> None:
    random, split = Random(0), 0
    for _ in range(4_000):
        beside = random.sample(("prompt", "question", "query", "input", "system", "history", "id", "margin"), k=2)
        value = {key: random.choice(("", "Go on.", [], [["Hi", "Hello."]])) for key in beside[: random.randint(0, 2)]}
        chosen, other = a_transcript(random), a_transcript(random)
        rejected = chosen[: random.randrange(len(chosen))] if random.random() < 0.3 else other
        pair = {"chosen": chosen, "rejected": rejected, **value}
        if random.random() < 0.3:
            cut = random.randrange(len(chosen))
            rejected = random.choice((chosen[cut:-3], "No.", "", "Human: Hi\n\nAssistant: No."))
            pair = {**pair, "prompt": chosen[:cut], "chosen": chosen[cut:], "rejected": rejected}
        example = example_of(pair, Place("data.jsonl", 1))
        is_split = example.format == "rendered-preference"
        told = with_messages(pair, "chosen", "rejected")
        assert (told is not pair) == is_split, pair
        if is_split:
            own = [turn["content"] for turn in example.value["rejected"]]
            asked = [message.text for message in example.messages if message.pointer == "/prompt"]
            assert [turn["content"] for turn in told["rejected"]] == asked + own, pair
        split += is_split
    assert split > 300


def test_the_proof_splits_a_prompt_and_its_completion_where_the_reader_does() -> None:
    random, split = Random(0), 0
    for _ in range(4_000):
        text = a_transcript(random)
        cut = random.choice((random.randint(0, len(text)), max(text.rfind("hi"), 0), max(text.rfind(" a\n b"), 0)))
        value = {"prompt": text[:cut], "completion": text[cut:]}
        if random.random() < 0.1:
            value["system"] = random.choice(("", "Be brief."))
        example = example_of(value, Place("data.jsonl", 1))
        is_split = example.format == "rendered-completion"
        told = completed_transcript(value)
        assert (told is not None) == is_split, value
        if told:
            assert [said for _, said in told] == [turn.text for turn in example.messages], value
            assert example.messages[-1].pointer == "/completion"
        split += is_split
    assert split > 500


def test_texts_of_which_some_are_rendered_are_one_format(write: Write) -> None:
    asked = "Human: Hi\n\nAssistant:"
    rows = [{"prompt": asked, "completion": " Hello."}, {"prompt": asked, "completion": ""}]
    findings = check_paths([write("data.jsonl", rows)]).findings
    assert [finding.code for finding in findings if finding.code in ("J022", "J025")] == ["J025"]


TRANSCRIPTS = {
    "ChatML": "<|im_start|>user\nHi<|im_end|>\n<|im_start|>assistant\nHello.<|im_end|>\n<|endoftext|>",
    "Phi 4": "<|im_start|>user<|im_sep|>Hi<|im_end|><|im_start|>assistant<|im_sep|>Hello.<|im_end|>",
    "Phi 3": "<|user|>\nHi<|end|>\n<|assistant|>\nHello.<|end|>\n<|endoftext|>",
    "Zephyr": "<|system|>\n</s>\n<|user|>\nHi</s>\n<|assistant|>\nHello.</s>\n",
    "Tulu": "<|user|>\nHi\n<|assistant|>\nHello.<|endoftext|>",
    "GLM": "[gMASK]<sop><|user|>\nHi<|assistant|>\nHello.",
    "Gemma": "<bos><start_of_turn>user\nHi<end_of_turn>\n<start_of_turn>model\nHello.<end_of_turn>\n",
    "Gemma 4": "<bos><|turn>user\nHi<turn|>\n<|turn>model\nHello.<turn|>\n",
    "Llama 2": "<s>[INST] Hi [/INST] Hello. </s>",
    "Llama 3": f"<|begin_of_text|>{LLAMA}user{HEADER}Hi<|eot_id|>{LLAMA}assistant{HEADER}Hello.<|end_of_text|>",
    "Llama 4": (
        "<|begin_of_text|><|header_start|>user<|header_end|>\n\nHi<|eot|>"
        "<|header_start|>assistant<|header_end|>\n\nHello.<|eot|>"
    ),
    "Mistral": "<s>[SYSTEM_PROMPT][/SYSTEM_PROMPT][INST]Hi[/INST]Hello.</s>",
    "DeepSeek": "<｜begin▁of▁sentence｜><｜User｜>Hi<｜Assistant｜>Hello.<｜end▁of▁sentence｜>",
    "OpenChat": "GPT4 Correct User: Hi<|end_of_turn|>GPT4 Correct Assistant: Hello.<|end_of_turn|>",
    "Vicuna": "USER: Hi ASSISTANT: Hello.</s>",
    "Guanaco": "### Human: Hi### Assistant: Hello.",
    "Alpaca": "### Instruction: Hi\n### Response: Hello.",
    "HH-RLHF": "\n\nHuman: Hi\n\nAssistant: Hello.",
    "questions": "Question: Hi\nAnswer: Hello.",
}


@pytest.mark.parametrize("text", TRANSCRIPTS.values(), ids=TRANSCRIPTS.keys())
def test_a_transcript_of_each_family_is_read_as_turns(text: str) -> None:
    assert split_transcript(text) == [("user", "Hi"), ("assistant", "Hello.")]


def test_reasoning_and_instructions_of_harmony_are_kept() -> None:
    said = {"system<|message|>": "You.", "developer<|message|>": "Be brief.", "user<|message|>": "Hi"}
    said |= {"assistant<|channel|>analysis<|message|>": "A greeting.", "assistant<|channel|>final<|message|>": "Hello."}
    text = "".join(f"<|start|>{mark}{words}<|end|>" for mark, words in said.items())
    assert example_of({"text": text}, Place("data.jsonl", 1)).value["messages"] == [
        {"role": "system", "content": "You."},
        {"role": "developer", "content": "Be brief."},
        {"role": "user", "content": "Hi"},
        {"role": "assistant", "reasoning_content": "A greeting.", "content": "Hello."},
    ]


@pytest.mark.parametrize(
    "text",
    [
        "<s>[INST] Hi[/INST][TOOL_CALLS] []</s>[TOOL_RESULTS] 1[/TOOL_RESULTS] Hello.</s>",
        "<|im_start|>user\nHi<|im_end|>\n<|im_start|>moderator\nNo.<|im_end|>\n<|im_start|>assistant\nHello.<|im_end|>",
        "<start_of_turn>user\nHi<end_of_turn> and <start_of_turn>model\nHello.<end_of_turn>",
        "<|user|>\nHi<|end|>\n",
    ],
)
def test_a_transcript_that_cannot_be_split_is_reported(text: str) -> None:
    found = example_of({"text": text}, Place("data.jsonl", 1))
    assert (found.format, found.messages[0].text) == ("text", text)
    assert found.defect is not None
    assert found.defect[0] == "/text"
    assert "its marks do not enclose turns" in found.defect[1]


@pytest.mark.parametrize(
    "text",
    ["A page.\n\n## Input\n{}\n\n## Response\n{}", "Human: Hi\n\nHuman: Hello?", "The [INST] mark opens a turn.", ""],
)
def test_a_text_that_only_mentions_marks_stays_a_text(text: str) -> None:
    found = example_of({"text": text}, Place("data.jsonl", 1))
    assert (found.format, found.defect) == ("text", None)


@pytest.mark.parametrize(
    "value",
    [
        {
            "conversation": [
                {"from": "human", "value": "Hi"},
                {"from": "gpt", "value": [{"type": "text", "text": "Ho."}]},
            ]
        },
        {
            "prompt": {
                "role": "prompter",
                "text": "Hi",
                "replies": [
                    {"role": "assistant", "text": text, "rank": rank} for text, rank in (("No.", "1"), ("Ho.", 0))
                ],
            }
        },
    ],
)
def test_the_proof_reads_parts_and_ranks_as_the_reader_does(value: dict[str, Any]) -> None:
    shown = [(turn.role, turn.text) for turn in verify_reading.read(value).turns]
    assert shown == [(message.role, message.text) for message in example_of(value, Place("a.jsonl", 1)).messages]


@pytest.mark.parametrize(("value", "expected"), [(value, said) for value, name, said in CASES if name != UNKNOWN])
def test_the_proof_of_a_split_reads_the_same_by_code_of_its_own(value: dict[str, Any], expected: list[str]) -> None:
    parsed = verify_reading.loads(json.dumps(value).encode())
    assert [f"{turn.role}: {turn.text}" for turn in verify_reading.read(parsed).turns] == expected


def test_the_table_of_keys_names_known_forms_and_a_key_holds_the_same_in_each() -> None:
    assert FORM_KEYS.keys() <= BY_NAME.keys() | WRITABLE.keys()
    kinds = [keys_holding(kind) for kind in Holds]
    assert sum(map(len, kinds)) == len(frozenset().union(*kinds))


ABOUT_AN_EXAMPLE = {
    "schemaVersion", "toolConfig", "generationConfig", "agent_ref", "verifier_metadata", "expected_answer",
    "data_source", "ability", "extra_info",
}  # fmt: skip
"""Keys of formats that are written as they are read, which are settings or data of a grader."""


def test_the_proof_counts_every_key_that_a_trainer_reads() -> None:
    """Its list is its own, so that it does not share the faults of the reader's table."""
    written_as_read = [key for name in AS_READ if name in BY_NAME for key in BY_NAME[name].uses]
    assert {*TRAINED_KEYS, *written_as_read} - declarations.GIVEN_KEYS - ABOUT_AN_EXAMPLE == set()


@pytest.mark.parametrize(
    "value",
    [
        {"question": "Who wrote it?", "response_j": "Ann wrote it last year.", "response_k": "Bob did."},
        *(
            {**chat("Hi", "Hello."), key: value}
            for key, value in (("video", "a.mp4"), ("audio", "a.wav"), ("ground_truth", "Hello."), ("labels", [True]))
        ),
    ],
)
def test_a_key_that_is_compared_as_training_input_is_no_unknown_key(
    value: dict[str, Any], write: Write, capsys: pytest.CaptureFixture[str]
) -> None:
    write("data.jsonl", [value, {**value, "hue": 1}])
    assert main(["check", "data.jsonl", "--select", "J024", "--output-format", "jsonl", "-q"]) == 0
    printed = map(json.loads, capsys.readouterr().out.splitlines())
    said = [one["message"] for one in printed if one.get("code") == "J024"]
    assert said == ["1 key beside the conversation that training does not use, with the number of examples: hue (1)"]


SERVICE_PAIRS = [value for value, name, _ in CASES if name in ("vertex-preference", "nova-preference")]


@pytest.mark.parametrize("value", SERVICE_PAIRS)
def test_both_answers_of_a_service_s_pair_are_judged_where_they_stand(
    value: dict[str, Any], write: Write, capsys: pytest.CaptureFixture[str]
) -> None:
    worse, better = "What?", "Hello."
    text = json.dumps(value)
    lines = [
        text,
        text.replace(worse, better),
        text.replace(worse, ""),
        text.replace("score", "rank").replace("non-", ""),
    ]
    main(["check", str(write("data.jsonl", [line.encode() for line in lines])), "--select", "M001,P"])
    shown = capsys.readouterr().out
    found = {line: (code, at) for line, code, at in re.findall(r"data.jsonl:(\d): (\w+) error .*\((/[^)]*)\)", shown)}
    assert found.keys() == {"2", "3", "4"}
    assert [found[line][0] for line in "234"] == ["P003", "P005", "M001"]
    assert all(found[line][1].startswith(("/completions", "/messages/1/candidates")) for line in "234")
    both = verify_reading.read(value)
    assert [turn.text for turn in both.others] == [worse]


@pytest.mark.parametrize("value", SERVICE_PAIRS)
def test_pairs_of_gemini_are_no_foreign_format_for_its_service(
    value: dict[str, Any], write: Write, capsys: pytest.CaptureFixture[str]
) -> None:
    main(["check", str(write("data.jsonl", [json.dumps(value).encode()])), "--target", "vertex", "--select", "J025"])
    assert ("J025" in capsys.readouterr().out) == ("candidates" in json.dumps(value))


def test_tools_beside_the_messages_of_a_preference_stand_beside_the_conversation() -> None:
    value = {
        "input": {"messages": [], "tools": [{"type": "function"}], "parallel_tool_calls": False},
        "preferred_output": [],
    }
    found = example_of(value, Place("data.jsonl", 1)).value
    assert (found["tools"], found["input"]) == ([{"type": "function"}], {"parallel_tool_calls": False})


def test_calls_and_results_of_sharegpt_are_read_as_tool_calls_and_tool_messages() -> None:
    said = [
        ("human", "Time?"),
        ("function_call", '{"name": "now", "arguments": {}}'),
        ("observation", "12:00"),
        ("gpt", "Noon."),
    ]
    found = example_of({"conversations": [{"from": who, "value": what} for who, what in said]}, Place("data.jsonl", 1))
    assert [message.role for message in found.messages] == ["user", "assistant", "tool", "assistant"]
    assert found.messages[1].value["tool_calls"] == [
        {"id": "call_1", "type": "function", "function": {"name": "now", "arguments": "{}"}}
    ]
    assert found.messages[2].value == {"role": "tool", "tool_call_id": "call_1", "content": "12:00"}
    assert [message.pointer for message in found.messages] == [f"/conversations/{i}" for i in range(4)]


def test_the_texts_of_a_question_are_pointed_at_where_they_stand() -> None:
    value = {"instruction": "Add.", "instances": [{"input": "1 1", "output": "2"}, {"output": "3"}]}
    found = example_of(value, Place("data.jsonl", 1))
    assert [message.content_pointer for message in found.messages] == [
        "/instances/0/input",
        "/instances/0/output",
        "/instruction",
        "/instances/1/output",
    ]
    assert found.value.keys() == {"messages"}


@pytest.mark.slow
@pytest.mark.parametrize(
    ("piece", "count", "around"),
    [
        ("<|im_start|>user\nhi\n", 50_000, ("", "")),
        ("<|start_header_id|>user<|end_header_id|>\n\nhi\n", 50_000, ("", "")),
        ("\n", 200_000, ("Human: hi", "x")),
        ("\n", 200_000, ("### Instruction:\nhi", "x")),
        (" ", 200_000, ("<|im_start|>user\na<|im_end|>", "x")),
        (" ", 200_000, ("[INST] q [/INST] a", "b [INST]")),
        ("</s> ", 100_000, ("USER: q ASSISTANT: a", "")),
        ("<s>\n", 100_000, ("", "Human: hi")),
    ],
)
def test_a_text_is_split_in_linear_time(piece: str, count: int, around: tuple[str, str]) -> None:
    """What is quadratic in the text takes a quarter of an hour."""
    text = around[0] + piece * count + around[1]
    assert split_transcript(text) == transcript(text)
