"""Damage to real files: of their bytes, lines, encodings and packing, and of the values inside their JSON."""

import codecs
import gzip
import json
from collections.abc import Callable
from random import Random
from typing import Any, Final

from tests.packed import zstd
from tests.strategies import KNOWN_KEYS, inside

FRAGMENTS: Final = (
    b"{", b"}", b"[", b"]", b'"', b",", b":", b"\\", b"\n", b"\r\n", b"\r", b" ", b"\t", b"\x00", b"\xff", b"\xc3",
    b"\xed\xa0\x80", b"\xf4\x90\x80\x80",
    codecs.BOM_UTF8, b"\\ud83d", b"\\ude00", b"\\u0000", b"\\u001b[31m", b"\x1b[2J", b"null", b"NaN", b"-Infinity",
    b"1e999", b"-0", b"0" * 50, b"9" * 5000,
    b'"role"', b'"messages":', b'"content":null', b"'", b"None", b"True", b"/*", b"//", b"<|im_end|>", b"</s>",
    b"[INST]", b"\xe2\x80\xa8", b"\xc2\x85",
    b"\x1f\x8b", b"\x28\xb5\x2f\xfd", b"PK\x03\x04", b"\xff\xfe",
)  # fmt: skip
TEXTS: Final = (
    "", " ", "\u202e", "\ud83d", "\x00", "\x1b[31m", "a" * 100_000, "word " * 3000, "é" * 500, "\u200b" * 40,
    "```", "<|im_start|>user", "{{name}}", "Ã©Ã¨â€™",
    "sk-" + "a1B2c3D4e5F6g7H8" * 3, "4111 1111 1111 1111", "DE89370400440532013000",
    "-----BEGIN PRIVATE KEY-----", "me@mail.example.org", "As an AI language model",
    "user", "assistant", "system", "tool", "function", "human", "gpt", "developer", "ipython", "User ", "text",
    "image_url", "function_call", "call_1",
    '{"a": 1}', '{"a": 1', "[]", "null", "\n\n### Human: ",
    "日本語" * 200, "\u0301" * 300, "data:image/png;base64," + "A" * 4000, "https://example.org/a.png", "1" * 5000,
)  # fmt: skip
KEYS: Final = (
    *KNOWN_KEYS, "role", "content", "tool_calls", "tool_call_id", "function_call", "name", "weight", "arguments", "id",
    "type", "function", "functions",
    "from", "value", "parameters", "properties", "required", "refusal", "audio", "image_url", "url",
    "non_preferred_output", "parallel_tool_calls", "train",
    "reasoning", "", "/", "~", "~1", "a" * 5000, "\ud800", "\x00", "$ref", "$schema", "items", "enum", "pattern",
    "anyOf", "strict", "response_format",
    "json_schema", "schema",
)  # fmt: skip
NUMBERS: Final = (
    0,
    -1,
    1,
    2,
    0.5,
    -0.0,
    1e308,
    5e-324,
    2**53,
    2**63,
    2**64,
    -(2**200),
    10**400,
    float("nan"),
    float("inf"),
)
MAX_KEPT_BYTES: Final = 200_000
"""Bytes of a file that are kept before damage is done: many small trials find more than few big ones."""


def excerpt(data: bytes, random: Random) -> bytes:
    """Some consecutive lines of a file, or the beginning of one without."""
    lines = data.splitlines(keepends=True)
    start, count = random.randrange(len(lines) or 1), random.choice((1, 2, 3, 10, 40))
    return b"".join(lines[start : start + count])[:MAX_KEPT_BYTES]


def mutated(data: bytes, other: bytes, random: Random) -> bytes:
    """`data` with one to four mutations, the last of which may repack or encode it anew; `other` is what lines are
    taken from.
    """
    for _ in range(random.choice((1, 1, 2, 4))):
        data = (
            random.choice(LINES)(data, other, random) if random.random() < 0.85 else random.choice(BYTES)(data, random)
        )
    return random.choice(WHOLE)(data, random) if random.random() < 0.15 else data


# Bytes


def _flip(data: bytes, random: Random) -> bytes:
    found = bytearray(data or b"\x00")
    for _ in range(random.choice((1, 1, 5))):
        found[random.randrange(len(found))] = random.randrange(256)
    return bytes(found)


def _put(data: bytes, random: Random) -> bytes:
    at = random.randint(0, len(data))
    return data[:at] + random.choice(FRAGMENTS) * random.choice((1, 1, 1, 2, 300)) + data[at:]


def _cut(data: bytes, random: Random) -> bytes:
    at = random.randint(0, len(data))
    return (
        data[: random.randint(0, len(data))]
        if random.random() < 0.5
        else data[:at] + data[at + random.choice((1, 2, 30)) :]
    )


def _again(data: bytes, random: Random) -> bytes:
    at = random.randint(0, len(data))
    return data[:at] + data[max(0, at - random.choice((1, 20, 500))) :]


def _deep(data: bytes, random: Random) -> bytes:
    at, depth = random.randint(0, len(data)), random.choice((150, 201, 399, 401, 1000, 3000, 50_000))
    return (
        data[:at]
        + random.choice((b"[" * depth + b"]" * depth, b'{"a":' * depth + b"1" + b"}" * depth, b"[" * depth))
        + data[at:]
    )


BYTES: Final[tuple[Callable[[bytes, Random], bytes], ...]] = (_flip, _put, _put, _cut, _again, _deep)


