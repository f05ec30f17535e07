"""What a worker of a cluster does with a group, without a cluster."""

from types import SimpleNamespace

import pytest

pytest.importorskip("distributed")

from imgpipe.engines import group
from imgpipe.engines.group import TOKEN, halt
from imgpipe.job import Job, Seconds, Source, Status
from imgpipe.passing import Loaded
from imgpipe.publishing import NOT_BEGUN
from imgpipe.steps import never
from imgpipe.storage.local import LocalFolder

JOB = Job(Source("a.png", "png", 100), ())


def refuse(*_):
    raise AssertionError("it was called")


@pytest.fixture
def target(tmp_path, monkeypatch):
    monkeypatch.setattr(group, "_SECONDS_BETWEEN_LOOKS", 0.0)
    target = LocalFolder(str(tmp_path))
    target.put(TOKEN, b"run")
    return target


def test_a_worker_stops_when_another_run_has_the_output(target):
    stopping = group._stopping(target, "run", SimpleNamespace())
    assert not stopping()
    target.put(TOKEN, b"nur")
    assert stopping()


def test_a_worker_stops_when_its_run_has_left_the_output(target):
    stopping = group._stopping(target, "run", SimpleNamespace())
    assert not stopping()
    target.remove(TOKEN, 3)
    assert stopping()


def test_a_worker_stops_when_its_run_is_halted_and_goes_on_with_another(target):
    worker = SimpleNamespace()
    halt("another", worker)
    stopping = group._stopping(target, "run", worker)
    assert not stopping()
    halt("run", worker)
    assert stopping()


def test_a_file_that_is_larger_than_the_share_of_a_picture_is_not_read():
    item = group._read(99, never, refuse, JOB)
    assert (item.status, item.failure.type) == (Status.FAILED, "LimitExceeded")
    assert group._read(100, never, lambda job: job, JOB) is JOB


def test_nothing_is_read_once_the_run_stops():
    assert group._read(100, lambda: True, refuse, JOB).reason == NOT_BEGUN


def test_a_picture_that_needs_more_than_its_share_is_not_begun():
    loaded = Loaded(JOB, b"", Seconds())
    item = group._apply(99, lambda _: 100, refuse, loaded)
    assert (item.status, item.failure.type) == (Status.FAILED, "LimitExceeded")
    assert group._apply(100, lambda _: 100, lambda same: same, loaded) is loaded
