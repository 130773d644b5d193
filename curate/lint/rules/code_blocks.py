r"""Family Q, code: blocks of Python, JSON and TeX in an answer that do not parse."""

import json
import re
import textwrap
import warnings
from typing import Final

from curate.core.finding import Severity
from curate.core.lazy import lazy_pattern, pl
from curate.core.python_syntax import parsed_python
from curate.core.text import plural, quoted
from curate.lint.rules.polars_text_helpers import answer, asked, judged_by, matching
from curate.lint.rules.prefilter import answer_patterns
from curate.lint.rules.rule import text_rule

CODE_BLOCK: Final = lazy_pattern(
    r"^[ \t]*```(?P<language>python3?|py|json)[ \t]*\n(?P<code>.*?)^[ \t]*```", re.DOTALL | re.MULTILINE | re.IGNORECASE
)
CODE_SPANS: Final = lazy_pattern(r"```.*?(?:```|\Z)|`[^`\n]*`", re.DOTALL)
MAX_CODE_CHARS: Final = 20_000
"""Maximum size of a block that is parsed."""
SKETCH: Final = lazy_pattern(
    r"(?:\b|(?=\W))(?:\.\.\.|…|>>>|<[\w -]+>|^[ \t]*(?:[%!$?]|In \[)|\bprint\b[ \t]+[^\s(=]|\b(?:except|raise) [\w.]+,|\bexec [\"']|^[ \t]*type \w+ ?=|\b(?:def|class) \w+\["
    r"|\?[ \t]*$|^[+-] |\[, |\A\s*(?:(?:else|elif|except|finally)\b|(?:@[^\n]*|[^\n]*:)\s*\Z))",
    re.MULTILINE,
)
"""Omissions, sessions, notebooks, templates, parts of statements, changes, Python 2 and syntax that only some versions of
Python have.
"""
JSON_SKETCH: Final = lazy_pattern(
    r"\.\.\.|…|//|/\*|<[\w -]+>|\{\{|^[ \t]*#|:\s*(?:\$|(?:string|number|integer|int|float|boolean|bool|any|object|array)\b)",
    re.MULTILINE,
)
"""Omissions, comments, types and templates, in text that is not meant to be parsed."""
ABOUT_FAULTS: Final = lazy_pattern(
    r"(?i)\b(?:(?:(?:error|fehler|erreur|error(?:es)?|erro)s?|wrong|fail\w*|invalid|incorrect\w*|broken|malformed|bugs?|debug\w*"
    r"|pseudo-?code|falsch|ungültig|inválid[oa]|incorrect[oa]s?|invalide|fix(?:es|ed)?)\b|syntax)|错误|无效|伪代码"
)
"""Texts about faulty code, which show some."""
SHOWN_CHARS: Final = 300
"""Number of characters before a block in which it may be called faulty."""
TEX_ENVIRONMENT: Final = lazy_pattern(r"\\(begin|end)\{(\w+\*?)\}")
NAMED_ENVIRONMENT: Final = lazy_pattern(
    r"(?<=[^\W\d_] )[\"'“‘]?\\(?:begin|end)\{\w+\*?\}[\"'”’]?(?=[ ,.;:?!)]|$)", re.MULTILINE
)
"""A mark that a sentence names: "put it after \\begin{document}"."""
PRICES: Final = lazy_pattern(r"\${3,}|\(\$\$\)")
"""Signs for a range of prices."""
COMMANDS: Final = (
    "frac", "sqrt", "sum", "int", "prod", "lim", "cdot", "times", "left", "right", "text", "mathbb", "mathrm", "mathbf",
    "leq", "geq", "neq", "approx", "infty", "pm", "alpha", "beta", "gamma", "theta", "lambda", "pi", "sigma",
)  # fmt: skip
TEX_COMMAND: Final = lazy_pattern(rf"\$(?:[^$\n\\]|\\(?![(\[]))*\\(?:{'|'.join(COMMANDS)})\b[^$\n]*$", re.MULTILINE)
"""A dollar sign and, in its line, one of the frequent commands of formulas, with no other formula before it."""
TEX_SIGN: Final = lazy_pattern(r"\\[A-Za-z]{2}|[=^_]")
"""What a formula contains, and a price ($$) does not."""
ESCAPED_BRACKET: Final = lazy_pattern(r"\\\[[^\]\\\n]*\]")
"""An escaped bracket of Markdown, with its counterpart."""
ABOUT_DELIMITERS: Final = lazy_pattern(r"(?i)\breg(?:ular )?ex|\bescap|delimiter")
TEX_PAIR: Final = lazy_pattern(r"\$[^$]+\$")
CODE_HINT: Final = r"(?i-u:```(?:py|json))"
TEX_HINT: Final = r"\$\$|\\\[|\\\(|\\begin\{|\\end\{|\$[^$\n]*\\[A-Za-z]"


