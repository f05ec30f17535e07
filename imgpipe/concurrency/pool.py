"""A pool of supervised worker processes that loses nothing when one of them is killed.

Each worker has a private pipe and one owner thread in the parent; processes share no lock and no pipe, so
the death of one cannot block another. See `owner` for what happens when one dies.
"""

from __future__ import annotations

import atexit
import os
import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack, contextmanager
from types import TracebackType
from typing import Any, Generic, TypeVar

from imgpipe.concurrency import wire
from imgpipe.concurrency.admission import Admission, Budget
from imgpipe.concurrency.channel import Channel
from imgpipe.concurrency.lineage import is_copy_of
from imgpipe.concurrency.owner import Lost, Owner
from imgpipe.concurrency.roster import PoolBroken, PoolOptions, Roster
from imgpipe.concurrency.stage import Crew, as_it_is, crew_at_work, stage
from imgpipe.concurrency.warden import warden

T = TypeVar("T")
R = TypeVar("R")


@contextmanager
def pool_stage(function: Callable[[T], R], source: Channel[T], options: PoolOptions) -> Iterator[Channel[Any]]:
    """Run `function` over `source` in worker processes; the results are of type R, or `Lost`.

    The function is pickled once for each worker, tasks and results once each. What the function raises
    comes out of the channel with the worker's traceback as its cause. On leaving the block the workers
    are killed first, then their owner threads joined; after the last result they may come to their end, but for an
    error or an interrupt.

    Raises:
        PoolBroken: (out of the channel) more than 4 x processes workers died before they were ready or
            while idle, and nothing was done in between; or the program ends inside the block.
    """
    results: Channel[Any] = Channel(options.capacity, senders=options.processes, weigh=options.weigh)
    roster = Roster(wire.dumps((function, options.initializer)), options)
    budget = Budget(options.memory)
    share = options.memory // options.processes
    tasks = Admission(source, _passing_by(options, results), options.cost, budget, share, roster.waited)
    threads = [
        threading.Thread(target=Owner(roster, tasks, results).run, name=f"pool-{number}", daemon=True)
        for number in range(options.processes)
    ]
    running, turn, process = ExitStack(), threading.Lock(), os.getpid()

    def close() -> None:
        # Whoever is second waits until all has gone that uses what is closed next.
        with turn:
            running.close()

    def end_with_program() -> None:
        """A program may end inside the block; multiprocessing would wait for ever then, its SIGTERM being ignored."""
        if not is_copy_of(process):
            # A daemonic thread would else take what came until now for all that there is.
            results.fail(PoolBroken("the program ends, and its worker processes with it"))
            close()

    def end_workers() -> None:
        # Where all results were taken, their workers leave of themselves.
        if results.left != 0:
            roster.kill_all()

    try:
        running.enter_context(warden(roster.clock, roster.employed))
        # An interrupt may fall into the joining.
        running.callback(roster.kill_all)
        running.enter_context(crew_at_work(threads, source, results))
        running.callback(budget.close)
        running.callback(end_workers)
        atexit.register(end_with_program)
        yield results
    except BaseException:
        # Nor is one waited for that is leaving.
        roster.kill_all()
        raise
    finally:
        atexit.unregister(end_with_program)
        close()


def _passing_by(options: PoolOptions, results: Channel[Any]) -> Callable[[Any], bool]:
    """Puts a task that skips the workers among the results, and says whether it is one."""

    def pass_by(task: Any) -> bool:
        passes = options.bypass is not None and options.bypass(task)
        if passes:
            results.put(task)
        return passes

    return pass_by


class Pool(Generic[T, R]):
    """A pool of supervised processes, with those verbs of `multiprocessing.Pool` that a pipeline needs.

    >>> with Pool(abs, processes=2) as pool:
    ...     sorted(pool.imap_unordered([-1, 2, -3]))
    [1, 2, 3]
    """

    def __init__(self, function: Callable[[T], R], processes: int, options: PoolOptions | None = None) -> None:
        self._function = function
        self._options = (options or PoolOptions())._replace(processes=processes)
        self._running = ExitStack()

    def imap_unordered(self, tasks: Iterable[T]) -> Iterator[R | Lost[T]]:
        """The results in the order in which they are done; a task that killed its workers comes as `Lost`.

        The workers start with the first `next`, and leave when the iterator ends, is closed or forgotten, or the
        pool is terminated.
        """
        with ExitStack() as running:
            self._running.callback(running.close)
            fed = running.enter_context(stage(as_it_is, tasks, Crew(name="feed")))
            yield from running.enter_context(pool_stage(self._function, fed, self._options))

    def terminate(self) -> None:
        """Kill the workers, wait until they and all threads have gone; iterators over results end."""
        self._running.close()

    def __enter__(self) -> Pool[T, R]:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.terminate()
