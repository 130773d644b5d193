"""Family J: the file and its JSON. The reader finds the defects (`curate.read.decode`); the rules explain them."""

from collections.abc import Iterable, Iterator
from typing import Any, Final

import orjson

from curate.core.example import UNKNOWN, kind_of
from curate.core.finding import Problem, Problems, Severity
from curate.core.lazy import lazy_pattern
from curate.core.targets import FORMATS, OWN_FORMAT, SERVICES, Target
from curate.core.text import plural
from curate.lint.rules.file_format import graded_prompts
from curate.lint.rules.rule import file_rule, line_rule
from curate.read.dataset import FileFacts, ParsedLine
from curate.read.decode import MISSING
from curate.read.formats import AMONG_MESSAGES, BY_NAME, RENDERINGS

CONTROL: Final = lazy_pattern(r"[\0-\x08\x0b\x0c\x0e-\x1f]")
"""A control character, other than tab, line feed and carriage return."""
AUTHORS: Final = ("author", "author_name", "from", "participant", "role", "sender", "speaker", "user_type")
CONVERSATIONS: Final = tuple(
    f"{of}_id" for of in ("case", "chat", "conversation", "dialog", "dialogue", "session", "thread", "ticket")
)
"""Keys of a table of messages, one a row: who wrote it, and to which conversation it belongs."""
TERMINAL_CODE: Final = lazy_pattern(r"\x1b(?:\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\)|[()][0-9A-B]|[=>78M])")
"""An escape sequence of a terminal (ECMA-48): a control sequence, an operating system command, a character set."""


def _of_kind(parsed: ParsedLine, kind: str) -> Problems:
    for defect in parsed.defects:
        if defect.kind == kind:
            yield Problem(defect.pointer, defect.message, defect.offset)


@line_rule("J001", "invalid-json", Severity.ERROR, hint="Fix the line, or write the file with a JSON library.")
def invalid_json(parsed: ParsedLine) -> Problems:
    """A line is not valid JSON.

    Readers stop at this line or skip it without a message. A trainer that skips it trains on fewer examples than you
    expect.
    Bad: {"messages": [{"role": "user" "content": "Hi"}]}
    Good: {"messages": [{"role": "user", "content": "Hi"}, {"role": "assistant", "content": "Hello."}]}
    """
    yield from _of_kind(parsed, "syntax")


@line_rule(
    "J003",
    "invalid-utf8",
    Severity.ERROR,
    hint="Save the file as UTF-8. To convert another encoding, run `iconv -f cp1252 -t utf-8`.",
)
def invalid_utf8(parsed: ParsedLine) -> Problems:
    r"""A line contains bytes that are not UTF-8.

    JSON is UTF-8 (RFC 8259, section 8.1). A reader replaces such bytes, which changes your text, or stops here.
    Bad: {"messages": [{"role": "user", "content": "caf\xe9?"}, {"role": "assistant", "content": "Yes."}]}
    Good: {"messages": [{"role": "user", "content": "café?"}, {"role": "assistant", "content": "Yes."}]}
    """
    yield from _of_kind(parsed, "utf-8")


@line_rule(
    "J004",
    "lone-surrogate",
    Severity.ERROR,
    hint="Write the whole character. An emoji needs both halves or none: json.dumps(..., ensure_ascii=False).",
)
def lone_surrogate(parsed: ParsedLine) -> Problems:
    r"""A string contains half of a surrogate pair.

    Half of a pair is not a character and cannot be written as UTF-8. Tokenizers written in Rust raise an error on it
    during the run.
    Bad: {"messages": [{"role": "user", "content": "Smile \ud83d"}, {"role": "assistant", "content": "Gladly."}]}
    Good: {"messages": [{"role": "user", "content": "Smile \ud83d\ude00"}, {"role": "assistant", "content": "Gladly."}]}
    """
    yield from _of_kind(parsed, "surrogate")


