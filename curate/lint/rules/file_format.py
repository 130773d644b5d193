"""Family J, file format: line endings, sizes, names, keys, and problems of other readers."""

from collections import Counter
from collections.abc import Iterator
from typing import Any, Final

from curate.core.example import METADATA, OPTION_KEYS, TRAINED_KEYS, UNKNOWN, Example, escape, kind_of
from curate.core.finding import PlacedProblems, Problem, Problems, Severity
from curate.core.form_keys import PAIR_SIDES
from curate.core.targets import LIMITS, MB, OPENAI_AZURE, OWN_FORMAT, SERVICES, Target
from curate.core.text import excerpt, plural, visible
from curate.lint.rules.dataset_summary import DatasetState
from curate.lint.rules.rule import dataset_rule, file_rule, value_rule
from curate.read.dataset import FileFacts
from curate.read.decode import MAX_INTEGER
from curate.read.formats import BY_NAME

COMPARED_KEYS: Final = frozenset(("content", "arguments"))
"""Keys whose types other rules compare: C008 and T016."""

STRUCTURE_PATHS: Final = frozenset(("/messages", "/messages/*", "/messages/*/role"))
"""Paths whose types M002, M004 and M005 check."""


def _key_types(value: dict[str, Any]) -> Iterator[tuple[str, str]]:
    """Each key path of an object with its JSON type; list items are under `*`."""
    stack: list[tuple[str, Any]] = [(f"/{escape(key)}", item) for key, item in value.items()]
    while stack:
        path, item = stack.pop()
        if item is not None and path not in STRUCTURE_PATHS:  # null fits any type
            yield path, kind_of(item)
        if isinstance(item, dict):
            stack += [(f"{path}/{escape(key)}", inner) for key, inner in item.items() if key not in COMPARED_KEYS]
        elif isinstance(item, list):
            stack += [(f"{path}/*", inner) for inner in item]


@dataset_rule(
    "J023",
    "type-changes",
    Severity.WARNING,
    targets={Target.TRL: Severity.ERROR, Target.OPENAI: Severity.INFO, Target.AZURE: Severity.INFO},
    hint="Use one type in all examples, a string if necessary.",
    any_key=True,
)
def type_changes(example: Example, state: DatasetState) -> None:
    """A key has different types in different examples of a file.

    Libraries that read the file into columns ("Couldn't cast ...") stop at the first example that differs. Of a file
    with more than 2,000 different keys, the first 2,000 are compared, and a note says so.
    Bad:
        {"messages": [{"role": "user", "content": "Hi"}, {"role": "assistant", "content": "Hello."}], "id": 1}
        {"messages": [{"role": "user", "content": "Bye"}, {"role": "assistant", "content": "See you."}], "id": "2"}
    Good:
        {"messages": [{"role": "user", "content": "Hi"}, {"role": "assistant", "content": "Hello."}], "id": "1"}
        {"messages": [{"role": "user", "content": "Bye"}, {"role": "assistant", "content": "See you."}], "id": "2"}
    """
    written = example.value
    if example.source is not None:  # a string that is read as a list of messages is a string in the file
        written = {key: example.source[key] for key in written if key in example.source}
    for path, kind in _key_types(written):
        state.summary.add_type(path, kind, example.place)


@type_changes.finalize
def type_findings(state: DatasetState) -> PlacedProblems:
    """The keys with several types."""
    changing = {path: kinds for path, kinds in state.summary.key_types.items() if len(kinds) > 1}
    for path, kinds in sorted(changing.items()):
        ordered = sorted(kinds.items(), key=lambda pair: (-pair[1][0], pair[1][1].line))
        counts = ", ".join(
            f"{kind} {plural(count, 'time')} (first at {visible(str(first))})" for kind, (count, first) in ordered
        )
        yield ordered[-1][1][1], Problem("" if "/*" in path else path, f"{visible(excerpt(path, 80))} is {counts}")


TRAINER_KEYS: Final = frozenset((*TRAINED_KEYS, *OPTION_KEYS, "system", "chosen_messages", "reference_answer"))
"""Top-level keys that some trainer reads, in any format."""
TOGETHER_KEYS: Final = {
    "messages": {"messages", "tools"},
    "prompt-completion": {"prompt", "completion"},
    "rendered-completion": {"prompt", "completion"},
    "text": {"text"},
    "rendered": {"text"},
    "openai-preference": {"input", *PAIR_SIDES["openai-preference"]},
}
"""All keys that together.ai accepts in a line, by format."""


