"""Admission of tasks to workers: in order, and as far as what they may cost fits into a budget together.

A cost is a number of bytes, but nothing here knows of what. Every worker has a fair share, so tasks that cost no
more than that never wait. A costlier one waits at the head of the queue until there is room beside those being worked
on, and those behind it wait too: it is never overtaken, and with the budget to itself every task may run.

Once all that are left are here, the costliest goes first: the last tasks should be small ones, of which all workers
come to an end at the same time.
"""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable
from typing import Any, Generic, TypeVar

from imgpipe.concurrency.channel import Channel, Closed, Empty
from imgpipe.concurrency.lineage import is_copy_of
from imgpipe.concurrency.waited import Waited

T = TypeVar("T")


class Budget:
    """So much may be claimed at the same time; safe to use from any number of threads.

    Attributes:
        total: bytes.
        wanted_whole: how many wait until nothing is claimed; who has a claim is to come to an end with it.
    """

    def __init__(self, total: int) -> None:
        self.total = total
        self._claimed = 0
        self._closed = False
        self._lock = threading.Lock()
        self._changed = threading.Condition(self._lock)
        self._waiting = 0
        self.wanted_whole = 0
        self._process = os.getpid()

    def claim(self, cost: int) -> int:
        """Wait until there is room, and return what was claimed: the cost, or the whole budget where it is more.

        Raises:
            Closed: the budget was closed.
        """
        cost = min(cost, self.total)
        with self._lock:
            self._waiting += 1
            try:
                while (self.wanted_whole or self._claimed + cost > self.total) and not self._closed:
                    self._changed.wait()
            finally:
                self._waiting -= 1
            if self._closed:
                raise Closed
            self._claimed += cost
        return cost

    def claim_all(self) -> int:
        """Wait until nothing is claimed, before whoever else waits, and claim the whole budget.

        Raises:
            Closed: the budget was closed.
        """
        with self._lock:
            self._waiting += 1
            self.wanted_whole += 1
            try:
                while self._claimed and not self._closed:
                    self._changed.wait()
            finally:
                self._waiting -= 1
                self.wanted_whole -= 1
            if self._closed:
                raise Closed
            self._claimed = self.total
        return self.total

    def release(self, cost: int) -> None:
        """Give back what was claimed."""
        with self._lock:
            self._claimed -= cost
            if self._waiting:
                self._changed.notify_all()

    def close(self) -> None:
        """Send home whoever waits."""
        if is_copy_of(self._process):
            return
        with self._lock:
            self._closed = True
            self._changed.notify_all()


class Admission(Generic[T]):
    """The tasks of a channel, each with a claim on the budget.

    Args:
        source: of the tasks.
        pass_by: called with each task; where it returns true, the task was dealt with and needs no worker.
        cost: what a task is expected to cost; None for nothing.
        budget: for all tasks that are being worked on.
        fair_share: the least that is claimed.
        waited: where it is noted what those who take have waited for, besides what the channel counts.
    """

    def __init__(
        self,
        source: Channel[T],
        pass_by: Callable[[T], bool],
        cost: Callable[[Any], int] | None,
        budget: Budget,
        fair_share: int,
        waited: Waited | None = None,
    ) -> None:
        self.budget = budget
        self.fair_share = fair_share
        self._source = source
        self._pass_by = pass_by
        self._cost = cost
        self._head: list[tuple[T, int]] = []
        self._turn = threading.Lock()
        self._waited = waited or Waited()

    def take(self) -> tuple[T, int]:
        """The next task and what was claimed for it; waits until there is one, and then until it fits.

        Raises:
            StopIteration: there are no more.
            Closed: the budget was closed.
            BaseException: what a sender failed with.
        """
        began, memory = time.monotonic(), self._waited.memory
        with self._turn:
            # Whoever held the turn waited for a task or for memory, and so did those behind it.
            behind = time.monotonic() - began
            behind_memory = min(behind, self._waited.memory - memory)
            self._waited.add("input", behind - behind_memory)
            self._fetch(wait=True)
            began = time.monotonic()
            claimed = self.budget.claim(max(self._head[-1][1], self.fair_share))
            self._waited.add("memory", time.monotonic() - began + behind_memory)
            return self._head.pop()[0], claimed

    def take_within(self, claimed: int) -> T:
        """The next task where there is one at the moment and its cost is within what was claimed for others.

        Raises:
            Empty: not so, or somebody waits for all of the budget.
            StopIteration: there are no more.
            BaseException: what a sender failed with.
        """
        if self.budget.wanted_whole or not self._turn.acquire(blocking=False):
            raise Empty
        try:
            self._fetch(wait=False)
            if self._head[-1][1] > claimed:
                raise Empty
            return self._head.pop()[0]
        finally:
            self._turn.release()

    @property
    def left(self) -> int | None:
        """How many tasks are still to be taken; None while there may be more."""
        left = self._source.left
        return None if left is None else left + len(self._head)

    def _fetch(self, *, wait: bool) -> None:
        """See that there is a head of the queue, with its cost, that needs a worker."""
        while True:
            if not self._head:
                self._head.append(self._weighed(self._source.take(wait=wait)))
            if left := self._source.left:
                last = [self._weighed(self._source.take(wait=False)) for _ in range(left)]
                # The next one is at the end, and of those that cost the same the first.
                self._head = sorted([*reversed(last), *self._head], key=lambda weighed: weighed[1])
            if not self._pass_by(self._head[-1][0]):
                return
            self._head.pop()

    def _weighed(self, task: T) -> tuple[T, int]:
        return task, self._cost(task) if self._cost else 0
