"""Where pictures come from and go to: a storage is a root with names below it.

A name is a path below the root with `/` between its parts; bytes that are no UTF-8 are surrogate-escaped.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from typing import Literal, NamedTuple, Protocol, TypeAlias

from imgpipe.errors import UsageError
from imgpipe.job import Source
from imgpipe.storage.calls import Calls

Durability: TypeAlias = Literal["rename", "fsync"]
"""What a published file survives: ``"rename"`` the death of the run at any instant, ``"fsync"`` a power loss too."""

Data: TypeAlias = bytes | memoryview
"""The content of a file."""

Room: TypeAlias = Callable[[int], memoryview | None]
"""Gives memory for so many bytes, None where there is none."""


class Entry(NamedTuple):
    """What a listing found.

    Attributes:
        name: below the root.
        bytes: its size.
        modified: when it was last changed, in ns since 1970.
        error: why it cannot be listed, for a folder that cannot be read; else empty.
        inode: which file it is, of an object a number made of its ETag; 0 where the storage knows no such number.
    """

    name: str
    bytes: int
    modified: int
    error: str = ""
    inode: int = 0


class Attributes(NamedTuple):
    """What an output may take over of its source besides the content.

    Attributes:
        mode: who may do what: the nine bits of POSIX.
        modified: when it was last changed, in ns since 1970.
        accessed: when it was last read.
    """

    mode: int
    modified: int
    accessed: int


class Listing(NamedTuple):
    """Which entries a listing yields.

    Attributes:
        recursive: also those in folders below.
        hidden: also names that begin with a dot.
        follow_symlinks: also what lies behind linked folders; linked files are always listed.
        leave_out: real path of a folder that is not entered (the output inside the input).
        names_only: without sizes and times, which is quicker.
    """

    recursive: bool = True
    hidden: bool = False
    follow_symlinks: bool = False
    leave_out: str | None = None
    names_only: bool = False


class Storage(Protocol):
    """A root with names below it. Every method may be called from any thread.

    It can be pickled, or opened anew in another process by the location and durability that it was opened with.

    Attributes:
        root: where it is, in words that may be shown.
        durability: what is survived by files that were put.
        samples: files of one key belong together (`key.jpg`, `key.json`), and those that are no pictures are no inputs.
    """

    root: str
    durability: Durability
    samples: bool

    @property
    def identity(self) -> str:
        """The same text for all ways to name one place; without secrets."""

    @property
    def remote(self) -> bool:
        """Whether each call takes a while, and many at once take no longer."""

    @property
    def calls(self) -> Calls | None:
        """The system calls that write, also the journal of what is put here; None where the system does not."""

    def single(self) -> tuple[str, str] | None:
        """Where the location is that of one file: the location of what it is in, and its name there; else None."""

    def list(self, listing: Listing) -> Iterator[Entry]:
        """The entries, in an order that is always the same; a folder that cannot be read is one with an error."""

    def find(self, name: str, listing: Listing) -> Entry:
        """The entry of that name as a listing has it, hidden or not; one with an error where there is none."""

    def read(self, name: str) -> bytes:
        """The whole content; OSError where that is impossible."""

    def head(self, name: str, count: int) -> bytes:
        """The first bytes of the content; OSError where they cannot be read."""

    def stat(self, name: str) -> Entry | None:
        """What stands under a name, None for nothing."""

    def size(self, name: str) -> int | None:
        """Bytes of what stands under a name, None for nothing; the quick way where only that is asked."""

    def digest(self, name: str) -> str:
        """A digest of the whole content; OSError where it cannot be read."""

    def obstacle(self, name: str) -> str:
        """Why a file of that name cannot be put, as far as that can be seen; else empty."""

    def writable(self) -> bool:
        """Whether files can be put at all, as far as that can be seen."""

    def folds_names(self) -> bool:
        """Whether names that differ only in case are one."""

    def attributes(self, name: str) -> Attributes:
        """Times and mode of a file; OSError where it is not there."""

    def put(self, name: str, data: Data, like: Attributes | None = None, *, fresh: bool = False) -> None:
        """Publish a whole file at once, replacing what stood there; OSError where nothing was published.

        Args:
            name: where.
            data: what.
            like: its times and mode, as in `putting`.
            fresh: nothing stood there when that was looked at; FileExistsError where something does now, as far as the
                storage can see that in the moment of publishing.
        """

    def putting(
        self, name: str, data: Data, like: Attributes | None = None, over: Source | None = None
    ) -> AbstractContextManager[Entry]:
        """As `put`, but publish when the block is left; it gets what will stand there.

        Args:
            name: where.
            data: what.
            like: its times and mode, where they are not to be those of any new file; as far as the disk has these.
            over: what must stand there until then, else nothing is published; its mode is kept.
        """

    def remove(self, name: str, bytes: int) -> bool:
        """Remove a file of that size; False where none stands there, OSError where it cannot be removed."""

    def sync(self) -> None:
        """Where the durability is ``"fsync"``: make all that was put survive a power loss."""


_NO_NAMES = {"", ".", ".."}


def is_name(text: str) -> bool:
    """Whether it is a path that leads to somewhere below a root, and to nowhere else."""
    return "\0" not in text and _NO_NAMES.isdisjoint(text.split("/")) and (text.isascii() or _has_bytes(text))


def _has_bytes(text: str) -> bool:
    """Whether a system can be asked for it: JSON knows halves of characters that no name can hold."""
    try:
        os.fsencode(text)
    except UnicodeEncodeError:
        return False
    return True


def open_storage(location: str, durability: Durability = "rename") -> Storage:
    """The storage that a path or URL names; UsageError where there is none for it."""
    from imgpipe.storage.ranges import is_shards

    if not location:
        # It would be the folder that the process is in: what is written there, or pruned, nobody has meant.
        raise UsageError("the name of a folder is empty (a variable that is not set?); . is the folder that you are in")
    _check_slashes(location)
    if is_shards(location):
        from imgpipe.storage.shards import Shards

        return Shards(location, durability)
    if "://" in location:
        from imgpipe.storage.location import BUCKETS, WEB, scheme_of, shown

        scheme = scheme_of(location)
        if scheme in BUCKETS:
            from imgpipe.storage.cloud import CloudFolder

            return CloudFolder(location, durability)
        if scheme in WEB:
            from imgpipe.storage.web import WebFolder

            return WebFolder(location, durability)
        if scheme:
            raise UsageError(
                f"cannot use {shown(location)}: there is no storage for {scheme}:// here; give a local folder, or "
                + ", ".join(f"{known}://" for known in (*BUCKETS, *WEB))
            )
    from imgpipe.storage.local import LocalFolder

    return LocalFolder(location, durability)


def open_target(location: str, durability: Durability = "rename") -> Storage:
    """As `open_storage`, where outputs are to go: `x.tar` is a shard to be made, but for a folder of that name."""
    from imgpipe.storage.ranges import may_be_shards

    _check_slashes(location)
    if may_be_shards(location):
        from imgpipe.storage.shard_folder import ShardFolder

        return ShardFolder(location, durability)
    return open_storage(location, durability)


def _check_slashes(location: str) -> None:
    if ":/" in location:
        from imgpipe.storage.location import check_slashes

        check_slashes(location)
