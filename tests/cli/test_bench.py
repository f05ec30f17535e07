"""`imgpipe bench`: what it tells of a folder; never how fast this machine is."""

import json
import os
import signal
import subprocess
import sys
import time
import xml.etree.ElementTree as ET

import pytest

from imgpipe import bench
from imgpipe.bench import Measured, Trial, Way
from imgpipe.errors import UsageError
from imgpipe.flow import Flow, Meter, Stage, verdict
from imgpipe.job import Status
from imgpipe.recipe import Recipe
from imgpipe.report.plot import Bar, bar_lines, svg
from imgpipe.storage.local import LocalFolder
from tests.command import imgpipe
from tests.flow.slow import make_pictures

pytestmark = pytest.mark.usefixtures("nothing_left_behind")

SMALL = Recipe(["resize:width=8"])


@pytest.fixture
def pictures(tmp_path):
    folder = make_pictures(tmp_path / "in", 9)
    (folder / "broken.png").write_bytes(b"\x89PNG no picture")
    (folder / "notes.txt").write_text("no picture")
    (tmp_path / "work").mkdir()
    return folder


def test_tells_of_every_way_and_what_to_set_and_leaves_nothing(pictures, tmp_path):
    before = sorted(os.listdir(pictures))
    plot = tmp_path / "bars.svg"
    given = ["--sample", 10, "--cores", 2, "--work", tmp_path / "work", "--plot", plot, "--json", tmp_path / "figures"]
    done = imgpipe("bench", pictures, "--resize", "8x8", *given)
    assert done.returncode == 0, done.stderr
    first, *rest = done.stdout.splitlines()
    assert first.startswith(f"10 of 10 pictures of {pictures}, ")
    assert [line[:11].rstrip() for line in rest[:5]] == [
        "serial",
        "threads 1",
        "threads 2",
        "processes 1",
        "processes 2",
    ]
    assert "one after the other. " in done.stdout
    assert "1 of 10 failed and count for nothing" in done.stdout
    assert rest[-1].startswith("For your pictures: --engine ")
    assert os.listdir(tmp_path / "work") == []
    assert sorted(os.listdir(pictures)) == before
    figures = json.loads((tmp_path / "figures").read_text())
    assert [(way["written"], way["failed"]) for way in figures["ways"]] == [(9, 1)] * 5
    assert all(way["images_a_second"] > 0 for way in figures["ways"])
    assert {tag.tag.rpartition("}")[2] for tag in ET.parse(plot).iter()} >= {"svg", "rect", "text", "title"}


def test_json_on_stdout_stands_there_alone(pictures, tmp_path):
    done = imgpipe("bench", pictures, "--sample", 2, "--cores", 1, "--json", "-")
    assert [way["engine"] for way in json.loads(done.stdout)["ways"]] == ["serial", "threads", "processes"]
    assert "For your pictures" in done.stderr


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["missing"], "no folder"),
        (["work"], "no pictures"),
        (["in", "--plot", "bars.png"], "SVG"),
        (["in", "--work", "missing"], "choose another folder by --work"),
        (["in", "--cores", "0"], "1 or more"),
    ],
)
def test_what_cannot_be_tried_is_said_in_a_line(arguments, said, pictures, tmp_path):
    done = imgpipe("bench", *arguments, cwd=tmp_path)
    assert done.returncode == 2
    assert said in done.stderr
    assert done.stderr.count("\n") == 1


def test_where_every_picture_fails_there_is_no_speed(tmp_path):
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "broken.png").write_bytes(b"\x89PNG no picture")
    done = imgpipe("bench", tmp_path / "in")
    assert done.returncode == 1
    assert "none of these 1 pictures" in done.stderr
    assert "/s" not in done.stdout


@pytest.mark.skipif(sys.platform == "win32", reason="signals")
def test_ctrl_c_leaves_nothing(pictures, tmp_path):
    command = [sys.executable, "-m", "imgpipe", "bench", pictures, "--work", tmp_path / "work", "-F", "noise:0.1"]
    child = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    end = time.monotonic() + 60
    while not os.listdir(tmp_path / "work") and time.monotonic() < end:
        time.sleep(0.01)
    child.send_signal(signal.SIGINT)
    _, errors = child.communicate(timeout=60)
    assert child.returncode == 130
    assert "Traceback" not in errors
    assert os.listdir(tmp_path / "work") == []


