"""The deadline of a picture where nothing can be interrupted: whoever waits is told, and the thread runs on."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from imgpipe.concurrency.warden import Clock, warden
from imgpipe.job import Item
from imgpipe.passing import Loaded, Made
from imgpipe.steps import Apply


class Overdue(Exception):
    """A picture of a group was not done at its deadline; its thread cannot be stopped, and runs on.

    Attributes:
        address: of the worker.
    """

    def __init__(self, address: str) -> None:
        super().__init__(address)
        self.address = address


class Hand:
    """The thread that applies: since when it has had its picture."""

    def __init__(self, apply: Apply, timeout: float | None, tell: Callable[[], None]) -> None:
        self.clock = Clock(timeout)
        self._apply = apply
        self._timeout = timeout
        self._tell = tell
        self._overdue = False
        self._since: float | None = None

    @property
    def expired(self) -> bool:
        """Whether a picture was not done in time."""
        return self._overdue

    def apply(self, loaded: Loaded | Item) -> Made | Item:
        """As the step, under watch."""
        self._since = self.clock.now()
        made = self._apply(loaded)
        self._since = None
        return made

    def expire(self, now: float) -> None:
        """Tell it where the picture in hand has taken too long."""
        since = self._since
        if since is not None and self._timeout is not None and now - since > self._timeout:
            self._overdue = True
            self._tell()

    def check_alive(self) -> None:
        """Nothing: it lives as long as this process."""


@contextmanager
def watched(hand: Hand, timeout: float | None) -> Iterator[None]:
    """Look at a hand, as often as its deadline needs, while the block runs."""
    if timeout is None:
        yield
        return
    with warden(hand.clock, lambda: [hand], "watch"):
        yield
