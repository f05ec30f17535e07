"""Become another program on so many cores: ``python pinned.py N PROGRAM ARGUMENTS``."""

import os
import sys

if hasattr(os, "sched_setaffinity"):
    os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[: int(sys.argv[1])])
os.execvp(sys.argv[2], sys.argv[2:])
