"""Where a run reads and writes: what INPUT and OUTPUT are, and whether they go together."""

from __future__ import annotations

import os

from imgpipe.codecs import by_extension
from imgpipe.discovery import Selection, instead_of
from imgpipe.errors import UsageError
from imgpipe.existing import Existing
from imgpipe.storage import Storage, open_storage

_ARCHIVES = (".zip", ".gz", ".tgz", ".bz2", ".xz", ".zst", ".7z", ".rar")


def open_source(source: str, target: str, selection: Selection) -> tuple[Storage, Selection]:
    """The storage that is read, and which of its files are inputs; UsageError where there is no such input."""
    storage = open_storage(source)
    if storage.samples:
        return storage, selection
    if not storage.remote:
        _check_source(source, target)
    if storage.remote and selection.names is not None:
        return storage, selection
    single = storage.single()
    if single is None:
        return storage, selection
    if selection.names is not None:
        raise UsageError(f"{source} is no folder; the names of --files-from are below INPUT")
    if by_extension(target) and "://" not in target and not os.path.lexists(target):
        raise UsageError(
            f"OUTPUT is a folder, and {target} would be one; give another, and by --name and --format what the picture "
            "in it is called and is"
        )
    folder, name = single
    if storage.remote:
        return open_storage(folder), selection._replace(names=(name,))
    listing = selection.listing._replace(recursive=False, hidden=True)
    return open_storage(folder), selection._replace(only=frozenset([name]), listing=listing)


def _check_source(source: str, target: str) -> None:
    try:
        os.stat(source)
    except (FileNotFoundError, NotADirectoryError, ValueError):
        link = source.rstrip("/")
        if os.path.islink(link):
            if by_extension(link):
                return
            # As of a disk that is not mounted: a file of no kind would be skipped, and all well.
            raise UsageError(f"the input {source} is a link to {os.readlink(link)}, which is not there") from None
        raise UsageError(f"there is no input {source}{instead_of(source, target)}") from None
    except OSError as error:
        raise UsageError(f"cannot look at the input {source}: {error.strerror}") from None


def check_target(source: Storage, target: Storage, existing: Existing) -> None:
    """See that outputs can be put there; UsageError."""
    if target.remote:
        if existing.in_place:
            raise UsageError(f"--in-place is for local folders; {target.root} is none: give another OUTPUT")
        if obstacle := target.obstacle("a"):
            raise UsageError(f"cannot write to {target.root}: {obstacle}")
    elif os.path.lexists(target.root) and not os.path.isdir(target.root):
        folder = "the folder of INPUT" if existing.in_place else "a folder"
        raise UsageError(f"{target.root} is no folder; OUTPUT is {folder}")
    elif target.root.lower().endswith(_ARCHIVES) and not os.path.lexists(target.root):
        raise UsageError(
            f"OUTPUT is a folder or a shard, and {os.path.basename(target.root)} would be a folder; give another, or "
            "something.tar"
        )
    same = source.identity == target.identity or _is_one_folder(source, target)
    if same and not existing.in_place:
        raise UsageError(
            f"input and output are the same folder, {source.root}; give another output, "
            "or --in-place to replace each picture by what is made of it"
        )
    if existing.in_place and not same:
        raise UsageError("with --in-place INPUT and OUTPUT are the same folder")


def place_in(target: Storage, source: Storage) -> str:
    """Where the input folder is in the output folder; empty where it is elsewhere."""
    above = os.path.join(target.identity, "")
    folders = not (source.remote or target.remote or source.samples or target.samples)
    if not folders or not source.identity.startswith(above):
        return ""
    return f"{source.identity.removeprefix(above)}/"


def _is_one_folder(source: Storage, target: Storage) -> bool:
    """Whether two real paths lead to one folder: it is mounted twice, or its disk takes two names for one."""
    if source.calls is None or target.calls is None:
        return False
    try:
        return os.path.samefile(source.root, target.root)
    except OSError:
        return False
