"""What a run notes in the journal: jobs that were begun or withdrawn, what became of them, and when that is written."""

from __future__ import annotations

import errno
import os
import threading
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from operator import attrgetter
from typing import TYPE_CHECKING

from imgpipe.concurrency.lineage import is_copy_of
from imgpipe.concurrency.room import StartRefused, join_thread, start_thread
from imgpipe.errors import OutputError
from imgpipe.job import Item, Job, Source, Status
from imgpipe.journal.lookup import Journal, Making
from imgpipe.journal.records import Index, Record, begun_line, gone_line, placed_line, undone_line
from imgpipe.storage import Entry, Storage
from imgpipe.storage.listing import OWN_FOLDER

if TYPE_CHECKING:
    from imgpipe.journal.file import JournalFile
    from imgpipe.journal.segments import SegmentedFile

_NAME = attrgetter("name")
_GROUP = 64
_GROUP_SECONDS = 0.5
_GROUP_OF_REMOTE = 1000
_SECONDS_OF_REMOTE = 1.0
_IN_THE_WAY = {errno.EEXIST, errno.EISDIR, errno.ELOOP}


class OutputErrors:
    """What the system refuses while the block runs ends the run. Not a generator: each picture passes here twice."""

    def __init__(self, what: str) -> None:
        self._what = what

    def __enter__(self) -> None:
        pass

    def __exit__(self, _type: object, error: BaseException | None, _traceback: object) -> None:
        if isinstance(error, StartRefused):
            raise OutputError(f"{self._what}: {error}") from error
        if isinstance(error, OSError):
            reason, path = error.strerror, os.fsdecode(error.filename or "")
            if error.errno in _IN_THE_WAY and path:
                reason = f"{path} is in the way ({reason})"
            elif isinstance(error, PermissionError) and os.path.basename(os.path.dirname(path)) == OWN_FOLDER:
                # As of a run by another user, while the output folder itself may be written.
                reason = f"{path}: {reason}"
            raise OutputError(f"{self._what}: {reason}; mend that and run the same command again") from error


WRITING = OutputErrors("cannot write the journal")


class OpenJournal(Journal):
    """A journal that one run writes; `begin` and `withdraw` may be called from another thread than the rest."""

    def __init__(self, making: Making, index: Index, file: JournalFile | SegmentedFile, storage: Storage) -> None:
        super().__init__(making, index, file.line_at)
        self._file = file
        self._storage = storage
        self._in_hand: dict[str, Source] = {}
        self._results: dict[str, Source] = {}
        self._waiting: list[bytes] = []
        self._writing = threading.RLock()
        self._process = os.getpid()
        self._failed: Exception | None = None
        self._group, self._seconds = _grouped(storage)

    def begin(self, jobs: Iterable[Job]) -> None:
        """Note that outputs of these jobs may appear from now on, but for those whose names are not known yet."""
        self._begin([job for job in jobs if not job.late])

    def begin_late(self, job: Job) -> None:
        """As `begin`, for a job whose names are known now; from any thread."""
        self._begin([job])

    def _begin(self, jobs: Iterable[Job]) -> None:
        lines = []
        for job in jobs:
            self._in_hand[job.source.name] = job.source
            lines.append(begun_line(job.source.name, map(_NAME, job.all_targets)))
        self._append(lines)

    def withdraw(self, jobs: Iterable[Job]) -> None:
        """Note that jobs which were begun are left: none of their outputs has appeared."""
        names = [job.source.name for job in jobs if not job.late]
        for name in names:
            self._in_hand.pop(name, None)
        self._append([undone_line(name) for name in names])

    def record(self, item: Item) -> Item:
        """Note what was written, or that nothing was although the job was begun; the item, with what is to be said."""
        source = self._results.pop(item.source.name, item.source)
        if item.status is Status.WRITTEN or item.lasting:
            making = self.making
            earlier = tuple(sorted(self.ours(source.name).difference(map(_NAME, item.outputs))))
            record = Record(source, making.recipe, making.origin, item.outputs, earlier, making.preserved)
            self._wait(record.line())
            if hash(source.name) in self.index.done and (other := self.replaced(source, item.outputs)):
                item = item._replace(warnings=(*item.warnings, f"replaces what was made of {other}"))
        elif source.name in self._in_hand:
            # What was put before it failed stays ours; what was not put may be somebody's by the next run.
            put = tuple(map(_NAME, item.outputs))
            self._wait(undone_line(source.name) + (begun_line(source.name, put) if put else b""))
        self._in_hand.pop(source.name, None)
        return item

    def source_in_hand(self, name: str) -> Source:
        """The source of a job that was begun and is not recorded yet."""
        return self._in_hand[name]

    def place(self, standing: Entry, digest: str) -> None:
        """Note what will stand in the place of its own source in a moment; from any thread."""
        # Without the inode: not all disks keep it, and a result that is not known would be processed again.
        result = Source(standing.name, None, standing.bytes, standing.modified, digest=digest)
        self._append([placed_line(result, self.making.recipe)])
        self._results[standing.name] = result

    def forget(self, source: str) -> None:
        """Note that a source and its outputs are no more."""
        self._wait(gone_line(source))

    def commit(self) -> None:
        """Write what was noted, after the names of all outputs were synced; nothing more once that has failed."""
        if os.getpid() != self._process:
            return
        # One at a time: what another thread is still syncing would count as synced.
        with self._writing:
            if self._failed is not None:
                raise self._failed
            lines, self._waiting = self._waiting, []
            try:
                if lines:
                    with WRITING:
                        self._storage.sync()
                    self._append(lines)
            except Exception as error:
                self._failed = error
                raise

    @contextmanager
    def kept_in_time(self) -> Iterator[None]:
        """See that no line waits for longer than it may while the block runs, also where no other comes.

        Raises:
            StartRefused: the system lets no thread be started for it.
        """
        if self._group == 1:
            yield
            return
        ended = threading.Event()
        thread = threading.Thread(target=self._commit_in_time, args=(ended,), name="journal", daemon=True)
        try:
            start_thread(thread)
            yield
        finally:
            if not is_copy_of(self._process):
                ended.set()
                join_thread(thread)

    def _commit_in_time(self, ended: threading.Event) -> None:
        # An error comes up where the next line is noted, or at the end.
        with suppress(Exception):
            while not ended.wait(self._seconds):
                self.commit()

    def _wait(self, line: bytes) -> None:
        """Lines that are as good as there once they are written are not waited with."""
        if os.getpid() != self._process:  # as `is_copy_of`, without a call for each picture
            return
        with self._writing:
            self._waiting.append(line)
            if len(self._waiting) >= self._group or self._failed is not None:
                self.commit()

    def _append(self, lines: list[bytes]) -> None:
        if lines and os.getpid() == self._process:
            with WRITING:
                self._file.append(b"".join(lines))


def _grouped(storage: Storage) -> tuple[int, float]:
    """How many records are written at once, and how many s they may wait for that."""
    if storage.remote:
        return _GROUP_OF_REMOTE, _SECONDS_OF_REMOTE
    return (1, 0.0) if storage.durability == "rename" else (_GROUP, _GROUP_SECONDS)
