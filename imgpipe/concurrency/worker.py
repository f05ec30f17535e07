"""The parent's side of one worker process: start it, hand it tasks, get results, know why it died."""

from __future__ import annotations

import multiprocessing
import multiprocessing.connection
import signal
import threading
import time
from collections.abc import Sequence
from contextlib import suppress
from multiprocessing.process import BaseProcess
from typing import Any

from imgpipe.concurrency import wire
from imgpipe.concurrency.arena import Arena, make_arena
from imgpipe.concurrency.launch import UNKNOWN, StartMethod, collect, is_alive, kill, may_have_ended, start
from imgpipe.concurrency.serve import GOODBYE, NO_THREAD, READY_RECEIVED, RemoteTraceback, limit_message, serve

LOST_ITS_SERVER = "lost its fork server"
"""How a worker ended that was not at fault: all workers end with the server, and nobody knows how."""

_SECONDS_TO_LEAVE = 5.0
_SECONDS_TO_END = 0.2


class WorkerDied(Exception):
    """A worker process ended although it should not have."""

    def __init__(self, cause: str, tries: int = 1) -> None:
        super().__init__(cause, tries)
        self.cause = cause
        self.tries = tries

    def __str__(self) -> str:
        return f"the worker process {self.cause} ({self.tries} {'try' if self.tries == 1 else 'tries'})"


class DeadlineExpired(Exception):
    """A task was not done in time; its worker was killed."""

    def __init__(self, seconds: float) -> None:
        super().__init__(seconds)
        self.seconds = seconds

    def __str__(self) -> str:
        return f"not done after {self.seconds:g} s"


