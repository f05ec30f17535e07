"""What a tar file holds, as hostile as it may be: names and places of its regular files, by its headers alone."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from io import FileIO
from typing import TYPE_CHECKING

from imgpipe.storage import is_name
from imgpipe.storage.calls import AT_ONCE

if TYPE_CHECKING:
    import tarfile

_LONGEST_HEADER = 1 << 20
_BLOCK = 512


@dataclass(frozen=True, slots=True)
class Member:
    """A file in a tar.

    Attributes:
        name: its path, without `./` in front; where there is an error, as the tar has it.
        offset: where its content begins in the tar, in bytes.
        bytes: its size.
        error: why it cannot be read, in words that name it; else empty.
    """

    name: str
    offset: int = 0
    bytes: int = 0
    error: str = ""


def members_of(path: str) -> Iterator[Member]:
    """The files in a tar, in its order; folders are none. What is broken costs the rest, and is a member with an error.

    Raises:
        OSError: it cannot be opened.
    """
    import tarfile

    with _Headers(path) as file:
        try:
            with tarfile.open(fileobj=file, mode="r:") as tar:
                yield from _members(tar, file)
        except (tarfile.TarError, OSError, ValueError, OverflowError, RecursionError) as error:
            yield Member("", error=f"the tar is broken, and what follows is not read: {error}")


def read_at(path: str, member: Member, count: int) -> bytes:
    """The first bytes of a file in a tar; fewer only where it has no more.

    Raises:
        OSError: they cannot be read.
    """
    descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC | AT_ONCE)
    try:
        data = _read(descriptor, member.offset, min(count, member.bytes))
    finally:
        os.close(descriptor)
    if len(data) < min(count, member.bytes):
        raise OSError(0, "its shard became shorter while it was read")
    return data


def _read(descriptor: int, offset: int, count: int) -> bytes:
    parts = []
    while count > 0 and (part := os.pread(descriptor, count, offset)):
        parts.append(part)
        offset, count = offset + len(part), count - len(part)
    return parts[0] if len(parts) == 1 else b"".join(parts)


class _Headers(FileIO):
    """Gives a reader of headers no more than a header has: a long name may claim to have gigabytes.

    In all, not at a time: newer versions of tarfile read such a name piece by piece.
    """

    left = _LONGEST_HEADER

    def read(self, size: int | None = -1, /) -> bytes:
        if size is None or not 0 <= size <= self.left:
            raise ValueError("a header is too long")
        data = super().read(size) or b""
        self.left -= len(data)
        return data


def _members(tar: tarfile.TarFile, file: _Headers) -> Iterator[Member]:
    size, last = os.fstat(file.fileno()).st_size, -1
    while (found := _next(tar, file)) is not None:
        tar.members = []  # type: ignore[attr-defined]  # it keeps all of them otherwise
        if found.offset <= last or found.size < 0:
            raise ValueError("a header leads backwards")
        last = found.offset
        if not found.isdir():
            yield _member(found, size)
        if found.offset_data + found.size > size:
            return
    if not _ends(file, tar.offset):
        yield Member("", error="the tar is broken behind its last file: what follows is not read")


def _next(tar: tarfile.TarFile, file: _Headers) -> tarfile.TarInfo | None:
    file.left = _LONGEST_HEADER
    return tar.next()


def _member(found: tarfile.TarInfo, size: int) -> Member:
    # Surrogates are bytes that are no UTF-8; repr shows them, and control characters, harmlessly.
    name = found.name.removeprefix("./")
    if found.issparse():
        return Member(name, error=f"{name!r} is sparse, which is not read")
    if not found.isreg():
        return Member(name, error=f"{name!r} is a link or device, and not read")
    if not is_name(name):
        return Member(name, error=f"{name!r} leads out of the tar, and is not read")
    if found.offset_data + found.size > size:
        return Member(name, error=f"{name!r} and what follows are cut off: the tar is not whole")
    return Member(name, found.offset_data, found.size)


def _ends(file: FileIO, offset: int) -> bool:
    """Whether nothing but zeros stands where a header would: tarfile takes broken headers for the end, too."""
    file.seek(offset)
    return not file.read(_BLOCK).strip(b"\0")
