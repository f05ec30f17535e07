"""What a system that is at one of its limits refuses: more threads, more processes."""

from __future__ import annotations

import threading

RAISE_LIMITS = (
    "raise the limit (`ulimit -u`, `ulimit -n`, `ulimit -v`, that of the container or batch job), or use fewer cores "
    "and I/O threads"
)


class StartRefused(RuntimeError):
    """The system lets no more threads be started."""


def start_thread(thread: threading.Thread) -> None:
    """Start it.

    Raises:
        StartRefused: the system lets no more be started.
    """
    try:
        thread.start()
    except RuntimeError as error:
        # Python says so too of a thread that was started before, and while it ends.
        if "can't start new thread" not in str(error):
            raise
        raise StartRefused(f"the system says: {error}; {RAISE_LIMITS}") from error
