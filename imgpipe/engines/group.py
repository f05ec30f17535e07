"""What a worker of a cluster does: a group of jobs, from reading to writing, with the same steps as anywhere.

Jobs come as names; pictures never cross the scheduler. One thread applies, others read ahead of it and write behind it,
so that a task keeps one core busy. Where a task has cost a worker its life, or a picture of it is overdue, its jobs are
sent again to be done *apart*: by the engine `processes` with one process, which pins deaths and deadlines to exactly
one picture, and says so in the same words as a local run.
"""

from __future__ import annotations

import multiprocessing
import os
import pickle
import threading
import time
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import Any

from imgpipe.concurrency.channel import Capacity, Channel
from imgpipe.concurrency.owner import Lost
from imgpipe.concurrency.room import start_thread
from imgpipe.concurrency.stage import Crew, stage
from imgpipe.engines.deadline import Hand, Overdue, watched
from imgpipe.engines.free_memory import half_of_free_memory
from imgpipe.engines.order import Done, Order, check_versions
from imgpipe.engines.processes import processes
from imgpipe.engines.workforce import Workforce
from imgpipe.errors import UsageError
from imgpipe.footprint import left, needed
from imgpipe.job import Failure, Item, Job, Status
from imgpipe.passing import Loaded, Made
from imgpipe.publishing import NOT_BEGUN
from imgpipe.steps import Apply, Read, Steps, Write, ran_short, weight
from imgpipe.storage import Room, Storage
from imgpipe.storage.listing import OWN_FOLDER
from imgpipe.warm import warm_up

TOKEN = f"{OWN_FOLDER}/cluster"
"""Names the run that may write to an output folder; by it workers see whether they have the same folder."""

_SECONDS_TO_SEE_IT = 5.0
_SECONDS_BETWEEN_LOOKS = 1.0
_AHEAD = Capacity(16, 32 << 20)
_WORKER_ITSELF = 256 << 20
_HALTED = "imgpipe_halted"
_MORE = (
    "start workers with more (--memory-limit; with local:4 it is --memory) or fewer threads, or make the picture "
    "smaller first"
)


def work(order: Order, packed: bytes, *, apart: bool) -> Done:
    """Body of a task.

    Args:
        order: of the run.
        packed: the jobs, pickled, so that the scheduler need not look into them.
        apart: in a process of its own.

    Raises:
        RunError: this worker has other versions, or other folders, than the client.
        OutputError: the outputs cannot be written.
        Overdue: see there.
    """
    from distributed import get_worker

    worker = get_worker()
    check_versions(order, worker.address)
    warm_up()
    steps = _steps(order, worker)
    jobs: list[Job] = pickle.loads(packed)  # noqa: S301 - from the client, who may run any code here anyway
    began = time.monotonic()
    workforce = replace(order.workforce, memory=_memory(worker))
    items = _apart(steps, jobs, workforce) if apart else _in_time(steps, jobs, workforce, Overdue(worker.address))
    if steps.target is not None:
        steps.target.sync()
    return Done(items, time.monotonic() - began)


def halt(run: str, dask_worker: Any) -> None:
    """Begin no more jobs of a run on this worker; called by `Client.run`, also while tasks are running."""
    _halted(dask_worker).add(run)


def _halted(worker: Any) -> set[str]:
    halted: set[str] = vars(worker).setdefault(_HALTED, set())
    return halted


def _steps(order: Order, worker: Any) -> Steps:
    """The steps, held to what this worker has of memory; they stop when the run is halted or its client has gone."""
    try:
        steps: Steps = pickle.loads(order.steps)  # noqa: S301 - from the client, as above
    except Exception as error:
        raise UsageError(f"the worker at {worker.address} cannot load what is to be done: {error}") from error
    share = _memory(worker)
    if order.run not in _halted(worker):
        _check_folders(steps, order.run, worker)
    stopping = _stopping(steps.target, order.run, worker)
    return replace(
        steps,
        read=partial(_read, share, stopping, steps.read),
        apply=partial(_apply, share, steps.cost, steps.apply),
        write=partial(_write, _gone(steps.target, order.run), steps.write),
        stopping=stopping,
    )


def _stopping(target: Storage | None, run: str, worker: Any) -> Callable[[], bool]:
    gone = _gone(target, run)
    return lambda: gone() or run in _halted(worker)


def _gone(target: Storage | None, run: str) -> Callable[[], bool]:
    """Says whether the run may write no more, as it has left the output or another one has it."""
    looked, found = time.monotonic(), False

    def gone() -> bool:
        nonlocal looked, found
        if target is not None and time.monotonic() - looked >= _SECONDS_BETWEEN_LOOKS:
            looked, found = time.monotonic(), not _is_seen(target, run)
        return found

    return gone


