"""A run on a real cluster: a scheduler and two workers, each a process of its own, on loopback."""

import json
import os
import pickle
import signal
import socket
import subprocess
import sys
import time
from collections import deque
from contextlib import contextmanager, suppress
from dataclasses import replace
from unittest.mock import patch

import pytest

pytest.importorskip("distributed")

from imgpipe.api import process, stream
from imgpipe.engines import ENGINES, Workforce
from imgpipe.engines.cluster import connected
from imgpipe.engines.dask import _swept
from imgpipe.engines.group import work
from imgpipe.engines.order import Order, versions
from imgpipe.errors import RunError, UsageError
from imgpipe.existing import Existing
from imgpipe.job import Job, Source, Status, Target
from imgpipe.options import Options
from imgpipe.recipe import Recipe
from imgpipe.steps import Steps, Treatment, make_steps
from imgpipe.storage import open_storage
from tests.clusters import Cluster, a_cluster, a_scheduler, killing, pass_on, read_nothing, workers_of
from tests.command import imgpipe
from tests.folders import contents, paint, write

pytestmark = pytest.mark.usefixtures("nothing_left_behind")

RECIPE = Recipe(["resize:40x40", "sharpen"], format="webp")

# Filters of which one picture, told by its size, is too much.
FILTERS = """
import os, pathlib, signal, time
import numpy as np

def deadly(pixels: np.ndarray) -> np.ndarray:
    if pixels.shape[:2] == (33, 77):
        signal.raise_signal(signal.SIGSEGV)  # in this thread: another would let it write meanwhile
    return pixels

def endless(pixels: np.ndarray) -> np.ndarray:
    if pixels.shape[:2] == (33, 77):
        time.sleep(600)
    return pixels

def slow(pixels: np.ndarray, folder: str) -> np.ndarray:
    pathlib.Path(folder, str(os.getpid())).touch()
    time.sleep(0.05)
    return pixels
"""


@pytest.fixture(scope="module")
def cluster(tmp_path_factory):
    folder = tmp_path_factory.mktemp("cluster")
    (folder / "cluster_filters.py").write_text(FILTERS)
    sys.path.append(str(folder))
    with a_cluster(folder) as cluster:
        yield cluster
    sys.path.remove(str(folder))


@pytest.fixture(scope="module")
def pictures(tmp_path_factory):
    folder = tmp_path_factory.mktemp("in")
    for number in range(60):
        paint(folder / f"{number % 7}" / f"{number:03}.png", (70 + number % 5, 50), number)
    return folder


def on(cluster, **workforce):
    address = cluster if isinstance(cluster, str) else cluster.address
    return Options(engine="dask", workforce=Workforce(cluster=address, **workforce))


def start(pictures, output, cluster, *more):
    """The command, as the head of a process group, like one that a shell starts."""
    words = ["process", pictures, output, "--cluster", cluster.address, *more]
    return subprocess.Popen(
        [sys.executable, "-m", "imgpipe", *map(str, words)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env=os.environ | {"PYTHONPATH": str(cluster.folder)},
        start_new_session=True,
        bufsize=0,  # else a readline takes away more than a line, and communicate does not give it
    )


def complaints(errors):
    """What was said beside the summary."""
    lines = errors.decode().splitlines()
    return [line for line in lines if not line.startswith(("60 inputs: ", "making web")) and "not begun" not in line]


def wait_until(condition):
    end = time.monotonic() + 30
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.05)


def test_outputs_are_the_bytes_of_a_local_run(cluster, pictures, tmp_path):
    process(pictures, tmp_path / "local", RECIPE, options=Options(engine="serial"))
    report = process(pictures, tmp_path / "out", RECIPE, options=on(cluster))
    assert report.count("written") == 60, report
    assert contents(tmp_path / "out") == contents(tmp_path / "local")
    assert sorted(os.listdir(tmp_path / "out" / ".imgpipe")) == sorted(os.listdir(tmp_path / "local" / ".imgpipe"))
    assert process(pictures, tmp_path / "out", RECIPE, options=on(cluster)).count("unchanged") == 60


