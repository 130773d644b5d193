"""Valid data that other checkers reject passes: for the default target, and for the services that take it."""

import json
from typing import Any, Final

import pytest

from curate.core.config import CheckConfig
from curate.core.finding import Severity
from curate.core.targets import OWN_FORMAT, Target
from curate.lint.runner import check_paths
from tests.conftest import Write

ALL_TARGETS: Final = tuple(Target)
TRAINERS: Final = (Target.TRAINER, Target.TRL, Target.AXOLOTL, Target.LLAMAFACTORY)
OPENAI: Final = (Target.OPENAI, Target.AZURE)
STRICT_TARGETS: Final = (Target.TOGETHER, Target.FIREWORKS, Target.MISTRAL)
"""Services that take text, tools and weights, and little else."""
ABOUT_THE_FILE: Final = ("J021", "R004")
"""A file of one line is too short for services, and has no validation file beside it: that is no fault of the line."""
OF_SEVERAL_LINES: Final = ("C008", "C014", "J022", "J023", "M027", "M029", "R003", "T016")
"""Rules that compare the lines of a file, which are of many kinds here: each line is asked alone."""
PNG: Final = (
    "data:image/png;base64,iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAIAAACQd1PeAAAADElEQVR4nGNgYGAAAAAEAAH2FzhVAAAAAElFTkSuQmCC"
)


def user(content: Any = "What time is it in Lima and in Oslo?", **more: Any) -> dict[str, Any]:
    return {"role": "user", "content": content, **more}


def assistant(content: Any = "It is noon in Lima and seven in Oslo.", **more: Any) -> dict[str, Any]:
    return {"role": "assistant", "content": content, **more}


def call(zone: str, id_: str, arguments: Any = None) -> dict[str, Any]:
    return {
        "id": id_,
        "type": "function",
        "function": {"name": "now", "arguments": json.dumps({"zone": zone}) if arguments is None else arguments},
    }


def result(id_: str, content: Any = "12:00") -> dict[str, Any]:
    return {"role": "tool", "tool_call_id": id_, "content": content}


