"""The journal of an output folder: which outputs imgpipe made, of what, and how.

Append-only JSON Lines in `OUTPUT/.imgpipe/journal.jsonl`. An output is published first and recorded
after, so the journal is an index and never the proof: a record counts only where the output stands there
with its recorded size and the source and the recipe are unchanged. A job is noted as begun before its first
output is published; so after a kill the outputs of begun jobs are known to be ours. One that comes to nothing is
noted as undone, so that a file which somebody puts there later is not taken for ours.
"""

from __future__ import annotations

import contextlib
import json
import os
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from imgpipe.errors import OutputError, UsageError
from imgpipe.job import Item, Job, Output, Source, Status
from imgpipe.storage import Storage, is_name
from imgpipe.storage.local import TEMPORARY_PREFIX

_FOLDER = ".imgpipe"
_FILE = "journal.jsonl"


@dataclass(frozen=True, slots=True)
class Record:
    """A finished job: the source as it was, the recipe's digest, the outputs, and names of outputs before these."""

    bytes: int
    modified: int
    recipe: str
    outputs: tuple[Output, ...]
    earlier: tuple[str, ...]


@dataclass(slots=True)
class Records:
    """What the lines of a journal amount to, by the names of the sources.

    Attributes:
        done: the last finished job of each.
        begun: outputs that may have been published by jobs that were begun and came to no end.
    """

    done: dict[str, Record] = field(default_factory=dict)
    begun: dict[str, list[list[str]]] = field(default_factory=dict)

    def ours(self, source: str) -> set[str]:
        """Names of all outputs that imgpipe made, or may have made, of a source."""
        record = self.done.get(source)
        finished = {*record.earlier, *(output.name for output in record.outputs)} if record else set()
        return finished.union(*self.begun.get(source, ()))

    def note(self, line: Any) -> None:
        """Take a line in; what is no record is passed over."""
        match line:
            case {"begun": str(source), "outputs": [*outputs]} if all(map(_is_output_name, outputs)):
                self.begun.setdefault(source, []).append(outputs)
            case {"undone": str(source)} if source in self.begun:
                self.begun[source].pop()
                if not self.begun[source]:
                    del self.begun[source]
            case {
                "done": str(source),
                "size": int(size),
                "mtime": int(time),
                "recipe": str(recipe),
                "outputs": [*rows],
            }:
                if all(map(_is_output, rows)):
                    made = tuple(Output(*row) for row in rows)
                    earlier = tuple(self.ours(source) - {output.name for output in made})
                    self.begun.pop(source, None)
                    self.done[source] = Record(size, time, recipe, made, earlier)


class Journal:
    """What one output folder's journal says, and, where it is open for writing, the way to say more."""

    def __init__(self, recipe: str, records: Records, descriptor: int | None = None) -> None:
        self._recipe = recipe
        self._records = records
        self._descriptor = descriptor
        self._begun: set[str] = set()

    def begin(self, job: Job) -> None:
        """Note that outputs of this job may appear from now on."""
        self._begun.add(job.source.name)
        self._append({"begun": job.source.name, "outputs": [target.name for target in job.targets]})

    def record(self, item: Item) -> None:
        """Note what was written, or that nothing was although the job was begun."""
        source = item.source
        if item.status is Status.WRITTEN:
            outputs = [[output.name, output.bytes, output.width, output.height] for output in item.outputs]
            self._append(
                {"done": source.name, "size": source.bytes, "mtime": source.modified, "recipe": self._recipe}
                | {"outputs": outputs}
            )
        elif source.name in self._begun and not item.outputs:
            self._append({"undone": source.name})
        self._begun.discard(source.name)

    def unchanged(self, source: Source, storage: Storage) -> tuple[Output, ...]:
        """The recorded outputs of a source where nothing needs to be done for it, else none."""
        record = self._records.done.get(source.name)
        if record is None or record.recipe != self._recipe or source.name in self._records.begun:
            return ()
        if (record.bytes, record.modified) != (source.bytes, source.modified):
            return ()
        standing = (storage.stat(output.name) for output in record.outputs)
        sizes = [entry.bytes if entry else None for entry in standing]
        return record.outputs if sizes == [output.bytes for output in record.outputs] else ()

    def made(self, name: str, source: Source) -> bool:
        """Whether imgpipe made, or may have begun to make, this output from this source."""
        return name in self._records.ours(source.name)

    def _append(self, line: dict[str, Any]) -> None:
        if self._descriptor is None:
            return
        try:
            _write_whole(self._descriptor, json.dumps(line, separators=(",", ":")).encode() + b"\n")
        except OSError as error:
            raise OutputError(f"cannot write the journal: {error.strerror}; make room and run again") from error


@contextlib.contextmanager
def open_journal(output: str, recipe: str) -> Iterator[Journal]:
    """The journal of an output folder, which is made where it is missing; leftovers of a dead run are removed.

    Raises:
        OutputError: the folder cannot be made or written.
        UsageError: another run is writing to it.
    """
    folder = os.path.join(output, _FOLDER)
    with _output_errors(output):
        os.makedirs(folder, exist_ok=True)
        descriptor = os.open(os.path.join(folder, _FILE), os.O_RDWR | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o666)
    try:
        with _output_errors(output):
            _lock(descriptor, output)
            records, torn = _read(descriptor)
            if torn:
                _write_whole(descriptor, b"\n")
            _sweep(output, records)
        yield Journal(recipe, records, descriptor)
    finally:
        os.close(descriptor)


def peek(output: str, recipe: str) -> Journal:
    """The journal of an output folder for looking only: nothing is made or noted."""
    try:
        descriptor = os.open(os.path.join(output, _FOLDER, _FILE), os.O_RDONLY | os.O_CLOEXEC)
    except OSError:
        return Journal(recipe, Records())
    try:
        return Journal(recipe, _read(descriptor)[0])
    finally:
        os.close(descriptor)


@contextlib.contextmanager
def _output_errors(output: str) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise OutputError(f"cannot write to {output}: {error.strerror}; choose another folder or mend that") from error


def _lock(descriptor: int, output: str) -> None:
    if sys.platform == "win32":
        return
    import fcntl

    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        raise UsageError(f"another run is writing to {output}; wait for it or stop it") from None


def _read(descriptor: int) -> tuple[Records, bool]:
    """What a journal says, and whether its last line is torn: a kill may do that, and it is only done again."""
    records = Records()
    line = b"\n"
    with os.fdopen(os.dup(descriptor), "rb") as file:
        for line in file:
            with contextlib.suppress(ValueError, RecursionError):
                records.note(json.loads(line))
    return records, not line.endswith(b"\n")


def _is_output_name(name: Any) -> bool:
    return isinstance(name, str) and is_name(name)


def _is_output(row: Any) -> bool:
    match row:
        case [name, int(), int(), int()]:
            return _is_output_name(name)
    return False


def _write_whole(descriptor: int, data: bytes) -> None:
    # A disk that fills up takes a part, and says so only when the rest is written.
    while data:
        data = data[os.write(descriptor, data) :]


def _sweep(output: str, records: Records) -> None:
    """Remove temporaries where a run that died may have left some; the lock says that no other run is alive."""
    claims = (outputs for jobs in records.begun.values() for outputs in jobs)
    for folder in {os.path.dirname(name) for outputs in claims for name in outputs}:
        for name in _names(os.path.join(output, folder)):
            if name.startswith(TEMPORARY_PREFIX):
                with contextlib.suppress(OSError):
                    os.unlink(os.path.join(output, folder, name))


def _names(folder: str) -> list[str]:
    try:
        return os.listdir(folder)
    except OSError:
        return []
