"""The client's side of a run on a cluster: which groups are at the workers, and what becomes of those that fail."""

from __future__ import annotations

import os
import pickle
import time
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from types import TracebackType
from typing import Any

from imgpipe.concurrency.channel import Channel, Empty
from imgpipe.concurrency.owner import Lost
from imgpipe.concurrency.worker import WorkerDied
from imgpipe.engines.asking import Silence, ask, fetch
from imgpipe.engines.deadline import Overdue
from imgpipe.engines.group import halt, work
from imgpipe.engines.order import Done, Order
from imgpipe.errors import ImgpipeError, RunError
from imgpipe.job import Item, Job, Seconds, Status
from imgpipe.passing import Loaded
from imgpipe.publishing import NOT_BEGUN
from imgpipe.steps import Steps

_SECONDS_A_GROUP = 1.0
_MOST_SECONDS = 30.0
_THREADS_A_SECOND = 100
_MOST_JOBS = 256
_GROWTH = 4
_GROUPS_A_THREAD = 2
_SECONDS_BETWEEN_LOOKS = 2.0
_SECONDS_WITHOUT_WORKERS = 60.0
_SECONDS_A_POLL = 0.02
_SECONDS_TO_RESTART = 20.0


@dataclass(frozen=True, slots=True)
class _Group:
    """Jobs at a worker, whether they are done apart from others, and how many workers that has cost."""

    jobs: tuple[Job, ...]
    apart: bool = False
    deaths: int = 0

    @property
    def folders(self) -> set[str]:
        """Where their outputs will stand, below that of the output."""
        return {os.path.dirname(target.name) for job in self.jobs for target in job.targets}


