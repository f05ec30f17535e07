"""How much memory this process may still take: the machine's, or its cgroup's where that is less."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import suppress

_LEAST = 256 << 20
_UNKNOWN = 4 << 30
_CGROUP = "/sys/fs/cgroup"


def half_of_free_memory(root: str = "/") -> int:
    """Half of the bytes that are free, 256 MiB at least.

    Args:
        root: of the file system in which the kernel tells of it.
    """
    return max(_LEAST, min(_free_on_machine(root), *_free_in_cgroups(root), _UNKNOWN << 30) // 2)


def _free_on_machine(root: str) -> int:
    with suppress(OSError, ValueError, IndexError), open(os.path.join(root, "proc/meminfo"), encoding="ascii") as file:
        for line in file:
            if line.startswith("MemAvailable:"):
                return int(line.split()[1]) << 10
    if root == "/" and hasattr(os, "sysconf"):
        with suppress(OSError, ValueError):
            # Not what is free, which other systems count in other ways, but what there is.
            return os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    return _UNKNOWN


def _free_in_cgroups(root: str) -> Iterator[int]:
    """What is left in each cgroup that this process is in, by either version of them."""
    for limit, usage in (
        ("memory.max", "memory.current"),
        ("memory/memory.limit_in_bytes", "memory/memory.usage_in_bytes"),
    ):
        for folder in _folders(root):
            with suppress(OSError, ValueError):
                yield max(0, _number(folder, limit) - _number(folder, usage))


def _folders(root: str) -> Iterator[str]:
    """The mounted one, which is a container's own, and those from there down to this process."""
    mounted = os.path.join(root, _CGROUP.lstrip("/"))
    yield mounted
    with suppress(OSError, ValueError), open(os.path.join(root, "proc/self/cgroup"), encoding="utf-8") as file:
        for line in file:
            path = line.rstrip("\n").split(":", 2)[2]
            if ".." not in path:
                parts = path.strip("/").split("/")
                yield from (os.path.join(mounted, *parts[: depth + 1]) for depth in range(len(parts)))


def _number(folder: str, name: str) -> int:
    with open(os.path.join(folder, name), encoding="ascii") as file:
        return int(file.read())
