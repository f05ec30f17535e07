"""How the tests wait for events, watch threads, and drive a pool task by task."""

import faulthandler
import multiprocessing.forkserver
import os
import re
import select
import signal
import sys
import tempfile
import threading
import time
from contextlib import contextmanager
from dataclasses import replace

from imgpipe.concurrency.arena import make_arena
from imgpipe.concurrency.channel import Capacity, Channel
from imgpipe.concurrency.owner import Lost
from imgpipe.concurrency.pool import pool_stage

PATIENCE = 30.0


def eventually(condition, seconds=PATIENCE):
    """Wait until a condition holds that no event announces, and return what it gave."""
    end = time.monotonic() + seconds
    while not (found := condition()):
        assert time.monotonic() < end, "this never came"
        time.sleep(0.001)
    return found


def waits(thread, where="wait"):
    """Whether a thread is inside a function of this name (by default, waits for a condition) or below it."""
    found = re.search(rf"hread 0x0*{thread.ident or 0:x}\b.*\n((?:  File .*\n)*)", where_threads_are())
    return found is not None and f" in {where}\n" in found[1]


def where_threads_are():
    """What each thread of this process is in, as text."""
    # Told by one call, during which no other thread runs: to go from frame to frame of one that runs may crash.
    with tempfile.TemporaryFile("w+") as file:
        faulthandler.dump_traceback(file)
        file.seek(0)
        return file.read()


@contextmanager
def in_threads(*functions):
    """Run each function in a thread of its own while the block runs; joined at its end."""
    threads = [threading.Thread(target=function, daemon=True) for function in functions]
    for thread in threads:
        thread.start()
    yield threads
    for thread in threads:
        thread.join(PATIENCE)
        assert not thread.is_alive(), "a thread hangs"


def threads_named(prefix):
    return [thread for thread in threading.enumerate() if thread.name.startswith(prefix)]


class Time:
    """Stands for the module `time` where it goes only as the test says."""

    def __init__(self):
        self.now = 1000.0
        self.asked = 0

    def monotonic(self):
        self.asked += 1
        return self.now


class Bell:
    """A named pipe on which workers say who they are and what they are on."""

    def __init__(self, folder):
        self.path = os.path.join(folder, "bell")
        os.mkfifo(self.path)
        self._descriptor = os.open(self.path, os.O_RDWR | os.O_NONBLOCK)
        self._heard = b""

    def wait(self, seconds=PATIENCE):
        """The next (process id, number of the task)."""
        while b"\n" not in self._heard:
            assert select.select([self._descriptor], [], [], seconds)[0], "the bell was not rung"
            self._heard += os.read(self._descriptor, 4096)
        line, _, self._heard = self._heard.partition(b"\n")
        pid, number = line.split()
        return int(pid), int(number)

    def rung(self):
        """Whether there is more to hear."""
        return bool(self._heard or select.select([self._descriptor], [], [], 0)[0])

    def __enter__(self):
        return self

    def __exit__(self, *_):
        os.close(self._descriptor)


def worker_pids():
    """The worker processes of this process, by either start method."""
    server = multiprocessing.forkserver._forkserver._forkserver_pid
    found = set()
    for name in filter(str.isdigit, os.listdir("/proc")):
        try:
            with open(f"/proc/{name}/stat") as file:
                state, parent = file.read().rpartition(")")[2].split()[:2]
            if state != "Z" and int(parent) == server:
                found.add(int(name))
            elif state != "Z" and int(parent) == os.getpid():
                with open(f"/proc/{name}/cmdline", "rb") as file:
                    if b"--multiprocessing-fork" in file.read():
                        found.add(int(name))
        except OSError:
            continue
    return found


def slay(pid):
    """SIGKILL, and wait until the process has gone."""
    from tests.conftest import wait_for_exit

    os.kill(pid, signal.SIGKILL)
    assert wait_for_exit(pid, PATIENCE)


def bytes_to_come():
    """How many bytes an owner still waits for in the middle of a message, 0 where none does."""
    frames = sys._current_frames()
    for frame in (frames.get(thread.ident) for thread in threads_named("pool-")):
        if frame is not None and frame.f_code.co_name == "_recv":
            size, remaining = frame.f_locals.get("size", 0), frame.f_locals.get("remaining", 0)
            if size > 4 and remaining < size:
                return remaining
    return 0


def stop(pid):
    os.kill(pid, signal.SIGSTOP)
    eventually(lambda: state_of(pid) == "T")


def state_of(pid):
    with open(f"/proc/{pid}/stat") as file:
        return file.read().rpartition(")")[2].split()[0]


def lying(task, arena):
    """The task with its payload where workers see it, as a reader would have put it there, where that can be."""
    room = arena.room(len(task.payload)) if arena is not None and getattr(task, "raw", False) else None
    if room is None:
        return task
    room[:] = task.payload
    return replace(task, payload=room)


class Drive:
    """A pool stage that gets its tasks when the test says so; results are kept in the order of their coming."""

    def __init__(self, function, options):
        self.source = Channel(Capacity(items=10_000))
        self.results = []
        self.error = None
        self._arena = make_arena(256 << 20)
        self._stage = pool_stage(function, self.source, options._replace(inputs=self._arena, outputs=256 << 20))
        self._changed = threading.Condition()
        self._offered = 0
        self._over = False

    def __enter__(self):
        self.channel = self._stage.__enter__()
        self._collector = threading.Thread(target=self._collect, name="collector", daemon=True)
        self._collector.start()
        return self

    def __exit__(self, *exception):
        try:
            return self._stage.__exit__(*exception)
        finally:
            self._collector.join(PATIENCE)
            if self._arena is not None:
                self._arena.close()

    def _collect(self):
        try:
            for result in self.channel:
                with self._changed:
                    self.results.append(result)
                    self._changed.notify_all()
        except BaseException as error:
            self.error = error
        with self._changed:
            self._over = True
            self._changed.notify_all()

    def offer(self, *tasks):
        for task in tasks:
            self._offered += 1
            self.source.put(lying(task, self._arena))

    def settle(self):
        """Wait until all that was offered has come out."""
        with self._changed:
            came = self._changed.wait_for(lambda: self._over or len(self.results) >= self._offered, PATIENCE)
        if self.error is not None:
            raise self.error
        assert came, f"{self._offered - len(self.results)} tasks never came out; {self._state()}"

    def finish(self):
        """Say that there are no more tasks, wait for the end, and return the results."""
        self.source.end()
        with self._changed:
            came = self._changed.wait_for(lambda: self._over, PATIENCE)
        assert came, f"the results never ended; {self._state()}"
        if self.error is not None:
            raise self.error
        return self.results

    def _state(self):
        workers = {pid: state_of(pid) for pid in worker_pids()}
        return f"of {self._offered} came {len(self.results)}; workers {workers}\n{where_threads_are()}"

    @property
    def lost(self):
        return [result for result in self.results if isinstance(result, Lost)]