class Dispatch:
    """Sends groups of jobs to a cluster, so many at a time, and gives their items."""

    def __init__(self, client: Any, order: Order, steps: Steps, litter: set[str]) -> None:
        from distributed import as_completed

        self._client = client
        self._order = order
        self._steps = steps
        self._finished = as_completed(loop=client.loop, raise_errors=False)
        self._sent: dict[Any, _Group] = {}
        self._number = 0
        self._size = 1
        self._workers: set[str] = set()
        self._threads = 0
        self._litter = litter
        self._touched: set[str] = set()
        self._looked = self._with_workers = time.monotonic()
        self._silence = Silence(client)
        self._halted = False

    def __enter__(self) -> Dispatch:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Leave nothing on the scheduler, and let workers stop at the next picture."""
        if self._sent:
            self._litter |= self._touched
            if self._client.status == "running" and not self._silence:
                self._halt()
                with suppress(OSError):
                    ask(self._client, self._client.cancel, list(self._sent), force=True)
            self._sent.clear()

    def items(self, found: Channel[Job | Item]) -> Iterator[Item]:
        """One for each job, in the order in which groups are done."""
        pending: list[Job] = []
        more = True
        self._look_at_workers()
        while more or pending or self._sent:
            self._check_connection()
            if self._steps.stopping():
                self._halt()
                if not self._threads:
                    # Whoever comes now need not begin what nobody is on.
                    yield from _not_begun([*pending, *(job for group in self._sent.values() for job in group.jobs)])
                    return
            size = self._size_of_next(found.left, len(pending))
            while more and self._has_room() and len(pending) < size:
                try:
                    job = found.take(wait=not (self._sent or pending))
                except Empty:
                    break
                except StopIteration:
                    more = False
                    break
                if isinstance(job, Item):
                    yield job
                else:
                    pending.append(job)
            if pending and (len(pending) >= size or not more or self._is_short_of_work()):
                self._send(_Group(tuple(pending)))
                pending = []
            yield from self._received()
        self._look_at_workers()

    def _has_room(self) -> bool:
        return len(self._sent) < max(1, _GROUPS_A_THREAD * self._threads)

    def _is_short_of_work(self) -> bool:
        """Whether a group that could still grow is sent as it is, so that all workers have something to do."""
        return len(self._sent) <= self._threads

    def _size_of_next(self, left: int | None, pending: int) -> int:
        """Towards the end groups become small, so that all workers come to it at the same time."""
        if left is None:
            return self._size
        return max(1, min(self._size, (left + pending) // (_GROUPS_A_THREAD * max(1, self._threads))))

    def _send(self, group: _Group) -> None:
        self._number += 1
        key = f"imgpipe-{self._order.run}-{self._number}"
        packed = pickle.dumps(group.jobs, protocol=5)
        future = self._client.submit(work, self._order, packed, apart=group.apart, key=key, pure=False)
        self._sent[future] = group
        self._touched |= group.folders
        self._finished.add(future)

    def _received(self) -> Iterator[Item]:
        """What has come; waits a moment for it where nothing has."""
        batch = self._finished.next_batch(block=False)
        if not batch:
            time.sleep(_SECONDS_A_POLL)
        for future in batch:
            yield from self._settled(future, self._sent.pop(future))

    def _settled(self, future: Any, group: _Group) -> Iterator[Item]:
        from distributed import KilledWorker
        from distributed.comm import CommClosedError

        try:
            done = self._result(future)
        except KilledWorker as death:
            yield from self._bereaved(group, death)
        except Overdue as overdue:
            # A thread works on there for nobody; a worker that has no nanny keeps it.
            with suppress(Exception):
                again, seconds = self._client.restart_workers, _SECONDS_TO_RESTART
                ask(self._client, again, [overdue.address], timeout=seconds, raise_for_error=False, seconds=2 * seconds)
            self._send(_Group(group.jobs, apart=True, deaths=group.deaths))
        except ImgpipeError:
            raise
        except CommClosedError as error:
            raise self._scheduler_gone() from error
        except Exception as error:
            self._check_connection()
            words = " ".join(str(error).split())
            raise RunError(f"the cluster could not go on with a task: {type(error).__name__}: {words}") from error
        else:
            if not group.apart:
                self._adapt(done.seconds / len(group.jobs))
            yield from self._begun(done.items, group)

    def _result(self, future: Any) -> Done:
        """What a worker has made, which the scheduler is asked for: waited for as long as that answers at all."""
        while True:
            done: Done | None = fetch(future)
            if done is not None:
                return done
            # Unless it answers now.
            self._silence.note()
            self._check_connection()

    def _begun(self, items: list[Item], group: _Group) -> Iterator[Item]:
        """Those of jobs that were begun; the others are sent again, where a worker took the run for stopped."""
        left = {item.source.name for item in items if item.reason == NOT_BEGUN}
        if left and not self._halted:
            self._send(_Group(tuple(job for job in group.jobs if job.source.name in left), group.apart, group.deaths))
            items = [item for item in items if item.source.name not in left]
        yield from items

    def _adapt(self, seconds_a_job: float) -> None:
        """Let groups take about a second, long beside a scheduler's milliseconds; more where it has many threads."""
        seconds = max(_SECONDS_A_GROUP, min(self._threads / _THREADS_A_SECOND, _MOST_SECONDS))
        wanted = int(seconds / max(seconds_a_job, 1e-6))
        self._size = max(1, min(wanted, self._size * _GROWTH, _MOST_JOBS))

    def _bereaved(self, group: _Group, death: Any) -> Iterator[Item]:
        """Jobs whose worker has died; each is looked at apart then, where only its own process can die."""
        if self._halted:
            yield from _not_begun(group.jobs)
        elif not group.apart:
            self._send(_Group(group.jobs, apart=True))
        elif len(group.jobs) > 1:
            half = len(group.jobs) // 2
            self._send(_Group(group.jobs[:half], apart=True, deaths=group.deaths))
            self._send(_Group(group.jobs[half:], apart=True, deaths=group.deaths))
        elif group.deaths <= self._order.workforce.tries:
            self._send(_Group(group.jobs, apart=True, deaths=group.deaths + 1))
        else:
            cause = WorkerDied(f"vanished with its Dask worker at {death.last_worker.address}", group.deaths + 1)
            yield self._steps.write(Lost(Loaded(group.jobs[0], b"", Seconds()), cause))

    def _halt(self) -> None:
        """Let workers begin no more jobs; those that were sent come back as not begun."""
        if not self._halted:
            with suppress(OSError):
                ask(self._client, self._client.run, halt, self._order.run, on_error="ignore")
            self._halted = True

    def _look_at_workers(self) -> None:
        now = time.monotonic()
        self._looked = now
        try:
            threads: dict[str, int] = ask(self._client, self._client.nthreads)
        except TimeoutError:
            self._silence.note()
            return
        self._silence.end()
        if self._workers - threads.keys():
            # Some died since the last look, and not of all deaths one hears otherwise.
            self._litter |= self._touched
        self._touched = {folder for group in self._sent.values() for folder in group.folders}
        self._workers, self._threads = set(threads), sum(threads.values())
        if self._threads:
            self._with_workers = now
        elif now - self._with_workers > _SECONDS_WITHOUT_WORKERS:
            raise RunError(
                f"the cluster has had no workers for {_SECONDS_WITHOUT_WORKERS:.0f} s; start some (`dask worker "
                "ADDRESS`) and run the same command again"
            )

    def _check_connection(self) -> None:
        if self._client.status != "running":
            raise self._scheduler_gone()
        if time.monotonic() - self._looked > _SECONDS_BETWEEN_LOOKS:
            self._look_at_workers()

    def _scheduler_gone(self) -> RunError:
        scheduler = self._client.scheduler
        if scheduler is None:
            return RunError("the Dask client was closed during the run; what is done is kept: run the same again")
        return RunError(
            f"the Dask scheduler at {scheduler.address} is gone; what is done is kept: run the same command again when "
            "there is one"
        )


def _not_begun(jobs: Iterable[Job]) -> Iterator[Item]:
    return (Item(job.source, Status.SKIPPED, reason=NOT_BEGUN) for job in jobs)
