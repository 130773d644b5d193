"""Writes the moving picture of the README: `python -m docs.moving_picture`.

Commands run on the data of the tutorial, and what they print is drawn line by line as SVG with CSS animation, without a
script, in the reader's light or dark color scheme.
"""

import fcntl
import os
import pty
import re
import shlex
import struct
import subprocess
import sys
import tempfile
import termios
from collections.abc import Iterator
from contextlib import suppress
from html import escape
from itertools import pairwise
from pathlib import Path
from typing import Final, NamedTuple

from rich.text import Text

ROOT: Final = Path(__file__).resolve().parent.parent
PICTURE: Final = ROOT / "examples/pictures/check.svg"
DATA: Final = re.compile(r'```json title="support\.jsonl"\n(.*?)```', re.DOTALL)
COMMANDS: Final = ("curate check support.jsonl", "curate verify my-splits")
COLUMNS, CHAR_WIDTH, LINE_HEIGHT, MARGIN = 110, 7.8, 18, 16
"""Width of the terminal in characters; the sizes of a character, a line and the margin in pixels."""
TYPING, PRINTING, READING, PAUSE = 1.2, 0.12, 3.0, 4.0
"""Seconds for a command, for a line, before the next command, and at the end."""
COLORS: Final = {"red": "#d1242f", "green": "#1a7f37", "yellow": "#9a6700", "blue": "#0969da", "cyan": "#1b7c83"}
DARK: Final = {"red": "#ff7b72", "green": "#3fb950", "yellow": "#d29922", "blue": "#58a6ff", "cyan": "#39c5cf"}


ANSI: Final = re.compile(r"color\((\d+)\)")
NAMES: Final = {"1": "red", "2": "green", "3": "yellow", "4": "blue", "6": "cyan"}
"""The colors of a terminal by their number."""


class Line(NamedTuple):
    """A line of the terminal, and when it appears, in seconds."""

    text: Text
    second: float


def main() -> None:
    """Write the picture."""
    PICTURE.write_text(picture(), "utf-8")


def picture() -> str:
    """The SVG of a session with the installed program."""
    lines = list(_session())
    height = LINE_HEIGHT * len(lines) + 2 * MARGIN
    width = round(CHAR_WIDTH * COLUMNS + 2 * MARGIN)
    total = lines[-1].second + PAUSE
    styles = "\n".join(_appearing(number, line.second / total) for number, line in enumerate(lines))
    drawn = "\n".join(_drawn(number, line.text) for number, line in enumerate(lines))
    light, dark = (" ".join(f".{name} {{ fill: {value} }}" for name, value in c.items()) for c in (COLORS, DARK))
    return f"""<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" role="img">
<title>{escape(" and ".join(COMMANDS))}</title>
<style>
text {{ font: 13px ui-monospace, SFMono-Regular, Menlo, Consolas, monospace; fill: #1f2328; white-space: pre }}
rect {{ fill: #f6f8fa }} .bold {{ font-weight: 600 }} .dim {{ opacity: .65 }} {light}
@media (prefers-color-scheme: dark) {{ text {{ fill: #e6edf3 }} rect {{ fill: #161b22 }} {dark} }}
g {{ animation-duration: {total:.1f}s; animation-iteration-count: infinite; animation-timing-function: step-end }}
@media (prefers-reduced-motion: reduce) {{ g {{ animation: none !important }} }}
{styles}
</style>
<rect width="{width}" height="{height}" rx="6"/>
{drawn}
</svg>
"""


def _session() -> Iterator[Line]:
    """The commands with their output."""
    second = 0.4
    with tempfile.TemporaryDirectory() as folder:
        _write_data(Path(folder))
        for command in COMMANDS:
            yield Line(Text.assemble(("$ ", "dim"), (command, "bold")), second)
            second += TYPING
            for line in _output(command, folder):
                yield Line(line, second)
                second += PRINTING
            second += READING


def _write_data(folder: Path) -> None:
    """The data of the tutorial, and a folder whose test file has three examples of the training file."""
    match = DATA.search((ROOT / "docs/tutorial.md").read_text("utf-8"))
    rows = match.group(1) if match else ""
    (folder / "support.jsonl").write_text(rows, "utf-8")
    lines = rows.splitlines(keepends=True)
    (folder / "my-splits").mkdir()
    (folder / "my-splits/train.jsonl").write_text("".join(lines[:10]), "utf-8")
    (folder / "my-splits/test.jsonl").write_text("".join(lines[7:]), "utf-8")


def _output(command: str, folder: str) -> list[Text]:
    """What a command prints on a terminal, in colors."""
    words = [sys.executable, "-m", "curate", *shlex.split(command)[1:]]
    environment = {**os.environ, "COLUMNS": str(COLUMNS), "PYTHONPATH": str(ROOT), "TERM": "xterm", "NO_COLOR": ""}
    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 40, COLUMNS, 0, 0))
    process = subprocess.Popen(words, cwd=folder, env=environment, stdout=theirs, stderr=subprocess.DEVNULL)
    os.close(theirs)
    data = b""
    with suppress(OSError), os.fdopen(ours, "rb", buffering=0) as terminal:  # Linux ends a terminal with an error
        while block := terminal.read(1 << 16):
            data += block
    process.wait()
    return [Text.from_ansi(line) for line in data.decode().splitlines()]


def _appearing(number: int, share: float) -> str:
    """A line that appears after a share of the time, and stays."""
    return (
        f"@keyframes l{number} {{ 0% {{ opacity: 0 }} {share:.2%} {{ opacity: 1 }} 100% {{ opacity: 1 }} }} "
        f"#l{number} {{ animation-name: l{number} }}"
    )


def _drawn(number: int, line: Text) -> str:
    """A line of text in its colors."""
    y = MARGIN + LINE_HEIGHT * (number + 1) - 5
    ends = sorted({0, len(line), *(end for span in line.spans for end in (span.start, span.end))})
    pieces = []
    for start, end in pairwise(ends):
        styles = " ".join(str(span.style) for span in line.spans if span.start <= start < span.end)
        named = ANSI.sub(lambda match: NAMES.get(match[1], ""), styles).split()
        classes = " ".join(dict.fromkeys(word for word in named if word in (*COLORS, "bold", "dim")))
        text = escape(line.plain[start:end])
        pieces.append(f'<tspan class="{classes}">{text}</tspan>' if classes else text)
    return f'<g id="l{number}"><text x="{MARGIN}" y="{y}" xml:space="preserve">{"".join(pieces)}</text></g>'


if __name__ == "__main__":
    main()
