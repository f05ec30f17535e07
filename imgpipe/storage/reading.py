"""Reading local files that are what they seem: regular, whole, and the same before and after."""

from __future__ import annotations

import errno
import os
import stat
import time
from typing import overload

from imgpipe.storage import Data, Room
from imgpipe.storage.calls import AT_ONCE

_TICK = 12_000_000
"""The coarsest clock of a usual kernel, in ns; disks that keep whole seconds only are coarser."""

_FLAGS = os.O_RDONLY | os.O_CLOEXEC | AT_ONCE


@overload
def read(path: str, room: None = None) -> bytes: ...


@overload
def read(path: str, room: Room) -> Data: ...


def read(path: str, room: Room | None = None) -> Data:
    """The whole content of a regular file; where it changes meanwhile it is read once more.

    Args:
        path: of the file.
        room: gives memory to read it into.

    Raises:
        OSError: it cannot be read, is no regular file, or changed again.
    """
    data = _read_settled(path, room)
    if data is None:
        data = _read_settled(path, room)
    if data is None:
        raise OSError(errno.EBUSY, "changed while it was read")
    return data


def head(path: str, count: int) -> bytes:
    """The first bytes of a regular file; OSError where they cannot be read."""
    descriptor, _ = open_regular(path)
    try:
        return os.read(descriptor, count)
    finally:
        os.close(descriptor)


def digest(path: str) -> str:
    """A digest of the whole content of a regular file; OSError where it cannot be read."""
    import hashlib

    descriptor, _ = open_regular(path)
    with os.fdopen(descriptor, "rb") as file:
        return hashlib.file_digest(file, "blake2b").hexdigest()


def open_regular(path: str) -> tuple[int, os.stat_result]:
    """A descriptor, which the caller closes, and what the file is now; OSError where it is no regular file."""
    descriptor = os.open(path, _FLAGS)
    try:
        status = os.fstat(descriptor)
        if not stat.S_ISREG(status.st_mode):
            raise OSError(errno.EINVAL, "is no regular file")
    except BaseException:
        os.close(descriptor)
        raise
    return descriptor, status


def _read_settled(path: str, room: Room | None) -> Data | None:
    """The content, None where the file changed while it was read."""
    descriptor, before = open_regular(path)
    try:
        # What is written after we have read must get another time, else nobody would ever see that it changed.
        if 0 <= (age := time.time_ns() - before.st_mtime_ns) < _TICK:
            time.sleep((_TICK - age) / 1e9)
        memory = None if room is None else room(before.st_size)
        data = _read_whole(descriptor, before.st_size) if memory is None else _filled(descriptor, memory)
        after = os.fstat(descriptor)
    finally:
        os.close(descriptor)
    changed = (before.st_size, before.st_mtime_ns) != (after.st_size, after.st_mtime_ns)
    return None if changed or len(data) != before.st_size else data


def _read_whole(descriptor: int, size: int) -> bytes:
    data = os.read(descriptor, size + 1)
    if len(data) == size:
        return data
    chunks, left = [data], size + 1 - len(data)
    # No more than one byte too many: somebody may write faster than is read.
    while left > 0 and (chunk := os.read(descriptor, left)):
        chunks.append(chunk)
        left -= len(chunk)
    return b"".join(chunks)


def _filled(descriptor: int, memory: memoryview) -> Data:
    """The memory full of the content; what is not as long where the content is not."""
    filled, one_more = 0, bytearray(1)
    while filled < len(memory):
        count = os.readv(descriptor, [memory[filled:], one_more])
        filled += count
        if not count:
            return memory[:filled]
    return memory if filled == len(memory) else b""
