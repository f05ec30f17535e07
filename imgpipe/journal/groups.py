"""Jobs are noted as begun in groups, for each note may cost a disk's turn."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Generator, Iterator
from contextlib import suppress

from imgpipe.errors import OutputError
from imgpipe.job import Item, Job
from imgpipe.journal import Journal

_GROUP = 32, 0.02
_GROUP_OF_REMOTE = 256, 0.25


def noted(decided: Iterator[Job | Item], journal: Journal, *, remote: bool = False) -> Generator[Job | Item]:
    """The same, each job after it was noted; those that nobody takes are withdrawn when this is closed.

    Args:
        decided: jobs, and items where there is nothing to do.
        journal: where they are noted.
        remote: a note takes a while, so that groups are larger.
    """
    for group in _groups(decided, *(_GROUP_OF_REMOTE if remote else _GROUP)):
        jobs = deque([job for job in group if isinstance(job, Job)])
        journal.begin(jobs)
        try:
            for job in group:
                if jobs and job is jobs[0]:
                    jobs.popleft()
                yield job
        finally:
            # Where even that cannot be written, the error that ended the run is the one to hear of.
            with suppress(OutputError):
                journal.withdraw(jobs)


def _groups(decided: Iterator[Job | Item], most: int, seconds: float) -> Iterator[list[Job | Item]]:
    """Some at a time, and as many as come in a short while, for the first ones are waited for."""
    group: list[Job | Item] = []
    due = time.monotonic() + seconds
    for job in decided:
        group.append(job)
        if len(group) >= most or time.monotonic() >= due:
            yield group
            group, due = [], time.monotonic() + seconds
    yield group
