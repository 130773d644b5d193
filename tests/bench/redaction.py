"""Private values of 43 kinds planted into chats, and how many of them `curate redact` finds.

    python -m tests.bench.redaction [--holdout] [--each N] [--seed N] [--show] [--keep FOLDER]
                                    [--forms FILE [--verify] | --chats LANGUAGE=FILE ...]

Plants N values (48) of each kind into chats in English, German, French and Spanish: letters, customer support, code
and logs, arguments and results of tools. Adds 500 rows without a private value. Runs `curate redact --style label`
and prints per kind the recall (the value is no longer in the row), how many values were replaced whole, and the
precision (replaced spans in sentences of the kind that are the planted value), and how many rows without a value were
changed. `--holdout` takes the wordings that nothing was improved on. `--forms` takes
the sentences of a file with a kind, a value and a text in each line instead, such as `redaction_abroad_later.txt`;
with `--verify` it counts those that `curate verify` searches for. `--chats` plants the sentences into real chats, each
into one of its language (en, de, fr or es; any language for code and JSON), and then redacts the same chats without
them: what is changed there is printed by kind, with `--show` each change with its surroundings.
"""

import argparse
import ast
import contextlib
import copy
import io
import json
import re
import sys
import tempfile
import time
from collections import Counter, defaultdict
from collections.abc import Iterator
from pathlib import Path
from random import Random
from typing import Any, NamedTuple

from curate.cli.main import main as curate
from curate.verify.redaction import verify_redaction
from tests.bench.redaction_values import KINDS, person

HERE = Path(__file__).parent
LABEL = re.compile(r"\[[A-Z][A-Z0-9_]*_\d+\]")
OPENINGS = [
    "I have a question.",
    "Please help me with this.",
    "Guten Tag, ich brauche Hilfe.",
    "Bonjour, une question.",
    "Hola, necesito ayuda.",
    "Version 2.31.0 was fine.",
    "It worked on 3 May.",
]
ANSWERS = [
    "Thanks, I will look into it.",
    "Das prüfe ich gern für Sie.",
    "Je regarde cela tout de suite.",
    "Lo reviso ahora mismo.",
    "This takes 3-5 days.",
]


class Planted(NamedTuple):
    """A text of a row, and the private values in it."""

    row: int
    kind: str
    text: str
    values: list[str]


def wordings(path: Path) -> dict[str, list[tuple[str, str]]]:
    """The sentences of each kind, each with its language."""
    found: dict[str, list[tuple[str, str]]] = defaultdict(list)
    for line in path.read_text("utf-8").splitlines():
        if line and not line.startswith("#"):
            kind, language, text = line.split("\t")
            found[kind].append((language, text.replace("\\n", "\n").replace("\\\\", "\\")))
    return found


def planted_text(random: Random, kind: str, language: str, wording: str) -> tuple[str, list[str]]:
    """The sentence with a value, and the values."""
    wording = wording.replace("{venv}", "env")
    if kind.startswith("name_"):
        first, last = person(random, language)
        parts = {"{first}": first, "{last}": last, "{full}": f"{first} {last}"}
    else:
        parts = {"{v}": KINDS[kind](random, language)}
    used = [value for mark, value in parts.items() if mark in wording]
    for mark, value in parts.items():
        wording = wording.replace(mark, value)
    return wording, used


def row_of(random: Random, text: str) -> dict[str, Any]:
    """A chat around the text: a tool call or result where it is JSON."""
    opening, answer = random.choice(OPENINGS), random.choice(ANSWERS)
    if text.startswith("{"):
        call = {"id": "c1", "type": "function", "function": {"name": "lookup", "arguments": "{}"}}
        result = "ok"
        if random.random() < 0.5:
            call["function"] = {"name": "lookup", "arguments": text}
        else:
            result = text
        return {
            "messages": [
                {"role": "user", "content": opening},
                {"role": "assistant", "content": None, "tool_calls": [call]},
                {"role": "tool", "tool_call_id": "c1", "content": result},
                {"role": "assistant", "content": answer},
            ]
        }
    if text.startswith("```python") and random.random() < 0.7:
        turns = [("user", opening), ("assistant", f"Try this:\n{text}")]
    elif "\n\n" in text:
        turns = [("user", text), ("assistant", answer)]
    else:
        turns = [
            ("user", f"{opening} {text}" if not text.startswith("`") else f"{opening}\n{text}"),
            ("assistant", answer),
        ]
    return {"messages": [{"role": role, "content": content} for role, content in turns]}


