"""Writing tar files whose bytes depend on the names and contents in them alone."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

from imgpipe.storage.calls import Calls, write_whole

_MODE = 0o644
_BLOCK = 512


@dataclass(frozen=True, slots=True)
class Part:
    """A file that is to be in a tar.

    Attributes:
        name: its path there.
        size: of its content, in bytes.
        content: itself, or what gives that of a name, a piece at a time; OSError where it cannot be read. All parts
            of a shard are kept, so one function is for many.
    """

    name: str
    size: int
    content: bytes | Callable[[str], Iterable[bytes]]

    def pieces(self) -> Iterable[bytes]:
        """Its content, a piece at a time; OSError where that cannot be read."""
        return (self.content,) if isinstance(self.content, bytes) else self.content(self.name)

    @property
    def room(self) -> int:
        """Bytes that it takes in a tar, with its header."""
        return len(_header(self)) + self.size + _padding(self.size)


def write_tar(calls: Calls, path: str, parts: Iterable[Part], *, durable: bool) -> None:
    """Write a tar of these, in this order; a file that stood there is written anew.

    Args:
        calls: that write.
        path: where.
        parts: what.
        durable: its content survives a power loss then.

    Raises:
        OSError: it is not there, or not whole.
    """
    import tarfile

    descriptor = calls.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o666)
    try:
        size = 0
        for part in parts:
            for block in _blocks(part):
                write_whole(calls, descriptor, block)
                size += len(block)
        write_whole(
            calls, descriptor, bytes(2 * tarfile.BLOCKSIZE + -(size + 2 * tarfile.BLOCKSIZE) % tarfile.RECORDSIZE)
        )
        if durable:
            calls.fdatasync(descriptor)
    finally:
        calls.close(descriptor)


def _blocks(part: Part) -> Iterator[bytes]:
    """What a tar has of a file. One that is small is one block, to be written by one call; a large one is many."""
    size, waiting = 0, [_header(part)]
    for piece in part.pieces():
        size += len(piece)
        waiting.append(piece)
        if size < part.size:
            yield b"".join(waiting)
            waiting = []
    if size != part.size:
        raise OSError(0, f"{part.name} changed while it was put into a shard")
    yield b"".join([*waiting, bytes(_padding(size))])


def _header(part: Part) -> bytes:
    import tarfile

    # No time, owner or mode of the moment: the same files are the same tar anywhere.
    info = tarfile.TarInfo(part.name)
    info.size, info.mode = part.size, _MODE
    return info.tobuf(tarfile.PAX_FORMAT, "utf-8", "surrogateescape")


def _padding(size: int) -> int:
    return -size % _BLOCK
