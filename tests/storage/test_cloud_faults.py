"""A server that fails now and then costs time, and nothing else; one that always fails ends the run with a word."""

from datetime import UTC, datetime
from types import SimpleNamespace

import pytest

from imgpipe.errors import RunError
from imgpipe.storage import Listing, open_storage
from imgpipe.storage.objects import Objects
from tests.command import imgpipe
from tests.folders import contents, paint
from tests.runs import SMALL, ends, run
from tests.storage.faults import proxy


def deliver_all(tmp_path, bucket, monkeypatch, count, share):
    for number in range(count):
        paint(tmp_path / f"in/{number % 9}/{number}.png", seed=number)
    run(tmp_path / "in", tmp_path / "local")
    expected = contents(tmp_path / "local")
    monkeypatch.setenv("AWS_TIMEOUT", "2s")
    with proxy(bucket.endpoint, share) as (endpoint, done):
        monkeypatch.setenv("AWS_ENDPOINT_URL", endpoint)
        report = run(tmp_path / "in", f"{bucket.url}/in", engine="threads")
        assert set(ends(report).values()) == {"written"}, report.errors
        report = run(f"{bucket.url}/in", f"{bucket.url}/out", SMALL, engine="threads")
        assert set(ends(report).values()) == {"written"}, report.errors
    assert sum(done.values()) > count * share, done
    monkeypatch.setenv("AWS_ENDPOINT_URL", bucket.endpoint)
    storage = open_storage(f"{bucket.url}/in")
    assert {entry.name: storage.read(entry.name) for entry in storage.list(Listing())} == expected
    assert set(ends(run(f"{bucket.url}/in", f"{bucket.url}/out")).values()) == {"unchanged"}


def test_all_is_delivered_although_one_request_in_twenty_fails(tmp_path, bucket, monkeypatch):
    deliver_all(tmp_path, bucket, monkeypatch, 60, 0.05)


@pytest.mark.chaos
def test_two_thousand_are_delivered_although_one_request_in_twenty_fails(tmp_path, bucket, monkeypatch):
    deliver_all(tmp_path, bucket, monkeypatch, 2000, 0.05)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"AWS_SECRET_ACCESS_KEY": "wrong-SECRET-7c1f"}, "credentials are refused"),
        ({"bucket": "no-such-bucket"}, "there is no such bucket"),
    ],
)
def test_what_would_repeat_ends_the_run_with_one_line(tmp_path, bucket, monkeypatch, change, words):
    paint(tmp_path / "in/a.png")
    url = bucket.url.replace(bucket.name, change.pop("bucket", bucket.name))
    for name, value in change.items():
        monkeypatch.setenv(name, value)
    for arguments in (tmp_path / "in", url), (url, tmp_path / "out"):
        ended = imgpipe("process", *arguments)
        assert ended.returncode in (2, 3)
        assert words in ended.stderr
        assert ended.stderr.count("\n") == 1, ended.stderr
        assert "SECRET" not in ended.stderr + ended.stdout
        assert ("taken from AWS_ACCESS_KEY_ID" in ended.stderr) is ("cannot look at" in ended.stderr)


def test_refusals_and_silence_without_end_end_the_run(bucket, monkeypatch):
    monkeypatch.setattr("imgpipe.storage.objects._ENDLESS", 3)
    storage = open_storage(bucket.url)
    storage.put("a", b"")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "wrong")
    storage = open_storage(bucket.url)
    for _ in range(2):
        with pytest.raises(OSError, match="credentials"):
            storage.read("a")
    with pytest.raises(RunError, match="credentials"):
        storage.read("a")


def test_a_content_that_is_shorter_than_its_size_is_asked_for_again(monkeypatch):
    answers = iter([b"hal", b"whole"])
    store = SimpleNamespace(get=lambda _key: SimpleNamespace(bytes=lambda: next(answers), meta={"size": 5}))
    monkeypatch.setattr("imgpipe.storage.answers._WAITS", (0.0, 0.0))
    assert Objects("s3://bucket", lambda: store).read("a") == b"whole"


def test_a_listing_that_breaks_off_goes_on_behind_the_last_key(monkeypatch):
    """Pages of two keys; each stream gives one and then breaks."""

    def listing(prefix, offset, chunk_size):
        rest = [meta for meta in metas if meta["path"] > (offset or "")]
        if rest:
            yield rest[:2]
            raise ConnectionError

    now = datetime.now(tz=UTC)
    metas = [{"path": f"p/{n}", "size": n, "last_modified": now, "e_tag": None} for n in range(5)]
    monkeypatch.setattr("imgpipe.storage.answers._WAITS", (0.0, 0.0))
    objects = Objects("s3://bucket/p", lambda: SimpleNamespace(list=listing))
    assert [entry.name for entry in objects.below("p")] == [meta["path"] for meta in metas]


def test_an_etag_is_the_same_with_and_without_quotes():
    """Azure's listings have none, its headers have."""
    meta = {"path": "a.png", "size": 1, "last_modified": datetime.now(tz=UTC), "version": None}
    store = SimpleNamespace(
        head=lambda _key: {**meta, "e_tag": '"0x8D4BCC2E4835CD0"'},
        list=lambda _prefix, **_: iter([[{**meta, "e_tag": "0x8D4BCC2E4835CD0"}]]),
    )
    objects = Objects("az://container", lambda: store)
    assert list(objects.below("")) == [objects.meta("a.png")]
