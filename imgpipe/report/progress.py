"""How far a run is: a bar on a terminal, a line now and then in a log file or a notebook, nothing through a pipe."""

from __future__ import annotations

import os
import stat
import threading
import time
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Protocol, TextIO, TypeVar

from imgpipe.job import Status
from imgpipe.report.summary import duration, human_bytes
from imgpipe.report.tally import Tally

T = TypeVar("T")

_DELAY = 0.5
"""Seconds: what is over sooner shows nothing."""

_LOG_EVERY = 5.0
_LOOKS = 12
_REDRAW_EVERY = 0.1

CLEAR_LINE = "\r\x1b[K"


class Shown(Protocol):
    """What shows how far a run is."""

    def update(self) -> bool | None:
        """One more input has come to its end, which the tally knows already."""


@contextmanager
def progress(tally: Tally, file: TextIO, *, wanted: bool = True) -> Iterator[Shown | None]:
    """Show how far the run is while the block runs; call `update` after each item. None where nobody looks.

    Args:
        tally: of the run.
        file: a terminal gets a bar, a regular file (or a terminal that cannot draw, or a cell of a notebook that is no
            terminal) a line every five seconds.
        wanted: whether to show anything.
    """
    if wanted and can_draw(file):
        with _bar(tally, file) as bar:
            yield bar
    elif wanted and (file.isatty() or _is_regular(file) or _in_notebook()):
        yield _Log(tally, file)
    else:
        yield None


def counted(found: Iterator[T], file: TextIO) -> Iterator[T]:
    """The same; where finding them takes long, a terminal is told how many there are so far."""
    due, shown = time.monotonic() + _DELAY, False
    try:
        for count, each in enumerate(found, 1):
            # The clock is slower than most of the listing.
            if count % 64 == 0 and time.monotonic() >= due:
                due, shown = time.monotonic() + _REDRAW_EVERY, True
                file.write(f"{CLEAR_LINE}finding files... {count}")
                file.flush()
            yield each
    finally:
        if shown:
            file.write(CLEAR_LINE)
            file.flush()


@contextmanager
def announced(words: str, file: TextIO, *, wanted: bool = True) -> Iterator[None]:
    """A terminal is told what is being done while the block runs, and nothing of it stays."""
    drawn = wanted and can_draw(file)
    if drawn:
        file.write(f"{CLEAR_LINE}{words}")
        file.flush()
    try:
        yield
    finally:
        if drawn:
            file.write(CLEAR_LINE)
            file.flush()


def can_draw(file: TextIO) -> bool:
    """Whether it is a terminal whose lines can be drawn over."""
    return file.isatty() and os.environ.get("TERM", "") not in ("", "dumb")


def layout(columns: int) -> str:
    """What a bar shows on a terminal of so many columns, as tqdm takes it; the failures wherever there are some."""
    if columns < 57:
        return "{n_fmt}/{total_fmt}, {remaining} left{failed}"
    if columns < 77:
        return "{percentage:3.0f}% {n_fmt}/{total_fmt}, {images}, {remaining} left{failed}"
    return "{percentage:3.0f}%|{bar}| {n_fmt}/{total_fmt}, {images}, {volume}, {remaining} left{failed}"


def _bar(tally: Tally, file: TextIO) -> Any:
    from tqdm import tqdm

    pace = _Pace(tally)

    class Bar(tqdm):  # type: ignore[type-arg]
        """Chooses its numbers by the width that the terminal has at the moment."""

        @property
        def format_dict(self) -> dict[str, Any]:
            found = super().format_dict
            # Room for the ^C that the terminal writes behind it: a line that is wrapped cannot be taken away.
            # tqdm has left out the last column already.
            columns = (found["ncols"] or 79) - 2
            return {**found, **pace.numbers()} | {"bar_format": layout(columns), "ncols": columns}

    # Its own default is a lock between processes, and a thread that watches; neither is needed.
    tqdm.set_lock(threading.RLock())
    tqdm.monitor_interval = 0
    # Where many inputs in a row are up to date, tqdm would not look at the clock for as many of those that take long.
    return Bar(total=tally.total, file=file, dynamic_ncols=True, miniters=1, smoothing=0.1, leave=False, delay=_DELAY)


class _Pace:
    """How fast a run is going, by its last minute: what is up to date is passed by a thousand times as fast."""

    def __init__(self, tally: Tally) -> None:
        self._tally = tally
        self._looks = deque([(time.monotonic(), 0, 0)], _LOOKS)

    def numbers(self) -> dict[str, str]:
        """What is shown of it."""
        tally = self._tally
        now, done, came = time.monotonic(), tally.done, tally.bytes_in
        since, done_then, came_then = self._looks[0]
        if now - self._looks[-1][0] >= _LOG_EVERY:
            self._looks.append((now, done, came))
        seconds = max(now - since, 1e-3)
        rate = (done - done_then) / seconds
        left = tally.not_begun / rate if rate else 0.0
        failed = tally.counts[Status.FAILED]
        return {
            "images": f"{rate:.0f} images/s" if rate >= 100 else f"{rate:.2g} images/s",
            "volume": f"{human_bytes((came - came_then) / seconds)}/s",
            "left": f"{left:.0f} s left" if left < 60 else f"{duration(left)} left",
            "failed": f", {failed} failed" if failed else "",
        }


class _Log:
    """A line every few seconds."""

    def __init__(self, tally: Tally, file: TextIO) -> None:
        self._tally = tally
        self._file = file
        self._pace = _Pace(tally)
        self._due = time.monotonic() + _LOG_EVERY

    def update(self) -> None:
        now = time.monotonic()
        if now < self._due:
            return
        self._due = now + _LOG_EVERY
        tally, numbers = self._tally, self._pace.numbers()
        self._file.write(
            f"imgpipe: {tally.done} of {tally.total}, {numbers['images']}, {numbers['volume']}, "
            f"{numbers['left']}{numbers['failed']}\n"
        )
        self._file.flush()


def _in_notebook() -> bool:
    """Whether a Jupyter kernel started this program: what comes through the pipe of `%%bash` is shown to a person."""
    return "JPY_PARENT_PID" in os.environ


def _is_regular(file: TextIO) -> bool:
    try:
        return stat.S_ISREG(os.fstat(file.fileno()).st_mode)
    except (OSError, ValueError):
        return False
