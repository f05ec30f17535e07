"""What a cluster gives: `python -m benchmarks.cluster [--photos DIR] [--copies N] [--rounds N] [--work DIR]`.

In alternation, the same pictures on the same local disk: the engine `processes` with two workers, a Dask cluster of
two workers, and one of one. Clusters stand before the clock starts; each run is a whole `imgpipe process`, from its
start to its end, and its outputs are compared. The last lines are the two promises: two Dask workers give at least 0.9
of two processes, and at least 1.8 times one Dask worker.
"""

from __future__ import annotations

import argparse
import filecmp
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from benchmarks.machine import describe
from benchmarks.model import ROOT

SETTINGS = {
    "DASK_DISTRIBUTED__WORKER__PROFILE__ENABLED": "False",
    "DASK_DISTRIBUTED__ADMIN__TICK__INTERVAL": "1s",
    "DASK_DISTRIBUTED__WORKER__MEMORY__MONITOR_INTERVAL": "500ms",
}
"""As docs/cluster.md advises."""

THUMBNAIL = ["--resize", "720x588", "--format", "jpeg", "-q", "80", "-Q"]
WEB_COPY = ["--resize", "1600x1600", "--format", "webp", "-q", "80", "-Q"]


@dataclass
class Way:
    """A way to do the same work, and the seconds that its runs took."""

    name: str
    options: list[str]
    seconds: list[float] = field(default_factory=list)

    @property
    def median(self) -> float:
        return statistics.median(self.seconds)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--photos", type=Path, help="a folder whose JPEGs are to fit 1600 px as WebP (W2)")
    parser.add_argument("--copies", type=int, help="of each: 16, or 5000 of the sample taken without --photos")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--work", type=Path, help="folder to work in, to choose the disk")
    chosen = parser.parse_args()
    pictures, recipe, copies = [ROOT / "sample_images/dunes.jpg"], THUMBNAIL, chosen.copies or 5000
    if chosen.photos:
        pictures, recipe, copies = sorted(chosen.photos.rglob("*.jpg")), WEB_COPY, chosen.copies or 16
    with tempfile.TemporaryDirectory(dir=chosen.work) as name:
        folder = Path(name)
        copy_pictures(pictures, folder / "in", copies)
        with cluster(folder / "one", 1) as one, cluster(folder / "two", 2) as two:
            ways = [
                Way("processes, 2 workers", [*recipe, "--cores", "2"]),
                Way("Dask, 2 workers", [*recipe, "--cluster", two]),
                Way("Dask, 1 worker", [*recipe, "--cluster", one]),
            ]
            measure(ways, folder, chosen.rounds)
    print(*table(ways, copies * len(pictures)), sep="\n")


def copy_pictures(pictures: list[Path], folder: Path, copies: int) -> None:
    folder.mkdir()
    for number in range(copies):
        for picture in pictures:
            shutil.copyfile(picture, folder / f"{number:05}-{picture.name}")


@contextmanager
def cluster(folder: Path, workers: int) -> Iterator[str]:
    """The address of a cluster of workers with one thread each, which are there."""
    folder.mkdir()
    told = folder / "scheduler.json"
    quiet = {"cwd": folder, "stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL, "env": os.environ | SETTINGS}
    python = [sys.executable, "-m"]
    where = ["--host", "127.0.0.1", "--port", "0", "--no-dashboard", "--scheduler-file", str(told)]
    scheduler = subprocess.Popen([*python, "distributed.cli.dask_scheduler", *where], **quiet)
    many = ["--nworkers", str(workers), "--nthreads", "1", "--no-dashboard", "--scheduler-file", str(told)]
    nannies = subprocess.Popen([*python, "distributed.cli.dask_worker", *many], **quiet)
    try:
        while not told.exists():
            time.sleep(0.05)
        from distributed import Client

        with Client(scheduler_file=str(told), set_as_default=False) as client:
            client.wait_for_workers(workers, timeout=60)
            yield client.scheduler.address
    finally:
        for process in (nannies, scheduler):
            process.terminate()
            process.wait()


def measure(ways: list[Way], folder: Path, rounds: int) -> None:
    """A warm-up of each, whose outputs are kept to compare with, and then rounds of all of them."""
    for number in range(rounds + 1):
        for way in ways:
            output = folder / f"out-{way.name}"
            seconds = run(folder / "in", output, way)
            if number:
                way.seconds.append(seconds)
            check_same(folder / f"out-{ways[0].name}", output)
        for way in ways:
            shutil.rmtree(folder / f"out-{way.name}")


def run(source: Path, output: Path, way: Way) -> float:
    command = [sys.executable, "-m", "imgpipe", "process", str(source), str(output), *way.options]
    began = time.perf_counter()
    subprocess.run(command, check=True)
    return time.perf_counter() - began


def check_same(expected: Path, output: Path) -> None:
    names = [name for name in os.listdir(expected) if not name.startswith(".")]
    _, other, missing = filecmp.cmpfiles(expected, output, names, shallow=False)
    if other or missing:
        raise SystemExit(f"{output.name} differs: {(other + missing)[:3]}")


def table(ways: list[Way], copies: int) -> Iterator[str]:
    local, two, one = ways
    yield f"{describe(2)}. Medians of {len(local.seconds)} runs in alternation, least and greatest in brackets."
    yield ""
    yield "|  | seconds | pictures/s |\n| --- | ---: | ---: |"
    for way in ways:
        spread = f"{way.median:.2f} ({min(way.seconds):.2f}–{max(way.seconds):.2f})"
        yield f"| {way.name} | {spread} | {copies / way.median:.1f} |"
    yield ""
    yield f"- two Dask workers give {local.median / two.median:.2f} of two processes (promised: 0.90)"
    yield f"- two Dask workers give {one.median / two.median:.2f} times one (promised: 1.80)"


if __name__ == "__main__":
    main()
