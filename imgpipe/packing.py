"""Outputs become shards: in the order of the inputs, whatever the order in which they were made."""

from __future__ import annotations

import json
import threading
from collections import OrderedDict
from collections.abc import Generator, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from functools import partial

from imgpipe import codecs
from imgpipe.errors import OutputError, RunError, UsageError
from imgpipe.job import Item, Job, Output, Source, Status, Target
from imgpipe.journal import Making, OpenJournal, peek
from imgpipe.plan import Plan
from imgpipe.storage import Storage
from imgpipe.storage.archive import Part
from imgpipe.storage.indexes import key_of_sample
from imgpipe.storage.shard_folder import ShardFolder
from imgpipe.storage.shards import Shards

_END_OF_TAR = 1024
_HEAD = 64
_SHARDS = "/shards"
"""Stands for the shards in the journal, as no source is called so."""


@dataclass(frozen=True, slots=True)
class ShardSize:
    """How large a shard becomes at most.

    Attributes:
        count: samples.
        bytes: of the file; a sample that is larger alone is a shard of its own.
    """

    count: int = 10_000
    bytes: int = 1_000_000_000


@dataclass(slots=True)
class _Sample:
    """Files that are read together."""

    key: str
    parts: list[Part] = field(default_factory=list)


class Loose:
    """Outputs that stay what they are: files in a folder."""

    def ordered(self, found: Generator[Job | Item]) -> Generator[Job | Item]:
        """The same."""
        return found

    def settle(self, item: Item) -> None:
        """Nothing is to be done."""


class Packing:
    """Puts the outputs of a run into shards."""

    def __init__(self, plan: Plan, folder: ShardFolder, journal: OpenJournal, size: ShardSize) -> None:
        self._source, self._total = plan.source, plan.total
        self._folder = folder
        self._journal = journal
        self._size = size
        self._lock = threading.Lock()
        self._expected: OrderedDict[str, Item | None] = OrderedDict()
        self._complete = False
        self._sample = _Sample("")
        self._parts: list[Part] = []
        self._samples, self._bytes = 0, _END_OF_TAR
        self._published: list[str] = []

    def ordered(self, found: Generator[Job | Item]) -> Generator[Job | Item]:
        """The same, and the order is noted."""
        with closing(found):
            for job in found:
                if isinstance(job, Job) or job.status is Status.UNCHANGED:
                    with self._lock:
                        self._expected[job.source.name] = None
                yield job
        self._complete = True

    def settle(self, item: Item) -> None:
        """Take an item in, in any order; shards that are full by it are published.

        Raises:
            RunError: a shard cannot be written, or there are more than the range has.
        """
        with self._lock:
            if item.source.name in self._expected:
                self._expected[item.source.name] = item
        while (settled := self._next()) is not None:
            if settled.outputs:
                self._add(settled)

    def finish(self) -> None:
        """Publish the last shard, unless the run was stopped; remove shards of ours that are no more."""
        if not (self._complete and self._total) or self._expected:
            return
        self._end_sample()
        if self._parts:
            self._close()
        self._journal.commit()
        try:
            surplus = self._ours() - set(self._published)
            for shard in self._folder.standing():
                if shard in surplus:
                    self._folder.drop(shard)
            self._folder.clear()
        except OSError as error:
            raise OutputError(f"cannot remove what is no more wanted: {error.strerror}; run again") from error
        if self._published:
            outputs = tuple(Output(shard, 0, 0, 0) for shard in self._published)
            self._journal.record(Item(Source(_SHARDS, None, 0), Status.WRITTEN, outputs))

    def _next(self) -> Item | None:
        """The item whose turn it is, where it is settled."""
        with self._lock:
            for name, item in self._expected.items():
                if item is not None:
                    del self._expected[name]
                return item
        return None

    def _add(self, item: Item) -> None:
        key = key_of_sample(item.outputs[0].name)
        if key != self._sample.key or not self._sample.parts:
            self._end_sample()
            self._sample = _Sample(key, self._beside(item, key))
        made = [Part(output.name, output.bytes, partial(self._folder.read, output.name)) for output in item.outputs]
        self._sample.parts[:0] = made

    def _beside(self, item: Item, key: str) -> list[Part]:
        """The texts of a sample: those that it has, and a JSON of what is known of it where it has none."""
        parts = []
        if isinstance(self._source, Shards):
            for ending, name in self._source.sample_of(item.source.name):
                if codecs.by_extension(name) is None and codecs.sniff(self._source.head(name, _HEAD)) is None:
                    parts.append(Part(key + ending, self._source.size(name) or 0, partial(self._source.read, name)))
        if not any(part.name == f"{key}.json" for part in parts):
            first = item.outputs[0]
            said = {"key": key, "source": item.source.name, "width": first.width, "height": first.height}
            text = json.dumps(said).encode() + b"\n"
            parts.append(Part(f"{key}.json", len(text), partial(bytes, text)))
        return parts

    def _end_sample(self) -> None:
        """Put the sample into the shard, or into the next one where it is too large for this one."""
        parts, self._sample = self._sample.parts, _Sample("")
        if not parts:
            return
        room = sum(part.room for part in parts)
        if self._parts and (self._samples >= self._size.count or self._bytes + room > self._size.bytes):
            self._close()
        self._parts += parts
        self._samples, self._bytes = self._samples + 1, self._bytes + room

    def _close(self) -> None:
        parts, self._parts, self._samples, self._bytes = self._parts, [], 0, _END_OF_TAR
        names = self._folder.shards.names
        if len(self._published) == len(names):
            raise RunError(
                f"{names[0]} to {names[-1]} are full, and more is to come: give a larger range, or larger shards "
                "(--shard-count, --shard-bytes), and run again"
            )
        shard = names[len(self._published)]
        try:
            if not self._folder.holds(shard, parts):
                self._journal.begin([Job(Source(_SHARDS, None, 0), (Target(shard, ""),))])
                self._folder.publish(shard, parts)
        except OSError as error:
            raise OutputError(
                f"cannot write {shard} to {self._folder.shards.folder}: {error.strerror or error}. "
                "Nothing half-written was left; mend that and run the same command again"
            ) from error
        self._published.append(shard)

    def _ours(self) -> set[str]:
        return self._journal.ours(_SHARDS)


@contextmanager
def packing(plan: Plan, journal: OpenJournal, size: ShardSize | None) -> Iterator[Packing | Loose]:
    """Takes the outputs of a run, in any order; the last shard is published when the block is left without an error."""
    if not isinstance(plan.target, ShardFolder):
        yield Loose()
        return
    packed = Packing(plan, plan.target, journal, size or ShardSize())
    yield packed
    packed.finish()


def check_standing(folder: Storage, *, replaced: bool) -> None:
    """See that no shards stand there that imgpipe has not made, unless they may be replaced; UsageError."""
    if not isinstance(folder, ShardFolder):
        return
    ours = peek(folder.root, Making("")).ours(_SHARDS)
    if others := [shard for shard in folder.standing() if shard not in ours and not replaced]:
        more = f" and {len(others) - 1} more" if len(others) > 1 else ""
        raise UsageError(
            f"{folder.shards.path(others[0])}{more} exists and was not made by imgpipe; --overwrite always replaces it"
        )
