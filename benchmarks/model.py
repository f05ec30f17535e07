"""The words of the benchmarks: what is to be done, by which command, or why not."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, TypeAlias

from benchmarks.steps import Fit, Size, Step

ROOT = Path(__file__).resolve().parent.parent
PROGRAMS = ROOT / "benchmarks" / "programs"
INSTALLED = ROOT / "benchmarks" / ".peers"
"""Where peers are installed; git ignores it."""


@dataclass(frozen=True)
class Made:
    """One output of every picture.

    Attributes:
        format: "jpeg", "webp", "png" or "tiff".
        quality: 1 to 100; None where the format has none.
        width: px that it is made narrower to after the steps; None for as it is.
        compressed: whether a TIFF is, by LZW with horizontal differencing; other formats always are.
    """

    format: str
    quality: int | None = None
    width: int | None = None
    compressed: bool = True

    @property
    def tail(self) -> str:
        """What its name has after the source's stem."""
        extension = {"jpeg": ".jpg", "tiff": ".tif"}.get(self.format, f".{self.format}")
        return f"-{self.width}{extension}" if self.width else extension

    def size(self, size: Size) -> Size:
        """The size in px of what the steps leave in this size."""
        return (self.width, max(1, round(size[1] * self.width / size[0]))) if self.width else size


@dataclass(frozen=True)
class Task:
    """What a workload asks of a peer: steps, in order, and what is made of the result.

    A peer that does not know a step says so with `Absent`. Every program of a peer reads the same words.
    """

    steps: tuple[Step, ...]
    outputs: tuple[Made, ...]

    def size(self, source: Size) -> Size:
        """The size in px that a picture of size `source` has after the steps."""
        for step in self.steps:
            source = step.size(source)
        return source

    def knows_only(self, *steps: type) -> bool:
        """Whether it is made of these steps alone, and of one output."""
        return len(self.outputs) == 1 and all(isinstance(step, steps) for step in self.steps)

    @property
    def fit(self) -> Fit | None:
        """The only step, where it is that one and there is one output."""
        first = self.steps[0] if self.steps else None
        return first if isinstance(first, Fit) and self.knows_only(Fit) and len(self.steps) == 1 else None

    @property
    def only(self) -> Made:
        """The output, where there is one."""
        (made,) = self.outputs
        return made


def fit(width: int, height: int, format: str, quality: int) -> Task:
    """Shrink every picture to fit inside a box (px) and encode it."""
    return Task((Fit(width, height),), (Made(format, quality),))


@dataclass(frozen=True)
class Assignment:
    """One workload as a peer gets it: the task, the folders, and how many cores."""

    task: Task
    source: Path
    target: Path
    count: int
    cores: int

    def program(self) -> dict[str, Any]:
        """What the programs in `programs/` are told, as JSON."""
        steps = [[type(step).__name__.lower(), *asdict(step).values()] for step in self.task.steps]
        outputs = [asdict(made) | {"tail": made.tail} for made in self.task.outputs]
        return {"steps": steps, "outputs": outputs, "cores": self.cores}


@dataclass(frozen=True)
class Command:
    """A whole process that does an assignment.

    Attributes:
        argv: what is run, with the repository as working directory.
        env: variables set for it.
        variant: what sets it apart from the peer's other commands, such as "3 at a time".
        own_clock: its time is the last line of its output, ``{"seconds": 1.5}``, and not its wall time.
    """

    argv: tuple[str, ...]
    env: Mapping[str, str] = field(default_factory=dict)
    variant: str = ""
    own_clock: bool = False


@dataclass(frozen=True)
class Found:
    """A peer that can do an assignment: its version, and one command or several, of which the best counts."""

    version: str
    commands: tuple[Command, ...]


@dataclass(frozen=True)
class Absent:
    """Why a peer takes no part."""

    reason: str


Peer: TypeAlias = Callable[[Assignment], Found | Absent]
