"""sharp, the Node library on libvips: several pictures at a time in one process, each on one thread."""

from __future__ import annotations

import json

from benchmarks.install import npm_package, output
from benchmarks.model import PROGRAMS, Absent, Assignment, Command, Found
from benchmarks.steps import Fit, Scale


def sharp(work: Assignment) -> Found | Absent:
    if not all(isinstance(step, Fit | Scale) for step in work.task.steps):
        return Absent("it is measured where pictures are resized alone")
    modules = npm_package("sharp")
    if isinstance(modules, Absent):
        return modules
    env = {"NODE_PATH": str(modules)}
    show = "const {sharp, vips} = require('sharp').versions; console.log(`${sharp} (libvips ${vips})`)"
    version = output(("node", "-e", show), env)
    if version is None:
        return Absent("installed, but node cannot load it")
    return Found(version, tuple(_command(work, env, more) for more in (0, 1, 2)))


def _command(work: Assignment, env: dict[str, str], more: int) -> Command:
    at_a_time = work.cores + more
    told = json.dumps(work.program() | {"at_a_time": at_a_time})
    return Command(
        ("node", str(PROGRAMS / "sharp_folder.cjs"), str(work.source), str(work.target), told),
        env | {"UV_THREADPOOL_SIZE": str(max(4, at_a_time))},
        f"{at_a_time} at a time",
    )
