"""imgp, a command line over Pillow with a pool of its own; it works in place, so it gets copies."""

from __future__ import annotations

import shlex

from benchmarks.install import output, python_with
from benchmarks.model import Absent, Assignment, Command, Found


def imgp(work: Assignment) -> Found | Absent:
    box, made = work.task.fit, work.task.outputs[0]
    if box is None or made.format != "jpeg":
        return Absent("it fits pictures into a box and keeps their format")
    python = python_with("imgp", "Pillow", proof="PIL")
    if isinstance(python, Absent):
        return python
    program = python.parent / "imgp"
    version = output((str(program), "--version"))
    if version is None:
        return Absent("installed, but it does not run")
    # Only pictures larger than the box; 0 adapts to a pool of as many processes as there are cores.
    call = shlex.join((str(program), "-x", f"{box.width}x{box.height}", "-q", str(made.quality), "-w", "-m"))
    copy = f"cp {shlex.quote(str(work.source))}/* {shlex.quote(str(work.target))}/"
    return Found(version.split()[-1], (Command(("sh", "-c", f"{copy} && {call} {shlex.quote(str(work.target))}")),))
