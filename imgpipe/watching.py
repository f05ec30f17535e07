"""A watched folder: which of its files are whole and new, again and again.

The system's word that something has changed only says when to look. What is there, a listing says: so nothing is
missed that happens during a batch, in a folder that was moved in, or where the system has lost count.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from itertools import islice
from typing import NamedTuple, TypeAlias

from imgpipe.discovery import Selection
from imgpipe.errors import RunError, UsageError, install_advice
from imgpipe.storage import Entry, Storage

_TICK = 0.1
"""Seconds within which a stop is noticed."""

_Stamp: TypeAlias = tuple[int, int, int]

_NO_STAMP = (-1, 0, 0)
"""Of a file that is to be taken once more, whatever it is like: none is of such a size."""


@dataclass(frozen=True, slots=True)
class Patience:
    """How a folder is watched.

    Attributes:
        settle: seconds for which size and time of a file must stay as they are before it is taken for whole.
        poll: seconds between two looks, for folders of which the system tells nothing; None to wait for its word.
        prune: files that have gone are a reason for a batch, too.
    """

    settle: float = 1.0
    poll: float | None = None
    prune: bool = False


class Batch(NamedTuple):
    """What is to be done at one time.

    Attributes:
        names: of files that are whole and new.
        stayed: where files have gone since the batch before, one that has not; else empty.
    """

    names: tuple[str, ...]
    stayed: str = ""


class NotUtf8(Exception):
    """The system's word is of a name that is no UTF-8, which watchfiles cannot tell; nothing more is told then."""


class Settling:
    """Which files of one listing after the other are new, or changed, and have been as they are for a while."""

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._waiting: dict[str, tuple[_Stamp, float]] = {}
        self._taken: dict[str, _Stamp] = {}

    def __bool__(self) -> bool:
        """Whether a file is being waited for."""
        return bool(self._waiting)

    @property
    def stayed(self) -> str:
        """A file that was there at the last look, and was taken; empty where there is none."""
        return next(iter(self._taken), "")

    def take(self, entries: Iterable[Entry]) -> None:
        """Count these as taken, as they are."""
        self._taken = {entry.name: _stamp(entry) for entry in entries}

    def look(self, entries: Iterable[Entry], now: float) -> tuple[list[str], bool]:
        """The names of whole files that were not taken yet, which are taken by this; and whether any have gone.

        Args:
            entries: all files that there are.
            now: seconds, by a clock that never goes back.
        """
        before, waiting = self._taken, {}
        self._taken, ready = {}, []
        for entry in entries:
            stamp = _stamp(entry)
            if entry.name in before:
                # Also while a change of it settles: it may go before it has, and its output is to go then.
                self._taken[entry.name] = before[entry.name]
                if before[entry.name] == stamp:
                    continue
            last, since = self._waiting.get(entry.name, (stamp, now))
            since = since if last == stamp else now
            if now - since >= self._seconds:
                self._taken[entry.name] = stamp
                ready.append(entry.name)
            else:
                waiting[entry.name] = (stamp, since)
        gone = before.keys() - self._taken.keys()
        self._waiting = waiting
        return ready, bool(gone)

    def again(self, names: Iterable[str]) -> None:
        """Take these as new once more."""
        for name in names:
            if stamp := self._taken.get(name):
                self._taken[name] = _NO_STAMP
                self._waiting[name] = (stamp, time.monotonic())


