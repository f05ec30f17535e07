"""What a journal says of sources and outputs."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator
from typing import NamedTuple

from imgpipe.job import Job, Output, Source
from imgpipe.journal.records import Index, Record, decode, is_same, parse
from imgpipe.storage import Storage


class Making(NamedTuple):
    """What a run makes.

    Attributes:
        recipe: its digest.
        origin: which input folder the sources are in.
        preserved: whether outputs are to have times and mode of their source.
    """

    recipe: str
    origin: str = ""
    preserved: bool = False


class Journal:
    """What one output folder's journal says."""

    def __init__(self, making: Making, index: Index, line_at: Callable[[int], bytes]) -> None:
        self.making = making
        self.index = index
        self._line_at = line_at

    def begin(self, jobs: Iterable[Job]) -> None:
        """Note that outputs of these jobs may appear from now on; nothing here, where one only looks."""

    def withdraw(self, jobs: Iterable[Job]) -> None:
        """Note that jobs which were begun are left."""

    def records(self, hashes: Iterable[int] | None = None) -> Iterator[Record]:
        """What is recorded, in the order in which it was: all, or of the sources whose names have these hashes."""
        done = self.index.done
        for place in sorted(done.values() if hashes is None else [done[each] for each in hashes]):
            if (record := parse(decode(self._line_at(place)))) is not None:
                yield record

    def may_be_result(self, source: Source) -> bool:
        """Whether a source that seems changed may be, by its size, what this recipe has put in its place."""
        result, recipe = self._result_of(source.name)
        return result is not None and recipe == self.making.recipe and result.bytes == source.bytes

    def unchanged(self, source: Source, storage: Storage) -> tuple[Output, ...]:
        """The recorded outputs of a source where nothing needs to be done for it, else none.

        Of what a killed run has put in the place of its source the width and height are not known, and are 0.
        """
        if (placed := self.index.placed.get(source.name)) is not None:
            result, recipe = placed
            if recipe == self.making.recipe and is_same(result, source):
                return (Output(source.name, source.bytes, 0, 0),)
        record = self._record_of(source.name)
        if record is None or record.recipe != self.making.recipe or source.name in self.index.begun:
            return ()
        if not is_same(record.source, source) or (self.making.preserved and not record.preserved):
            return ()
        standing = all(storage.size(output.name) == output.bytes for output in record.outputs)
        return record.outputs if standing else ()

    def passed_over(self, source: Source) -> bool:
        """Whether this recipe has made nothing of a source that is as it was, since nothing was worth it."""
        record = self._record_of(source.name)
        if record is None or record.outputs or record.recipe != self.making.recipe:
            return False
        return source.name not in self.index.begun and is_same(record.source, source)

    def made(self, name: str, source: Source) -> bool:
        """Whether imgpipe made, or may have begun to make, this output from this source."""
        return name in self.ours(source.name)

    def replaced(self, source: Source, outputs: Iterable[Output]) -> str:
        """The file of that name in another input folder that loses its outputs to these; empty where there is none.

        A tree that was moved or copied is no other one: its files are what they were, or are no longer where they were.
        """
        record, here = self._record_of(source.name), self.making.origin
        if record is None or record.origin == here or is_same(record.source, source._replace(inode=0)):
            return ""
        if record.names.isdisjoint(output.name for output in outputs):
            return ""
        other = os.path.join(record.origin, source.name)
        try:
            return "" if os.path.samefile(other, os.path.join(here, source.name)) else other
        except (OSError, ValueError):
            return ""

    def ours(self, source: str) -> set[str]:
        """Names of all outputs that imgpipe made, or may have made, of a source."""
        record = self._record_of(source)
        return (record.names if record else set()).union(*self.index.begun.get(source, ()))

    def _result_of(self, name: str) -> tuple[Source | None, str]:
        """What was put in the place of a source, and by which recipe."""
        if (placed := self.index.placed.get(name)) is not None:
            return placed
        record = self._record_of(name)
        return (record.source, record.recipe) if record else (None, "")

    def _record_of(self, source: str) -> Record | None:
        place = self.index.done.get(hash(source))
        record = None if place is None else parse(decode(self._line_at(place)))
        return record if record is not None and record.source.name == source else None
