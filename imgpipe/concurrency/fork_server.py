"""Imported by the fork server alone: it waits a moment where there is no room for one more process, and ends quietly.

Without it the server would end at once, with a traceback, and all workers with it; and of the end of a worker it would
not hear where the program blocks SIGCHLD.
"""

import errno
import os
import signal
import sys
import time
from types import TracebackType

_NO_ROOM = {errno.EAGAIN, errno.ENOMEM}
_SECONDS_BETWEEN_TRIES = (0.01, 0.05, 0.15, 0.3)

_fork = os.fork
_show = sys.excepthook


def patient_fork() -> int:
    """As `os.fork`, tried again for half a second; the child forks as any process does."""
    for seconds in (*_SECONDS_BETWEEN_TRIES, None):
        try:
            process = _fork()
            break
        except OSError as error:
            if error.errno not in _NO_ROOM or seconds is None:
                raise
            time.sleep(seconds)
    if process == 0:
        os.fork, sys.excepthook = _fork, _show_but_an_end
    return process


def end_quietly(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
    """Say nothing of what the system refused, to it or to who asked for a worker: that one says it."""
    if not issubclass(kind, OSError | EOFError):
        _show(kind, error, trace)


def _show_but_an_end(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
    """Say nothing where the parent was killed before it had said what process this is."""
    if not issubclass(kind, EOFError):
        _show(kind, error, trace)


os.fork, sys.excepthook = patient_fork, end_quietly
# By this signal it hears of children that have ended, and who started it may have blocked it.
signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGCHLD})
