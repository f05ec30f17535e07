"""What the hands of a stage waited for where no channel counts it."""

from __future__ import annotations

import threading
from typing import Literal, TypeAlias

For: TypeAlias = Literal["input", "room", "memory", "start"]


class Waited:
    """Seconds that the hands of one stage waited, in sum over all of them; any thread may add to it.

    Attributes:
        input: for the next task, where it comes from an iterator, or behind another hand that waits for one.
        room: until a task might be begun, as too much was begun and is not done with.
        memory: until what a task is expected to take fitted beside the others.
        start: until a process was ready.
    """

    def __init__(self) -> None:
        self.input = 0.0
        self.room = 0.0
        self.memory = 0.0
        self.start = 0.0
        self._lock = threading.Lock()

    def add(self, what: For, seconds: float) -> None:
        """Note that one hand waited for so many seconds."""
        with self._lock:
            setattr(self, what, getattr(self, what) + seconds)
