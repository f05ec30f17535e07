"""How much memory this process may still take: the machine's, or its cgroup's where that is less."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import suppress

from imgpipe.engines.cgroups import cgroups, numbers

_LEAST = 256 << 20
_UNKNOWN = 4 << 30


def half_of_free_memory(root: str = "/") -> int:
    """Half of the bytes that are free, 256 MiB at least.

    Args:
        root: of the file system in which the kernel tells of it.
    """
    return max(_LEAST, min([_free_on_machine(root), *_free_in_cgroups(root)]) // 2)


def _free_on_machine(root: str) -> int:
    with suppress(OSError, ValueError, IndexError), open(os.path.join(root, "proc/meminfo"), encoding="utf-8") as file:
        for line in file:
            if line.startswith("MemAvailable:"):
                return int(line.split()[1]) << 10
    if root == "/" and hasattr(os, "sysconf"):
        with suppress(OSError, ValueError):
            # Not what is free, which other systems count in other ways, but what there is.
            return os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    return _UNKNOWN


def _free_in_cgroups(root: str) -> Iterator[int]:
    for folder in cgroups("memory", root):
        for limit, usage in (("memory.max", "memory.current"), ("memory.limit_in_bytes", "memory.usage_in_bytes")):
            with suppress(OSError, ValueError):
                yield max(0, numbers(folder, limit)[0] - numbers(folder, usage)[0])
