"""A program may fork while something of ours is open: its copy has none of the threads, and what is shared is not its
own.
"""

from __future__ import annotations

import os


def is_copy_of(process: int) -> bool:
    """Whether this is a copy that was forked from the process of that id.

    It is to leave alone what it seems to have: threads, workers, a lock that a thread may have held at that moment,
    memory and files that the other process still uses.
    """
    return os.getpid() != process
