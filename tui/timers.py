"""Timers of the application and its screens that are never lost."""

from textual.message_pump import MessagePump
from textual.timer import Timer, TimerCallback


class ReliableTimers(MessagePump):
    """A base of the application and of screens.

    A timer of Textual skips the ticks for which it is late. If the process is interrupted as the timer starts, for
    longer than its delay, it skips its only tick: the function is never called, and what waits for it waits forever.
    """

    def set_timer(
        self, delay: float, callback: TimerCallback | None = None, *, name: str | None = None, pause: bool = False
    ) -> Timer:
        """Call a function once after a delay, however late."""
        timer = super().set_timer(delay, callback, name=name, pause=pause)
        timer._skip = False  # the timer starts when the event loop runs next
        return timer
