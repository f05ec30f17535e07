"""The journal of an output folder: which outputs imgpipe made, of what, and how.

Append-only JSON Lines in `OUTPUT/.imgpipe/journal.jsonl`. An output is published first and recorded
after, so the journal is an index and never the proof: a record counts only where the output stands there
with its recorded size and the source and the recipe are unchanged. A job is noted as begun before its first
output is published; so after a kill the outputs of begun jobs are known to be ours.
"""

from __future__ import annotations

import contextlib
import json
import os
import sys
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from imgpipe.errors import OutputError, UsageError
from imgpipe.job import Item, Job, Output, Source, Status
from imgpipe.storage import Storage
from imgpipe.storage.local import TEMPORARY_PREFIX

_FOLDER = ".imgpipe"
_FILE = "journal.jsonl"


@dataclass(frozen=True, slots=True)
class Record:
    """A finished job: the source as it was, the recipe's digest, the outputs; or one that was begun only."""

    bytes: int
    modified: int
    recipe: str
    outputs: tuple[Output, ...]
    done: bool


class Journal:
    """What one output folder's journal says, and, where it is open for writing, the way to say more."""

    def __init__(self, recipe: str, records: dict[str, Record], descriptor: int | None = None) -> None:
        self._recipe = recipe
        self._records = records
        self._descriptor = descriptor

    def begin(self, job: Job) -> None:
        """Note that outputs of this job may appear from now on."""
        self._append({"begun": job.source.name, "outputs": [target.name for target in job.targets]})

    def record(self, item: Item) -> None:
        """Note what was written."""
        if item.status is Status.WRITTEN:
            source = item.source
            outputs = [[output.name, output.bytes, output.width, output.height] for output in item.outputs]
            self._append(
                {"done": source.name, "size": source.bytes, "mtime": source.modified, "recipe": self._recipe}
                | {"outputs": outputs}
            )

    def unchanged(self, source: Source, storage: Storage) -> tuple[Output, ...]:
        """The recorded outputs of a source where nothing needs to be done for it, else none."""
        record = self._records.get(source.name)
        if record is None or not record.done or record.recipe != self._recipe:
            return ()
        if (record.bytes, record.modified) != (source.bytes, source.modified):
            return ()
        standing = (storage.stat(output.name) for output in record.outputs)
        sizes = [entry.bytes if entry else None for entry in standing]
        return record.outputs if sizes == [output.bytes for output in record.outputs] else ()

    def made(self, name: str, source: Source) -> bool:
        """Whether imgpipe made, or may have begun to make, this output from this source."""
        record = self._records.get(source.name)
        return record is not None and any(output.name == name for output in record.outputs)

    def _append(self, line: dict[str, Any]) -> None:
        if self._descriptor is None:
            return
        try:
            os.write(self._descriptor, json.dumps(line, separators=(",", ":")).encode() + b"\n")
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
    try:
        os.makedirs(folder, exist_ok=True)
        descriptor = os.open(os.path.join(folder, _FILE), os.O_RDWR | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o666)
    except OSError as error:
        raise OutputError(f"cannot write to {output}: {error.strerror}; choose another folder or mend that") from error
    try:
        _lock(descriptor, output)
        records = _read(descriptor)
        _sweep(output, records.values())
        yield Journal(recipe, records, descriptor)
    finally:
        os.close(descriptor)


def peek(output: str, recipe: str) -> Journal:
    """The journal of an output folder for looking only: nothing is made or noted."""
    try:
        descriptor = os.open(os.path.join(output, _FOLDER, _FILE), os.O_RDONLY | os.O_CLOEXEC)
    except OSError:
        return Journal(recipe, {})
    try:
        return Journal(recipe, _read(descriptor))
    finally:
        os.close(descriptor)


def _lock(descriptor: int, output: str) -> None:
    if sys.platform == "win32":
        return
    import fcntl

    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        raise UsageError(f"another run is writing to {output}; wait for it or stop it") from None


def _read(descriptor: int) -> dict[str, Record]:
    records: dict[str, Record] = {}
    line = b"\n"
    with os.fdopen(os.dup(descriptor), "rb") as file:
        for line in file:
            # A kill may leave a torn line; what it would have said is only done again.
            with contextlib.suppress(ValueError, KeyError, TypeError):
                _note(records, json.loads(line))
    if not line.endswith(b"\n"):
        with contextlib.suppress(OSError):  # a journal that is only looked at
            os.write(descriptor, b"\n")
    return records


def _note(records: dict[str, Record], line: dict[str, Any]) -> None:
    if "begun" in line:
        before = records.get(line["begun"])
        outputs = tuple(Output(name, -1, 0, 0) for name in line["outputs"])
        records[line["begun"]] = Record(0, 0, "", (*(before.outputs if before else ()), *outputs), done=False)
    else:
        outputs = tuple(Output(*output) for output in line["outputs"])
        records[line["done"]] = Record(line["size"], line["mtime"], line["recipe"], outputs, done=True)


def _sweep(output: str, records: Iterable[Record]) -> None:
    """Remove temporaries where a run that died may have left some; the lock says that no other run is alive."""
    folders = {os.path.dirname(made.name) for record in records if not record.done for made in record.outputs}
    for folder in folders:
        with contextlib.suppress(OSError), os.scandir(os.path.join(output, folder)) as entries:
            for entry in entries:
                if entry.name.startswith(TEMPORARY_PREFIX):
                    os.unlink(entry.path)