def test_a_client_of_ones_own_is_used_and_left_open(cluster, pictures, tmp_path):
    from distributed import Client

    with Client(cluster.address, set_as_default=False) as client:
        options = Options(engine="dask", workforce=Workforce(cluster=client))
        assert process(pictures / "0", tmp_path / "out", RECIPE, options=options).count("written") == 9
        assert client.submit(abs, -1).result() == 1


def test_a_picture_that_kills_its_worker_fails_alone_and_by_name(cluster, pictures, tmp_path):
    for number in range(20):
        paint(tmp_path / "in" / f"{number:02}.png", seed=number)
    paint(tmp_path / "in" / "11.png", (77, 33))
    recipe = Recipe(["cluster_filters:deadly"], format="png")
    report = process(tmp_path / "in", tmp_path / "out", recipe, options=on(cluster))
    assert report.count("written") == 19
    assert list(report.errors) == ["11.png"]
    assert "SIGSEGV" in report.errors["11.png"]
    assert "2 tries" in report.errors["11.png"]
    assert "11.png" not in contents(tmp_path / "out")


def test_a_picture_that_hangs_fails_alone_at_its_deadline(cluster, pictures, tmp_path):
    for number in range(8):
        paint(tmp_path / "in" / f"{number:02}.png", seed=number)
    paint(tmp_path / "in" / "03.png", (77, 33))
    recipe = Recipe(["cluster_filters:endless"], format="png")
    report = process(tmp_path / "in", tmp_path / "out", recipe, options=on(cluster, timeout=2.0))
    assert report.count("written") == 7
    assert report.errors == {"03.png": "not done after 2 s; raise --timeout where that is too little"}


def slow(folder):
    """A recipe that takes 50 ms a picture."""
    (folder / "seen").mkdir(exist_ok=True)
    return Recipe([f"cluster_filters:slow:folder={folder / 'seen'}"], format="png")


def test_killed_workers_lose_nothing(cluster, pictures, tmp_path):
    process(pictures, tmp_path / "local", slow(tmp_path), options=Options(engine="threads"))
    with killing(cluster, times=3, seconds=0.4) as killed:
        report = process(pictures, tmp_path / "out", slow(tmp_path), options=on(cluster))
    assert len(killed) == 3
    assert report.count("written") == 60, report.errors
    assert contents(tmp_path / "out") == contents(tmp_path / "local")


def tasks_of(cluster):
    """How many tasks the scheduler knows, of anybody."""
    from distributed import Client

    with Client(cluster.address, set_as_default=False) as client:
        return client.run_on_scheduler(lambda dask_scheduler: len(dask_scheduler.tasks))


def test_the_first_ctrl_c_finishes_what_was_begun_and_leaves_the_cluster_clean(cluster, pictures, tmp_path):
    alive = sorted(workers_of(cluster))
    slowly = ["-F", f"cluster_filters:slow:folder={tmp_path}", "--json", "-"]
    run = start(pictures, tmp_path / "out", cluster, *slowly)
    first = run.stdout.readline()
    os.killpg(run.pid, signal.SIGINT)
    rest, errors = run.communicate(timeout=60)
    assert run.returncode == 130
    assert not complaints(errors)
    *items, summary = map(json.loads, [first, *rest.splitlines()])
    assert summary["interrupted"] is True
    assert summary["discovered"] == 60 == summary["written"] + summary["skipped"]
    assert 1 <= summary["written"] == len(items) == len(contents(tmp_path / "out")) < 60
    wait_until(lambda: tasks_of(cluster) == 0)
    assert sorted(workers_of(cluster)) == alive


