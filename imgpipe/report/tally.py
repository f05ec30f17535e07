"""Counting what became of the inputs, so that every one is accounted for."""

from __future__ import annotations

import time
from collections import Counter
from dataclasses import dataclass, field

from imgpipe.job import Item, Status


@dataclass(slots=True)
class Tally:
    """The sums of a run, and the items that a person must hear of.

    Attributes:
        total: how many inputs there are.
        counts: how many came to which end.
        told: failed and skipped items, and those with warnings, in the order in which they were done.
        pruned: outputs that were removed since their source is gone.
        bytes_in: of the sources of written outputs.
        bytes_out: of written outputs.
        interrupted: whether the run was stopped before it was done.
    """

    total: int
    counts: Counter[Status] = field(default_factory=Counter)
    told: list[Item] = field(default_factory=list)
    pruned: int = 0
    bytes_in: int = 0
    bytes_out: int = 0
    interrupted: bool = False
    began: float = field(default_factory=time.monotonic)

    def add(self, item: Item) -> None:
        """Count an item."""
        self.counts[item.status] += 1
        if item.status is Status.WRITTEN:
            self.bytes_in += item.source.bytes
            self.bytes_out += sum([output.bytes for output in item.outputs])
        if item.status is Status.PRUNED:
            self.pruned += len(item.outputs)
        if item.status in (Status.FAILED, Status.SKIPPED) or item.warnings:
            self.told.append(item)

    @property
    def done(self) -> int:
        """How many inputs came to their end."""
        return self.counts.total() - self.counts[Status.PRUNED]

    @property
    def not_begun(self) -> int:
        """Inputs that a stopped run did not come to; they are counted as skipped."""
        return max(0, self.total - self.done)

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
