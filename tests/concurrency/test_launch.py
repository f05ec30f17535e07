"""Workers start whatever is shot at while they start: themselves, the fork server, the resource tracker."""

import multiprocessing.connection
import multiprocessing.forkserver
import multiprocessing.resource_tracker
import multiprocessing.util
import os
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
import warnings
from contextlib import contextmanager
from types import SimpleNamespace

import pytest

from imgpipe.concurrency import launch
from imgpipe.concurrency.roster import PoolBroken, PoolOptions
from tests.concurrency import tasks
from tests.concurrency.tasks import Task, perform, undisturbed
from tests.concurrency.tools import PATIENCE, Bell, Drive, eventually, in_threads, slay, stop, worker_pids
from tests.conftest import remove_sockets_of_the_killed, wait_for_exit

pytestmark = [
    pytest.mark.usefixtures("nothing_left_behind"),
    pytest.mark.filterwarnings("ignore:resource_tracker"),
]

METHODS = ["forkserver", "spawn"]

_FORGETTING = """
import signal, sys
from imgpipe.concurrency.pool import Pool
from imgpipe.concurrency.roster import PoolOptions
if __name__ == "__main__":
    if sys.argv[2] == "ignored":
        signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    else:
        signal.pthread_sigmask(signal.SIG_BLOCK, signal.valid_signals())
    with Pool(abs, 2, PoolOptions(start_method=sys.argv[1])) as pool:
        print(sorted(pool.imap_unordered([-1, 2, -3])))
"""


def server_pid():
    return multiprocessing.forkserver._forkserver._forkserver_pid


def tracker_pid():
    return multiprocessing.resource_tracker._resource_tracker._pid


def some(count, first=0):
    return [Task(number, bytes([number % 251]) * 1000, answer=1000) for number in range(first, first + count)]


def assert_all_done(drive, wanted):
    assert not drive.lost
    assert sorted(drive.results, key=lambda done: done.number) == [undisturbed(task) for task in wanted]


class TestForkServerKilled:
    def test_while_workers_are_idle_and_busy(self, tmp_path):
        with Bell(tmp_path) as bell, Drive(perform, PoolOptions(2, start_method="forkserver")) as drive:
            wanted = []
            for number in range(0, 300, 100):
                busy = Task(number, trick="wait", bell=bell.path, go=str(tmp_path / f"go {number}"))
                wanted += [busy, *some(50, number + 1)]
                drive.offer(busy, *some(50, number + 1))
                bell.wait()
                os.kill(server_pid(), signal.SIGKILL)
                (tmp_path / f"go {number}").touch()
                drive.settle()
                while bell.rung():
                    bell.wait()
            drive.finish()
        assert_all_done(drive, wanted)

    def test_costs_no_task_a_try(self, tmp_path):
        """All workers end with the server, whatever they are on."""
        with Bell(tmp_path) as bell, Drive(perform, PoolOptions(3, tries=1)) as drive:
            wanted = [Task(n, trick="wait", bell=bell.path, go=str(tmp_path / "go")) for n in range(3)]
            drive.offer(*wanted)
            for _ in range(2):
                assert {bell.wait()[1] for _ in range(3)} == {0, 1, 2}
                os.kill(server_pid(), signal.SIGKILL)
            assert {bell.wait()[1] for _ in range(3)} == {0, 1, 2}
            (tmp_path / "go").touch()
            drive.finish()
        assert_all_done(drive, wanted)

    def test_again_and_again_by_a_task_is_charged_to_it_in_the_end(self):
        with Drive(tasks.kill_the_server, PoolOptions(1, tries=1)) as drive:
            drive.offer(1, 1000, 2)
            drive.finish()
        assert [lost.task for lost in drive.lost] == [1000]
        assert sorted({1, 2} & {one for one in drive.results if isinstance(one, int)}) == [1, 2]

    def test_while_workers_start(self, tmp_path):
        """Each worker is on its way when its server goes: it waits in its initializer for the shot."""
        (folder := tmp_path / "starts").mkdir()
        for number in range(3):
            (folder / str(number)).touch()
        with Bell(tmp_path) as bell:
            initializer = tasks.Initializer(bell.path, str(folder), "sleep")
            with Drive(perform, PoolOptions(1, tries=1, initializer=initializer)) as drive:
                drive.offer(*some(10))
                for _ in range(3):
                    bell.wait()
                    os.kill(server_pid(), signal.SIGKILL)
                drive.finish()
        assert_all_done(drive, some(10))

    def test_at_any_moment_of_a_start(self, monkeypatch):
        """The server dies between the look whether it lives and the request to it."""
        server = multiprocessing.forkserver._forkserver
        ensure_running, shots = server.ensure_running, []

        def ensure_running_and_shoot():
            ensure_running()
            if len(shots) < 3:
                shots.append(server_pid())
                slay(server_pid())

        monkeypatch.setattr(server, "ensure_running", ensure_running_and_shoot)
        with Drive(perform, PoolOptions(1, tries=1, start_method="forkserver")) as drive:
            drive.offer(*some(10))
            drive.finish()
        assert len(shots) == 3
        assert_all_done(drive, some(10))

    @pytest.mark.parametrize("error", [ConnectionRefusedError, BrokenPipeError, EOFError, BlockingIOError])
    def test_so_that_a_start_fails(self, monkeypatch, error):
        connect, raised = multiprocessing.forkserver.connect_to_new_process, []

        def fail_at_first(descriptors):
            if len(raised) < 4:
                raised.append(error)
                raise error
            return connect(descriptors)

        monkeypatch.setattr(multiprocessing.forkserver, "connect_to_new_process", fail_at_first)
        with Drive(perform, PoolOptions(2, tries=1, start_method="forkserver")) as drive:
            drive.offer(*some(10))
            drive.finish()
        assert len(raised) == 4
        assert_all_done(drive, some(10))


