"""How a value crosses from one process to another: its large buffers go as they are, the rest is pickled.

Pickling a megabyte of bytes copies it twice on each side; a message with a buffer is a pickled head, and then
the buffer's own memory. An object takes part by handing `pickle.PickleBuffer`s out of its `__reduce_ex__`.
"""

from __future__ import annotations

import pickle
import socket
import sys
from multiprocessing.connection import Connection
from typing import Any


def dumps(value: Any) -> list[memoryview | bytes]:
    """The message that says a value: its head, and its large buffers; what pickling raises is raised here."""
    buffers: list[pickle.PickleBuffer] = []
    body = pickle.dumps(value, protocol=5, buffer_callback=buffers.append)
    raw = [buffer.raw() for buffer in buffers]
    head = pickle.dumps((body, [part.nbytes for part in raw]), protocol=5)
    return [head, *raw]


def size(message: list[memoryview | bytes]) -> int:
    """Bytes of a message."""
    return sum(memoryview(part).nbytes for part in message)


def send(connection: Connection, message: list[memoryview | bytes]) -> None:
    """Send a message; OSError where the other end has gone."""
    head, *buffers = message
    connection.send_bytes(head)
    for buffer in buffers:
        _send_buffer(connection, buffer)


def receive(connection: Connection) -> tuple[bytes, list[bytes]]:
    """The next message: the pickled value and its buffers; EOFError or OSError where the other end has gone."""
    body, sizes = pickle.loads(connection.recv_bytes())  # noqa: S301 - from our own other half
    return body, [_receive_buffer(connection, count) for count in sizes]


def loads(message: tuple[bytes, list[bytes]]) -> Any:
    """The value that a message says; what unpickling raises is raised here."""
    body, buffers = message
    return pickle.loads(body, buffers=buffers)  # noqa: S301 - from our own other half


if sys.platform == "win32":

    def _send_buffer(connection: Connection, buffer: memoryview | bytes) -> None:
        connection.send_bytes(buffer)

    def _receive_buffer(connection: Connection, count: int) -> bytes:  # noqa: ARG001 - a pipe there keeps messages apart
        return connection.recv_bytes()

else:

    def _send_buffer(connection: Connection, buffer: memoryview | bytes) -> None:
        with _socket(connection) as stream:
            stream.sendall(buffer)

    def _receive_buffer(connection: Connection, count: int) -> bytes:
        with _socket(connection) as stream:
            data = stream.recv(count, socket.MSG_WAITALL)
            if len(data) == count:
                return data
            parts = [data]
            while parts[-1] and (missing := count - sum(map(len, parts))):
                parts.append(stream.recv(missing, socket.MSG_WAITALL))
        data = b"".join(parts)
        if len(data) < count:
            raise EOFError
        return data

    def _socket(connection: Connection) -> socket.socket:
        return socket.fromfd(connection.fileno(), socket.AF_UNIX, socket.SOCK_STREAM)
