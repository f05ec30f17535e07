"""Removing outputs whose source is gone: only what the journal says was made here, and as it was made."""

from __future__ import annotations

import os
from collections.abc import Generator, Iterable, Iterator
from itertools import accumulate
from typing import Any

from imgpipe.job import Item, Output, Status
from imgpipe.journal import Journal, OpenJournal
from imgpipe.journal.records import Record
from imgpipe.originals import Originals
from imgpipe.storage import Entry, Storage


def gone(source: Storage, target: Storage, journal: Journal) -> Iterator[Record]:
    """Records of sources that were in this input folder and are no more; their outputs are those that still stand.

    An output that was made of another source since belongs to that one. A folder may have been renamed that holds all
    inputs: of each that is gone only hashes are kept, and its record is read again when its turn comes.
    """
    # No two records are of names with one hash: the journal's index would have the last of these alone.
    names: set[int] = set()
    theirs: set[int] = set()
    for record in journal.records():
        if _is_gone(source, record, journal):
            names.add(hash(record.source.name))
            theirs.update(_hashes(record))
    if not names:
        return
    claimed: set[int] = set()
    for record in journal.records():
        if hash(record.source.name) not in names:
            claimed.update(theirs.intersection(_hashes(record)))
    originals = Originals(source, target)
    for record in journal.records(names):
        yield record._replace(outputs=tuple(_standing(record, target, claimed, originals)))


class WithoutPruned:
    """A storage as it will be once the outputs of some records are removed, for looking only."""

    def __init__(self, storage: Storage) -> None:
        self._storage = storage
        self._removed: set[int] = set()

    def __getattr__(self, name: str) -> Any:
        return getattr(self._storage, name)

    def leave_out(self, record: Record) -> None:
        """Its outputs will not be there."""
        self._removed.update(_hashes(record))

    def stat(self, name: str) -> Entry | None:
        """What will stand under a name, None for nothing."""
        return None if hash(name) in self._removed else self._storage.stat(name)

    def size(self, name: str) -> int | None:
        """Bytes of what will stand under a name, None for nothing."""
        return None if hash(name) in self._removed else self._storage.size(name)


def prune(target: Storage, records: Iterable[Record], journal: OpenJournal) -> Generator[Item]:
    """Remove the outputs, and tell of each source whose outputs were removed."""
    for record in records:
        removed, refused = [], []
        for output in record.outputs:
            try:
                if target.remove(output.name, output.bytes):
                    removed.append(output)
            except OSError as error:
                refused.append(f"cannot remove {output.name}: {error.strerror}")
        if not refused:
            journal.forget(record.source.name)
        if removed or refused:
            yield Item(record.source, Status.PRUNED, tuple(removed), tuple(refused))


def _hashes(record: Record) -> Iterator[int]:
    """Of the names of its outputs. Where two names have the same, an output is left that might be removed."""
    return (hash(output.name) for output in record.outputs)


def _is_gone(source: Storage, record: Record, journal: Journal) -> bool:
    name = record.source.name
    try:
        gone = record.origin == journal.making.origin and source.stat(name) is None
        return gone and not _is_behind_a_dead_link(source, name)
    except OSError:
        return False


def _is_behind_a_dead_link(source: Storage, name: str) -> bool:
    """Whether a folder that it was in is a link that leads nowhere: what it led to may only not be mounted."""
    if source.remote:
        return False
    folders = accumulate(name.split("/")[:-1], "{}/{}".format)
    paths = (f"{source.root}/{folder}" for folder in folders)
    return any(os.path.islink(path) and not os.path.exists(path) for path in paths)


def _standing(record: Record, target: Storage, claimed: set[int], originals: Originals) -> Iterator[Output]:
    for output in record.outputs:
        try:
            is_ours = hash(output.name) not in claimed and not originals.obstacle(output.name, record.source)
            if is_ours and target.size(output.name) == output.bytes:
                yield output
        except OSError:
            continue
