"""Pillow as a first script would use it: open, resize with Lanczos, save, in a multiprocessing.Pool."""

from __future__ import annotations

import json
import sys

import PIL

from benchmarks.model import PROGRAMS, Absent, Assignment, Command, Found


def pillow(work: Assignment) -> Found | Absent:
    told = json.dumps(work.program())
    argv = (sys.executable, str(PROGRAMS / "pillow_pool.py"), str(work.source), str(work.target), told)
    return Found(PIL.__version__, (Command(argv),))
