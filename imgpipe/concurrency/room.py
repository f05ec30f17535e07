"""Starting threads, which a system that is at one of its limits refuses, and waiting for them."""

from __future__ import annotations

import threading
import time

RAISE_LIMITS = (
    "raise the limit (`ulimit -u`, `ulimit -n`, `ulimit -v`, that of the container or batch job), or use fewer cores "
    "and I/O threads"
)

_TRIES = 1000


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


def join_thread(thread: threading.Thread) -> None:
    """Wait until it has ended; nothing where it was never started, also where an interrupt came while it was."""
    for _ in range(_TRIES):
        try:
            thread.join()
        except RuntimeError:
            if thread not in threading.enumerate():
                return
            # The system has it, and it has not come so far as to say so.
            time.sleep(0.001)
        else:
            return
