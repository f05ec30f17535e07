"""The record of the last run of an output folder: what `imgpipe report` makes its page of.

JSON Lines in `OUTPUT/.imgpipe/last-run.jsonl`: one line about the run, those that `--json` writes, and the summary. A
run that was killed leaves its lines without a summary. The record is never the reason why a run fails.
"""

from __future__ import annotations

import json
import os
import time
from collections.abc import Iterator
from typing import Any

from imgpipe.errors import UsageError
from imgpipe.job import Item, Status
from imgpipe.journal.folder import folder_of
from imgpipe.report.jsonl import item_line, text_of
from imgpipe.storage import Storage
from imgpipe.storage.calls import SYSTEM, write_whole

_NAME = "last-run.jsonl"
_NEW = "last-run.new"
_UNCHANGED_TOLD = 500
_SECONDS = 1.0


class Record:
    """The record that a run writes. Add items only while the run holds the output folder's lock.

    Attributes:
        failed: why it cannot be written, empty while it can.
    """

    def __init__(self, target: Storage, about: dict[str, Any]) -> None:
        self.failed = "" if target.calls else f"{target.root} keeps no record of runs; --json FILE does"
        self._calls = target.calls or SYSTEM
        self._folder = folder_of(target.root)
        self._descriptor = -1
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

    def finish(self, *lines: dict[str, Any]) -> None:
        """Note the end of the run; nothing is added after this."""
        self._waiting.extend(map(text_of, lines))
        self._flush()
        if self._descriptor >= 0:
            self._calls.close(self._descriptor)

    def _flush(self) -> None:
        lines, self._waiting = self._waiting, []
        self._due = time.monotonic() + _SECONDS
        if self.failed:
            return
        try:
            if self._descriptor < 0:
                self._open()
            write_whole(self._calls, self._descriptor, "".join(lines).encode())
        except OSError as error:
            self.failed = f"cannot write {os.path.join(self._folder, _NAME)}: {error.strerror}"

    def _open(self) -> None:
        """In the place of the record of the run before, which whoever reads it now keeps."""
        path = os.path.join(self._folder, _NEW)
        flags = os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC | getattr(os, "O_NOFOLLOW", 0)
        self._descriptor = self._calls.open(path, flags, 0o666)
        self._calls.replace(path, os.path.join(self._folder, _NAME))


def read_record(output: str) -> Iterator[dict[str, Any]]:
    """The lines of the last run, without one that a kill has torn.

    Raises:
        UsageError: there is no record, or it cannot be read.
    """
    path = os.path.join(folder_of(output), _NAME)
    try:
        with open(path, "rb") as file:
            yield from filter(None, map(_object, file))
    except FileNotFoundError:
        raise UsageError(
            f"no run is recorded in {output}: give the OUTPUT of `imgpipe process`, which leaves a record there"
        ) from None
    except OSError as error:
        raise UsageError(f"cannot read {path}: {error.strerror}") from error


def _object(line: bytes) -> dict[str, Any] | None:
    try:
        found = json.loads(line)
    except (ValueError, RecursionError):
        return None
    return found if isinstance(found, dict) else None
