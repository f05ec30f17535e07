"""Web servers that answer in other ways than object storages do."""

import contextlib
import errno
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from imgpipe.job import Source
from imgpipe.storage import Listing, answers, open_storage
from imgpipe.storage.abilities import read_remote

CONTENT = b"content"
SIZE = len(CONTENT)
LARGE = 64 << 20

pytest.importorskip("obstore")


@contextlib.contextmanager
def web(answer):
    """A storage of a web server that answers so; it is given the handler."""
    handler = type("Handler", (BaseHTTPRequestHandler,), {"do_GET": answer, "do_HEAD": answer, "log_message": ignore})
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, args=(0.02,))
    thread.start()
    try:
        yield open_storage(f"http://127.0.0.1:{server.server_port}")
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def ignore(*_):
    pass


def answering(handler, status=200, length=SIZE, **headers):
    handler.send_response(status)
    if length is not None:
        headers["Content-Length"] = str(length)
    for name, value in headers.items():
        handler.send_header(name, value)
    handler.end_headers()
    if handler.command == "GET" and status == 200:
        handler.wfile.write(CONTENT)


@pytest.fixture(autouse=True)
def impatient(monkeypatch):
    """What is no matter of patience is not asked for again."""
    monkeypatch.setattr(answers.time, "sleep", lambda seconds: pytest.fail("it was asked again"))


@pytest.mark.parametrize("head", [(405, 0), (200, None)], ids=["not allowed", "without a size"])
def test_where_it_says_nothing_without_the_content_it_is_asked_for_that(head):
    def answer(handler):
        answering(handler, *(head if handler.command == "HEAD" else ()))

    with web(answer) as storage:
        assert storage.find("a.png", Listing()).bytes == SIZE
        assert storage.read("a.png") == CONTENT


@pytest.mark.parametrize("headers", [{"length": None}, {"Last-Modified": "yesterday"}], ids=["size", "time"])
def test_without_headers_that_can_be_read_it_is_told_so_at_once(headers):
    with web(lambda handler: answering(handler, **headers)) as storage:
        assert "Content-Length" in storage.find("a.png", Listing()).error
        with pytest.raises(OSError, match="Content-Length"):
            storage.read("a.png")


def test_a_name_that_is_no_utf_8_is_told_at_once():
    with web(answering) as storage, pytest.raises(OSError, match="its name cannot be") as raised:
        storage.read("\udcff.png")
    assert raised.value.errno == errno.EINVAL


def test_what_has_become_much_larger_since_it_was_looked_at_is_not_taken_into_memory():
    """It was admitted by the size that it had."""
    sent = []

    def answer(handler):
        handler.send_response(200)
        handler.send_header("Content-Length", str(LARGE))
        handler.end_headers()
        with contextlib.suppress(OSError):
            sent.extend(handler.wfile.write(bytes(1 << 20)) for _ in range(LARGE >> 20))

    with web(answer) as storage, pytest.raises(OSError, match="much larger") as raised:
        read_remote(storage, Source("a.png", "png", SIZE, 0, 0))
    assert raised.value.errno == errno.EFBIG
    assert len(sent) < LARGE >> 20
    with web(answering) as storage:
        assert read_remote(storage, Source("a.png", "png", 1, 0, 0)) == CONTENT
