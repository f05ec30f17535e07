"""Google's storage: as S3 but for its versions, which are numbers of its own and not ETags."""

import time

import pytest

from imgpipe.errors import UsageError
from imgpipe.journal.lease import Lease
from imgpipe.storage import Listing, open_storage
from imgpipe.storage.objects import PART
from tests.folders import contents, paint
from tests.runs import ends, run


def wait_until(holds):
    end = time.monotonic() + 30
    while not holds():
        assert time.monotonic() < end
        time.sleep(0.01)


@pytest.mark.parametrize("kind", ["bucket", "gs_bucket"])
def test_a_lock_is_renewed_and_respected_and_given_back(kind, request):
    storage = open_storage(f"{request.getfixturevalue(kind).url}/out")
    lease = Lease(storage, 0.01)
    lease.take()
    taken, renewals = lease._version, set()
    wait_until(lambda: renewals.add(lease._version) or len(renewals - {taken}) >= 3)
    assert not lease.lost
    with pytest.raises(UsageError, match="another run"):
        Lease(storage).take()
    lease.release()
    assert list(storage.own("")) == []


@pytest.mark.parametrize("kind", ["bucket", "gs_bucket"])
def test_of_several_who_find_a_dead_lock_one_gets_it(kind, request):
    storage = open_storage(f"{request.getfixturevalue(kind).url}/out")
    storage.put(".imgpipe/lock", b"what is left of a run")
    found = storage.version(".imgpipe/lock")[0]
    storage.put_if(".imgpipe/lock", b"the first one's", found)
    with pytest.raises(FileExistsError):
        storage.put_if(".imgpipe/lock", b"the second one's", found)
    assert storage.read(".imgpipe/lock") == b"the first one's"


def test_a_run_makes_the_bytes_of_a_local_run_and_a_second_one_nothing(tmp_path, gs_bucket):
    for seed in range(3):
        paint(tmp_path / f"in/{seed}/é #{seed}.png", seed=seed)
    run(tmp_path / "in", tmp_path / "local")
    for expected in ("written", "unchanged"):
        report = run(tmp_path / "in", f"{gs_bucket.url}/out")
        assert set(ends(report).values()) == {expected}
    storage = open_storage(f"{gs_bucket.url}/out")
    assert {entry.name: storage.read(entry.name) for entry in storage.list(Listing())} == contents(tmp_path / "local")


def test_what_is_large_goes_in_parts(gs_bucket):
    storage = open_storage(gs_bucket.url)
    data = bytes(range(256)) * (PART // 128)
    storage.put("large.tif", data)
    assert storage.read("large.tif") == data


def test_a_listing_goes_on_with_its_next_page(gs_bucket):
    storage = open_storage(gs_bucket.url)
    names = [f"{number:03}.png" for number in range(120)]
    for name in names:
        storage.put(name, b"x")
    assert [entry.name for entry in storage.list(Listing())] == names
