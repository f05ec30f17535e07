"""The figures of a run's flow."""

from __future__ import annotations

from typing import NamedTuple


class Stage(NamedTuple):
    """How the hands (threads or processes) of one stage spent their time; seconds in sum over all hands.

    They may wait a little longer than the run's last item took to come, for the workers to leave.

    Attributes:
        name: read, process or write.
        hands: how many worked at the same time.
        items: how many they worked on.
        worked: on items.
        waited_for_input: for the next item.
        waited_for_room: for the next stage to take what was done.
        waited_for_memory: until a picture fitted beside the others.
        starting: until a worker process was ready.
    """

    name: str
    hands: int
    items: int
    worked: float
    waited_for_input: float = 0.0
    waited_for_room: float = 0.0
    waited_for_memory: float = 0.0
    starting: float = 0.0


class Queue(NamedTuple):
    """How full the channel behind a stage was.

    Attributes:
        behind: the stage that puts into it.
        capacity: items that it holds at most.
        depths: pairs of seconds since the run began and the items in it then; some hundred at most, at even distances.
    """

    behind: str
    capacity: int
    depths: tuple[tuple[float, int], ...]


class Flow(NamedTuple):
    """How the time of a run went, from the start of its engine to its last item.

    Attributes:
        engine: which one ran; empty where none was needed, as all was up to date.
        usable_cores: that the machine lets this process use.
        began: when, by `time.monotonic`, the clock of `Seconds.began`.
        seconds: how long it took.
        stages: read, process, write. Where there are no queues, each hand does all three one after the other (the
            engine ``serial``), or they happen on other machines (``dask``), of which only the work is known.
        queues: behind each stage; none where the engine has none.
    """

    engine: str = ""
    usable_cores: int = 1
    began: float = 0.0
    seconds: float = 0.0
    stages: tuple[Stage, ...] = ()
    queues: tuple[Queue, ...] = ()

    def share(self, stage: Stage, seconds: float) -> float:
        """What part of its hands' time so many seconds of a stage are, 0 to 1."""
        return min(1.0, seconds / (stage.hands * self.seconds)) if self.seconds else 0.0
