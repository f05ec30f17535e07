"""imgpipe itself, as a person runs it."""

from __future__ import annotations

import json
import sys
from pathlib import Path

from benchmarks.install import output
from benchmarks.model import ROOT, Absent, Assignment, Command, Found, Task
from benchmarks.wording import filter_of

OF_THIS_FOLDER = {"PYTHONPATH": str(ROOT)}
"""Whatever this Python has installed."""


def imgpipe(work: Assignment) -> Found | Absent:
    program = _program()
    version = output((*program, "--version"), OF_THIS_FOLDER)
    if version is None:
        return Absent(f"`{' '.join(program)} --version` fails")
    return Found(version.split()[-1], (Command((*program, *_arguments(work)), env=OF_THIS_FOLDER),))


def _program() -> tuple[str, ...]:
    """The command that was installed beside this Python, if it was."""
    command = Path(sys.executable).with_name("imgpipe")
    return (str(command),) if command.is_file() else (sys.executable, "-m", "imgpipe")


def _arguments(work: Assignment) -> tuple[str, ...]:
    return (
        *("process", str(work.source), str(work.target)),
        *(_wishes(work.task) if len(work.task.outputs) == 1 else ("-c", str(_recipe_file(work)))),
        *("--cores", str(work.cores), "-Q"),
    )


def _wishes(task: Task) -> tuple[str, ...]:
    made = task.only
    quality = ("-q", str(made.quality)) if made.quality else ()
    effort = () if made.compressed else ("--effort", "0")
    encoding = ("--format", made.format, *quality, *effort)
    if task.fit is not None:
        return ("--resize", f"{task.fit.width}x{task.fit.height}", *encoding)
    return (*(word for step in task.steps for word in ("-F", filter_of(step))), *encoding)


def _recipe_file(work: Assignment) -> Path:
    path = work.target.parent / "recipe.toml"
    lines = [f"filters = {json.dumps([filter_of(step) for step in work.task.steps])}"]
    for made in work.task.outputs:
        lines += ["", "[[output]]", f'filters = ["resize:width={made.width}"]', f'format = "{made.format}"']
        lines += [f"quality = {made.quality}"] if made.quality else []
        lines += [] if made.compressed else ["effort = 0"]
        lines.append('name = "{stem}-{width}{ext}"')
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path