@text_rule(
    "Q041",
    "broken-code",
    Severity.INFO,
    prefilter=answer_patterns(CODE_HINT, TEX_HINT),
    hint="Correct the code, or remove the example. Name another language behind the three marks if the block is not in this one.",
)
def broken_code() -> "pl.Expr":
    r"""A block of Python or JSON, or a formula of an answer does not parse.

    Causes are lost indentation, a bracket that is never closed, a copy that ends early, and a wrong name of the
    language. The rule reads closed blocks that are marked as Python or JSON, and the delimiters of TeX: `$$`, `\[`,
    `\(`, `\begin` and a `$` before a command. Blocks with omissions, sessions, notebooks, comments in JSON and Python 2
    are skipped, and so are texts about errors. Unclosed blocks belong to Q008. Of 11 findings on 36 real files, read by
    hand, 8 are code or a formula that is cut or has lost its indentation, 3 are other text marked as Python.
    Bad: {"messages": [{"role": "user", "content": "Count to three."}, {"role": "assistant", "content": "```python\nfor i in range(3)\n    print(i)\n```"}]}
    Good: {"messages": [{"role": "user", "content": "Count to three."}, {"role": "assistant", "content": "```python\nfor i in range(3):\n    print(i)\n```"}]}
    """
    return pl.coalesce(
        judged_by(matching(answer(), CODE_HINT), _code_message, asked()),
        judged_by(matching(answer(), TEX_HINT), _formula_message),
    )


def _code_message(prompt: str, text: str) -> str | None:
    """The message for the first block that does not parse; None if all do, or the texts are about faulty code."""
    if ABOUT_FAULTS.search(prompt):
        return None
    for block in CODE_BLOCK.finditer(text):
        language, code = block["language"].lower(), block["code"]
        if len(code) > MAX_CODE_CHARS or code.strip() in prompt:
            continue
        if ABOUT_FAULTS.search(text[max(0, block.start() - SHOWN_CHARS) : block.start()]):
            continue
        fault = (_json_fault if language == "json" else _python_fault)(code)
        if fault:
            return fault
    return None


def _python_fault(code: str) -> str | None:
    if SKETCH.search(code):
        return None
    line = _line_of_error(textwrap.dedent(code))
    return None if line is None else f"a block of Python does not parse: line {line[0]}, {quoted(line[1].strip(), 40)}"


def _line_of_error(code: str) -> tuple[int, str] | None:
    """The first line that Python refuses, with its number; None if the code parses or is nested too deeply to tell."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # unknown escape sequences
        try:
            parsed_python(code)
        except SyntaxError as error:
            # what an f-string may contain and how deep code may be nested depends on the version of Python
            if re.search(r"f-string|too many|limit", error.msg) or error.lineno is None:
                return None
            before = code.split("\n")[: error.lineno - 1]
            body = next((line for line in reversed(before) if line.strip()), "")
            if "expected an indented block" in error.msg and body.lstrip().startswith("#"):
                return None  # a comment stands for the body
            return error.lineno, error.text or body
        except (ValueError, RecursionError, MemoryError):
            return None
    return None


def _json_fault(code: str) -> str | None:
    if JSON_SKETCH.search(code) or not code.strip():
        return None
    try:
        json.loads(code)
    except json.JSONDecodeError as error:
        several = error.msg == "Extra data"
        return None if several else f"a block of JSON does not parse: {error.msg.lower()} in line {error.lineno}"
    except (RecursionError, ValueError):
        return None
    return None


def _environments(text: str) -> tuple[list[str], list[str]]:
    """The names of the environments that begin in a text and of those that end in it, sorted."""
    every = TEX_ENVIRONMENT.findall(text)
    begun, ended = (sorted(name for kind, name in every if kind == side) for side in ("begin", "end"))
    return begun, ended


def _formula_message(text: str) -> str | None:
    """The message for a delimiter of TeX without its counterpart; None if there is none."""
    text = CODE_SPANS.sub("", text).replace("\\\\", "").replace(r"\$", "")  # a backslash before another ends a line
    if ABOUT_DELIMITERS.search(text):
        return None
    has_signs = TEX_SIGN.search(text) is not None
    if has_signs and PRICES.sub("", text).count("$$") % 2:
        return "a formula is not closed: an odd number of $$"
    for opening, closing in ((r"\[", r"\]"), (r"\(", r"\)")):
        opened, closed = ESCAPED_BRACKET.sub("", text).count(opening), text.count(closing)
        if has_signs and opened > closed:
            return f"a formula is not closed: {opening} {plural(opened, 'time')}, {closing} {plural(closed, 'time')}"
    begun, ended = _environments(text)
    named, unnamed = _environments(NAMED_ENVIRONMENT.sub("", text))
    if begun != ended and named != unnamed:
        return f"a formula is not closed: {len(begun)} \\begin, {len(ended)} \\end"
    if TEX_COMMAND.search(TEX_PAIR.sub("", text.replace("$$", ""))):
        return "a formula is not closed: a $ without another in its line"
    return None
