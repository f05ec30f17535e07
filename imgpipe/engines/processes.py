"""Threads read and write, a pool of processes does the work: the default."""

from __future__ import annotations

import multiprocessing
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager, nullcontext, suppress
from dataclasses import replace
from functools import partial
from typing import NamedTuple

from imgpipe.concurrency.admission import Budget
from imgpipe.concurrency.arena import Arena, make_arena
from imgpipe.concurrency.channel import Capacity
from imgpipe.concurrency.pool import pool_stage
from imgpipe.concurrency.room import StartRefused
from imgpipe.concurrency.roster import PoolOptions
from imgpipe.concurrency.spares import Spares
from imgpipe.concurrency.stage import Crew, channel_of, stage
from imgpipe.concurrency.waited import Waited
from imgpipe.concurrency.worker import Worker
from imgpipe.engines.in_flight import admitting_files
from imgpipe.engines.workforce import Workforce
from imgpipe.errors import UsageError
from imgpipe.flow import Station
from imgpipe.job import Item, Job
from imgpipe.steps import Steps, ran_short, weight
from imgpipe.warm import PRELOAD, warm_up

_INPUTS, _OUTPUTS = 1 << 30, 256 << 20
"""Bytes in which files lie that were read, and what one worker made; they take no memory until they are used."""

_RESULTS_AT_ONCE, _ITEMS_AT_ONCE = 16, 32
"""What writers, and then the caller, find to do when they wake up: few enough that no worker waits meanwhile."""


class Ahead(NamedTuple):
    """Worker processes that were started before there was work.

    Attributes:
        spares: the workers, of which there may be more to come.
        inputs: the memory that they look into, None where the system has no such thing.
    """

    spares: Spares
    inputs: Arena | None


def processes(jobs: Iterator[Job | Item], steps: Steps, workforce: Workforce) -> Iterator[Item]:
    """Run `apply` in supervised processes and the other steps in threads.

    A picture that kills its worker, or is not done at its deadline, fails alone.
    """
    _check_children()
    ahead: Ahead | None = workforce.ahead
    inputs = make_arena(_INPUTS) if ahead is None else ahead.inputs
    read_ahead = Capacity(32 * workforce.cores, workforce.bytes_ahead)
    readers = Crew(workforce.readers or workforce.io_threads, read_ahead, weight, "read")
    writers = Crew(workforce.writers or workforce.io_threads, Capacity(64, gathered=_ITEMS_AT_ONCE), name="write")
    waited = Waited()
    pool = PoolOptions(
        processes=workforce.cores,
        capacity=read_ahead._replace(gathered=_RESULTS_AT_ONCE),
        weigh=weight,
        tries=workforce.tries,
        deadline=workforce.timeout,
        initializer=warm_up,
        preload=PRELOAD,
        start_method=workforce.start_method,
        bypass=steps.bypass,
        memory=workforce.memory_of_pictures,
        cost=steps.cost,
        ran_short=ran_short,
        waited=waited,
        inputs=inputs,
        outputs=_OUTPUTS,
        spares=None if ahead is None else ahead.spares,
    )
    files = Budget(workforce.memory_of_files)
    steps = admitting_files(steps, files, readers.waited)
    read = steps.read if inputs is None else partial(steps.read, room=inputs.room)
    loaded = channel_of(readers)
    with (
        # That of workers which were started ahead is not ours: one may still be coming, and is to look into it.
        nullcontext() if inputs is None or ahead is not None else closing(inputs),
        # Workers take as long to come as the first files to be read.
        pool_stage(steps.apply, loaded, pool) as made,
        stage(read, jobs, readers, into=loaded),
        closing(files),
        stage(steps.write, made, writers) as items,
    ):
        steps.meter.watch(
            Station("read", readers.threads, readers.waited, None, loaded),
            Station("process", pool.processes, waited, loaded, made),
            Station("write", writers.threads, writers.waited, made, items),
        )
        yield from items


@contextmanager
def workers_ahead(workforce: Workforce, count: int) -> Iterator[Workforce]:
    """The same workforce, of which so many workers are being started while it is found out what there is to do.

    Only for a program that has forked its fork server ahead: else it would take longer to start that one.
    """
    with ExitStack() as running:
        if workforce.start_method == "forkserver":
            inputs = make_arena(_INPUTS)
            if inputs is not None:
                running.enter_context(closing(inputs))
            start = partial(Worker, workforce.start_method, PRELOAD, inputs, _OUTPUTS)
            # Where there is no room for a thread now, the run will say so, if there is none then.
            with suppress(StartRefused):
                spares = running.enter_context(Spares(start, count).starting())
                workforce = replace(workforce, ahead=Ahead(spares, inputs))
        yield workforce


def _check_children() -> None:
    if multiprocessing.current_process().daemon:
        raise UsageError(
            "a worker of multiprocessing.Pool, or another daemonic process, may start none: choose the engine threads "
            "or serial there"
        )
