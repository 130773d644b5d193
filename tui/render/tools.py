"""The tools that an example declares: one line while they are folded, else the schema of each."""

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from typing import Any, Final

from textual.content import Content

from curate.core.example import Example, canonical, number_of
from curate.core.text import plural
from tui.conversation import MAX_CONVERSATION_CHARS, NOTE_STYLE, ConversationView, as_json, one_line, shortened
from tui.render.compare import Row

MAX_NAMES: Final = 12
"""Number of names that are listed while tools are folded."""
TOOL_STYLE: Final = "bold $text-warning"


def tools_block(
    example: Example, read: ConversationView, *, folded: bool, key: str, pointer: str = ""
) -> Content | None:
    """What an example declares as `tools`; None without any. `pointer`: of a finding, whose tool is never folded."""
    tools = _parsed(example.value.get("tools"))
    if tools is None or tools == []:
        return None
    items = tools if isinstance(tools, list) else [tools]
    parts = pointer.removeprefix(f"{example.tools_pointer}/").split("/")
    here = number_of(parts[0]) if pointer.startswith(f"{example.tools_pointer}/") else None
    names = ", ".join(_name(item) for item in items[:MAX_NAMES]) + (", …" if len(items) > MAX_NAMES else "")
    lines = [Content.assemble(("⚙ ", TOOL_STYLE), (plural(len(items), "tool"), TOOL_STYLE), "  ", one_line(names),
                              (f"  {key} {'shows' if folded else 'hides'} the schemas", NOTE_STYLE))]  # fmt: skip
    room = MAX_CONVERSATION_CHARS
    for index, item in enumerate(items):
        if folded and index != here:
            continue
        if room <= 0:
            lines.append(Content.styled(f"… {len(items) - index:,} more tools", NOTE_STYLE))
            break
        mark = ("  ◀ here", "bold reverse $text-error") if index == here else ""
        schema = shortened(read.text(as_json(item, indent=2)))
        room -= len(schema)
        lines.append(Content.assemble(one_line(_name(item), TOOL_STYLE), mark, "\n", schema))
    return Content("\n").join(lines)


def tools_rows(examples: Sequence[Example | None], drawn: Callable[[Example], Content | None]) -> Iterator[Row]:
    """The tools of two examples: once if they are the same."""
    own, other = [drawn(example) if example else None for example in examples]
    if own is None and other is None:
        return
    if len({canonical(example.value.get("tools")) if example else b"" for example in examples}) == 1:
        yield Row(own or Content(""))
    else:
        none = Content.styled("(no tools)", NOTE_STYLE)
        yield Row(own or none, other or none, differs=True)


def _parsed(tools: Any) -> Any:
    """The tools, which some formats write as JSON in a string."""
    with suppress(ValueError, RecursionError):
        return json.loads(tools) if isinstance(tools, str) else tools
    return tools


def _name(tool: Any) -> str:
    """The name of a tool, of any form; `?` without one."""
    inner = tool.get("function", tool) if isinstance(tool, Mapping) else None
    name = inner.get("name") if isinstance(inner, Mapping) else None
    return name if isinstance(name, str) and name else "?"
