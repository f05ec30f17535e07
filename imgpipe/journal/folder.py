"""The folder `.imgpipe` in an output folder: one run at a time, and what a dead one left is swept."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress

from imgpipe.concurrency.lineage import is_copy_of
from imgpipe.errors import UsageError
from imgpipe.storage.calls import Calls, make_folders, sync_folder
from imgpipe.storage.listing import OWN_FOLDER, TEMPORARY_PREFIX

_LOCK = "lock"


def folder_of(output: str) -> str:
    """Where an output folder keeps its journal."""
    return os.path.join(output, OWN_FOLDER)


def make_folder(output: str, calls: Calls, *, durable: bool) -> str:
    """Make it where it is missing, and the output folder too; OSError where that is impossible."""
    folder = folder_of(output)
    changed = make_folders(calls, folder)
    if durable:
        for path in changed:
            sync_folder(calls, path)
    return folder


@contextmanager
def locked(folder: str, output: str, calls: Calls) -> Iterator[None]:
    """Hold the lock of an output folder, which is free at once when its owner dies, however that happens.

    Raises:
        UsageError: another run holds it.
        OSError: it cannot be taken.
    """
    descriptor = calls.open(os.path.join(folder, _LOCK), os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o666)
    owner = os.getpid()
    try:
        _lock(descriptor, output)
        yield
    finally:
        # A process that was forked meanwhile has it open too, and may outlive this one.
        if not is_copy_of(owner):
            _unlock(descriptor)
        with suppress(OSError):  # nothing was written to it
            os.close(descriptor)


def sweep(output: str, names: Iterable[str], calls: Calls) -> None:
    """Remove temporaries beside these outputs, of which a run that died may have left some.

    Only for the owner of the lock: it says that no other run is alive, but for one to a folder in this or around it.
    """
    for path in {os.path.join(output, os.path.dirname(name)) for name in names}:
        found = [name for name in _names(path) if name.startswith(TEMPORARY_PREFIX)]
        if found and not _is_written_by_another(path, output):
            for name in found:
                with suppress(OSError):
                    calls.unlink(os.path.join(path, name))


def _is_written_by_another(path: str, output: str) -> bool:
    """Whether a folder is in the output of another run that is alive; that around ours, or one in ours."""
    folder, ours = os.path.realpath(path), os.path.realpath(output)
    while True:
        if folder != ours and _is_locked(os.path.join(folder_of(folder), _LOCK)):
            return True
        if (above := os.path.dirname(folder)) == folder:
            return False
        folder = above


def _is_locked(path: str) -> bool:
    try:
        descriptor = os.open(path, os.O_RDWR | os.O_CLOEXEC)
    except OSError:
        return False
    try:
        _lock(descriptor, path)
    except UsageError:
        return True
    except OSError:
        return False
    finally:
        os.close(descriptor)
    return False


def _lock(descriptor: int, output: str) -> None:
    if sys.platform == "win32":
        return
    import fcntl

    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        raise UsageError(f"another run is writing to {output}; wait for it or stop it") from None


def _unlock(descriptor: int) -> None:
    if sys.platform != "win32":
        import fcntl

        fcntl.flock(descriptor, fcntl.LOCK_UN)


def _names(folder: str) -> list[str]:
    try:
        return os.listdir(folder)
    except OSError:
        return []
