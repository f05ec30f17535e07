"""A local folder as a storage: lists without following links, reads without blocking, publishes by rename."""

from __future__ import annotations

import errno
import os
import secrets
import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress

from imgpipe.storage import Entry, Listing, is_name

TEMPORARY_PREFIX = ".imgpipe-"

_NOTHING_THERE = {errno.ENOENT, errno.ENOTDIR, errno.ENAMETOOLONG, errno.ELOOP}


class LocalFolder:
    """A folder on a local disk."""

    def __init__(self, root: str) -> None:
        self.root = os.path.abspath(root)

    def list(self, listing: Listing) -> Iterator[Entry]:
        """The files below the root, folder by folder, sorted by name."""
        yield from self._list_folder("", listing, ())

    def read(self, name: str) -> bytes:
        """The whole content of a regular file.

        Raises:
            OSError: it cannot be read, is no regular file, or changed its length meanwhile.
        """
        with _regular_file(self._path(name)) as (descriptor, size):
            return _read_whole(descriptor, size)

    def head(self, name: str, count: int) -> bytes:
        """The first bytes of a regular file; OSError where they cannot be read."""
        with _regular_file(self._path(name)) as (descriptor, _):
            return os.read(descriptor, count)

    def stat(self, name: str) -> Entry | None:
        """What stands under a name, without following a link there."""
        try:
            status = os.lstat(self._path(name))
        except OSError as error:
            if error.errno in _NOTHING_THERE:
                return None
            raise
        return Entry(name, status.st_size, status.st_mtime_ns)

    def put(self, name: str, data: bytes) -> None:
        """Write to a temporary name in the same folder, then rename.

        The temporary name is short, so that it fits wherever the final one does.
        """
        path = self._path(name)
        temporary = os.path.join(os.path.dirname(path), f"{TEMPORARY_PREFIX}{os.getpid():x}-{secrets.token_hex(4)}")
        descriptor = _create(temporary)
        try:
            try:
                _write_whole(descriptor, data)
            finally:
                # Some disks say only here that they are full.
                os.close(descriptor)
            os.replace(temporary, path)
        except BaseException:
            with suppress(OSError):
                os.unlink(temporary)
            raise

    def _path(self, name: str) -> str:
        if not is_name(name):
            raise OSError(errno.EINVAL, "is no name below a folder", name)
        return os.path.join(self.root, *name.split("/"))

    def _list_folder(self, prefix: str, listing: Listing, above: tuple[tuple[int, int], ...]) -> Iterator[Entry]:
        path = os.path.join(self.root, prefix)
        if listing.leave_out is not None and os.path.realpath(path) == listing.leave_out:
            return
        try:
            status = os.stat(path)
            with os.scandir(path) as entries:
                in_order = sorted(entries, key=lambda entry: entry.name)
        except OSError as error:
            yield Entry(prefix.rstrip("/") or ".", 0, 0, error=f"cannot list the folder: {error.strerror}")
            return
        here = (status.st_dev, status.st_ino)
        if here in above:
            return
        visible = [entry for entry in in_order if _is_visible(entry.name, listing)]
        for entry in visible:
            if not _is_folder(entry):
                yield _entry(prefix + entry.name, entry)
        for entry in visible:
            if listing.recursive and _is_folder(entry) and (listing.follow_symlinks or not entry.is_symlink()):
                yield from self._list_folder(f"{prefix}{entry.name}/", listing, (*above, here))


def _is_visible(name: str, listing: Listing) -> bool:
    return not name.startswith(TEMPORARY_PREFIX) and (listing.hidden or not name.startswith("."))


def _is_folder(entry: os.DirEntry[str]) -> bool:
    try:
        return entry.is_dir()
    except OSError:
        return False


def _entry(name: str, entry: os.DirEntry[str]) -> Entry:
    try:
        status = entry.stat()
    except OSError:
        return Entry(name, 0, 0)
    return Entry(name, status.st_size, status.st_mtime_ns)


def _create(temporary: str) -> int:
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC | getattr(os, "O_NOFOLLOW", 0)
    try:
        return os.open(temporary, flags, 0o666)
    except FileNotFoundError:
        os.makedirs(os.path.dirname(temporary), exist_ok=True)
        return os.open(temporary, flags, 0o666)


def _write_whole(descriptor: int, data: bytes) -> None:
    view = memoryview(data)
    while view:
        view = view[os.write(descriptor, view) :]


@contextmanager
def _regular_file(path: str) -> Iterator[tuple[int, int]]:
    # Opening a pipe without O_NONBLOCK would wait for a writer for ever.
    descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC | getattr(os, "O_NONBLOCK", 0))
    try:
        status = os.fstat(descriptor)
        if not stat.S_ISREG(status.st_mode):
            raise OSError(errno.EINVAL, "is no regular file")
        yield descriptor, status.st_size
    finally:
        os.close(descriptor)


def _read_whole(descriptor: int, size: int) -> bytes:
    data = os.read(descriptor, size + 1)
    if len(data) == size:
        return data
    chunks = [data]
    while chunk := os.read(descriptor, 1 << 20):
        chunks.append(chunk)
    data = b"".join(chunks)
    if len(data) != size:
        raise OSError(errno.EAGAIN, f"changed while it was read: {size} bytes became {len(data)}")
    return data