def test_the_second_ctrl_c_is_out_at_once_and_workers_stop_too(cluster, pictures, tmp_path):
    alive = sorted(workers_of(cluster))
    slowly = ["-F", f"cluster_filters:slow:folder={tmp_path}", "--json", "-"]
    run = start(pictures, tmp_path / "out", cluster, *slowly)
    with run:
        run.stdout.readline()
        os.killpg(run.pid, signal.SIGINT)
        time.sleep(0.05)  # a second press within 20 ms is the same one
        os.killpg(run.pid, signal.SIGINT)
        pressed = time.monotonic()
        _, errors = run.communicate(timeout=60)
    assert time.monotonic() - pressed < 2
    assert run.returncode == 130
    assert not complaints(errors)
    wait_until(lambda: tasks_of(cluster) == 0)
    made = contents(tmp_path / "out")
    assert len(made) < 60
    time.sleep(0.3)  # six pictures' time
    assert contents(tmp_path / "out") == made
    assert sorted(workers_of(cluster)) == alive
    assert not (tmp_path / "out" / ".imgpipe" / "cluster").exists()


def test_a_scheduler_that_goes_away_is_one_error_and_the_next_run_goes_on(cluster, pictures, tmp_path):
    slowly = ["-F", f"cluster_filters:slow:folder={tmp_path}", "--json", "-"]
    (tmp_path / "cluster").mkdir()
    (tmp_path / "cluster" / "cluster_filters.py").write_text(FILTERS)
    with a_cluster(tmp_path / "cluster") as mortal:
        run = start(pictures, tmp_path / "out", mortal, *slowly)
        run.stdout.readline()
        mortal.scheduler.kill()
        rest, errors = run.communicate(timeout=30)
    assert run.returncode == 3
    assert complaints(errors) == [
        f"imgpipe: the Dask scheduler at {mortal.address} is gone; what is done is kept: run the same command again "
        "when there is one"
    ]
    again = start(pictures, tmp_path / "out", cluster, *slowly)
    rest, errors = again.communicate(timeout=60)
    assert again.returncode == 0
    assert not complaints(errors)
    summary = json.loads(rest.splitlines()[-1])
    assert summary["written"] + summary["unchanged"] == 60
    assert summary["unchanged"] >= 1
    assert len(contents(tmp_path / "out")) == 60


def test_a_scheduler_that_hangs_during_the_run_is_one_error(pictures, tmp_path, monkeypatch):
    monkeypatch.setattr("imgpipe.engines.asking._SECONDS_TO_ANSWER", 0.25)
    monkeypatch.setattr("imgpipe.engines.dispatch._SECONDS_BETWEEN_LOOKS", 0.1)
    (tmp_path / "cluster").mkdir()
    with a_cluster(tmp_path / "cluster") as mortal:
        items = stream(pictures, tmp_path / "out", RECIPE, options=on(mortal))
        assert next(items).status is Status.WRITTEN
        with hanging(mortal), pytest.raises(RunError, match=f"{mortal.address} has not answered for 3 s"):
            deque(items, maxlen=0)


def test_a_scheduler_that_hangs_before_the_run_is_one_error(pictures, tmp_path, monkeypatch):
    monkeypatch.setattr("imgpipe.engines.cluster._SECONDS_TO_CONNECT", 0.5)
    with (
        a_scheduler(tmp_path) as mortal,
        hanging(mortal),
        pytest.raises(RunError, match=f"no Dask scheduler answers at {mortal.address} .it says nothing"),
    ):
        process(pictures, tmp_path / "out", RECIPE, options=on(mortal))


@contextmanager
def hanging(cluster):
    """Its scheduler has its connections and says nothing, until it is killed in the end."""
    from distributed import Client

    told = cluster.folder / "hangs"
    program = f"import pathlib, time; pathlib.Path({str(told)!r}).touch(); time.sleep(600)"
    with Client(cluster.address, set_as_default=False) as client:
        client.loop.add_callback(client.run_on_scheduler, exec, program)
        wait_until(told.exists)
        try:
            yield
        finally:
            cluster.scheduler.kill()


