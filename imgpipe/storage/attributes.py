"""Times and modes of local files, as far as the disk has these."""

from __future__ import annotations

import os
import stat
import time
from contextlib import suppress

from imgpipe.storage import Attributes

_COARSEST_TIME = 2_000_000_000  # of FAT
_PERMISSIONS = 0o777


def of(path: str) -> Attributes:
    """Times and mode of a file; OSError where it is not there."""
    status = os.stat(path)
    return Attributes(stat.S_IMODE(status.st_mode) & _PERMISSIONS, status.st_mtime_ns, status.st_atime_ns)


def for_place_of(path: str) -> Attributes:
    """For what takes the place of a file: its mode, and a time that no disk rounds to another one."""
    now = time.time_ns() // _COARSEST_TIME * _COARSEST_TIME
    return Attributes(stat.S_IMODE(os.lstat(path).st_mode), now, now)


def give(descriptor: int, attributes: Attributes) -> None:
    """Set them; a mode that the disk does not know is passed over."""
    with suppress(OSError):
        os.fchmod(descriptor, attributes.mode)
    os.utime(descriptor, ns=(attributes.accessed, attributes.modified))
