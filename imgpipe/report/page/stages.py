"""What the hands of each stage did with their time, as parts of one bar."""

from __future__ import annotations

from dataclasses import dataclass

from imgpipe.flow import Flow, Stage

_NAMES = {"read": "Read", "process": "Decode, filter, encode", "write": "Write"}
_HANDS = {"process": ("worker", "workers")}
_PARTS = {
    "worked": "at work",
    "starting": "starting",
    "waited_for_memory": "waiting for memory",
    "waited_for_input": "waiting for input",
    "waited_for_room": "waiting for room behind",
}
_LEAST = 0.5


@dataclass(frozen=True, slots=True)
class Part:
    """A part of a bar: what it stands for, where it begins and how wide it is, in hundredths."""

    tone: str
    x: float
    width: float


@dataclass(frozen=True, slots=True)
class StageBar:
    """One stage: its name, who works there, the parts of their time, and the same in words."""

    label: str
    hands: str
    parts: tuple[Part, ...]
    words: str


def stage_bars(flow: Flow) -> list[StageBar]:
    """A bar for each stage, from the start of the engine to the last item; none where no engine was needed."""
    return [_bar(flow, stage) for stage in flow.stages] if flow.seconds else []


def legend(bars: list[StageBar]) -> list[tuple[str, str]]:
    """What the parts of these bars stand for: tone and words."""
    seen = {part.tone for bar in bars for part in bar.parts}
    return [(name, words) for name, words in _PARTS.items() if name in seen]


def _bar(flow: Flow, stage: Stage) -> StageBar:
    parts, words, x = [], [], 0.0
    for name, meaning in _PARTS.items():
        width = min(100 - x, round(100 * flow.share(stage, getattr(stage, name)), 2))
        if width >= _LEAST:
            parts.append(Part(name, round(x, 2), round(width, 2)))
            words.append(f"{meaning} {width:.0f} %")
            x += width
    one, many = _HANDS.get(stage.name, ("thread", "threads"))
    hands = f"{stage.hands} {one if stage.hands == 1 else many}"
    return StageBar(_NAMES.get(stage.name, stage.name), hands, tuple(parts), ", ".join(words) or "next to nothing")
