"""A local folder as a storage: lists without following links, reads without blocking, publishes by rename."""

from __future__ import annotations

import errno
import itertools
import os
import stat
import sys
import threading
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from functools import cached_property

from imgpipe.job import Source
from imgpipe.storage import Attributes, Data, Durability, Entry, Listing, Room, attributes, is_name, reading
from imgpipe.storage import listing as local_listing
from imgpipe.storage.calls import SYSTEM, Calls, make_folders, sync_folder, write_whole
from imgpipe.storage.listing import OWN_FOLDER, TEMPORARY_PREFIX, seen

_FOLDS_NAMES = sys.platform in ("win32", "darwin")
_NEW_FILE = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC | getattr(os, "O_NOFOLLOW", 0)
_NOTHING_THERE = {errno.ENOENT, errno.ENOTDIR, errno.ENAMETOOLONG, errno.ELOOP}


class LocalFolder:
    """A folder on a local disk."""

    remote = False
    samples = False

    def __init__(self, root: str, durability: Durability = "rename", calls: Calls = SYSTEM) -> None:
        self.root = os.path.abspath(root)
        self.durability = durability
        self.calls = calls
        self._lock = threading.Lock()
        self._changed: set[str] = set()
        self._looked_at: tuple[str | None, str] = None, ""
        self._finder = local_listing.Finder(self.root)
        self._mark, self._numbers = os.urandom(4).hex(), itertools.count()

    def __reduce__(self) -> tuple[type[LocalFolder], tuple[str, Durability, Calls]]:
        """For a worker on another machine, where the folder is the same by a shared file system."""
        return LocalFolder, (self.root, self.durability, self.calls)

    @property
    def identity(self) -> str:
        """The real path: links lead to one place."""
        return os.path.realpath(self.root)

    def single(self) -> tuple[str, str] | None:
        """The folder and the name of a file, None for a folder."""
        return None if os.path.isdir(self.root) else os.path.split(self.root)

    def list(self, listing: Listing) -> Iterator[Entry]:
        """The files below the root, folder by folder, sorted by name."""
        return local_listing.walk(self.root, listing)

    def find(self, name: str, listing: Listing) -> Entry:
        """The entry of that name as a listing has it, hidden or not; one with an error where there is none."""
        return self._finder.find(name, listing)

    def read(self, name: str) -> bytes:
        """The whole content of a regular file; where it changes meanwhile it is read once more."""
        return reading.read(self._path(name))

    def read_into(self, name: str, room: Room) -> Data:
        """As `read`, into memory that `room` gives, or bytes where it gives none."""
        return reading.read(self._path(name), room)

    def head(self, name: str, count: int) -> bytes:
        """The first bytes of a regular file; OSError where they cannot be read."""
        return reading.head(self._path(name), count)

    def digest(self, name: str) -> str:
        """A digest of the whole content of a regular file; OSError where it cannot be read."""
        return reading.digest(self._path(name))

    def stat(self, name: str) -> Entry | None:
        """What stands under a name, without following a link there."""
        status = _status(self._path(name))
        return None if status is None else seen(name, status)

    def size(self, name: str) -> int | None:
        """Bytes of what stands under a name, without following a link there; None for nothing."""
        status = _status(self._path(name))
        return None if status is None else status.st_size

    @contextmanager
    def putting(
        self, name: str, data: Data, like: Attributes | None = None, over: Source | None = None
    ) -> Iterator[Entry]:
        """Write to a temporary name in the same folder; rename when the block is left."""
        path = self._path(name)
        given = attributes.for_place_of(path) if over is not None and like is None else like
        temporary = self._write_beside(path, (data,), given)
        try:
            yield seen(name, os.lstat(temporary))
            if over is not None and not _is_still(path, over):
                raise OSError(errno.EBUSY, "it is a link, or changed while it was processed, and is left as it is")
        except BaseException:
            self._give_up(temporary)
            raise
        self._rename(temporary, path)

    def remove(self, name: str, bytes: int) -> bool:
        """Remove a regular file of that size; False where none stands there."""
        path = self._path(name)
        status = _status(path)
        if status is None or not stat.S_ISREG(status.st_mode) or status.st_size != bytes:
            return False
        self.calls.unlink(path)
        self._note_changed([_above(path)])
        return True

    def attributes(self, name: str) -> Attributes:
        """Times and mode of a file; OSError where it is not there."""
        return attributes.of(self._path(name))

    def put(self, name: str, data: Data, like: Attributes | None = None, *, fresh: bool = False) -> None:  # noqa: ARG002
        """Publish a whole file at once; OSError where nothing was published. A rename takes no condition."""
        path = self._path(name)
        self._rename(self._write_beside(path, (data,), like), path)

    def put_pieces(self, name: str, pieces: Iterable[Data]) -> None:
        """As `put`, where the content may be too much to be held."""
        path = self._path(name)
        self._rename(self._write_beside(path, pieces), path)

    def sync(self) -> None:
        """Make the names of all files that were put survive a power loss; their content does already."""
        if self.durability != "fsync":
            return
        with self._lock:
            changed, self._changed = self._changed, set()
        for folder in sorted(changed):
            sync_folder(self.calls, folder)

    def obstacle(self, name: str) -> str:
        """Why a file of that name cannot be put, in words, as far as that can be seen; empty where nothing is seen."""
        folder, _, last = name.rpartition("/")
        looked_at, obstacle = self._looked_at
        if folder != looked_at:
            obstacle = self._too_long(*folder.split("/")) or self._obstacle_in(_above(self._path(name)))
            self._looked_at = folder, obstacle
        return obstacle or self._too_long(last)

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

    def _too_long(self, *parts: str) -> str:
        for part in parts:
            if (length := len(os.fsencode(part))) > self._longest_name:
                return f"its name is too long ({length} bytes of at most {self._longest_name}); shorten it with --name"
        return ""

    def _obstacle_in(self, folder: str) -> str:
        above = _standing(folder)
        if not os.path.isdir(above):
            return f"{above} is no folder"
        if os.access(above, os.W_OK | os.X_OK):
            return ""
        why = "the disk is read-only, and so is" if _is_read_only(above) else "no permission to write to"
        return f"{why} the folder {above}"

    def _note_changed(self, folders: Iterable[str]) -> None:
        """Names in these folders are to be synced, where a power loss is to be survived."""
        if self.durability == "fsync":
            with self._lock:
                self._changed.update(folders)

    def _write_beside(self, path: str, pieces: Iterable[Data], like: Attributes | None = None) -> str:
        """Write it all to a temporary name in the same folder, which is returned; OSError where nothing was left."""
        temporary, descriptor = self._create(_above(path))
        try:
            self._fill(descriptor, pieces, like)
        except BaseException:
            self._give_up(temporary)
            raise
        return temporary

    def _rename(self, temporary: str, path: str) -> None:
        try:
            self.calls.replace(temporary, path)
        except BaseException:
            self._give_up(temporary)
            raise
        self._note_changed([_above(path)])

    def _create(self, folder: str) -> tuple[str, int]:
        """A new file and its descriptor. Its temporary name is short, so that it fits wherever the final one does."""
        temporary = f"{folder}/{TEMPORARY_PREFIX}{os.getpid():x}-{self._mark}{next(self._numbers):x}"
        try:
            return temporary, self.calls.open(temporary, _NEW_FILE, 0o666)
        except FileNotFoundError:
            self._note_changed(make_folders(self.calls, folder))
            return temporary, self.calls.open(temporary, _NEW_FILE, 0o666)

    def _give_up(self, temporary: str) -> None:
        with suppress(OSError):
            self.calls.unlink(temporary)

    def _fill(self, descriptor: int, pieces: Iterable[Data], like: Attributes | None) -> None:
        """Write it all, and close it."""
        try:
            for piece in pieces:
                write_whole(self.calls, descriptor, piece)
            if like is not None:
                attributes.give(descriptor, like)
            if self.durability == "fsync":
                self.calls.fdatasync(descriptor)
        finally:
            # Some disks say only here that they are full.
            self.calls.close(descriptor)

    def _path(self, name: str) -> str:
        if not is_name(name):
            raise OSError(errno.EINVAL, "is no name below a folder", name)
        return f"{self.root}/{name}"


def _above(path: str) -> str:
    """The folder that a path below a root is in."""
    return path.rpartition("/")[0]


def _status(path: str) -> os.stat_result | None:
    """What stands there, without following a link; None for nothing, OSError where one cannot look."""
    try:
        return os.lstat(path)
    except OSError as error:
        if error.errno in _NOTHING_THERE:
            return None
        raise


def _standing(path: str) -> str:
    """The path, or the nearest one above that there is."""
    while not os.path.lexists(path) and (above := os.path.dirname(path)) != path:
        path = above
    return path


def _is_read_only(path: str) -> bool:
    """Whether it is on a disk to which nobody can write."""
    return sys.platform != "win32" and bool(os.statvfs(path).f_flag & os.ST_RDONLY)


def _is_still(path: str, source: Source) -> bool:
    status = os.lstat(path)
    if not stat.S_ISREG(status.st_mode):
        return False
    return (status.st_size, status.st_mtime_ns) == (source.bytes, source.modified)