class Watch:
    """A folder that is watched from now on; iterate for batches, none of which is empty.

    Args:
        source: the folder.
        selection: which of its files.
        patience: how long to wait.
        stop: ends the iteration once it is true.

    Raises:
        UsageError: watchfiles is not installed, and polling was not asked for.
        RunError: the folder is gone, also later.
    """

    def __init__(self, source: Storage, selection: Selection, patience: Patience, stop: Callable[[], bool]) -> None:
        self._source = source
        self._selection = selection
        self._patience = patience
        self._stop = stop
        if not patience.poll:
            _check_extra()
        self._gone = self._refused = False
        self._settling = Settling(patience.settle)
        self._settling.take(self._entries())

    def __iter__(self) -> Iterator[Batch]:
        """Batches of files that are whole and new, or of none where files have gone, and not all have."""
        for changed in self._changes():
            if not changed and not self._waits:
                continue
            ready, gone = self._settling.look(self._entries(), time.monotonic())
            self._refused = False
            self._gone |= gone and self._patience.prune
            batch = Batch(tuple(ready), self._settling.stayed if self._gone else "")
            if any(batch) and not self._stop():
                self._gone = False
                yield batch

    def again(self, batch: Batch) -> None:
        """A batch that could not be worked on comes again."""
        self._settling.again(batch.names)
        self._gone |= bool(batch.stayed)
        self._refused = True

    @property
    def _waits(self) -> bool:
        """Whether something is to be done in a while, also where nothing changes."""
        return self._refused or bool(self._settling)

    def _entries(self) -> Iterator[Entry]:
        _check_there(self._source.root)
        for entry in self._source.list(self._selection.listing):
            if not entry.error and self._selection.chooses(entry.name):
                yield entry

    def _changes(self) -> Iterator[bool]:
        """Whether something may have changed; at least as often as a file may have settled."""
        yield True
        yield from self._polled(self._patience.poll) if self._patience.poll else self._told()

    def _polled(self, seconds: float) -> Iterator[bool]:
        while not self._stop():
            # The settle time may be the shorter one, where a file is waited for.
            due = time.monotonic() + (min(seconds, self._patience.settle) if self._waits else seconds)
            while (left := due - time.monotonic()) > 0 and not self._stop():
                time.sleep(min(left, _TICK))
            yield True

    def _told(self) -> Iterator[bool]:
        while not self._stop():
            # What came before the system began to tell is found by one more look.
            unseen = True
            try:
                for changes in _watched(self._source.root, self._patience.settle, self._stop):
                    yield unseen or any(not self._is_output(path) for _, path in changes)
                    unseen = False
                return
            except NotUtf8:
                # While a file of such a name grows, the next word is that again.
                yield from islice(self._polled(max(self._patience.settle, _TICK)), 1)

    def _is_output(self, path: str) -> bool:
        output = self._selection.listing.leave_out
        return output is not None and os.path.join(path, "").startswith(os.path.join(output, ""))


def _stamp(entry: Entry) -> _Stamp:
    return entry.bytes, entry.modified, entry.inode


def _check_there(root: str) -> None:
    if not os.path.isdir(root):
        raise RunError(f"{root} is gone, so there is nothing to watch; start again once it is there")


def _check_extra() -> None:
    try:
        import watchfiles  # noqa: F401
    except ImportError:
        raise UsageError(
            f"the system's word of changes comes by an extra: {install_advice('watch')}; or look every ten seconds "
            "without it: --poll 10"
        ) from None


@dataclass(frozen=True, slots=True)
class _Asked:
    """What watchfiles asks whether to end."""

    is_set: Callable[[], bool]


def _watched(root: str, settle: float, stop: Callable[[], bool]) -> Iterator[Iterable[tuple[int, str]]]:
    """What the system tells of, gathered for a while; also nothing, twice in a settle time."""
    import watchfiles

    try:
        yield from watchfiles.watch(
            os.path.realpath(root),
            watch_filter=None,
            debounce=int(settle * 1000) + 1,
            step=int(_TICK * 1000),
            rust_timeout=max(int(_TICK * 1000), int(settle * 500)),
            yield_on_timeout=True,
            stop_event=_Asked(stop),
            raise_interrupt=True,
            force_polling=False,
        )
    except (OSError, RuntimeError, UnicodeError) as error:
        _check_there(root)
        if "decode path" in str(error):
            raise NotUtf8 from error
        # Systems tell of so many folders only.
        why = "its name is no UTF-8" if isinstance(error, UnicodeError) else error
        raise RunError(f"cannot watch {root}: {why}; --poll 10 looks every ten seconds instead") from error
