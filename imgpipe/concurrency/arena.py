"""Memory that processes share: large buffers lie there instead of going through a pipe.

A pipe copies a megabyte into the kernel and out again, in pieces that wake both sides, and what is read from it needs
memory that no process had before, the dearest of all. In an arena one process finds room and fills it, and the other
looks at it where it lies. A block is in use as long as the process that was lent it holds the view it got: one byte
a block says so, set by the process that found the room before it tells of the block, and cleared by the other. So
there is nothing to lock between them, and nothing that a killed process could leave locked.
"""

from __future__ import annotations

import mmap
import os
import threading
import weakref
from bisect import insort
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from multiprocessing import reduction
from typing import Any

from imgpipe.concurrency.lineage import is_copy_of

SMALL = 1 << 15
"""Bytes of a buffer that costs less inside a message than it would cost to look at it elsewhere."""

_GRANULE = 1 << 16
"""Blocks begin at multiples of so many bytes; a byte for each, at the arena's beginning, tells whether it is in use."""

_KEPT = 64 << 20
"""Bytes that are kept although nothing lies there, once they were used."""


class Arena:
    """One process's side of the memory; the process that gets it, as an argument when it is started, has another.

    What is lent is a `memoryview`, and the block is in use as long as that very object is held: slices and other views
    of it hold nothing, and show what comes there next.
    """

    def __init__(self, file: int, size: int) -> None:
        """Map a file of that size, which the arena closes in the end."""
        self._file = file
        self._size = size
        self._memory: mmap.mmap | None = mmap.mmap(file, size)
        self._view = memoryview(self._memory)
        self._first = _whole_granules(size // _GRANULE)
        self._backed = 0
        self._used: list[tuple[int, int]] = []
        self._lent: dict[int, tuple[int, weakref.ref[memoryview]]] = {}
        self._process = os.getpid()
        self._turn = threading.Lock()

    def __reduce__(self) -> tuple[Any, ...]:
        return _received, (reduction.DupFd(self._file), self._size)

    def room(self, size: int) -> memoryview | None:
        """Memory to be filled, in use as long as it is held here; None where it is small, or there is none."""
        offset = self.reserve(size) if size >= SMALL else None
        return None if offset is None else self._lend(offset, self._view[offset : offset + size])

    def reserve(self, size: int) -> int | None:
        """Where so many bytes are free, which they are no longer; None where there is no room. From any thread."""
        if os.getpid() != self._process:  # as `is_copy_of`, without a call for each picture
            return None
        with self._turn:
            if self._memory is None:
                return None
            self._settle()
            offset = self._first
            for start, end in self._used:
                if start - offset >= size:
                    break
                offset = end
            end = offset + _whole_granules(size)
            if end > self._size or not self._back(end):
                return None
            insort(self._used, (offset, end))
            self._view[offset // _GRANULE] = 1
            return offset

    def put(self, buffer: memoryview) -> int | None:
        """Copy a buffer to where there is room, for the other process; None where there is none."""
        offset = self.reserve(buffer.nbytes)
        if offset is not None:
            self._view[offset : offset + buffer.nbytes] = buffer
        return offset

    def look(self, offset: int, size: int) -> memoryview:
        """What the other process has put there, which is in use as long as this is held; it cannot be written to."""
        return self._lend(offset, self._view[offset : offset + size].toreadonly())

    def place_of(self, view: memoryview) -> int | None:
        """Where it lies, if it is what was lent here, itself and not a slice of it; else None."""
        # What has gone is not among them any more, so no other object can have its number.
        lent = self._lent.get(id(view))
        return None if lent is None else lent[0]

    def trim(self) -> None:
        """Give back what large buffers have used and small ones do not need."""
        if self._backed > _KEPT:
            with self._turn:
                self._settle()

    def to_look_at(self) -> Sight:
        """For a process that is to look at what is lent here."""
        return Sight(self._file, self._size)

    def close(self) -> None:
        """Find no more room. The memory goes with the last view of it."""
        if is_copy_of(self._process):
            return
        with self._turn:
            memory, self._memory = self._memory, None
            self._lent.clear()
            if memory is not None:
                os.close(self._file)
                # The memory goes with the last that was lent of it.
                self._view = memoryview(b"")

    def _lend(self, offset: int, view: memoryview) -> memoryview:
        number = id(view)
        self._lent[number] = offset, weakref.ref(view, partial(self._free, number))
        return view

    def _free(self, number: int, _gone: object) -> None:
        # A program that forks has a copy of the views; the memory is that of both, and still in use.
        if os.getpid() != self._process:
            return
        offset, _ = self._lent.pop(number, (0, None))
        view = self._view
        if offset and not view.readonly:
            view[offset // _GRANULE] = 0
            # Whoever has the turn settles it himself; this may be called in the midst of anything.
            if self._backed > _KEPT and self._turn.acquire(blocking=False):
                try:
                    self._settle()
                finally:
                    self._turn.release()

    def _settle(self) -> None:
        """Note what has become free, and give memory back where much more was used than is now."""
        memory = self._memory
        if memory is None:
            return
        self._used = [block for block in self._used if self._view[block[0] // _GRANULE]]
        needed = max(_KEPT, 4 * sum([end - start for start, end in self._used]))
        if self._used:
            needed = max(needed, self._used[-1][1])
        if self._backed > needed and hasattr(mmap, "MADV_REMOVE"):
            with suppress(OSError):
                memory.madvise(mmap.MADV_REMOVE, needed, self._backed - needed)
                self._backed = needed

    def _back(self, end: int) -> bool:
        """Whether there is memory up to here: to write where there is none would kill the process."""
        if end > self._backed:
            try:
                os.posix_fallocate(self._file, self._backed, end - self._backed)
            except OSError:
                return False
            self._backed = end
        return True


class Sight:
    """Among the arguments of a process, it becomes a function that shows what lies somewhere in an arena."""

    def __init__(self, file: int, size: int) -> None:
        self._file = file
        self._size = size

    def __reduce__(self) -> tuple[Any, ...]:
        return _seen, (reduction.DupFd(self._file), self._size)


def make_arena(size: int) -> Arena | None:
    """A new one of so many bytes, which take no memory until they are used; None where the system has no such thing."""
    if not hasattr(os, "memfd_create"):
        return None
    try:
        file = os.memfd_create("imgpipe-arena", os.MFD_CLOEXEC)
    except OSError:
        return None
    try:
        os.ftruncate(file, size)
        return Arena(file, size)
    except OSError:
        os.close(file)
        return None


def _received(file: Any, size: int) -> Arena:
    return Arena(file.detach(), size)


def _seen(file: Any, size: int) -> Callable[[int, int], memoryview]:
    descriptor = file.detach()
    try:
        return partial(_shown, memoryview(mmap.mmap(descriptor, size, access=mmap.ACCESS_READ)))
    finally:
        os.close(descriptor)


def _shown(memory: memoryview, offset: int, size: int) -> memoryview:
    return memory[offset : offset + size]


def _whole_granules(size: int) -> int:
    return -(-size // _GRANULE) * _GRANULE
