"""What a worker process may take of memory: a limit that makes allocation fail cleanly, on Linux."""

from __future__ import annotations

import sys
from contextlib import suppress
from functools import cache

_FOR_LIBRARIES = 512 << 20
"""Bytes of address space for what is loaded after the first limit was set, and for stacks of threads."""


def limit_memory(claimed: int) -> None:
    """Let this process have so many bytes besides what it had at the first call; a quarter more is let pass.

    Beyond that, allocating fails as if there were no more memory. Where the limit becomes lower, what was freed goes
    back to the system, so that others can have it. Elsewhere than on Linux nothing happens: macOS does not keep such
    a limit.
    """
    if sys.platform != "linux":
        return
    import resource

    before, most = resource.getrlimit(resource.RLIMIT_AS)
    wanted = _at_first() + _FOR_LIBRARIES + claimed + claimed // 4
    resource.setrlimit(resource.RLIMIT_AS, (wanted if most == resource.RLIM_INFINITY else min(wanted, most), most))
    # Not at first: that would take apart what a process was given to begin with.
    if before != resource.RLIM_INFINITY and wanted < before:
        _give_back()


@cache
def _at_first() -> int:
    """Bytes of address space of this process when this was first called."""
    import os

    with open("/proc/self/statm", "rb") as file:
        return int(file.read().split()[0]) * os.sysconf("SC_PAGE_SIZE")


def _give_back() -> None:
    import ctypes

    with suppress(AttributeError):  # a libc that keeps nothing
        ctypes.CDLL(None).malloc_trim(0)
