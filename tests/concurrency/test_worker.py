"""The parent's side of one worker."""

import signal
import socket
import time

import pytest

from imgpipe.concurrency import wire
from imgpipe.concurrency.launch import default_start_method
from imgpipe.concurrency.worker import DeadlineExpired, Worker, WorkerDied
from tests.concurrency import tasks
from tests.concurrency.tools import slay

pytestmark = pytest.mark.usefixtures("nothing_left_behind")


@pytest.fixture
def worker():
    worker = Worker(default_start_method(), wire.dumps((tasks.same, None)), [])
    yield worker
    worker.discard()


def time_limit(worker):
    stream = socket.socket(fileno=worker._connection.fileno())
    try:
        return stream.getsockopt(socket.SOL_SOCKET, socket.SO_SNDTIMEO, 16)
    finally:
        stream.detach()


def test_a_limit_is_for_one_message_only(worker):
    """Neither the time to start nor an earlier task's deadline may cut a later task short."""
    worker.wait_until_ready(1000)
    assert any(time_limit(worker))
    worker.send([1], time.monotonic() + 0.001)
    assert any(time_limit(worker))
    worker.send([2], None)
    assert not any(time_limit(worker))
    assert [worker.receive(None)[0] for _ in range(2)] == [1, 2]


def test_says_how_it_ended(worker):
    worker.wait_until_ready(1000)
    slay(worker.pid)
    with pytest.raises(WorkerDied):
        worker.receive(None)
    assert worker.discard() == f"was killed by {signal.SIGKILL.name}"
    assert worker.discard() == "had gone"
    assert worker.pid is None


def test_may_be_killed_twice_and_when_it_has_gone(worker):
    worker.kill()
    worker.kill()
    worker.discard()
    worker.kill()


def test_dismissed_when_idle_it_ends_by_itself(worker, monkeypatch):
    worker.wait_until_ready(1000)
    monkeypatch.setattr("imgpipe.concurrency.worker.kill", lambda process: None)
    worker.dismiss()


def test_not_ready_in_time(monkeypatch):
    slow = Worker(default_start_method(), wire.dumps((tasks.same, tasks.sleep_at_start)), [])
    with pytest.raises(WorkerDied, match="was not ready after"):
        slow.wait_until_ready(0.1)
    assert "SIGKILL" in slow.discard()


def test_deadline_that_has_passed(worker):
    worker.wait_until_ready(1000)
    with pytest.raises(DeadlineExpired):
        worker.receive(time.monotonic() - 1)
