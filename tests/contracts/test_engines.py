"""Every engine keeps the same five promises."""

import hashlib
import threading
from dataclasses import replace
from pathlib import Path

import pytest

from imgpipe.engines import ENGINES, Workforce
from imgpipe.errors import OutputError
from imgpipe.job import Item, Job, Source, Status, Target
from imgpipe.recipe import Recipe, Rendition
from imgpipe.steps import Steps, Treatment, make_steps
from imgpipe.storage import open_storage
from tests.clusters import a_cluster

pytestmark = pytest.mark.usefixtures("nothing_left_behind")

COUNT = 12


@pytest.fixture(scope="module")
def cluster(tmp_path_factory):
    pytest.importorskip("distributed")
    with a_cluster(tmp_path_factory.mktemp("cluster")) as cluster:
        yield cluster.address


@pytest.fixture(params=ENGINES)
def engine(request, cluster):
    """Each engine; the one of a cluster has one that stands already."""

    def on_cluster(jobs, steps, workforce):
        return ENGINES["dask"](jobs, steps, replace(workforce, cluster=cluster))

    return on_cluster if request.param == "dask" else ENGINES[request.param]


@pytest.fixture(scope="module")
def pictures(tmp_path_factory) -> Path:
    from PIL import Image

    folder = tmp_path_factory.mktemp("in")
    for number in range(COUNT):
        Image.effect_noise((120 + number, 90), 40).convert("RGB").save(folder / f"{number:02}.png")
    (folder / "05.png").write_bytes((folder / "05.png").read_bytes()[:900])
    return folder


def make(pictures: Path, output: Path) -> Steps:
    small = Rendition(["resize:20x20"], "jpeg", quality=70, name="{stem}-{width}{ext}")
    recipe = Recipe(["resize:40x40", "sharpen", "noise:0.05", "denoise"], outputs=[Rendition(format="webp"), small])
    treatment = Treatment(recipe.operations, recipe.plans, recipe.settings())
    return make_steps(open_storage(str(pictures)), open_storage(str(output)), treatment)


def jobs(pictures: Path) -> list[Job]:
    sources = [Source(path.name, "png", path.stat().st_size) for path in sorted(pictures.iterdir())]
    return [Job(source, _targets(source.name)) for source in sources]


def _targets(name: str) -> tuple[Target, ...]:
    return Target(f"{name}.webp", "webp"), Target(name + "-{width}-{hash}.jpg", "jpeg", late=True)


def hashes(folder: Path) -> dict[str, str]:
    return {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in folder.iterdir() if path.is_file()}


@pytest.fixture(scope="module")
def expected(pictures, tmp_path_factory) -> Path:
    """The outputs of one job after the other."""
    folder = tmp_path_factory.mktemp("expected")
    for _ in ENGINES["serial"](iter(jobs(pictures)), make(pictures, folder), Workforce()):
        pass
    return folder


@pytest.mark.parametrize("cores", [1, 3])
def test_outputs_are_the_same_bytes_as_of_one_job_after_the_other(engine, cores, pictures, expected, tmp_path):
    items = list(engine(iter(jobs(pictures)), make(pictures, tmp_path / "out"), Workforce(cores=cores)))
    assert hashes(tmp_path / "out") == hashes(expected)
    assert len(hashes(expected)) == 2 * (COUNT - 1)
    assert sorted(item.source.name for item in items) == [job.source.name for job in jobs(pictures)]
    assert [item.source.name for item in items if item.status is Status.FAILED] == ["05.png"]


def test_a_settled_item_passes_through_untouched(engine, pictures, tmp_path):
    settled = Item(Source("note.txt", None, 3), Status.SKIPPED, reason="no picture")
    items = list(engine(iter([settled, *jobs(pictures)[:2]]), make(pictures, tmp_path / "out"), Workforce(cores=2)))
    assert settled in items
    assert len(items) == 3


def test_a_fatal_error_of_a_step_comes_out_of_the_loop(engine, pictures, tmp_path, monkeypatch):
    steps = make(pictures, tmp_path / "out")

    def full(made):
        raise OutputError("disk full")

    with pytest.raises(OutputError, match="disk full"):
        list(engine(iter(jobs(pictures)), Steps(steps.read, steps.apply, full), Workforce(cores=2)))


def test_an_error_of_the_jobs_comes_out_after_what_was_begun(engine, pictures, tmp_path):
    def broken():
        yield from jobs(pictures)[:3]
        raise KeyError("listing")

    seen = []
    with pytest.raises(KeyError, match="listing"):
        seen.extend(engine(broken(), make(pictures, tmp_path / "out"), Workforce(cores=2)))


def test_all_that_was_begun_is_written_when_the_jobs_end_early(engine, pictures, tmp_path):
    begun = []

    def until_stopped():
        for job in jobs(pictures)[:7]:
            begun.append(job.source.name)
            yield job

    items = list(engine(until_stopped(), make(pictures, tmp_path / "out"), Workforce(cores=2)))
    assert sorted(item.source.name for item in items) == begun


def test_closing_the_iterator_leaves_no_thread_and_no_half_file(engine, pictures, tmp_path):
    before = set(threading.enumerate())
    items = engine(iter(jobs(pictures)), make(pictures, tmp_path / "out"), Workforce(cores=2))
    next(items)
    items.close()
    assert not set(threading.enumerate()) - before
    assert all(not name.startswith(".") for name in hashes(tmp_path / "out"))
