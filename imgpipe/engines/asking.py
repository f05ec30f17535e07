"""Questions to a Dask scheduler that are not waited for without end.

One that is stopped, or whose machine hangs, keeps its connections and says nothing, which is no error to Dask.
"""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from urllib.parse import urlsplit

from imgpipe.errors import RunError

_PORT = 8786
_SECONDS_TO_ANSWER = 5.0
_MOST_UNANSWERED = 12


def ask(client: Any, question: Callable[..., Any], *words: Any, seconds: float | None = None, **more: Any) -> Any:
    """What a method of a Dask client answers.

    Args:
        client: that is connected.
        question: one of its methods that wait for an answer.
        words: its arguments.
        seconds: how long to wait; None for five.
        more: its arguments by name.

    Raises:
        TimeoutError: no answer came.
    """
    # Called in the client's own thread, such a method gives what is to be waited for.
    return client.sync(question, *words, callback_timeout=seconds or _SECONDS_TO_ANSWER, **more)


def fetch(future: Any) -> Any:
    """What was made on the cluster, for which the scheduler is asked; None where no answer came.

    Raises:
        Exception: what was raised there, or why it cannot be had.
    """
    try:
        return future.result(timeout=_SECONDS_TO_ANSWER)
    except TimeoutError:
        if future.status == "error":
            raise
        return None


class Silence:
    """Questions in a row that got no answer: by a clock, a process that was stopped itself (Ctrl-Z) would blame others.

    True where there was one.
    """

    def __init__(self, client: Any) -> None:
        self._client = client
        self._unanswered = 0

    def __bool__(self) -> bool:
        return self._unanswered > 0

    def end(self) -> None:
        """An answer came."""
        self._unanswered = 0

    def note(self) -> None:
        """No answer came.

        Raises:
            RunError: for a minute.
        """
        self._unanswered += 1
        if self._unanswered >= _MOST_UNANSWERED:
            raise RunError(
                f"the Dask scheduler at {self._client.scheduler.address} has not answered for "
                f"{_MOST_UNANSWERED * _SECONDS_TO_ANSWER:.0f} s; what is done is kept: run the same command again when "
                "it does"
            )


def check_answering(address: str, seconds: float) -> None:
    """See that a scheduler speaks at an address; a client would wait for its greeting for ever, and keep its thread.

    Raises:
        OSError: nothing is there, or it says nothing for so long.
        ValueError: it is no address.
        TypeError: it needs a certificate, and none is set.
    """
    with socket.create_connection(_host_and_port(address), seconds):
        pass
    # A thread of its own: in a notebook this one has a loop already.
    with ThreadPoolExecutor(1) as thread:
        thread.submit(asyncio.run, _greeted(address, seconds)).result()


async def _greeted(address: str, seconds: float) -> None:
    from distributed.comm import connect
    from distributed.security import Security

    settings = Security().get_connection_args("client")
    try:
        comm = await asyncio.wait_for(connect(address, timeout=seconds, **settings), seconds)
    except TimeoutError:
        raise TimeoutError(f"it says nothing for {seconds:.0f} s") from None
    comm.abort()


def _host_and_port(address: str) -> tuple[str, int]:
    parts = urlsplit(address)
    return parts.hostname or "", parts.port or _PORT
