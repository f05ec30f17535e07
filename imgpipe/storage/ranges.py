"""Locations of shards: one tar, or a range of them as `shards/{000000..000099}.tar`."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass

from imgpipe.errors import UsageError

_RANGE = re.compile(r"\{(\d+)\.\.(\d+)\}")
_ENDING = ".tar"
_MOST = 1_000_000
_SHOWN = 5


@dataclass(frozen=True, slots=True)
class Range:
    """Shards in one folder.

    Attributes:
        folder: where they are, an absolute path.
        names: of the files, in order.
        ranged: whether they were given as a range, also as one of a single shard.
    """

    folder: str
    names: tuple[str, ...]
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
        raise UsageError(f"{location}: shards are local files; copy them from or to there with the cloud's own tools")
    return not os.path.isdir(location)


def check_apart(source: str, target: str) -> None:
    """See that no shard is read and written at once; UsageError."""
    if may_be_shards(source) and may_be_shards(target):
        read, written = range_of(source), range_of(target)
        same = os.path.realpath(read.folder) == os.path.realpath(written.folder)
        if same and (both := sorted({*read.names} & {*written.names})):
            raise UsageError(f"{both[0]} is both INPUT and OUTPUT; write shards to another folder")


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
        return Range(folder, (name,), ranged=False)
    if len(found) > 1 or _RANGE.search(folder):
        raise UsageError(
            f"{location} has several ranges; shards are one range in one folder, as {{000000..000099}}.tar"
        )
    match = found[0]
    first, last, width = int(match[1]), int(match[2]), len(match[1])
    if last < first:
        raise UsageError(f"the range {match[0]} counts down; it is {{{match[2]}..{match[1]}}}")
    if last - first >= _MOST:
        raise UsageError(f"the range {match[0]} has more than {_MOST:,} shards")
    before, after = name[: match.start()], name[match.end() :]
    names = (f"{before}{number:0{width}}{after}" for number in range(first, last + 1))
    return Range(folder, tuple(names), ranged=True)
