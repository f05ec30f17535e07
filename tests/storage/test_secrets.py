"""Secrets of URLs and environments stand in nothing that is said or written."""

import contextlib
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import unquote

import pytest

from imgpipe.errors import ImgpipeError
from imgpipe.storage import open_storage
from imgpipe.storage.aws_profile import settings
from tests.command import imgpipe
from tests.folders import contents, paint
from tests.storage.s3 import SECRET

TOKEN = "s3cr3t-t0ken"


@contextlib.contextmanager
def web(files, *, heads=True):
    """A web server that wants the token in the query, or as a password."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self):
            path, _, query = self.path.partition("?")
            known = TOKEN in query or (self.headers["Authorization"] or "").startswith("Basic ")
            data = files.get(unquote(path).lstrip("/")) if known else None
            refused = self.command == "HEAD" and not heads
            self.send_response(403 if refused or not known else 404 if data is None else 200)
            self.send_header("Content-Length", str(len(data or b"")))
            self.end_headers()
            if self.command == "GET" and data:
                self.wfile.write(data)

        do_HEAD = do_GET  # noqa: N815

        def log_message(self, *_):
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, args=(0.05,))
    thread.start()
    try:
        yield f"127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


@pytest.fixture
def picture(tmp_path):
    pytest.importorskip("obstore")
    paint(tmp_path / "in/a b.png")
    return (tmp_path / "in/a b.png").read_bytes()


def said_and_written(tmp_path, ended):
    """All of it, in one."""
    out = tmp_path / "out"
    lines = (tmp_path / "lines").read_bytes() if (tmp_path / "lines").exists() else b""
    return lines + ended.stdout.encode() + ended.stderr.encode() + b"".join(contents(out, hidden=True).values())


@pytest.mark.parametrize("heads", [True, False], ids=["", "signed-for-reading-only"])
def test_a_signed_address_is_read_and_its_signature_is_nowhere(tmp_path, picture, heads):
    with web({"x/a b.png": picture}, heads=heads) as host:
        for name in ("a%20b.png", "missing.png"):
            url = f"http://{host}/x/{name}?X-Sig={TOKEN}"
            ended = imgpipe("process", url, tmp_path / "out", "--resize", "9x", "--json", tmp_path / "lines", "-v")
            ended = ended if name == "a%20b.png" else imgpipe("process", url, tmp_path / "out", "--resize", "9x", "-v")
            assert TOKEN.encode() not in said_and_written(tmp_path, ended)
    assert "a b.png" in contents(tmp_path / "out")


def test_names_below_an_address_come_from_a_list_and_passwords_are_nowhere(tmp_path, picture):
    (tmp_path / "names").write_text("a b.png\nmissing.png\n")
    with web({"x/a b.png": picture}) as host:
        url = f"http://me:{TOKEN}@{host}/x"
        ended = imgpipe("process", url, tmp_path / "out", "--resize", "9x", "--files-from", tmp_path / "names", "-v")
        assert (ended.returncode, "missing.png" in ended.stderr + ended.stdout) == (1, True)
        assert TOKEN.encode() not in said_and_written(tmp_path, ended)
        ended = imgpipe("process", url + "/", tmp_path / "out")
        assert ended.returncode == 2
        assert "cannot be listed" in ended.stderr
        assert TOKEN not in ended.stderr
    assert "a b.png" in contents(tmp_path / "out")


@pytest.mark.parametrize(
    "url",
    [
        f"s3://key:{TOKEN}@bucket/x",
        f"s3://bucket/x/../a.jpg?{TOKEN}",
        f"ftp://me:{TOKEN}@host/x",
        f"ftp://host/x?{TOKEN}",
        f"http://me:{TOKEN}@127.0.0.1:1/a.jpg?{TOKEN}",
    ],
)
def test_an_address_that_cannot_be_used_is_told_without_its_secrets(url, tmp_path):
    ended = imgpipe("process", url, tmp_path / "out", timeout=110)
    assert ended.returncode in (1, 2, 3)
    assert TOKEN not in ended.stderr + ended.stdout
    with pytest.raises(ImgpipeError) as raised:
        list(open_storage(url).list(None))
    assert TOKEN not in str(raised.value)


def test_keys_of_the_environment_are_in_no_object_of_an_output(tmp_path, bucket):
    paint(tmp_path / "in/a.png")
    ended = imgpipe("process", tmp_path / "in", f"{bucket.url}/out", "--resize", "9x", "-v", "--json", "-")
    assert ended.returncode == 0, ended.stderr
    storage = open_storage(f"{bucket.url}/out")
    written = [storage.read(entry.name) for entry in storage._below("")]
    written += [storage.read(f".imgpipe/{entry.name}") for entry in storage._below(".imgpipe")]
    assert len(written) > 2
    assert SECRET.encode() not in b"".join(written) + ended.stdout.encode() + ended.stderr.encode()


def test_profiles_give_keys_where_the_environment_has_none(tmp_path):
    (tmp_path / "credentials").write_text(f"[work]\naws_access_key_id = ID\naws_secret_access_key = {TOKEN}\n")
    (tmp_path / "config").write_text("[profile work]\nregion = eu-west-1\n[profile sso]\nsso_session = x\n")
    files = {
        "AWS_SHARED_CREDENTIALS_FILE": str(tmp_path / "credentials"),
        "AWS_CONFIG_FILE": str(tmp_path / "config"),
    }
    found = {"access_key_id": "ID", "secret_access_key": TOKEN, "region": "eu-west-1"}
    assert settings(files | {"AWS_PROFILE": "work"}) == found
    assert settings(files) == {}
    assert settings(files | {"AWS_PROFILE": "work", "AWS_ACCESS_KEY_ID": "x"}) == {"region": "eu-west-1"}
    for profile, words in (("none", "no profile none"), ("sso", "export-credentials")):
        with pytest.raises(ImgpipeError, match=words):
            settings(files | {"AWS_PROFILE": profile})
    (tmp_path / "credentials").write_text(f"{TOKEN}\n[")
    with pytest.raises(ImgpipeError) as raised:
        settings(files | {"AWS_PROFILE": "work"})
    assert TOKEN not in str(raised.value)
