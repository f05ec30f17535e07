"""Finding inputs: what a storage lists becomes sources, or items where there is nothing to do."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import suppress
from fnmatch import fnmatchcase
from functools import cache
from typing import NamedTuple

from imgpipe import codecs
from imgpipe.filters.option import closest
from imgpipe.job import Failure, Item, Source, Status
from imgpipe.storage import Entry, Listing, Storage
from imgpipe.storage.listing import OWN_FOLDER

_HEAD = 64
_SHARDS = "; pictures in tar files are read where INPUT is x.tar, or several as 'x-{0000..0099}.tar'"


class Selection(NamedTuple):
    """Which files of a storage are inputs.

    Attributes:
        listing: how the storage is walked.
        include: globs; a file, or a folder that it lies in, must match one of them, by its whole name below the root or
            its last part.
        exclude: globs; neither a file nor a folder that it lies in may match one.
        only: names of the files to take, where INPUT is one file.
        names: the files to look at, in this order, where the storage is not to be listed.
        listed: the names come of a listing; what is there no more is no input then, as in a listing of its own.
        stayed: where files have gone since the listing before, one that has not; it is no input by that.
    """

    listing: Listing = Listing()
    include: tuple[str, ...] = ()
    exclude: tuple[str, ...] = ()
    only: frozenset[str] = frozenset()
    names: tuple[str, ...] | None = None
    listed: bool = False
    stayed: str = ""

    def chooses(self, name: str) -> bool:
        """Whether a file is chosen; the content is not looked at."""
        if self.only and name not in self.only:
            return False
        if self.include and not _matches(name, self.include):
            return False
        return not (self.exclude and _matches(name, self.exclude))

    def may_be_in(self, folder: str) -> bool:
        """Whether files below a folder can be chosen; what it holds is not known."""
        return not _matches(f"{folder}/", self.exclude)


def find(storage: Storage, selection: Selection) -> Iterator[Source | Item]:
    """The sources below a storage's root, in the order in which they are listed or named.

    A file is a picture by its extension; the content of files without a known one is looked at, and those
    that are no picture come as skipped items. What cannot be read comes as a failed item.
    """
    for entry in _entries(storage, selection):
        if selection.may_be_in(entry.name) if entry.error else selection.chooses(entry.name):
            source = _source(storage, entry)
            if not (isinstance(source, Item) and source.status is Status.SKIPPED and storage.samples):
                yield source


def instead_of(source: str, target: str) -> str:
    """What a missing input may have been meant to be: something beside it, or the two were exchanged."""
    if source == "-":
        return "; pictures come from a folder or a file, and --files-from - takes their names from standard input"
    folder, name = os.path.split(source.rstrip("/"))
    if set(name) & set("*?[") and os.path.isdir(folder or "."):
        import shlex

        return f"; INPUT is {folder or '.'} then, and --include {shlex.quote(name)} chooses in it"
    with suppress(OSError):
        if near := closest(name, os.listdir(folder or ".")):
            return f"; did you mean {os.path.join(folder, near)}?"
    return f", but there is {target}: INPUT comes first, then OUTPUT" if may_be_input(target) else ""


def may_be_input(target: str) -> bool:
    """Whether what is named as the output is a folder with files, and no run has written there yet."""
    with suppress(OSError):
        names = os.listdir(target)
        return bool(names) and OWN_FOLDER not in names
    return False


def _entries(storage: Storage, selection: Selection) -> Iterator[Entry]:
    if selection.names is None:
        return storage.list(selection.listing)
    found = (storage.find(name, selection.listing) for name in dict.fromkeys(selection.names))
    return (entry for entry in found if not _has_gone(storage, entry)) if selection.listed else found


def _has_gone(storage: Storage, entry: Entry) -> bool:
    with suppress(OSError):
        return bool(entry.error) and storage.stat(entry.name) is None
    return False


def _source(storage: Storage, entry: Entry) -> Source | Item:
    source = Source(entry.name, codecs.by_extension(entry.name), entry.bytes, entry.modified, entry.inode)
    if entry.error:
        return Item(source, Status.FAILED, failure=Failure("OSError", entry.error))
    if source.format is not None:
        return source
    try:
        shown = codecs.sniff(storage.head(entry.name, _HEAD))
    except OSError as error:
        return Item(source, Status.SKIPPED, reason=f"no picture by its name, and cannot be read: {error.strerror}")
    if shown is None:
        advice = _SHARDS if entry.name.lower().endswith(".tar") else ""
        return Item(source, Status.SKIPPED, reason=f"no picture, by its name and by its content{advice}")
    return source._replace(format=shown)


def _matches(name: str, globs: tuple[str, ...]) -> bool:
    """Whether a file, or a folder that it lies in, matches: by its whole name below the root or its last part."""
    written = {each for glob in globs for each in _as_matched(glob)}
    while name and written:
        last = name.rpartition("/")[2]
        if any(fnmatchcase(name, glob) or fnmatchcase(last, glob) for glob in written):
            return True
        name = name[: -len(last) - 1]
    return False


@cache
def _as_matched(glob: str) -> tuple[str, ...]:
    """A glob as names are written; `**/` is any folders or none, and `/` at its end says that a folder is meant."""
    plain = glob.removeprefix("./").rstrip("/") or glob
    return plain, plain.replace("**/", "")
