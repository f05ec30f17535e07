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
import threading
import time
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import formatdate
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import NamedTuple
from urllib.parse import parse_qs, unquote, urlsplit
from xml.sax.saxutils import escape

import pytest

_PAGE = 50


@dataclass(frozen=True)
class GoogleBucket:
    """A bucket of its own: its URL, and the generation of each object in it."""

    url: str
    objects: dict

    def generation(self, key):
        return self.objects[key].generation


@pytest.fixture
def gs_bucket(tmp_path_factory, monkeypatch):
    """A new bucket, and this process and its children can reach it."""
    pytest.importorskip("obstore", reason="needs the extra cloud")
    for name in [name for name in os.environ if name.startswith("GOOGLE_")]:
        monkeypatch.delenv(name)
    with _served() as server:
        account = {"gcs_base_url": f"http://127.0.0.1:{server.server_port}", "disable_oauth": True}
        account |= {"client_email": "", "private_key": "", "private_key_id": ""}
        path = tmp_path_factory.mktemp("google") / "account.json"
        path.write_text(json.dumps(account))
        monkeypatch.setenv("GOOGLE_SERVICE_ACCOUNT", str(path))
        monkeypatch.setenv("GOOGLE_ALLOW_HTTP", "true")
        yield GoogleBucket("gs://pictures", server.objects)


@contextlib.contextmanager
def _served():
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Handler)
    server.objects, server.uploads = {}, {}
    server.numbers, server.lock = itertools.count(1_700_000_000_000_000), threading.Lock()
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield server
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


class _Object(NamedTuple):
    data: bytes
    kind: str
    generation: str
    modified: float

    @property
    def tag(self):
        return f'"{hashlib.md5(self.data).hexdigest()}"'


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    timeout = 5

    def log_message(self, *_):
        pass

    def do_GET(self):
        bucket, key, query = self._asked()
        if bucket != "pictures":
            self._refuse(404, "NoSuchBucket")
        elif not key:
            self._list(query)
        elif (found := self.server.objects.get(key)) is None:
            self._refuse(404, "NoSuchKey")
        elif part := re.fullmatch(r"bytes=(\d+)-(\d+)", self.headers.get("Range", "")):
            first, last = int(part[1]), min(int(part[2]) + 1, len(found.data))
            if first >= len(found.data):
                self._refuse(416, "InvalidRange")
            else:
                more = {"Content-Range": f"bytes {first}-{last - 1}/{len(found.data)}"}
                self._answer(206, found.data[first:last], found, more)
        else:
            self._answer(200, found.data, found)

    do_HEAD = do_GET  # noqa: N815 - the name that the server looks for

    def do_PUT(self):
        bucket, key, query = self._asked()
        data = self.rfile.read(int(self.headers["Content-Length"]))
        with self.server.lock:
            standing = self.server.objects.get(key)
            wanted = self.headers.get("x-goog-if-generation-match")
            if bucket != "pictures":
                self._refuse(404, "NoSuchBucket")
            elif "uploadId" in query:
                self.server.uploads[query["uploadId"]][int(query["partNumber"])] = data
                self._answer(200, b"", more={"ETag": f'"{hashlib.md5(data).hexdigest()}"'})
            elif wanted is not None and wanted != (standing.generation if standing else "0"):
                self._refuse(412, "PreconditionFailed")
            else:
                self._answer(200, b"", self._keep(key, data))

    def do_POST(self):
        _, key, query = self._asked()
        self.rfile.read(int(self.headers.get("Content-Length", 0)))
        with self.server.lock:
            if "uploads" in query:
                upload = str(next(self.server.numbers))
                self.server.uploads[upload] = {}
                xml = f"<InitiateMultipartUploadResult><UploadId>{upload}</UploadId></InitiateMultipartUploadResult>"
                self._answer(200, xml.encode())
            else:
                parts = self.server.uploads.pop(query["uploadId"])
                made = self._keep(key, b"".join(parts[number] for number in sorted(parts)))
                xml = f"<CompleteMultipartUploadResult><ETag>{made.tag}</ETag></CompleteMultipartUploadResult>"
                self._answer(200, xml.encode(), made)

    def do_DELETE(self):
        with self.server.lock:
            gone = self.server.objects.pop(self._asked()[1], None)
        self._answer(204, b"") if gone else self._refuse(404, "NoSuchKey")

    def _asked(self):
        parts = urlsplit(self.path)
        bucket, _, key = unquote(parts.path).removeprefix("/").partition("/")
        return bucket, key, {name: values[-1] for name, values in parse_qs(parts.query, keep_blank_values=True).items()}

    def _keep(self, key, data):
        generation, kind = str(next(self.server.numbers)), self.headers.get("Content-Type", "")
        made = self.server.objects[key] = _Object(data, kind, generation, time.time())
        return made

    def _list(self, query):
        after = query.get("continuation-token") or query.get("start-after", "")
        keys = sorted(key for key in self.server.objects if key.startswith(query.get("prefix", "")) and key > after)
        shown = keys[:_PAGE]
        more = f"<NextContinuationToken>{escape(shown[-1])}</NextContinuationToken>" if len(keys) > _PAGE else ""
        self._answer(200, f"<ListBucketResult>{''.join(map(self._listed, shown))}{more}</ListBucketResult>".encode())

    def _listed(self, key):
        found = self.server.objects[key]
        when = datetime.fromtimestamp(found.modified, UTC).isoformat(timespec="milliseconds")
        inside = f"<Size>{len(found.data)}</Size><LastModified>{when}</LastModified><ETag>{found.tag}</ETag>"
        return f"<Contents><Key>{escape(key)}</Key>{inside}</Contents>"

    def _answer(self, status, body, about=None, more=None):
        self.send_response(status)
        if about:
            self.send_header("ETag", about.tag)
            self.send_header("x-goog-generation", about.generation)
            self.send_header("Last-Modified", formatdate(about.modified, usegmt=True))
            self.send_header("Content-Type", about.kind)
        for name, value in (more or {}).items():
            self.send_header(name, value)
        if status != 204:
            self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def _refuse(self, status, code):
        self._answer(status, f"<Error><Code>{code}</Code></Error>".encode())