# The file as a whole


def _encoded(data: bytes, random: Random) -> bytes:
    return data.decode("utf-8", "replace").encode(
        random.choice(("utf-16", "utf-16-le", "utf-16-be", "utf-32", "utf-8-sig", "utf-7")), "replace"
    )


def _endings(data: bytes, random: Random) -> bytes:
    return data.replace(b"\n", random.choice((b"\r\n", b"\r", b"\n\n", b"\n\r", b" \n", b"\x00\n", b",\n", b"")))


def _document(data: bytes, random: Random) -> bytes:
    lines = data.splitlines()
    return random.choice((b"[%s]", b"[\n%s\n", b"%s]", b'{"data": [%s]}', b"[%s,]", b"[[%s]]")) % random.choice(
        (b",\n", b"\n", b",,", b"\n,")
    ).join(lines)


def _packed(data: bytes, random: Random) -> bytes:
    pack = random.choice((gzip.compress, zstd.compress))
    packed = pack(data)
    change = random.choice(("none", "cut", "twice", "tail", "flip", "bomb"))
    if change == "bomb":
        return pack(b" " * 30_000_000 + data)
    changed = {
        "cut": packed[: random.randint(2, len(packed))],
        "twice": packed + pack(data),
        "tail": packed + b"tail",
        "flip": _flip(packed, random),
    }
    return changed.get(change, packed)


WHOLE: Final[tuple[Callable[[bytes, Random], bytes], ...]] = (_encoded, _endings, _document, _packed)


# Lines, and values in them


def _splice(data: bytes, other: bytes, random: Random) -> bytes:
    lines, others = data.split(b"\n"), other.split(b"\n")
    at, taken = random.randrange(len(lines)), random.choice(others)
    change = random.choice(("insert", "halves", "join", "copy", "many", "swap", "blank"))
    if change == "halves":
        lines[at] = lines[at][: random.randint(0, len(lines[at]))] + taken[random.randint(0, len(taken)) :]
    elif change == "join":
        lines[at] += taken
    elif change == "many":
        lines[at:at] = [lines[at]] * random.choice((2, 50))
    else:
        lines.insert(at, {"insert": taken, "copy": lines[at], "swap": lines.pop(), "blank": b""}[change])
    return b"\n".join(lines)


def _value(data: bytes, other: bytes, random: Random) -> bytes:
    """One line with one to three of its values changed, written anew."""
    lines = data.split(b"\n")
    at = random.randrange(len(lines))
    try:
        value, donor = json.loads(lines[at]), json.loads(random.choice(other.split(b"\n")))
    except (ValueError, RecursionError):
        return data
    for _ in range(random.choice((1, 1, 3))):
        value = _changed(value, donor, random)
    written = json.dumps(
        value, ensure_ascii=random.random() < 0.5, separators=random.choice(((",", ":"), (", ", ": ")))
    )
    if random.random() < 0.1:  # a key twice
        written = written.replace(
            "{",
            "{" + json.dumps(random.choice(KEYS)) + ": 1, " + json.dumps(random.choice(KEYS)) + ": {}, ",
            random.choice((1, 3)),
        )
    lines[at] = written.encode("utf-8", "surrogatepass").replace(b"\n", b" ")
    return b"\n".join(lines)


def _changed(value: Any, donor: Any, random: Random) -> Any:
    path, old = random.choice(list(inside(value)))
    kind = random.choice(
        ("replace", "replace", "number", "text", "key", "gone", "wrap", "graft", "known", "copy", "double")
    )
    if kind == "key" and isinstance(old, dict):
        return _with(
            value, path, {random.choice(KEYS) if random.random() < 0.5 else key: item for key, item in old.items()}
        )
    if kind == "known" and isinstance(old, dict):
        return _with(value, path, old | {random.choice(KEYS): random.choice(list(inside(donor)))[1]})
    if kind in ("gone", "copy") and isinstance(old, list) and old:
        at = random.randrange(len(old))
        return _with(value, path, old[:at] + (old[at : at + 1] * 2 if kind == "copy" else []) + old[at + 1 :])
    if kind == "gone" and isinstance(old, dict) and old:
        gone = random.choice(list(old))
        return _with(value, path, {key: item for key, item in old.items() if key != gone})
    if kind == "double" and isinstance(old, str):
        return _with(value, path, old * random.choice((2, 60)))
    new = {
        "number": random.choice(NUMBERS),
        "text": random.choice(TEXTS),
        "wrap": random.choice(([old], {"text": old}, {"type": "text", "text": old}, json.dumps(old))),
        "graft": random.choice(list(inside(donor)))[1],
    }.get(kind, random.choice((None, True, False, [], {}, "", 0, [[]], [None], {"": None}, *TEXTS[:4])))
    return _with(value, path, new)


def _with(value: Any, path: tuple[str | int, ...], new: Any) -> Any:
    """A copy of `value` in which `new` stands at `path`."""
    if not path:
        return new
    key, *rest = path
    if isinstance(value, list):
        return [_with(item, tuple(rest), new) if at == key else item for at, item in enumerate(value)]
    return {name: _with(item, tuple(rest), new) if name == key else item for name, item in value.items()}


LINES: Final[tuple[Callable[[bytes, bytes, Random], bytes], ...]] = (_splice, _value, _value, _value, _value)
