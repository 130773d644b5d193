"""Text that a chat template has rendered: ChatML, Llama 2 and 3, `Human:`/`Assistant:`, `### Instruction`.

A text is split only where its marks account for all of it and the turns alternate; any other text stays text.
"""

import re
from collections.abc import Iterator
from itertools import pairwise
from typing import Final

from curate.read.forms.form import Format, Object, has_strings
from curate.read.forms.pairs import TEXT
from curate.read.sharegpt_tools import Turn

Said = list[tuple[str, str]]
# What is repeated is possessive or searched for at one place only, so that the time is linear in the text.
START: Final = re.compile(r"\s*+(?:<s>|<\|begin_of_text\|>|<bos>)?+\s*+")
ENDING: Final = r"(?:</s>|<\|end_of_text\|>|<\|endoftext\|>|<eos>)"
END: Final = re.compile(rf"\s*+{ENDING}?+\s*+")
CHATML: Final = re.compile(r"\s*+<\|im_start\|>(system|user|assistant|tool)\n(.*?)<\|im_end\|>", re.DOTALL)
LLAMA3: Final = re.compile(
    r"\s*+<\|start_header_id\|>(system|user|assistant|tool|ipython)<\|end_header_id\|>\n\n(.*?)<\|eot_id\|>", re.DOTALL
)
LLAMA2: Final = re.compile(
    r"\s*+(?:<s>)?+\s*+\[INST\]\s*+(?:<<SYS>>\n?((?:(?!\[/INST\]).)*?)\n?<</SYS>>)?(.*?)\[/INST\](.*?)(?:</s>|\Z)",
    re.DOTALL,
)
NAMED: Final = re.compile(r"(?:\A\n*+|\n)(?:### ?)?(Human|User|Assistant): ?", re.IGNORECASE)
HEADED: Final = re.compile(r"(?:\A\n*+|\n)#{2,3} ?(Instruction|Input|Response):?[ \t]*(?=\n)", re.IGNORECASE)
ROLE: Final = {"human": "user", "user": "user", "assistant": "assistant", "ipython": "tool"}


def _marked(pattern: re.Pattern[str], text: str) -> Said | None:
    """Turns between marks that open and close each of them."""
    found, start = Said(), START.match(text)
    at = start.end() if start else 0
    while match := pattern.match(text, at):
        found.append((ROLE.get(match[1], match[1]), match[2].strip()))
        at = match.end()
    return found if found and END.fullmatch(text, at) else None


def _llama2(text: str) -> Said | None:
    found, at = Said(), 0
    while match := LLAMA2.match(text, at):
        if match[1]:
            if found:
                return None
            found.append(("system", match[1].strip()))
        found += [("user", match[2].strip()), ("assistant", match[3].strip())]
        at = match.end()
    return found if found and not text[at:].strip() else None


def _named(text: str) -> Said | None:
    """Turns after a name at the start of a line; the first is the person's."""
    matches = list(NAMED.finditer(text))
    if not matches or text[: matches[0].start()].strip():
        return None
    ends = [match.start() for match in matches[1:]] + [len(text)]
    return [(ROLE[match[1].lower()], text[match.end() : end].strip()) for match, end in zip(matches, ends, strict=True)]


def _headed(text: str) -> Said | None:
    """An instruction, perhaps with an input, and its response; text before it is the system prompt."""
    matches = list(HEADED.finditer(text))
    names = tuple(match[1].lower() for match in matches)
    if names not in (("instruction", "response"), ("instruction", "input", "response")):
        return None
    ends = [match.start() for match in matches[1:]] + [len(text)]
    parts = [text[match.end() : end].strip() for match, end in zip(matches, ends, strict=True)]
    before = text[: matches[0].start()].strip()
    return [
        *([("system", before)] if before else []),
        ("user", "\n\n".join(part for part in parts[:-1] if part)),
        ("assistant", re.sub(rf"{ENDING}\Z", "", parts[-1]).rstrip()),
    ]


def split_transcript(text: str) -> Said | None:
    """The roles and texts of a rendered conversation; None where the split is not certain."""
    if "<|im_start|>" in text:
        found = _marked(CHATML, text)
    elif "<|start_header_id|>" in text:
        found = _marked(LLAMA3, text)
    elif "[/INST]" in text:
        found = _llama2(text)
    elif HEADED.match(text) or "### Response" in text:
        found = _headed(text)
    else:
        found = _named(text) if NAMED.match(text) else None
    if found is None or not all(said for _, said in found):
        return None
    roles = [role for role, _ in found if role != "system"]
    alternate = all(left != right for left, right in pairwise(roles))
    begins = roles[:1] == ["user"] and all(role != "system" for role, _ in found[1:])
    return found if alternate and begins and "assistant" in roles else None


def _turns(value: Object) -> Iterator[Turn]:
    for role, said in split_transcript(value["text"]) or ():
        yield Turn({"role": role, "content": said}, "/text", "/text")


RENDERED: Final = Format(
    "rendered",
    "text that a chat template has rendered: ChatML, Llama, Human:/Assistant:, ### Instruction",
    lambda value: (
        has_strings(value, "text")
        and not value.get("system")
        and TEXT.matches(value)
        and split_transcript(value["text"]) is not None
    ),
    _turns,
    ("text",),
)
