"""What a worker of a cluster does with a group, without a cluster."""

import pickle
import threading
from functools import partial
from types import SimpleNamespace

import pytest

pytest.importorskip("distributed")

from imgpipe.engines import Workforce, group
from imgpipe.engines.deadline import Overdue
from imgpipe.engines.group import TOKEN, halt, work
from imgpipe.engines.order import Order
from imgpipe.errors import UsageError
from imgpipe.job import Item, Job, Seconds, Source, Status
from imgpipe.passing import Loaded, Made
from imgpipe.publishing import NOT_BEGUN
from imgpipe.steps import Steps, Treatment, apply, never
from imgpipe.storage.local import LocalFolder
from imgpipe.transform import Settings

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
    assert group._read(100, never, lambda job, room: job, JOB) is JOB


def test_a_picture_without_enough_memory_is_told_what_helps_on_a_cluster(monkeypatch):
    def starve(*_):
        raise MemoryError

    monkeypatch.setattr("imgpipe.steps.transform", starve)
    made = group._apply(1, lambda _: 0, partial(apply, Treatment((), (), Settings())), Loaded(JOB, b"", Seconds()))
    item = group._write(lambda: False, same, made)
    assert (item.status, item.failure.type) == (Status.FAILED, "MemoryError")
    assert "start workers with more (--memory-limit" in item.failure.message


def test_nothing_is_read_once_the_run_stops():
    assert group._read(100, lambda: True, refuse, JOB).reason == NOT_BEGUN


def test_a_picture_that_needs_more_than_its_share_is_not_begun():
    loaded = Loaded(JOB, b"", Seconds())
    item = group._apply(99, lambda _: 100, refuse, loaded)
    assert (item.status, item.failure.type) == (Status.FAILED, "LimitExceeded")
    assert group._apply(100, lambda _: 100, lambda same: same, loaded) is loaded


def worker(threads, limit):
    return SimpleNamespace(
        address="tcp://host:1",
        memory_manager=SimpleNamespace(memory_limit=limit),
        state=SimpleNamespace(nthreads=threads),
    )


def test_threads_of_a_worker_share_its_memory():
    one, four = (group._memory(worker(threads, 4 << 30)) for threads in (1, 4))
    assert 3 << 30 < one < 4 << 30
    assert four == one // 4
    assert group._memory(worker(1, None)) > 0


def test_what_a_group_has_written_is_synced_before_it_is_told(monkeypatch):
    done = []
    target = SimpleNamespace(sync=lambda: done.append("synced"))
    monkeypatch.setattr("distributed.get_worker", lambda: worker(1, 1 << 30))
    monkeypatch.setattr(group, "check_versions", lambda *_: None)
    monkeypatch.setattr(group, "warm_up", lambda: None)
    monkeypatch.setattr(group, "_steps", lambda *_: Steps(None, None, None, target=target))
    monkeypatch.setattr(group, "_in_time", lambda *_: done.append("written"))
    work(Order("run", (), b"", Workforce(cores=1)), pickle.dumps([]), apart=False)
    assert done == ["written", "synced"]


def same(made):
    return made


def test_a_worker_that_cannot_load_what_is_to_be_done_is_named():
    steps = pickle.dumps(same).replace(b"test_group", b"nest_group")
    with pytest.raises(
        UsageError, match=r"the worker at tcp://one cannot load what is to be done: No module named .*nest"
    ):
        group._steps(Order("run", (), steps, Workforce(cores=1)), SimpleNamespace(address="tcp://one"))


def test_what_was_made_is_not_written_once_the_run_has_left_the_output(target):
    steps = Steps(same, same, same, target=target)
    order = Order("run", (), pickle.dumps(steps), Workforce(cores=1))
    steps, made = group._steps(order, worker(1, 1 << 30)), Made(JOB, (), Seconds())
    assert steps.write(made) is made
    target.put(TOKEN, b"nur")
    assert steps.write(made).reason == NOT_BEGUN


def test_what_was_begun_is_written_where_the_run_is_to_stop(target):
    order = Order("run", (), pickle.dumps(Steps(same, same, same, target=target)), Workforce(cores=1))
    here, made = worker(1, 1 << 30), Made(JOB, (), Seconds())
    steps = group._steps(order, here)
    halt("run", here)
    assert steps.write(made) is made


def test_a_picture_that_was_left_at_its_deadline_is_not_written_once_it_is_made():
    """By then its group is done elsewhere, and it has perhaps failed."""
    written, go_on = [], threading.Event()

    def apply(loaded):
        assert go_on.wait(60)
        return Made(loaded.job, (), Seconds())

    steps = Steps(lambda job: Loaded(job, b"", Seconds()), apply, lambda made: written.append(made) or made)
    with pytest.raises(Overdue):
        group._in_time(steps, [JOB], Workforce(cores=1, timeout=0.1), Overdue("tcp://host:1"))
    left = [thread for thread in threading.enumerate() if thread.name == "group"]
    go_on.set()
    for thread in left:
        thread.join(60)
    assert [made.reason for made in written] == [NOT_BEGUN]


def test_after_a_deadline_the_thread_that_was_left_applies_nothing_more():
    """Those jobs are done elsewhere then."""
    applied, written, go_on = [], [], threading.Event()

    def apply(loaded):
        applied.append(loaded.job.source.name)
        assert go_on.wait(60)
        return Item(loaded.job.source, Status.WRITTEN)

    jobs = [Job(Source(name, "png", 1), ()) for name in ("a.png", "b.png", "c.png")]
    steps = Steps(lambda job: Loaded(job, b"", Seconds()), apply, lambda made: written.append(made) or made)
    with pytest.raises(Overdue):
        group._in_time(steps, jobs, Workforce(cores=1, timeout=0.1), Overdue("tcp://host:1"))
    left = [thread for thread in threading.enumerate() if thread.name == "group"]
    go_on.set()
    for thread in left:
        thread.join(60)
    assert applied == ["a.png"]
    assert len(written) == len(jobs)
