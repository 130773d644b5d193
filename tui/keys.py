"""All keys of the review in one table, the source of bindings, footer, help and command palette."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from difflib import get_close_matches
from functools import cache
from typing import Final, Literal

from textual.binding import Binding, BindingsMap, BindingType
from textual.keys import Keys

from curate.core.errors import ConfigError
from curate.core.text import visible
from curate.review import KINDS, Kind

Scope = Literal["app", "queue", "list", "overview", "splits", "page", "training", "evaluate", "history"]


@dataclass(frozen=True, slots=True)
class Tab:
    """A tab in the line at the top."""

    name: str
    title: str
    short: str
    """Used if there is no room for the title."""
    kind: Kind | None = None
    """The kind of entries, for screens that show entries."""


TABS: Final = (
    Tab("overview", "Overview", "Over"),
    Tab("examples", "Examples", "Exam", "example"),
    Tab("findings", "Findings", "Find", "finding"),
    Tab("duplicates", "Duplicates", "Dupl", "cluster"),
    Tab("conflicts", "Conflicts", "Conf", "conflict"),
    Tab("splits", "Splits", "Split"),
    Tab("training", "Training", "Train"),
    Tab("evaluate", "Evaluate", "Eval"),
)
TAB_OF: Final[dict[Kind, Tab]] = {tab.kind: tab for tab in TABS if tab.kind}


@dataclass(frozen=True, slots=True)
class Key:
    """A key: its action, scope and descriptions."""

    keys: str
    """As Textual names them, separated by commas if there are several."""
    action: str
    id: str
    label: str
    """A word or two, for the footer."""
    tooltip: str
    """A sentence, for help, tooltips and the palette."""
    scope: Scope = "queue"
    show: bool = True
    """False: left out of the footer, unless it is named in `SHOWN_IF_ROOM` and there is room."""
    kinds: tuple[Kind, ...] = KINDS
    """The kinds of entries for which it has an effect, for screens that show entries."""

    @property
    def shown(self) -> str:
        """The keys as displayed."""
        return " ".join(KEY_SYMBOLS.get(key, key.replace("ctrl+", "^")) for key in self.keys.split(","))


KEY_SYMBOLS: Final = {
    "slash": "/", "colon": ":", "question_mark": "?", "left_square_bracket": "[", "right_square_bracket": "]",
    "less_than_sign": "<", "greater_than_sign": ">", "pageup": "PgUp", "pagedown": "PgDn",
    "up": "↑", "down": "↓", "left": "←", "right": "→", "home": "Home", "end": "End", "escape": "Esc", "space": "Space",
    "backspace": "Bksp",
    "tab": "Tab", "asterisk": "*", "equals_sign": "=", "ampersand": "&", "vertical_line": "|", "enter": "Enter",
}  # fmt: skip
SINGLE_KINDS: Final[tuple[Kind, ...]] = ("example", "finding")
PAIR_KINDS: Final[tuple[Kind, ...]] = ("cluster", "conflict")
CLUSTER_KINDS: Final[tuple[Kind, ...]] = ("cluster",)
KEYS: Final = (
    Key("a", "choose('left')", "left", "Keep A", "Keep A, drop B, and go to the next entry.", kinds=PAIR_KINDS),
    Key("b", "choose('right')", "right", "Keep B", "Keep B, drop A, and go to the next entry.", kinds=PAIR_KINDS),
    Key("y", "choose('keep')", "keep", "Keep", "Keep the example, or accept this finding about it, and go to the next entry.", kinds=SINGLE_KINDS),  # noqa: E501
    Key("d", "choose('drop')", "drop", "Drop", "Remove the example from the data set, and go to the next entry.", kinds=SINGLE_KINDS),  # noqa: E501
    Key("a", "prefer('chosen')", "prefer-chosen", "A better", "Of a preference pair, keep the example: the chosen answer is better; go to the next entry.", kinds=SINGLE_KINDS),  # noqa: E501
    Key("b", "prefer('rejected')", "prefer-rejected", "B better", "Of a preference pair, swap the answers: the rejected one is better; go to the next entry.", kinds=SINGLE_KINDS),  # noqa: E501
    Key("y", "choose('both')", "both", "Both", "Keep A and B, and go to the next entry.", kinds=PAIR_KINDS),
    Key("d", "choose('neither')", "neither", "Neither", "Drop A and B, and go to the next entry.", kinds=PAIR_KINDS),
    Key("A", "choose_all('left')", "left-all", "Only A", "Keep A, drop all others of the cluster or question, and go to the next entry.", show=False, kinds=PAIR_KINDS),  # noqa: E501
    Key("B", "choose_all('right')", "right-all", "Only B", "Keep B, drop all others of the cluster or question, and go to the next entry.", show=False, kinds=PAIR_KINDS),  # noqa: E501
    Key("Y", "choose_all('both')", "both-all", "Keep all", "Keep all of the cluster or question, and go to the next entry.", show=False, kinds=PAIR_KINDS),  # noqa: E501
    Key("D", "choose_all('neither')", "neither-all", "Drop all", "Drop all of the cluster or question, and go to the next entry.", show=False, kinds=PAIR_KINDS),  # noqa: E501
    Key("v", "mark", "mark", "Mark", "Mark the duplicate that is shown, to split the cluster.", show=False, kinds=CLUSTER_KINDS),  # noqa: E501
    Key("vertical_line", "split", "split", "Split", "Split the cluster: the longest marked duplicate is kept, too.", show=False, kinds=CLUSTER_KINDS),  # noqa: E501
    Key("r", "repair", "repair", "Repair", "Apply the fix of the rule; shows the changes first.", kinds=("finding",)),
    Key("e", "edit", "edit", "Edit", "Edit the example, or A or B, here; the rules check it as you type."),
    Key("E", "edit_outside", "edit-outside", "Edit in $EDITOR", "Edit the example, or A or B, in $EDITOR.", show=False),
    Key("s", "suppress", "suppress", "Suppress", "Suppress the finding, with a reason; it is not reported again.", show=False, kinds=("finding",)),  # noqa: E501
    Key("m", "note", "note", "Note", "Add a note about the example, or A or B.", show=False),
    Key("L", "label", "label", "Label", "Label the example, or A or B, or rate it from 1 to 5.", show=False),
    Key("p", "rate_mode", "rate", "Rate", "Let digits rate and go to the next example without a rating; again: let them switch screens.", show=False, kinds=SINGLE_KINDS),  # noqa: E501
    *(Key(str(stars), f"rate({stars})", f"rate-{stars}", f"{stars} ★" if stars else "No rating", f"While rating: {f'rate {stars} of 5' if stars else 'remove the rating'}.", show=False, kinds=SINGLE_KINDS) for stars in (1, 2, 3, 4, 5, 0)),  # noqa: E501
    Key("u", "undo", "undo", "Undo", "Undo the last decision, and return to its entry."),
    Key("U", "redo", "redo", "Redo", "Redo the decision that was undone.", show=False),
    Key("n", "next", "next", "Next", "Go to the next undecided entry."),
    Key("slash", "filter", "filter", "Filter", "Show only entries that contain words or match terms like is:undecided code:M0 severity:error score:0.8-0.9."),  # noqa: E501
    Key("escape", "clear", "clear", "Clear", "Clear the selection, else the filter.", show=False),
    Key("o", "sort", "sort", "Order", "Show the entries in another order.", show=False),
    Key("C", "columns", "columns", "Columns", "Choose the columns of the list, by which it can be sorted, too.", show=False),  # noqa: E501
    Key("Z", "facets", "facets", "Facets", "Show the rules, sources, labels, ratings and reviewers of the list with their counts; Enter filters by one.", show=False),  # noqa: E501
    Key("equals_sign", "like", "like", "Like this", "Show the entries of the same rule, question beginning, source or cluster, or near by embedding.", show=False),  # noqa: E501
    Key("ampersand", "agreement", "agreement", "Agreement", "Compare the decisions of the reviewers; Enter shows what they decide differently.", show=False),  # noqa: E501
    Key("space", "select", "select", "Select", "Select the entry or group, or take it out of the selection.", show=False),  # noqa: E501
    Key("asterisk", "bulk", "bulk", "Menu", "Decide about the selected entries, else about all shown: keep, drop, repair, undecide, note, label; shows the changes first.", show=False),  # noqa: E501
    Key("w", "export", "export", "Write", "Write the lines of the selection, else of all entries shown, to a new file.", show=False),  # noqa: E501
    Key("z", "group", "group", "Group", "Group findings by rule, file or example, or not.", show=False, kinds=("finding",)),  # noqa: E501
    Key("enter", "open", "open-group", "Open group", "Open or close the group under the cursor.", kinds=("finding",)),
    Key("x", "secrets", "secrets", "Secrets", "Show secrets and addresses, or hide them again.", show=False),
    Key("right,l", "turn(1)", "turn-next", "Next B", "Show the next duplicate or answer as B.", show=False, kinds=PAIR_KINDS),  # noqa: E501
    Key("left,h", "turn(-1)", "turn-back", "Previous B", "Show the previous duplicate or answer as B.", show=False, kinds=PAIR_KINDS),  # noqa: E501
    Key("right_square_bracket", "difference(1)", "difference-next", "Next difference", "Scroll to the next difference of A and B.", show=False),  # noqa: E501
    Key("left_square_bracket", "difference(-1)", "difference-back", "Previous difference", "Scroll to the previous difference of A and B.", show=False),  # noqa: E501
    Key("f", "fold", "fold", "Fold", "Show reasoning, the schemas of tools, other keys, and messages that are the same in A and B, in full, or fold them again.", show=False),  # noqa: E501
    Key("i", "raw", "raw", "Raw line", "Show the line as it is in the file, or the conversation again.", show=False),
    Key("less_than_sign", "resize(-5)", "list-smaller", "Smaller list", "Make the list smaller, and the entry larger; the mouse drags the border.", show=False),  # noqa: E501
    Key("greater_than_sign", "resize(5)", "list-larger", "Larger list", "Make the list larger, and the entry smaller.", show=False),  # noqa: E501
    Key("colon", "goto", "goto", "Go to line", "Go to the entry of a line: LINE or FILE:LINE.", show=False),
    Key("J", "page(1)", "page-down", "Scroll down", "Scroll the conversation down by a page.", show=False),
    Key("K", "page(-1)", "page-up", "Scroll up", "Scroll the conversation up by a page.", show=False),
    Key("up,k", "move(-1)", "up", "Up", "One entry up.", "list", show=False),
    Key("down,j", "move(1)", "down", "Down", "One entry down.", "list", show=False),
    Key("pageup,ctrl+b", "move_page(-1)", "list-page-up", "Page up", "A page of entries up.", "list", show=False),
    Key("pagedown,ctrl+f", "move_page(1)", "list-page-down", "Page down", "A page of entries down.", "list", show=False),  # noqa: E501
    Key("home,g", "jump(0)", "first", "First", "The first entry.", "list", show=False),
    Key("end,G", "jump(-1)", "last", "Last", "The last entry.", "list", show=False),
    Key("down,j", "scroll(0.1)", "line-down", "Scroll down", "Scroll down by some lines.", "page", show=False),
    Key("up,k", "scroll(-0.1)", "line-up", "Scroll up", "Scroll up by some lines.", "page", show=False),
    Key("space,pagedown", "scroll(1)", "read-on", "Scroll down", "Scroll down.", "page", show=False),
    Key("backspace,pageup", "scroll(-1)", "read-back", "Scroll up", "Scroll up.", "page", show=False),
    Key("enter", "open", "open", "Open", "Start the task, or show the findings of the rule, under the cursor.", "overview"),  # noqa: E501
    Key("up,k", "move(-1)", "rule-up", "Up", "One line up.", "overview", show=False),
    Key("down,j", "move(1)", "rule-down", "Down", "One line down.", "overview", show=False),
    Key("s", "start", "start", "Start", "Start or resume the training of the project's recipe.", "training"),
    Key("x", "stop", "stop", "Stop", "Stop the training; it can be resumed from its last checkpoint.", "training"),
    Key("left,h", "run(-1)", "run-back", "Previous run", "Show the previous run.", "training", show=False),
    Key("right,l", "run(1)", "run-next", "Next run", "Show the next run.", "training"),
    Key("c", "compare", "compare", "Compare", "Compare all runs, or show one.", "training"),
    Key("left,h", "run(-1)", "evaluated-back", "Previous run", "Show the previous run.", "evaluate", show=False),
    Key("right,l", "run(1)", "evaluated-next", "Next run", "Show the next run.", "evaluate"),
    Key("down,j", "output(1)", "output-next", "Next question", "Show the next question with all answers.", "evaluate"),
    Key("up,k", "output(-1)", "output-back", "Previous question", "Show the previous question.", "evaluate", show=False),  # noqa: E501
    Key("v", "verify", "verify", "Verify", "Read the output folder again and verify that nothing leaks.", "splits"),
    *(Key(str(number), f"go({tab.name!r})", f"go-{tab.name}", tab.title, f"Show {tab.title}.", "app", show=False) for number, tab in enumerate(TABS, start=1)),  # noqa: E501
    Key("tab", "go_on(1)", "go-next", "Next screen", "Show the next screen.", "app", show=False),
    Key("enter", "open", "history-open", "Open", "Show the entry that was decided.", "history"),
    Key("u", "undo", "history-undo", "Undo", "Undo the decision under the cursor; shows the changes first.", "history"),
    Key("equals_sign", "like", "history-like", "Like this", "Show entries like the one that was decided: of the same rule, question beginning, source or cluster, or near by embedding.", "history"),  # noqa: E501
    Key("slash", "filter", "history-filter", "Filter", "Show only decisions that contain words.", "history"),
    Key("H", "history", "history", "History", "Show who decided what and when; any decision can be undone there.", "app", show=False),  # noqa: E501
    Key("R", "reload", "reload", "Reload", "Read the files again; decisions are kept.", "app", show=False),
    Key("t", "toggle_theme", "theme", "Theme", "Switch between dark and light.", "app", show=False),
    Key("question_mark", "help", "help", "Help", "Show every key.", "app"),
    Key("q", "quit", "quit", "Quit", "Quit. All decisions are saved.", "app"),
)  # fmt: skip


ALWAYS_SHOWN: Final = {"help", "quit"}
"""Actions that every footer shows."""
SHOWN_IF_ROOM: Final = (
    "bulk", "select", "note", "rate", "label", "suppress", "group", "left-all", "right-all", "turn-next", "mark",
    "sort", "facets", "like", "columns", "difference-next", "secrets", "export", "fold", "raw", "goto", "edit-outside",
)  # fmt: skip
"""Actions that a footer shows if there is room, the first ones first."""
TEXTUAL_KEYS: Final = ("ctrl+c", "ctrl+p", "ctrl+q")
"""Keys of Textual in every screen: copy, command palette, quit."""


def bindings(scope: Scope, keys: Iterable[Key] = KEYS) -> list[BindingType]:
    """The Textual bindings of one scope."""
    return [
        Binding(key.keys, key.action, key.label, key.show, key.shown.split()[0], tooltip=key.tooltip, id=key.id)
        for key in keys
        if key.scope == scope
    ]


def rebound(current: BindingsMap, keys: tuple[Key, ...]) -> BindingsMap:
    """The bindings of a widget with the keys of another table; those that are not in the table stay."""
    if keys is KEYS:
        return current
    scope_of = {key.id: key.scope for key in keys}
    placed = [binding for _, binding in current]
    scopes = {scope_of[binding.id] for binding in placed if binding.id in scope_of}
    own_first = sorted(scopes, key=lambda scope: scope == "page")
    ours = [binding for scope in own_first for binding in bindings(scope, keys)]
    return BindingsMap([*ours, *(binding for binding in placed if binding.id not in scope_of)])


def keys_from_config(chosen: Mapping[str, str]) -> tuple[Key, ...]:
    """The table with the keys of `[review.keys]`. Raises `ConfigError` that lists every mistake."""
    if not chosen:
        return KEYS
    wrong = []
    table = {key.id: key for key in KEYS}
    for name, given in chosen.items():
        named = [_textual_name(key.strip()) for key in given.split(",")]
        if name not in table:
            near = get_close_matches(name, table, n=1)
            wrong.append(f"unknown action {name!r}" + (f"; did you mean {near[0]!r}?" if near else ""))
        elif bad := [key.strip() for key, textual in zip(given.split(","), named, strict=True) if not textual]:
            near = get_close_matches(bad[0].lower(), [*_KEY_NAMES, *KEY_SYMBOLS], n=1)
            wrong.append(f"{name}: unknown key {bad[0]!r}" + (f"; did you mean {near[0]!r}?" if near else ""))
        else:
            table[name] = replace(table[name], keys=",".join(named))
    wrong += _clashes(table, chosen)
    if wrong:
        raise ConfigError(
            "\n".join(visible(f"curate.toml: [review.keys] {mistake}") for mistake in wrong),
            "fix these keys in the configuration",
        )
    return tuple(table.values())


def _clashes(table: Mapping[str, Key], chosen: Mapping[str, str]) -> Iterable[str]:
    """Messages about chosen keys that are reserved, or that two actions available at once would have."""
    reported = set()
    # a screen's own key goes before the page's
    shared = {(key.id, pressed) for key in KEYS for pressed in key.keys.split(",")}
    for name in chosen.keys() & table.keys():
        action = table[name]
        for key in action.keys.split(","):
            if key in TEXTUAL_KEYS:
                yield f"{name}: {key} cannot be given to another action"
            for other in table.values():
                if {(action.id, key), (other.id, key)} <= shared or frozenset((action.id, other.id)) in reported:
                    continue
                if key in other.keys.split(",") and _are_in_conflict(action, other):
                    reported.add(frozenset((action.id, other.id)))
                    shown = KEY_SYMBOLS.get(key, key)
                    yield f"{name}: {shown!r} is the key of {other.id!r}, too; give {other.id!r} another one"


def _are_in_conflict(action: Key, other: Key) -> bool:
    """Whether two actions are available at the same time."""
    if action.id == other.id:
        return False
    scopes = {action.scope, other.scope}
    if scopes == {"queue"}:
        return bool(set(action.kinds) & set(other.kinds))
    pages = {"page", "splits", "training", "evaluate"}
    if "history" in scopes:  # a dialog, in which only the keys of its list work
        return scopes <= {"history", "list"}
    return "app" in scopes or len(scopes) == 1 or scopes == {"queue", "list"} or ("page" in scopes and scopes <= pages)


_KEY_NAMES: Final[Sequence[str]] = sorted({key.value for key in Keys} | set(KEY_SYMBOLS))


def _textual_name(key: str) -> str:
    """The name of a key for Textual: `?` is `question_mark`, `Space` is `space`; empty for one that does not exist."""
    shown = {name.lower(): textual for textual, name in KEY_SYMBOLS.items()}
    if named := shown.get(key.lower()):
        return named
    *modifiers, last = key.split("+") if len(key) > 1 else [key]
    if key.startswith("^") and len(key) == 2:
        modifiers, last = ["ctrl"], key[1]
    last = last if len(last) == 1 else last.lower()
    if set(modifiers) - {"ctrl", "alt", "shift"} or not (len(last) == 1 or last in _KEY_NAMES) or not last.strip():
        return ""
    return "+".join([*modifiers, next(iter(Binding.make_bindings([(last, "")]))).key])


@cache
def works_in(action: str, parameters: tuple[object, ...], kind: Kind) -> bool | None:
    """Whether an action has an effect for entries of `kind`; None if it is not in the table."""
    call = f"{action}({', '.join(repr(parameter) for parameter in parameters)})"
    matches = [key for key in KEYS if key.scope == "queue" and key.action in (action, call)]
    return any(kind in key.kinds for key in matches) if matches else None
