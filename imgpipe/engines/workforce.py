"""How many work, and how long a picture may take."""

from __future__ import annotations

import os
import sys
from contextlib import suppress
from dataclasses import dataclass, field
from functools import cache
from typing import Any

from imgpipe.concurrency.launch import StartMethod, default_start_method
from imgpipe.engines.cgroups import cgroups, numbers
from imgpipe.engines.free_memory import half_of_free_memory

_LEAST_AHEAD, _AHEAD_A_THREAD = 6 << 20, 3 << 20
"""Bytes. More memory than what the next pictures need would only be cleared by the system, and be cold."""


def usable_cores(root: str = "/") -> int:
    """The cores that this process may use: its affinity and the quotas of its cgroups are counted, at least 1.

    Args:
        root: of the file system in which the kernel tells of the cgroups.
    """
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return max(1, min(cores, _quota(root)))


@cache
def _quota(root: str) -> int:
    """Cores by the least quota of a cgroup; read once, for a start asks several times."""
    found = [sys.maxsize]
    for folder in cgroups("cpu", root):
        for names in (("cpu.max",), ("cpu.cfs_quota_us", "cpu.cfs_period_us")):
            with suppress(OSError, ValueError):
                quota, period = (number for name in names for number in numbers(folder, name))
                if quota > 0 and period > 0:
                    found.append(-(-quota // period))
    return min(found)


@dataclass(frozen=True, slots=True)
class Workforce:
    """Who works on a run.

    Attributes:
        cores: workers that decode, filter and encode.
        io_threads: readers, and as many writers.
        readers: where they are not as many.
        writers: where they are not as many.
        cluster: who works for the engine `dask`: ``"tcp://host:8786"`` or ``"tls://host:8786"``, a Dask scheduler;
            ``"local:4"``, workers of this machine; a `distributed.Client`; None for ``"local"`` with all `cores`.
        timeout: seconds that one picture may take in a worker, None for no limit.
        tries: how many workers a picture may cost before it fails.
        memory: bytes that the run may take besides what its processes need for themselves: a quarter for encoded
            files in flight, the rest for pictures in the workers.
        start_method: how worker processes are started.
        ahead: workers that are being started before there is work, as the command does it; else None.
    """

    cores: int = field(default_factory=usable_cores)
    io_threads: int = 2
    timeout: float | None = None
    tries: int = 2
    memory: int = field(default_factory=half_of_free_memory)
    start_method: StartMethod = field(default_factory=default_start_method)
    readers: int | None = None
    writers: int | None = None
    cluster: Any = None
    ahead: Any = None

    @property
    def memory_of_files(self) -> int:
        """Bytes of files that were read and are not yet written."""
        return self.memory // 4

    @property
    def memory_of_pictures(self) -> int:
        """Bytes of what the workers make of them."""
        return self.memory - self.memory_of_files

    @property
    def bytes_ahead(self) -> int:
        """Encoded bytes that may wait before and after the workers, each."""
        threads = max(self.readers or 0, self.writers or 0, self.io_threads)
        return min(max(_LEAST_AHEAD, threads * _AHEAD_A_THREAD), self.memory // 16)
