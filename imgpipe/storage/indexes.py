"""Where in tar files their members are: headers are read once, and kept for the last few files."""

from __future__ import annotations

import errno
import os
import threading
from collections import OrderedDict
from collections.abc import Iterator
from dataclasses import dataclass

from imgpipe.storage.members import Member, members_of, read_at
from imgpipe.storage.ranges import Range

_KEPT = 4
_PIECE = 1 << 20


@dataclass(frozen=True, slots=True)
class Index:
    """What one tar holds, as it was when its headers were read.

    Attributes:
        status: of the file then.
        members: that can be read, by their names, in order.
        errors: why others cannot.
        samples: names of all members of a sample, by its key.
    """

    status: os.stat_result
    members: dict[str, Member]
    errors: tuple[str, ...]
    samples: dict[str, list[str]]


class Indexes:
    """Of the shards in a range. Every method may be called from any thread."""

    def __init__(self, shards: Range) -> None:
        self._shards = shards
        self._lock = threading.Lock()
        self._kept: OrderedDict[str, Index] = OrderedDict()

    def of(self, shard: str) -> Index:
        """What a shard holds now; OSError where it is not there or cannot be read."""
        path = self._shards.path(shard)
        status = os.stat(path)
        with self._lock:
            index = self._kept.get(shard)
            if index is None or not _is_same(index.status, status):
                index = self._kept[shard] = _indexed(path, status)
            self._kept.move_to_end(shard)
            while len(self._kept) > _KEPT:
                self._kept.popitem(last=False)
            return index

    def read(self, shard: str, name: str, count: int | None = None) -> bytes:
        """The first bytes of a member, or all of it; OSError where that is impossible."""
        index, member = self._found(shard, name)
        data = read_at(self._shards.path(shard), member, member.bytes if count is None else count)
        self._check_same(shard, index)
        return data

    def pieces(self, shard: str, name: str) -> Iterator[bytes]:
        """All of a member, however large, a piece at a time; OSError where that is impossible."""
        index, member = self._found(shard, name)
        for start in range(0, member.bytes, _PIECE):
            rest = Member(name, member.offset + start, member.bytes - start)
            yield read_at(self._shards.path(shard), rest, _PIECE)
        self._check_same(shard, index)

    def _found(self, shard: str, name: str) -> tuple[Index, Member]:
        index = self.of(shard)
        member = index.members.get(name)
        if member is None:
            raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT))
        return index, member

    def _check_same(self, shard: str, index: Index) -> None:
        if not _is_same(os.stat(self._shards.path(shard)), index.status):
            raise OSError(errno.EBUSY, f"the shard {shard} changed while it was read")


def key_of_sample(name: str) -> str:
    """What the names of all files of a sample begin with, by WebDataset's rule.

    >>> key_of_sample("a.b/c.seg.png")
    'a.b/c'
    """
    folder, slash, last = name.rpartition("/")
    return folder + slash + last.partition(".")[0]


def _indexed(path: str, status: os.stat_result) -> Index:
    members: dict[str, Member] = {}
    samples: dict[str, list[str]] = {}
    errors = []
    for member in members_of(path):
        if member.error:
            errors.append(member.error)
        elif member.name in members:
            errors.append(f"{member.name!r} is there twice; the first one counts")
        else:
            members[member.name] = member
            samples.setdefault(key_of_sample(member.name), []).append(member.name)
    return Index(status, members, tuple(errors), samples)


def _is_same(before: os.stat_result, now: os.stat_result) -> bool:
    return (before.st_ino, before.st_size, before.st_mtime_ns) == (now.st_ino, now.st_size, now.st_mtime_ns)
