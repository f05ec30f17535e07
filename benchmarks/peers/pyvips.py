"""pyvips, libvips from Python: a multiprocessing.Pool of the cores, one thread each."""

from __future__ import annotations

import json

from benchmarks.install import output, python_with
from benchmarks.model import PROGRAMS, Absent, Assignment, Command, Found


def pyvips(work: Assignment) -> Found | Absent:
    python = python_with("pyvips", "pyvips-binary")
    if isinstance(python, Absent):
        return python
    show = "import pyvips; v = pyvips.version; print(f'{pyvips.__version__} (libvips {v(0)}.{v(1)}.{v(2)})')"
    version = output((str(python), "-c", show))
    if version is None:
        return Absent("installed, but cannot be imported")
    told = json.dumps(work.program())
    argv = (str(python), str(PROGRAMS / "pyvips_pool.py"), str(work.source), str(work.target), told)
    return Found(version, (Command(argv, {"VIPS_CONCURRENCY": "1"}),))
