"""Engines: ways to run the same three steps. An engine is one function from jobs to items.

Whichever engine runs, the outputs are the same bytes. Each keeps five promises, tested by
`tests/contracts/test_engines.py`: the same results; a fatal error in a step or in the jobs comes out of
the `for`; the end of the jobs is a graceful stop, and all that was begun is written; closing the iterator
is a hard stop; and afterwards no thread or process is left.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TypeAlias

from imgpipe.engines.dask import dask
from imgpipe.engines.processes import processes
from imgpipe.engines.serial import serial
from imgpipe.engines.threads import threads
from imgpipe.engines.workforce import Workforce
from imgpipe.job import Item, Job
from imgpipe.steps import Steps

Engine: TypeAlias = Callable[[Iterator[Job | Item], Steps, Workforce], Iterator[Item]]

ENGINES: dict[str, Engine] = {
    "processes": processes,
    "threads": threads,
    "serial": serial,
    "dask": dask,
}

__all__ = ["ENGINES", "Engine", "Workforce"]
