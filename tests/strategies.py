"""Hypothesis strategies that several tests share: JSON values, conversations, and lines in every known format and near
to it.
"""

import copy
import json
import random
from collections.abc import Iterator
from typing import Any

from hypothesis import strategies as st

# Text as JSON can hold it, lone surrogates left out: bytes cannot.
texts = st.text(st.characters(codec="utf-8"), max_size=12)
scalars = (
    st.none()
    | st.booleans()
    | st.integers(-(10**20), 10**20)
    | st.floats(allow_nan=False, allow_infinity=False)
    | texts
)
json_values = st.recursive(
    scalars, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(texts, inner, max_size=4), max_leaves=12
)

roles = st.sampled_from(
    ["system", "developer", "user", "assistant", "tool", "function", "human", "gpt", "customer", " User"]
)
speakers = st.sampled_from(["human", "gpt", "system", "observation", "function_call", "Human", "narrator"])
contents = (
    texts
    | st.none()
    | st.lists(st.fixed_dictionaries({"type": st.just("text"), "text": texts}) | scalars, max_size=3)
    | scalars
)
messages = st.fixed_dictionaries(
    {}, optional={"role": roles | scalars, "content": contents, "tool_calls": json_values, "weight": scalars}
)
spoken = st.fixed_dictionaries(
    {}, optional={"from": speakers | scalars, "value": contents, "weight": scalars, "role": roles, "content": contents}
)
turns = st.lists(messages | spoken | scalars, max_size=4)
side = texts | messages | spoken | turns | scalars

KNOWN_KEYS = (
    "messages", "system", "conversations", "instruction", "input", "output", "response", "history", "prompt",
    "completion", "chosen", "rejected",
    "question", "answer", "context", "query", "problem", "solution",
    "text", "preferred_output", "non_preferred_output", "chosen_messages", "rejected_messages", "tools", "label",
)  # fmt: skip
histories = st.lists(st.lists(texts, min_size=2, max_size=2) | st.lists(scalars, max_size=3), max_size=3)
given = st.fixed_dictionaries({"messages": turns}, optional={"tools": json_values, "system": texts, "x": json_values})
any_value = st.one_of(texts, side, histories, given, json_values)


def with_keys(*required: str) -> st.SearchStrategy[dict[str, Any]]:
    """Objects that have certain keys, and perhaps others that a format knows, with any value that might stand there."""
    fixed = {
        key: turns
        if key in ("messages", "conversations", "chosen_messages")
        else texts
        if key in ("instruction", "text", "question", "answer")
        else any_value
        for key in required
    }
    return st.fixed_dictionaries(fixed, optional={key: any_value for key in KNOWN_KEYS if key not in required})


lines = st.one_of(
    with_keys("messages"),
    with_keys("messages", "system"),
    with_keys("conversations"),
    with_keys("instruction", "output"),
    with_keys("instruction", "response"),
    with_keys("prompt", "completion"),
    with_keys("prompt", "chosen", "rejected"),
    with_keys("chosen_messages", "rejected_messages"),
    with_keys("text"),
    with_keys("question", "answer"),
    with_keys("question", "response_j", "response_k"),
    st.fixed_dictionaries({"input": given, "preferred_output": side}, optional={"tools": json_values, "system": texts}),
    with_keys(),
    st.dictionaries(texts, json_values, max_size=4),
)
"""Objects in, or almost in, every format of the table."""


@st.composite
def conversations(draw: st.DrawFn) -> dict[str, Any]:
    """A sound conversation: perhaps a system prompt, then questions and answers."""
    spoken_words = texts.map(lambda text: f"{text}.")
    before = [{"role": "system", "content": draw(spoken_words)}] if draw(st.booleans()) else []
    pairs = [
        [{"role": "user", "content": draw(spoken_words)}, {"role": "assistant", "content": draw(spoken_words)}]
        for _ in range(draw(st.integers(1, 2)))
    ]
    return {"messages": before + [message for pair in pairs for message in pair]}


@st.composite
def written(draw: st.DrawFn, values: st.SearchStrategy[Any] = json_values) -> tuple[Any, str]:
    """A value and one of the ways to write it as JSON: indented or not, with escapes or without."""
    value = draw(values)
    separators = draw(st.sampled_from([(",", ":"), (", ", ": "), (" , ", " : ")]))
    return value, json.dumps(
        value, indent=draw(st.sampled_from([None, 0, 2])), ensure_ascii=draw(st.booleans()), separators=separators
    )


def inside(value: Any, path: tuple[str | int, ...] = ()) -> Iterator[tuple[tuple[str | int, ...], Any]]:
    """Every value in a value, itself first, with the keys and indices that lead to it."""
    yield path, value
    for key, item in value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ():
        yield from inside(item, (*path, key))


ODD_VALUES: list[Any] = [None, 0, "", "text", [], {}, [None], {"type": "text"}, ["a"], {"role": "user"}, True, [{}]]


def broken(seed: int, samples: list[Any]) -> Any:
    """One of the samples, in which values are gone or others."""
    pick = random.Random(seed)
    value = copy.deepcopy(pick.choice(samples))
    for _ in range(pick.randint(1, 3)):
        paths = [path for path, _ in inside(value) if path]
        if not paths:
            break
        *path, last = pick.choice(paths)
        owner: Any = value
        for key in path:
            owner = owner[key]
        if pick.random() < 0.4:
            del owner[last]
        else:
            owner[last] = copy.deepcopy(pick.choice(ODD_VALUES))
    return value
