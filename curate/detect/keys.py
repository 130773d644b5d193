"""Keys of examples: 64 bits that are equal where two ask the same thing, where one conversation begins another, where both come from one source.

`asked` is that of `Question.context`: system prompt, tools, earlier turns and the last request, normalised. `whole` stands for a
conversation that ends on an answer, `begun` for what it is up to each earlier answer; so a conversation begins another one where its
`whole` is among the other's `begun`. Turns are equal there to the letter, tools and the other side of a preference too.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Final, NamedTuple

import orjson
import xxhash

from curate.detect.compared import SILENT
from curate.detect.field import value_at
from curate.detect.question import question_of, spelled_request
from curate.example import ATTACHED, Example, canonical
from curate.text import normalised

if TYPE_CHECKING:
    import numpy as np

    Ids = np.ndarray[Any, np.dtype[np.uint64]]
    Numbers = np.ndarray[Any, np.dtype[np.int64]]

CARRIED: Final = ("tools", "functions", "chosen", "rejected", "preferred_output", "non_preferred_output", "label", *ATTACHED)
"""Keys beside the turns that make another example: what can be called, what is given beside text, and what an answer is preferred to."""


def ids_of(ids: Iterable[str]) -> "Ids":
    """Ids of examples (32 hexadecimal digits) as rows of two 64-bit numbers."""
    import numpy as np

    return np.frombuffer(bytes.fromhex("".join(ids)), dtype=">u8").astype(np.uint64).reshape(-1, 2)


class Key(NamedTuple):
    """The keys of one example; 0 where it has none."""

    asked: int
    whole: int
    begun: tuple[int, ...]
    source: int
    """Of the value under the key that a person named."""


@dataclass(slots=True)
class Keys:
    """The keys of some examples, in order."""

    asked: "Ids"
    whole: "Ids"
    source: "Ids"
    begun: "Ids"
    """Those of example i from ends[i] to before ends[i + 1]."""
    ends: "Numbers"

    @classmethod
    def of(cls, keys: Sequence[Key]) -> "Keys":
        """As columns."""
        import numpy as np

        asked, whole, source = (np.array([key[at] for key in keys], dtype=np.uint64) for at in (0, 1, 3))
        begun = np.array([one for key in keys for one in key.begun], dtype=np.uint64)
        return cls(asked, whole, source, begun, np.cumsum([0, *(len(key.begun) for key in keys)], dtype=np.int64))

    def chosen(self, numbers: "Numbers") -> "Keys":
        """Those of some examples, in this order."""
        import numpy as np

        sizes = np.diff(self.ends)[numbers]
        ends = np.concatenate([np.zeros(1, dtype=np.int64), np.cumsum(sizes)])
        at = np.repeat(self.ends[:-1][numbers] - ends[:-1], sizes) + np.arange(ends[-1])
        return Keys(self.asked[numbers], self.whole[numbers], self.source[numbers], self.begun[at], ends)


def joined_keys(parts: Sequence[Keys]) -> Keys:
    """The keys of several parts, one after another."""
    import numpy as np

    if not parts:
        return Keys.of([])
    asked, whole, source, begun = (np.concatenate([getattr(part, name) for part in parts]) for name in ("asked", "whole", "source", "begun"))
    sizes = np.concatenate([np.diff(part.ends) for part in parts])
    return Keys(asked, whole, source, begun, np.concatenate([np.zeros(1, dtype=np.int64), np.cumsum(sizes)]))


def key_of(example: Example, source: str = "") -> Key:
    """The keys of an example; `source` names the value that says where it comes from: `meta.source`, or a JSON pointer, `/meta/source`."""
    question = question_of(example)
    carried: dict[str, Any] = {key: example.value[key] for key in CARRIED if key in example.value}
    answers = [message.role == "assistant" for message in example.messages]
    whole, begun = chain_key(answers, [canonical(message.value) for message in example.messages], digest(canonical(carried)) if carried else 0)
    value = value_at(example.value, source) if source else None
    asked = digest(question.context.encode("utf-8", "surrogatepass")) if question else 0
    return Key(asked, whole, begun, 0 if value is None else digest(canonical(value)))


def plain_key(roles: tuple[str, ...], texts: Sequence[str], source: str = "", turns: Sequence[bytes] = ()) -> Key:
    """`key_of` for a plain conversation of these roles and texts, without making objects of it; `turns`: as `plain_turns` gives them."""
    whole, begun = chain_key([role == "assistant" for role in roles], turns or plain_turns(roles, texts))
    if source.startswith("/messages"):
        value = value_at({"messages": [{"content": text, "role": role} for role, text in zip(roles, texts, strict=True)]}, source)
        return Key(asked_key(roles, texts), whole, begun, 0 if value is None else digest(canonical(value)))
    return Key(asked_key(roles, texts), whole, begun, 0)


def plain_turns(roles: tuple[str, ...], texts: Sequence[str]) -> list[bytes]:
    """The turns of a plain conversation as canonical JSON."""
    return [orjson.dumps({"content": text, "role": role}) for role, text in zip(roles, texts, strict=True)]


def digest(data: bytes, seed: int = 0) -> int:
    """A key, as `curate.read.keys_kernel` makes it; never 0, which stands for none."""
    return xxhash.xxh64_intdigest(data, seed) or 1


def chain_key(answers: Sequence[bool], turns: Sequence[bytes], key: int = 0) -> tuple[int, tuple[int, ...]]:
    """The key of a whole conversation, 0 where it does not end on an answer, and those up to each answer before its end; `key`: of what it carries."""
    begun = []
    for at, (is_answer, turn) in enumerate(zip(answers, turns, strict=True), start=1):
        key = digest(turn, key)
        if is_answer and at < len(turns):
            begun.append(key)
    return key if answers and answers[-1] else 0, tuple(begun)


@lru_cache(maxsize=256)
def _system(text: str) -> str:
    """Few system prompts stand before many questions."""
    return normalised(text)


def asked_key(roles: tuple[str, ...], texts: Sequence[str]) -> int:
    """The key of `Question.context`, spelled as `question_of` spells that of a plain conversation."""
    answer, request = _answered(roles)
    if request < 0 or not texts[answer].strip() or not texts[request].strip():
        return 0
    system = [_system(texts[at]) for at in range(answer) if roles[at] in SILENT]
    before = [f"{roles[at]}: {'' if at == request else normalised(texts[at])}" for at in range(answer) if roles[at] not in SILENT]
    context = "\n".join(("\n".join(system), "\n".join(["", *before]), spelled_request(texts[request])))
    return digest(context.encode("utf-8", "surrogatepass"))


@lru_cache(maxsize=1024)
def _answered(roles: tuple[str, ...]) -> tuple[int, int]:
    """The position of the last answer, and that of the last request before it; -1 for none."""
    answer = max((at for at, role in enumerate(roles) if role == "assistant"), default=-1)
    return answer, max((at for at in range(answer) if roles[at] == "user"), default=-1)
