"""The programs of peers do what the steps say, as far as they need nothing that has to be installed."""

import functools
import io
import itertools
import subprocess
from dataclasses import replace

import pytest
from PIL import Image

from benchmarks import reduced
from benchmarks.measure import run_once
from benchmarks.model import ROOT, Assignment, Made, Task
from benchmarks.peers.codec_limit import codec_limit
from benchmarks.peers.imgpipe import imgpipe
from benchmarks.peers.opencv import opencv
from benchmarks.peers.pillow import pillow
from benchmarks.pictures import photograph
from benchmarks.quality import check
from benchmarks.steps import Crop, Fit
from benchmarks.workloads import WORKLOADS


@pytest.fixture(scope="module")
def photo():
    return Image.fromarray(photograph(800, 600, seed=5))


@pytest.fixture(scope="module")
def encoded(photo):
    """The photograph as a file of a kind; encoding it takes longer than what a peer does with it."""

    @functools.cache
    def of(suffix):
        photo.save(file := io.BytesIO(), Image.registered_extensions()[suffix])
        return file.getvalue()

    return of


def small(task):
    """The same for pictures of half the size: they are still larger than what is cut out of them."""
    steps = [
        replace(step, width=step.width // 2, height=step.height // 2) if isinstance(step, Fit) else step
        for step in task.steps
    ]
    return Task(
        tuple(Crop(700, 500) if isinstance(step, Crop) else step for step in steps),
        tuple(replace(made, width=made.width and made.width // 2) for made in task.outputs),
    )


@pytest.mark.parametrize(
    ("peer", "name"),
    [
        *itertools.product([imgpipe, pillow, opencv], WORKLOADS),
        *itertools.product([codec_limit], ["W1", "W3-TIFF", "W3-LZW", "W7"]),
    ],
)
def test_a_peer_makes_what_is_asked_for(tmp_path, encoded, peer, name):
    (tmp_path / "in").mkdir()
    suffix = {"W3-TIFF": ".tif", "W3-LZW": ".tif", "W5": ".png"}.get(name, ".jpg")
    for number in range(2):
        (tmp_path / "in" / f"{number}{suffix}").write_bytes(encoded(suffix))
    work = Assignment(small(WORKLOADS[name].task), tmp_path / "in", tmp_path / "out", 2, 1)
    found = peer(work)
    if peer is opencv and len(work.task.outputs) > 1:
        assert found.reason == "it is measured with one output"
        return
    run_once(found.commands[0], work, memory=False)
    verdict = check(work)
    assert verdict.faults == ()
    assert verdict.worst > 0.8, "the right picture, the right way up"


def test_a_codec_limit_without_its_outputs_is_none(tmp_path, photo):
    (tmp_path / "in").mkdir()
    photo.save(tmp_path / "in" / "a.jpg")
    work = Assignment(Task((), (Made("jpeg", 80, 200),)), tmp_path / "in", tmp_path / "missing", 1, 1)
    program = subprocess.run(codec_limit(work).commands[0].argv, capture_output=True, check=False, cwd=ROOT)
    assert program.returncode != 0
    assert b"seconds" not in program.stdout


def test_imgpipe_is_the_one_of_this_folder_whatever_is_installed(tmp_path):
    work = Assignment(Task((), (Made("jpeg", 80),)), tmp_path / "in", tmp_path / "out", 1, 1)
    assert [command.env["PYTHONPATH"] for command in imgpipe(work).commands] == [str(ROOT)]


@pytest.mark.parametrize("peer", [imgpipe, pillow, codec_limit])
def test_each_of_several_tiffs_is_compressed_or_not_as_is_asked(tmp_path, photo, peer):
    (tmp_path / "in").mkdir()
    photo.save(tmp_path / "in" / "a.jpg")
    outputs = (Made("tiff", width=400, compressed=False), Made("tiff", width=200))
    work = Assignment(Task((), outputs), tmp_path / "in", tmp_path / "out", 1, 1)
    run_once(peer(work).commands[0], work, memory=False)
    assert check(work).faults == ()


def test_reduced_decoding_is_compared_with_another_tool(tmp_path, photo, monkeypatch, capsys):
    photo.save(tmp_path / "a.jpg", quality=95)
    monkeypatch.setattr(reduced, "sharp", pillow)
    monkeypatch.setattr("sys.argv", ["reduced", str(tmp_path), "200", "100"])
    reduced.main()
    table = capsys.readouterr().out.splitlines()[2:]
    rows = [[float(cell) for cell in line.strip("| ").split(" | ")] for line in table]
    assert [row[:2] for row in rows] == [[200, 1], [100, 1]]
    assert all(likeness > 0.98 for row in rows for likeness in row[2:])
