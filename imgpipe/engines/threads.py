"""Threads for everything: right where the work waits for disks and networks rather than for the processor."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing

from imgpipe.concurrency.admission import Budget
from imgpipe.concurrency.channel import Capacity
from imgpipe.concurrency.stage import Crew, stage
from imgpipe.engines.in_flight import admitting_files, admitting_pictures
from imgpipe.engines.workforce import Workforce
from imgpipe.flow import Station
from imgpipe.job import Item, Job
from imgpipe.steps import Steps, weight


def threads(jobs: Iterator[Job | Item], steps: Steps, workforce: Workforce) -> Iterator[Item]:
    """Run each step in threads of one process; a picture that hangs or crashes takes the run with it."""
    ahead = Capacity(2 * workforce.cores + 2, workforce.bytes_ahead)
    readers = Crew(workforce.readers or workforce.io_threads, ahead, weight, "read")
    workers = Crew(workforce.cores, ahead, weight, "apply")
    writers = Crew(workforce.writers or workforce.io_threads, Capacity(64), name="write")
    files, pictures = Budget(workforce.memory_of_files), Budget(workforce.memory_of_pictures)
    steps = admitting_files(steps, files, readers.waited)
    apply = admitting_pictures(steps, pictures, pictures.total // workforce.cores, workers.waited)
    with (
        stage(steps.read, jobs, readers) as loaded,
        closing(files),
        stage(apply, loaded, workers) as made,
        closing(pictures),
        stage(steps.write, made, writers) as items,
    ):
        steps.meter.watch(
            Station("read", readers.threads, readers.waited, None, loaded),
            Station("process", workers.threads, workers.waited, loaded, made),
            Station("write", writers.threads, writers.waited, made, items),
        )
        yield from items
