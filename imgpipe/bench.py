"""The same loop, timed: one sample of pictures serially, with threads and with processes."""

from __future__ import annotations

import math
import os
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass, replace

from imgpipe.codecs.codec import Limits
from imgpipe.discovery import Selection, find
from imgpipe.engines import Workforce
from imgpipe.errors import UsageError
from imgpipe.flow import Flow, Meter
from imgpipe.job import Item, Source, Status
from imgpipe.options import Options
from imgpipe.recipe import Recipe
from imgpipe.run import execute, prepare
from imgpipe.storage import Storage, open_storage

_SECONDS = 3.0
_FIRST = 8
_MOST = 1000
_MOST_ROUNDS = 5
_MOST_IO_THREADS = 64
_AS_GOOD = 0.95


@dataclass(frozen=True, slots=True)
class Way:
    """A way to run: the engine, and how many workers."""

    engine: str
    cores: int

    def __str__(self) -> str:
        return self.engine if self.engine == "serial" else f"{self.engine} {self.cores}"


@dataclass(frozen=True, slots=True)
class Trial:
    """What is tried: so many pictures of a folder, one recipe, and where outputs may stand for a while.

    Attributes:
        source: the folder.
        names: of the pictures below it, as `sample` picks them.
        recipe: what is made of them.
        work: folder in which a temporary one is made and removed; None for the system's own.
        io_threads: readers, and as many writers.
        rounds: how often every way is tried; the fastest try of each counts.
    """

    source: str
    names: tuple[str, ...]
    recipe: Recipe
    work: str | None = None
    io_threads: int = 2
    rounds: int = 1


@dataclass(frozen=True, slots=True)
class Measured:
    """How one way went.

    Attributes:
        way: which.
        written: pictures that were made; only these count as speed.
        failed: those that were not.
        flow: where the time went.
    """

    way: Way
    written: int
    failed: int
    flow: Flow

    @property
    def starting(self) -> float:
        """Seconds until workers were ready, which a long run does not notice, and which are not counted."""
        return sum(stage.starting / stage.hands for stage in self.flow.stages)

    @property
    def rate(self) -> float:
        """Pictures a second, 0 where none was made."""
        seconds = self.flow.seconds - self.starting
        return self.written / seconds if self.written and seconds > 0 else 0.0


def pictures_of(source: str) -> list[str]:
    """The pictures below a folder by name, as `process` finds them.

    Raises:
        UsageError: there is no such folder, or no picture in it.
    """
    if not os.path.isdir(source):
        raise UsageError(f"{source} is no folder; imgpipe bench takes a folder of pictures")
    names = [found.name for found in find(open_storage(source), Selection()) if isinstance(found, Source)]
    if not names:
        raise UsageError(f"no pictures in {source}")
    return names


def evenly(names: Sequence[str], count: int) -> tuple[str, ...]:
    """So many of the names, at even distances, always the same ones.

    >>> evenly("abcdefgh", 3)
    ('b', 'e', 'g')
    """
    count = min(count, len(names))
    return tuple(names[(2 * number + 1) * len(names) // (2 * count)] for number in range(count))


def seconds_each(trial: Trial, stop: Callable[[], bool]) -> float:
    """Seconds that a picture of the trial takes one after the other, once all is loaded that is loaded late."""
    meter = Meter()
    for notes in (Meter(), meter):
        for _ in measure(trial, Way("serial", 1), stop, notes):
            pass
    return meter.flow().seconds / len(trial.names)


def sample(trial: Trial, names: Sequence[str], count: int | None, stop: Callable[[], bool]) -> Trial:
    """The trial of so many of the names; with None, of as many as take some seconds one after the other.

    Where they take less, they are tried in several rounds: one short try says little.
    """
    seconds = seconds_each(replace(trial, names=evenly(names, _FIRST)), stop)
    if count is None:
        count = max(_FIRST, min(_MOST, math.ceil(_SECONDS / max(seconds, 1e-6))))
    chosen = evenly(names, count)
    rounds = math.ceil(_SECONDS / max(seconds * len(chosen), 1e-6))
    return replace(trial, names=chosen, rounds=max(1, min(_MOST_ROUNDS, rounds)))


def warm(storage: Storage, names: Sequence[str]) -> int:
    """Read all once, so that no way is the first to wait for the disk; how many bytes there are."""
    total = 0
    for name in names:
        try:
            total += len(storage.read(name))
        except OSError:
            continue
    return total


def ways(cores: int) -> list[Way]:
    """What is worth trying on a machine with so many cores.

    >>> [str(way) for way in ways(3)]
    ['serial', 'threads 1', 'threads 2', 'threads 3', 'processes 1', 'processes 2', 'processes 3']
    """
    counts = sorted({1 << power for power in range(cores.bit_length())} | {cores})
    return [Way("serial", 1), *(Way(engine, count) for engine in ("threads", "processes") for count in counts)]


def measure(
    trial: Trial, way: Way, stop: Callable[[], bool] = lambda: False, meter: Meter | None = None
) -> Iterator[Item]:
    """The items of a run over the sample; its outputs are removed when it ends, however it does."""
    workforce = Workforce(cores=way.cores, io_threads=trial.io_threads)
    selection = Selection(names=trial.names)
    options = Options(engine=way.engine, workforce=workforce, selection=selection, limits=Limits())
    try:
        folder = tempfile.TemporaryDirectory(prefix="imgpipe-bench-", dir=trial.work)
    except OSError as error:
        raise UsageError(f"cannot write to {trial.work}: {error.strerror}; choose another folder by --work") from error
    with folder as target:
        plan = prepare(trial.source, target, trial.recipe, options)
        with closing(execute(plan, trial.recipe, options, stop, meter)) as items:
            yield from items


def measured(way: Way, items: Sequence[Item], meter: Meter) -> Measured:
    """What a run has shown."""
    ends = [item.status for item in items]
    return Measured(way, ends.count(Status.WRITTEN), ends.count(Status.FAILED), meter.flow())


def io_threads_for(flow: Flow, cores: int) -> int:
    """Readers (and as many writers) that keep so many cores busy, by what a picture took one after the other."""
    read, process, write = (stage.worked for stage in flow.stages)
    needed = math.ceil(cores * max(read, write) / process) if process else _MOST_IO_THREADS
    return max(2, min(_MOST_IO_THREADS, needed))


def best(tried: Sequence[Measured]) -> Measured:
    """The fastest; of those that are as good within 5 %, the one that takes least."""
    most = max(one.rate for one in tried)
    return next(one for one in sorted(tried, key=lambda one: one.way.cores) if one.rate >= _AS_GOOD * most)
