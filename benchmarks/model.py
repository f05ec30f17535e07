"""The words of the benchmarks: what is to be done, by which command, or why not."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, TypeAlias

ROOT = Path(__file__).resolve().parent.parent
PROGRAMS = ROOT / "benchmarks" / "programs"
INSTALLED = ROOT / "benchmarks" / ".peers"
"""Where peers are installed; git ignores it."""


@dataclass(frozen=True)
class Fit:
    """Shrink every picture to fit inside a box and encode it.

    Attributes:
        width, height: the box, in px.
        format: "jpeg" or "webp".
        quality: 1 to 100.
    """

    width: int
    height: int
    format: str
    quality: int

    @property
    def extension(self) -> str:
        return {"jpeg": ".jpg"}.get(self.format, f".{self.format}")

    def size(self, source: tuple[int, int]) -> tuple[int, int]:
        """The size in px that a picture of size `source` becomes."""
        scale = min(self.width / source[0], self.height / source[1])
        return max(1, round(source[0] * scale)), max(1, round(source[1] * scale))


Task: TypeAlias = Fit
"""What a workload asks of a peer. The next kinds of work (a crop with a sharpening, several outputs
a picture) are further classes in this union; a peer that does not know one says so with `Absent`."""


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
        return asdict(self.task) | {"extension": self.task.extension, "cores": self.cores}


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
