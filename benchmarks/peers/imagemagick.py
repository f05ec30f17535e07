"""ImageMagick's mogrify: one process a core, one thread each."""

from __future__ import annotations

from benchmarks.install import tool
from benchmarks.model import Absent, Assignment, Command, Found
from benchmarks.peers.shell import side_by_side

HINT = 1.5
"""JPEGs are decoded at a reduced scale, but not below this many times the target: imgpipe's own rule."""


def imagemagick(work: Assignment) -> Found | Absent:
    found = tool(("magick", "mogrify"), "Version: ImageMagick", "-version")
    if isinstance(found, Absent):
        return Absent(f"{found.reason} (Debian: imagemagick)")
    path, version = found
    mogrify = (path, "mogrify") if path.endswith("magick") else (path,)
    command = Command(side_by_side((*mogrify, *_options(work)), work), variant=f"{work.cores} at a time")
    return Found(version.split()[2], (command,))


def _options(work: Assignment) -> tuple[str, ...]:
    task = work.task
    return (
        *("-path", str(work.target), "-format", task.extension[1:], "-limit", "thread", "1"),
        *("-define", f"jpeg:size={round(task.width * HINT)}x{round(task.height * HINT)}"),
        *("-auto-orient", "-filter", "Lanczos", "-resize", f"{task.width}x{task.height}"),
        *("-strip", "-quality", str(task.quality)),
    )
