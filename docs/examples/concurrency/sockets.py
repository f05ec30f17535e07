"""A socket is a stream of bytes with no messages in it: so each one is sent behind its length."""

import multiprocessing
import socket
import struct


def send(connection, message):
    connection.sendall(struct.pack("!I", len(message)) + message)


def receive(connection):
    (length,) = struct.unpack("!I", receive_exactly(connection, 4))
    return receive_exactly(connection, length)


def receive_exactly(connection, count):
    parts = []
    while count:
        part = connection.recv(count)  # at most so many; often fewer
        if not part:
            raise EOFError("the other side has gone in the midst of a message")
        parts.append(part)
        count -= len(part)
    return b"".join(parts)


def client(port):
    with socket.create_connection(("127.0.0.1", port)) as connection:
        send(connection, bytes(3_000_000))
        send(connection, b"that was the picture")


if __name__ == "__main__":
    with socket.create_server(("127.0.0.1", 0)) as server:
        process = multiprocessing.get_context("spawn").Process(target=client, args=(server.getsockname()[1],))
        process.start()
        connection, _address = server.accept()
        with connection:
            print("received", len(receive(connection)), "bytes, then:", receive(connection).decode())
        process.join()
