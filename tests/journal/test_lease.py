"""The lock of an OUTPUT in object storage, against a storage in memory whose clock and answers are the test's."""

import json
import os
import subprocess
import threading
import time
from types import SimpleNamespace

import pytest

from imgpipe.concurrency.room import start_thread
from imgpipe.errors import UsageError
from imgpipe.journal import lease as leases
from imgpipe.journal.lease import Lease
from imgpipe.storage.objects import Version
from tests.concurrency.tools import eventually
from tests.conftest import no_more_threads

pytestmark = pytest.mark.usefixtures("nothing_left_behind")

OFTEN = 0.001
OTHER = json.dumps({"owner": "another", "host": "elsewhere", "pid": 1}).encode()


class Memory:
    """One object, put on conditions; `answer` is asked before each such put but the first."""

    root = "s3://bucket/out"

    def __init__(self):
        self.data = None
        self.number = 0
        self.modified = self.clock = 1000.0
        self.asked = threading.Semaphore(0)
        self.answer = lambda: None

    def lay(self, data):
        self.data, self.number, self.modified = data, self.number + 1, self.clock

    def put_if(self, name, data, version):
        if json.loads(data)["times"]:
            self.asked.release()
            self.answer()
        if version != (self.version(name)[0] if self.data is not None else None):
            raise FileExistsError
        self.lay(data)
        return self.version(name)[0]

    def version(self, name):
        return Version(None, str(self.number)), self.modified

    def now(self):
        return self.clock

    def read(self, name):
        return self.data

    def forget(self, name):
        self.data = None


@pytest.fixture
def storage():
    return Memory()


@pytest.fixture
def lease(storage):
    lease = Lease(storage, OFTEN)
    lease.take()
    yield lease
    lease.release()


def test_it_is_renewed_and_given_back(storage):
    lease = Lease(storage, OFTEN)
    lease.take()
    for _ in range(5):
        assert storage.asked.acquire(timeout=30)
    assert not lease.lost
    lease.release()
    assert storage.data is None


@pytest.fixture
def clock(monkeypatch):
    """The time of the process, in s, which goes as the test says."""
    clock = SimpleNamespace(now=50.0)
    monkeypatch.setattr(leases, "_now", lambda: clock.now)
    return clock


def test_with_each_renewal_the_time_begins_anew(clock, storage):
    def pass_some_time():
        clock.now += leases._RENEWED
        lost.append(lease.lost)

    lost = []
    storage.answer = pass_some_time
    lease = Lease(storage, OFTEN)
    lease.take()
    eventually(lambda: len(lost) > 20)
    assert not any(lost)
    lease.release()


def test_an_answer_that_came_late_counts_from_when_it_was_asked_for(clock, storage):
    def answer_late():
        if storage.number == 1:
            clock.now += leases._TOO_LATE + 1
        else:
            lost.append(lease.lost)

    lost = []
    storage.answer = answer_late
    lease = Lease(storage, OFTEN)
    lease.take()
    eventually(lambda: len(lost) > 1)
    # Until the next renewal, which nobody has been in the way of.
    assert lost[:2] == [True, False]
    lease.release()


def test_one_that_somebody_else_has_taken_is_lost_and_left_to_them(storage):
    lease = Lease(storage, OFTEN)
    storage.answer = lambda: storage.lay(OTHER)
    lease.take()
    eventually(lambda: lease.lost)
    lease.release()
    assert storage.data == OTHER


def test_what_is_another_by_the_time_of_release_is_left_to_it(storage):
    lease = Lease(storage, 60)
    lease.take()
    storage.lay(OTHER)
    lease.release()
    assert storage.data == OTHER


def test_a_renewal_that_was_put_but_not_answered_is_known_again(storage, lease):
    storage.answer = lambda: storage.lay(storage.data)
    for _ in range(5):
        assert storage.asked.acquire(timeout=30)
    assert not lease.lost


def test_where_one_cannot_look_whose_it_is_the_next_renewal_decides(storage):
    read = storage.read

    def refuse_once(name):
        storage.read = read
        raise TimeoutError

    def put_without_an_answer():
        if storage.number == 1:
            storage.lay(storage.data)

    storage.answer, storage.read = put_without_an_answer, refuse_once
    lease = Lease(storage, OFTEN)
    lease.take()
    # The one of which it could not look, one that looked, and one of the version that was seen then.
    for _ in range(4):
        assert storage.asked.acquire(timeout=30)
    assert storage.read == read
    assert not lease.lost
    lease.release()
    assert storage.data is None


def test_one_that_is_gone_while_it_is_looked_at_is_lost(storage):
    def gone(name):
        raise FileNotFoundError

    storage.answer, storage.read = lambda: storage.lay(OTHER), gone
    lease = Lease(storage, OFTEN)
    lease.take()
    eventually(lambda: lease.lost)
    lease.release()
    assert storage.data == OTHER


@pytest.mark.skipif(not hasattr(time, "CLOCK_BOOTTIME"), reason="there is no such clock")
def test_one_is_lost_after_the_machine_was_suspended_for_too_long(storage, monkeypatch):
    """Then the clock of processes has stood still, and the other one has gone on."""
    suspended, clock_gettime = 0.0, time.clock_gettime
    monkeypatch.setattr(
        leases.time, "clock_gettime", lambda clock: clock_gettime(clock) + suspended * (clock == time.CLOCK_BOOTTIME)
    )
    lease = Lease(storage, 60)
    lease.take()
    assert not lease.lost
    suspended = 300.0
    assert lease.lost
    lease.release()


