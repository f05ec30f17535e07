"""A pool's clock stands still while the process is stopped, and its warden ends what is overdue."""

import os
import signal
import subprocess
import sys
import threading

import pytest

from imgpipe.concurrency import owner, roster
from imgpipe.concurrency.channel import Capacity, Channel
from imgpipe.concurrency.pool import pool_stage
from imgpipe.concurrency.roster import PoolBroken, PoolOptions
from imgpipe.concurrency.warden import Clock, keep_watch
from imgpipe.concurrency.worker import DeadlineExpired, WorkerDied
from tests.concurrency import tasks
from tests.concurrency.tasks import Stopper, Task, perform, undisturbed
from tests.concurrency.tools import (
    PATIENCE,
    Bell,
    Drive,
    eventually,
    slay,
    threads_named,
    waits,
    worker_pids,
)

pytestmark = pytest.mark.usefixtures("nothing_left_behind")


class TestClock:
    def test_goes_with_the_time(self, time):
        clock = Clock(300.0)
        began = clock.now()
        for _ in range(10):
            time.now += clock.tick
            assert clock.beat() == clock.now()
        assert clock.now() - began == pytest.approx(10 * clock.tick)

    def test_stands_still_while_the_process_is_stopped(self, time):
        clock = Clock(300.0)
        began = clock.beat()
        time.now += 3600.0
        assert clock.beat() - began == pytest.approx(clock.tick)
        time.now += clock.tick
        assert clock.beat() - began == pytest.approx(2 * clock.tick)

    def test_that_is_called_a_little_late_loses_nothing(self, time):
        clock = Clock(300.0)
        began = clock.beat()
        time.now += clock.tick + 0.9
        assert clock.beat() - began == pytest.approx(clock.tick + 0.9)

    @pytest.mark.parametrize("deadline", [None, 0.2, 5.0, 300.0])
    def test_is_exact_to_a_tenth_of_the_deadline(self, deadline):
        assert Clock(deadline).tick <= min(1.0, (deadline or 10.0) / 10)


def test_watch_is_kept_until_it_is_left():
    leave = threading.Event()
    heard = []

    class Overdue:
        def expire(self, now):
            heard.append("expire")

        def check_alive(self):
            heard.append("alive")
            if len(heard) == 6:
                leave.set()

    keep_watch(Clock(0.01), lambda: [Overdue()], leave)
    assert heard == ["expire", "alive"] * 3


def test_watch_is_kept_although_the_system_refuses_what_it_takes_for_a_moment():
    leave = threading.Event()
    heard = []

    class Refused:
        def expire(self, now):
            heard.append("expire")
            if len(heard) < 3:
                raise OSError(24, "Too many open files")

        def check_alive(self):
            leave.set()

    keep_watch(Clock(0.01), lambda: [Refused()], leave)
    assert heard == ["expire"] * 3


def test_worker_stopped_in_the_middle_of_a_result_costs_only_its_task():
    with Drive(tasks.same, PoolOptions(1, deadline=3.0)) as drive:
        drive.offer(stopper := Stopper(100_000_000), Task(1))
        results = drive.finish()
    (lost,) = drive.lost
    assert lost.task is stopper
    assert isinstance(lost.error, DeadlineExpired)
    assert [one for one in results if one is not lost] == [Task(1)]


@pytest.mark.parametrize("deadline", [None, 100.0])
@pytest.mark.parametrize("method", ["forkserver", "spawn"])
def test_death_is_seen_although_a_process_that_the_task_forked_lives_on(tmp_path, method, deadline):
    with Bell(tmp_path) as bell:
        options = PoolOptions(1, tries=1, start_method=method, deadline=deadline)
        with Drive(tasks.fork_and_die, options) as drive:
            drive.offer(Task(0, bell=bell.path))
            (lost,) = drive.finish()
        slay(bell.wait()[0])
    assert isinstance(lost.error, WorkerDied)
    assert lost.error.cause == "was killed by SIGKILL"


def test_initializer_that_hangs_breaks_the_pool_at_its_first_time_out(monkeypatch):
    monkeypatch.setattr(roster, "_SECONDS_TO_START", 0.5)
    options = PoolOptions(2, initializer=tasks.sleep_at_start, deadline=0.1)
    with Drive(perform, options) as drive, pytest.raises(PoolBroken, match=r"not ready after 0\.5 s"):
        drive.finish()
    assert not worker_pids()


def test_slow_consumer_costs_no_task_its_time(tmp_path, monkeypatch, time):
    """A worker is on one task, and its owner still waits for room for the result of the one before."""
    monkeypatch.setattr(owner, "_SECONDS_AHEAD", 1e9)
    monkeypatch.setattr(owner, "_SECONDS_OF_A_LONG_TASK", 1e6)
    source = Channel(Capacity(10))
    go = [tmp_path / f"go-{number}" for number in range(3)]
    known, first, second = (
        Task(number, trick="wait", bell=str(tmp_path / "bell"), go=str(go[number])) for number in range(3)
    )
    options = PoolOptions(1, Capacity(1), deadline=1.0, bypass=lambda task: task.number >= 10)
    with Bell(tmp_path) as bell, pool_stage(perform, source, options) as results:
        source.put(known)
        bell.wait()
        for task in (first, second, Task(10)):  # the next two go to the worker together, and the last takes the room
            source.put(task)
        go[0].touch()
        assert next(results) == undisturbed(known)
        bell.wait()
        go[1].touch()
        assert bell.wait()[1] == second.number
        eventually(lambda: all(waits(thread, "put") for thread in threads_named("pool-")))
        for _ in range(3):  # at once it would count as stopped
            time.now += 0.9
            asked = time.asked
            eventually(lambda asked=asked: time.asked > asked + 1)  # the warden has looked, and looked again
        assert [next(results), next(results)] == [Task(10), undisturbed(first)]
        go[2].touch()
        source.end()
        assert list(results) == [undisturbed(second)]


@pytest.mark.parametrize("method", ["forkserver", "spawn"])
def test_time_in_which_the_whole_program_was_stopped_does_not_count(tmp_path, method):
    """As by Ctrl-Z in a terminal, and `fg` later."""
    (folder := tmp_path / "starts").mkdir()
    for name in "ab":
        (folder / name).touch()
    with Bell(tmp_path) as bell:
        program = [sys.executable, "-m", "tests.concurrency.parent", method, str(tmp_path), "be_stopped"]
        with subprocess.Popen(program, stdout=subprocess.PIPE, text=True, start_new_session=True) as parent:
            try:
                assert [bell.wait()[1], bell.wait()[1]] == [-1, -1]  # the time to start is not what this is about
                (tmp_path / "begin").touch()
                assert sorted((bell.wait()[1], bell.wait()[1])) == [0, 1]
                os.killpg(parent.pid, signal.SIGSTOP)
                threading.Event().wait(5.0)
                os.killpg(parent.pid, signal.SIGCONT)
                (tmp_path / "go").touch()
                assert parent.communicate(timeout=PATIENCE)[0] == "['Done', 'Done']\n"
            finally:
                os.killpg(parent.pid, signal.SIGKILL) if parent.poll() is None else None
