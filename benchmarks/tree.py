"""Run one command as a whole process and say what it took: wall time, CPU of all its processes, peak memory.

A program of its own (``python -m benchmarks.tree '{"argv": [...], ...}'``), so that the CPU seconds of one
command are not mixed with those of another: the system keeps one sum for all the children of a process.
"""

from __future__ import annotations

import ctypes
import json
import os
import resource
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator

PR_SET_CHILD_SUBREAPER = 36
SAMPLE_SECONDS = 0.01


def main() -> None:
    request = json.loads(sys.argv[1])
    _adopt_orphans()
    _use_cores(request["cores"])
    sampler = Sampler() if request["memory"] else None
    with open(request["stdout"], "wb") as stdout, open(request["stderr"], "wb") as stderr:
        status, seconds = _run(request["argv"], request["timeout"], stdout.fileno(), stderr.fileno())
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu = usage.ru_utime + usage.ru_stime
    print(json.dumps({"status": status, "wall": seconds, "cpu": cpu, "peak": sampler.stop() if sampler else None}))


def _run(argv: list[str], timeout: float, stdout: int, stderr: int) -> tuple[int, float]:
    started = time.perf_counter()
    process = subprocess.Popen(argv, stdin=subprocess.DEVNULL, stdout=stdout, stderr=stderr, start_new_session=True)
    # Popen.wait(timeout) polls, and would round every time up to the next poll.
    alarm = threading.Timer(timeout, os.killpg, (process.pid, signal.SIGKILL))
    alarm.daemon = True
    alarm.start()
    try:
        status = process.wait()
        seconds = time.perf_counter() - started
        _reap()
    except KeyboardInterrupt:
        os.killpg(process.pid, signal.SIGKILL)
        raise
    finally:
        alarm.cancel()
    return status, seconds


def _adopt_orphans() -> None:
    """Let grandchildren whose parent has gone become ours, so that their CPU seconds are counted here."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)


def _use_cores(count: int) -> None:
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[:count])


def _reap() -> None:
    while True:
        try:
            os.wait()
        except ChildProcessError:
            return


class Sampler:
    """Watches the memory of all processes below this one, in a thread.

    What processes share is counted once (PSS). A peak shorter than the time between two looks is missed.
    """

    def __init__(self) -> None:
        self._peak = 0
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True)
        self._thread.start()

    def stop(self) -> int | None:
        """The highest sum seen, in bytes; None where the system does not tell."""
        self._ended.set()
        self._thread.join()
        return self._peak or None

    def _watch(self) -> None:
        while not self._ended.wait(SAMPLE_SECONDS):
            self._peak = max(self._peak, sum(_memory(process) for process in _descendants(os.getpid())))


def _descendants(process: int) -> Iterator[int]:
    try:
        threads = os.listdir(f"/proc/{process}/task")
    except OSError:
        return
    for thread in threads:
        for child in _read(f"/proc/{process}/task/{thread}/children").split():
            yield int(child)
            yield from _descendants(int(child))


def _memory(process: int) -> int:
    for line in _read(f"/proc/{process}/smaps_rollup").splitlines():
        if line.startswith("Pss:"):
            return int(line.split()[1]) * 1024
    return 0


def _read(path: str) -> str:
    try:
        with open(path) as file:
            return file.read()
    except OSError:
        return ""


if __name__ == "__main__":
    main()
