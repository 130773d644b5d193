"""Keys, pastes and clicks one after another: a burst does what the same input does when it comes slowly.

Textual sends each key through the queues of the widgets and looks up its binding at the end. In a burst, a key may be
looked up before the dialog that an earlier key opens has the focus: typed text would become decisions, a pasted one
would be lost, and a click would choose the entry that an earlier key decides about. Here the next input is looked at
after everything that the last one caused is done, and only once its screen is ready.
"""

from collections import deque
from typing import Final

from textual import events, on
from textual.app import App, ScreenStackError
from textual.errors import NoWidget
from textual.message import Message
from textual.widgets import Input

from tui.timers import ReliableTimers

QueuedEvent = events.Key | events.Paste | events.MouseDown | events.MouseUp
POLL_SECONDS: Final = 0.01
"""Seconds between looks at a screen that is not ready, and after a click, which passes through several queues."""
MAX_PASTE_CHARS: Final = 20_000
"""Maximum number of characters of a paste into an input, which measures all of them at each key."""
MAX_WAIT_SECONDS: Final = 5.0
"""Seconds after which keys are discarded, if their screen is still not ready."""


def now() -> float:
    """The time on the clock of messages."""
    return Message().time


class NextKey(Message):
    """The next input may be looked at. It is posted behind the messages that the last one caused."""


class DirectKey(events.Key, bubble=False):
    """A key for the focused widget alone: bindings are looked up by `KeyQueue`."""


DirectKey.handler_name = "on_key"


class KeyQueue(ReliableTimers, App[None]):
    """An application that handles keys in order.

    A screen may have two attributes: `ready`, whether keys can be handled, and `accepts(key)`, whether one counts;
    otherwise it is discarded.
    """

    def __init__(self) -> None:
        super().__init__()
        self._keys: deque[QueuedEvent] = deque()
        self._asked = False
        self._waits_since: float | None = None
        """When the screen was first seen not to be ready for the next input."""

    async def on_event(self, event: events.Event) -> None:
        """Put keys, pastes and clicks into the queue; handle all else as usual."""
        if isinstance(event, QueuedEvent) and not event.is_forwarded:
            self._keys.append(event)
            self._request_next_key()
        else:
            await self._pass_on(event)

    async def _pass_on(self, event: events.Event) -> None:
        """Handle an event as usual, except a mouse on no widget: Textual would leave nothing with the focus for keys.

        A screen that was just opened has no widgets yet, one that became smaller ends before the mouse, and a border is
        dragged on a screen that is not shown any more.
        """
        if isinstance(event, events.MouseEvent) and not event.is_forwarded:
            held = self.mouse_captured
            try:
                _ = self.screen.find_widget(held) if held else self.get_widget_at(int(event.x), int(event.y))
            except (NoWidget, ScreenStackError):
                self.capture_mouse(None)
                return
        await super().on_event(event)

    def _request_next_key(self, *, later: bool = False) -> None:
        """Post `NextKey` if inputs are waiting and none is posted yet; with `later`, after a pause."""
        if later:
            self.set_timer(POLL_SECONDS, lambda: self.post_message(NextKey()))
        elif self._keys and not self._asked:
            self.post_message(NextKey())
        self._asked = self._asked or later or bool(self._keys)

    @on(NextKey)
    async def _next_key(self) -> None:
        self._asked = False
        if not self._keys or not self.screen_stack:  # the application may be closing
            return
        if not getattr(self.screen, "ready", self.screen.is_mounted):
            if self._waits_since is None:
                self._waits_since = now()
            if now() - self._waits_since < MAX_WAIT_SECONDS:
                self._request_next_key(later=True)
                return
            self._keys.clear()
            self._waits_since = None
            self.notify("the screen was not ready in time; the keys were discarded", severity="warning", markup=False)
            return
        self._waits_since = None
        event = self._keys.popleft()
        if isinstance(event, events.Key):
            accepts = getattr(self.screen, "accepts", None)
            if accepts is None or accepts(event):
                await self._press(event)
        elif isinstance(event, events.Paste):
            await self._paste(event)
        else:
            await self._pass_on(event)
        self._request_next_key(later=isinstance(event, events.MouseEvent))

    async def _paste(self, event: events.Paste) -> None:
        """Pass a paste to the focused widget; an input takes all lines: Textual keeps the first only."""
        if (focused := self.focused) is not None:
            if isinstance(focused, Input) and len(event.text) > MAX_PASTE_CHARS:
                text = f"{len(event.text):,} characters are too many for one line; nothing was pasted"
                self.notify(text, severity="warning", markup=False)
                return
            if isinstance(focused, Input):
                event.text = " ".join(event.text.splitlines())
            event._set_forwarded()
            with focused._context():
                await focused.on_event(event)

    async def _press(self, key: events.Key) -> None:
        """Pass a key to the bindings with priority, to the focused widget, and to the other bindings."""
        self.app_focus = True
        if await self._check_bindings(key.key, priority=True):
            return
        if key.key.startswith("alt+") and key.character and not isinstance(self.focused, Input):
            # Esc and a key right behind it, which most terminals send as they send Alt and that key: an editor would
            # insert its character. In one line of text it is that letter, since the next ones may decide.
            if not await self._check_bindings(key.key):
                self._keys.appendleft(events.Key(key.character, key.character))
                await self._press(events.Key("escape", "\x1b"))
            return
        if (focused := self.focused) is not None:
            direct = DirectKey(key.key, key.character)
            with focused._context():  # its messages come from it, as if it had taken the key from its own queue
                await focused.on_event(direct)
            if direct._stop_propagation:
                return
        await self._check_bindings(key.key)
