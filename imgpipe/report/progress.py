"""The progress bar on a terminal; nothing elsewhere."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, TextIO

from imgpipe.job import Status
from imgpipe.report.tally import Tally


@contextmanager
def progress(tally: Tally, file: TextIO, *, wanted: bool = True) -> Iterator[Any]:
    """A tqdm bar over all inputs; call its `update` after each item. None where there is no terminal."""
    if not wanted or not file.isatty():
        yield None
        return
    from tqdm import tqdm

    # Its own default is a lock between processes, and a thread that watches; neither is needed.
    tqdm.set_lock(threading.RLock())
    tqdm.monitor_interval = 0
    with tqdm(total=tally.total, unit=" images", file=file, dynamic_ncols=True, smoothing=0.1, leave=False) as bar:
        yield bar


def advance(bar: Any, tally: Tally) -> None:
    """Move the bar by one item."""
    if bar is None:
        return
    failed = tally.counts[Status.FAILED]
    if failed:
        bar.set_postfix_str(f"{failed} failed", refresh=False)
    bar.update(1)
