"""Shards that are written: outputs wait in a folder of their own until a shard of them is full."""

from __future__ import annotations

import os
import shutil
from contextlib import suppress
from functools import cached_property

from imgpipe.storage import Data, Durability, Entry, Room
from imgpipe.storage.abilities import placed
from imgpipe.storage.archive import Part, write_tar
from imgpipe.storage.calls import SYSTEM, Calls, sync_folder
from imgpipe.storage.indexes import Indexes
from imgpipe.storage.listing import OWN_FOLDER
from imgpipe.storage.local import LocalFolder
from imgpipe.storage.ranges import range_of, working_folder

_NEW = "shard.new"


class ShardFolder(LocalFolder):
    """Tar files that are made of what is put here.

    The root is a folder below `.imgpipe` beside the shards, one for each range, where the journal of these shards is
    too. What is put stands there until `publish` has put it into a shard; it counts as standing here all along.
    """

    samples = True

    def __init__(self, location: str, durability: Durability = "rename", calls: Calls = SYSTEM) -> None:
        self.shards = range_of(location)
        self.location = os.path.abspath(location)
        super().__init__(working_folder(location), durability, calls)
        self._indexes = Indexes(self.shards)

    def __reduce__(self) -> tuple[type[ShardFolder], tuple[str, Durability, Calls]]:
        """Another process opens it anew."""
        return ShardFolder, (self.location, self.durability, self.calls)

    @property
    def identity(self) -> str:
        """The folder of the shards."""
        return os.path.realpath(self.shards.folder)

    def stat(self, name: str) -> Entry | None:
        """Nothing: what is in shards of ours is ours, and may be replaced."""
        return None

    def size(self, name: str) -> int | None:
        """Bytes of what waits under a name or is in a shard, None for nothing."""
        waiting = super().size(name)
        if waiting is not None or (shard := self._shard_of(name)) is None:
            return waiting
        member = self._indexes.of(shard).members.get(name)
        return None if member is None else member.bytes

    def read(self, name: str) -> bytes:
        """The whole content of what waits under a name, or else is in a shard; OSError where that is impossible."""
        shard = self._shard_of(name)
        return (
            super().read(name) if shard is None or super().size(name) is not None else self._indexes.read(shard, name)
        )

    def read_into(self, name: str, room: Room) -> Data:
        """As `read`, into memory that `room` gives, or bytes where it gives none."""
        return placed(self.read(name), room)

    def standing(self) -> list[str]:
        """The shards of the range that are there, in order."""
        try:
            there = set(os.listdir(self.shards.folder))
        except OSError:
            return []
        return [shard for shard in self.shards.names if shard in there]

    def holds(self, shard: str, parts: list[Part]) -> bool:
        """Whether a shard is of these already, and none of them waits to be put there anew."""
        try:
            index = self._indexes.of(shard)
        except OSError:
            return False
        members = [(member.name, member.bytes) for member in index.members.values()]
        if index.errors or members != [(part.name, part.size) for part in parts]:
            return False
        return all(super(ShardFolder, self).size(part.name) is None for part in parts)

    def publish(self, shard: str, parts: list[Part]) -> None:
        """Make a shard of these, at once, in the place of what stood there; what else was in that one waits again.

        Raises:
            OSError: nothing was published.
        """
        self._take_out(shard, {part.name for part in parts})
        new, durable = os.path.join(self.root, OWN_FOLDER, _NEW), self.durability == "fsync"
        write_tar(self.calls, new, parts, durable=durable)
        self.calls.replace(new, self.shards.path(shard))
        if durable:
            sync_folder(self.calls, self.shards.folder)
        number = self._number[shard]
        for part in parts:
            self._shard_numbers[hash(part.name)] = number
            if self._may_wait(part.name):
                with suppress(FileNotFoundError, NotADirectoryError):
                    self.calls.unlink(self._path(part.name))

    def drop(self, shard: str) -> None:
        """Remove a shard."""
        self.calls.unlink(self.shards.path(shard))

    def clear(self) -> None:
        """Remove what waits and belongs to no shard, and empty folders."""
        with suppress(FileNotFoundError):
            self.calls.unlink(os.path.join(self.root, OWN_FOLDER, _NEW))
        for entry in os.scandir(self.root):
            if entry.name == OWN_FOLDER:
                continue
            if entry.is_dir(follow_symlinks=False):
                shutil.rmtree(entry.path, ignore_errors=True)
            else:
                self.calls.unlink(entry.path)

    def _take_out(self, shard: str, kept: set[str]) -> None:
        """Put what a shard holds besides these where it waits for another shard."""
        try:
            members = self._indexes.of(shard).members.values()
        except FileNotFoundError:
            return
        for member in members:
            if member.name in kept or self._shard_of(member.name) != shard or not self._may_wait(member.name):
                continue
            if super().size(member.name) is None:
                self.put_pieces(member.name, self._indexes.pieces(shard, member.name))

    def _may_wait(self, name: str) -> bool:
        """Whether the disk takes a file of that name; a tar takes longer ones, as of a text beside a picture."""
        return not self._too_long(*name.split("/"))

    def _shard_of(self, name: str) -> str | None:
        number = self._shard_numbers.get(hash(name))
        return None if number is None else self.shards.names[number]

    @cached_property
    def _number(self) -> dict[str, int]:
        return {shard: number for number, shard in enumerate(self.shards.names)}

    @cached_property
    def _shard_numbers(self) -> dict[int, int]:
        """Which shard a name is in, by hashes; what was left in two by a run that was killed is newer in the first."""
        numbers: dict[int, int] = {}
        for shard in self.standing():
            with suppress(OSError):
                for name in self._indexes.of(shard).members:
                    numbers.setdefault(hash(name), self._number[shard])
        return numbers
