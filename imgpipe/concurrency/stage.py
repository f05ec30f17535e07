"""A stage: N threads that take from one iterable, call a function, and put into the next channel."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import Any, Generic, TypeVar

from imgpipe.concurrency.channel import Capacity, Channel, Closed
from imgpipe.concurrency.lineage import is_copy_of
from imgpipe.concurrency.room import join_thread, start_thread
from imgpipe.concurrency.scheduling import schedule_as_batch
from imgpipe.concurrency.waited import Waited

T = TypeVar("T")
R = TypeVar("R")


class Crew:
    """Who works in a stage, and how much it may be ahead of the next one.

    Attributes:
        threads: how many work at the same time.
        capacity: of the channel behind the stage.
        weigh: bytes of a result, where the capacity is bounded in bytes.
        name: of the threads.
        waited: where it is noted what they waited for besides the two channels.
    """

    def __init__(
        self,
        threads: int = 1,
        capacity: Capacity = Capacity(),  # noqa: B008 - it is frozen
        weigh: Callable[[Any], int] | None = None,
        name: str = "stage",
    ) -> None:
        self.threads = threads
        self.capacity = capacity
        self.weigh = weigh
        self.name = name
        self.waited = Waited()


def channel_of(crew: Crew) -> Channel[Any]:
    """A channel for the results of a crew."""
    return Channel(crew.capacity, senders=crew.threads, weigh=crew.weigh)


@contextmanager
def stage(
    function: Callable[[T], R], source: Iterable[T], crew: Crew, into: Channel[R] | None = None
) -> Iterator[Channel[R]]:
    """Run `function` over `source` in threads; the channel of results ends when the source does.

    Where who receives is to be at work before the first result is, the channel is made by `channel_of` and given as
    `into`.

    An exception in the function or in the source comes out of the channel, after the results that were
    put before it. On leaving the block the channel and the source (where it is a channel) are
    abandoned and the threads joined, so upstream stages end too.
    """
    results = channel_of(crew) if into is None else into
    tasks = source if isinstance(source, Channel) else SharedIterator(source, crew.waited)
    threads = [
        threading.Thread(target=_work, args=(function, tasks, results), name=f"{crew.name}-{number}", daemon=True)
        for number in range(crew.threads)
    ]
    with crew_at_work(threads, source, results):
        yield results


def as_it_is(task: T) -> T:
    """What a stage does that only lets its source run ahead."""
    return task


@contextmanager
def crew_at_work(threads: list[threading.Thread], source: Iterable[Any], results: Channel[Any]) -> Iterator[None]:
    """Start the threads; on leaving, close both of their channels and join them.

    Raises:
        StartRefused: the system lets no more be started; those that were have ended.
    """
    process = os.getpid()
    try:
        for thread in threads:
            start_thread(thread)
        yield
    finally:
        if not is_copy_of(process):
            results.abandon()
            if isinstance(source, Channel):
                source.abandon()
            for thread in threads:
                join_thread(thread)


class SharedIterator(Generic[T]):
    """An iterator that several threads may take from, one at a time."""

    def __init__(self, source: Iterable[T], waited: Waited | None = None) -> None:
        self._source = iter(source)
        self._waited = waited or Waited()
        self._lock = threading.Lock()

    def __iter__(self) -> Iterator[T]:
        return self

    def __next__(self) -> T:
        began = time.monotonic()
        try:
            with self._lock:
                return next(self._source)
        finally:
            self._waited.add("input", time.monotonic() - began)


def _work(function: Callable[[T], R], tasks: Iterable[T], results: Channel[R]) -> None:
    schedule_as_batch()
    try:
        for task in tasks:
            result = function(task)
            try:
                results.put(result)
            except Closed:
                return
    except BaseException as error:  # noqa: BLE001 - it goes up in the thread that receives
        results.fail(error)
    finally:
        results.end()
