"""How the time of a run went, as a small table."""

from __future__ import annotations

from collections.abc import Iterator

from imgpipe.flow import Flow, Stage, verdict

_WAITS = {"waited_for_input": "for input", "waited_for_room": "for room"}
_RARE = {"waited_for_memory": "for memory", "starting": "starting"}
_SHOWN = 0.005


def time_of_stages(flow: Flow) -> Iterator[str]:
    """What each stage worked and waited, in percent of its hands' time, and what limited the run.

    Where each hand does all three one after the other, they wait for nothing: the seconds that each took.
    """
    if flow.queues:
        yield from _table(flow)
    elif flow.stages:
        yield "time: " + ", ".join(f"{stage.name} {stage.worked:.2f} s" for stage in flow.stages)
    yield str(verdict(flow))


def _table(flow: Flow) -> Iterator[str]:
    """Input and room always have their column, memory and starting where there is something to see."""
    rare = {
        name: heading
        for name, heading in _RARE.items()
        if any(flow.share(stage, getattr(stage, name)) >= _SHOWN for stage in flow.stages)
    }
    waits = _WAITS | rare
    yield "stage    hands  worked  waited " + "  ".join(waits.values())
    for stage in flow.stages:
        cells = (f"{_percent(flow, stage, name):>{len(heading)}}" for name, heading in waits.items())
        yield f"{stage.name:<7}  {stage.hands:>5}  {_percent(flow, stage, 'worked'):>6}         {'  '.join(cells)}"


def _percent(flow: Flow, stage: Stage, name: str) -> str:
    return f"{100 * flow.share(stage, getattr(stage, name)):.0f} %"
