"""Shards as a storage to read: tar files of pictures with texts beside them, as WebDataset has them.

A sample is the files whose names are the same up to the first dot of their last part; those that are no pictures are
sidecars of the picture, and no inputs. In a range of shards a file is `SHARD/NAME`, since every shard may have a
`0.jpg`; in a single tar it is `NAME`.
"""

from __future__ import annotations

import errno
import hashlib
import os
from collections.abc import Iterator

from imgpipe.storage import Durability, Entry, Listing
from imgpipe.storage.calls import SYSTEM
from imgpipe.storage.indexes import Index, Indexes, key_of_sample
from imgpipe.storage.listing import is_visible
from imgpipe.storage.members import Member
from imgpipe.storage.ranges import range_of
from imgpipe.storage.read_only import ReadOnly


class Shards(ReadOnly):
    """Tar files that are read. Every method may be called from any thread.

    Opening says what is missing; UsageError.
    """

    unwritable = "shards of an input are read, not written"
    calls = SYSTEM
    remote = False
    samples = True

    def __init__(self, location: str, durability: Durability = "rename") -> None:
        self._location = location
        self.shards = range_of(location)
        self.shards.check()
        self._names = frozenset(self.shards.names)
        self.root = os.path.abspath(location)
        self.identity = os.path.realpath(self.root)
        self.durability = durability
        self._indexes = Indexes(self.shards)

    def __reduce__(self) -> tuple[type[Shards], tuple[str, Durability]]:
        """Another process opens them anew."""
        return Shards, (self.root, self.durability)

    def single(self) -> None:
        """They hold files, and are none."""

    def list(self, listing: Listing) -> Iterator[Entry]:
        """The files in all shards, in the order in which they stand there."""
        for shard in self.shards.names:
            try:
                index = self._indexes.of(shard)
            except OSError as error:
                yield Entry(shard, 0, 0, error=f"cannot read the shard: {error.strerror}")
                continue
            for member in index.members.values():
                folder, _, _ = member.name.rpartition("/")
                if (listing.recursive or not folder) and is_visible(member.name, listing):
                    yield self._entry(shard, index, member)
            for reason in index.errors:
                yield Entry(shard, 0, 0, error=reason)

    def find(self, name: str, listing: Listing) -> Entry:  # noqa: ARG002 - the protocol has it
        """The entry of that name, hidden or not; one with an error where there is none."""
        try:
            return self._entry(*self._found(name))
        except OSError as error:
            return Entry(name, 0, 0, error=f"there is no such input: {error.strerror}")

    def read(self, name: str) -> bytes:
        """The whole content; OSError where that is impossible."""
        return self._read(name, None)

    def head(self, name: str, count: int) -> bytes:
        """The first bytes of the content; OSError where they cannot be read."""
        return self._read(name, count)

    def digest(self, name: str) -> str:
        """A digest of the whole content, and of what is beside it in its sample; OSError where that cannot be read."""
        digest = hashlib.blake2b()
        for piece in self.pieces(name):
            digest.update(piece)
        for ending, other in self.sample_of(name):
            if other != name:
                digest.update(f"{ending!r}{self.size(other)}:".encode())
                for piece in self.pieces(other):
                    digest.update(piece)
        return digest.hexdigest()

    def pieces(self, name: str) -> Iterator[bytes]:
        """The whole content, however large, a piece at a time; OSError where that is impossible."""
        return self._indexes.pieces(*self._member(name))

    def stat(self, name: str) -> Entry | None:
        """What stands under a name, None for nothing."""
        try:
            return self._entry(*self._found(name))
        except FileNotFoundError:
            return None

    def prefix_of(self, name: str) -> str:
        """What stands before a file's name in its shard."""
        return f"{name.partition('/')[0]}/" if self.shards.ranged else ""

    def sample_of(self, name: str) -> Iterator[tuple[str, str]]:
        """All files of the sample that a file belongs to, itself too: what follows the key, and the name."""
        shard, index, member = self._found(name)
        key = key_of_sample(member.name)
        return ((inside[len(key) :], self._name(shard, inside)) for inside in index.samples[key])

    def _read(self, name: str, count: int | None) -> bytes:
        return self._indexes.read(*self._member(name), count)

    def _member(self, name: str) -> tuple[str, str]:
        shard, inside = self._place(name)
        if shard not in self._names:
            raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT))
        return shard, inside

    def _found(self, name: str) -> tuple[str, Index, Member]:
        shard, inside = self._place(name)
        index = self._indexes.of(shard) if shard in self._names else None
        member = index.members.get(inside) if index is not None else None
        if index is None or member is None:
            raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT))
        return shard, index, member

    def _place(self, name: str) -> tuple[str, str]:
        """The shard and the name in it."""
        if not self.shards.ranged:
            return self.shards.names[0], name
        shard, _, inside = name.partition("/")
        return f"{shard}.tar", inside

    def _name(self, shard: str, inside: str) -> str:
        return f"{shard.removesuffix('.tar')}/{inside}" if self.shards.ranged else inside

    def _entry(self, shard: str, index: Index, member: Member) -> Entry:
        # The times in a tar are often all 0 and say nothing.
        return Entry(self._name(shard, member.name), member.bytes, index.status.st_mtime_ns, inode=index.status.st_ino)
