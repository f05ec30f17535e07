"""Threads and workers of a pipeline wait for their turn; nobody else's thread is touched."""

import multiprocessing.forkserver
import os
import subprocess
import sys
import threading

import pytest

from imgpipe.concurrency.channel import Capacity
from imgpipe.concurrency.pool import Pool
from imgpipe.concurrency.scheduling import schedule_as_batch
from imgpipe.concurrency.stage import Crew, stage
from tests.folders import paint

pytestmark = [
    pytest.mark.skipif(
        sys.platform != "linux" or os.sched_getscheduler(0) != os.SCHED_OTHER,
        reason="the policy is one of Linux, and a process that has another keeps it",
    ),
    pytest.mark.usefixtures("nothing_left_behind"),
]


def policy(_task=None):
    return os.sched_getscheduler(0)


def in_a_thread(function):
    found = []
    thread = threading.Thread(target=lambda: found.append(function()))
    thread.start()
    thread.join()
    return found[0]


def test_threads_of_a_stage_are_batch_work_and_the_caller_is_not():
    with stage(policy, range(3), Crew(2, Capacity(3))) as found:
        assert set(found) == {os.SCHED_BATCH}
    assert policy() == os.SCHED_OTHER


def test_owners_are_batch_work_and_so_are_their_workers():
    owners = []

    class Told:
        def __reduce__(self):
            owners.append(policy())
            return str, ()

    # One that is there may have been started by a thread of another policy.
    multiprocessing.forkserver._forkserver._stop()
    with Pool(policy, processes=2) as pool:
        assert set(pool.imap_unordered([Told(), Told(), Told()])) == {os.SCHED_BATCH}
    assert set(owners) == {os.SCHED_BATCH}
    assert policy() == os.SCHED_OTHER


def test_another_policy_stays():
    def idle():
        os.sched_setscheduler(0, os.SCHED_IDLE, os.sched_param(0))
        schedule_as_batch()
        return policy()

    assert in_a_thread(idle) == os.SCHED_IDLE


def test_that_the_system_refuses_it_is_no_matter(monkeypatch):
    def refuse(*_):
        raise PermissionError

    monkeypatch.setattr(os, "sched_setscheduler", refuse)
    schedule_as_batch()
    assert policy() == os.SCHED_OTHER


FILTERS = """
import os, sys
import numpy as np

def tell(pixels: np.ndarray) -> np.ndarray:
    with open("told", "a") as file:
        print(os.sched_getscheduler(os.getppid()), os.sched_getscheduler(0), sys.getswitchinterval(), file=file)
    return pixels
"""


def told_by_a_filter(folder, engine):
    """What a filter sees in a run of the command: the policies of its parent and of itself, and the interval."""
    (folder / "filters_of_mine.py").write_text(FILTERS)
    (folder / "in").mkdir()
    paint(folder / "in" / "a.png", (20, 20), 1)
    words = ["process", "in", "out", "-F", "filters_of_mine:tell", "--engine", engine, "-Q"]
    command = [sys.executable, "-m", "imgpipe", *words]
    subprocess.run(command, cwd=folder, env=os.environ | {"PYTHONPATH": str(folder)}, check=True, timeout=60)
    return (folder / "told").read_text().split()


def test_the_command_and_its_fork_server_are_batch_work(tmp_path):
    parent, own, _ = told_by_a_filter(tmp_path, "processes")
    assert parent == own == str(int(os.SCHED_BATCH))


def test_the_command_hands_over_rarely(tmp_path):
    assert float(told_by_a_filter(tmp_path, "serial")[2]) == pytest.approx(0.05)
    assert sys.getswitchinterval() == pytest.approx(0.005)
