"""Locations of shards: one tar, or a range of them as `shards/{000000..000099}.tar`."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from typing import NamedTuple

from imgpipe.errors import UsageError
from imgpipe.storage.listing import OWN_FOLDER

_RANGE = re.compile(r"\{(\d+)\.\.(\d+)\}", re.ASCII)
_ENDING = ".tar"
_MOST = 1_000_000
_SHOWN = 5


@dataclass(frozen=True, slots=True)
class ShardSize:
    """How large a shard becomes at most.

    Attributes:
        count: samples.
        bytes: of the file; a sample that is larger alone is a shard of its own.
    """

    count: int = 10_000
    bytes: int = 1_000_000_000


class Range(NamedTuple):
    """Shards in one folder.

    Attributes:
        folder: where they are, an absolute path.
        names: of the files, in order.
        pattern: what their names have in common, with `{}` for the number and without `.tar`.
        ranged: whether they were given as a range, also as one of a single shard.
    """

    folder: str
    names: tuple[str, ...]
    pattern: str
    ranged: bool

    def path(self, shard: str) -> str:
        """Of the file of that name."""
        return os.path.join(self.folder, shard)

    def check(self) -> None:
        """UsageError where some are missing, which names the first of these."""
        missing = [name for name in self.names if not os.path.lexists(self.path(name))]
        if missing:
            more = f" and {len(missing) - _SHOWN} more" if len(missing) > _SHOWN else ""
            shown = ", ".join(missing[:_SHOWN])
            raise UsageError(f"of {len(self.names)} shards in {self.folder} are missing: {shown}{more}")

    def common(self, other: Range) -> str:
        """A shard that is also one of others, itself or where it is a link to it; empty where there is none."""
        ours, theirs = os.path.realpath(self.folder), os.path.realpath(other.folder)
        names = {os.path.join(theirs, name) for name in other.names}
        for name in self.names:
            path = os.path.join(ours, name)
            if path in names or (os.path.islink(path) and os.path.realpath(path) in names):
                return name
        return ""


def is_shards(location: str) -> bool:
    """Whether a path is that of tar files: it ends in `.tar` and is a range or a file."""
    return may_be_shards(location) and (
        _RANGE.search(os.path.basename(location)) is not None or os.path.isfile(location)
    )


def may_be_shards(location: str) -> bool:
    """Whether a path is that of tar files, of which none need be there yet; UsageError for a URL of such."""
    if not location.endswith(_ENDING):
        return False
    if "://" in location:
        from imgpipe.storage.location import shown

        raise UsageError(
            f"{shown(location)}: shards are local files; copy them from or to there with the cloud's own tools"
        )
    return not os.path.isdir(location)


def check_apart(source: str, target: str) -> None:
    """See that no shard is read and written at once; UsageError."""
    if may_be_shards(source) and may_be_shards(target) and (both := range_of(source).common(range_of(target))):
        raise UsageError(f"{both} is both INPUT and OUTPUT; write shards to another folder")


def working_folder(location: str) -> str:
    """Where the journal of an output is, and outputs wait for their shard; what is no shards is that itself.

    It is the same for all ranges of one pattern, so that a run goes on with a larger one.
    """
    if not may_be_shards(location):
        return location
    shards = range_of(location)
    return os.path.join(shards.folder, OWN_FOLDER, shards.pattern)


def range_of(location: str) -> Range:
    """The shards that a path names; `{000..099}` counts up, with zeros in front where the first number has them.

    Raises:
        UsageError: it is no such path, or counts down.

    >>> range_of("/data/train-{008..010}.tar").names
    ('train-008.tar', 'train-009.tar', 'train-010.tar')
    """
    folder, name = os.path.split(os.path.abspath(location))
    found = list(_RANGE.finditer(name))
    if not found:
        return Range(folder, (name,), name.removesuffix(_ENDING), ranged=False)
    if len(found) > 1 or _RANGE.search(folder):
        raise UsageError(f"{location} has several ranges; shards are one in one folder, as {{000000..000099}}.tar")
    match = found[0]
    first, last, width = int(match[1]), int(match[2]), len(match[1])
    if last < first:
        raise UsageError(f"the range {match[0]} counts down; it is {{{match[2]}..{match[1]}}}")
    if last - first >= _MOST:
        raise UsageError(f"the range {match[0]} has more than {_MOST:,} shards")
    before, after = name[: match.start()], name[match.end() :]
    names = tuple(f"{before}{number:0{width}}{after}" for number in range(first, last + 1))
    return Range(folder, names, f"{before}{{}}{after.removesuffix(_ENDING)}", ranged=True)
