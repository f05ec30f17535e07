"""Of which folders an output folder was made, noted in it, so that no run over those takes its pictures for theirs."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from contextlib import suppress

from imgpipe.storage import reading
from imgpipe.storage.calls import AT_ONCE, Calls, write_whole

_NAME = "origins"
_MOST = 1 << 24
_FLAGS = os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC | AT_ONCE


def note_origin(own: str, origin: str, calls: Calls) -> None:
    """Note that outputs beside the folder `own` are made of what is in `origin`; OSError where that is impossible."""
    path = os.path.join(own, _NAME)
    if origin in _origins(path):
        return
    descriptor = calls.open(path, _FLAGS, 0o666)
    try:
        # What follows a line that a kill has torn would be lost with it.
        write_whole(calls, descriptor, f"\n{json.dumps(origin)}\n".encode("ascii"))
    finally:
        calls.close(descriptor)


def is_made_from_above(own: str) -> bool:
    """Whether the folder that has `own` in it is an output that was made of a folder around it."""
    real = os.path.realpath(os.path.dirname(own))
    origins = _origins(os.path.join(own, _NAME))
    return any(origin != real and real.startswith(os.path.join(origin, "")) for origin in origins)


def _origins(path: str) -> Iterator[str]:
    with suppress(OSError):
        # Not `open`: somebody's pipe of that name would be waited for.
        for line in reading.head(path, _MOST).splitlines():
            with suppress(ValueError):
                origin = json.loads(line)
                if isinstance(origin, str):
                    yield origin
