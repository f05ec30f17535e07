"""What limits a run, read off how its time went."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Literal, NamedTuple, TypeAlias

from imgpipe.flow.figures import Flow, Stage

Kind: TypeAlias = Literal[
    "CPU-bound",
    "reading-bound",
    "writing-bound",
    "memory-bound",
    "listing-bound",
    "caller-bound",
    "start-up",
    "mixed",
    "",
]

_TOO_SHORT = 0.5
_DOMINATES = 0.5
_MOST_IO_THREADS = 64


class Verdict(NamedTuple):
    """What limits a run.

    Attributes:
        kind: in a word; empty where the run was too short to tell.
        share: of their time that the hands of the limiting stage spent on it, 0 to 1.
        sentence: what was seen.
        advice: what to set; empty where nothing helps that can be set.
    """

    kind: Kind
    share: float
    sentence: str
    advice: str = ""

    def __str__(self) -> str:
        return f"{self.sentence}; {self.advice}" if self.advice else self.sentence


def verdict(flow: Flow) -> Verdict:
    """What limited the run that went so, and what to set.

    In a pipeline the stage that limits is the one whose hands are busy all the time: those before it wait for
    room, those behind it for input. One after the other, it is what takes the larger part of the time.

    >>> from imgpipe.flow import Queue
    >>> read, write = Stage("read", 2, 90, worked=1.0, waited_for_room=15.0), Stage("write", 2, 90, worked=1.0)
    >>> stages = read, Stage("process", 2, 90, worked=19.6), write
    >>> print(verdict(Flow("processes", 4, 0.0, 10.0, stages, (Queue("read", 64, ()),))))
    CPU-bound: workers were busy 98 % of the time, readers waited for room 75 %; --cores 4 would help, 2 were used
    """
    if not any(stage.worked for stage in flow.stages):
        return Verdict("", 0.0, "nothing had to be done, so nothing limited it")
    kind, share = max(_candidates(flow), key=lambda candidate: candidate[1])
    if not flow.queues:
        return _one_after_the_other(flow)
    if flow.seconds < _TOO_SHORT and not (kind == "start-up" and share >= _DOMINATES):
        return Verdict("", 0.0, f"too short to say what limited it ({flow.seconds:.1f} s)")
    if share < _DOMINATES:
        return Verdict("mixed", share, f"no stage limited it alone: {_all_busy(flow)}")
    seen, advice = _WORDS[kind](flow, _percent(share))
    return Verdict(kind, share, f"{kind}: {seen}", advice)


def _candidates(flow: Flow) -> list[tuple[Kind, float]]:
    read, process, write = flow.stages
    share = flow.share
    return [
        ("CPU-bound", share(process, process.worked)),
        ("reading-bound", share(read, read.worked)),
        ("writing-bound", share(write, write.worked)),
        ("start-up", share(process, process.starting)),
        ("memory-bound", share(process, process.waited_for_memory)),
        ("listing-bound", share(read, read.waited_for_input)),
        ("caller-bound", share(write, write.waited_for_room)),
    ]


def _one_after_the_other(flow: Flow) -> Verdict:
    """What takes most of the time, all waiting for disks together against the processor's work."""
    whole = sum(stage.worked for stage in flow.stages)
    read, process, write = (stage.worked / whole for stage in flow.stages)
    kind: Kind = "CPU-bound"
    if process < read + write:
        kind = "reading-bound" if read >= write else "writing-bound"
    seen = f"reading took {_percent(read)} of the work, processing {_percent(process)}, writing {_percent(write)}"
    share = process if kind == "CPU-bound" else read + write
    advice = "more of these workers would help"
    if flow.engine == "serial":
        advice = f"--engine processes --cores {flow.usable_cores} does these at the same time"
    return Verdict(kind, share, f"{kind}: {seen}", advice)


def _cpu(flow: Flow, share: str) -> tuple[str, str]:
    seen = f"workers were busy {share} of the time{_beside(flow, flow.stages[0], 'room')}"
    used, usable = flow.stages[1].hands, flow.usable_cores
    if flow.engine == "threads":
        return seen, f"processes do not wait for the interpreter's lock: --engine processes --cores {usable}"
    if used < usable:
        return seen, f"--cores {usable} would help, {used} {'was' if used == 1 else 'were'} used"
    return seen, f"the machine's cores are all at work ({usable}): only less work a picture, or more cores, would help"


def _reading(flow: Flow, share: str) -> tuple[str, str]:
    seen = f"readers were busy {share} of the time{_beside(flow, flow.stages[1], 'input')}"
    return seen, _io_threads(flow, flow.stages[0])


def _writing(flow: Flow, share: str) -> tuple[str, str]:
    seen = f"writers were busy {share} of the time{_beside(flow, flow.stages[1], 'room')}"
    return seen, _io_threads(flow, flow.stages[2])


def _io_threads(flow: Flow, stage: Stage) -> str:
    """As many hands as would keep the workers busy, by what one picture took each."""
    process = flow.stages[1]
    hands = stage.worked * process.hands / process.worked if process.worked else _MOST_IO_THREADS
    wanted = min(_MOST_IO_THREADS, max(stage.hands + 1, math.ceil(hands)))
    return f"try --io-threads {wanted} (there were {stage.hands}), or a faster disk"


def _starting(flow: Flow, share: str) -> tuple[str, str]:
    seen = f"the workers needed {share} of the {flow.seconds:.1f} s to start"
    return seen, "for so few pictures --engine threads may be as good"


def _memory(_flow: Flow, share: str) -> tuple[str, str]:
    return f"workers waited {share} of the time until a picture fitted beside the others", "raise --memory"


def _listing(_flow: Flow, share: str) -> tuple[str, str]:
    return f"readers waited {share} of the time for the next file to be found", ""


def _caller(_flow: Flow, share: str) -> tuple[str, str]:
    seen = f"writers waited {share} of the time for what was written to be taken note of"
    return seen, "do less in the loop over the items"


_WORDS: dict[Kind, Callable[[Flow, str], tuple[str, str]]] = {
    "CPU-bound": _cpu,
    "reading-bound": _reading,
    "writing-bound": _writing,
    "start-up": _starting,
    "memory-bound": _memory,
    "listing-bound": _listing,
    "caller-bound": _caller,
}


def _beside(flow: Flow, stage: Stage, what: Literal["input", "room"]) -> str:
    """What the stage beside the limiting one waited for meanwhile, where it is worth a word."""
    share = flow.share(stage, stage.waited_for_input if what == "input" else stage.waited_for_room)
    hands = "readers" if stage.name == "read" else "workers"
    return f", {hands} waited for {what} {_percent(share)}" if share >= 0.05 else ""


def _all_busy(flow: Flow) -> str:
    words = zip(("readers", "workers", "writers"), flow.stages, strict=True)
    return ", ".join(f"{who} were busy {_percent(flow.share(stage, stage.worked))}" for who, stage in words)


def _percent(share: float) -> str:
    return f"{100 * share:.0f} %"