def _is_seen(target: Storage, run: str) -> bool:
    try:
        return target.read(TOKEN) == run.encode()
    except OSError:
        return False


def _check_folders(steps: Steps, run: str, worker: Any) -> None:
    source, target = steps.source, steps.target
    seen = source is None or source.samples or "://" in source.root or os.path.isdir(source.root)
    if source is not None and not seen:
        raise UsageError(_not_shared(worker, "INPUT", source.root))
    # A network file system may show a new file only after some seconds.
    end = time.monotonic() + _SECONDS_TO_SEE_IT
    while target is not None and not _is_seen(target, run):
        if time.monotonic() >= end:
            raise UsageError(_not_shared(worker, "OUTPUT", target.root))
        time.sleep(0.1)


def _not_shared(worker: Any, what: str, root: str) -> str:
    return (
        f"the worker at {worker.address} does not see {what} {root}; all machines of a cluster must have the same "
        "folders there, by a file system that they share"
    )


def _memory(worker: Any) -> int:
    """Bytes for one picture: what the worker may take, less what it needs for itself, divided by its threads."""
    limit: int = getattr(worker.memory_manager, "memory_limit", None) or half_of_free_memory()
    threads: int = worker.state.nthreads
    return max(_WORKER_ITSELF, limit - _WORKER_ITSELF) // max(1, threads)


def _read(
    share: int, stopping: Callable[[], bool], read: Read, job: Job | Item, room: Room | None = None
) -> Loaded | Item:
    if stopping() and isinstance(job, Job):
        return Item(job.source, Status.SKIPPED, reason=NOT_BEGUN)
    if isinstance(job, Job) and job.source.bytes > share:
        return _too_large(job, job.source.bytes, share)
    return read(job, room)


def _apply(share: int, cost: Callable[[Any], int], apply: Apply, loaded: Loaded | Item) -> Made | Item:
    if isinstance(loaded, Loaded) and (needed := cost(loaded)) > share:
        return _too_large(loaded.job, needed, share)
    return apply(loaded)


def _write(given_up: Callable[[], bool], write: Write, made: Made | Loaded | Item | Lost[Loaded]) -> Item:
    if isinstance(made, Made) and given_up():
        return write(Item(made.job.source, Status.SKIPPED, reason=NOT_BEGUN))
    return _advised(write(made))


def _advised(item: Item) -> Item:
    """The item; where a picture had too little memory, with other advice than `--memory`, which is refused here."""
    if not ran_short(item) or item.failure is None:
        return item
    return item._replace(failure=item.failure._replace(message=f"its worker has not enough memory for it: {_MORE}"))


def _too_large(job: Job, expected: int, share: int) -> Item:
    message = (
        f"about {needed(expected)} of memory are needed, and its worker has {left(share)} for one picture: {_MORE}"
    )
    return Item(job.source, Status.FAILED, failure=Failure("LimitExceeded", message))


def _apart(steps: Steps, jobs: list[Job], workforce: Workforce) -> list[Item]:
    # A worker of a nanny is a daemon, and those may have no children; ours never outlive it.
    multiprocessing.current_process().daemon = False
    return list(processes(iter(jobs), steps, replace(workforce, cores=1, start_method="spawn", cluster=None)))


def _in_time(steps: Steps, jobs: list[Job], workforce: Workforce, overdue: Overdue) -> list[Item]:
    """All jobs in threads of this process; `overdue` is raised where a picture takes longer than it may."""
    ended: Channel[list[Item]] = Channel(Capacity(1))
    stopping = steps.stopping
    hand = Hand(steps.apply, workforce.timeout, lambda: ended.fail(overdue))
    # What is left at its deadline is done elsewhere, and nothing more by the threads that were left.
    write = partial(_write, lambda: hand.expired, steps.write)
    steps = replace(steps, apply=hand.apply, write=write, stopping=lambda: hand.expired or stopping())
    # A thread of its own, for one that waits for a picture that never ends can be left.
    work = threading.Thread(target=_run, args=(steps, jobs, workforce, ended), name="group", daemon=True)
    start_thread(work)
    with watched(hand, workforce.timeout):
        items = ended.take()
    work.join()
    return items


def _run(steps: Steps, jobs: list[Job], workforce: Workforce, ended: Channel[list[Item]]) -> None:
    readers = Crew(workforce.readers or workforce.io_threads, _AHEAD, weight, "read")
    writers = Crew(workforce.writers or workforce.io_threads, _AHEAD, name="write")
    try:
        with (
            stage(steps.read, jobs, readers) as loaded,
            stage(steps.apply_here, loaded, Crew(1, _AHEAD, weight, "apply")) as made,
            stage(steps.write, made, writers) as items,
        ):
            done = list(items)
        ended.put(done)
    except BaseException as error:  # noqa: BLE001 - it goes up in the thread that waits
        ended.fail(error)
