"""The declaration of a configuration key as a command-line option; see `curate.core.verb_options`."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Option:
    """Part of the annotation of a key that is also an option of a command. A value of the command line is parsed as the
    type of the key; attributes that are not set follow from the key and its default.
    """

    help: str
    """Description of the option in one sentence; the default is added."""
    metavar: str | None = None
    """Name of the value in the help."""
    flag: str = ""
    """Name of the option, if it is not `--KEY`; a key that is on by default is turned off by `--no-KEY`."""
    alias: str = ""
    """Another name of the option on the command line."""
    separated: bool = False
    """Whether one value of a repeatable option may hold several, separated by commas."""
    example: str = ""
    """A value, for the message about one in another form; empty: `metavar` is one."""
    instead_of: str = ""
    """A key of the same table that this option replaces; both as options are an error."""
    own: bool = True
    """Whether the command of the key's table takes it; other commands name it in `curate.core.verb_options.TABLES`."""