class TestBottleneck:
    def measure(self, pictures, names=8):
        trial, meter = Trial(str(pictures), bench.evenly(bench.pictures_of(str(pictures)), names), SMALL), Meter()
        way = Way("serial", 1)
        return bench.measured(way, list(bench.measure(trial, way, meter=meter)), meter)

    def test_folder_that_is_slow_to_read_is_reading_bound_and_gets_readers(self, pictures, monkeypatch):
        read = LocalFolder.read_into
        monkeypatch.setattr(
            LocalFolder, "read_into", lambda self, name, room: (time.sleep(0.1), read(self, name, room))[1]
        )
        one = self.measure(pictures)
        assert verdict(one.flow).kind == "reading-bound"
        assert bench.io_threads_for(one.flow, 2) > 2

    def test_disk_that_is_slow_to_write_is_writing_bound(self, pictures, monkeypatch):
        put = LocalFolder.put
        monkeypatch.setattr(
            LocalFolder, "put", lambda self, *more, **named: (time.sleep(0.1), put(self, *more, **named))[1]
        )
        assert verdict(self.measure(pictures).flow).kind == "writing-bound"

    def test_failures_are_counted_and_are_no_speed(self, pictures):
        (pictures / "000.png").write_bytes(b"\x89PNG")
        one = self.measure(pictures, 10)
        assert (one.written, one.failed) == (8, 2)
        assert one.rate == pytest.approx(8 / one.flow.seconds)


def test_sample_is_even_and_the_same_each_time():
    names = [f"{number:03}" for number in range(100)]
    assert bench.evenly(names, 4) == ("012", "037", "062", "087")
    assert bench.evenly(names, 1000) == tuple(names)


def test_few_pictures_are_tried_in_several_rounds(pictures, monkeypatch):
    trial, names = Trial(str(pictures), (), SMALL), bench.pictures_of(str(pictures))
    monkeypatch.setattr(bench, "seconds_each", lambda *_: 0.2)
    assert bench.sample(trial, names, 5, lambda: False).rounds == 3
    assert len(bench.sample(trial, names, None, lambda: False).names) == len(names)
    monkeypatch.setattr(bench, "seconds_each", lambda *_: 2.0)
    assert bench.sample(trial, names, 5, lambda: False).rounds == 1
    monkeypatch.setattr(bench, "seconds_each", lambda *_: 1e-9)
    assert bench.sample(trial, names, 5, lambda: False).rounds == 5


def test_outputs_are_removed_when_a_run_is_left_early(pictures, tmp_path):
    trial = Trial(str(pictures), ("000.png", "001.png"), SMALL, str(tmp_path / "work"))
    items = bench.measure(trial, Way("serial", 1))
    assert next(items).status is Status.WRITTEN
    assert os.listdir(tmp_path / "work")
    items.close()
    assert os.listdir(tmp_path / "work") == []


def test_of_ways_that_are_as_good_the_one_that_takes_least_is_advised():
    def one(engine, cores, seconds):
        return Measured(Way(engine, cores), 100, 0, Flow(engine, 8, 0.0, seconds, (Stage("process", cores, 100, 1.0),)))

    tried = [one("serial", 1, 10.0), one("threads", 4, 2.55), one("processes", 4, 2.5), one("processes", 8, 2.45)]
    assert str(bench.best(tried).way) == "threads 4"
    assert str(bench.best(tried[:1]).way) == "serial"


def test_the_start_of_workers_is_no_part_of_the_speed():
    stage = Stage("process", 2, 100, 3.0, starting=1.0)
    assert Measured(Way("processes", 2), 100, 0, Flow("processes", 2, 0.0, 2.5, (stage,))).rate == pytest.approx(50)


def test_a_file_is_no_folder(pictures):
    with pytest.raises(UsageError, match="folder of pictures"):
        bench.pictures_of(str(pictures / "000.png"))


BARS = [Bar("serial", 7.0, "7/s"), Bar("<b>&\"'", 14.0, "14/s", best=True), Bar("nothing", 0.0, "0/s")]


@pytest.mark.parametrize("width", [10, 40, 80, 300])
@pytest.mark.parametrize("ascii_only", [False, True])
def test_bars_fit_into_a_terminal_of_any_width(width, ascii_only):
    lines = bar_lines(BARS, width, ascii_only=ascii_only)
    assert all(len(line) <= width for line in lines)
    assert not ascii_only or "".join(lines).isascii()
    if width >= 40:
        full = ["#" if ascii_only else "█"] * 3
        counts = [line.count(sign) for line, sign in zip(lines, full, strict=True)]
        assert counts[1] == pytest.approx(2 * counts[0], abs=1)
        assert counts[2] == 0


def test_svg_takes_words_for_words():
    root = ET.fromstring(svg("a < b & c", BARS, ["<script>alert(1)</script>"]))
    texts = [tag.text for tag in root.iter() if tag.tag.endswith("}text")]
    assert "a < b & c" in texts
    assert "<script>alert(1)</script>" in texts
    assert not [tag for tag in root.iter() if tag.tag.endswith("script")]
