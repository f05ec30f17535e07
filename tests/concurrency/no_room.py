"""Preloaded by a fork server that the system refuses the first forks, as many as $REFUSALS; elsewhere none."""

import errno
import os

_fork = os.fork
_refusals = iter(range(int(os.environ.get("REFUSALS", "0"))))


def refused():
    number = next(_refusals, None)
    if number is not None:
        raise OSError((errno.EAGAIN, errno.ENOMEM)[number % 2], "no room")
    return _fork()


os.fork = refused
