"""A real Dask scheduler with workers, on loopback, each a process of its own."""

import contextlib
import json
import os
import random
import signal
import subprocess
import sys
import threading
import time
from dataclasses import dataclass
from pathlib import Path

from imgpipe.job import Item, Status

PATIENCE = 60
ROOT = Path(__file__).parent.parent


@dataclass(frozen=True)
class Cluster:
    """Its scheduler's address and process, and the process of its nannies."""

    address: str
    folder: Path
    scheduler: subprocess.Popen
    nannies: subprocess.Popen | None = None


def _start(*words, folder, **environment):
    settings = {
        # By itself each of its processes looks at itself fifty times a second, and many tests run meanwhile.
        "DASK_DISTRIBUTED__ADMIN__TICK__INTERVAL": "1s",
        "DASK_DISTRIBUTED__WORKER__PROFILE__ENABLED": "False",
        "DASK_TEMPORARY_DIRECTORY": str(folder),
        "PYTHONPATH": os.pathsep.join([str(folder), str(ROOT)]),
    }
    with open(folder / "log", "ab") as log:
        return subprocess.Popen(
            [sys.executable, "-W", "ignore", "-m", *map(str, words)],
            # A nanny replaces workers, which nobody is to take for left behind by a test.
            env={name: value for name, value in os.environ.items() if name != "IMGPIPE_TEST_SESSION"}
            | settings
            | environment,
            cwd=folder,
            stdout=log,
            stderr=log,
            start_new_session=True,
        )


@contextlib.contextmanager
def a_scheduler(folder: Path, **environment):
    """Only a scheduler, no workers."""
    told = folder / "scheduler.json"
    words = ["--host", "127.0.0.1", "--port", 0, "--no-dashboard", "--scheduler-file", told]
    process = _start("distributed.cli.dask_scheduler", *words, folder=folder, **environment)
    try:
        end = time.monotonic() + PATIENCE
        while (address := _address_in(told)) is None:
            assert process.poll() is None, (folder / "log").read_text()
            assert time.monotonic() < end, "no scheduler"
            time.sleep(0.02)
        yield Cluster(address, folder, process)
    finally:
        _end(process)


def _address_in(told):
    """What the scheduler has told; None while it has not, or is still writing."""
    with contextlib.suppress(FileNotFoundError, json.JSONDecodeError):
        return json.loads(told.read_text())["address"]
    return None


@contextlib.contextmanager
def a_cluster(folder: Path, workers=2, **environment):
    """A scheduler and workers of one thread each, whose modules may stand in `folder` too."""
    from distributed import Client

    with a_scheduler(folder, **environment) as cluster:
        words = [cluster.address, "--nworkers", workers, "--nthreads", 1, "--no-dashboard", "--memory-limit", "1GiB"]
        nannies = _start("distributed.cli.dask_worker", *words, folder=folder, **environment)
        try:
            # Also what Dask keeps for as long as this process lives is there now, before anybody counts threads.
            with Client(cluster.address, set_as_default=False) as client:
                client.wait_for_workers(workers, timeout=PATIENCE)
                client.submit(os.getpid).result()
            yield Cluster(cluster.address, folder, cluster.scheduler, nannies)
        finally:
            _end(nannies)


def workers_of(cluster):
    """The processes of the workers at the moment."""
    for entry in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            parent = int((entry / "stat").read_text().rpartition(")")[2].split()[1])
            if parent == cluster.nannies.pid and b"spawn_main" in (entry / "cmdline").read_bytes():
                yield int(entry.name)


@contextlib.contextmanager
def killing(cluster, times, seconds):
    """Meanwhile a worker, chosen by chance, is killed every so many seconds; those that were are in the list."""
    killed, leave = [], threading.Event()

    def kill():
        while len(killed) < times and not leave.wait(random.uniform(0.5, 1.5) * seconds):
            if alive := list(workers_of(cluster)):
                killed.append(random.choice(alive))
                with contextlib.suppress(ProcessLookupError):
                    os.kill(killed[-1], signal.SIGKILL)

    thread = threading.Thread(target=kill)
    thread.start()
    try:
        yield killed
    finally:
        leave.set()
        thread.join()


def read_nothing(job):
    """A step that settles a job without any work."""
    return job if isinstance(job, Item) else Item(job.source, Status.SKIPPED, reason="nothing to do")


def pass_on(passing):
    """A step that does nothing."""
    return passing


def _end(process):
    process.terminate()
    try:
        process.wait(10)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
