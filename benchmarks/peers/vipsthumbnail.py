"""vipsthumbnail, the command-line tool of libvips: one process a core, one thread each."""

from __future__ import annotations

from benchmarks.install import tool
from benchmarks.model import Absent, Assignment, Command, Found
from benchmarks.peers.shell import side_by_side


def vipsthumbnail(work: Assignment) -> Found | Absent:
    found = tool(("vipsthumbnail",), "vips")
    if isinstance(found, Absent):
        return Absent(f"{found.reason} (Debian: libvips-tools)")
    path, version = found
    task = work.task
    saved = f"{work.target}/%s{task.extension}[Q={task.quality},strip]"
    call = (path, "-s", f"{task.width}x{task.height}", "-o", saved)
    command = Command(side_by_side(call, work, "VIPS_CONCURRENCY=1"), variant=f"{work.cores} at a time")
    return Found(version.removeprefix("vips-"), (command,))
