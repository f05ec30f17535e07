"""vipsthumbnail, the command-line tool of libvips: one process a core, one thread each."""

from __future__ import annotations

from benchmarks.install import tool
from benchmarks.model import Absent, Assignment, Command, Found
from benchmarks.peers.shell import side_by_side


def vipsthumbnail(work: Assignment) -> Found | Absent:
    box, made = work.task.fit, work.task.outputs[0]
    if box is None:
        return Absent("it fits pictures into a box, and nothing else")
    found = tool(("vipsthumbnail",), "vips")
    if isinstance(found, Absent):
        return Absent(f"{found.reason} (Debian: libvips-tools)")
    path, version = found
    saved = f"{work.target}/%s{made.tail}[Q={made.quality},strip]"
    call = (path, "-s", f"{box.width}x{box.height}", "-o", saved)
    command = Command(side_by_side(call, work, "VIPS_CONCURRENCY=1"), variant=f"{work.cores} at a time")
    return Found(version.removeprefix("vips-"), (command,))
