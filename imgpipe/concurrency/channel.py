"""A bounded channel between threads: back-pressure, sentinel termination, and the first failure passed on.

Senders `put`, receivers iterate. Each sender says `end` once; the last one to do so puts the sentinel,
and receivers stop there. A sender that failed says `fail` instead, and receivers raise its error after
the items that were put before it. A receiver that goes away says `abandon`, and senders get `Closed`.
"""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable, Iterator
from typing import Generic, NamedTuple, TypeVar

T = TypeVar("T")

_SECONDS_TO_GATHER = 0.1


class Closed(Exception):
    """Nobody receives from this channel any more."""


class Empty(Exception):
    """There is nothing in this channel at the moment."""


class Capacity(NamedTuple):
    """How much a channel holds before its senders wait.

    Attributes:
        items: at most this many items.
        bytes: at most this many bytes, but always one item; 0 for no bound.
        gathered: a receiver that has to wait is woken for so many items at once; for fewer where they are so heavy that
            as many would not fit, where a sender waits, or after a tenth of a second. A wake-up costs more than most
            items.
    """

    items: int = 8
    bytes: int = 0
    gathered: int = 1


class Statistics(NamedTuple):
    """What a channel saw: how many items, and for how many seconds it was full or empty (in sum over waiters).

    Who waits elsewhere for what the channel lacks is not counted; see `Waited`.
    """

    items: int
    seconds_full: float
    seconds_empty: float


class Channel(Generic[T]):
    """A bounded queue with two ends; safe to use from any number of threads."""

    def __init__(self, capacity: Capacity, senders: int = 1, weigh: Callable[[T], int] | None = None) -> None:
        self._capacity = capacity
        self._weigh = weigh if capacity.bytes else None
        self._items: deque[tuple[T, int]] = deque()
        self._bytes = 0
        self._senders = senders
        self._failure: BaseException | None = None
        self._abandoned = False
        self._passed = 0
        self._seconds_full = 0.0
        self._seconds_empty = 0.0
        # Taken itself, not by its conditions: that way it costs no Python call.
        self._lock = threading.Lock()
        self._changed_room = threading.Condition(self._lock)
        self._changed_items = threading.Condition(self._lock)
        self._receivers_waiting = 0
        self._senders_waiting = 0

    def put(self, item: T) -> None:
        """Add an item; waits while the channel is full.

        Raises:
            Closed: the receivers have gone, or another sender has failed.
        """
        weight = self._weigh(item) if self._weigh else 0
        with self._lock:
            if self._is_full(weight):
                self._wait_for_room(weight)
            if self._is_closed():
                raise Closed
            self._items.append((item, weight))
            self._bytes += weight
            self._passed += 1
            if self._receivers_waiting and self._are_worth_a_wake_up():
                self._changed_items.notify()

    def take(self, *, wait: bool = True) -> T:
        """The next item.

        Raises:
            Empty: there is none yet, and `wait` is false.
            StopIteration: every sender has ended, or the channel was abandoned.
            BaseException: what a sender failed with.
        """
        with self._lock:
            if wait and not self._items:
                self._wait_for_items()
            if self._items:
                item, weight = self._items.popleft()
                self._bytes -= weight
                # Senders are woken when half is free, all at once: a wake-up costs more than most items.
                if self._senders_waiting and self._is_half_empty():
                    self._changed_room.notify_all()
                return item
            if self._failure is not None:
                raise self._failure
            if self._is_over():
                raise StopIteration
            raise Empty

    def __iter__(self) -> Iterator[T]:
        return self

    def __next__(self) -> T:
        return self.take()

    def end(self) -> None:
        """Say that one sender is done; after the last one the receivers stop."""
        with self._lock:
            self._senders -= 1
            if self._senders <= 0:
                self._changed_items.notify_all()

    def fail(self, error: BaseException) -> None:
        """Say that a sender failed; the first failure is what the receivers raise.

        What would look like a mere end to them (a `StopIteration` or `Closed` that got out of somebody's function)
        becomes the cause of a RuntimeError, as in a generator.
        """
        if isinstance(error, StopIteration | Closed):
            disguised, error = error, RuntimeError(f"{type(error).__name__} was raised where nothing ends")
            error.__cause__ = disguised
        with self._lock:
            if self._failure is None:
                self._failure = error
            self._changed_items.notify_all()
            self._changed_room.notify_all()

    def abandon(self) -> None:
        """Say that nobody receives any more: drops what is buffered, and senders get `Closed`."""
        with self._lock:
            self._abandoned = True
            self._items.clear()
            self._bytes = 0
            self._changed_items.notify_all()
            self._changed_room.notify_all()

    @property
    def closed(self) -> bool:
        """Whether a `put` would raise."""
        with self._lock:
            return self._is_closed()

    @property
    def left(self) -> int | None:
        """How many items are still to be taken; None while senders may put more."""
        with self._lock:
            return len(self._items) if self._senders <= 0 else None

    @property
    def statistics(self) -> Statistics:
        """What passed so far."""
        with self._lock:
            return Statistics(self._passed, self._seconds_full, self._seconds_empty)

    @property
    def capacity(self) -> Capacity:
        """How much it holds."""
        return self._capacity

    @property
    def depth(self) -> int:
        """How many items are in it at the moment."""
        return len(self._items)

    def _wait_for_room(self, weight: int) -> None:
        began = time.monotonic()
        self._senders_waiting += 1
        if self._receivers_waiting:
            self._changed_items.notify()
        try:
            while self._is_full(weight) and not self._is_closed():
                self._changed_room.wait()
        finally:
            self._senders_waiting -= 1
        self._seconds_full += time.monotonic() - began

    def _wait_for_items(self) -> None:
        began = time.monotonic()
        self._receivers_waiting += 1
        try:
            patience = _SECONDS_TO_GATHER if self._capacity.gathered > 1 else None
            while not self._items and not self._is_over():
                self._changed_items.wait(patience)
        finally:
            self._receivers_waiting -= 1
        self._seconds_empty += time.monotonic() - began

    def _are_worth_a_wake_up(self) -> bool:
        gathered, most = self._capacity.gathered, self._capacity.bytes
        return len(self._items) >= gathered or bool(most and self._bytes * gathered >= most)

    def _is_half_empty(self) -> bool:
        return len(self._items) <= self._capacity.items // 2 and self._bytes <= self._capacity.bytes // 2

    def _is_full(self, weight: int) -> bool:
        if len(self._items) >= self._capacity.items:
            return True
        return bool(self._items and self._capacity.bytes and self._bytes + weight > self._capacity.bytes)

    def _is_closed(self) -> bool:
        return self._abandoned or self._failure is not None

    def _is_over(self) -> bool:
        return self._senders <= 0 or self._is_closed()