@pytest.mark.parametrize("end", [None, RunError])
def test_temporaries_are_removed_where_a_worker_may_have_died_however_the_run_ends(end, tmp_path):
    for folder in ("died", "alive"):
        write(tmp_path / folder / ".imgpipe-1-a", b"partial")
    steps = Steps(None, None, None, target=open_storage(str(tmp_path)))
    with suppress(RunError), _swept(steps) as litter:
        litter.add("died")
        if end is not None:
            raise end
    assert list(contents(tmp_path, hidden=True)) == ["alive/.imgpipe-1-a"]
    os.unlink(tmp_path / "alive/.imgpipe-1-a")


def test_no_scheduler_at_an_address_is_one_error(pictures, tmp_path):
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    with patch("imgpipe.engines.cluster._SECONDS_TO_CONNECT", 0.5), pytest.raises(RunError, match="no Dask scheduler"):
        process(pictures, tmp_path / "out", RECIPE, options=on(f"tcp://127.0.0.1:{port}"))


@pytest.mark.parametrize("name", ["local:0", "local:many", "localhost:8786", "udp://host:1", ""])
def test_what_is_no_cluster_is_wrong_usage(name, pictures, tmp_path):
    with pytest.raises(UsageError, match="no cluster"):
        process(pictures, tmp_path / "out", RECIPE, options=on(name))
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["--name", "{stem}-{width}{ext}"], "names that are known only once outputs are made"),
        (["--overwrite", "smaller"], "--overwrite smaller is not possible on a cluster"),
        (["--engine", "threads"], "--cluster is for --engine dask, not threads"),
        (["--memory", "1GB"], "--memory is for this machine"),
    ],
)
def test_what_a_cluster_cannot_do_is_refused_before_the_work(words, told, pictures, tmp_path):
    done = imgpipe("process", pictures, tmp_path / "out", "--cluster", "tcp://127.0.0.1:1", *words)
    assert done.returncode == 2
    assert told in done.stderr
    assert not (tmp_path / "out").exists()


def test_a_folder_that_workers_do_not_see_is_one_error(cluster, pictures, tmp_path):
    """Here they do see it; so the folder of a storage is said to be elsewhere."""
    from distributed import Client

    with Client(cluster.address, set_as_default=False) as client:
        order = Order("1", versions(), pickle.dumps(steps_in(pictures, tmp_path / "nowhere")), Workforce())
        with pytest.raises(UsageError, match=f"does not see OUTPUT {tmp_path}/nowhere"):
            client.submit(work, order, pickle.dumps(()), apart=False).result()
        order = replace(order, steps=pickle.dumps(steps_in(tmp_path / "nothing", tmp_path)))
        with pytest.raises(UsageError, match=f"does not see INPUT {tmp_path}/nothing"):
            client.submit(work, order, pickle.dumps(()), apart=False).result()


def steps_in(source, target):
    treatment = Treatment(RECIPE.operations, RECIPE.plans, RECIPE.settings())
    return make_steps(open_storage(str(source)), open_storage(str(target)), treatment)


def test_a_worker_with_other_versions_is_one_error(cluster, pictures, tmp_path):
    from distributed import Client

    with Client(cluster.address, set_as_default=False) as client:
        order = Order("1", ("imgpipe 99", *versions()[1:]), pickle.dumps(steps_in(pictures, tmp_path)), Workforce())
        with pytest.raises(RunError, match=r"has imgpipe [0-9.]+, and here is imgpipe 99; install the same"):
            client.submit(work, order, pickle.dumps(()), apart=False).result()


def test_without_dask_one_is_told_what_to_install(pictures, tmp_path):
    with patch.dict(sys.modules, {"distributed": None}), pytest.raises(UsageError, match=r"pip install 'imgpipe-cli\["):
        process(pictures, tmp_path / "out", RECIPE, options=on("local:1"))


