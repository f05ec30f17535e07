"""What runs inside a worker process: take a task, call the function, send the result; leave with the parent."""

from __future__ import annotations

import multiprocessing
import os
import pickle
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from multiprocessing.connection import Connection
from queue import SimpleQueue
from typing import Any

from imgpipe.concurrency import wire
from imgpipe.concurrency.arena import Arena
from imgpipe.concurrency.memory import limit_memory
from imgpipe.concurrency.room import StartRefused, start_thread

NO_THREAD = 75
"""The exit code of a worker that could not start a thread of its own."""

READY, READY_RECEIVED = wire.word(b"ready")
GOODBYE, _GOODBYE_RECEIVED = wire.word(b"goodbye")

_LIMIT = b"limit:"
_PR_SET_PDEATHSIG = 1
_STOP_SIGNALS = tuple(getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGHUP") if hasattr(signal, name))


class RemoteTraceback(Exception):
    """The traceback of an error as it was in the worker; it is the error's `__cause__`."""

    def __init__(self, text: str) -> None:
        super().__init__(text)
        self.text = text

    def __str__(self) -> str:
        return f"\n{self.text}"


class RemoteError(Exception):
    """Stands for an error in the worker that could not be pickled."""


def serve(connection: Connection, look: wire.Look | None = None, outputs: Arena | None = None) -> None:
    """Serve tasks until the parent says goodbye or dies.

    The first message is a pickled pair (function, initializer or None), the others are pickled lists of tasks.

    Args:
        connection: the worker's end of its private pipe.
        look: at shared memory in which large buffers of tasks lie.
        outputs: where those of results are put.
    """
    # What an error is told with is loaded while there is memory for it, and not in the parent.
    import traceback  # noqa: F401

    _leave_with_server()
    _ignore_stop_signals()
    _print_to_stderr()
    work = _receive(connection, look)
    _leave_with_parent()
    function, initializer = _loaded(work, connection)
    if initializer is not None:
        initializer()
    inbox: SimpleQueue[wire.Received] = SimpleQueue()
    try:
        start_thread(threading.Thread(target=_read_ahead, args=(connection, look, inbox), name="receive", daemon=True))
    except StartRefused:
        os._exit(NO_THREAD)
    _send(connection, READY)
    while (message := inbox.get()) != _GOODBYE_RECEIVED:
        for answer in _answers(function, message, outputs):
            _send(connection, answer)
        if outputs is not None:
            outputs.trim()


def _loaded(work: wire.Received, connection: Connection) -> Any:
    """What this process is to do; the parent hears why where that cannot be loaded."""
    try:
        return wire.loads(work)
    except MemoryError:
        raise
    except Exception as error:  # noqa: BLE001 - it goes up in the parent
        _send(connection, _pickled_error(error))
        os._exit(1)


def limit_message(claimed: int) -> wire.Message:
    """What tells a worker how many bytes of memory it may take from now on."""
    return wire.word(b"%s%d" % (_LIMIT, claimed))[0]


def _receive(connection: Connection, look: wire.Look | None = None) -> wire.Received:
    try:
        return wire.receive(connection, look)
    except (EOFError, OSError):
        os._exit(0)  # the parent has gone, or wants no more of us
    except MemoryError:
        os._exit(1)  # in a thread that nobody would miss otherwise


def _send(connection: Connection, message: wire.Message) -> None:
    try:
        wire.send(connection, message)
    except OSError:
        os._exit(0)


def _answers(function: Callable[[Any], Any], message: wire.Received, outputs: Arena | None) -> Iterator[wire.Message]:
    """For each task of a message: (result, None, seconds), or (None, (error, traceback), seconds)."""
    place = None if outputs is None else outputs.put
    try:
        tasks = wire.loads(message)
    except Exception as error:  # noqa: BLE001 - it goes up in the parent
        yield _pickled_error(error)
        return
    for task in tasks:
        began = time.monotonic()
        try:
            yield wire.dumps((function(task), None, time.monotonic() - began), place)
        except Exception as error:  # noqa: BLE001 - it goes up in the parent
            yield _pickled_error(error)


def _read_ahead(connection: Connection, look: wire.Look | None, inbox: SimpleQueue[wire.Received]) -> None:
    """Have the next task here when one is finished, and notice at once when the parent dies."""
    while True:
        message = _receive(connection, look)
        if message[0].startswith(_LIMIT):
            # At once: the next message may be as large as the limit allows.
            limit_memory(int(message[0].removeprefix(_LIMIT)))
            continue
        inbox.put(message)
        if message == _GOODBYE_RECEIVED:
            return


def _pickled_error(error: Exception) -> wire.Message:
    import traceback

    text = "".join(traceback.format_exception(error))
    try:
        # Some exceptions pickle but do not unpickle.
        copy = pickle.loads(pickle.dumps(error, protocol=5))  # noqa: S301 - our own
        if isinstance(copy, Exception):
            return wire.dumps((None, (error, text), 0.0))
    except Exception:  # noqa: BLE001, S110 - any class may stand here
        pass
    words = "".join(traceback.format_exception_only(error)).strip()
    return wire.dumps((None, (RemoteError(words), text), 0.0))


def _leave_with_server() -> None:
    """Die when whoever has forked this process dies, the parent or the fork server."""
    if sys.platform == "linux":
        import ctypes

        ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)


def _leave_with_parent() -> None:
    """Die when the parent dies, even inside C code that holds the interpreter's lock.

    Only for a process that has heard from its parent: of the write that told it what process it is, the system may
    speak after that could be read already, where it is interrupted in between.
    """
    if sys.platform == "linux":
        import fcntl
        import select

        # A fork server may outlive the parent: it stays as long as a worker does. The sentinel is a pipe whose other
        # end the parent alone holds, so the kernel can watch it for us.
        parent = multiprocessing.parent_process()
        if parent is not None:
            fcntl.fcntl(parent.sentinel, fcntl.F_SETOWN, os.getpid())
            fcntl.fcntl(parent.sentinel, fcntl.F_SETSIG, signal.SIGKILL)
            fcntl.fcntl(parent.sentinel, fcntl.F_SETFL, os.O_ASYNC)
            hung_up = select.poll()
            hung_up.register(parent.sentinel, select.POLLHUP)
            if hung_up.poll(0):
                os._exit(0)


def _print_to_stderr() -> None:
    """What a task prints, be it from C, must not come between what the parent writes to its standard output."""
    with suppress(OSError):  # a process may have been started without either
        os.dup2(2, 1)


def _ignore_stop_signals() -> None:
    """The parent decides when to stop; a Ctrl-C in the terminal reaches the whole process group."""
    for number in _STOP_SIGNALS:
        signal.signal(number, signal.SIG_IGN)
    if hasattr(signal, "pthread_sigmask"):
        signal.pthread_sigmask(signal.SIG_UNBLOCK, _STOP_SIGNALS)
