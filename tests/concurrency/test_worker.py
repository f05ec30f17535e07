"""The parent's side of one worker."""

import os
import signal

import pytest

from imgpipe.concurrency import wire
from imgpipe.concurrency.launch import default_start_method
from imgpipe.concurrency.worker import DeadlineExpired, Worker, WorkerDied
from tests.concurrency import tasks
from tests.concurrency.tasks import Stopper, Task
from tests.concurrency.tools import (
    PATIENCE,
    Bell,
    eventually,
    in_threads,
    slay,
    state_of,
    waits,
)

pytestmark = pytest.mark.usefixtures("nothing_left_behind")

ECHO = wire.dumps((tasks.same, None))


@pytest.fixture
def worker():
    worker = Worker(default_start_method(), [])
    yield worker
    worker.discard()


@pytest.fixture
def expect():
    """To run in a thread: a function that must raise an error of this kind, and the test fails where it does not."""
    outcomes = []

    def expecting(kind, function, *arguments):
        def call():
            try:
                function(*arguments)
            except BaseException as error:
                outcomes.append(isinstance(error, kind) or error)
            else:
                outcomes.append("raised nothing")

        return call

    yield expecting
    assert outcomes == [True]


def overdue(worker):
    """What a warden does when time is up."""
    worker.watch(10.0)
    worker.expire(9.9)
    worker.expire(10.0)


def test_that_is_not_overdue_goes_on(worker):
    """Neither the time to start nor an earlier task's deadline may cut a later task short."""
    worker.watch(10.0)
    worker.wait_until_ready(ECHO)
    worker.watch(None)
    worker.expire(20.0)
    worker.watch(30.0)
    worker.send([1, 2])
    worker.expire(29.9)
    assert worker.receive()[0] == 1
    worker.expire(40.0)
    assert worker.receive()[0] == 2


def test_that_has_answered_in_time_is_not_overdue_because_nobody_has_read_it(worker):
    worker.wait_until_ready(ECHO)
    worker.send([1])
    assert worker._connection.poll(PATIENCE)
    overdue(worker)
    assert worker.receive()[0] == 1
    worker.send([2])
    assert worker.receive()[0] == 2


def test_dead_it_still_gives_what_it_has_answered_although_more_is_sent(worker):
    worker.wait_until_ready(ECHO)
    worker.send([1])
    assert worker._connection.poll(PATIENCE)
    slay(worker.pid)
    worker.send([bytes(10_000_000)])
    assert worker.receive()[0] == 1
    with pytest.raises(WorkerDied):
        worker.receive()


def test_overdue_it_is_killed_and_says_so(worker):
    worker.wait_until_ready(ECHO)
    overdue(worker)
    with pytest.raises(DeadlineExpired):
        worker.receive()
    worker.send([bytes(10_000_000)])
    with pytest.raises(DeadlineExpired):
        worker.receive()
    with pytest.raises(DeadlineExpired):
        worker.watch(None)
    assert "SIGKILL" in worker.discard()
    worker.expire(20.0)


@pytest.mark.parametrize("size", [1_000, 3_000_000])
def test_stopped_in_the_middle_of_a_result_it_is_overdue(worker, expect, size):
    """What has come of the result is no answer, however long nothing more does."""
    worker.wait_until_ready(ECHO)
    with in_threads(expect(DeadlineExpired, worker.receive)) as (reader,):
        worker.send([Stopper(size)])
        eventually(lambda: waits(reader, "_receive"))
        eventually(lambda: state_of(worker.pid) == "T")
        eventually(lambda: not worker._connection.poll(0))
        overdue(worker)


def test_stopped_it_is_overdue_while_a_large_task_is_handed_over(worker):
    worker.wait_until_ready(ECHO)
    os.kill(worker.pid, signal.SIGSTOP)
    with in_threads(lambda: worker.send([bytes(30_000_000)])) as (writer,):
        eventually(lambda: waits(writer, "send"))
        overdue(worker)
    with pytest.raises(DeadlineExpired):
        worker.receive()


@pytest.mark.parametrize("method", ["forkserver", "spawn"])
def test_whose_pipe_is_held_open_by_a_process_that_it_forked_is_seen_to_be_dead(method, tmp_path, expect):
    worker = Worker(method, [])
    worker.wait_until_ready(wire.dumps((tasks.fork_and_die, None)))
    with Bell(tmp_path) as bell:
        worker.send([Task(0, bell=bell.path)])
        grandchild = bell.wait()[0]
        try:
            with in_threads(expect(WorkerDied, worker.receive)) as (reader,):
                while reader.is_alive():
                    worker.check_alive()
                    reader.join(0.01)
            assert "SIGKILL" in worker.discard()
        finally:
            slay(grandchild)


def test_says_how_it_ended(worker):
    worker.wait_until_ready(ECHO)
    slay(worker.pid)
    worker.check_alive()
    with pytest.raises(WorkerDied):
        worker.receive()
    assert worker.discard() == f"was killed by {signal.SIGKILL.name}"
    assert worker.discard() == "had gone"
    assert worker.pid is None


def test_may_be_killed_twice_and_when_it_has_gone(worker):
    worker.kill()
    worker.kill()
    worker.discard()
    worker.kill()
    worker.check_alive()


def test_dismissed_when_idle_it_ends_by_itself(worker, monkeypatch):
    worker.wait_until_ready(ECHO)
    monkeypatch.setattr("imgpipe.concurrency.worker.kill", lambda process: None)
    worker.dismiss()


def test_not_ready_in_time():
    slow = Worker(default_start_method(), [])
    overdue(slow)
    with pytest.raises(DeadlineExpired):
        slow.wait_until_ready(wire.dumps((tasks.same, tasks.sleep_at_start)))
    assert "SIGKILL" in slow.discard()


def test_that_has_answered_has_no_deadline_any_more(worker):
    worker.wait_until_ready(ECHO)
    worker.watch(10.0)
    worker.send([Task(1)])
    worker.receive()
    worker.expire(11.0)
    worker.send([Task(2)])
    assert worker.receive()[0] == Task(2)


def test_one_that_has_no_memory_to_receive_a_message_dies_instead_of_leaving_us_waiting():
    worker = Worker(default_start_method(), [])
    try:
        with pytest.raises(WorkerDied):  # noqa: PT012 - it may go before or after it has said that it is ready
            worker.wait_until_ready(wire.dumps((tasks.same, tasks.have_no_memory_to_receive)))
            worker.receive()
        assert worker.discard() == "ended with exit code 1"
    finally:
        worker.discard()