@contextmanager
def stopped_server():
    """Where it stays stopped, what waits for it hangs until the block is left."""
    stop(pid := server_pid())
    try:
        yield
    finally:
        os.kill(pid, signal.SIGCONT)


class TestForkServerStopped:
    """As where Ctrl-Z stopped the whole group, and the program itself alone was continued."""

    def test_a_pool_ends_and_a_next_one_begins(self):
        with Drive(perform, PoolOptions(2, start_method="forkserver")) as drive:
            drive.offer(*some(10))
            drive.settle()
            with stopped_server():
                drive.finish()
        assert_all_done(drive, some(10))
        with stopped_server(), Drive(perform, PoolOptions(1, start_method="forkserver")) as drive:
            drive.offer(*some(10))
            drive.finish()
        assert_all_done(drive, some(10))

    def test_workers_are_replaced(self):
        with Drive(perform, PoolOptions(1, start_method="forkserver")) as drive:
            drive.offer(*some(10))
            drive.settle()
            with stopped_server():
                for pid in worker_pids():
                    os.kill(pid, signal.SIGKILL)
                drive.offer(*some(10, 10))
                drive.finish()
        assert_all_done(drive, some(20))


def test_a_process_that_takes_its_time_is_waited_for_where_there_are_no_fork_servers(monkeypatch):
    """As on Windows, whose multiprocessing does not know them by name."""
    monkeypatch.delattr(multiprocessing.context, "ForkServerProcess")
    sentinel, theirs = os.pipe()
    answers = iter([True, False])
    process = SimpleNamespace(
        is_alive=lambda: next(answers), sentinel=sentinel, join=lambda: None, exitcode=3, close=lambda: None
    )
    assert launch.collect(process) == 3
    os.close(sentinel)
    os.close(theirs)


def test_fork_server_that_takes_its_time_to_die(monkeypatch):
    """It refuses connections already, and does not count as dead yet; that may last a moment."""
    connect, end = multiprocessing.forkserver.connect_to_new_process, []

    def refuse_for_a_moment(descriptors):
        end.append(time.monotonic() + 0.2)
        if time.monotonic() < end[0]:
            raise ConnectionRefusedError
        return connect(descriptors)

    monkeypatch.setattr(multiprocessing.forkserver, "connect_to_new_process", refuse_for_a_moment)
    with Drive(perform, PoolOptions(1, tries=1, start_method="forkserver")) as drive:
        drive.offer(*some(10))
        drive.finish()
    assert_all_done(drive, some(10))