@line_rule(
    "J005", "control-character", Severity.ERROR, hint="Remove the character in the program that writes the text."
)
def control_character(parsed: ParsedLine) -> Problems:
    r"""A string contains NUL or another control character.

    Such characters come from failed extraction. Many stores refuse them, and a model learns to emit them. Colours of a
    terminal in the results of tools are reported by J027.
    Bad: {"messages": [{"role": "user", "content": "Hi\u0000"}, {"role": "assistant", "content": "Hello."}]}
    Good: {"messages": [{"role": "user", "content": "Hi"}, {"role": "assistant", "content": "Hello."}]}
    """
    if not _only_terminal_codes(parsed):
        yield from _of_kind(parsed, "control")


@line_rule(
    "J027",
    "terminal-codes",
    Severity.INFO,
    hint="Run the tools without colours (NO_COLOR=1, TERM=dumb), unless the model will read such output as well.",
)
def terminal_codes(parsed: ParsedLine) -> Problems:
    r"""The result of a tool contains escape sequences of a terminal, such as colours.

    Commands write them for terminals. They cost tokens; a model only reads them, since the results of tools are not
    trained on. The line has no other control character; in other texts they are errors (J005).
    Bad: {"messages": [{"role": "user", "content": "Test it."}, {"role": "assistant", "tool_calls": [{"id": "a", "type": "function", "function": {"name": "test", "arguments": "{}"}}]}, {"role": "tool", "tool_call_id": "a", "content": "\u001b[32mok\u001b[0m"}, {"role": "assistant", "content": "It passes."}]}
    Good: {"messages": [{"role": "user", "content": "Test it."}, {"role": "assistant", "tool_calls": [{"id": "a", "type": "function", "function": {"name": "test", "arguments": "{}"}}]}, {"role": "tool", "tool_call_id": "a", "content": "ok"}, {"role": "assistant", "content": "It passes."}]}
    """
    if _only_terminal_codes(parsed):
        yield from _of_kind(parsed, "control")


def _only_terminal_codes(parsed: ParsedLine) -> bool:
    """Whether each control character of a line with some is part of a terminal's escape sequence in a tool's result."""
    if parsed.example is None or all(defect.kind != "control" for defect in parsed.defects):
        return False
    results = [message.text for message in parsed.example.messages if message.role in ("tool", "function")]
    texts = (text for result in results for text in _strings(_parsed_json(result)))
    in_codes = sum(len(CONTROL.findall(code)) for text in texts for code in TERMINAL_CODE.findall(text))
    return in_codes == sum(len(CONTROL.findall(text)) for text in _strings(parsed.decoded.value))


def _parsed_json(result: str) -> Any:
    """The object or list that a tool's result is, as of Gemini; the result itself if it is other text."""
    try:
        return orjson.loads(result) if result.startswith(("{", "[")) else result
    except ValueError:
        return result


