"""Threads for everything: right where the work waits for disks and networks rather than for the processor."""

from __future__ import annotations

from collections.abc import Iterator

from imgpipe.concurrency.channel import Capacity
from imgpipe.concurrency.stage import Crew, stage
from imgpipe.engines.workforce import Workforce
from imgpipe.job import Item, Job
from imgpipe.steps import Steps, weight


def threads(jobs: Iterator[Job | Item], steps: Steps, workforce: Workforce) -> Iterator[Item]:
    """Run each step in threads of one process; a picture that hangs or crashes takes the run with it."""
    ahead = Capacity(2 * workforce.cores + 2, workforce.bytes_ahead)
    readers = Crew(workforce.io_threads, ahead, weight, "read")
    workers = Crew(workforce.cores, ahead, weight, "apply")
    writers = Crew(workforce.writers or workforce.io_threads, Capacity(64), name="write")
    with (
        stage(steps.read, jobs, readers) as loaded,
        stage(steps.apply_here, loaded, workers) as made,
        stage(steps.write, made, writers) as items,
    ):
        yield from items
