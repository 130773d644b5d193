"""How a key of the configuration is given as an option; see `curate.core.verb_options`."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Option:
    """Part of the annotation of a key that a command takes as an option, too. A text of the command line is read as
    the type of the key says; what is left out follows from the key and its default.
    """

    help: str
    """What the option does, in one sentence; the default is added."""
    metavar: str | None = None
    """What the help calls its value."""
    flag: str = ""
    """Its name, if it is not `--KEY`; a key that is on by default is turned off by `--no-KEY`."""
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
