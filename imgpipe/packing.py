"""Outputs become shards: in the order of the inputs, whatever the order in which they were made.

An output is first put where it waits (`storage/shard_folder.py`), and recorded in the journal as any output. Once all
before it are settled too, it is known which shard it belongs to; a shard that is full is written and published at once.
So a run that was killed goes on with what waits, and comes to the same shards.
"""

from __future__ import annotations

import json
import sys
import threading
from collections import OrderedDict
from collections.abc import Generator, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from functools import partial

from imgpipe.errors import OutputError, RunError, UsageError
from imgpipe.job import Item, Job, Output, Source, Status, Target
from imgpipe.journal import Making, OpenJournal, peek
from imgpipe.plan import Plan
from imgpipe.samples import texts_of
from imgpipe.storage import Storage
from imgpipe.storage.archive import Part
from imgpipe.storage.indexes import key_of_sample
from imgpipe.storage.ranges import ShardSize
from imgpipe.storage.shard_folder import ShardFolder
from imgpipe.storage.shards import Shards

_END_OF_TAR = 1024
_SHARDS = Source("/shards", None, 0)
"""Stands for the shards in the journal, as no source is called so."""


@dataclass(slots=True)
class _Sample:
    """Files that are read together."""

    key: str = ""
    parts: list[Part] = field(default_factory=list)


class Packing:
    """Puts the outputs of a run into shards."""

    def __init__(self, plan: Plan, folder: ShardFolder, journal: OpenJournal, size: ShardSize) -> None:
        self._plan = plan
        self._folder = folder
        self._waiting = partial(_pieces, folder)
        self._journal = journal
        self._size = size
        self._lock = threading.Lock()
        self._expected: OrderedDict[str, Item | None] = OrderedDict()
        self._complete = False
        self._sample = _Sample()
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
            by_key: dict[str, list[Output]] = {}
            # What was put of one that failed is no sample.
            for output in settled.outputs if settled.status in (Status.WRITTEN, Status.UNCHANGED) else ():
                by_key.setdefault(key_of_sample(output.name), []).append(output)
            for key, outputs in by_key.items():
                self._add(settled.source, key, outputs)

    def finish(self) -> None:
        """Publish the last shard, unless the run was stopped; remove shards of ours that are no more."""
        if not (self._complete and self._plan.total) or self._expected:
            return
        self._end_sample()
        if self._parts:
            self._close()
        self._journal.commit()
        if self._plan.may_prune:
            self._clear()
        if self._published:
            outputs = tuple(Output(shard, 0, 0, 0) for shard in self._published)
            self._journal.record(Item(_SHARDS, Status.WRITTEN, outputs))

    def _clear(self) -> None:
        surplus = self._journal.ours(_SHARDS.name) - set(self._published)
        try:
            self._folder.sync()
            for shard in self._folder.standing():
                if shard in surplus:
                    self._folder.drop(shard)
            self._folder.clear()
        except OSError as error:
            where = self._folder.shards.folder
            raise OutputError(
                f"cannot remove from {where} what is wanted no more: {error.strerror}; mend that and run again"
            ) from error

    def _next(self) -> Item | None:
        """The item whose turn it is, where it is settled."""
        with self._lock:
            for name, item in self._expected.items():
                if item is not None:
                    del self._expected[name]
                return item
        return None

    def _add(self, source: Source, key: str, outputs: list[Output]) -> None:
        if key != self._sample.key or not self._sample.parts:
            self._end_sample()
            try:
                self._sample = _Sample(key, list(self._beside(source, key, outputs[0])))
            except OSError as error:
                raise RunError(f"cannot read what is beside {source.name}: {error.strerror or error}") from error
        made = [Part(output.name, output.bytes, self._waiting) for output in outputs]
        self._sample.parts[:0] = made

    def _beside(self, source: Source, key: str, first: Output) -> Iterator[Part]:
        """The texts of a sample: those that it has, and a JSON of what is known of it where it has none."""
        storage, told = self._plan.source, False
        for ending, name in texts_of(storage, source.name):
            yield Part(key + ending, storage.size(name) or 0, partial(_pieces, storage, name))
            told = told or ending == ".json"
        if not told:
            said = {"key": key, "source": source.name, "width": first.width, "height": first.height}
            text = json.dumps(said).encode() + b"\n"
            yield Part(f"{key}.json", len(text), text)

    def _end_sample(self) -> None:
        """Put the sample into the shard, or into the next one where it is too large for this one."""
        parts, self._sample = self._sample.parts, _Sample()
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
                f"{names[0]} to {names[-1]} are full, and more is to come: run again with a larger range, which goes "
                "on with what is done, or with larger shards (--shard-count, --shard-bytes)"
            )
        shard = names[len(self._published)]
        try:
            if not self._folder.holds(shard, parts):
                self._journal.begin([Job(_SHARDS, (Target(shard, ""),))])
                self._folder.publish(shard, parts)
        except OSError as error:
            raise OutputError(
                f"cannot write {shard} to {self._folder.shards.folder}: {error.strerror or error}. "
                "Nothing half-written was left; mend that and run the same command again"
            ) from error
        self._published.append(shard)


def _pieces(storage: Storage, name: str, _called: str = "") -> Iterator[bytes]:
    """What is put into a shard, where it may be called otherwise.

    Outputs are held whole anyway, what lies beside pictures may be of any size.
    """
    return storage.pieces(name) if isinstance(storage, Shards) else iter((storage.read(name),))


@contextmanager
def packing(plan: Plan, folder: ShardFolder, journal: OpenJournal, size: ShardSize | None) -> Iterator[Packing]:
    """Takes the outputs of a run, in any order; the last shard is published when the block is left without an error."""
    if size is None:
        # A single tar takes all there is.
        size = ShardSize() if folder.shards.ranged else ShardSize(sys.maxsize, sys.maxsize)
    packed = Packing(plan, folder, journal, size)
    yield packed
    packed.finish()


def check_shards(folder: ShardFolder, size: ShardSize | None, *, replaced: bool) -> None:
    """See that shards can be written there.

    Args:
        folder: of the shards.
        size: that is asked for.
        replaced: shards that imgpipe has not made may be replaced.

    Raises:
        UsageError: they cannot.
    """
    shards = folder.shards
    if size is not None and not shards.ranged:
        name = shards.names[0]
        raise UsageError(f"{name} is one shard; give a range, as {name[:-4]}-{{0000..0099}}.tar, for shards of a size")
    ours = peek(folder.root, Making("")).ours(_SHARDS.name)
    if others := [shard for shard in folder.standing() if shard not in ours and not replaced]:
        more = f" and {len(others) - 1} more" if len(others) > 1 else ""
        raise UsageError(
            f"{shards.path(others[0])}{more} exists and was not made by imgpipe; --overwrite always replaces it"
        )
