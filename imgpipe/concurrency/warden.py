"""The warden of a pool: ends workers whose task is overdue, and tells their owners of deaths that no pipe tells.

An owner may be blocked in the middle of a message, to a worker that does not read or from one that does not go on.
So deadlines are not its affair: the warden kills the worker, and the owner sees the pipe end.
"""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from typing import Protocol

from imgpipe.concurrency.lineage import is_copy_of
from imgpipe.concurrency.room import join_thread, start_thread

_LONGEST_TICK = 1.0
_TICKS_A_DEADLINE = 10
_LATE = 1.0


class Watched(Protocol):
    """What a warden looks after."""

    def expire(self, now: float) -> None:
        """End it if it is overdue."""

    def check_alive(self) -> None:
        """Let its owner know where it has died."""


class Clock:
    """Seconds that this process was running: it stands still while the process is stopped (Ctrl-Z, then `fg`).

    Args:
        deadline: the shortest time that it is to measure, in seconds; it is exact to a tenth of that.
    """

    def __init__(self, deadline: float | None) -> None:
        self.tick = min(_LONGEST_TICK, (deadline or _LONGEST_TICK) / _TICKS_A_DEADLINE)
        self._last = time.monotonic()
        self._stood_still = 0.0

    def now(self) -> float:
        """Seconds; only differences mean something."""
        return time.monotonic() - self._stood_still

    def beat(self) -> float:
        """To be called every tick: what it comes too late was not lived through. The same answer as `now`."""
        time_now = time.monotonic()
        late = time_now - self._last - self.tick
        if late > _LATE:
            self._stood_still += late
        self._last = time_now
        return time_now - self._stood_still


@contextmanager
def warden(clock: Clock, watched: Callable[[], Iterable[Watched]], name: str = "warden") -> Iterator[None]:
    """Have a thread that keeps watch while the block runs.

    Args:
        clock: by which deadlines are set.
        watched: whom to look after at the moment.
        name: of the thread.
    """
    leave = threading.Event()
    thread = threading.Thread(target=keep_watch, args=(clock, watched, leave), name=name, daemon=True)
    process = os.getpid()
    try:
        start_thread(thread)
        yield
    finally:
        if not is_copy_of(process):
            leave.set()
            join_thread(thread)


def keep_watch(clock: Clock, watched: Callable[[], Iterable[Watched]], leave: threading.Event) -> None:
    """Body of the warden's thread.

    Args:
        clock: by which deadlines are set.
        watched: whom to look after at the moment.
        leave: set when the pool has no more use for a warden.
    """
    while not leave.wait(clock.tick):
        now = clock.beat()
        for one in watched():
            # To hang up takes a descriptor; where there is none now, there may be one at the next tick.
            with suppress(OSError):
                one.expire(now)
                one.check_alive()
