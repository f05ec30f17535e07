"""Google's storage: as S3 but for its versions, which are numbers of its own, and for what it says where nothing is."""

from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

import pytest

from imgpipe.errors import UsageError
from imgpipe.journal import lease as leases
from imgpipe.journal.lease import Lease
from imgpipe.storage import Listing, open_storage
from imgpipe.storage.objects import PART
from tests.concurrency.tools import eventually
from tests.folders import contents, paint
from tests.runs import SMALL, ends, run
from tests.storage.faults import proxy


@pytest.fixture(params=["bucket", "gs_bucket"])
def output(request):
    """An OUTPUT on a server of either kind of versions."""
    return open_storage(f"{request.getfixturevalue(request.param).url}/out")


@contextmanager
def taken(lease):
    lease.take()
    try:
        yield
    finally:
        lease.release()


def test_a_lock_is_renewed_and_respected_and_given_back(output):
    lease = Lease(output, 0.01)
    with taken(lease):
        for _ in range(3):
            before = lease._version
            eventually(lambda: lease._version != before)  # noqa: B023 - it is asked here
        assert not lease.lost
        with pytest.raises(UsageError, match="another run"):
            Lease(output).take()
    assert list(output.own("")) == []


def test_of_several_who_want_an_expired_lock_at_once_one_gets_it(output, monkeypatch):
    monkeypatch.setattr(leases, "_EXPIRES", -1000.0)
    output.put(leases._LOCK, b"what is left of a run")
    found, _ = output.version(leases._LOCK)

    def put(number):
        try:
            output.put_if(leases._LOCK, b"%d" % number, found)
        except FileExistsError:
            return None
        return number

    with ThreadPoolExecutor(8) as threads:
        (winner,) = {number for number in threads.map(put, range(8)) if number is not None}
    assert output.read(leases._LOCK) == b"%d" % winner
    with taken(Lease(output, 60)):
        pass


def test_a_version_is_another_although_its_content_was_there_before(gs_bucket):
    storage = open_storage(gs_bucket.url)
    first = storage.put_if("lock", b"mine", None)
    storage.put("lock", b"theirs")
    storage.put("lock", b"mine")
    assert storage.version("lock")[0].e_tag == first.e_tag
    with pytest.raises(FileExistsError):
        storage.put_if("lock", b"mine again", first)


def test_what_is_not_there_is_removed_without_a_word(output):
    output.forget("nothing")
    assert not output.remove("nothing", 0)


def test_a_run_makes_the_bytes_of_a_local_run_and_a_second_one_nothing(tmp_path, gs_bucket):
    for seed in range(3):
        paint(tmp_path / f"in/{seed}/é #{seed}.png", seed=seed)
    run(tmp_path / "in", tmp_path / "local")
    for expected in ("written", "unchanged"):
        report = run(tmp_path / "in", f"{gs_bucket.url}/out")
        assert set(ends(report).values()) == {expected}
    assert everything(f"{gs_bucket.url}/out") == contents(tmp_path / "local")


def everything(url):
    storage = open_storage(url)
    return {entry.name: storage.read(entry.name) for entry in storage.list(Listing())}


def test_all_is_delivered_although_one_request_in_twenty_fails(tmp_path, gs_bucket, monkeypatch):
    for number in range(40):
        paint(tmp_path / f"in/{number}.png", seed=number)
    run(tmp_path / "in", tmp_path / "local", SMALL)
    monkeypatch.setenv("GOOGLE_TIMEOUT", "2s")
    with proxy(gs_bucket.endpoint, 0.05) as (endpoint, done):
        gs_bucket.reach(endpoint)
        report = run(tmp_path / "in", f"{gs_bucket.url}/out", SMALL, engine="threads")
    assert set(ends(report).values()) == {"written"}, report.errors
    assert sum(done.values()) > 2, done
    gs_bucket.reach(gs_bucket.endpoint)
    assert everything(f"{gs_bucket.url}/out") == contents(tmp_path / "local")


def test_what_is_large_goes_in_parts_and_has_its_media_type(gs_bucket):
    storage = open_storage(gs_bucket.url)
    data = bytes(range(256)) * (PART // 128)
    storage.put("large.tif", data)
    assert storage.read("large.tif") == data
    assert gs_bucket.server.put_in_parts == [("large.tif", 2)]
    assert gs_bucket.server.objects["large.tif"].kind == "image/tiff"
    assert gs_bucket.server.uploads == {}


def test_a_listing_goes_on_with_its_next_page(gs_bucket):
    storage = open_storage(gs_bucket.url)
    names = [f"{number:03}.png" for number in range(120)]
    for name in names:
        storage.put(name, b"x")
    assert [entry.name for entry in storage.list(Listing())] == names
