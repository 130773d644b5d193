"""Split text that a chat template has rendered into turns, by code of its own: the proof compares questions, too."""

import re
from itertools import pairwise
from typing import Final

Said = list[tuple[str, str]]
ROLES: Final = {"system": "system", "user": "user", "human": "user", "assistant": "assistant"} | dict.fromkeys(
    ("tool", "ipython"), "tool"
)
BEGINS: Final = ("<s>", "<|begin_of_text|>", "<bos>")
ENDS: Final = ("", "</s>", "<|end_of_text|>", "<|endoftext|>", "<eos>")
NAME: Final = re.compile(r"(?:### ?)?(human|user|assistant): ?", re.IGNORECASE)
HEADING: Final = re.compile(r"#{2,3} ?(instruction|input|response):?[ \t]*", re.IGNORECASE)
INSTRUCTIONS: Final = (["instruction", "response"], ["instruction", "input", "response"])


def transcript(text: str) -> Said | None:
    """Roles and texts of a rendered conversation that begins with a question and alternates, else None."""
    if "<|im_start|>" in text:
        found = _between(text, "<|im_start|>", "\n", "<|im_end|>", ("system", "user", "assistant", "tool"))
    elif "<|start_header_id|>" in text:
        found = _between(text, "<|start_header_id|>", "<|end_header_id|>\n\n", "<|eot_id|>", tuple(ROLES))
    elif "[/INST]" in text:
        found = _inst(text)
    else:
        lines = text.split("\n")
        headings = [nth for nth, line in enumerate(lines[:-1]) if HEADING.fullmatch(line)]
        headed = headings[:1] == [next((nth for nth, line in enumerate(lines) if line), 0)] or "### Response" in text
        found = _headed(lines, headings) if headed else _named(lines)
    if not found or not all(said for _, said in found):
        return None
    roles = [role for role, _ in found[found[0][0] == "system" :]]
    fits = roles[:1] == ["user"] and "assistant" in roles and "system" not in roles
    return found if fits and all(left != right for left, right in pairwise(roles)) else None


def _between(text: str, opening: str, middle: str, closing: str, roles: tuple[str, ...]) -> Said | None:
    found, rest = Said(), text.strip()
    rest = rest.removeprefix(next((mark for mark in BEGINS if rest.startswith(mark)), "")).lstrip()
    while rest.startswith(opening):
        role, has_middle, behind = rest.removeprefix(opening).partition(middle)
        said, has_closing, rest = behind.partition(closing)
        if role not in roles or role == "human" or not (has_middle and has_closing):
            return None
        found.append((ROLES[role], said.strip()))
        rest = rest.lstrip()
    return found if rest in ENDS else None


def _inst(text: str) -> Said | None:
    found, rest = Said(), text.strip()
    while rest:
        rest = rest.removeprefix("<s>").lstrip()
        if not rest.startswith("[INST]"):
            return None
        rest = rest.removeprefix("[INST]").lstrip()
        if rest.startswith("<<SYS>>") and "<</SYS>>" in rest.partition("[/INST]")[0]:
            system, _, rest = rest.removeprefix("<<SYS>>").partition("<</SYS>>")
            if found and system.strip("\n"):
                return None
            found += [("system", system.strip())] if system.strip("\n") else []
        asked, marked, rest = rest.partition("[/INST]")
        answer, _, rest = rest.partition("</s>")
        if not marked:
            return None
        found += [("user", asked.strip()), ("assistant", answer.strip())]
        rest = rest.lstrip()
    return found


def _named(lines: list[str]) -> Said | None:
    turns: list[tuple[str, list[str]]] = []
    for line in lines:
        if name := NAME.match(line):
            turns.append((ROLES[name[1].lower()], [line[name.end() :]]))
        elif turns:
            turns[-1][1].append(line)
        elif line:
            return None
    return [(role, "\n".join(said).strip()) for role, said in turns]


def _headed(lines: list[str], headings: list[int]) -> Said | None:
    bounds = [*headings, len(lines)]
    names = [HEADING.fullmatch(lines[nth]) for nth in headings]
    if [name[1].lower() for name in names if name] not in INSTRUCTIONS:
        return None
    before = "\n".join(lines[: headings[0]]).strip()
    parts = ["\n".join(lines[start + 1 : end]).strip() for start, end in pairwise(bounds)]
    answer = parts[-1].removesuffix(next((mark for mark in ENDS[1:] if parts[-1].endswith(mark)), "")).rstrip()
    asked = "\n\n".join(filter(None, parts[:-1]))
    return [*([("system", before)] if before else []), ("user", asked), ("assistant", answer)]
