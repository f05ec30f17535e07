"""How large files and outputs go between the processes."""

import os
import sys
import threading
from typing import NamedTuple

import pytest
from PIL import Image

import imgpipe
from imgpipe.concurrency import wire
from imgpipe.concurrency.arena import SMALL
from imgpipe.concurrency.worker import Worker
from imgpipe.engines import Workforce
from imgpipe.engines.processes import processes, workers_ahead
from imgpipe.job import Item, Job, Seconds, Source, Status, failed
from imgpipe.passing import Loaded
from imgpipe.steps import _NO_MEMORY, Steps
from tests.concurrency.tools import eventually, in_threads, threads_named, waits

pytestmark = pytest.mark.usefixtures("nothing_left_behind")


@pytest.mark.skipif(sys.platform != "linux", reason="nowhere else is there memory that processes share")
def test_large_outputs_do_not_come_through_the_pipe(tmp_path, monkeypatch):
    monkeypatch.setattr(wire, "_receive_buffer", None)
    (tmp_path / "in").mkdir()
    Image.effect_noise((400, 300), 90).save(tmp_path / "in/a.png")
    report = imgpipe.process(tmp_path / "in", tmp_path / "out", imgpipe.Recipe(["flip"]), cores=1)
    assert report.count("written") == 1
    assert (tmp_path / "out/a.png").stat().st_size > SMALL


class ShortAtFirst(NamedTuple):
    """An `apply` that waits for a file, once, and then has too little memory for a picture named `a`."""

    go: str

    def __call__(self, loaded):
        if loaded.job.source.name == "a" and not os.path.exists(self.go):
            eventually(lambda: os.path.exists(self.go))
            return failed(loaded.job.source, MemoryError(), _NO_MEMORY, Seconds())
        return Item(loaded.job.source, Status.WRITTEN)


def test_a_picture_that_runs_short_does_not_wait_for_files_that_wait_for_it(tmp_path):
    """Each file takes more than half of what files may: the next one is read when the one before is done."""
    jobs = [Job(Source(name, "jpeg", 60 << 20), ()) for name in "abc"]
    short = ShortAtFirst(str(tmp_path / "go"))
    steps = Steps(lambda job, room=None: Loaded(job, b"", Seconds()), short, lambda item: item)
    items = []
    with in_threads(lambda: items.extend(processes(iter(jobs), steps, Workforce(cores=2, memory=400 << 20)))):
        # One owner has nothing to do and waits for the next file.
        eventually(lambda: any(waits(thread, "_fetch") for thread in threads_named("pool-")))
        (tmp_path / "go").touch()
    assert {item.source.name: item.status for item in items} == dict.fromkeys("abc", Status.WRITTEN)


def fill_and_tell(loaded):
    """Who did it, and whether it was shown the file where the reader had put it."""
    shown = isinstance(loaded.data, memoryview) and bytes(loaded.data) == b"x" * SMALL
    return Item(loaded.job.source, Status.WRITTEN, reason=f"{os.getpid()} {shown}")


def read_into_room(job, room=None):
    data = room(SMALL) if room is not None else bytearray(SMALL)
    data[:] = b"x" * SMALL
    return Loaded(job, data, Seconds())


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere no fork server is forked ahead")
def test_workers_that_were_started_ahead_do_the_work_and_see_the_files():
    jobs = [Job(Source(name, "jpeg", SMALL), ()) for name in "abcdefgh"]
    steps = Steps(read_into_room, fill_and_tell, lambda item: item)
    with workers_ahead(Workforce(cores=2, start_method="forkserver"), 2) as workforce:
        eventually(lambda: not threads_named("hire"))
        pids = {str(worker.pid) for worker in workforce.ahead.spares._started}
        items = list(processes(iter(jobs), steps, workforce))
    assert len(pids) == 2
    assert {item.reason.split()[0] for item in items} <= pids
    assert {item.reason.split()[1] for item in items} == {"True"}


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere no fork server is forked ahead")
def test_one_that_is_still_being_started_when_the_work_is_done_sees_memory_that_is_still_there(monkeypatch):
    """Else its process would be given whatever file has the number of that memory by then."""
    comes, goes_on, started = threading.Event(), threading.Event(), []

    def one_by_one(*arguments):
        if started:
            comes.set()
            assert goes_on.wait(30)
        started.append(Worker(*arguments))
        return started[-1]

    monkeypatch.setattr(sys.modules["imgpipe.engines.processes"], "Worker", one_by_one)
    steps = Steps(read_into_room, fill_and_tell, lambda item: item)
    jobs = [Job(Source("a", "jpeg", SMALL), ())]
    with workers_ahead(Workforce(cores=1, start_method="forkserver"), 2) as workforce:
        assert comes.wait(30)
        assert [item.status for item in processes(iter(jobs), steps, workforce)] == [Status.WRITTEN]
        goes_on.set()
        eventually(lambda: not threads_named("hire"))
        started[1].wait_until_ready(wire.dumps((fill_and_tell, None)))


def test_none_are_started_ahead_where_there_is_no_fork_server():
    with workers_ahead(Workforce(cores=2, start_method="spawn"), 2) as workforce:
        assert workforce.ahead is None


def test_no_room_to_start_any_ahead_is_no_error(monkeypatch):
    def refuse(_thread):
        raise RuntimeError("can't start new thread")

    monkeypatch.setattr(threading.Thread, "start", refuse)
    with workers_ahead(Workforce(cores=2, start_method="forkserver"), 2) as workforce:
        assert workforce.ahead is None
