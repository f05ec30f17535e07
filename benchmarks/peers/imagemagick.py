"""ImageMagick's mogrify: one process a core, one thread each."""

from __future__ import annotations

from benchmarks.install import tool
from benchmarks.model import Absent, Assignment, Command, Found, Task
from benchmarks.peers.shell import side_by_side

HINT = 1.5
"""JPEGs are decoded at a reduced scale, but not below this many times the target: imgpipe's own rule."""


def imagemagick(work: Assignment) -> Found | Absent:
    if work.task.fit is None:
        return Absent("it is measured where pictures are made to fit a box")
    found = tool(("magick", "mogrify"), "Version: ImageMagick", "-version")
    if isinstance(found, Absent):
        return Absent(f"{found.reason} (Debian: imagemagick)")
    path, version = found
    mogrify = (path, "mogrify") if path.endswith("magick") else (path,)
    command = Command(side_by_side((*mogrify, *_options(work)), work), variant=f"{work.cores} at a time")
    return Found(version.split()[2], (command,))


def _options(work: Assignment) -> tuple[str, ...]:
    return ("-path", str(work.target), "-limit", "thread", "1", *fit_options(work.task))


def fit_options(task: Task) -> tuple[str, ...]:
    """What ImageMagick and GraphicsMagick are told alike."""
    box, made = task.fit, task.only
    assert box is not None
    return (
        *("-format", made.tail[1:], "-define", f"jpeg:size={round(box.width * HINT)}x{round(box.height * HINT)}"),
        *("-auto-orient", "-filter", "Lanczos", "-resize", f"{box.width}x{box.height}"),
        *("-strip", "-quality", str(made.quality)),
    )
