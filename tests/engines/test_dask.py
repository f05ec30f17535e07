"""A run on a real cluster: a scheduler and two workers, each a process of its own, on loopback."""

import os
import sys

import pytest

pytest.importorskip("distributed")

from imgpipe.engines import Workforce
from imgpipe.recipe import Recipe
from imgpipe.run import Options, process
from tests.clusters import a_cluster, killing
from tests.folders import contents, paint

pytestmark = pytest.mark.usefixtures("nothing_left_behind")

RECIPE = Recipe(["resize:40x40", "sharpen"], format="webp")

# Filters of which one picture, told by its size, is too much.
FILTERS = """
import os, pathlib, signal, time
import numpy as np

def deadly(pixels: np.ndarray) -> np.ndarray:
    if pixels.shape[:2] == (33, 77):
        os.kill(os.getpid(), signal.SIGSEGV)
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


def command(pictures, output, cluster, *more):
    words = [sys.executable, "-m", "imgpipe", "process", pictures, output, "--cluster", cluster.address, *more]
    return list(map(str, words))


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