def test_start_that_never_succeeds_breaks_the_pool(monkeypatch):
    def refuse(_descriptors):
        raise OSError(24, "Too many open files")

    monkeypatch.setattr(multiprocessing.forkserver, "connect_to_new_process", refuse)
    with Drive(perform, PoolOptions(2)) as drive, pytest.raises(PoolBroken, match="Too many open files"):
        drive.finish()


@pytest.mark.parametrize("method", METHODS)
def test_resource_tracker_killed(tmp_path, method):
    (folder := tmp_path / "deaths").mkdir()
    with Bell(tmp_path) as bell:
        initializer = tasks.Initializer(bell.path, str(folder), "exit")
        with Drive(perform, PoolOptions(2, start_method=method, initializer=initializer)) as drive:
            for first in range(0, 90, 30):
                drive.offer(*some(30, first))
                drive.settle()
                os.kill(tracker_pid(), signal.SIGKILL)
                for pid in worker_pids():
                    slay(pid)
            drive.finish()
    assert_all_done(drive, some(90))
    # Whoever starts a process next would be warned of the one that was killed last, and fail by it.
    with warnings.catch_warnings(action="ignore"):
        multiprocessing.resource_tracker.ensure_running()


@pytest.mark.parametrize("method", METHODS)
def test_worker_killed_as_soon_as_it_is_seen(method):
    """Also one whose function is larger than a pipe, so that it dies while it is told what to do."""
    for _ in range(2):
        with Drive(tasks.Heavy(bytes(1_000_000)), PoolOptions(1, tries=1, start_method=method)) as drive:
            (pid,) = eventually(worker_pids)
            slay(pid)
            # On a busy machine it was ready before it was seen, and one that is idle is missed once there is a task.
            drive.offer(*range(10))
            drive.finish()
        assert sorted(drive.results) == [(1_000_000, number) for number in range(10)]


def test_a_process_that_has_ended_is_not_killed_since_another_may_have_its_number(monkeypatch):
    """A fork server has freed the number when it tells; that of a child of this process stays until it is collected."""
    process, _ = launch.start("forkserver", time.sleep, (1000,), [])
    try:
        os.kill(process.pid, signal.SIGKILL)
        assert multiprocessing.connection.wait([process.sentinel], timeout=PATIENCE)
        killed = []
        monkeypatch.setattr(os, "kill", lambda *arguments: killed.append(arguments))
        launch.kill(process)
        assert not killed
    finally:
        monkeypatch.undo()
        assert launch.collect(process) == -signal.SIGKILL


@pytest.mark.parametrize("method", METHODS)
def test_a_process_that_runs_is_killed(method):
    process, _ = launch.start(method, time.sleep, (1000,), [])
    launch.kill(process)
    assert launch.collect(process) == -signal.SIGKILL


def test_start_leaves_the_signal_mask_as_it_was():
    before = signal.pthread_sigmask(signal.SIG_BLOCK, [])
    with launch.stop_signals_blocked():
        assert signal.pthread_sigmask(signal.SIG_BLOCK, []) >= {signal.SIGINT, signal.SIGTERM, signal.SIGHUP}
    assert signal.pthread_sigmask(signal.SIG_BLOCK, []) == before


@pytest.mark.parametrize(
    ("method", "sigchld"), [("forkserver", "ignored"), ("forkserver", "blocked"), ("spawn", "ignored")]
)
def test_where_the_system_does_not_tell_the_program_of_the_end_of_children_a_pool_ends(method, sigchld):
    """Where it is ignored, which a program may have from whoever started it, it forgets them at once."""
    done = subprocess.run(
        [sys.executable, "-c", _FORGETTING, method, sigchld], capture_output=True, text=True, timeout=60, check=True
    )
    assert (done.stdout, done.stderr) == ("[1, 2, 3]\n", "")


@pytest.mark.parametrize("method", METHODS)
def test_where_the_system_does_not_tell_of_the_end_of_a_child_without_collecting_it_a_death_is_charged(
    method, monkeypatch
):
    """As on macOS, before Python 3.13."""
    monkeypatch.delattr(os, "waitid", raising=False)
    with Drive(perform, PoolOptions(1, tries=1, start_method=method)) as drive:
        drive.offer(Task(0, trick="exit"), Task(1))
        drive.finish()
    assert [lost.task.number for lost in drive.lost] == [0]


