"""A form: numbered fields, each with a value and where it comes from, or with a marked blank."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final, NamedTuple

from curate.core.text import plural, visible

BLANK: Final = "**[to be filled in]**"


class Field(NamedTuple):
    """A field of a form."""

    number: str
    question: str
    value: str = ""
    """Empty: a person has to fill it in."""
    origin: str = ""
    """Where the value comes from, or for a blank where it can be set."""


@dataclass(frozen=True)
class PaperForm:
    """A form with its sections."""

    title: str
    notice: str
    """What the form is, and what is not certain about it."""
    sections: Sequence[tuple[str, Sequence[Field]]]

    @property
    def fields(self) -> list[Field]:
        """All fields, in their order."""
        return [field for _, fields in self.sections for field in fields]

    @property
    def blanks(self) -> list[Field]:
        """The fields that a person has to fill in."""
        return [field for field in self.fields if not field.value]

    def markdown(self) -> str:
        """The form as Markdown."""
        return "\n".join(self._lines()) + "\n"

    def _lines(self) -> Iterator[str]:
        yield f"# {cell(self.title)}\n\n{self.notice}\n"
        yield f"{plural(len(self.blanks), 'field')} of {len(self.fields)} to be filled in."
        for heading, fields in self.sections:
            yield f"\n## {heading}\n\n| field | | value | from |\n|---|---|---|---|"
            for field in fields:
                yield f"| {field.number} | {field.question} | {cell(field.value) or BLANK} | {cell(field.origin)} |"


def cell(text: str) -> str:
    """A text of the data or the configuration as a cell of a Markdown table: one line, with markup escaped."""
    line = " ".join(visible(text, keep_newlines=True).split())
    for sign in "\\`*_[]<>|#":
        line = line.replace(sign, f"\\{sign}" if sign != "<" else "&lt;")
    return line