@file_rule(
    "J009",
    "carriage-returns",
    Severity.INFO,
    hint="Write lines that end in \\n only: dos2unix, or open(..., newline='\\n').",
)
def carriage_returns(facts: FileFacts) -> Problems:
    r"""Lines end in CR LF (Windows).

    Most readers accept this, but tools that compare bytes do not. A file with both line endings comes from two sources.
    There is no repair: it would change every line, and git may write CR LF on purpose.
    Bad: {"messages": [{"role": "user", "content": "Hi"}, {"role": "assistant", "content": "Hello."}]}\x0d
    Good: {"messages": [{"role": "user", "content": "Hi"}, {"role": "assistant", "content": "Hello."}]}
    """
    if facts.crlf and facts.lf:
        yield Problem("", f"{plural(facts.crlf, 'line')} of {facts.crlf + facts.lf:,} end in CR LF, the others in LF")
    elif facts.crlf:
        yield Problem("", "the lines end in CR LF")


@value_rule("J015", "huge-number", Severity.WARNING, hint="Write the number as a string.", any_key=True)
def huge_number(example: Example) -> Problems:
    """An integer does not fit into 64 bits.

    JSON has no limit, but Arrow, pandas and JavaScript fail or round the number.
    Bad: {"messages": [{"role": "user", "content": "Hi"}, {"role": "assistant", "content": "Hello."}], "id": 18446744073709551616}
    Good: {"messages": [{"role": "user", "content": "Hi"}, {"role": "assistant", "content": "Hello."}], "id": "18446744073709551616"}
    """
    stack: list[tuple[str, Any]] = [
        (example.tools_pointer if key == "tools" else f"/{escape(key)}", value) for key, value in example.value.items()
    ]
    while stack:
        pointer, value = stack.pop()
        if isinstance(value, dict):
            stack += [(f"{pointer}/{escape(key)}", item) for key, item in value.items() if not isinstance(item, str)]
        elif isinstance(value, list):
            stack += [(f"{pointer}/{i}", item) for i, item in enumerate(value) if not isinstance(item, str)]
        elif isinstance(value, int) and not -MAX_INTEGER <= value < MAX_INTEGER:
            yield Problem(
                pointer if example.pointers is None or not pointer.startswith("/messages") else "",
                "an integer does not fit into 64 bits",
            )


@file_rule(
    "J016", "line-separator", Severity.WARNING, hint="Escape these characters: json.dumps does, with ensure_ascii=True."
)
def line_separator(facts: FileFacts) -> Problems:
    r"""A line contains U+2028, U+2029 or U+0085 unescaped.

    JSON allows them, but Python's `splitlines` and some editors break the line there. The reader sees two halves that
    are not JSON.
    Bad: {"messages": [{"role": "user", "content": "Hi\xe2\x80\xa8there"}, {"role": "assistant", "content": "Hello."}]}
    Good: {"messages": [{"role": "user", "content": "Hi\nthere"}, {"role": "assistant", "content": "Hello."}]}
    """
    if facts.separated:
        yield Problem(
            "",
            f"{plural(facts.separated, 'line')} with U+2028, U+2029 or U+0085 in a string, unescaped; the first "
            f"is line {facts.first_separated}",
        )


@file_rule(
    "J018",
    "file-too-big",
    Severity.ERROR,
    only=(*SERVICES, *OWN_FORMAT),
    hint="Remove duplicates (`curate dedup`), or train on a part of the file.",
)
def file_too_big(facts: FileFacts) -> Problems:
    """The file is larger than the service accepts, or has more examples.

    The service refuses the file, often after the whole upload. (The tests of these examples lower the limit to 200
    bytes.)
    Bad:
        {"messages": [{"role": "user", "content": "Hi"}, {"role": "assistant", "content": "Hello."}]}
        {"messages": [{"role": "user", "content": "Bye"}, {"role": "assistant", "content": "See you."}]}
        {"messages": [{"role": "user", "content": "Thanks"}, {"role": "assistant", "content": "Welcome."}]}
    Good: {"messages": [{"role": "user", "content": "Hi"}, {"role": "assistant", "content": "Hello."}]}
    """
    limits = LIMITS[facts.target]
    if limits.file_bytes is not None and facts.size > limits.file_bytes:
        yield Problem(
            "",
            f"the file has {facts.size / MB:,.1f} MB; {facts.target} accepts {limits.file_bytes / MB:,.1f} MB "
            f"({limits.source})",
        )
    if limits.max_examples is not None and facts.examples > limits.max_examples:
        yield Problem(
            "",
            f"{plural(facts.examples, 'example')}; {facts.target} accepts {limits.max_examples:,} ({limits.source})",
        )


