"""Counting what became of the inputs, so that every one is accounted for."""

from __future__ import annotations

import time
from collections import Counter
from typing import NamedTuple

from imgpipe.job import Item, Status

SHOWN = 10
"""So many of what was skipped, and of what was warned of, are named where not all are."""


class Told(NamedTuple):
    """What a person is told of an input: its name, why, and the traceback of an error where that is shown too."""

    name: str
    words: str
    traceback: str = ""


class Tally:
    """The sums of a run, and what a person is told of single inputs, in the order in which they were done.

    Of a hundred thousand inputs each may have something to be told of, so their items are not kept.

    Attributes:
        total: how many inputs there are.
        verbose: whether all of what was skipped and warned of is named, and tracebacks are shown.
        counts: how many came to which end.
        failures: all inputs that failed.
        left_alone: inputs that were skipped; the first `SHOWN` unless `verbose`.
        warnings: inputs that something is to be said of although they may have been written; the first `SHOWN` too.
        warned: how many those are in all.
        pruned: outputs that were removed since their source is gone.
        bytes_in: of the sources of written outputs.
        bytes_out: of written outputs.
        interrupted: whether the run was stopped before it was done.
        ended: whether it came to its end, so that inputs that it did not come to were there no more.
    """

    def __init__(self, total: int, verbose: bool = False) -> None:
        self.total = total
        self.verbose = verbose
        self.counts: Counter[Status] = Counter()
        self.failures: list[Told] = []
        self.left_alone: list[Told] = []
        self.warnings: list[Told] = []
        self.warned = 0
        self.pruned = 0
        self.bytes_in = 0
        self.bytes_out = 0
        self.interrupted = False
        self.ended = False
        self.began = time.monotonic()

    def add(self, item: Item) -> None:
        """Count an item."""
        self.counts[item.status] += 1
        if item.status is Status.WRITTEN:
            self.bytes_in += item.source.bytes
            self.bytes_out += sum([output.bytes for output in item.outputs])
        if item.status is Status.PRUNED:
            self.pruned += len(item.outputs)
        if item.failure is not None:
            traceback = item.failure.traceback if self.verbose else ""
            self.failures.append(Told(item.source.name, item.failure.message, traceback))
        if item.status is Status.SKIPPED:
            self._keep(self.left_alone, item, item.reason)
        if item.warnings:
            self.warned += 1
            self._keep(self.warnings, item, "; ".join(item.warnings))

    @property
    def done(self) -> int:
        """How many inputs came to their end."""
        return self.counts.total() - self.counts[Status.PRUNED]

    @property
    def not_begun(self) -> int:
        """Inputs that a run did not come to; they are counted as skipped."""
        return max(0, self.total - self.done)

    @property
    def gone(self) -> int:
        """Inputs that were found, and were there no more when their turn came."""
        return self.not_begun if self.ended else 0

    @property
    def discovered(self) -> int:
        """Written + unchanged + failed + skipped: all inputs, however the run ended."""
        return self.done + self.not_begun

    @property
    def skipped(self) -> int:
        """Inputs that were left alone on purpose, or not begun."""
        return self.counts[Status.SKIPPED] + self.not_begun

    @property
    def seconds(self) -> float:
        """Since the run began."""
        return time.monotonic() - self.began

    def _keep(self, kept: list[Told], item: Item, words: str) -> None:
        if self.verbose or len(kept) < SHOWN:
            kept.append(Told(item.source.name, words))
