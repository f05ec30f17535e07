"""The record of the last run of an output folder: what `imgpipe report` makes its page of.

JSON Lines in `OUTPUT/.imgpipe/last-run.jsonl`: one line about the run, those that `--json` writes, and the summary. A
run that was killed leaves its lines without a summary. In object storage, where nothing can be appended to, the record
is put when the run ends, and that of the run before stays until then. The record is never the reason why a run fails.
"""

from __future__ import annotations

import errno
import io
import json
import os
import tempfile
import time
from collections.abc import Iterator
from typing import Any, BinaryIO

from imgpipe.errors import ImgpipeError, UsageError
from imgpipe.job import Item, Status
from imgpipe.journal.folder import folder_of
from imgpipe.report.jsonl import item_line, text_of
from imgpipe.storage import Storage, open_storage
from imgpipe.storage.calls import AT_ONCE, Calls, write_whole
from imgpipe.storage.listing import OWN_FOLDER
from imgpipe.storage.location import shown

_NAME = "last-run.jsonl"
_NEW = "last-run.new"
_OBJECT = f"{OWN_FOLDER}/{_NAME}"
_UNCHANGED_TOLD = 500
_SECONDS = 1.0


class Record:
    """The record that a run writes. Add items only while the run holds the output folder's lock.

    Attributes:
        failed: why it cannot be written, empty while it can.
    """

    def __init__(self, target: Storage, about: dict[str, Any]) -> None:
        self.failed = ""
        calls = target.calls
        self._sink = _Object(target) if calls is None else _File(folder_of(target.root), calls)
        self._waiting = [text_of({"type": "run", **about})]
        self._due = 0.0
        self._unchanged = 0

    def add(self, item: Item) -> None:
        """Note an item; of those that were up to date the first 500, as the summary counts them all."""
        if item.status is Status.UNCHANGED:
            self._unchanged += 1
            if self._unchanged > _UNCHANGED_TOLD:
                return
        self._waiting.append(text_of(item_line(item)))
        if time.monotonic() >= self._due:
            self._flush()

    def finish(self, *lines: dict[str, Any], broken: str = "") -> None:
        """Note the end of the run; nothing is added after this.

        Args:
            lines: that tell of it.
            broken: why the run could not go on. An object store is not asked once more then, which could take minutes.
        """
        self._waiting.extend(map(text_of, lines))
        self._flush()
        try:
            self._sink.close(broken)
        except (OSError, ImgpipeError) as error:
            self._refused(error)

    def _flush(self) -> None:
        lines, self._waiting = self._waiting, []
        self._due = time.monotonic() + _SECONDS
        if self.failed:
            return
        try:
            self._sink.write("".join(lines).encode())
        except OSError as error:
            self._refused(error)

    def _refused(self, error: OSError | ImgpipeError) -> None:
        self.failed = f"cannot write {self._sink.place}: {getattr(error, 'strerror', None) or error}"


class _File:
    """A record on this machine: it is there from its first line on."""

    def __init__(self, folder: str, calls: Calls) -> None:
        self.place = os.path.join(folder, _NAME)
        self._folder = folder
        self._calls = calls
        self._descriptor = -1

    def write(self, lines: bytes) -> None:
        """Append them; OSError where that is impossible."""
        if self._descriptor < 0:
            self._open()
        write_whole(self._calls, self._descriptor, lines)

    def close(self, broken: str) -> None:  # noqa: ARG002 - a disk is there or not, at once
        """Nothing more is written."""
        if self._descriptor >= 0:
            self._calls.close(self._descriptor)

    def _open(self) -> None:
        """In the place of the record of the run before, which whoever reads it now keeps."""
        path = os.path.join(self._folder, _NEW)
        flags = os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC | AT_ONCE | getattr(os, "O_NOFOLLOW", 0)
        self._descriptor = self._calls.open(path, flags, 0o666)
        self._calls.replace(path, self.place)


class _Object:
    """A record in object storage: it is kept on this machine until it is put as a whole."""

    def __init__(self, target: Storage) -> None:
        self.place = f"{target.root}/{_OBJECT}"
        self._target = target
        self._lines: BinaryIO | None = None

    def write(self, lines: bytes) -> None:
        """Append them; OSError where that is impossible."""
        if self._lines is None:
            self._lines = tempfile.TemporaryFile()  # noqa: SIM115 - closed when it is put
        try:
            self._lines.write(lines)
        except OSError:
            # Half of a record is none.
            self._lines.close()
            self._lines = None
            raise

    def close(self, broken: str) -> None:
        """Put the whole; OSError or an error of ours where that is impossible, or not tried."""
        if self._lines is None:
            return
        with self._lines as lines:
            if broken:
                raise OSError(errno.EIO, broken)
            lines.seek(0)
            self._target.put(_OBJECT, lines.read())


def read_record(output: str) -> Iterator[dict[str, Any]]:
    """The lines of the last run, without one that a kill has torn.

    Raises:
        UsageError: there is no record, or it cannot be read.
    """
    remote = "://" in output
    place = f"{shown(output).rstrip('/')}/{_OBJECT}" if remote else os.path.join(folder_of(output), _NAME)
    try:
        with io.BytesIO(open_storage(output).read(_OBJECT)) if remote else open(place, "rb", opener=_at_once) as file:
            yield from filter(None, map(_object, file))
    except FileNotFoundError:
        raise UsageError(
            f"no run is recorded in {shown(output)}: give the OUTPUT of `imgpipe process`, which leaves a record there"
        ) from None
    except OSError as error:
        raise UsageError(f"cannot read {place}: {error.strerror or error}") from error


def _at_once(path: str, flags: int) -> int:
    return os.open(path, flags | AT_ONCE, 0o666)


def _object(line: bytes) -> dict[str, Any] | None:
    try:
        found = json.loads(line)
    except (ValueError, RecursionError):
        return None
    return found if isinstance(found, dict) else None
