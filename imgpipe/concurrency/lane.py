"""A lane of memory that a parent shares with one worker: large buffers lie there instead of going through the pipe.

A pipe copies a megabyte into the kernel and out again, in pieces that wake both sides. Only the parent writes, only
where the worker no longer reads: what came with a message is free once the first answer to the message is here, since
a worker copies a message out of the lane when it receives it. So there is nothing to lock, and nothing that a killed
worker could leave locked.
"""

from __future__ import annotations

import mmap
import os
from collections import deque
from contextlib import suppress
from multiprocessing import reduction
from typing import Any

_SIZE, _KEPT = 256 << 20, 64 << 20
"""Bytes of a lane, and how many of those that were used once it keeps while nothing lies there."""


class Lane:
    """The parent's side, called by one thread; among the arguments of a process it becomes the worker's."""

    def __init__(self) -> None:
        self._memory: mmap.mmap | None = None
        self._file = -1
        self._backed = 0
        self._in_use: deque[tuple[int, int]] = deque()
        self._placed = 0
        self._messages: deque[list[int]] = deque()
        if hasattr(os, "memfd_create"):
            with suppress(OSError):
                self._open()

    def __reduce__(self) -> tuple[Any, ...]:
        return _opened, (None if self._memory is None else reduction.DupFd(self._file),)

    def place(self, buffer: memoryview) -> int | None:
        """Copy a buffer into the lane and return its offset there; None where there is no lane, or no room."""
        size = buffer.nbytes
        if self._memory is None:
            return None
        offset = self._room(size)
        if offset is None:
            return None
        self._memory[offset : offset + size] = buffer
        self._placed += 1
        return offset

    def sent(self, answers: int) -> None:
        """Say that what was placed since the last call belongs to a message that will have so many answers."""
        self._messages.append([answers, self._placed])
        self._placed = 0

    def answered(self) -> None:
        """Say that one answer has come; answers come in the order of their messages."""
        if not self._messages:
            return
        message = self._messages[0]
        for _ in range(message[1]):
            self._in_use.popleft()
        message[:] = message[0] - 1, 0
        if not message[0]:
            self._messages.popleft()
        if not self._in_use and self._backed > _KEPT:
            self._give_back()

    def close(self) -> None:
        """Give the memory back."""
        memory, self._memory = self._memory, None
        if memory is not None:
            memory.close()
            os.close(self._file)

    def _open(self) -> None:
        self._file = os.memfd_create("imgpipe-lane", os.MFD_CLOEXEC)
        try:
            os.ftruncate(self._file, _SIZE)
            self._memory = mmap.mmap(self._file, _SIZE)
        except OSError:
            os.close(self._file)
            raise

    def _give_back(self) -> None:
        """Of large pictures no memory is kept that small ones do not need."""
        os.ftruncate(self._file, _KEPT)
        os.ftruncate(self._file, _SIZE)
        self._backed = _KEPT

    def _room(self, size: int) -> int | None:
        """The lowest place that is free and really there: memory that was used before is in the processor's caches."""
        offset = 0
        for start, end in sorted(self._in_use):
            if start - offset >= size:
                break
            offset = max(offset, end)
        end = offset + size
        if end > _SIZE or not self._back(end):
            return None
        self._in_use.append((offset, end))
        return offset

    def _back(self, end: int) -> bool:
        """Whether there is memory up to here: to write where there is none would kill the process."""
        if end > self._backed:
            try:
                os.posix_fallocate(self._file, self._backed, end - self._backed)
            except OSError:
                return False
            self._backed = end
        return True


def _opened(file: Any) -> memoryview | None:
    """The worker's side: what the parent places, to be read; None where there is no lane."""
    if file is None:
        return None
    descriptor = file.detach()
    try:
        return memoryview(mmap.mmap(descriptor, _SIZE, access=mmap.ACCESS_READ))
    finally:
        os.close(descriptor)
