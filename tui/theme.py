"""One theme for dark and for light terminals. Every color with a meaning comes with a sign."""

from typing import Final

from textual.css.stylesheet import CssSource, Stylesheet
from textual.css.types import CSSLocation
from textual.theme import Theme

DARK: Final = "curate-dark"
LIGHT: Final = "curate-light"
THEMES: Final = (
    Theme(
        name=DARK,
        primary="#7aa2f7",
        secondary="#9ece6a",
        accent="#bb9af7",
        warning="#e0af68",
        error="#f7768e",
        success="#9ece6a",
        foreground="#c8d0e8",
        background="#16181f",
        surface="#1b1e27",
        panel="#232733",
        dark=True,
        # Textual's 60 % is too faint on the row of the cursor: contrast 4.0 to 1, readable from 4.5
        variables={
            "foreground-muted": "#9da6c0",
            "footer-key-foreground": "#e0af68",
            "input-selection-background": "#7aa2f7 30%",
            "border": "#3b4252",
            "scrollbar": "#3b4252",
        },
    ),
    Theme(
        name=LIGHT,
        primary="#2f5fd0",
        secondary="#3f7d20",
        accent="#7a3fc4",
        warning="#8f5a00",
        error="#c0264b",
        success="#2f7a1f",
        foreground="#22252e",
        background="#fbfaf7",
        surface="#f3f1ec",
        panel="#e6e3dc",
        dark=False,
        # Textual's 60 % is too faint on a light background: contrast 3.8 to 1, readable from 4.5
        variables={
            "foreground-muted": "#5b5d64",
            "footer-key-foreground": "#8f5a00",
            "input-selection-background": "#2f5fd0 25%",
            "border": "#b9b4a8",
            "scrollbar": "#c9c4b8",
        },
    ),
)


class ThemeStylesheet(Stylesheet):
    """A stylesheet that is parsed again only for another theme or more styles. Textual parses it for each new screen,
    which then takes twice as long to open.
    """

    def __init__(self, variables: dict[str, str]) -> None:
        super().__init__(variables=variables)
        self._theme = variables
        self._parsed: dict[CSSLocation, CssSource] | None = None

    def set_variables(self, variables: dict[str, str]) -> None:
        """Set the colors of a theme."""
        if variables != self._theme:
            super().set_variables(variables)
            self._theme, self._parsed = variables, None

    def reparse(self) -> None:
        """Parse what changed."""
        if self._parsed != self.source:
            self.parse()
            self._parsed = dict(self.source)
