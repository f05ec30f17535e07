"""Stop signals: the first asks for a graceful stop, the second interrupts, and then the end comes in a second.

Only a program's own main function installs these; the library never does.
"""

from __future__ import annotations

import os
import signal
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from types import FrameType

_NAMES = ("SIGINT", "SIGTERM", "SIGHUP")
_SAME_KEYPRESS = 0.02
_SECONDS_TO_COME_AGAIN = 0.01
_SECONDS_TO_LEAVE = 0.8


class StopRequest:
    """Whether and by which signal a stop was asked for.

    Args:
        notice: written to stderr when it is asked for, empty for nothing.
    """

    def __init__(self, notice: str = "") -> None:
        self._notice = notice
        self.signal: int | None = None
        self._since = 0.0
        self._interrupted = False

    def __bool__(self) -> bool:
        return self.signal is not None

    def receive(self, number: int, _frame: FrameType | None) -> None:
        """The signal handler.

        Raises:
            KeyboardInterrupt: a stop was asked for before. A parent that forwards the Ctrl-C which the
                terminal has sent us already does not count: that comes within 20 ms.
        """
        now = time.monotonic()
        if self.signal is None:
            self.signal, self._since = number, now
            # Not print: a signal may come in the midst of a print.
            with suppress(OSError):
                os.write(2, self._notice.encode())
        elif now - self._since > _SAME_KEYPRESS and not self._interrupted:
            self._interrupted = True
            # A thread may hang in a write to a disk that does not answer; nobody waits for that now.
            last_resort = threading.Timer(_SECONDS_TO_LEAVE, os._exit, [self.exit_status])
            last_resort.daemon = True
            last_resort.start()
            raise KeyboardInterrupt

    def retry(self, unraisable: sys.UnraisableHookArgs) -> None:
        """The hook for errors that nobody can catch: an interrupt in a finalizer is lost there, so it comes again."""
        if not (self._interrupted and unraisable.exc_type is KeyboardInterrupt):
            sys.__unraisablehook__(unraisable)
            return
        self._interrupted = False
        again = threading.Timer(_SECONDS_TO_COME_AGAIN, _signal_main_thread, [self.signal])
        again.daemon = True
        again.start()

    @property
    def exit_status(self) -> int:
        """128 + the signal's number, as a shell would say it."""
        return 128 + (self.signal or signal.SIGINT)


@contextmanager
def stop_signals(notice: str = "") -> Iterator[StopRequest]:
    """Turn SIGINT, SIGTERM and SIGHUP into a stop request while the block runs; `notice` answers the first one.

    A signal that is ignored stays ignored (`nohup`, a background job of a shell script).
    """
    request = StopRequest(notice)
    numbers = [getattr(signal, name) for name in _NAMES if hasattr(signal, name)]
    before = {
        number: signal.signal(number, request.receive)
        for number in numbers
        if signal.getsignal(number) is not signal.SIG_IGN
    }
    hook, sys.unraisablehook = sys.unraisablehook, request.retry
    try:
        yield request
    finally:
        sys.unraisablehook = hook
        for number, handler in before.items():
            signal.signal(number, handler)


def _signal_main_thread(number: int) -> None:
    """As the system would: what that thread is blocked in ends."""
    main = threading.main_thread().ident
    if sys.platform == "win32" or main is None:
        signal.raise_signal(number)
    else:
        signal.pthread_kill(main, number)
