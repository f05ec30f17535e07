"""What some storages can do besides, and reading by it where they can."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol, runtime_checkable

from imgpipe.job import Source
from imgpipe.storage import Data, Room, Storage

_UNASKED = 4 << 20
"""Bytes that may come of a file of which less was told; its size is what it was admitted by."""


@runtime_checkable
class ReadsAtMost(Protocol):
    """A remote storage, of which nobody knows before an answer comes how much that will be."""

    def read_at_most(self, name: str, most: int) -> bytes:
        """As `Storage.read`; OSError where it has more bytes, and these are not taken."""


def read_into(storage: Storage, name: str, room: Room) -> Data:
    """As `Storage.read`, into memory that `room` gives, or bytes where it gives none.

    A storage that can spare a copy of what it reads has such a method itself. It is looked for by its name: to ask for
    a protocol takes five calls for each picture.
    """
    own: Callable[[str, Room], Data] | None = getattr(storage, "read_into", None)
    return placed(storage.read(name), room) if own is None else own(name, room)


def read_remote(storage: Storage, source: Source) -> bytes:
    """As `Storage.read`, of a remote one; OSError where it has become much larger since it was listed."""
    if isinstance(storage, ReadsAtMost):
        return storage.read_at_most(source.name, max(source.bytes, _UNASKED))
    return storage.read(source.name)


def placed(data: bytes, room: Room) -> Data:
    """The same in memory that `room` gives, or as it is where it gives none."""
    memory = room(len(data))
    if memory is None:
        return data
    memory[:] = data
    return memory
