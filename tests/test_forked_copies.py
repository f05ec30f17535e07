"""A program may fork while a run goes on; its copy, which tidies up when it ends, leaves alone what is the run's."""

import os
import signal
import sys
import time
from multiprocessing import forkserver

import pytest

from imgpipe.concurrency import wire
from imgpipe.concurrency.admission import Budget
from imgpipe.concurrency.arena import SMALL, make_arena
from imgpipe.concurrency.channel import Capacity
from imgpipe.concurrency.roster import PoolOptions, Roster
from imgpipe.concurrency.stage import Crew, stage
from imgpipe.concurrency.warden import Clock, warden
from imgpipe.errors import UsageError
from imgpipe.job import Item, Source, Status
from imgpipe.journal import Making, open_journal
from imgpipe.journal.folder import locked, make_folder
from imgpipe.journal.lease import Lease
from imgpipe.storage.calls import SYSTEM
from imgpipe.storage.local import LocalFolder
from tests.conftest import wait_for_exit
from tests.journal.test_lease import Memory

pytestmark = [
    pytest.mark.usefixtures("nothing_left_behind"),
    pytest.mark.skipif(sys.platform != "linux", reason="by what Linux has"),
    pytest.mark.filterwarnings("ignore:This process .* is multi-threaded:DeprecationWarning"),
]


def in_a_copy(tidy_up):
    """Let a copy of this process do that, and see that it comes to an end with it."""
    pid = os.fork()
    if pid == 0:
        try:
            tidy_up()
            os._exit(0)
        finally:
            os._exit(1)
    ended = wait_for_exit(pid, 10)
    if not ended:
        os.kill(pid, signal.SIGKILL)
    status = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
    assert ended, "it hangs"
    assert status == 0


class TestArena:
    def test_what_is_lent_stays_in_use(self):
        arena = make_arena(1 << 20)
        lent = [arena.room(SMALL)]
        in_a_copy(lent.clear)
        assert arena._view[arena.place_of(lent[0]) // (1 << 16)] == 1
        lent.clear()
        arena.close()

    def test_it_has_no_room_and_closes_although_it_was_being_used(self):
        arena = make_arena(1 << 20)
        with arena._turn:
            in_a_copy(lambda: os._exit(0 if arena.room(SMALL) is None and arena.close() is None else 1))
        assert arena.reserve(SMALL) is not None
        arena.close()


def test_workers_live_on():
    roster = Roster(wire.dumps((abs, None)), PoolOptions(1))
    worker = roster.hire()
    in_a_copy(roster.kill_all)
    worker.send([-3])
    assert worker.receive()[0] == 3
    roster.discard(worker)


@pytest.mark.parametrize("method", ["forkserver", "spawn"])
def test_it_has_workers_of_its_own(method):
    """multiprocessing asks after the fork server of the process it was copied from, which is no child of it."""
    roster = Roster(wire.dumps((abs, None)), PoolOptions(1, start_method=method))
    roster.discard(roster.hire())
    in_a_copy(lambda: roster.discard(roster.hire()))
    roster.discard(roster.hire())


def test_the_fork_server_of_the_process_it_was_copied_from_is_not_kept_alive_by_it():
    roster = Roster(wire.dumps((abs, None)), PoolOptions(1, start_method="forkserver"))
    roster.discard(roster.hire())
    lifeline = os.fstat(forkserver._forkserver._forkserver_alive_fd).st_ino

    def start_another():
        roster.discard(roster.hire())
        with os.scandir("/proc/self/fd") as found:
            assert lifeline not in {entry.stat().st_ino for entry in found if os.path.exists(entry.path)}

    in_a_copy(start_another)


def test_a_stage_is_left_although_its_channel_was_being_used():
    with stage(abs, iter(lambda: time.sleep(0.01) or 1, 0), Crew(1, Capacity(1))) as results:
        leaving = stage(abs, results, Crew(1))
        leaving.__enter__()
        with results._lock:
            in_a_copy(lambda: leaving.__exit__(None, None, None))
        leaving.__exit__(None, None, None)


def test_a_warden_and_a_budget_are_left_although_they_were_being_used():
    watched, budget = warden(Clock(None), list), Budget(1)
    watched.__enter__()
    with budget._lock:
        in_a_copy(lambda: (budget.close(), watched.__exit__(None, None, None)))
    watched.__exit__(None, None, None)


def test_the_lock_of_an_output_is_held_on(tmp_path):
    folder = make_folder(str(tmp_path), SYSTEM, durable=False)
    held = locked(folder, str(tmp_path), SYSTEM)
    held.__enter__()
    in_a_copy(lambda: held.__exit__(None, None, None))
    with pytest.raises(UsageError, match="another run"), locked(folder, str(tmp_path), SYSTEM):
        pass
    held.__exit__(None, None, None)


def test_the_lock_of_an_output_is_free_when_its_run_ends_although_a_copy_lives_on(tmp_path):
    folder = make_folder(str(tmp_path), SYSTEM, durable=False)
    reading, writing = os.pipe()
    with locked(folder, str(tmp_path), SYSTEM):
        pid = os.fork()
        if pid == 0:
            os.close(writing)
            os.read(reading, 1)
            os._exit(0)
    try:
        with locked(folder, str(tmp_path), SYSTEM):
            pass
    finally:
        os.close(writing)
        os.close(reading)
        os.waitpid(pid, 0)


def test_a_lease_is_held_on():
    storage = Memory()
    lease = Lease(storage)
    lease.take()
    in_a_copy(lambda: (lease.release(), os._exit(0 if storage.data else 1)))
    lease.release()
    assert storage.data is None


@pytest.mark.parametrize("durability", ["rename", "fsync"])
def test_a_journal_is_left_alone_although_it_was_being_written(tmp_path, durability):
    storage = LocalFolder(str(tmp_path), durability)
    opened = open_journal(storage, Making("recipe"))
    journal = opened.__enter__()
    journal.record(Item(Source("a.jpg", "jpeg", 1), Status.WRITTEN))
    path = tmp_path / ".imgpipe/journal.jsonl"
    with journal._writing:
        before = path.read_bytes()
        in_a_copy(lambda: (journal.forget("a.jpg"), opened.__exit__(None, None, None)))
        assert path.read_bytes() == before
    opened.__exit__(None, None, None)
    assert b"gone" not in path.read_bytes()