@file_rule(
    "J019",
    "wrong-file-type",
    Severity.ERROR,
    only=OPENAI_AZURE,
    hint="Upload plain JSON Lines with a name that ends in .jsonl.",
)
def wrong_file_type(facts: FileFacts) -> Problems:
    r"""The file is compressed, or its name does not end in .jsonl.

    The service checks the name and the first bytes, and accepts only plain JSON Lines.
    Bad: \x1f\x8b\x08\x00\x00\x00\x00\x00\x02\xff\xab\xae\x05\x00\x43\xbf\xa6\xa3\x02\x00\x00\x00\
    Good: {"messages": [{"role": "user", "content": "Hi"}, {"role": "assistant", "content": "Hello."}]}
    """
    if facts.packed:
        yield Problem("", f"the file is {facts.packed}; {facts.target} accepts plain .jsonl only")
    elif not facts.path.lower().endswith(".jsonl"):
        yield Problem("", f"the name does not end in .jsonl; {facts.target} accepts no other")


@file_rule(
    "J021",
    "too-few-examples",
    Severity.ERROR,
    only=(Target.FIREWORKS, Target.OPENAI, Target.AZURE, Target.MISTRAL, Target.BEDROCK),
    hint="Add examples. The service starts no job below this number.",
)
def too_few_examples(facts: FileFacts) -> Problems:
    """The file has fewer examples than the service requires.

    The service refuses the job after the upload.
    Bad: {"messages": [{"role": "user", "content": "Hi"}, {"role": "assistant", "content": "Hello."}]}
    Good:
        {"messages": [{"role": "user", "content": "Hi"}, {"role": "assistant", "content": "Hello."}]}
        {"messages": [{"role": "user", "content": "Bye"}, {"role": "assistant", "content": "See you."}]}
        {"messages": [{"role": "user", "content": "Thanks"}, {"role": "assistant", "content": "Welcome."}]}
    """
    limits = LIMITS[facts.target]
    fewest, unit = limits.min_examples, "example"
    if limits.min_prompts is not None and graded_prompts(facts) == facts.examples:
        fewest, unit = limits.min_prompts, "prompt"
    if facts.examples and fewest is not None and facts.examples < fewest:
        yield Problem("", f"{plural(facts.examples, unit)}; {facts.target} requires {fewest} ({limits.source})")


def graded_prompts(facts: FileFacts) -> int:
    """The number of messages with a `reference_answer`, which Bedrock reads as prompts for reinforcement."""
    return sum(count for keys, count in facts.keys.items() if keys[0] == "messages" and "reference_answer" in keys)


@file_rule(
    "J024",
    "unknown-key",
    Severity.INFO,
    targets={Target.TOGETHER: Severity.ERROR},
    hint="Check for misspelled keys, or remove them: training does not use them. `curate convert --user '{KEY}' "
    "--assistant '{KEY}'` puts their text into the messages.",
)
def unknown_key(facts: FileFacts) -> Problems:
    """Examples have keys that no trainer uses.

    A misspelled `tools` is dropped without a warning, and together.ai refuses a file with any unknown key. There is one
    finding per file. Ids, sources and other metadata are not reported where they do no harm.
    Bad: {"messages": [{"role": "user", "content": "Hi"}, {"role": "assistant", "content": "Hello."}], "tool": []}
    Good: {"messages": [{"role": "user", "content": "Hi"}, {"role": "assistant", "content": "Hello."}], "tools": []}
    """
    unread: Counter[str] = Counter()
    for (name, *keys), count in facts.keys.items():
        if name == UNKNOWN:
            continue
        read_keys = TRAINER_KEYS | METADATA | {*BY_NAME[name].uses}
        if facts.target is Target.TOGETHER:
            read_keys = frozenset(TOGETHER_KEYS.get(name, read_keys))
        unread.update({key: count for key in keys if key not in read_keys})
    unread.update({key: count for key, count in facts.unread.items() if key not in TRAINER_KEYS and key not in unread})
    if unread:
        shown = ", ".join(f"{visible(excerpt(key, 30))} ({count:,})" for key, count in unread.most_common(8))
        more = f" and {len(unread) - 8:,} more" if len(unread) > 8 else ""
        yield Problem(
            "",
            f"{plural(len(unread), 'key')} beside the conversation that "
            f"{'the service refuses' if facts.target is Target.TOGETHER else 'training does not use'}, with the "
            f"number of examples: {shown}{more}",
        )
