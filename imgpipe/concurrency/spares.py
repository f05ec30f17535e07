"""Workers that are started ahead: they come while their program still finds out what there is to do."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from imgpipe.concurrency.channel import Capacity, Channel
from imgpipe.concurrency.lineage import is_copy_of
from imgpipe.concurrency.stage import Crew, as_it_is, channel_of, stage
from imgpipe.concurrency.worker import Worker, WorkerDied


class Spares:
    """Workers that are being started, one after the other, until somebody has taken them."""

    def __init__(self, start: Callable[[], Worker], count: int) -> None:
        """None is started yet.

        Args:
            start: makes one. Where it can make none there are no more, and who needs one is told why by his own try.
            count: how many, at most.
        """
        self._start = start
        self._count = count
        self._started: list[Worker] = []
        self._crew = Crew(capacity=Capacity(count), name="hire")
        self._waiting: Channel[Worker] = channel_of(self._crew)
        self._process = os.getpid()

    def limit(self, count: int) -> None:
        """Start no more than so many."""
        self._count = min(self._count, count)

    def take(self) -> Worker | None:
        """The next one, waited for where it is being started; None where there are no more."""
        return next(self._waiting, None)

    @contextmanager
    def starting(self) -> Iterator[Spares]:
        """Start them in a thread while the block runs; those that nobody has taken are ended then.

        Not by a start method by which a worker dies with the thread that started it: only a fork server's outlive it.

        Raises:
            StartRefused: the system has no room for a thread.
        """
        try:
            with stage(as_it_is, self._workers(), self._crew, into=self._waiting):
                yield self
        finally:
            if not is_copy_of(self._process):
                for worker in self._started:
                    # All at the same time. An owner has ended those that he has had, but where he was interrupted.
                    worker.kill()
                for worker in self._started:
                    worker.discard()

    def _workers(self) -> Iterator[Worker]:
        while len(self._started) < self._count:
            try:
                worker = self._start()
            except WorkerDied:
                return
            self._started.append(worker)
            yield worker
