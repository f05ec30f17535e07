"""OpenCV, with a `multiprocessing.Pool` and one thread each."""

from __future__ import annotations

import json
import sys

import cv2

from benchmarks.model import PROGRAMS, Absent, Assignment, Command, Found
from benchmarks.steps import Blur, Crop, Fit, Scale, Sharpen, Turn


def opencv(work: Assignment) -> Found | Absent:
    if not work.task.knows_only(Fit, Scale, Crop, Turn, Blur, Sharpen):
        return Absent("it is measured with one output")
    told = json.dumps(work.program())
    argv = (sys.executable, str(PROGRAMS / "opencv_pool.py"), str(work.source), str(work.target), told)
    return Found(cv2.__version__, (Command(argv),))
