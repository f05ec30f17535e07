"""The cgroups of this process, by either version: what a container, a service or a batch job may take."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import suppress


def cgroups(controller: str, root: str = "/") -> Iterator[str]:
    """The folders of the cgroups that this process is in, from the mounted one (a container's own) downwards.

    Args:
        controller: `cpu` or `memory`.
        root: of the file system in which the kernel tells of them.
    """
    unified = os.path.join(root, "sys/fs/cgroup")
    by_itself = os.path.join(unified, controller)
    yield from (unified, by_itself)
    with suppress(OSError, ValueError), open(os.path.join(root, "proc/self/cgroup"), encoding="utf-8") as file:
        for line in file:
            _, controllers, path = line.rstrip("\n").split(":", 2)
            if ".." in path or (controllers and controller not in controllers.split(",")):
                continue
            parts = path.strip("/").split("/")
            top = by_itself if controllers else unified
            yield from (os.path.join(top, *parts[: depth + 1]) for depth in range(len(parts)))


def numbers(folder: str, name: str) -> list[int]:
    """The numbers in a file of a cgroup.

    Raises:
        OSError: there is no such file.
        ValueError: it says `max`, for no limit.
    """
    with open(os.path.join(folder, name), encoding="utf-8") as file:
        return [int(word) for word in file.read().split()]
