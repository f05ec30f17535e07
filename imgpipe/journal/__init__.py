"""The journal of an output folder: which outputs imgpipe made, of what, and how.

Append-only JSON Lines in `OUTPUT/.imgpipe/journal.jsonl`. An output is published first and recorded
after, so the journal is an index and never the proof: a record counts only where the output stands there
with its recorded size and the source and the recipe are unchanged. A job is noted as begun before its first
output is published; so after a kill the outputs of begun jobs are known to be ours. One that comes to nothing is
noted as undone, so that a file which somebody puts there later is not taken for ours.

Where the output is to survive a power loss, jobs are noted as begun, and the note synced, in groups before any of
them is published; and records are written in groups, each after the names of its outputs were synced.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack, closing, contextmanager, suppress
from dataclasses import dataclass
from io import BytesIO

from imgpipe.errors import OutputError
from imgpipe.job import Item, Job, Output, Source, Status
from imgpipe.journal.file import JournalFile, content, index_of
from imgpipe.journal.folder import folder_of, locked, make_folder, sweep
from imgpipe.journal.records import Index, Record, begun_line, decode, is_same, parse, undone_line
from imgpipe.storage import Storage

_GROUP = 64
_GROUP_SECONDS = 0.5


@dataclass(frozen=True, slots=True)
class Making:
    """What a run makes.

    Attributes:
        recipe: its digest.
        origin: which input folder the sources are in.
    """

    recipe: str
    origin: str = ""


class Journal:
    """What one output folder's journal says."""

    def __init__(self, making: Making, index: Index, line_at: Callable[[int], bytes]) -> None:
        self._making = making
        self._index = index
        self._line_at = line_at

    def begin(self, jobs: Iterable[Job]) -> None:
        """Note that outputs of these jobs may appear from now on; nothing here, where one only looks."""

    def withdraw(self, jobs: Iterable[Job]) -> None:
        """Note that jobs which were begun are left."""

    def unchanged(self, source: Source, storage: Storage) -> tuple[Output, ...]:
        """The recorded outputs of a source where nothing needs to be done for it, else none."""
        record = self._record_of(source.name)
        if record is None or record.recipe != self._making.recipe or source.name in self._index.begun:
            return ()
        if not is_same(record.source, source):
            return ()
        standing = all(storage.size(output.name) == output.bytes for output in record.outputs)
        return record.outputs if standing else ()

    def made(self, name: str, source: Source) -> bool:
        """Whether imgpipe made, or may have begun to make, this output from this source."""
        return name in self._ours(source.name)

    def _ours(self, source: str) -> set[str]:
        """Names of all outputs that imgpipe made, or may have made, of a source."""
        record = self._record_of(source)
        return (record.names if record else set()).union(*self._index.begun.get(source, ()))

    def _record_of(self, source: str) -> Record | None:
        place = self._index.done.get(hash(source))
        record = None if place is None else parse(decode(self._line_at(place)))
        return record if record is not None and record.source.name == source else None


class OpenJournal(Journal):
    """A journal that one run writes; `begin` and `withdraw` may be called from another thread than the rest."""

    def __init__(self, making: Making, index: Index, file: JournalFile, storage: Storage) -> None:
        super().__init__(making, index, file.line_at)
        self._file = file
        self._storage = storage
        self._in_hand: set[str] = set()
        self._waiting: list[bytes] = []
        self._due = 0.0

    def begin(self, jobs: Iterable[Job]) -> None:
        """Note that outputs of these jobs may appear from now on."""
        lines = []
        for job in jobs:
            self._in_hand.add(job.source.name)
            lines.append(begun_line(job.source.name, (target.name for target in job.targets)))
        self._append(lines)

    def withdraw(self, jobs: Iterable[Job]) -> None:
        """Note that jobs which were begun are left: none of their outputs has appeared."""
        names = [job.source.name for job in jobs]
        self._in_hand.difference_update(names)
        self._append([undone_line(name) for name in names])

    def record(self, item: Item) -> None:
        """Note what was written, or that nothing was although the job was begun."""
        source = item.source
        if item.status is Status.WRITTEN:
            making, now = self._making, {output.name for output in item.outputs}
            earlier = tuple(sorted(self._ours(source.name) - now))
            self._wait(Record(source, making.recipe, making.origin, item.outputs, earlier).line())
        elif source.name in self._in_hand and not item.outputs:
            self._wait(undone_line(source.name))
        self._in_hand.discard(source.name)

    def commit(self) -> None:
        """Write what was noted, after the names of all outputs were synced."""
        lines, self._waiting = self._waiting, []
        if lines:
            with _output_errors("cannot write the journal"):
                self._storage.sync()
            self._append(lines)

    def _wait(self, line: bytes) -> None:
        """Where only the death of the run is to be survived, there is nothing to wait for."""
        now = time.monotonic()
        if not self._waiting:
            self._due = now + _GROUP_SECONDS
        self._waiting.append(line)
        if self._storage.durability == "rename" or len(self._waiting) >= _GROUP or now >= self._due:
            self.commit()

    def _append(self, lines: list[bytes]) -> None:
        if lines:
            with _output_errors("cannot write the journal"):
                self._file.append(b"".join(lines))


@contextmanager
def open_journal(storage: Storage, making: Making) -> Iterator[OpenJournal]:
    """The journal of an output folder, which is made where it is missing; leftovers of a dead run are removed.

    Raises:
        OutputError: the folder cannot be made or written.
        UsageError: another run is writing to it.
    """
    output, calls = storage.root, storage.calls
    durable = storage.durability == "fsync"
    with ExitStack() as stack:
        with _output_errors(f"cannot write to {output}"):
            folder = make_folder(output, calls, durable=durable)
            stack.enter_context(locked(folder, output, calls))
            file = stack.enter_context(closing(JournalFile(folder, calls, durable=durable)))
            index = file.compact(file.load())
            claims = (outputs for jobs in index.begun.values() for outputs in jobs)
            sweep(output, (name for outputs in claims for name in outputs), calls)
        journal = OpenJournal(making, index, file, storage)
        try:
            yield journal
        except BaseException:
            with suppress(OutputError):
                journal.commit()
            raise
        journal.commit()


def peek(output: str, making: Making) -> Journal:
    """The journal of an output folder for looking only: nothing is made or noted."""
    lines = BytesIO(content(folder_of(output)))
    index, _ = index_of(lines)

    def line_at(place: int) -> bytes:
        lines.seek(place)
        return lines.readline()

    return Journal(making, index, line_at)


@contextmanager
def _output_errors(what: str) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise OutputError(f"{what}: {error.strerror}; mend that and run the same command again") from error
