"""What every suite may use: `nothing_left_behind`, `out`."""

import gc
import multiprocessing.forkserver
import multiprocessing.resource_tracker
import os
import select
import shutil
import signal
import tempfile
import threading
import time
import uuid
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

from tests.storage.gcs import gs_bucket  # noqa: F401 - a fixture
from tests.storage.s3 import bucket, s3_server  # noqa: F401 - fixtures

_PROC = Path("/proc")
_PATIENCE = 30.0

# No example fails because the machine is slow, and each run tries the same ones: chance is for `make chaos`.
settings.register_profile("steady", deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("steady")

# Every process that descends from this one inherits the mark, also an orphan whose parent is long gone.
_MARK = f"IMGPIPE_TEST_SESSION={uuid.uuid4().hex}"
os.environ.update([_MARK.split("=")])
# Else NumPy's threads wait for one another in busy loops, on cores that other tests could use.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")


# Ten thousand tests are collected, none of them garbage: a sixth of the time, in each of the processes.
gc.disable()

_OWN_TEMPORARIES = pytest.StashKey[str]()


def pytest_collection_finish():
    """Look for garbage from now on, but not among the tests themselves."""
    gc.freeze()
    gc.enable()


def pytest_configure(config):
    """Give the processes that tests start a folder of temporaries of their own; this one keeps what it has chosen.

    Not in `tmp_path`: the path of a socket must be short. Of a run by several processes each has one, but for the one
    that hands the tests out.
    """
    if hasattr(config, "workerinput") or getattr(config.option, "dist", "no") == "no":
        tempfile.gettempdir()
        config.stash[_OWN_TEMPORARIES] = os.environ["TMPDIR"] = tempfile.mkdtemp(prefix="t-")


def pytest_unconfigure(config):
    """Remove that folder."""
    if _OWN_TEMPORARIES in config.stash:
        shutil.rmtree(config.stash[_OWN_TEMPORARIES], ignore_errors=True)


def remove_sockets_of_the_killed():
    """Python leaves the folder of its fork server's socket where nobody is left to remove it."""
    for folder in Path(os.environ["TMPDIR"]).glob("pymp-*"):
        shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture
def out(tmp_path):
    """The output folder of a run, which is not there yet."""
    return tmp_path / "out"


@dataclass(frozen=True)
class _Census:
    threads: frozenset[threading.Thread]
    processes: frozenset[int]
    files: frozenset[str]
    temporaries: frozenset[Path]

    def __sub__(self, other):
        return _Census(
            self.threads - other.threads,
            self.processes - other.processes,
            self.files - other.files,
            self.temporaries - other.temporaries,
        )

    def __bool__(self):
        return bool(self.threads or self.processes or self.files or self.temporaries)


@pytest.fixture
def nothing_left_behind(tmp_path):
    """Fail a test that leaves threads, processes, open files, `.imgpipe-*` temporaries or anything in the system's
    folder of temporaries behind.

    Use it as `pytestmark = pytest.mark.usefixtures("nothing_left_behind")`. What is about to go gets some
    seconds to do so. Of /proc nothing is seen where there is none; threads and temporaries are seen everywhere.
    """
    before = _take_census(tmp_path)
    yield
    end = time.monotonic() + _PATIENCE
    while (left := _take_census(tmp_path) - before) and time.monotonic() < end:
        gc.collect()
        _wait_for_a_change(left)
    for pid in left.processes:
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
    assert not left, left


def _take_census(folder):
    return _Census(
        # Dask keeps an idle thread for as long as the process lives.
        frozenset(thread for thread in threading.enumerate() if not thread.name.startswith("Dask-Offload")),
        frozenset(_processes()),
        frozenset(_open_files()),
        frozenset(_temporaries(folder)),
    )


def _wait_for_a_change(left):
    """Wait until one of those that are left has gone; half a second at most, others may have changed."""
    if left.threads:
        next(iter(left.threads)).join(0.5)
    elif left.processes:
        wait_for_exit(next(iter(left.processes)), 0.5)
    else:
        time.sleep(0.01)


def no_more_threads(monkeypatch, after=0):
    """Let the system refuse threads once so many more were started."""
    start = threading.Thread.start
    left = iter(range(after))

    def refuse(thread):
        if next(left, None) is None:
            raise RuntimeError("can't start new thread")
        start(thread)

    monkeypatch.setattr(threading.Thread, "start", refuse)


def wait_for_exit(pid, seconds):
    """Whether the process with this id, child or not, ended within so many seconds."""
    try:
        descriptor = os.pidfd_open(pid)
    except ProcessLookupError:
        return True
    try:
        return bool(select.select([descriptor], [], [], seconds)[0])
    finally:
        os.close(descriptor)


def _processes():
    """Living processes with our mark, and dead ones that nobody has collected, but for multiprocessing's own two."""
    spared = {
        os.getpid(),
        multiprocessing.forkserver._forkserver._forkserver_pid,
        multiprocessing.resource_tracker._resource_tracker._pid,
    }
    for name in os.listdir(_PROC) if _PROC.is_dir() else ():
        if name.isdigit() and (pid := int(name)) not in spared and (_is_marked(pid) or _is_child(pid)):
            yield pid


def _is_marked(pid):
    return _MARK.encode() in _content(pid, "environ").split(b"\0")


def _is_child(pid):
    return _content(pid, "stat").rpartition(b")")[2].split()[1:2] == [b"%d" % os.getpid()]


def _content(pid, name):
    """Of a file of a process. A thousand tests ask for those of all, twice: `pathlib` takes three times as long."""
    try:
        descriptor = os.open(f"{_PROC}/{pid}/{name}", os.O_RDONLY)
    except OSError:
        return b""
    content = b""
    try:
        while piece := os.read(descriptor, 1 << 16):
            content += piece
    except OSError:
        pass
    finally:
        os.close(descriptor)
    return content


def _temporaries(folder):
    """By a walk that does not mind folders which go away meanwhile."""
    # Dask keeps one folder of this name for all its runs.
    yield from (entry for entry in Path(os.environ["TMPDIR"]).iterdir() if entry.name != "dask-scratch-space")
    for root, folders, files in os.walk(folder):
        yield from (Path(root, name) for name in (*folders, *files) if name.startswith(".imgpipe-"))


def _open_files():
    """What stands behind our file descriptors, but for those that lead to multiprocessing's own two processes."""
    spared = {
        multiprocessing.forkserver._forkserver._forkserver_alive_fd,
        multiprocessing.resource_tracker._resource_tracker._fd,
    }
    folder = _PROC / "self" / "fd"
    for name in os.listdir(folder) if folder.is_dir() else ():
        if int(name) not in spared:
            try:
                yield f"{name} -> {os.readlink(folder / name)}"
            except OSError:
                continue  # the listing's own
