"""What the owners of one pool share: how it works, who is employed, and how many deaths led nowhere."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, NamedTuple

from imgpipe.concurrency import wire
from imgpipe.concurrency.arena import Arena
from imgpipe.concurrency.channel import Capacity, Closed
from imgpipe.concurrency.launch import StartMethod, default_start_method
from imgpipe.concurrency.lineage import is_copy_of
from imgpipe.concurrency.room import RAISE_LIMITS
from imgpipe.concurrency.waited import Waited
from imgpipe.concurrency.warden import Clock
from imgpipe.concurrency.worker import LOST_ITS_SERVER, DeadlineExpired, Worker, WorkerDied

if TYPE_CHECKING:
    from imgpipe.concurrency.spares import Spares

_SECONDS_TO_START = 120.0
_SECONDS_TO_RECOVER = 0.1

_NO_GUARD = 'A script that starts a pool needs `if __name__ == "__main__":` around that call.'


class PoolBroken(Exception):
    """Workers keep dying without doing anything."""


class PoolOptions(NamedTuple):
    """How a pool works.

    Attributes:
        processes: workers at the same time.
        capacity: of the channel of results.
        weigh: bytes of a result, where the capacity is bounded in bytes.
        tries: how often a task may cost a worker's life before it is lost.
        deadline: seconds that one task may take, None for no limit.
        initializer: called in each worker before it takes tasks.
        preload: modules that the fork server imports once for all workers.
        start_method: how workers are started; None as is best here.
        bypass: tasks for which this is true skip the workers and come out as they are.
        memory: bytes that all tasks together may take in the workers, 0 for no bound. A worker is held to its
            part of it (on Linux).
        cost: bytes that a task is expected to take. Tasks up to a fair share of `memory` never wait for each other.
        ran_short: whether a result says that its task got too little memory. It is then tried once more with all
            there is, alone.
        waited: where it is noted what the workers waited for besides the two channels, None for nowhere.
        inputs: where large buffers of tasks may lie; the workers see it.
        outputs: bytes of memory that each worker shares for large buffers of results; what finds no room there goes
            through the pipe. Those come as a `memoryview`, which is to be held itself: see `Arena`.
        spares: workers that are being started with the same `preload`, `inputs` and `outputs`; they are taken first.
    """

    processes: int = 1
    capacity: Capacity = Capacity()
    weigh: Callable[[Any], int] | None = None
    tries: int = 2
    deadline: float | None = None
    initializer: Callable[[], None] | None = None
    preload: tuple[str, ...] = ()
    start_method: StartMethod | None = None
    bypass: Callable[[Any], bool] | None = None
    memory: int = 0
    cost: Callable[[Any], int] | None = None
    ran_short: Callable[[Any], bool] | None = None
    waited: Waited | None = None
    inputs: Arena | None = None
    outputs: int = 0
    spares: Spares | None = None


class Roster:
    """What the owners of one pool share: who is employed, and how many deaths led nowhere."""

    def __init__(self, work: wire.Message, options: PoolOptions) -> None:
        self.options = options
        self.waited = options.waited or Waited()
        self.clock = Clock(options.deadline)
        self._work = work
        self._start_method = options.start_method or default_start_method()
        self._employed: set[Worker] = set()
        if options.spares is not None:
            options.spares.limit(options.processes)
        self._deaths_without_progress = 0.0
        self._any_was_ready = False
        self._closing = False
        self._process = os.getpid()
        self._lock = threading.Lock()

    @property
    def closing(self) -> bool:
        """Whether the workers were killed on purpose."""
        return self._closing

    def hire(self) -> Worker:
        """Start a worker and wait until it is ready.

        Raises:
            Closed: the pool is closing.
            WorkerDied: it ended before it was ready.
            PoolBroken: it hangs, and no other was ever ready; the next would take as long to fail. Or it cannot load
                what it is to do, and the next one could not either.
        """
        try:
            worker = self._started()
        except WorkerDied:
            # A fork server that was killed takes no more requests some time before it can be replaced.
            time.sleep(_SECONDS_TO_RECOVER)
            raise
        with self._lock:
            self._employed.add(worker)
        if self._closing:
            self.discard(worker)
            raise Closed
        try:
            worker.watch(self.clock.now() + _SECONDS_TO_START)
            worker.wait_until_ready(self._work)
            worker.watch(None)
        except DeadlineExpired:
            self.discard(worker)
            late = f"not ready after {_SECONDS_TO_START:g} s"
            if not self._any_was_ready:
                raise PoolBroken(f"a worker process was {late}, and none was before") from None
            raise WorkerDied(f"was {late}") from None
        except WorkerDied:
            raise WorkerDied(self.discard(worker)) from None
        except Exception as error:
            self.discard(worker)
            raise PoolBroken(f"a worker process cannot load what it is to do: {error}") from error
        self._any_was_ready = True
        return worker

    def _started(self) -> Worker:
        options = self.options
        spare = None if options.spares is None else options.spares.take()
        return spare or Worker(self._start_method, options.preload, options.inputs, options.outputs)

    def employed(self) -> list[Worker]:
        """The workers that there are at the moment."""
        with self._lock:
            return list(self._employed)

    def discard(self, worker: Worker) -> str:
        """End a worker for good, and say how it had ended."""
        with self._lock:
            self._employed.discard(worker)
        return worker.discard()

    def kill_all(self) -> None:
        """Kill every worker and hire no more; nothing in a copy of the program that was forked from it."""
        if is_copy_of(self._process):
            return
        with self._lock:
            self._closing = True
            workers = list(self._employed)
        for worker in workers:
            worker.kill()

    def note_progress(self) -> None:
        """A task came to its end."""
        self._deaths_without_progress = 0

    def note_death(self, cause: str) -> None:
        """A worker ended without a task; PoolBroken when that happens again and again."""
        with self._lock:
            # One end of a fork server is that of all its workers.
            self._deaths_without_progress += 1 / self.options.processes if cause == LOST_ITS_SERVER else 1
            deaths = self._deaths_without_progress
        if deaths > 4 * self.options.processes:
            raise PoolBroken(
                f"{deaths:.0f} worker processes in a row ended before they did anything; the last one {cause}. "
                + (_NO_GUARD if cause.startswith("ended with") else f"If the system is at a limit: {RAISE_LIMITS}.")
            )
