"""Workers of a Dask cluster do the steps, in groups of jobs that travel as names."""

from __future__ import annotations

import os
import pickle
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace

from imgpipe.concurrency.channel import Capacity
from imgpipe.concurrency.stage import Crew, as_it_is, stage
from imgpipe.engines.workforce import Workforce
from imgpipe.errors import UsageError
from imgpipe.job import Item, Job
from imgpipe.journal.folder import sweep
from imgpipe.steps import Steps, never

_FOUND_AHEAD = 1024


def dask(jobs: Iterator[Job | Item], steps: Steps, workforce: Workforce) -> Iterator[Item]:
    """Run all steps on the workers of `workforce.cluster`, which reads and writes where this process would.

    A picture that kills its worker, or is not done at its deadline, fails alone.

    Raises:
        UsageError: the cluster has no such name, or it does not have the folders of this machine.
        RunError: it cannot be reached, or is gone.
    """
    from imgpipe.engines.cluster import connected
    from imgpipe.engines.dispatch import Dispatch
    from imgpipe.engines.order import Order, versions

    run = os.urandom(8).hex()
    order = Order(run, versions(), _pickled(steps), replace(workforce, cluster=None))
    with (
        _swept(steps) as litter,
        connected(workforce) as client,
        _named_as_writer(steps, run),
        stage(as_it_is, jobs, Crew(1, Capacity(_FOUND_AHEAD), name="find")) as found,
        Dispatch(client, order, steps, litter) as dispatch,
    ):
        yield from dispatch.items(found)


def _pickled(steps: Steps) -> bytes:
    try:
        return _dumps(replace(steps, stopping=never))
    except (pickle.PicklingError, TypeError, AttributeError) as error:
        raise UsageError(f"this cannot be done on a cluster, as it cannot be sent there: {error}") from error


def _dumps(steps: Steps) -> bytes:
    """Also functions that stand in a script or a notebook, where cloudpickle comes with Dask."""
    try:
        from cloudpickle import dumps
    except ImportError:
        return pickle.dumps(steps)
    pickled: bytes = dumps(steps)
    return pickled


@contextmanager
def _swept(steps: Steps) -> Iterator[set[str]]:
    """Folders of the output are put into the set where a worker died that may have written there: for temporaries."""
    litter: set[str] = set()
    try:
        yield litter
    finally:
        # What is put into object storage has no temporary names.
        if steps.target is not None and steps.target.calls is not None:
            sweep(steps.target.root, (os.path.join(folder, "_") for folder in litter), steps.target.calls)


@contextmanager
def _named_as_writer(steps: Steps, run: str) -> Iterator[None]:
    """Say in the output folder which run may write there; workers stop when it is another, or none."""
    from imgpipe.engines.group import TOKEN

    if steps.target is None:
        yield
        return
    steps.target.put(TOKEN, run.encode())
    try:
        yield
    finally:
        with suppress(OSError):
            steps.target.remove(TOKEN, len(run))
