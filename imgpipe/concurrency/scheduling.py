"""How the system lets threads of a pipeline run."""

from __future__ import annotations

import os
import sys
from contextlib import suppress

_SECONDS_BETWEEN_THREADS = 0.05


def schedule_as_batch() -> None:
    """Let the calling thread, and those that it starts, wait for their turn when they wake up (on Linux).

    Else each picture that passes from one thread to the next interrupts a worker, several times. So they find several
    things to do at once, which have come meanwhile. Other programs of the machine answer as if nothing ran.
    A program that was given another policy (`chrt`) keeps it.
    """
    if sys.platform != "linux":
        return
    with suppress(OSError):  # a sandbox may refuse it
        if os.sched_getscheduler(0) == os.SCHED_OTHER:
            os.sched_setscheduler(0, os.SCHED_BATCH, os.sched_param(0))


def hand_over_rarely() -> None:
    """Let a thread of this process keep the interpreter for longer than 5 ms while others want it.

    Only for a program's own main function: threads that answer a person would stutter.
    """
    sys.setswitchinterval(_SECONDS_BETWEEN_THREADS)