def sentences(path: Path) -> tuple[list[dict[str, Any]], list[Planted]]:
    """The rows of a file with a kind, a value and a text in each line."""
    text = path.read_text("utf-8").replace("{_}", "")
    lines = [
        [part.replace("⏎", "\n").replace("⇥", "\t") for part in line.split("\t")]
        for line in text.split("\n")
        if line and not line.startswith("#")
    ]
    planted = [Planted(row, kind, text, [value]) for row, (kind, value, text) in enumerate(lines)]
    chats = [[("user", plant.text), ("assistant", "ok")] for plant in planted]
    return [{"messages": [{"role": r, "content": c} for r, c in chat]} for chat in chats], planted


def rows(random: Random, holdout: bool, each: int) -> tuple[list[dict[str, Any]], list[Planted]]:
    """All rows, and what is planted in them; kind "" is a row without a value."""
    found: list[dict[str, Any]] = []
    planted: list[Planted] = []
    path = HERE / ("redaction_wordings_holdout.txt" if holdout else "redaction_wordings.txt")
    for kind, sentences in wordings(path).items():
        for index in range(each):
            text, values = planted_text(random, kind, *sentences[index % len(sentences)])
            planted.append(Planted(len(found), kind, text, values))
            found.append(row_of(random, text))
    lines = [line.split("\t") for line in (HERE / "redaction_negatives.txt").read_text("utf-8").splitlines()]
    plain = [line[1].replace("\\n", "\n") for line in lines if line[0] == ("2" if holdout else "1")]
    for index in range(500):
        text = plain[index % len(plain)]
        if not re.search(r"#%#%#%#", text):
            text = re.sub("#", lambda _: str(random.randrange(10)), text)
        text = re.sub("%", lambda _: str(random.randrange(1, 10)), text)
        planted.append(Planted(len(found), "", text, []))
        found.append(row_of(random, text))
    return found, planted


def chats_of(path: Path) -> list[dict[str, Any]]:
    """The chats of a file of JSON Lines or of one JSON list, without their own `id`."""
    text = path.read_text("utf-8")
    values = json.loads(text) if text.startswith("[") else [json.loads(line) for line in text.splitlines() if line]
    return [{key: item for key, item in value.items() if key != "id"} for value in values if turns_of(value)]


def turns_of(chat: dict[str, Any]) -> list[tuple[dict[str, Any], str]]:
    """The turns of persons and assistants with a text, each with the key of the text."""
    turns = chat.get("messages") or chat.get("conversations") or []
    keys = [(turn, "content" if "content" in turn else "value") for turn in turns]
    roles = ("user", "assistant", "human", "gpt")
    return [
        (turn, key)
        for turn, key in keys
        if turn.get("role", turn.get("from")) in roles and isinstance(turn.get(key), str)
    ]


