"""Which files of a local folder there are: links to folders are not followed, and imgpipe's own files are none."""

from __future__ import annotations

import os
import stat
from bisect import bisect_left
from collections.abc import Iterator
from operator import attrgetter
from typing import NamedTuple

from imgpipe.storage import Entry, Listing, is_name
from imgpipe.storage.origins import is_made_from_above

TEMPORARY_PREFIX = ".imgpipe-"
OWN_FOLDER = ".imgpipe"

_BY_NAME = attrgetter("name")


class _Folder(NamedTuple):
    """A folder to be listed.

    Attributes:
        prefix: of the names in it, empty or with a slash at its end.
        real: its real path.
        above: which folders it is in, as links may lead back to them.
    """

    prefix: str
    real: str
    above: tuple[tuple[int, int], ...] = ()


def walk(root: str, listing: Listing) -> Iterator[Entry]:
    """The files below a folder, folder by folder, sorted by name."""
    # Not by recursion: a tree may be deeper than Python's stack.
    waiting = [_Folder("", os.path.realpath(root))]
    while waiting:
        prefix, real, above = waiting.pop()
        if real == listing.leave_out:
            continue
        path = os.path.join(root, prefix)
        try:
            status = os.stat(path)
            with os.scandir(path) as entries:
                in_order = sorted(entries, key=_BY_NAME)
        except OSError as error:
            yield Entry(prefix.rstrip("/") or ".", 0, 0, error=f"cannot list the folder: {error.strerror}")
            continue
        here = (status.st_dev, status.st_ino)
        if here in above or (prefix and _is_output_of_what_is_above(path, in_order)):
            continue
        folders, inside = [], (*above, here)
        in_order.reverse()
        while in_order:
            # Taken out, as each keeps what it was asked for: a hundred thousand may be in one folder.
            entry = in_order.pop()
            name = prefix + entry.name
            if not _is_visible(entry.name, listing):
                continue
            if not _is_folder(entry):
                yield Entry(name, 0, 0) if listing.names_only else _entry(name, entry)
            elif listing.recursive and (listing.follow_symlinks or not entry.is_symlink()):
                folders.append(_Folder(f"{name}/", _real(entry, real), inside))
        waiting.extend(reversed(folders))


def _real(folder: os.DirEntry[str], above: str) -> str:
    """The real path of a folder; to ask the system for each would take the third power of their depth."""
    return os.path.realpath(folder.path) if folder.is_symlink() else os.path.join(above, folder.name)


def _is_output_of_what_is_above(path: str, entries: list[os.DirEntry[str]]) -> bool:
    """Whether to read it would be to make pictures of what was made of them."""
    at = bisect_left(entries, OWN_FOLDER, key=_BY_NAME)
    return at < len(entries) and entries[at].name == OWN_FOLDER and is_made_from_above(os.path.join(path, OWN_FOLDER))


class Finder:
    """Finds entries below a root by name, as `walk` would have them, hidden or not.

    What was seen of folders is remembered: to ask for the real path of each name's would take most of the time.
    """

    def __init__(self, root: str) -> None:
        self._root = root
        self._in_outputs: dict[str, bool] = {}
        self._looked_at: tuple[str, Listing | None] = "", None
        self._reason = ""

    def find(self, name: str, listing: Listing) -> Entry:
        """The entry of that name; one with an error where there is none."""
        path = os.path.join(self._root, name)
        try:
            if not is_name(name) or any(map(_is_own, name.split("/"))):
                return Entry(name, 0, 0, error="is no name of an input")
            status = os.stat(path)
        except (OSError, ValueError) as error:
            why = f"there is no such input: {getattr(error, 'strerror', None) or error}"
            return Entry(name, 0, 0, error=why + _below_root(self._root, name))
        is_folder = stat.S_ISDIR(status.st_mode)
        reason = "is a folder" if is_folder else self._why_not_from(os.path.dirname(path), listing)
        return Entry(name, 0, 0, error=reason) if reason else seen(name, status)

    def _why_not_from(self, folder: str, listing: Listing) -> str:
        """Why a folder is not entered, empty where it is; names that follow each other are mostly in one."""
        if self._looked_at != (folder, listing):
            self._reason = _hidden_away(folder, self._root, listing, self._in_outputs)
            self._looked_at = folder, listing
        return self._reason


def _below_root(root: str, name: str) -> str:
    """What a name should have been that begins with the folder itself, as `find photos` prints it."""
    above, _, below = name.partition("/")
    meant = below and above == os.path.basename(root) and os.path.lexists(os.path.join(root, below))
    return f"; names are relative to INPUT: {below}" if meant else ""


def _hidden_away(folder: str, root: str, listing: Listing, in_outputs: dict[str, bool]) -> str:
    """Why a folder is not entered, empty where it is."""
    real = os.path.realpath(folder)
    if listing.leave_out is not None and os.path.join(real, "").startswith(os.path.join(listing.leave_out, "")):
        return "is in the output folder, which is not read"
    if _is_in_output(folder, root, in_outputs):
        return "is in an output that was made of a folder around it, and such are not read"
    here = os.path.normpath(os.path.join(os.path.realpath(root), os.path.relpath(folder, root)))
    if real != here and not listing.follow_symlinks:
        return "is behind a linked folder; --follow-symlinks goes there"
    return ""


def _is_in_output(folder: str, root: str, known: dict[str, bool]) -> bool:
    inside = []
    while len(folder) > len(root) and folder not in known:
        inside.append(folder)
        folder = os.path.dirname(folder)
    found = known.get(folder, False)
    for each in reversed(inside):
        found = known[each] = found or is_made_from_above(os.path.join(each, OWN_FOLDER))
    return found


def is_visible(name: str, listing: Listing) -> bool:
    """Whether a path is listed, none of whose parts is hidden away."""
    return all(_is_visible(part, listing) for part in name.split("/"))


def _is_visible(name: str, listing: Listing) -> bool:
    return not name.startswith(".") or (listing.hidden and not _is_own(name))


def _is_own(name: str) -> bool:
    return name.startswith(TEMPORARY_PREFIX) or name == OWN_FOLDER


def _is_folder(entry: os.DirEntry[str]) -> bool:
    try:
        return entry.is_dir()
    except OSError:
        return False


def _entry(name: str, entry: os.DirEntry[str]) -> Entry:
    try:
        status = entry.stat()
    except OSError:
        return Entry(name, 0, 0)
    return seen(name, status)


def seen(name: str, status: os.stat_result) -> Entry:
    """The entry of a file as it is."""
    return Entry(name, status.st_size, status.st_mtime_ns, inode=status.st_ino)
