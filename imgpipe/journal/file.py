"""The file of a journal: lines are appended, read by their place, and written anew when most no longer count."""

from __future__ import annotations

import errno
import os
import stat
import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from typing import BinaryIO

from imgpipe.concurrency.lineage import is_copy_of
from imgpipe.journal.records import Index, begun_line, decode, placed_line
from imgpipe.storage.calls import AT_ONCE, Calls, sync_folder, write_whole
from imgpipe.storage.reading import open_regular

_NAME = "journal.jsonl"
_NEW = "journal.new"
_PART = 512
_FEW_LINES = 1000
_REPLACED = "the output folder, or what imgpipe keeps in it, was removed or replaced during the run"


class JournalFile:
    """The open file. Lines may be appended from any thread."""

    def __init__(self, folder: str, calls: Calls, *, durable: bool) -> None:
        """Open it, or make it; OSError where that is impossible."""
        self._folder = folder
        self._path = os.path.join(folder, _NAME)
        self._calls = calls
        self._durable = durable
        self._lock = threading.Lock()
        self._torn = False
        self._process = os.getpid()
        self._descriptor = self._open()
        if durable:
            try:
                sync_folder(calls, folder)
            except OSError:
                self.close()
                raise

    def append(self, lines: bytes) -> None:
        """Write lines behind the others, at once; where the file is durable they survive a power loss then.

        Raises:
            OSError: they are not there, or only in part; or the file is closed.
        """
        with self._lock:
            self._check_place()
            # What follows a torn line would be lost with it.
            start, self._torn = (b"\n" if self._torn else b""), True
            write_whole(self._calls, self._descriptor, start + lines)
            self._torn = False
            if self._durable:
                self._calls.fdatasync(self._descriptor)

    def load(self) -> Index:
        """What the lines amount to. A last line that a kill has torn is ended, and so passed over."""
        with os.fdopen(os.dup(self._descriptor), "rb") as file:
            file.seek(0)
            index, self._torn = index_of(file)
        return index

    def line_at(self, place: int) -> bytes:
        """The line that begins there."""
        line = b""
        while part := os.pread(self._descriptor, _PART, place + len(line)):
            line += part
            if (end := line.find(b"\n", len(line) - len(part))) >= 0:
                return line[: end + 1]
        return line

    def compact(self, index: Index) -> Index:
        """Leave out the lines that no longer count, where they are many; the index of what there is then.

        A crash at any point leaves the old file or the new one; so does an error, and the old one is gone on with.
        """
        if not is_wasteful(index):
            return index
        path = os.path.join(self._folder, _NEW)
        try:
            self._write_anew(path, index)
            self._calls.replace(path, self._path)
        except OSError:
            with suppress(OSError):
                self._calls.unlink(path)
            return index
        old, self._descriptor = self._descriptor, self._open()
        os.close(old)
        if self._durable:
            sync_folder(self._calls, self._folder)
        return self.load()

    def close(self) -> None:
        """Nothing is appended after this; OSError where what was appended may not be there (a network disk)."""
        if is_copy_of(self._process):
            return
        with self._lock:
            # Its number is free also where that fails, and may be another's then.
            descriptor, self._descriptor = self._descriptor, -1
            os.close(descriptor)

    def _open(self) -> int:
        flags = os.O_RDWR | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC
        descriptor = self._calls.open(self._path, flags, 0o666)
        self._status = os.fstat(descriptor)
        if not stat.S_ISREG(self._status.st_mode):
            os.close(descriptor)
            raise OSError(errno.EINVAL, f"{self._path} is no regular file")
        return descriptor

    def _check_place(self) -> None:
        """See that the file has its name still: an output folder that is another by now has none of what was made."""
        try:
            status = os.stat(self._path)
        except (FileNotFoundError, NotADirectoryError):
            raise OSError(errno.ESTALE, _REPLACED) from None
        if (status.st_ino, status.st_dev) != (self._status.st_ino, self._status.st_dev):
            raise OSError(errno.ESTALE, _REPLACED)

    def _write_anew(self, path: str, index: Index) -> None:
        flags = os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC | AT_ONCE
        descriptor = self._calls.open(path, flags, 0o666)
        try:
            for part in joined(counting_lines(index, self.line_at)):
                write_whole(self._calls, descriptor, part)
            # Also where power losses need not be survived: here all records could be lost, not the last few.
            self._calls.fdatasync(descriptor)
        finally:
            self._calls.close(descriptor)


def is_wasteful(index: Index) -> bool:
    """Whether so many lines no longer count that a journal is to be written anew."""
    return index.lines - index.counting > index.counting // 2 + _FEW_LINES


def counting_lines(index: Index, line_at: Callable[[int], bytes]) -> Iterator[bytes]:
    """The lines that count, each with its end, which the last one may have lost."""
    for place in sorted(index.done.values()):
        yield line_at(place).removesuffix(b"\n") + b"\n"
    for source, jobs in index.begun.items():
        yield from (begun_line(source, outputs) for outputs in jobs)
    for result, recipe in index.placed.values():
        yield placed_line(result, recipe)


def index_of(file: BinaryIO) -> tuple[Index, bool]:
    """What the lines of a journal amount to, and whether the last one is torn."""
    index = Index()
    line, place = b"\n", 0
    for line in file:
        index.note(decode(line), place)
        index.lines += 1
        place += len(line)
    return index, not line.endswith(b"\n")


def content(folder: str) -> bytes:
    """All that the journal in a folder says, nothing where there is none or it cannot be read."""
    try:
        with os.fdopen(open_regular(os.path.join(folder, _NAME))[0], "rb") as file:
            return file.read()
    except OSError:
        return b""


def joined(lines: Iterable[bytes]) -> Iterator[bytes]:
    """The same bytes in parts of a megabyte or so."""
    part, size = [], 0
    for line in lines:
        part.append(line)
        size += len(line)
        if size >= 1 << 20:
            yield b"".join(part)
            part, size = [], 0
    yield b"".join(part)
