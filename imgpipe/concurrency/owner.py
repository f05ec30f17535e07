"""The owner of one worker: hires it, feeds it, and accounts for its death.

A death is pinned to exactly the task that the worker was on: that task is tried once more on a fresh worker,
and then comes out as `Lost`. The tasks that lay ahead at the worker are handed to the next one. A worker
that dies before it was ready, or while idle, costs the pool a restart and never a task a try.

Architecture invariant: an owner thread outlives its worker (Linux kills a worker when the thread that
started it ends). Held by tests/concurrency/test_pool.py.
"""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Generic, TypeVar

from imgpipe.concurrency import wire
from imgpipe.concurrency.channel import Capacity, Channel, Closed, Empty
from imgpipe.concurrency.launch import StartMethod, default_start_method
from imgpipe.concurrency.worker import DeadlineExpired, Worker, WorkerDied

T = TypeVar("T")

_SECONDS_AHEAD = 0.02
_MOST_AHEAD = 16
_SECONDS_TO_START = 120.0
_SECONDS_TO_RECOVER = 0.1


class PoolBroken(Exception):
    """Workers keep dying without doing anything."""


@dataclass(frozen=True, slots=True)
class Lost(Generic[T]):
    """A task that cost its workers' lives, or that missed its deadline, and why."""

    task: T
    error: WorkerDied | DeadlineExpired


@dataclass(frozen=True, slots=True)
class PoolOptions:
    """How a pool works.

    Attributes:
        processes: workers at the same time.
        capacity: of the channel of results.
        weigh: bytes of a result, where the capacity is bounded in bytes.
        tries: how often a task may cost a worker's life before it is lost.
        deadline: seconds that one task may take, None for no limit.
        initializer: called in each worker before it takes tasks.
        preload: modules that the fork server imports once for all workers.
        start_method: how workers are started.
        bypass: tasks for which this is true skip the workers and come out as they are.
    """

    processes: int = 1
    capacity: Capacity = field(default_factory=Capacity)
    weigh: Callable[[Any], int] | None = None
    tries: int = 2
    deadline: float | None = None
    initializer: Callable[[], None] | None = None
    preload: tuple[str, ...] = ()
    start_method: StartMethod = field(default_factory=default_start_method)
    bypass: Callable[[Any], bool] | None = None


class Roster:
    """What the owners of one pool share: who is employed, and how many deaths led nowhere."""

    def __init__(self, work: wire.Message, options: PoolOptions) -> None:
        self.options = options
        self._work = work
        self._employed: set[Worker] = set()
        self._deaths_without_progress = 0
        self._closing = False
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
        """
        try:
            worker = Worker(self.options.start_method, self._work, self.options.preload)
        except WorkerDied:
            # A fork server that was killed takes no more requests some time before it can be replaced.
            time.sleep(_SECONDS_TO_RECOVER)
            raise
        with self._lock:
            self._employed.add(worker)
        if self._closing:
            self.dismiss(worker)
            raise Closed
        try:
            worker.wait_until_ready(_SECONDS_TO_START)
        except WorkerDied:
            raise WorkerDied(self.dismiss(worker)) from None
        return worker

    def dismiss(self, worker: Worker) -> str:
        """End a worker for good, and say how it had ended."""
        with self._lock:
            self._employed.discard(worker)
        return worker.discard()

    def kill_all(self) -> None:
        """Kill every worker and hire no more."""
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
            self._deaths_without_progress += 1
            deaths = self._deaths_without_progress
        if deaths > 4 * self.options.processes:
            raise PoolBroken(
                f"{deaths} worker processes in a row ended before they did anything; the last one {cause}. "
                'A script that starts a pool needs `if __name__ == "__main__":` around that call.'
            )


@dataclass(slots=True)
class _Attempt(Generic[T]):
    """A task at a worker, and how many workers it has cost."""

    task: T
    tries: int = 0


class Owner(Generic[T]):
    """One thread of the parent with one worker after the other."""

    def __init__(self, roster: Roster, source: Channel[T], results: Channel[Any]) -> None:
        self._roster = roster
        self._options = roster.options
        self._source = source
        self._results = results
        self._assigned: deque[_Attempt[T]] = deque()
        self._handed_over = False
        self._head_since = 0.0
        self._seconds_a_task = 1.0

    def run(self) -> None:
        """Body of the thread: employ workers until there are no more tasks."""
        try:
            while not self._employ():
                pass
        except Closed:
            pass
        except BaseException as error:  # noqa: BLE001 - it goes up in the thread that receives
            self._results.fail(error)
        finally:
            self._results.end()

    def _employ(self) -> bool:
        """Hire a worker and feed it: True when there are no more tasks, False when it died."""
        self._handed_over = False
        try:
            worker = self._roster.hire()
        except WorkerDied as death:
            self._account(death.cause)
            return False
        try:
            self._feed(worker)
            worker.dismiss()
        except DeadlineExpired:
            worker.kill()
            self._roster.note_progress()
            self._results.put(Lost(self._assigned.popleft().task, DeadlineExpired(self._options.deadline or 0.0)))
            return False
        except WorkerDied:
            self._account(self._roster.dismiss(worker))
            return False
        finally:
            self._roster.dismiss(worker)
        return True

    def _feed(self, worker: Worker) -> None:
        if self._assigned:
            self._hand_over(worker, list(self._assigned))
        while self._top_up(worker):
            result, error, seconds = worker.receive(self._deadline)
            if error is not None:
                self._results.fail(error)
                raise Closed
            self._seconds_a_task += 0.25 * (seconds - self._seconds_a_task)
            self._assigned.popleft()
            self._roster.note_progress()
            self._results.put(result)
            self._head_since = time.monotonic()

    def _top_up(self, worker: Worker) -> bool:
        """See that the worker has a task, and more ahead where they are short; False when there are no more."""
        ahead = min(_MOST_AHEAD, int(_SECONDS_AHEAD / max(self._seconds_a_task, 1e-6)))
        if len(self._assigned) > (ahead + 1) // 2:
            return True
        fresh = self._take(1 + ahead - len(self._assigned))
        if fresh:
            idle = not self._assigned
            self._assigned.extend(fresh)
            if idle and worker.is_gone():
                self._handed_over = False
                raise WorkerDied("vanished")
            self._hand_over(worker, fresh)
        return bool(self._assigned)

    def _hand_over(self, worker: Worker, attempts: list[_Attempt[T]]) -> None:
        if len(attempts) == len(self._assigned):
            self._head_since = time.monotonic()
        self._handed_over = True
        worker.send([attempt.task for attempt in attempts], self._deadline)

    def _take(self, most: int) -> list[_Attempt[T]]:
        """Up to so many tasks; waits for one only when the worker has none."""
        fresh: list[_Attempt[T]] = []
        while len(fresh) < most:
            try:
                task = self._source.take(wait=not fresh and not self._assigned)
            except (Empty, StopIteration):
                break
            if self._options.bypass is not None and self._options.bypass(task):
                self._results.put(task)
            else:
                fresh.append(_Attempt(task))
        return fresh

    @property
    def _deadline(self) -> float | None:
        return None if self._options.deadline is None else self._head_since + self._options.deadline

    def _account(self, cause: str) -> None:
        """Charge a death to the task that the worker was on, or to the pool where there was none."""
        if self._roster.closing:
            raise Closed
        if not (self._handed_over and self._assigned):
            self._roster.note_death(cause)
            return
        head = self._assigned[0]
        head.tries += 1
        if head.tries >= self._options.tries:
            self._assigned.popleft()
            self._results.put(Lost(head.task, WorkerDied(cause, head.tries)))
