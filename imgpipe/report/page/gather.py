"""What the lines of a record amount to, in one pass: sums, and the items that the page lists."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any, TypeVar

from imgpipe.flow import Flow
from imgpipe.job import Item, Seconds, Status
from imgpipe.report.jsonl import read_flow, read_item
from imgpipe.report.page.lanes import MOST_NAMED, Span, span_of

_MOST_LISTED = 10_000
_STEP = 10
_MOST = 1 << 63
_NO_SUCH_LINE = (KeyError, TypeError, ValueError, AttributeError)

T = TypeVar("T")


@dataclass(slots=True)
class Gathered:
    """A run as its record tells it.

    Attributes:
        about: the line about the run.
        summary: the line at its end; None where the run did not come to it.
        told: failed and skipped items, and those with warnings: all of them.
        quiet: the others, ten thousand at most.
        counts: how many lines there are of each status.
        saved: how many written pictures saved so many tenths of their bytes; -1 for those that grew.
        seconds: of all items together, by step.
        bytes_in: of the sources of written pictures.
        bytes_out: of what was written.
        spans: when each picture was at which worker.
        flow: how the time went, where the run came to its end.
    """

    about: dict[str, Any] = field(default_factory=dict)
    summary: dict[str, Any] | None = None
    told: list[Item] = field(default_factory=list)
    quiet: list[Item] = field(default_factory=list)
    counts: Counter[Status] = field(default_factory=Counter)
    saved: Counter[int] = field(default_factory=Counter)
    seconds: Seconds = field(default_factory=Seconds)
    bytes_in: int = 0
    bytes_out: int = 0
    spans: list[Span] = field(default_factory=list)
    flow: Flow = field(default_factory=Flow)

    def add(self, line: dict[str, Any]) -> None:
        """Take in one line; what is none of a record is passed over."""
        match line.get("type"):
            case "run":
                self.about = line
            case "summary":
                self.summary = line
            case "flow":
                with suppress(*_NO_SUCH_LINE):
                    self.flow = read_flow(line)
            case "item":
                with suppress(*_NO_SUCH_LINE):
                    self._add_item(read_item(line))

    def _add_item(self, item: Item) -> None:
        self.counts[item.status] += 1
        took, now = self.seconds, item.seconds
        if now.worker:
            self.spans.append(span_of(item, named=len(self.spans) < MOST_NAMED))
        self.seconds = Seconds(took.read + now.read, took.process + now.process, took.write + now.write)
        if item.status is Status.WRITTEN:
            made = sum(output.bytes for output in item.outputs)
            self.bytes_in += item.source.bytes
            self.bytes_out += made
            self.saved[tenths_saved(item.source.bytes, made)] += 1
        if item.status in (Status.FAILED, Status.SKIPPED, Status.PRUNED) or item.warnings:
            self.told.append(item)
        elif len(self.quiet) < _MOST_LISTED:
            self.quiet.append(item)

    @property
    def unlisted(self) -> int:
        """How many inputs are counted and not listed."""
        listed = len(self.told) + len(self.quiet) - self.counts[Status.PRUNED]
        return max(0, self.sum_of("discovered", listed) - listed)

    @property
    def listed(self) -> list[Item]:
        """All items that the page lists, by name."""
        return sorted((*self.told, *self.quiet), key=lambda item: item.source.name)

    def of(self, status: Status) -> int:
        """How many inputs came to that end: by the summary, or by the lines where there is none."""
        return self.sum_of(status.value, self.counts[status])

    def sum_of(self, name: str, otherwise: T) -> T:
        """A number of the summary, or the other one where it has none."""
        value = (self.summary or {}).get(name)
        return value if isinstance(value, (int, type(otherwise))) and 0 <= value < _MOST else otherwise  # type: ignore

    def said(self, name: str, otherwise: T) -> T:
        """What the line about the run says, where it is of the type that is expected."""
        value = self.about.get(name)
        return value if isinstance(value, type(otherwise)) else otherwise


def gather(lines: Iterable[dict[str, Any]]) -> Gathered:
    """What these lines amount to."""
    gathered = Gathered()
    for line in lines:
        gathered.add(line)
    return gathered


def tenths_saved(before: int, after: int) -> int:
    """How many whole tenths of its bytes a picture saved, 0 to 9; -1 where it grew.

    >>> tenths_saved(1000, 250), tenths_saved(1000, 1000), tenths_saved(1000, 1001)
    (7, 0, -1)
    """
    if after > before:
        return -1
    return min(9, (before - after) * _STEP // before) if before else 0
