"""Imported by the fork server alone: forking that waits a moment where the system has no room for one more process.

Without it the server would print a traceback and end at once, and all workers with it.
"""

import errno
import os
import time

_NO_ROOM = {errno.EAGAIN, errno.ENOMEM}
_SECONDS_BETWEEN_TRIES = (0.01, 0.05, 0.15, 0.3)

_fork = os.fork


def patient_fork() -> int:
    """As `os.fork`, tried again for half a second; then the process ends without a word, which its owners see."""
    for seconds in (*_SECONDS_BETWEEN_TRIES, None):
        try:
            process = _fork()
        except OSError as error:
            if error.errno not in _NO_ROOM:
                raise
            if seconds is None:
                os._exit(1)
            time.sleep(seconds)
        else:
            break
    if process == 0:
        os.fork = _fork
    return process


os.fork = patient_fork