def test_one_that_is_taken_while_it_is_looked_at_is_not_taken_back(storage):
    read = storage.read

    def put_without_an_answer():
        if storage.number == 1:
            storage.lay(storage.data)

    def taken_meanwhile(name):
        data = read(name)
        storage.lay(OTHER)
        return data

    # Of the first renewal, so that it is looked whose the lock is.
    storage.answer, storage.read = put_without_an_answer, taken_meanwhile
    lease = Lease(storage, OFTEN)
    lease.take()
    eventually(lambda: lease.lost)
    lease.release()
    assert storage.data == OTHER


@pytest.mark.parametrize("error", [TimeoutError, RuntimeError])
def test_one_that_cannot_be_renewed_is_lost_once_it_may_have_expired(storage, lease, error, monkeypatch):
    def refuse():
        raise error

    storage.answer = refuse
    for _ in range(5):
        assert storage.asked.acquire(timeout=30)
    assert not lease.lost
    monkeypatch.setattr(leases, "_TOO_LATE", 0.1)
    eventually(lambda: lease.lost)


def test_one_whose_renewal_gets_no_answer_is_lost_before_the_answer_comes(storage, lease, monkeypatch):
    answered = threading.Event()
    storage.answer = lambda: answered.wait(30)
    assert storage.asked.acquire(timeout=30)
    assert not lease.lost
    monkeypatch.setattr(leases, "_TOO_LATE", 0.1)
    try:
        eventually(lambda: lease.lost)
        assert not answered.is_set()
    finally:
        answered.set()


@pytest.mark.parametrize(("age", "is_free"), [(0, False), (leases._EXPIRES - 1, False), (leases._EXPIRES, True)])
def test_it_is_taken_over_only_once_it_has_expired_by_the_clock_of_the_server(storage, age, is_free):
    storage.lay(OTHER)
    storage.clock += age
    lease = Lease(storage, 60)
    if is_free:
        lease.take()
        lease.release()
    else:
        with pytest.raises(UsageError, match=rf"elsewhere, process 1.* free in {leases._EXPIRES - age:g} s"):
            lease.take()
        assert storage.data == OTHER


@pytest.fixture
def other():
    """Another process of this machine, and its lock."""
    process = subprocess.Popen(["sleep", "100"])
    yield process, json.dumps({"owner": "another", **leases._here(), "pid": process.pid}).encode()
    process.kill()
    process.wait()


def test_that_of_a_living_process_of_this_machine_is_respected(storage, other):
    storage.lay(other[1])
    with pytest.raises(UsageError, match="another run"):
        Lease(storage, 60).take()


@pytest.mark.parametrize("pid", [0, -1, "7", None, 1.5])
def test_that_of_a_process_of_this_machine_whose_number_is_none_is_respected(storage, pid):
    storage.lay(json.dumps({"owner": "another", **leases._here(), "pid": pid}).encode())
    with pytest.raises(UsageError, match="another run"):
        Lease(storage, 60).take()


@pytest.mark.skipif(not leases._machine(), reason="which machine this is cannot be told here")
@pytest.mark.parametrize("reaped", [True, False])
def test_that_of_a_killed_process_of_this_machine_is_free_at_once(storage, other, reaped):
    process, lock = other
    storage.lay(lock)
    process.kill()
    os.waitid(os.P_PID, process.pid, os.WEXITED | (0 if reaped else os.WNOWAIT))
    lease = Lease(storage, 60)
    lease.take()
    lease.release()


@pytest.mark.skipif(not leases._machine(), reason="which machine this is cannot be told here")
def test_that_of_a_process_that_goes_while_it_is_looked_at_is_free(storage, other, monkeypatch):
    process, lock = other
    storage.lay(lock)
    process.kill()
    process.wait()
    monkeypatch.setattr(leases.os, "kill", lambda *_: None)
    lease = Lease(storage, 60)
    lease.take()
    lease.release()


def test_it_expires_for_others_only_after_its_owner_took_it_for_lost():
    assert leases._RENEWED < leases._TOO_LATE < leases._EXPIRES


def test_a_lock_for_which_there_is_no_thread_is_given_back(storage, monkeypatch):
    with monkeypatch.context() as here:
        no_more_threads(here)
        with pytest.raises(OSError, match="ulimit -u"), leases.held(storage):
            pass
    assert storage.data is None


@pytest.mark.parametrize("when", ["before", "after"])
def test_a_lock_whose_taking_is_interrupted_is_given_back(storage, monkeypatch, when):
    """Else a notebook, which goes on after a Ctrl-C, would keep it for good."""

    def interrupted(thread):
        if when == "after":
            start_thread(thread)
        raise KeyboardInterrupt

    monkeypatch.setattr(leases, "start_thread", interrupted)
    with pytest.raises(KeyboardInterrupt), leases.held(storage):
        pass
    assert storage.data is None


def test_the_lock_of_another_that_is_met_stays(storage):
    storage.lay(OTHER)
    with pytest.raises(UsageError, match="another run"), leases.held(storage):
        pass
    assert storage.data == OTHER


def test_one_that_others_are_quicker_to_take_over_each_time_is_left_to_them(storage, monkeypatch):
    def too_late(*_):
        raise FileExistsError

    storage.lay(OTHER)
    storage.clock += leases._EXPIRES
    monkeypatch.setattr(storage, "put_if", too_late)
    with pytest.raises(UsageError, match="at once; run it again"), leases.held(storage):
        pass
    assert storage.data == OTHER
