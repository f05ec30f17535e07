"""The owner of one worker: hires it, feeds it, and accounts for its death.

A death is pinned to exactly the task that the worker was on: that task is tried once more on a fresh worker,
and then comes out as `Lost`. The tasks that lay ahead at the worker are handed to the next one. A worker
that dies before it was ready, or while idle, costs the pool a restart and never a task a try.

Architecture invariant: an owner thread outlives its worker (Linux kills a worker when the thread that
started it ends). Held by tests/concurrency/test_pool.py.
"""

from __future__ import annotations

import time
from collections import deque
from typing import Any, Generic, NamedTuple, TypeVar

from imgpipe.concurrency.admission import Admission
from imgpipe.concurrency.channel import Channel, Closed, Empty
from imgpipe.concurrency.roster import Roster
from imgpipe.concurrency.scheduling import schedule_as_batch
from imgpipe.concurrency.worker import LOST_ITS_SERVER, DeadlineExpired, Worker, WorkerDied

T = TypeVar("T")

_SECONDS_AHEAD = 0.05
_MOST_AHEAD = 16
_MOST_SPARED = 4
_SECONDS_OF_A_LONG_TASK = 0.1
"""Beside such a one the moment until the next is there is short, and one that lay ahead would take its bytes thrice."""


class Lost(NamedTuple, Generic[T]):
    """A task that cost its workers' lives, or that missed its deadline, and why."""

    task: T
    error: WorkerDied | DeadlineExpired


class _Attempt(Generic[T]):
    """A task at a worker, how many workers it has cost, and how many it has seen end that it was not to blame for."""

    __slots__ = ("spared", "task", "tries")

    def __init__(self, task: T) -> None:
        self.task = task
        self.tries = 0
        self.spared = 0


class Owner(Generic[T]):
    """One thread of the parent with one worker after the other."""

    def __init__(self, roster: Roster, tasks: Admission[T], results: Channel[Any]) -> None:
        self._roster = roster
        self._options = roster.options
        self._tasks = tasks
        self._results = results
        self._assigned: deque[_Attempt[T]] = deque()
        self._ran_short: list[_Attempt[T]] = []
        self._claimed = 0
        self._handed_over = False
        self._seconds_a_task: float | None = None

    def run(self) -> None:
        """Body of the thread: employ workers until there are no more tasks."""
        schedule_as_batch()
        worker = None
        try:
            while (worker := self._employ()) is None:
                pass
        except Closed:
            pass
        except BaseException as error:  # noqa: BLE001 - it goes up in the thread that receives
            self._results.fail(error)
        finally:
            self._release()
            self._results.end()
            # Who receives the last result need not wait until its worker has gone.
            if worker is not None:
                worker.dismiss()
                self._roster.discard(worker)

    def _employ(self) -> Worker | None:
        """Hire a worker and feed it; the worker when there are no more tasks, None when it died."""
        self._handed_over = False
        began = time.monotonic()
        try:
            worker = self._roster.hire()
        except WorkerDied as death:
            self._account(death.cause)
            return None
        finally:
            self._roster.waited.add("start", time.monotonic() - began)
        fed = False
        try:
            self._feed(worker)
            fed = True
        except DeadlineExpired:
            worker.kill()
            self._roster.note_progress()
            self._results.put(Lost(self._assigned.popleft().task, DeadlineExpired(self._options.deadline or 0.0)))
        except WorkerDied:
            self._account(self._roster.discard(worker))
        finally:
            if not fed:
                self._roster.discard(worker)
        return worker if fed else None

    def _feed(self, worker: Worker) -> None:
        if self._assigned:
            self._hand_over(worker, list(self._assigned))
        while self._top_up(worker):
            result, error, seconds = worker.receive()
            if error is not None:
                self._results.fail(error)
                raise Closed
            before = seconds if self._seconds_a_task is None else self._seconds_a_task
            self._seconds_a_task = before + 0.25 * (seconds - before)
            attempt = self._assigned.popleft()
            self._roster.note_progress()
            if self._is_to_have_more(result):
                self._ran_short.append(attempt)
            else:
                self._results.put(result)
            # Only now: while it waited for somebody to take the result, it did not look for the next one.
            self._watch_head(worker)

    def _top_up(self, worker: Worker) -> bool:
        """See that the worker has a task, and more ahead where they are short; False when there are no more."""
        if not self._assigned and self._claimed:
            self._release()
            worker.limit_memory(self._tasks.fair_share)
        ahead = self._ahead()
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

    def _ahead(self) -> int:
        """How many tasks the worker may have besides the one that it is on."""
        if self._seconds_a_task is None or self._seconds_a_task >= _SECONDS_OF_A_LONG_TASK:
            return 0
        ahead = max(1, min(_MOST_AHEAD, int(_SECONDS_AHEAD / max(self._seconds_a_task, 1e-6))))
        # Towards the end none waits at one worker for another to be done.
        left = self._tasks.left
        return ahead if left is None else min(ahead, left // (2 * self._options.processes))

    def _hand_over(self, worker: Worker, attempts: list[_Attempt[T]]) -> None:
        if len(attempts) == len(self._assigned):
            self._watch_head(worker)
        self._handed_over = True
        worker.limit_memory(self._claimed)
        worker.send([attempt.task for attempt in attempts])

    def _take(self, most: int) -> list[_Attempt[T]]:
        """Up to so many tasks; waits for one only when the worker has none."""
        if self._ran_short:
            if self._assigned:
                return []
            self._claimed = self._tasks.budget.claim_all()
            return [self._ran_short.pop()]
        fresh: list[_Attempt[T]] = []
        try:
            if not self._assigned:
                task, self._claimed = self._tasks.take()
                fresh.append(_Attempt(task))
            while len(fresh) < most:
                fresh.append(_Attempt(self._tasks.take_within(self._claimed)))
        except (Empty, StopIteration):
            pass
        return fresh

    def _is_to_have_more(self, result: Any) -> bool:
        """Whether a task got too little memory and there is more."""
        short = self._options.ran_short is not None and self._options.ran_short(result)
        return short and self._claimed < self._tasks.budget.total

    def _release(self) -> None:
        self._tasks.budget.release(self._claimed)
        self._claimed = 0

    def _watch_head(self, worker: Worker) -> None:
        """From now on, the first of the tasks at the worker has its time."""
        if self._options.deadline is not None and self._assigned:
            worker.watch(self._roster.clock.now() + self._options.deadline)

    def _account(self, cause: str) -> None:
        """Charge a death to the task that the worker was on, or to the pool where there was none."""
        if self._roster.closing:
            raise Closed
        if not (self._handed_over and self._assigned):
            self._roster.note_death(cause)
            return
        head = self._assigned[0]
        if cause == LOST_ITS_SERVER and head.spared < _MOST_SPARED:
            head.spared += 1
            self._roster.note_death(cause)
            return
        head.tries += 1
        if head.tries >= self._options.tries:
            self._assigned.popleft()
            self._results.put(Lost(head.task, WorkerDied(cause, head.tries)))