def _strings(value: Any) -> Iterator[str]:
    """All strings of a JSON value, keys included."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict | list):
        for inner in (*value, *value.values()) if isinstance(value, dict) else value:
            yield from _strings(inner)


@line_rule(
    "J010",
    "cut-off",
    Severity.ERROR,
    hint="Write the file again with a JSON library, which escapes line breaks, and compare the number of examples with "
    "the source.",
)
def cut_off(parsed: ParsedLine) -> Problems:
    """A line ends in the middle of its JSON.

    An interrupted writer or a full disk causes this: the example is lost, and later examples may be missing too. So
    does a line break in a string that is not written as \\n: the next lines are reported too, until the example ends.
    Bad: {"messages": [{"role": "user", "content": "Hi"}, {"role": "assist
    Good: {"messages": [{"role": "user", "content": "Hi"}, {"role": "assistant", "content": "Hello."}]}
    """
    yield from _of_kind(parsed, "cut-off")


@line_rule("J012", "nearly-json", Severity.ERROR, hint="Write each example with json.dumps, one per line.")
def nearly_json(parsed: ParsedLine) -> Problems:
    """A line is almost JSON.

    Several objects on one line, an extra comma, or Python notation (single quotes, None). A reader rejects the whole
    line.
    Bad: {'messages': [{'role': 'user', 'content': 'Hi'}]}
    Good: {"messages": [{"role": "user", "content": "Hi"}, {"role": "assistant", "content": "Hello."}]}
    """
    yield from _of_kind(parsed, "repairable")


@line_rule(
    "J013", "repeated-key", Severity.ERROR, hint="Keep one of the two keys. Check what the other was meant to be."
)
def repeated_key(parsed: ParsedLine) -> Problems:
    """An object has the same key twice.

    Readers keep the last value and drop the other without a message, so a message or an answer is lost (RFC 8259,
    section 4).
    Bad: {"messages": [{"role": "user", "content": "Hi"}, {"role": "assistant", "content": "Hello.", "content": "Go away."}]}
    Good: {"messages": [{"role": "user", "content": "Hi"}, {"role": "assistant", "content": "Hello."}]}
    """
    yield from _of_kind(parsed, "repeated-key")


@line_rule("J014", "not-finite", Severity.ERROR, hint="Use null, or remove the key.")
def not_finite(parsed: ParsedLine) -> Problems:
    """A number is NaN or Infinity.

    Python reads and writes these values, but they are not JSON. Other readers and hosted services reject the line.
    Bad: {"messages": [{"role": "user", "content": "Hi"}, {"role": "assistant", "content": "Hello."}], "score": NaN}
    Good: {"messages": [{"role": "user", "content": "Hi"}, {"role": "assistant", "content": "Hello."}], "score": null}
    """
    yield from _of_kind(parsed, "not-finite")


@line_rule("J002", "not-an-object", Severity.ERROR, hint="Write each line as one JSON object: {...}.")
def not_an_object(parsed: ParsedLine) -> Problems:
    """A line is JSON but not an object.

    An example is an object that holds its messages. A list of texts or a string has no place for roles, and trainers
    stop on it. A list of messages is read as a conversation, in a foreign format (J025).
    Bad:
        ["Hi"]
        {"messages": [{"role": "user", "content": "Hi"}, {"role": "assistant", "content": "Hello."}]}
    Good: {"messages": [{"role": "user", "content": "Hi"}, {"role": "assistant", "content": "Hello."}]}
    """
    value = parsed.decoded.value
    if value is not MISSING and not isinstance(value, dict) and parsed.example is None:
        yield Problem("", f"the line is {kind_of(value)}, not an object")


@file_rule("J006", "byte-order-mark", Severity.WARNING, hint="Save the file as UTF-8 without BOM.")
def byte_order_mark(facts: FileFacts) -> Problems:
    r"""The file starts with a byte order mark.

    Strict JSON readers refuse the first line because of these three invisible bytes.
    Bad: \xef\xbb\xbf{"messages": [{"role": "user", "content": "Hi"}, {"role": "assistant", "content": "Hello."}]}
    Good: {"messages": [{"role": "user", "content": "Hi"}, {"role": "assistant", "content": "Hello."}]}
    """
    if facts.bom:
        yield Problem("", "the file starts with the bytes EF BB BF")


@file_rule("J007", "wide-encoding", Severity.ERROR, hint="Convert the file: iconv -f utf-16 -t utf-8.")
def wide_encoding(facts: FileFacts) -> Problems:
    r"""The file is UTF-16 or UTF-32.

    JSON Lines is UTF-8. Other tools cannot read the file, and services refuse the upload.
    Bad: \xff\xfe{\x00}\x00
    Good: {"messages": [{"role": "user", "content": "Hi"}, {"role": "assistant", "content": "Hello."}]}
    """
    for defect in facts.defects:
        if defect.kind == "wide":
            yield Problem("", defect.message)


@line_rule("J008", "blank-line", Severity.WARNING, hint="Remove the line.")
def blank_line(parsed: ParsedLine) -> Problems:
    """A line is blank.

    Most readers skip it, some stop there, and line numbers no longer match example numbers.
    Bad:
        {"messages": [{"role": "user", "content": "Hi"}, {"role": "assistant", "content": "Hello."}]}

        {"messages": [{"role": "user", "content": "Bye"}, {"role": "assistant", "content": "Hello."}]}
    Good: {"messages": [{"role": "user", "content": "Hi"}, {"role": "assistant", "content": "Hello."}]}
    """
    if parsed.blank:
        yield Problem("", "the line is blank")


ARRAY_READERS: Final = (
    Target.TRAINER, Target.TRL, Target.AXOLOTL, Target.LLAMAFACTORY, Target.UNSLOTH, Target.MS_SWIFT,
)  # fmt: skip
"""Trainers that read an array; the built-in one trains on what `curate split` writes."""


@file_rule(
    "J011",
    "json-document",
    Severity.ERROR,
    targets=dict.fromkeys(ARRAY_READERS, Severity.INFO),
    hint="Run `curate convert FILE -o OUT.jsonl` to write JSON Lines. `curate split` and `curate run` read the file "
    "as it is.",
)
def json_document(facts: FileFacts) -> Problems:
    """The file is a JSON array or multi-line objects, not JSON Lines.

    Services read one object per line. Given an array or a pretty-printed object, they fail or see one example. Trainers
    that load data with `datasets` (TRL, axolotl, LLaMA-Factory, Unsloth, ms-swift) accept an array.
    Bad:
        [
          {"messages": [{"role": "user", "content": "Hi"}, {"role": "assistant", "content": "Hello."}]}
        ]
    Good: {"messages": [{"role": "user", "content": "Hi"}, {"role": "assistant", "content": "Hello."}]}
    """
    if facts.document:
        yield Problem(
            "",
            "the file is an array or multi-line objects, not one object per line; "
            f"{plural(facts.examples, 'example')} read",
        )


@line_rule("J017", "too-deep", Severity.WARNING, hint="Flatten the value.")
def too_deep(parsed: ParsedLine) -> Problems:
    """A line is nested too deeply.

    Readers have a limit between 128 and 1,024 levels and stop the run when a line exceeds it.
    Bad: {"messages": [{"role": "user", "content": "Hi"}, {"role": "assistant", "content": "Hello."}], "x": [[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]}
    Good: {"messages": [{"role": "user", "content": "Hi"}, {"role": "assistant", "content": "Hello."}]}
    """
    yield from _of_kind(parsed, "too-deep")


@file_rule(
    "J020", "no-examples", Severity.ERROR, hint="Check that this is the right file and that its writer finished."
)
def no_examples(facts: FileFacts) -> Problems:
    """The file contains no examples.

    Training on an empty file stops at once, or runs on the other files without a message.
    Bad: []
    Good: {"messages": [{"role": "user", "content": "Hi"}, {"role": "assistant", "content": "Hello."}]}
    """
    if not facts.examples and not facts.defects:
        yield Problem("", "no example in the file" if facts.lines else "the file is empty")


@file_rule(
    "J022",
    "mixed-formats",
    Severity.ERROR,
    hint="Split the file by format, or convert all lines to one: `curate convert --to FORM`.",
)
def mixed_formats(facts: FileFacts) -> Problems:
    """The file mixes several formats.

    A trainer detects the format from the first line and drops or misreads lines in other formats, and lines whose keys
    fit no known format. M001 reports each of those.
    Bad:
        {"messages": [{"role": "user", "content": "Hi"}, {"role": "assistant", "content": "Hello."}]}
        {"instruction": "Say hello.", "output": "Hello."}
    Good: {"messages": [{"role": "user", "content": "Hi"}, {"role": "assistant", "content": "Hello."}]}
    """
    shapes = _shapes(facts)
    if len(shapes) > 1:
        counts = ", ".join(
            f"{plural(count, 'line')} in no known format (M001)" if name == UNKNOWN else f"{count:,} {name}"
            for name, count in facts.formats.most_common()
        )
        mixture = "several formats in one file" if len(shapes - {UNKNOWN}) > 1 else "lines beside those of one format"
        yield Problem("", f"{mixture}: {counts}")


def _shapes(facts: FileFacts) -> set[str]:
    """The formats of a file; a rendered text counts as any other text under the same keys.

    Messages and the formats in `AMONG_MESSAGES` are one format. For Anthropic, so are messages with and without a
    system prompt beside them, or with content blocks.
    """
    shared = (*AMONG_MESSAGES, *(FORMATS[Target.ANTHROPIC] if facts.target is Target.ANTHROPIC else ()))
    return {"messages" if name in shared else RENDERINGS.get(name, name) for name in facts.formats}


@file_rule(
    "J025",
    "foreign-format",
    Severity.WARNING,
    targets={
        Target.TRAINER: Severity.INFO,
        **dict.fromkeys((*SERVICES, *OWN_FORMAT, Target.ANTHROPIC), Severity.ERROR),
    },
    hint="Run `curate convert FILE -o OUT.jsonl` to write messages, or pairs for preference data with `--to preference-chat`.",
)
def foreign_format(facts: FileFacts) -> Problems:
    """The file is in a known format other than messages.

    curate reads and checks this format, so without `--target` this is information. With one, a trainer must be told the
    format, or converts it in its own way. Formats that the target trains on directly, such as pairs for TRL, are not
    reported. Services refuse the file. Bedrock and
    Vertex read only their own format, and Bedrock messages with a `reference_answer` for reinforcement.
    Bad: {"instruction": "Say hello.", "output": "Hello."}
    Good: {"messages": [{"role": "user", "content": "Hi"}, {"role": "assistant", "content": "Hello."}]}
    """
    graded = facts.target is Target.BEDROCK and graded_prompts(facts) == facts.examples
    accepted = () if facts.target in OWN_FORMAT and not graded else ("messages",)
    foreign = [name for name in facts.formats if name not in (*accepted, UNKNOWN, *FORMATS.get(facts.target, ()))]
    if foreign and len(_shapes(facts)) == 1:
        rows = message_rows(facts.keys)
        yield Problem(
            "",
            f"{plural(sum(facts.formats[name] for name in foreign), 'example')} in the format {foreign[0]} "
            f"({BY_NAME[foreign[0]].summary})" + (f"; {rows}" if rows else ""),
        )


def message_rows(shapes: Iterable[tuple[str, ...]]) -> str:
    """What to do with a file in which each row seems to be a message: it has a text, its author and its conversation.

    Empty for other files. shapes: formats and keys of examples, as in `FileFacts.keys`.
    """
    for name, *keys in shapes:
        author, conversation = (next((key for key in keys if key in among), "") for among in (AUTHORS, CONVERSATIONS))
        if name == "text" and author and conversation:
            return (
                f"if each is one message, by `{author}` in the conversation `{conversation}`, join them first: one "
                "conversation a line"
            )
    return ""


@file_rule(
    "J026", "not-json", Severity.ERROR, hint="Write the file as JSON Lines, one object per line, and check that file."
)
def not_json(facts: FileFacts) -> Problems:
    """The file is an archive, a web page, a table under a foreign name or another format that is not JSON.

    Trainers that read JSON Lines cannot read it. One finding names the format and the conversion, instead of one error
    per line.
    Bad:
        prompt,completion
        Hi,Hello.
        Bye,See you.
    Good:
        {"prompt": "Hi", "completion": "Hello."}
        {"prompt": "Bye", "completion": "See you."}
    """
    for defect in facts.defects:
        if defect.kind == "kind":
            yield Problem("", f"{defect.message}; {facts.step}")
