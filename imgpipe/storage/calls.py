"""The system calls that change an output folder: the one seam through which storage and journal write.

A test hands over others, which fail, or which remember what was done and what was synced.
"""

from __future__ import annotations

import os
import sys

AT_ONCE: int = getattr(os, "O_NONBLOCK", 0)
"""For opening files: a pipe of that name would be waited for, for ever."""


class Calls:
    """Those of the operating system."""

    open = staticmethod(os.open)
    close = staticmethod(os.close)
    replace = staticmethod(os.replace)
    unlink = staticmethod(os.unlink)
    mkdir = staticmethod(os.mkdir)
    fsync = staticmethod(os.fsync)
    write = staticmethod(os.write)

    def fdatasync(self, descriptor: int) -> None:
        """As `os.fdatasync`, or the next best where there is none."""
        if sys.platform == "linux":
            os.fdatasync(descriptor)
        else:
            os.fsync(descriptor)


SYSTEM = Calls()


def write_whole(calls: Calls, descriptor: int, data: bytes | memoryview) -> None:
    """Write all of it: a disk that fills up takes a part, and says so only when the rest is written."""
    written = calls.write(descriptor, data)
    while written < len(data):
        written += calls.write(descriptor, memoryview(data)[written:])


def make_folders(calls: Calls, path: str) -> list[str]:
    """Make a folder and those above it that are missing.

    Returns:
        the folders that have a new entry by that, from the top down.
    """
    missing = []
    while not os.path.isdir(path) and (parent := os.path.dirname(path)) != path:
        missing.append(path)
        path = parent
    changed = []
    for folder in reversed(missing):
        try:
            calls.mkdir(folder)
        except FileExistsError:
            # Another thread made it, or it is no folder, which the next call tells.
            if not os.path.isdir(folder):
                raise
        changed.append(os.path.dirname(folder))
    return changed


def sync_folder(calls: Calls, path: str) -> None:
    """Make the names in a folder survive a power loss."""
    if sys.platform == "win32":
        return  # a folder cannot be synced there
    descriptor = calls.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        calls.fsync(descriptor)
    finally:
        calls.close(descriptor)
