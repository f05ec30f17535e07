"""What is admitted against a budget of bytes: files in flight, and pictures where threads work on them."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from imgpipe.concurrency.admission import Budget
from imgpipe.concurrency.waited import Waited
from imgpipe.job import Item, Job
from imgpipe.passing import Loaded, Made
from imgpipe.steps import Steps
from imgpipe.storage import Room


def admitting_files(steps: Steps, budget: Budget, waited: Waited) -> Steps:
    """The steps, of which `read` waits until the file fits beside those that were read and are not yet written.

    A file larger than the budget is read when there is no other. How long readers waited is noted as for room.
    """
    held: dict[str, int] = {}

    def read(job: Job | Item, room: Room | None = None) -> Loaded | Item:
        if isinstance(job, Job):
            began = time.monotonic()
            held[job.source.name] = budget.claim(job.source.bytes)
            waited.add("room", time.monotonic() - began)
        return steps.read(job, room)

    def write(made: Any) -> Item:
        item = steps.write(made)
        budget.release(held.pop(item.source.name, 0))
        return item

    return replace(steps, read=read, write=write)


def admitting_pictures(
    steps: Steps, budget: Budget, fair_share: int, waited: Waited
) -> Callable[[Loaded | Item], Made | Loaded | Item]:
    """`apply_here`, which waits, in order, until what the picture is expected to take fits beside the others."""
    turn = threading.Lock()

    def apply(loaded: Loaded | Item) -> Made | Loaded | Item:
        if steps.bypass(loaded):
            return loaded
        began = time.monotonic()
        with turn:
            claimed = budget.claim(max(steps.cost(loaded), fair_share))
        waited.add("memory", time.monotonic() - began)
        try:
            return steps.apply(loaded)
        finally:
            budget.release(claimed)

    return apply
