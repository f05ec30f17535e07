"""The journal of an output folder: which outputs imgpipe made, of what, and how.

Append-only JSON Lines in `OUTPUT/.imgpipe/journal.jsonl`. An output is published first and recorded
after, so the journal is an index and never the proof: a record counts only where the output stands there
with its recorded size and the source and the recipe are unchanged. A job is noted as begun before its first
output is published; so after a kill the outputs of begun jobs are known to be ours. One that comes to nothing is
noted as undone, so that a file which somebody puts there later is not taken for ours.

Where the output is to survive a power loss, jobs are noted as begun, and the note synced, in groups before any of
them is published; and records are written in groups, each after the names of its outputs were synced. A thread sees
that none waits for long while a large picture is being worked on.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from io import BytesIO
from typing import TYPE_CHECKING

from imgpipe.errors import OutputError
from imgpipe.journal.file import JournalFile, content, index_of
from imgpipe.journal.folder import folder_of, locked, make_folder, sweep
from imgpipe.journal.lookup import Journal, Making
from imgpipe.journal.records import Index
from imgpipe.journal.writer import WRITING, OpenJournal, OutputErrors
from imgpipe.storage import Storage, open_storage
from imgpipe.storage.origins import note_origin

if TYPE_CHECKING:
    from imgpipe.journal.segments import SegmentedFile
    from imgpipe.storage.conditional import Conditional

__all__ = ["Journal", "Making", "OpenJournal", "open_journal", "peek"]


@contextmanager
def open_journal(storage: Storage, making: Making) -> Iterator[OpenJournal]:
    """The journal of an output folder, which is made where it is missing; leftovers of a dead run are removed.

    Raises:
        OutputError: the folder cannot be made or written.
        UsageError: another run is writing to it.
    """
    with ExitStack() as stack:
        with OutputErrors(f"cannot write to {storage.root}"):
            file, index = stack.enter_context(_opened(storage, making.origin))
            journal = OpenJournal(making, index, file, storage)
            stack.enter_context(journal.kept_in_time())
        try:
            yield journal
        except BaseException:
            with suppress(OutputError):
                journal.commit()
            raise
        journal.commit()


@contextmanager
def _opened(storage: Storage, origin: str) -> Iterator[tuple[JournalFile | SegmentedFile, Index]]:
    """The file, and what it says, while no other run may write to the output."""
    output, calls = storage.root, storage.calls
    if calls is None:
        from imgpipe.journal.segments import opened

        with opened(_conditional(storage)) as segments:
            yield segments, segments.index
        return
    durable = storage.durability == "fsync"
    folder = make_folder(output, calls, durable=durable)
    with locked(folder, output, calls), _closed(JournalFile(folder, calls, durable=durable)) as file:
        note_origin(folder, origin, calls)
        index = file.compact(file.load())
        claims = (outputs for jobs in index.begun.values() for outputs in jobs)
        sweep(output, (name for outputs in claims for name in outputs), calls)
        yield file, index


@contextmanager
def _closed(file: JournalFile) -> Iterator[JournalFile]:
    try:
        yield file
    finally:
        with WRITING:
            file.close()


def _conditional(storage: Storage) -> Conditional:
    from imgpipe.storage.conditional import Conditional

    if not isinstance(storage, Conditional):
        raise TypeError(f"no journal can be kept in {storage.root}")
    return storage


def peek(output: str, making: Making) -> Journal:
    """The journal of an output for looking only: nothing is made or noted.

    Args:
        output: its location, a path or a URL.
        making: what the run that looks would make.
    """
    lines = BytesIO()
    if "://" in output:
        from imgpipe.journal.segments import load_all

        with OutputErrors("cannot read the journal"):
            index = load_all(_conditional(open_storage(output)), lines)
    else:
        lines = BytesIO(content(folder_of(output)))
        index, _ = index_of(lines)

    def line_at(place: int) -> bytes:
        lines.seek(place)
        return lines.readline()

    return Journal(making, index, line_at)
