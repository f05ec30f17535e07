"""The timeline of the workers: a lane each, thinned so that a hundred thousand pictures draw as fast as a hundred."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from imgpipe.job import Item, Status
from imgpipe.naming import printable
from imgpipe.report.summary import duration

WIDTH = 1200
_NARROWEST = 1.5
_MOST_LANES = 32
_SLACK = 1.0
MOST_NAMED = 1500
"""Of so many pictures each is drawn by itself, with its name; of more, those that touch are drawn as one."""


@dataclass(frozen=True, slots=True)
class Span:
    """One picture at one worker: who, when it was begun (s, any clock), how long it took, what, whether it failed."""

    worker: int
    began: float
    seconds: float
    name: str = ""
    failed: bool = False


@dataclass(frozen=True, slots=True)
class Block:
    """What is drawn: where, how wide (of 1200), what is said of it, and `bad` for a failure."""

    x: float
    width: float
    title: str = ""
    tone: str = ""


@dataclass(frozen=True, slots=True)
class Lane:
    """One worker: what is drawn of it, how many pictures it worked on, and what part of the time, in hundredths."""

    label: str
    pictures: int
    busy: int
    blocks: tuple[Block, ...]


@dataclass(slots=True)
class _Merged:
    """Spans that follow each other so closely that they would be drawn as one."""

    began: float
    ended: float
    count: int = 1
    failed: bool = False
    name: str = ""


@dataclass(slots=True)
class _Worker:
    """The blocks of one worker, as they are made."""

    blocks: list[_Merged] = field(default_factory=list)
    busy: float = 0.0
    pictures: int = 0


def span_of(item: Item, *, named: bool) -> Span:
    """When an item was at its worker."""
    took = item.seconds
    return Span(took.worker, took.began, took.process, item.source.name if named else "", item.status is Status.FAILED)


def lanes(spans: Iterable[Span], began: float, seconds: float) -> tuple[list[Lane], int]:
    """The lanes of a run, in the order in which workers began, and how many more there would be.

    Args:
        spans: of all pictures, in any order.
        began: when the run began, on the clock of the spans.
        seconds: how long it took.
    """
    # Clocks of other machines tell other times.
    here = (span for span in spans if -_SLACK <= span.began - began <= seconds + _SLACK)
    in_order = sorted(here, key=lambda span: span.began)
    named = len(in_order) <= MOST_NAMED
    closest = 0.0 if named else seconds / WIDTH
    workers: dict[int, _Worker] = {}
    for span in in_order:
        worker = workers.setdefault(span.worker, _Worker())
        worker.busy += span.seconds
        worker.pictures += 1
        _put(worker.blocks, span, closest)
    shown = [_lane(number, worker, began, seconds) for number, worker in enumerate(workers.values(), 1)]
    return shown[:_MOST_LANES], max(0, len(shown) - _MOST_LANES)


def _put(blocks: list[_Merged], span: Span, closest: float) -> None:
    """A failure stays a block of its own, however close to others it is."""
    last = blocks[-1] if blocks else None
    if last is None or not closest or span.failed or last.failed or span.began - last.ended > closest:
        blocks.append(_Merged(span.began, span.began + span.seconds, 1, span.failed, span.name))
    else:
        last.ended, last.count = max(last.ended, span.began + span.seconds), last.count + 1


def _lane(number: int, worker: _Worker, began: float, seconds: float) -> Lane:
    scale = WIDTH / seconds if seconds else 0.0
    busy = round(100 * min(1.0, worker.busy / seconds)) if seconds else 0
    return Lane(f"Worker {number}", worker.pictures, busy, tuple(_block(one, began, scale) for one in worker.blocks))


def _block(merged: _Merged, began: float, scale: float) -> Block:
    took = merged.ended - merged.began
    x = min(max(0.0, (merged.began - began) * scale), WIDTH - _NARROWEST)
    width = min(max(_NARROWEST, took * scale - 0.6), WIDTH - x)
    said = printable(merged.name) if merged.count == 1 and merged.name else f"{merged.count:,} pictures"
    return Block(round(x, 1), round(width, 1), f"{said}: {duration(took)}", "bad" if merged.failed else "")
