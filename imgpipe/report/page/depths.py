"""How full the queues were, over time, as lines."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from imgpipe.flow import Flow

WIDTH, HEIGHT = 1200, 100
_EMPTY = (0.0, 0)
_LABELS = {
    "read": "Read, waiting for a worker",
    "process": "Made, waiting to be written",
    "write": "Written, waiting to be noted",
}


@dataclass(frozen=True, slots=True)
class Depth:
    """One queue: what it is, what is said of it, and the corners of its area in a box of 1200 x 100."""

    label: str
    lead: str
    points: str


def depths(flow: Flow) -> list[Depth]:
    """The queues of a run, which are empty when it begins."""
    drawn = (
        depth(label, queue.capacity, (_EMPTY, *queue.depths), flow.seconds)
        for queue in flow.queues
        if (label := _LABELS.get(queue.behind))
    )
    return [one for one in drawn if one is not None]


def depth(label: str, capacity: int, depths: Sequence[tuple[float, int]], seconds: float) -> Depth | None:
    """The area of one queue; None where it was looked at less than twice.

    Args:
        label: what it is.
        capacity: items that it holds; the height of the box, so that a full queue is seen as such.
        depths: pairs of seconds since the run began and the items in it.
        seconds: how long the run took, the width of the box.
    """
    if len(depths) < 2 or not seconds:
        return None
    most = max(items for _, items in depths)
    highest = max(capacity, most, 1)
    places = [(min(WIDTH, WIDTH * at / seconds), HEIGHT - HEIGHT * items / highest) for at, items in sorted(depths)]
    corners = [(places[0][0], HEIGHT), *places, (places[-1][0], HEIGHT)]
    mean = sum(items for _, items in depths) / len(depths)
    lead = f"{mean:.1f} on average, {most} at most, of {capacity} that it holds"
    return Depth(label, lead, " ".join(f"{x:.1f},{y:.1f}" for x, y in corners))