NOW: Final = {
    "type": "function",
    "function": {
        "name": "now",
        "description": "The time in a place.",
        "parameters": {"type": "object", "properties": {"zone": {"type": "string"}}, "required": ["zone"]},
    },
}
NESTED: Final = {
    "type": "function",
    "function": {
        "name": "book",
        "description": "Book a journey.",
        "strict": True,
        "parameters": {
            "$defs": {
                "place": {
                    "type": "object",
                    "properties": {"city": {"type": "string"}, "code": {"type": ["string", "null"]}},
                    "required": ["city", "code"],
                    "additionalProperties": False,
                }
            },
            "type": "object",
            "properties": {
                "legs": {
                    "type": "array",
                    "minItems": 1,
                    "items": {
                        "type": "object",
                        "properties": {"from": {"$ref": "#/$defs/place"}, "to": {"$ref": "#/$defs/place"}},
                        "required": ["from", "to"],
                        "additionalProperties": False,
                    },
                },
                "class": {"enum": ["first", "second"], "default": "second"},
                "fare": {"anyOf": [{"type": "number"}, {"type": "null"}]},
            },
            "required": ["legs", "class", "fare"],
            "additionalProperties": False,
        },
    },
}
JOURNEY: Final = json.dumps(
    {
        "legs": [{"from": {"city": "Lima", "code": "LIM"}, "to": {"city": "Cusco", "code": None}}],
        "class": "first",
        "fare": None,
    }
)
TWO_CALLS: Final = [
    user(),
    assistant(None, tool_calls=[call("Lima", "call00001"), call("Oslo", "call00002")]),
    result("call00001"),
    result("call00002", "19:00"),
    assistant(),
]
WITHOUT_CONTENT: Final = {"role": "assistant", "tool_calls": [call("Lima", "call00001")]}
OLDER: Final = {
    "messages": [
        user(),
        assistant(None, function_call={"name": "now", "arguments": '{"zone": "Lima"}'}),
        {"role": "function", "name": "now", "content": "12:00"},
        assistant("Noon."),
    ],
    "functions": [NOW["function"]],
}
VALID: Final[dict[str, tuple[Any, tuple[Target, ...]]]] = {
    "plain": ({"messages": [user(), assistant()]}, ALL_TARGETS),
    "a system prompt and several turns": (
        {
            "messages": [
                {"role": "system", "content": "Be brief."},
                user(),
                assistant(),
                user("And in Rome?"),
                assistant("Six in the evening."),
            ]
        },
        tuple(target for target in ALL_TARGETS if target is not Target.ANTHROPIC),  # it wants the system prompt beside
    ),
    "developer": (
        {"messages": [{"role": "developer", "content": "Be brief."}, user(), assistant()]},
        (Target.TRAINER, Target.TRL, Target.AXOLOTL, *OPENAI),
    ),
    "null content beside a call": (
        {
            "messages": [
                user(),
                assistant(None, tool_calls=[call("Lima", "call00001")]),
                result("call00001"),
                assistant("Noon."),
            ],
            "tools": [NOW],
        },
        (Target.TRAINER, Target.AXOLOTL, Target.LLAMAFACTORY, *OPENAI, *STRICT_TARGETS),
    ),
    "no content beside a call": (
        {"messages": [user(), WITHOUT_CONTENT], "tools": [NOW]},
        (Target.TRAINER, Target.AXOLOTL, *OPENAI, Target.MISTRAL),
    ),
    "empty content beside a call": (
        {"messages": [user(), assistant("", tool_calls=[call("Lima", "call00001")])], "tools": [NOW]},
        (Target.TRAINER, Target.AXOLOTL, *OPENAI, *STRICT_TARGETS),
    ),
    "text beside a call": (
        {"messages": [user(), assistant("One moment.", tool_calls=[call("Lima", "call00001")])], "tools": [NOW]},
        (Target.TRAINER, *OPENAI),
    ),
    "two calls at once": (
        {"messages": TWO_CALLS, "tools": [NOW], "parallel_tool_calls": True},
        (Target.TRAINER, *OPENAI),
    ),
    "one call at a time, as it says": (
        {
            "messages": [user(), assistant(None, tool_calls=[call("Lima", "call_1")])],
            "tools": [NOW],
            "parallel_tool_calls": False,
        },
        (Target.TRAINER, *OPENAI),
    ),
    "arguments as an object": (
        {
            "messages": [
                user(),
                assistant(None, tool_calls=[call("", "c1", {"zone": "Lima"})]),
                result("c1"),
                assistant("Noon."),
            ],
            "tools": [NOW],
        },
        TRAINERS,
    ),
    "a call without an id, as TRL has it": (
        {
            "messages": [
                user(),
                {
                    "role": "assistant",
                    "tool_calls": [{"type": "function", "function": {"name": "now", "arguments": {"zone": "Lima"}}}],
                },
                {"role": "tool", "name": "now", "content": "12:00"},
                assistant("Noon."),
            ],
            "tools": [NOW],
        },
        (Target.TRL,),
    ),
    "a nested schema": (
        {
            "messages": [
                user("Book it."),
                assistant(
                    None,
                    tool_calls=[{"id": "c1", "type": "function", "function": {"name": "book", "arguments": JOURNEY}}],
                ),
            ],
            "tools": [NESTED],
        },
        (Target.TRAINER, *OPENAI),
    ),
    "a tool without parameters": (
        {
            "messages": [
                user(),
                assistant(
                    None, tool_calls=[{"id": "c1", "type": "function", "function": {"name": "utc", "arguments": "{}"}}]
                ),
            ],
            "tools": [{"type": "function", "function": {"name": "utc"}}],
        },
        (Target.TRAINER, *OPENAI),
    ),
    "tools that an answer does without": (
        {"messages": [user("Thanks!"), assistant("You are welcome.")], "tools": [NOW]},
        (*TRAINERS, *OPENAI, *STRICT_TARGETS),
    ),
    "a tool's result in parts": (
        {
            "messages": [
                user(),
                assistant(None, tool_calls=[call("Lima", "c1")]),
                result("c1", [{"type": "text", "text": "12:00"}]),
                assistant("Noon."),
            ],
            "tools": [NOW],
        },
        (Target.TRAINER, *OPENAI),
    ),
    "text in parts": (
        {
            "messages": [
                {"role": "system", "content": [{"type": "text", "text": "Be brief."}]},
                user([{"type": "text", "text": "Hi"}]),
                assistant([{"type": "text", "text": "Hello."}]),
            ]
        },
        (*TRAINERS, *OPENAI),
    ),
    "an image at an address": (
        {
            "messages": [
                user(
                    [
                        {"type": "text", "text": "What is it?"},
                        {"type": "image_url", "image_url": {"url": "https://example.com/cat.png", "detail": "low"}},
                    ]
                ),
                assistant("A cat."),
            ]
        },
        (Target.TRAINER, Target.LLAMAFACTORY, *OPENAI),
    ),
    "an image in the line": (
        {"messages": [user([{"type": "image_url", "image_url": {"url": PNG}}]), assistant("A dot.")]},
        (Target.TRAINER, Target.TOGETHER, *OPENAI),
    ),
    "an image of a processor": (
        {"messages": [user([{"type": "image"}, {"type": "text", "text": "What is it?"}]), assistant("A cat.")]},
        (Target.TRAINER,),
    ),
    "audio": (
        {
            "messages": [
                user(
                    [
                        {"type": "input_audio", "input_audio": {"data": "AAAA", "format": "wav"}},
                        {"type": "text", "text": "Who is it?"},
                    ]
                ),
                assistant("Ada."),
            ]
        },
        (Target.TRAINER,),
    ),
    "a file": (
        {
            "messages": [
                user([{"type": "file", "file": {"file_id": "file-1"}}, {"type": "text", "text": "Sum it up."}]),
                assistant("It is about cats."),
            ]
        },
        (Target.TRAINER,),
    ),
    "a refusal as a part": (
        {
            "messages": [
                user("How do I pick a lock?"),
                assistant([{"type": "refusal", "refusal": "I can't help with that."}]),
            ]
        },
        (Target.TRAINER, *OPENAI),
    ),
    "a refusal under its key": (
        {"messages": [user("How do I pick a lock?"), assistant(None, refusal="I can't help with that.")]},
        (Target.TRAINER, *OPENAI),
    ),
    "refusal: null, as the service answers": (
        {"messages": [user("Is a null refusal read?"), assistant(refusal=None, tool_calls=None)]},
        (Target.TRAINER, *OPENAI),
    ),
    "weights": (
        {"messages": [user(), assistant("No idea.", weight=0), user("Look it up, please."), assistant(weight=1)]},
        (Target.TRAINER, *OPENAI, *STRICT_TARGETS),
    ),
    "names": ({"messages": [user(name="Ada_1"), assistant(name="clock")]}, (Target.TRAINER, *OPENAI)),
    "metadata, store": (
        {
            "messages": [user("What time is it in Rome?"), assistant("It is nine in Rome.")],
            "metadata": {"source": "desk"},
            "id": "a-1",
        },
        (*TRAINERS, *OPENAI),
    ),
    "reasoning_content": ({"messages": [user(), assistant(reasoning_content="Lima is at -5.")]}, (*TRAINERS, *OPENAI)),
    "thinking": ({"messages": [user(), assistant(thinking="Lima is at -5.")]}, TRAINERS),
    "reasoning as a part": (
        {
            "messages": [
                user(),
                assistant([{"type": "reasoning", "text": "Lima is at -5."}, {"type": "text", "text": "Noon."}]),
            ]
        },
        (Target.TRAINER,),
    ),
    "thoughts in the text": (
        {"messages": [user(), assistant("<think>\nLima is at -5.\n</think>\n\nNoon.")]},
        ALL_TARGETS,
    ),
    "an answer of one letter": ({"messages": [user("Is 7 prime? Answer Y or N."), assistant("Y")]}, ALL_TARGETS),
    "a pair of OpenAI's": (
        {
            "input": {"messages": [user()], "tools": [], "parallel_tool_calls": True},
            "preferred_output": [assistant()],
            "non_preferred_output": [assistant("No idea.")],
        },
        OPENAI,
    ),
    "a pair of texts": ({"prompt": "The sky is", "chosen": " blue.", "rejected": " green."}, (Target.TRL,)),
    "a pair of messages": (
        {"prompt": [user()], "chosen": [assistant()], "rejected": [assistant("No idea.")]},
        (Target.TRL,),
    ),
    "a pair with an implicit prompt": (
        {"chosen": [user(), assistant()], "rejected": [user(), assistant("No idea.")]},
        (Target.TRL,),
    ),
    "a pair of texts with an implicit prompt": (
        {"chosen": "The sky is blue.", "rejected": "The sky is green."},
        (Target.TRL,),
    ),
    "a thumb down": ({"prompt": "The sky is", "completion": " green.", "label": False}, (Target.TRL,)),
    "a thumb up, in messages": ({"prompt": [user()], "completion": [assistant()], "label": True}, (Target.TRL,)),
    "a prompt and its completion": ({"prompt": "The sky is", "completion": " blue."}, (Target.TRL,)),
    "a prompt alone": ({"prompt": [user()]}, (Target.TRL,)),
    "pairs beside a conversation that begins like them": (
        {
            "prompt": "How are you?",
            "messages": [user("How are you?"), assistant("I am well.")],
            "chosen": [user("How are you?"), assistant("I am well.")],
            "rejected": [user("How are you?"), assistant("Go away.")],
            "score_chosen": 8.5,
        },
        (Target.TRAINER, Target.TRL),
    ),
    "an image in a turn of its own": (
        {
            "messages": [
                user("What is it?"),
                user([{"type": "image_url", "image_url": {"url": "https://example.com/cat.png"}}]),
                assistant("A cat."),
            ]
        },
        OPENAI,
    ),
    "a greeting": (
        {"messages": [{"role": "system", "content": "You are Bo."}, assistant("Hi, I am Bo!"), user(), assistant()]},
        OPENAI,
    ),
    "an answer in sound": (
        {
            "messages": [
                user(),
                {"role": "assistant", "content": None, "audio": {"id": "audio_1"}},
                user("And in Rome?"),
                assistant("Six."),
            ]
        },
        OPENAI,
    ),
    "keys that are null": (
        {
            "messages": [
                {"role": "system", "content": "Be brief.", "name": None, "weight": None},
                user(),
                assistant(function_call=None, audio=None),
            ],
            "tools": None,
        },
        (Target.TRAINER, Target.TRL, *OPENAI),
    ),
    "no tools": (
        {"messages": [user(), assistant()], "tools": [], "tool_choice": "auto"},
        (Target.TRAINER, Target.TRL, *OPENAI),
    ),
    "a result that is empty": (
        {
            "messages": [
                user(),
                assistant(None, tool_calls=[call("Lima", "c1")]),
                result("c1", ""),
                assistant("Nothing."),
            ],
            "tools": [NOW],
        },
        (Target.TRAINER, *OPENAI),
    ),
    "a switch of axolotl's": ({"messages": [user(), assistant(train=True, train_detail=None)]}, (Target.AXOLOTL,)),
    "a switch of LLaMA-Factory's": ({"messages": [user(), assistant(loss_weight=0.5)]}, (Target.LLAMAFACTORY,)),
    "text": ({"text": "The sky is blue."}, (Target.TRL, Target.TOGETHER)),
    "a prompt for reinforcement": (
        {
            "messages": [{"role": "developer", "content": "Answer with a number."}, user("1 + 1")],
            "reference": {"answer": 2},
        },
        OPENAI,
    ),
    "a prompt for reinforcement with tools": ({"messages": [user()], "tools": [NOW], "answer": "noon"}, OPENAI),
    "functions in the older form": (OLDER, OPENAI),
}


@pytest.mark.parametrize("target", Target)
def test_valid_data_passes_without_an_error_or_a_warning(write: Write, target: Target) -> None:
    valid = {name: value for name, (value, targets) in VALID.items() if target in targets}
    foreign = ("J025",) if target in OWN_FORMAT else ()  # messages are no format of these
    config = CheckConfig(target=target, ignore=(*ABOUT_THE_FILE, *OF_SEVERAL_LINES, *foreign))
    checks = [([*valid], config)] + [([name], CheckConfig(target=target, select=OF_SEVERAL_LINES)) for name in valid]
    for names, of_names in checks:
        report = check_paths([write("data.jsonl", [valid[name] for name in names])], of_names)
        assert [
            (names[finding.line - 1], finding.code, finding.pointer, finding.message)
            for finding in report.findings
            if finding.severity is not Severity.INFO
        ] == []


def test_functions_in_the_older_form_are_no_error_for_a_trainer_whose_templates_leave_them_out(write: Write) -> None:
    findings = check_paths([write("data.jsonl", [OLDER])]).findings
    assert {(finding.code, finding.severity) for finding in findings} == {
        ("M008", Severity.WARNING),
        ("T005", Severity.WARNING),
    }