def in_chats(
    random: Random, holdout: bool, each: int, chats: dict[str, list[dict[str, Any]]]
) -> tuple[list[dict[str, Any]], list[Planted]]:
    """Real chats, each with a sentence of a kind at the start or the end of a turn or of a paragraph of it."""
    data: list[dict[str, Any]] = []
    planted: list[Planted] = []
    path = HERE / ("redaction_wordings_holdout.txt" if holdout else "redaction_wordings.txt")
    for kind, sentences in wordings(path).items():
        for index in range(each):
            language, wording = sentences[index % len(sentences)]
            text, values = planted_text(random, kind, language, wording)
            chat = copy.deepcopy(random.choice(chats[language if language in chats else random.choice(sorted(chats))]))
            turn, key = random.choice(turns_of(chat))
            parts = re.split(r"(\n\n+)", turn[key])
            place = 2 * random.randrange((len(parts) + 1) // 2)
            joint = "\n" if text.startswith(("{", "`")) or "\n" in text else " "
            pair = [text, parts[place]] if random.random() < 0.5 else [parts[place], text]
            parts[place] = ("\n" if "```" in parts[place] else joint).join(pair)
            turn[key] = "".join(parts)
            planted.append(Planted(len(data), kind, text, values))
            data.append(chat)
    return data, planted


def measure_unplanted(folder: Path, data: list[dict[str, Any]], show: bool) -> None:
    """Print what redaction changes in chats in which nothing is planted."""
    outputs = redacted(folder, data)
    kinds: Counter[str] = Counter()
    for number, row in outputs.items():
        row.pop("id")
        before, after = (list(texts(value, decode=False)) for value in (data[number], row))
        for old, new in zip(before, after, strict=True):
            labels = [re.sub(r"\W|_\d+\]", "", label) for label in LABEL.findall(new)] if old != new else []
            kinds.update(labels)
            if show and old != new:
                for label, span in zip(labels, spans(old, new) or [], strict=False):
                    start = max(0, old.find(span) - 60)
                    print(f"unplanted {label}: {span!r} in {old[start : start + 120 + len(span)]!r}")
    print(f"chats without a planted value: {len(data)}, set aside {len(data) - len(outputs)}, {kinds.total()} changes")
    print(", ".join(f"{kind.lower()} {count}" for kind, count in kinds.most_common()))


def count_searched(folder: Path, data: list[dict[str, Any]], planted: list[Planted]) -> None:
    """Print how many of the planted values `curate verify` searches for: it reports fewer values without them."""
    count = Counter[bool]()
    for one in planted:
        for value in one.values if one.kind else ():
            row = data[one.row]
            without = json.loads(json.dumps(row).replace(json.dumps(value)[1:-1], "…"))
            original, redacted = folder / "original.jsonl", folder / "redacted.jsonl"
            original.write_text(json.dumps(row), "utf-8")
            left = []
            for changed in (row, without):
                redacted.write_text(json.dumps(changed), "utf-8")
                left.append(len(verify_redaction([redacted], [original]).left))
            count[left[0] > left[1]] += 1
    print(f"verify searches for {count[True]} of {count.total()} values")


def texts(value: object, *, decode: bool = True) -> Iterator[str]:
    """The strings of a JSON value. `decode`: those in JSON arguments and results, instead of the JSON."""
    if isinstance(value, dict):
        for item in value.values():
            yield from texts(item, decode=decode)
    elif isinstance(value, list):
        for item in value:
            yield from texts(item, decode=decode)
    elif isinstance(value, str):
        if decode and value.startswith("{"):
            with contextlib.suppress(ValueError):
                yield from texts(json.loads(value))
                return
        yield value


def spans(before: str, after: str) -> list[str] | None:
    """What the labels of `after` replaced in `before`; None if anything else changed."""
    if before == after:
        return []
    parts = [re.escape(part) for part in LABEL.split(after)]
    match = re.fullmatch("(.+?)".join(parts), before, re.DOTALL)
    return list(match.groups()) if match else None


def plain(text: str) -> str:
    return re.sub(r"[\W_]", "", text).lower()


def compiles(text: str) -> bool:
    for code in re.findall(r"```python\n(.*?)```", text, re.DOTALL):
        try:
            ast.parse(code)
        except SyntaxError:
            return False
    return True


def redacted(folder: Path, data: list[dict[str, Any]]) -> dict[int, dict[str, Any]]:
    """The rows that redaction writes, by number."""
    source, output = folder / "data.jsonl", folder / "shared.jsonl"
    source.write_text(
        "".join(json.dumps({"id": n, **row}, ensure_ascii=False) + "\n" for n, row in enumerate(data)), "utf-8"
    )
    started = time.process_time()
    with contextlib.redirect_stdout(io.StringIO()) as printed, contextlib.suppress(SystemExit):
        curate(["redact", str(source), "-o", str(output), "--style", "label", "--overwrite", "-q"])
    print(f"{(time.process_time() - started) / len(data) * 1000:.2f} ms a row", file=sys.stderr)
    print(printed.getvalue().strip(), file=sys.stderr)
    return {row["id"]: row for row in map(json.loads, output.read_text("utf-8").splitlines())}


def measure(  # noqa: PLR0912
    folder: Path, data: list[dict[str, Any]], planted: list[Planted], show: bool, *, is_in_chats: bool = False
) -> None:
    outputs = redacted(folder, data)
    count: dict[str, Counter[str]] = defaultdict(Counter)
    aside = changed = broken = 0
    for one in planted:
        tally = count[one.kind]
        if one.row not in outputs:
            aside += 1
            tally["aside"] += 1
            continue
        output = {key: item for key, item in outputs[one.row].items() if key != "id"}
        before, after = (list(texts(row, decode=not is_in_chats)) for row in (data[one.row], output))
        joined = "\n".join(after)
        broken += compiles("\n".join(before)) and not compiles(joined)
        before = before[: len(after)]
        hits = [spans(old, new) for old, new in zip(before, after, strict=True)]
        flat = [span for hit in hits if hit for span in hit]
        covered = plain("".join(flat))  # of `user@host`, user and host are replaced each
        if None in hits:
            tally["unaligned"] += 1
        if not one.kind:
            changed += before != after
            if show and before != after:
                print(f"changed: {flat} in {one.text!r}")
            continue
        for value in one.values:
            tally["values"] += 1
            gone = value not in joined
            tally["gone"] += gone
            tally["whole"] += gone and plain(value) in covered
            if show and not gone:
                print(f"missed {one.kind}: {value!r} in {one.text!r}")
            elif show and plain(value) not in covered:
                print(f"part {one.kind}: {flat} of {value!r} in {one.text!r}")
        for span in flat:
            if is_in_chats and span not in one.text:
                tally["elsewhere"] += 1
                continue
            right = any(plain(span) in plain(value) or (plain(value) in plain(span)) for value in one.values)
            tally["spans"] += 1
            tally["right"] += right
            if show and not right:
                print(f"wrong {one.kind}: {span!r} in {one.text!r}")
    print(f"{'kind':20} values recall whole precision aside")
    for kind, tally in [*count.items(), ("all", sum((count[kind] for kind in count if kind), Counter[str]()))]:
        if kind:
            values, found = max(tally["values"], 1), max(tally["spans"], 1)
            print(
                f"{kind:20} {tally['values']:6} {tally['gone'] / values:6.3f} {tally['whole'] / values:5.3f} "
                f"{tally['right'] / found:9.3f} {tally['aside']:5} {'unaligned ' + str(tally['unaligned']) if tally['unaligned'] else ''}"  # noqa: E501
            )
    print(
        f"rows without a value: {sum(not one.kind for one in planted)}, changed {changed}; set aside {aside}; code broken {broken}"  # noqa: E501
    )


def run() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--holdout", action="store_true")
    parser.add_argument("--each", type=int, default=48)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--show", action="store_true")
    parser.add_argument("--keep", type=Path)
    parser.add_argument("--forms", type=Path)
    parser.add_argument("--verify", action="store_true")
    parser.add_argument("--chats", nargs="+", metavar="LANGUAGE=FILE")
    options = parser.parse_args()
    chats: dict[str, list[dict[str, Any]]] = {}
    for pair in options.chats or ():
        language, _, path = pair.partition("=")
        chats.setdefault(language, []).extend(chats_of(Path(path)))
    random = Random(options.seed)
    if options.forms:
        data, planted = sentences(options.forms)
    elif chats:
        data, planted = in_chats(random, options.holdout, options.each, chats)
    else:
        data, planted = rows(random, options.holdout, options.each)
    with tempfile.TemporaryDirectory() as name:
        folder = options.keep or Path(name)
        folder.mkdir(parents=True, exist_ok=True)
        if options.verify:
            count_searched(folder, data, planted)
            return
        measure(folder, data, planted, options.show, is_in_chats=bool(chats))
        if chats:
            measure_unplanted(folder, [chat for part in chats.values() for chat in part], options.show)


if __name__ == "__main__":
    run()
