"""The codec limit: imgpipe's own `transform` in as many bare processes as cores, over bytes in memory.

No files are read or written while its clock runs, and nothing passes between processes: what is lost
against it is what the pipeline, the start of the program and the disk cost.
"""

from __future__ import annotations

import json
import sys

from benchmarks.install import output
from benchmarks.model import ROOT, Absent, Assignment, Command, Found
from benchmarks.wording import filter_of

PROGRAM = "benchmarks.programs.codec_limit"


def codec_limit(work: Assignment) -> Found | Absent:
    if output((sys.executable, "-c", f"import {PROGRAM}"), {"PYTHONPATH": str(ROOT)}) is None:
        return Absent("imgpipe.transform cannot be imported")
    told = json.dumps(work.program() | {"filters": [filter_of(step) for step in work.task.steps]})
    argv = (sys.executable, "-m", PROGRAM, str(work.source), str(work.target), told)
    return Found("", (Command(argv, own_clock=True),))
