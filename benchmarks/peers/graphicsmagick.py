"""GraphicsMagick's mogrify: one process a core, one thread each."""

from __future__ import annotations

from benchmarks.install import tool
from benchmarks.model import Absent, Assignment, Command, Found
from benchmarks.peers.imagemagick import fit_options
from benchmarks.peers.shell import side_by_side


def graphicsmagick(work: Assignment) -> Found | Absent:
    if work.task.fit is None:
        return Absent("it is measured where pictures are made to fit a box")
    found = tool(("gm",), "GraphicsMagick", "version")
    if isinstance(found, Absent):
        return Absent(f"{found.reason} (Debian: graphicsmagick)")
    path, version = found
    call = (path, "mogrify", "-output-directory", str(work.target), *fit_options(work.task))
    command = Command(side_by_side(call, work, "OMP_NUM_THREADS=1", inside=True), variant=f"{work.cores} at a time")
    return Found(version.split()[1], (command,))
