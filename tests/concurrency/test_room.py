"""What the system has no room for is said in words, whether it is a thread here, one in a worker, or a worker."""

import os
import subprocess
import sys
import threading
from types import SimpleNamespace

import pytest

from imgpipe.concurrency import room
from imgpipe.concurrency.pool import pool_stage
from imgpipe.concurrency.room import StartRefused, join_thread, start_thread
from imgpipe.concurrency.roster import PoolBroken, PoolOptions
from imgpipe.concurrency.stage import Crew, stage
from tests.concurrency import tasks
from tests.concurrency.tasks import perform
from tests.concurrency.tools import Drive
from tests.conftest import no_more_threads

pytestmark = pytest.mark.usefixtures("nothing_left_behind")

PROGRAM = """
from imgpipe.concurrency.pool import Pool
from imgpipe.concurrency.roster import PoolBroken, PoolOptions

options = PoolOptions(preload=("tests.concurrency.no_room",), start_method="forkserver")
try:
    with Pool(abs, 1, options) as pool:
        print(sorted(pool.imap_unordered([-2, 1, -3])))
except PoolBroken as error:
    print(error)
"""


def two_stages_and_a_pool():
    with (
        stage(abs, range(100), Crew(2)) as first,
        pool_stage(abs, first, PoolOptions(2)) as second,
        stage(abs, second, Crew(2)) as last,
    ):
        return sorted(last)


class TestThread:
    @pytest.mark.parametrize("after", [0, 2, 4, 6])
    def test_that_cannot_start_ends_all_that_have(self, after, monkeypatch):
        with monkeypatch.context() as here:
            no_more_threads(here, after)
            with pytest.raises(StartRefused, match="ulimit -u"):
                two_stages_and_a_pool()
        assert two_stages_and_a_pool() == list(range(100))

    @pytest.mark.parametrize("number", range(7))
    def test_whose_start_is_interrupted_ends_as_all_others_do(self, number, monkeypatch):
        """By Ctrl-C, say, while the main thread waits for it to begin."""
        start, left = threading.Thread.start, iter(range(number))

        def interrupted(thread):
            start(thread)
            if next(left, None) is None:
                raise KeyboardInterrupt

        monkeypatch.setattr(threading.Thread, "start", interrupted)
        with pytest.raises(KeyboardInterrupt):
            two_stages_and_a_pool()
        assert threading.enumerate() == [threading.main_thread()]

    def test_that_was_not_started_is_not_waited_for(self):
        join_thread(threading.Thread(target=int))

    def test_that_is_just_being_started_is_waited_for(self, monkeypatch):
        answers = iter([RuntimeError, RuntimeError, None])

        def join():
            if answer := next(answers):
                raise answer

        thread = SimpleNamespace(join=join)
        monkeypatch.setattr(threading, "enumerate", lambda: [thread])
        monkeypatch.setattr(room, "time", SimpleNamespace(sleep=lambda seconds: None))
        join_thread(thread)
        assert list(answers) == []

    def test_that_was_started_before_is_no_matter_of_room(self):
        thread = threading.Thread(target=int)
        start_thread(thread)
        thread.join()
        with pytest.raises(RuntimeError, match="once"):
            start_thread(thread)

    def test_that_a_worker_cannot_start_is_said_without_a_traceback(self, capfd):
        options = PoolOptions(1, initializer=tasks.refuse_threads)
        with Drive(perform, options) as drive, pytest.raises(PoolBroken, match=r"no room for a thread.*ulimit -u"):
            drive.finish()
        assert capfd.readouterr().err == ""


@pytest.mark.skipif(sys.platform == "win32", reason="no fork server")
class TestFork:
    def printed(self, refusals):
        done = subprocess.run(
            [sys.executable, "-c", PROGRAM],
            env={**os.environ, "REFUSALS": str(refusals)},
            capture_output=True,
            text=True,
            check=True,
        )
        assert done.stderr == ""
        return done.stdout.strip()

    def test_that_is_refused_for_a_moment_costs_nobody_anything(self):
        assert self.printed(4) == "[1, 2, 3]"

    def test_that_is_refused_is_said_without_a_traceback(self):
        said = self.printed(1_000_000)
        assert said.startswith("5 worker processes in a row")
        assert "its fork server ended" in said
        assert "ulimit -u" in said
