"""A proxy before an S3 server that makes a share of the requests fail, as busy servers and broken networks do."""

import contextlib
import http.client
import random
import socket
import struct
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import urlsplit

KINDS = ("500", "503", "reset", "cut", "stall", "answer lost")
SLOW_DOWN = b"<?xml version='1.0'?><Error><Code>SlowDown</Code><Message>Reduce your request rate.</Message></Error>"


@contextlib.contextmanager
def proxy(endpoint, share, seed=0):
    """The endpoint of the proxy, and how many requests it made fail in which way; signatures stay valid."""
    chance, lock, done = random.Random(seed), threading.Lock(), dict.fromkeys(KINDS, 0)

    def choose():
        with lock:
            kind = chance.choice(KINDS) if chance.random() < share else ""
            if kind:
                done[kind] += 1
            return kind

    handler = type("Handler", (_Handler,), {"upstream": urlsplit(endpoint).netloc, "choose": staticmethod(choose)})
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    server.daemon_threads = True
    handler.ending = threading.Event()
    thread = threading.Thread(target=server.serve_forever, args=(0.05,))
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}", done
    finally:
        handler.ending.set()
        server.shutdown()
        thread.join()
        server.server_close()


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def handle_one_request(self):
        with contextlib.suppress(OSError):
            super().handle_one_request()
            return
        self.close_connection = True

    def _pass_on(self):
        data = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        kind = self.choose()
        if kind == "500":
            return self._answer(500, {}, b"")
        if kind == "503":
            return self._answer(503, {}, SLOW_DOWN)
        if kind == "reset":
            return self._reset()
        if kind == "stall":
            self.ending.wait(30)
            return self._reset()
        status, headers, body = self._ask(data)
        if kind == "answer lost":
            return self._reset()
        return self._answer(status, headers, body, cut=kind == "cut")

    do_GET = do_PUT = do_HEAD = do_DELETE = do_POST = _pass_on  # noqa: N815

    def _ask(self, data):
        """What the server says; the host is the proxy's own, which is what was signed."""
        connection = http.client.HTTPConnection(self.upstream, timeout=30)
        with contextlib.closing(connection):
            connection.putrequest(self.command, self.path, skip_host=True, skip_accept_encoding=True)
            for name, value in self.headers.items():
                connection.putheader(name, value)
            connection.endheaders(data)
            answer = connection.getresponse()
            return answer.status, dict(answer.getheaders()), answer.read()

    def _answer(self, status, headers, body, *, cut=False):
        self.send_response_only(status)
        for name, value in headers.items():
            if name.lower() not in ("content-length", "transfer-encoding", "connection"):
                self.send_header(name, value)
        length = headers.get("Content-Length", len(body)) if self.command == "HEAD" else len(body)
        self.send_header("Content-Length", str(length))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body[: len(body) // 2] if cut else body)
        if cut:
            self._reset()

    def _reset(self):
        """Hang up without a word."""
        self.wfile.flush()
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.connection.shutdown(socket.SHUT_RDWR)
        self.close_connection = True

    def log_message(self, *_):
        pass
