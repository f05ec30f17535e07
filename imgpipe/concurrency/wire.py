"""How a value crosses from one process to another: its large buffers go as they are, the rest is pickled.

Pickling a megabyte of bytes copies it twice on each side; a message with a buffer is a pickled head, and then
the buffer's own memory, or the place in shared memory where it lies. An object takes part by handing out of its
`__reduce_ex__` a `pickle.PickleBuffer`, or a `memoryview` of shared memory as it is.
"""

from __future__ import annotations

import copyreg
import os
import pickle
import socket
import sys
from collections.abc import Callable
from io import BytesIO
from multiprocessing.connection import Connection
from typing import Any, TypeAlias

from imgpipe.concurrency.arena import SMALL

Message: TypeAlias = list[memoryview | bytes]
"""What is sent: a pickled head, and then large buffers."""

Received: TypeAlias = tuple[bytes, list[bytes | memoryview]]
"""What is received: a pickled value, and its large buffers."""

Place: TypeAlias = Callable[[memoryview], int | None]
"""Where a view lies, or where a buffer was put, in memory that the other end sees; None where that is nowhere."""

Look: TypeAlias = Callable[[int, int], bytes | memoryview]
"""What lies there: so many bytes from an offset on."""

_BUFFER = 1 << 20


def word(text: bytes) -> tuple[Message, Received]:
    """A message that is no pickled value, as it is sent and as it is received."""
    return [pickle.dumps((text, []), protocol=5)], (text, [])


class _Mark(bytes):
    """Stands for a view of memory where buffers are counted, and holds none of it."""

    place: tuple[int, int]


def dumps(value: Any, put: Place | None = None, lies: Place | None = None) -> Message:
    """The message that says a value: its head, and its large buffers; what pickling raises is raised here.

    Args:
        value: what is to cross.
        put: puts a large buffer into shared memory; what finds no room there is part of the message.
        lies: where a `memoryview` in the value lies in shared memory already; one that does not cannot cross.
    """
    buffers: list[memoryview] = []

    def keep_apart(buffer: pickle.PickleBuffer) -> bool:
        raw = buffer.raw()
        is_small = raw.nbytes < SMALL and not isinstance(raw.obj, _Mark)
        if not is_small:
            buffers.append(raw)
        return is_small

    if lies is None:
        body = pickle.dumps(value, protocol=5, buffer_callback=keep_apart)
    else:
        body = _with_views(value, lies, keep_apart)
    # Only now that all could be pickled: what was put before an error, nobody would be told of, and it would stay.
    return _with_places(body, buffers, put)


def _with_places(body: bytes, buffers: list[memoryview], put: Place | None) -> Message:
    rest: list[memoryview | bytes] = []
    places: list[tuple[int | None, int]] = []
    for raw in buffers:
        if isinstance(raw.obj, _Mark):
            places.append(raw.obj.place)
            continue
        offset = None if put is None else put(raw)
        places.append((offset, raw.nbytes))
        if offset is None:
            rest.append(raw)
    return [pickle.dumps((body, places), protocol=5), *rest]


def _with_views(value: Any, lies: Place, keep_apart: Callable[[pickle.PickleBuffer], bool]) -> bytes:
    """Pickled so that a `memoryview` in it is out of band.

    None is asked for a buffer: that it exports one makes CPython up to 3.12 crash where both are garbage of a cycle, as
    in the traceback of an error.
    """

    def marked(view: memoryview) -> tuple[Any, ...]:
        offset = lies(view)
        if offset is None:
            raise pickle.PicklingError("a memoryview that lies nowhere that the other end sees cannot cross")
        mark = _Mark(b"-")
        mark.place = offset, view.nbytes
        return memoryview, (pickle.PickleBuffer(mark),)

    file = BytesIO()
    pickler = pickle.Pickler(file, protocol=5, buffer_callback=keep_apart)
    pickler.dispatch_table = {**copyreg.dispatch_table, memoryview: marked}
    pickler.dump(value)
    return file.getvalue()


def send(connection: Connection, message: Message) -> None:
    """Send a message; OSError where the other end has gone."""
    head, *buffers = message
    connection.send_bytes(head)
    for buffer in buffers:
        _send_buffer(connection, buffer)


def receive(connection: Connection, look: Look | None = None) -> Received:
    """The next message: the pickled value and its buffers; EOFError or OSError where the other end has gone.

    Args:
        connection: where it comes from.
        look: at the shared memory in which the other end has put buffers.
    """
    body, places = pickle.loads(connection.recv_bytes())  # noqa: S301 - from our own other half
    return body, [
        _receive_buffer(connection, count) if offset is None or look is None else look(offset, count)
        for offset, count in places
    ]


def loads(message: Received) -> Any:
    """The value that a message says; what unpickling raises is raised here."""
    body, buffers = message
    return pickle.loads(body, buffers=buffers)  # noqa: S301 - from our own other half


if sys.platform == "win32":

    def hang_up(connection: Connection) -> None:
        """Nothing: a pipe there ends with the process at its other end."""

    def widen(connection: Connection) -> None:
        """Nothing: a pipe there has its size."""

    def _send_buffer(connection: Connection, buffer: memoryview | bytes) -> None:
        connection.send_bytes(buffer)

    def _receive_buffer(connection: Connection, count: int) -> bytes:  # noqa: ARG001 - a pipe there keeps messages apart
        return connection.recv_bytes()

else:

    def hang_up(connection: Connection) -> None:
        """Let whoever reads here, now or later, see the end behind what has come, and whoever writes an OSError."""
        with _socket(connection) as stream:
            stream.shutdown(socket.SHUT_RDWR)

    def widen(connection: Connection) -> None:
        """Let a whole picture wait in the kernel, as far as it allows, so that neither side waits for the other."""
        with _socket(connection) as stream:
            stream.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, _BUFFER)

    def _send_buffer(connection: Connection, buffer: memoryview | bytes) -> None:
        rest = memoryview(buffer)
        while rest:
            rest = rest[os.write(connection.fileno(), rest) :]

    def _receive_buffer(connection: Connection, count: int) -> bytes:
        file = connection.fileno()
        data = os.read(file, count)
        if len(data) == count:
            return data
        parts = [data]
        while parts[-1] and (missing := count - sum(map(len, parts))):
            parts.append(os.read(file, missing))
        data = b"".join(parts)
        if len(data) < count:
            raise EOFError
        return data

    def _socket(connection: Connection) -> socket.socket:
        stream = socket.fromfd(connection.fileno(), socket.AF_UNIX, socket.SOCK_STREAM)
        # Where the program has set a default timeout for its sockets, ours has just become non-blocking.
        stream.settimeout(None)
        return stream
