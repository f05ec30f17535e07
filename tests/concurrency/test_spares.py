"""Workers that are started ahead: a pool takes them, and what it does not take is gone with the block."""

import os
import subprocess
import sys
import threading

import pytest

from imgpipe.concurrency.channel import Capacity, Channel
from imgpipe.concurrency.pool import pool_stage
from imgpipe.concurrency.room import StartRefused
from imgpipe.concurrency.roster import PoolOptions
from imgpipe.concurrency.spares import Spares
from imgpipe.concurrency.worker import Worker, WorkerDied
from tests.concurrency import tasks
from tests.concurrency.tools import PATIENCE, eventually, slay, state_of, stop, threads_named, waits, worker_pids
from tests.conftest import remove_sockets_of_the_killed, wait_for_exit

pytestmark = [
    pytest.mark.usefixtures("nothing_left_behind"),
    pytest.mark.skipif(sys.platform != "linux", reason="elsewhere no fork server is forked ahead"),
]


class Start:
    """Starts workers, and keeps count of them."""

    def __init__(self, most=sys.maxsize):
        self.pids = []
        self._most = most

    def __call__(self):
        if len(self.pids) == self._most:
            raise WorkerDied("could not be started (there is no room)")
        worker = Worker("forkserver", [])
        self.pids.append(worker.pid)
        return worker


def done_by(spares, number, processes):
    """The workers that did so many tasks, in the end."""
    source = Channel(Capacity(items=number))
    for task in range(number):
        source.put(task)
    source.end()
    options = PoolOptions(processes=processes, start_method="forkserver", spares=spares)
    with pool_stage(tasks.own_pid, source, options) as results:
        return set(results)


def all_started(start, count):
    eventually(lambda: len(start.pids) == count and not threads_named("hire"))


def test_a_pool_takes_workers_that_were_started_ahead():
    start = Start()
    with Spares(start, 2).starting() as spares:
        all_started(start, 2)
        assert done_by(spares, 40, processes=2) <= set(start.pids)
    assert len(start.pids) == 2


def test_what_nobody_takes_is_ended():
    start = Start()
    with Spares(start, 3).starting():
        all_started(start, 3)
        assert worker_pids() >= set(start.pids)
    assert not worker_pids() & set(start.pids)


def test_those_that_do_not_go_are_all_killed_before_one_is_waited_for(monkeypatch):
    """Of many a second Ctrl-C would else leave before they have gone, by its last resort."""
    start, told = Start(), []
    for name in ("kill", "discard"):
        does = getattr(Worker, name)
        monkeypatch.setattr(Worker, name, lambda worker, name=name, does=does: (told.append(name), does(worker))[1])
    with Spares(start, 3).starting():
        all_started(start, 3)
        for pid in start.pids:
            stop(pid)
    assert told[:4] == ["kill", "kill", "kill", "discard"]


def test_no_more_are_started_than_the_pool_is_to_have():
    first_is_there, go_on, start = threading.Event(), threading.Event(), Start()

    def one_by_one():
        if start.pids:
            first_is_there.set()
            assert go_on.wait(30)
        return start()

    with Spares(one_by_one, 4).starting() as spares:
        assert first_is_there.wait(30)
        spares.limit(2)
        go_on.set()
        all_started(start, 2)
    assert len(start.pids) == 2


def test_a_pool_limits_them_to_what_it_needs():
    go_on, start = threading.Event(), Start()

    def late():
        assert go_on.wait(30)
        return start()

    source = Channel(Capacity())
    source.end()
    with Spares(late, 4).starting() as spares:
        options = PoolOptions(processes=1, start_method="forkserver", spares=spares)
        with pool_stage(tasks.own_pid, source, options):
            go_on.set()
            all_started(start, 1)
    assert len(start.pids) == 1


def test_one_that_was_killed_while_it_waited_costs_no_task_a_try():
    start = Start()
    with Spares(start, 1).starting() as spares:
        all_started(start, 1)
        slay(start.pids[0])
        (pid,) = done_by(spares, 5, processes=1)
    assert pid not in start.pids


def test_where_none_can_be_started_ahead_the_pool_starts_its_own():
    start = Start(most=1)
    with Spares(start, 2).starting() as spares:
        all_started(start, 1)
        assert len(done_by(spares, 40, processes=2) | set(start.pids)) <= 2


def test_an_owner_waits_for_one_that_is_being_started():
    go_on, start = threading.Event(), Start()

    def late():
        assert go_on.wait(30)
        return start()

    found = []
    with Spares(late, 1).starting() as spares:
        owner = threading.Thread(target=lambda: found.append(done_by(spares, 1, processes=1)))
        owner.start()
        eventually(lambda: any(waits(thread, "take") for thread in threads_named("pool-")))
        go_on.set()
        owner.join(30)
    assert found == [set(start.pids)]


def test_a_forked_copy_of_the_program_leaves_them_alone():
    start = Start()
    starting = Spares(start, 1).starting()
    with starting as spares:
        all_started(start, 1)
        copy = os.fork()
        if copy == 0:
            starting.__exit__(None, None, None)
            os._exit(0)
        assert os.waitpid(copy, 0)[1] == 0
        assert state_of(start.pids[0]) in "RS"
        assert done_by(spares, 1, processes=1) == set(start.pids)


def test_no_room_for_their_thread_is_said(monkeypatch):
    def refuse(_thread):
        raise RuntimeError("can't start new thread")

    monkeypatch.setattr(threading.Thread, "start", refuse)
    with pytest.raises(StartRefused), Spares(Start(), 1).starting():
        pass


def test_they_end_with_a_program_that_is_killed(tmp_path):
    script = tmp_path / "program.py"
    script.write_text(
        "import sys, threading\n"
        f"sys.path[:0] = {sys.path!r}\n"
        "from tests.concurrency.test_spares import Start, all_started\n"
        "from imgpipe.concurrency.spares import Spares\n"
        "if __name__ == '__main__':\n"
        "    start = Start()\n"
        "    with Spares(start, 2).starting():\n"
        "        all_started(start, 2)\n"
        "        print(*start.pids, flush=True)\n"
        "        threading.Event().wait()\n"
    )
    with subprocess.Popen([sys.executable, str(script)], stdout=subprocess.PIPE, text=True) as program:
        pids = [int(word) for word in program.stdout.readline().split()]
        program.kill()
    remove_sockets_of_the_killed()
    assert len(pids) == 2
    assert all(wait_for_exit(pid, PATIENCE) for pid in pids)
