"""One picture after the other, in the caller's thread."""

from __future__ import annotations

from collections.abc import Iterator

from imgpipe.engines.workforce import Workforce
from imgpipe.job import Item, Job
from imgpipe.steps import Steps


def serial(jobs: Iterator[Job | Item], steps: Steps, workforce: Workforce) -> Iterator[Item]:
    """Run the steps without any concurrency; the workforce is not used, and no deadline is kept."""
    del workforce
    for job in jobs:
        yield steps.write(steps.apply_here(steps.read(job)))