class Worker:
    """One process with a private pipe; every method is called by its owner thread alone but for `kill`, `expire`
    and `check_alive`, which end what the owner is blocked in.

    The owner outlives the process: Linux kills a child when the thread that started it ends.
    """

    def __init__(
        self,
        method: StartMethod,
        preload: Sequence[str],
        inputs: Arena | None = None,
        outputs: int = 0,
    ) -> None:
        self._inputs = inputs
        self._ended = threading.Lock()
        self._memory = 0
        self._due: float | None = None
        self._expired = False
        try:
            self._connection, theirs = multiprocessing.Pipe()
        except OSError as error:
            raise WorkerDied(f"could not be started ({error})") from error
        self._outputs = make_arena(outputs) if outputs else None
        try:
            wire.widen(self._connection)
            given = (theirs, None if inputs is None else inputs.to_look_at(), self._outputs)
            process, self._server = start(method, serve, given, list(preload))
            self._process: BaseProcess | None = process
        except (OSError, EOFError) as error:
            self.close()
            # Python says no more than that its stream ended.
            why = "its fork server ended" if isinstance(error, EOFError) else error
            raise WorkerDied(f"could not be started ({why})") from error
        except BaseException:
            self.close()
            raise
        finally:
            theirs.close()

    @property
    def pid(self) -> int | None:
        """Of the process, None once it was collected."""
        with self._ended:
            return self._process.pid if self._process else None

    def wait_until_ready(self, work: wire.Message) -> None:
        """Tell the worker what its work is, and wait for its first word.

        Args:
            work: the function for its tasks and, or None, another that is called before, pickled.

        Raises:
            DeadlineExpired: it did not come in time.
            WorkerDied: it is gone.
            Exception: it could not load its work, for this reason.
        """
        self._send(work)
        if (word := self._receive()) != READY_RECEIVED:
            raise _error_in(wire.loads(word)[1])

    def watch(self, due: float | None) -> None:
        """Say by when the worker is to have done what it is on; None for no limit.

        Args:
            due: by the clock of whoever calls `expire`.

        Raises:
            DeadlineExpired: that time has come already for what it was on until now.
        """
        with self._ended:
            if self._expired:
                raise DeadlineExpired(0.0)
            self._due = due

    def expire(self, now: float) -> None:
        """End the process where it is overdue. What it has answered and its owner has not read yet, it did in time."""
        with self._ended:
            overdue = self._process is not None and self._due is not None and self._due <= now
            if not overdue or self._connection.poll(0):
                return
            self._expired = True
        self.kill()
        self._hang_up()

    def check_alive(self) -> None:
        """Let the owner see the end of a dead worker's pipe, also where a process that it had forked holds it open."""
        with self._ended:
            dead = self._process is not None and not is_alive(self._process)
        if dead:
            self._hang_up()

    def is_gone(self) -> bool:
        """Whether an idle worker has died: it has nothing to say, so only its end can be read."""
        return self._connection.poll(0)

    def limit_memory(self, claimed: int) -> None:
        """Let the worker have so many bytes besides what it needs for itself; it is told where that changes."""
        if claimed != self._memory:
            self._send(limit_message(claimed))
            self._memory = claimed

    def send(self, tasks: Sequence[Any]) -> None:
        """Hand over tasks; they are done in order, one result each.

        That the worker has gone, or was overdue, is for `receive` to say, after all that it has answered before.

        Args:
            tasks: to be pickled in one message. A worker that hangs inside C code does not read, and so would
                block this call; it is killed when it is due.

        Raises:
            Exception: what pickling raised; nothing was sent.
        """
        self._send(wire.dumps(list(tasks), lies=None if self._inputs is None else self._inputs.place_of))

    def receive(self) -> tuple[Any, Exception | None, float]:
        """The next result or what the function raised (its traceback as `__cause__`), and the seconds in the worker.

        Raises:
            DeadlineExpired: it did not come, or not whole, before the worker was due.
            WorkerDied: the worker ended instead.
        """
        message = self._receive()
        self.watch(None)
        result, failure, seconds = wire.loads(message)
        if failure is None:
            return result, None, seconds
        return None, _error_in(failure), seconds

    def dismiss(self) -> None:
        """Let an idle worker go, and wait until it has gone."""
        try:
            wire.send(self._connection, GOODBYE)
            multiprocessing.connection.wait([self._connection], timeout=_SECONDS_TO_LEAVE)
        except OSError:
            pass
        self.discard()

    def close(self) -> None:
        """Free the pipe and the memory; a worker that reads the end of its pipe ends itself."""
        self._connection.close()
        if self._outputs is not None:
            self._outputs.close()

    def kill(self) -> None:
        """End the process now; any thread may call it, also twice."""
        with self._ended:
            if self._process is not None:
                kill(self._process)

    def discard(self) -> str:
        """Kill the process if it still runs, free everything, and say how it had ended."""
        with self._ended:
            process, self._process = self._process, None
        self.close()
        if process is None:
            return "had gone"
        multiprocessing.connection.wait([process.sentinel], timeout=_SECONDS_TO_END)
        kill(process)
        code = collect(process)
        return LOST_ITS_SERVER if code == UNKNOWN and self._has_lost_its_server() else _cause(code)

    def _has_lost_its_server(self) -> bool:
        """Whether the fork server is gone, which ends only after its workers were told to."""
        end = time.monotonic() + _SECONDS_TO_END
        while self._server is not None and not may_have_ended(self._server):
            if time.monotonic() > end:
                return False
            time.sleep(0.01)
        return self._server is not None

    def _send(self, message: wire.Message) -> None:
        # Answers may still lie in the pipe; a death told before they are read would be charged to one of them.
        with suppress(OSError):
            wire.send(self._connection, message)

    def _receive(self) -> wire.Received:
        try:
            return wire.receive(self._connection, None if self._outputs is None else self._outputs.look)
        except (EOFError, OSError):
            with self._ended:
                raise DeadlineExpired(0.0) if self._expired else WorkerDied("vanished") from None

    def _hang_up(self) -> None:
        with self._ended:
            if self._process is not None:
                wire.hang_up(self._connection)


def _error_in(failure: tuple[Exception, str]) -> Exception:
    error, text = failure
    error.__cause__ = RemoteTraceback(text)
    return error


def _cause(code: int | None) -> str:
    if code is None or code == UNKNOWN:
        return "vanished"
    if code == NO_THREAD:
        return "had no room for a thread"
    if code >= 0:
        return f"ended with exit code {code}"
    try:
        return f"was killed by {signal.Signals(-code).name}"
    except ValueError:
        return f"was killed by signal {-code}"