@pytest.mark.parametrize("method", METHODS)
def test_two_pools_at_once_know_how_their_workers_died(method):
    causes = []

    def run():
        with Drive(perform, PoolOptions(2, tries=1, start_method=method)) as drive:
            drive.offer(*[Task(number, trick="exit") for number in range(4)])
            causes.extend(lost.error.cause for lost in drive.finish())

    threads = [threading.Thread(target=run) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert causes == ["ended with exit code 3"] * 12


def test_sweep_at_a_start_does_not_lose_how_another_process_ended(monkeypatch):
    """multiprocessing asks for the status of all its children at each start, and a status can be had only once."""
    waitpid, asked, others = os.waitpid, threading.Event(), []
    process, _ = launch.start("spawn", tasks.exit_three, (), [])
    pid = process.pid
    os.waitid(os.P_PID, pid, os.WEXITED | os.WNOWAIT)

    def slow_waitpid(*arguments):
        found = waitpid(*arguments)
        if found[0] == pid:
            asked.set()
            threading.Event().wait(0.2)
        return found

    monkeypatch.setattr(os, "waitpid", slow_waitpid)
    with in_threads(lambda: others.extend(launch.start("spawn", tasks.exit_three, (), []))):
        assert asked.wait(PATIENCE)
        assert launch.collect(process) == 3
    assert launch.collect(others[0]) == 3


FORKING = """
import os, signal, sys
from multiprocessing import forkserver, resource_tracker as tracking
from imgpipe.concurrency import forking
from imgpipe.concurrency.pool import Pool

forking.fork_server(["colorsys"])
helpers = forkserver._forkserver._forkserver_pid, tracking._resource_tracker._pid
with Pool(abs, processes=2) as pool:
    assert sorted(pool.imap_unordered(range(-9, 0))) == list(range(1, 10))
assert helpers[0] == forkserver._forkserver._forkserver_pid, "the pool started a fork server of its own"
programs = [open(f"/proc/{process}/cmdline").read() for process in ("self", *helpers)]
print(*helpers, len(set(programs)), flush=True)
"""


@pytest.mark.skipif(sys.platform != "linux", reason="looks into /proc")
@pytest.mark.parametrize("end", ["signal.raise_signal(signal.SIGKILL)", "sys.exit()"])
def test_helper_processes_are_forked_and_leave_with_their_parent(end):
    # multiprocessing mixes texts and bytes in the call, which -bb lets nobody compare.
    done = subprocess.run(
        [sys.executable, "-bb", "-c", FORKING + end], capture_output=True, text=True, check=False, timeout=60
    )
    server, tracker, programs = done.stdout.split()
    assert (programs, done.stderr) == ("1", "")
    assert wait_for_exit(int(server), PATIENCE)
    assert wait_for_exit(int(tracker), PATIENCE)


KILLED_WHILE_IT_STARTS_ONE = """
import os
import signal
from multiprocessing import forkserver
from imgpipe.concurrency import forking
from imgpipe.concurrency.worker import Worker

connect = forkserver.connect_to_new_process

def connect_and_die(descriptors):
    connect(descriptors)
    os.kill(os.getpid(), signal.SIGKILL)

forkserver.connect_to_new_process = connect_and_die
forking.fork_server([])
Worker("forkserver", [])
"""


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere no fork server is forked ahead")
def test_a_worker_that_was_never_told_what_it_is_since_its_parent_was_killed_ends_without_a_word():
    done = subprocess.run(
        [sys.executable, "-c", KILLED_WHILE_IT_STARTS_ONE], capture_output=True, text=True, check=False, timeout=60
    )
    assert (done.returncode, done.stderr) == (-signal.SIGKILL, "")
    remove_sockets_of_the_killed()


WITH_ARGUMENTS = """
import os
from imgpipe.concurrency import forking

program = "import os, sys; os.write(1, repr(sys.argv).encode())"
process = forking._fork_interpreter(b"python", ["python", "-I", "-c", program, "one", "-c"], [])
assert os.waitpid(process, 0)[1] == 0
"""


def test_a_forked_program_gets_the_arguments_behind_it_as_python_3_14_gives_them():
    done = subprocess.run(
        [sys.executable, "-c", WITH_ARGUMENTS], capture_output=True, text=True, check=True, timeout=60
    )
    assert done.stdout == "['-c', 'one', '-c']"


@pytest.mark.skipif(sys.platform == "win32", reason="there are no masks of signals")
def test_a_ctrl_c_waits_until_the_folder_of_temporaries_is_found(monkeypatch):
    """Python makes a file there to see that it can be written to; a command leaves at once while it starts."""
    found = []

    def find():
        found.append(signal.pthread_sigmask(signal.SIG_BLOCK, ()))
        return "/tmp"

    monkeypatch.setattr(tempfile, "tempdir", None)
    monkeypatch.setattr(tempfile, "_get_default_tempdir", find)
    before = signal.pthread_sigmask(signal.SIG_BLOCK, ())
    launch.default_start_method()
    assert signal.SIGINT in found[0]
    assert signal.pthread_sigmask(signal.SIG_BLOCK, ()) == before


class TestWithoutPlaceForASocket:
    def test_workers_are_spawned_where_its_path_would_be_too_long(self, monkeypatch, tmp_path):
        (long := tmp_path / ("x" * 100)).mkdir()
        monkeypatch.setattr(tempfile, "tempdir", str(long))
        assert launch.default_start_method() == "spawn"
        with Drive(perform, PoolOptions(2)) as drive:
            drive.offer(*some(3))
            drive.finish()
        assert_all_done(drive, some(3))

    def test_a_fork_server_is_had_as_long_as_it_is_not(self, monkeypatch):
        with tempfile.TemporaryDirectory(dir="/tmp") as folder:
            longest = os.path.join(folder, "x" * 70)[:71]
            monkeypatch.setattr(tempfile, "tempdir", longest + "x")
            assert launch.default_start_method() == "spawn"
            monkeypatch.setattr(tempfile, "tempdir", longest)
            assert launch.default_start_method() == "forkserver"
            os.makedirs(sockets := longest + "/pymp-12345678")
            with socket.socket(socket.AF_UNIX) as listener:
                listener.bind(sockets + "/listener-12345678")

    def test_workers_are_spawned_where_nothing_can_be_written(self, monkeypatch):
        def nowhere():
            raise FileNotFoundError("No usable temporary directory found")

        monkeypatch.setattr(tempfile, "gettempdir", nowhere)
        assert launch.default_start_method() == "spawn"


@pytest.mark.skipif(sys.platform == "win32", reason="there are no such limits")
@pytest.mark.parametrize(("soft", "hard"), [(100, 300), (100, 9000), (5000, 9000)])
def test_many_workers_may_open_their_files_where_the_system_lets_them(soft, hard):
    import resource

    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    hard = hard if most == resource.RLIM_INFINITY else min(hard, most)
    soft = min(soft, hard)
    program = (
        "import resource\n"
        "from imgpipe.concurrency import forking\n"
        f"resource.setrlimit(resource.RLIMIT_NOFILE, ({soft}, {hard}))\n"
        "forking.fork_server([])\n"
        "print(resource.getrlimit(resource.RLIMIT_NOFILE))\n"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True, timeout=60)
    assert done.stdout == f"({max(soft, min(hard, 4096))}, {hard})\n"


def test_a_child_leaves_its_parents_sockets_alone():
    folder = multiprocessing.util.get_temp_dir()
    child = multiprocessing.get_context("spawn").Process(target=launch.remove_sockets)
    child.start()
    child.join()
    assert child.exitcode == 0
    assert os.path.isdir(folder)


@pytest.mark.skipif(sys.platform == "win32", reason="there are no such limits")
def test_the_folder_of_sockets_goes_also_where_one_more_file_can_be_opened_and_not_two():
    program = (
        "import os, resource, socket\n"
        "from multiprocessing import util\n"
        "from imgpipe.concurrency import launch\n"
        "folder = util.get_temp_dir()\n"
        "with socket.socket(socket.AF_UNIX) as listener:\n"
        "    listener.bind(os.path.join(folder, 'listener-1'))\n"
        "resource.setrlimit(resource.RLIMIT_NOFILE, (4, 4))\n"
        "launch.remove_sockets()\n"
        "print(os.path.exists(folder), flush=True)\n"
        "os._exit(0)\n"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True, timeout=60)
    assert (done.stdout, done.stderr) == ("False\n", "")
