"""The journal of an OUTPUT in object storage, where nothing can be appended to: numbered objects, each of some lines.

`.imgpipe/journal/GENERATION/NUMBER.jsonl`. A later run writes the lines that count into a new generation, and only then
the mark `GENERATION/base`, which makes it the one that counts; so a kill at any point leaves one or the other whole.
"""

from __future__ import annotations

import errno
import os
import tempfile
import threading
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from typing import BinaryIO, NamedTuple

from imgpipe.concurrency.channel import Capacity
from imgpipe.concurrency.stage import Crew, stage
from imgpipe.journal.file import counting_lines, index_of, is_wasteful, joined
from imgpipe.journal.lease import Lease, held
from imgpipe.journal.records import Index
from imgpipe.storage.conditional import Conditional
from imgpipe.storage.listing import OWN_FOLDER

_FOLDER = "journal"
_BASE = "base"
_MANY = 64
_AT_ONCE = 16
_GROUP = 64


class _Batch:
    """Lines of several threads that go into one object."""

    def __init__(self) -> None:
        self.lines: list[bytes] = []
        self.written = threading.Event()
        self.error: OSError | None = None


class _Found(NamedTuple):
    """What of a journal is there.

    Attributes:
        generation: that counts.
        newest: of all that there are, also those that were never finished.
        numbers: of the segments that count, in order.
        stale: names of what belongs to no generation that counts.
    """

    generation: int
    newest: int
    numbers: list[int]
    stale: list[str]


class SegmentedFile:
    """A journal that is open for writing. Lines may be appended from any thread; a copy of what was loaded is kept."""

    def __init__(self, storage: Conditional, lease: Lease, copy: BinaryIO) -> None:
        """Load it; OSError where that is impossible."""
        self._storage = storage
        self._lease = lease
        self._copy = copy
        self._reading = threading.Lock()
        self._flushing = threading.Lock()
        self._collecting = threading.Lock()
        self._batch = _Batch()
        found = _found(storage)
        self._generation, self._number = found.generation, max(found.numbers, default=0)
        self.index = load(storage, found.generation, found.numbers, copy)
        for name in found.stale:
            self._remove(name)
        if is_wasteful(self.index) or len(found.numbers) > _MANY:
            # Not in a generation that a killed run has begun: of that, something may be left.
            self._compact(found.newest + 1, [_name(found.generation, number) for number in found.numbers])

    def append(self, lines: bytes) -> None:
        """Write lines; they are there when this returns. What several threads append meanwhile goes into one object.

        Raises:
            OSError: they may not be there.
        """
        with self._collecting:
            batch = self._batch
            batch.lines.append(lines)
            first = len(batch.lines) == 1
        if first:
            self._write(batch)
        else:
            batch.written.wait()
        if batch.error is not None:
            raise batch.error

    def line_at(self, place: int) -> bytes:
        """The line that begins there, among those that were loaded."""
        with self._reading:
            self._copy.seek(place)
            return self._copy.readline()

    def _write(self, batch: _Batch) -> None:
        with self._flushing:
            with self._collecting:
                self._batch = _Batch()
            try:
                self._number += 1
                self._put(_name(self._generation, self._number), b"".join(batch.lines))
            except OSError as error:
                batch.error = error
            except BaseException:
                batch.error = OSError(errno.EINTR, os.strerror(errno.EINTR))
                raise
            finally:
                batch.written.set()

    def _put(self, name: str, data: bytes) -> None:
        """Put an object where there is none; OSError where there is one, or another run may have the lock."""
        if self._lease.lost:
            raise OSError(errno.ESTALE, "another run has taken the output over")
        self._storage.put(name, data, fresh=True)

    def _compact(self, generation: int, old: Iterable[str]) -> None:
        """Write the lines that count into a new generation; where that fails, the old one is gone on with."""
        number = 0
        try:
            for number, lines in enumerate(joined(counting_lines(self.index, self.line_at)), 1):
                self._put(_name(generation, number), lines)
            self._put(_base(generation), b"")
        except OSError:
            return
        for name in (*old, _base(self._generation)):
            self._remove(name)
        self._generation, self._number = generation, number
        self._copy.truncate(0)
        self.index = load(self._storage, generation, range(1, number + 1), self._copy)

    def _remove(self, name: str) -> None:
        with suppress(OSError):
            self._storage.forget(name)


@contextmanager
def opened(storage: Conditional) -> Iterator[SegmentedFile]:
    """The journal of an OUTPUT for its one run.

    Raises:
        UsageError: another run holds it.
        OSError: it cannot be read or written.
    """
    with held(storage) as lease, tempfile.TemporaryFile(prefix="imgpipe-journal-") as copy:
        yield SegmentedFile(storage, lease, copy)


def load(storage: Conditional, generation: int, numbers: Iterable[int], copy: BinaryIO) -> Index:
    """Write the segments one after the other into a file, and index it.

    Raises:
        OSError: one cannot be read.
        StartRefused: the system lets no threads be started to read them.
    """
    copy.seek(0)
    names = [_name(generation, number) for number in numbers]

    def read(place: int) -> tuple[int, bytes]:
        return place, storage.read(names[place])

    for start in range(0, len(names), _GROUP):
        places = range(len(names))[start : start + _GROUP]
        with stage(read, places, Crew(min(_AT_ONCE, len(places)), Capacity(_GROUP), name="journal")) as parts:
            copy.writelines(part for _, part in sorted(parts))
    copy.flush()
    copy.seek(0)
    index, _ = index_of(copy)
    return index


def load_all(storage: Conditional, copy: BinaryIO) -> Index:
    """The same for all segments that count; for looking only."""
    found = _found(storage)
    return load(storage, found.generation, found.numbers, copy)


def _found(storage: Conditional) -> _Found:
    names = [entry.name for entry in storage.own(_FOLDER)]
    parts = [(folder, last) for folder, _, last in (name.partition("/") for name in names)]
    generations = {int(folder) for folder, _ in parts if folder.isdecimal()}
    generation = max((int(folder) for folder, last in parts if folder.isdecimal() and last == _BASE), default=0)
    numbers, stale = [], []
    for name, (folder, last) in zip(names, parts, strict=True):
        if not folder.isdecimal() or int(folder) != generation:
            stale.append(f"{OWN_FOLDER}/{_FOLDER}/{name}")
        elif last != _BASE and last.removesuffix(".jsonl").isdecimal():
            numbers.append(int(last.removesuffix(".jsonl")))
    return _Found(generation, max(generations, default=0), sorted(numbers), stale)


def _name(generation: int, number: int) -> str:
    return f"{OWN_FOLDER}/{_FOLDER}/{generation:06d}/{number:09d}.jsonl"


def _base(generation: int) -> str:
    return f"{OWN_FOLDER}/{_FOLDER}/{generation:06d}/{_BASE}"