def test_a_cluster_of_this_machine_comes_and_goes_without_a_word(pictures, tmp_path):
    done = imgpipe("process", pictures, tmp_path / "out", "--cluster", "local:2", "--width", 40, "-Q")
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    assert len(contents(tmp_path / "out")) == 60


def test_a_cluster_of_this_machine_is_set_for_pictures():
    """By itself each of its processes would look at itself fifty times a second, write results to disk and pause for
    memory, and a picture that kills its worker would kill three more before it is looked at apart."""

    def settings():
        import dask

        names = ["admin.tick.interval", "worker.profile.enabled"]
        names += [f"worker.memory.{which}" for which in ("target", "spill", "pause")]
        return [dask.config.get(f"distributed.{name}") for name in names]

    with connected(Workforce(cores=1)) as client:
        assert client.run_on_scheduler(lambda dask_scheduler: dask_scheduler.allowed_failures) == 0
        assert list(client.run(settings).values()) == [["1s", False, False, False, False]]


@pytest.mark.parametrize("presses", [1, 2])
def test_ctrl_c_reaches_the_workers_of_this_machine_as_well_and_only_the_client_answers(presses, pictures, tmp_path):
    (tmp_path / "cluster_filters.py").write_text(FILTERS)
    here = Cluster("local:2", tmp_path, None)
    slowly = ["-F", f"cluster_filters:slow:folder={tmp_path}", "--json", "-"]
    with start(pictures, tmp_path / "out", here, *slowly) as run:
        first = run.stdout.readline()
        for _ in range(presses):
            os.killpg(run.pid, signal.SIGINT)
            time.sleep(0.05)  # a second press within 20 ms is the same one
        rest, errors = run.communicate(timeout=60)
    assert run.returncode == 130
    assert not complaints(errors)
    summary = json.loads([first, *rest.splitlines()][-1])
    assert summary["discovered"] == 60 == summary["written"] + summary["skipped"]
    assert 1 <= summary["written"] <= len(contents(tmp_path / "out")) < 60
    if presses == 1:
        assert summary["written"] == len(contents(tmp_path / "out"))


@pytest.mark.chaos
@pytest.mark.timeout(1800)
def test_fifty_killed_workers_lose_nothing_of_two_thousand(cluster, tmp_path):
    for number in range(2000):
        paint(tmp_path / "in" / f"{number % 20:02}" / f"{number:04}.png", seed=number)
    process(tmp_path / "in", tmp_path / "local", slow(tmp_path), options=Options(workforce=Workforce(cores=8)))
    with killing(cluster, times=50, seconds=1.0) as killed:
        report = process(tmp_path / "in", tmp_path / "out", slow(tmp_path), options=on(cluster))
        while len(killed) < 50 and report.count("written") == 2000:
            again = Options(engine="dask", workforce=on(cluster).workforce, existing=Existing(force=True))
            report = process(tmp_path / "in", tmp_path / "out", slow(tmp_path), options=again)
    assert len(killed) == 50
    assert report.count("written") == 2000, report.errors
    assert contents(tmp_path / "out") == contents(tmp_path / "local")


@pytest.mark.chaos
@pytest.mark.timeout(600)
def test_a_hundred_thousand_jobs_take_no_more_memory_than_some(cluster):
    jobs = (Job(Source(f"{number:06}.png", "png", 1), (Target("x", "png"),)) for number in range(100_000))
    steps = Steps(read_nothing, pass_on, pass_on)
    began, done, early = time.monotonic(), 0, 0
    for _ in ENGINES["dask"](jobs, steps, Workforce(cluster=cluster.address)):
        done += 1
        if done == 20_000:
            early = memory()
    assert done == 100_000
    assert memory() - early < 16 << 20
    print(f"{done / (time.monotonic() - began):.0f} jobs/s, {(memory() - early) / 1e6:.1f} MB more")


def memory():
    """Bytes of this process that are in memory."""
    with open("/proc/self/statm") as file:
        return int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")
