"""Command-line tools that take one core: as many of them at a time as there are cores."""

from __future__ import annotations

import math
import shlex

from benchmarks.model import Assignment

SHARES = 4
"""Calls a core, so that one with the larger pictures does not keep the other waiting."""


def side_by_side(
    call: tuple[str, ...], work: Assignment, setting: str = "", *, inside: bool = False
) -> tuple[str, ...]:
    """The shell command that hands the source folder to `call` in shares, as many at a time as cores.

    Args:
        call: a command that takes any number of files as its last arguments.
        work: the assignment.
        setting: an environment variable for it, such as ``THREADS=1``.
        inside: the call is made in the source folder, with bare names.
    """
    share = math.ceil(work.count / (work.cores * SHARES))
    source = shlex.quote(str(work.source))
    files = f"cd {source} && find . -type f -printf '%f\\0'" if inside else f"find {source} -type f -print0"
    xargs = f"{setting} xargs".lstrip()
    return "sh", "-c", f"{files} | {xargs} -0 -P{work.cores} -n{share} {shlex.join(call)}"
