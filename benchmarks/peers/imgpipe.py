"""imgpipe itself, as a person runs it."""

from __future__ import annotations

import sys

from benchmarks.install import output
from benchmarks.model import ROOT, Absent, Assignment, Command, Found


def imgpipe(work: Assignment) -> Found | Absent:
    version = output((sys.executable, "-m", "imgpipe", "--version"), {"PYTHONPATH": str(ROOT)})
    if version is None:
        return Absent("`python -m imgpipe --version` fails")
    return Found(version.split()[-1], (Command((sys.executable, *_arguments(work))),))


def _arguments(work: Assignment) -> tuple[str, ...]:
    task = work.task
    return (
        *("-m", "imgpipe", "process", str(work.source), str(work.target)),
        *("--resize", f"{task.width}x{task.height}", "--format", task.format, "-q", str(task.quality)),
        *("--cores", str(work.cores), "-Q"),
    )
