"""Notes how the time of a run goes, at no cost that shows: some sums an item, and a look at the channels at times.

Channels and stages count by themselves what is waited for, and items bring along how long each step took, so
nothing is called back and no thread watches.
"""

from __future__ import annotations

import time
from typing import Any, NamedTuple

from imgpipe.concurrency.channel import Channel
from imgpipe.concurrency.waited import Waited
from imgpipe.flow.figures import Flow, Queue, Stage
from imgpipe.job import Item

_SECONDS_BETWEEN = 0.1
_MOST_DEPTHS = 400
_NAMES = ("read", "process", "write")


class Station(NamedTuple):
    """Where an engine has a stage of its pipeline measured.

    Attributes:
        name: read, process or write.
        hands: its threads or processes.
        waited: what they note themselves.
        source: the channel that they take from, None where it is no channel.
        results: the channel that they put into.
    """

    name: str
    hands: int
    waited: Waited
    source: Channel[Any] | None
    results: Channel[Any]


class Meter:
    """The notes of one run, made by the thread that runs its loop."""

    def __init__(self) -> None:
        self._engine = ""
        self._usable_cores = 1
        self._began = self._last = self._due = 0.0
        self._between = _SECONDS_BETWEEN
        self._stations: tuple[Station, ...] = ()
        self._worked = [0.0, 0.0, 0.0]
        self._items = [0, 0, 0]
        self._workers: set[int] = set()
        self._depths: list[tuple[float, list[int]]] = []

    def begin(self, engine: str, usable_cores: int) -> None:
        """Note that an engine is about to start."""
        self._engine, self._usable_cores = engine, usable_cores
        self._began = self._last = time.monotonic()

    def watch(self, *stations: Station) -> None:
        """Read off these what was waited for, and how full their channels are; for the engine to call."""
        self._stations = stations

    def add(self, item: Item) -> None:
        """Note an item that came out of the engine."""
        read, process, write, _began, worker = item.seconds
        self._worked[0] += read
        self._worked[1] += process
        self._worked[2] += write
        self._items[0] += read > 0
        self._items[1] += worker > 0
        self._items[2] += write > 0
        if worker:
            self._workers.add(worker)
        self._last = now = time.monotonic()
        if now >= self._due:
            self._look(now)

    def flow(self) -> Flow:
        """What was noted so far."""
        stages = tuple(map(self._stage, range(len(_NAMES)))) if self._engine else ()
        queues = (self._queue(number, station) for number, station in enumerate(self._stations))
        return Flow(self._engine, self._usable_cores, self._began, self._last - self._began, stages, tuple(queues))

    def _look(self, now: float) -> None:
        self._depths.append((now - self._began, [station.results.depth for station in self._stations]))
        if len(self._depths) >= _MOST_DEPTHS:
            # However long the run, the same few places: at half the resolution from here on.
            del self._depths[1::2]
            self._between *= 2
        self._due = now + self._between

    def _stage(self, number: int) -> Stage:
        name, items, worked = _NAMES[number], self._items[number], self._worked[number]
        station = next((station for station in self._stations if station.name == name), None)
        if station is None:
            return Stage(name, max(1, len(self._workers)), items, worked)
        waited, empty = station.waited, 0.0
        if station.source is not None:
            empty = station.source.statistics.seconds_empty
        return Stage(
            name,
            station.hands,
            items,
            worked,
            waited.input + empty,
            waited.room + station.results.statistics.seconds_full,
            waited.memory,
            waited.start,
        )

    def _queue(self, number: int, station: Station) -> Queue:
        depths = tuple((seconds, depths[number]) for seconds, depths in self._depths)
        return Queue(station.name, station.results.capacity.items, depths)
