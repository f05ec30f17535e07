"""Threads read and write, a pool of processes does the work: the default."""

from __future__ import annotations

import multiprocessing
from collections.abc import Iterator
from contextlib import closing, nullcontext
from functools import partial

from imgpipe.concurrency.admission import Budget
from imgpipe.concurrency.arena import make_arena
from imgpipe.concurrency.channel import Capacity
from imgpipe.concurrency.pool import pool_stage
from imgpipe.concurrency.roster import PoolOptions
from imgpipe.concurrency.stage import Crew, channel_of, stage
from imgpipe.concurrency.waited import Waited
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


def processes(jobs: Iterator[Job | Item], steps: Steps, workforce: Workforce) -> Iterator[Item]:
    """Run `apply` in supervised processes and the other steps in threads.

    A picture that kills its worker, or is not done at its deadline, fails alone.
    """
    _check_children()
    inputs = make_arena(_INPUTS)
    ahead = Capacity(32 * workforce.cores, workforce.bytes_ahead)
    readers = Crew(workforce.readers or workforce.io_threads, ahead, weight, "read")
    writers = Crew(workforce.writers or workforce.io_threads, Capacity(64, gathered=_ITEMS_AT_ONCE), name="write")
    waited = Waited()
    pool = PoolOptions(
        processes=workforce.cores,
        capacity=ahead._replace(gathered=_RESULTS_AT_ONCE),
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
    )
    files = Budget(workforce.memory_of_files)
    steps = admitting_files(steps, files, readers.waited)
    read = steps.read if inputs is None else partial(steps.read, room=inputs.room)
    loaded = channel_of(readers)
    with (
        nullcontext() if inputs is None else closing(inputs),
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


def _check_children() -> None:
    if multiprocessing.current_process().daemon:
        raise UsageError(
            "a worker of multiprocessing.Pool, or another daemonic process, may start none: choose the engine threads "
            "or serial there"
        )
