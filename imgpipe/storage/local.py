"""A local folder as a storage: lists without following links, reads without blocking, publishes by rename."""

from __future__ import annotations

import errno
import os
import secrets
import stat
import sys
import threading
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from functools import cached_property

from imgpipe.job import Source
from imgpipe.storage import Durability, Entry, Listing, is_name, reading
from imgpipe.storage.calls import SYSTEM, Calls, make_folders, sync_folder, write_whole

TEMPORARY_PREFIX = ".imgpipe-"
OWN_FOLDER = ".imgpipe"

_COARSEST_TIME = 2_000_000_000  # of FAT
_FOLDS_NAMES = sys.platform in ("win32", "darwin")
_NOTHING_THERE = {errno.ENOENT, errno.ENOTDIR, errno.ENAMETOOLONG, errno.ELOOP}


class LocalFolder:
    """A folder on a local disk."""

    def __init__(self, root: str, durability: Durability = "rename", calls: Calls = SYSTEM) -> None:
        self.root = os.path.abspath(root)
        self.durability = durability
        self.calls = calls
        self._lock = threading.Lock()
        self._changed: set[str] = set()
        self._looked_at = "", ""

    def list(self, listing: Listing) -> Iterator[Entry]:
        """The files below the root, folder by folder, sorted by name."""
        yield from self._list_folder("", listing, ())

    def read(self, name: str) -> bytes:
        """The whole content of a regular file; where it changes meanwhile it is read once more."""
        return reading.read(self._path(name))

    def head(self, name: str, count: int) -> bytes:
        """The first bytes of a regular file; OSError where they cannot be read."""
        return reading.head(self._path(name), count)

    def digest(self, name: str) -> str:
        """A digest of the whole content of a regular file; OSError where it cannot be read."""
        return reading.digest(self._path(name))

    def stat(self, name: str) -> Entry | None:
        """What stands under a name, without following a link there."""
        try:
            status = os.lstat(self._path(name))
        except OSError as error:
            if error.errno in _NOTHING_THERE:
                return None
            raise
        return _seen(name, status)

    def size(self, name: str) -> int | None:
        """Bytes of what stands under a name, without following a link there; None for nothing."""
        try:
            return os.lstat(self._path(name)).st_size
        except OSError as error:
            if error.errno in _NOTHING_THERE:
                return None
            raise

    @contextmanager
    def putting(self, name: str, data: bytes, over: Source | None = None) -> Iterator[Entry]:
        """Write to a temporary name in the same folder; rename when the block is left.

        The temporary name is short, so that it fits wherever the final one does.
        """
        path = self._path(name)
        folder = os.path.dirname(path)
        temporary = os.path.join(folder, f"{TEMPORARY_PREFIX}{os.getpid():x}-{secrets.token_hex(4)}")
        descriptor = self._create(temporary)
        try:
            status = self._fill(descriptor, data, None if over is None else path)
            yield _seen(name, status)
            if over is not None and not _is_still(path, over):
                raise OSError(errno.EBUSY, "it is a link, or changed while it was processed, and is left as it is")
            self.calls.replace(temporary, path)
        except BaseException:
            with suppress(OSError):
                self.calls.unlink(temporary)
            raise
        self._note_changed([folder])

    def remove(self, name: str, bytes: int) -> bool:
        """Remove a regular file of that size; False where none stands there."""
        path = self._path(name)
        try:
            status = os.lstat(path)
        except OSError as error:
            if error.errno in _NOTHING_THERE:
                return False
            raise
        if not stat.S_ISREG(status.st_mode) or status.st_size != bytes:
            return False
        self.calls.unlink(path)
        self._note_changed([os.path.dirname(path)])
        return True

    def put(self, name: str, data: bytes) -> None:
        """Publish a whole file at once; OSError where nothing was published."""
        with self.putting(name, data):
            pass

    def sync(self) -> None:
        """Make the names of all files that were put survive a power loss; their content does already."""
        with self._lock:
            changed, self._changed = self._changed, set()
        for folder in sorted(changed):
            sync_folder(self.calls, folder)

    def obstacle(self, name: str) -> str:
        """Why a file of that name cannot be put, in words, as far as that can be seen; empty where nothing is seen."""
        for part in name.split("/"):
            if (length := len(os.fsencode(part))) > self._longest_name:
                return f"its name is too long ({length} bytes of at most {self._longest_name}); shorten it with --name"
        folder = os.path.dirname(self._path(name))
        looked_at, obstacle = self._looked_at
        if folder != looked_at:
            obstacle = self._obstacle_in(folder)
            self._looked_at = folder, obstacle
        return obstacle

    def writable(self) -> bool:
        """Whether files can be put into the root itself."""
        return os.access(_standing(self.root), os.W_OK | os.X_OK)

    def folds_names(self) -> bool:
        """Whether names that differ only in case are one; what the system is used to, before anything stands there."""
        own = os.path.join(self.root, OWN_FOLDER)
        try:
            here = os.lstat(own)
        except OSError:
            return _FOLDS_NAMES
        try:
            return os.path.samestat(here, os.lstat(os.path.join(self.root, OWN_FOLDER.upper())))
        except OSError:
            return False

    @cached_property
    def _longest_name(self) -> int:
        try:
            return os.pathconf(_standing(self.root), "PC_NAME_MAX")
        except (AttributeError, OSError, ValueError):
            return 255

    def _obstacle_in(self, folder: str) -> str:
        above = _standing(folder)
        if not os.path.isdir(above):
            return f"{above} is no folder"
        return "" if os.access(above, os.W_OK | os.X_OK) else f"no permission to write to the folder {above}"

    def _note_changed(self, folders: Iterable[str]) -> None:
        """Names in these folders are to be synced, where a power loss is to be survived."""
        if self.durability == "fsync":
            with self._lock:
                self._changed.update(folders)

    def _create(self, temporary: str) -> int:
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC | getattr(os, "O_NOFOLLOW", 0)
        try:
            return self.calls.open(temporary, flags, 0o666)
        except FileNotFoundError:
            self._note_changed(make_folders(self.calls, os.path.dirname(temporary)))
            return self.calls.open(temporary, flags, 0o666)

    def _fill(self, descriptor: int, data: bytes, model: str | None) -> os.stat_result:
        """Write it all, and close it; it gets the mode of the model, where there is one."""
        try:
            write_whole(self.calls, descriptor, data)
            if model is not None:
                _imitate(descriptor, model)
            if self.durability == "fsync":
                self.calls.fdatasync(descriptor)
            return os.fstat(descriptor)
        finally:
            # Some disks say only here that they are full.
            self.calls.close(descriptor)

    def _path(self, name: str) -> str:
        if not is_name(name):
            raise OSError(errno.EINVAL, "is no name below a folder", name)
        return f"{self.root}/{name}"

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
                name = prefix + entry.name
                yield Entry(name, 0, 0) if listing.names_only else _entry(name, entry)
        for entry in visible:
            if listing.recursive and _is_folder(entry) and (listing.follow_symlinks or not entry.is_symlink()):
                yield from self._list_folder(f"{prefix}{entry.name}/", listing, (*above, here))


def _standing(path: str) -> str:
    """The path, or the nearest one above that there is."""
    while not os.path.lexists(path) and (above := os.path.dirname(path)) != path:
        path = above
    return path


def _imitate(descriptor: int, model: str) -> None:
    """Give a new file the mode of another, and a time that no disk rounds to another one."""
    with suppress(OSError):  # not all disks have modes
        os.fchmod(descriptor, stat.S_IMODE(os.lstat(model).st_mode))
    now = time.time_ns() // _COARSEST_TIME * _COARSEST_TIME
    os.utime(descriptor, ns=(now, now))


def _is_still(path: str, source: Source) -> bool:
    status = os.lstat(path)
    if not stat.S_ISREG(status.st_mode):
        return False
    return (status.st_size, status.st_mtime_ns) == (source.bytes, source.modified)


def _is_visible(name: str, listing: Listing) -> bool:
    return not name.startswith(TEMPORARY_PREFIX) and name != OWN_FOLDER and (listing.hidden or not name.startswith("."))


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
    return _seen(name, status)


def _seen(name: str, status: os.stat_result) -> Entry:
    return Entry(name, status.st_size, status.st_mtime_ns, inode=status.st_ino)
