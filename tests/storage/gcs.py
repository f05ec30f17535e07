"""A server in this process that speaks what imgpipe uses of Google's XML API, after its documentation.

It is no Google: it checks no credentials. But it knows objects by generations and puts on conditions of these, lists in
pages, and takes objects in parts (https://cloud.google.com/storage/docs/xml-api/overview). Use the fixture `gs_bucket`.
"""

import contextlib
import hashlib
import itertools
import json
import os
import re
import socket
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import formatdate
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import NamedTuple
from urllib.parse import parse_qs, unquote, urlsplit
from xml.sax.saxutils import escape

import pytest

_BUCKET = "pictures"
_PAGE = 50


@dataclass(frozen=True)
class GoogleBucket:
    """A bucket of its own: its URL, its server, and how programs come to reach that by another address."""

    url: str
    endpoint: str
    server: ThreadingHTTPServer
    reach: Callable[[str], None]


@pytest.fixture
def gs_bucket(tmp_path_factory, monkeypatch):
    """A new bucket, and this process and its children can reach it."""
    pytest.importorskip("obstore", reason="needs the extra cloud")
    for name in [name for name in os.environ if name.startswith("GOOGLE_")]:
        monkeypatch.delenv(name)
    path = tmp_path_factory.mktemp("google") / "account.json"
    monkeypatch.setenv("GOOGLE_SERVICE_ACCOUNT", str(path))
    monkeypatch.setenv("GOOGLE_ALLOW_HTTP", "true")

    def reach(endpoint):
        account = {"gcs_base_url": endpoint, "disable_oauth": True}
        path.write_text(json.dumps(account | {"client_email": "", "private_key": "", "private_key_id": ""}))

    with _served() as server:
        endpoint = f"http://127.0.0.1:{server.server_port}"
        reach(endpoint)
        yield GoogleBucket(f"gs://{_BUCKET}", endpoint, server, reach)


@contextlib.contextmanager
def _served():
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Handler)
    server.objects, server.uploads, server.put_in_parts, server.connections = {}, {}, [], []
    server.numbers, server.lock = itertools.count(1_700_000_000_000_000), threading.Lock()
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield server
    finally:
        server.shutdown()
        thread.join()
        # Clients keep theirs open, and closing the server waits for those who listen to them.
        for connection in server.connections:
            with contextlib.suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)
        server.server_close()


class _Object(NamedTuple):
    data: bytes
    kind: str
    generation: str
    modified: float

    @property
    def headers(self):
        return {
            "ETag": _tag(self.data),
            "x-goog-generation": self.generation,
            "Last-Modified": formatdate(self.modified, usegmt=True),
            "Content-Type": self.kind,
        }


def _tag(data):
    return f'"{hashlib.md5(data).hexdigest()}"'


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def setup(self):
        self.server.connections.append(self.request)
        super().setup()

    def handle(self):
        with contextlib.suppress(ConnectionError):
            super().handle()

    def log_message(self, *_):
        pass

    def do_GET(self):
        self._serve(self._get)

    def do_HEAD(self):
        self._serve(self._get)

    def do_PUT(self):
        self._serve(self._put)

    def do_POST(self):
        self._serve(self._post)

    def do_DELETE(self):
        self._serve(self._delete)

    def _serve(self, handle):
        """Answer with the status, the body and the headers that one of the methods below gives."""
        parts = urlsplit(self.path)
        bucket, _, key = unquote(parts.path).removeprefix("/").partition("/")
        query = {name: values[-1] for name, values in parse_qs(parts.query, keep_blank_values=True).items()}
        sent = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        with self.server.lock:
            status, body, headers = handle(key, query, sent) if bucket == _BUCKET else _refused(404, "NoSuchBucket")
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        if status != 204:
            self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def _get(self, key, query, _sent):
        if not key:
            return 200, self._listed(query), {}
        if (found := self.server.objects.get(key)) is None:
            return _refused(404, "NoSuchKey")
        if part := re.fullmatch(r"bytes=(\d+)-(\d+)", self.headers.get("Range", "")):
            first, end = int(part[1]), min(int(part[2]) + 1, len(found.data))
            if first >= end:
                return _refused(416, "InvalidRange")
            where = {"Content-Range": f"bytes {first}-{end - 1}/{len(found.data)}"}
            return 206, found.data[first:end], found.headers | where
        return 200, found.data, found.headers

    def _put(self, key, query, sent):
        standing = self.server.objects.get(key)
        wanted = self.headers.get("x-goog-if-generation-match")
        if "uploadId" in query:
            self.server.uploads[query["uploadId"]][1][query["partNumber"]] = sent
            return 200, b"", {"ETag": _tag(sent)}
        if wanted not in (None, standing.generation if standing else "0"):
            return _refused(412, "PreconditionFailed")
        return 200, b"", self._keep(key, sent, self.headers.get("Content-Type", "")).headers

    def _post(self, key, query, sent):
        if "uploads" in query:
            upload = str(next(self.server.numbers))
            self.server.uploads[upload] = self.headers.get("Content-Type", ""), {}
            begun = f"<InitiateMultipartUploadResult><UploadId>{upload}</UploadId></InitiateMultipartUploadResult>"
            return 200, begun.encode(), {}
        kind, parts = self.server.uploads.pop(query["uploadId"])
        numbers = re.findall(r"<PartNumber>(\d+)</PartNumber>", sent.decode())
        made = self._keep(key, b"".join(parts[number] for number in numbers), kind)
        self.server.put_in_parts.append((key, len(numbers)))
        done = f"<CompleteMultipartUploadResult><ETag>{_tag(made.data)}</ETag></CompleteMultipartUploadResult>"
        return 200, done.encode(), made.headers

    def _delete(self, key, query, _sent):
        those, one = (self.server.uploads, query["uploadId"]) if "uploadId" in query else (self.server.objects, key)
        gone = those.pop(one, None)
        return (204, b"", {}) if gone else _refused(404, "NoSuchKey")

    def _keep(self, key, data, kind):
        made = self.server.objects[key] = _Object(data, kind, str(next(self.server.numbers)), time.time())
        return made

    def _listed(self, query):
        after = query.get("continuation-token") or query.get("start-after", "")
        keys = sorted(key for key in self.server.objects if key.startswith(query.get("prefix", "")) and key > after)
        more = f"<NextContinuationToken>{escape(keys[_PAGE - 1])}</NextContinuationToken>" if keys[_PAGE:] else ""
        contents = "".join(_contents(key, self.server.objects[key]) for key in keys[:_PAGE])
        return f"<ListBucketResult>{contents}{more}</ListBucketResult>".encode()


def _contents(key, found):
    when = datetime.fromtimestamp(found.modified, UTC).isoformat(timespec="milliseconds")
    about = f"<Size>{len(found.data)}</Size><LastModified>{when}</LastModified><ETag>{_tag(found.data)}</ETag>"
    return f"<Contents><Key>{escape(key)}</Key>{about}</Contents>"


def _refused(status, code):
    return status, f"<Error><Code>{code}</Code></Error>".encode(), {}
