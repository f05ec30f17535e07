"""Whatever is put into the input folder is written or fails with a reason, within the memory given, and the run ends.

Pillow's own test images take part where a folder of them (or its unpacked source) is named by the environment variable
IMGPIPE_HOSTILE: `pip download --no-binary pillow --no-deps pillow` brings them.
"""

import os
import random
import shutil
import sys
from collections import Counter
from pathlib import Path

import pytest

from tests.hostile.pictures import bombs, mutants, truncated
from tests.hostile.watch import fill, run

pytestmark = [
    pytest.mark.usefixtures("nothing_left_behind"),
    pytest.mark.skipif(sys.platform != "linux", reason="memory is looked up in /proc"),
]

MB = 1_000_000
MEMORY = 600 * MB
OF_ONE_PROCESS = 60 * MB
ENDINGS = {"written", "failed", "skipped"}
# A worker that died is no reason; what a codec of ours does not catch is none either.
NO_REASONS = {"WorkerDied", "UnboundLocalError", "NameError", "IndexError", "KeyError", "AttributeError", "TypeError"}


def attack(folder, count, *options, timeout=600):
    """Run over a folder of so many hostile files, see that all is in order, and return the outcome."""
    outcome = run(
        folder / "in", folder / "out", "--cores", "2", "--memory", f"{MEMORY // MB}MB", *options, timeout=timeout
    )
    assert outcome.status in (0, 1), outcome.said
    assert "Traceback" not in outcome.said
    assert len(outcome.items) == outcome.summary["discovered"] == count
    assert {item["status"] for item in outcome.items.values()} <= ENDINGS
    for name, item in outcome.items.items():
        if item["status"] == "failed":
            assert item["error"]["message"], name
            assert item["error"]["type"] not in NO_REASONS, (name, item["error"])
        elif item["status"] == "written":
            assert (folder / "out" / item["outputs"][0]["path"]).stat().st_size == item["outputs"][0]["bytes"]
    assert outcome.peak < MEMORY + 5 * OF_ONE_PROCESS, f"{outcome.peak / MB:.0f} MB"
    return outcome


@pytest.fixture(scope="module")
def outcome(tmp_path_factory):
    folder = tmp_path_factory.mktemp("bombs")
    return attack(folder, fill(folder / "in", bombs()), "--timeout", "60", "--resize", "100x100")


class TestBombs:
    @pytest.mark.parametrize(
        ("name", "error", "words"),
        [
            (
                "gigapixel.png",
                "LimitExceeded",
                "1200000000 pixels are more than allowed: raise --max-pixels",
            ),
            ("widest.png", "LimitExceeded", "--max-pixels"),
            ("gigapixel.jpg", "LimitExceeded", "--max-pixels"),
            ("gigapixel.tiff", "LimitExceeded", "--max-pixels"),
            ("canvas.gif", "LimitExceeded", "--max-pixels"),
            ("ten-thousand-frames.gif", "LimitExceeded", "10000 frames are more than 1000: raise --max-frames"),
            ("large-frames.gif", "LimitExceeded", "900 frames of 10000 x 9000"),
        ],
    )
    def test_fails_and_says_which_limit_it_met(self, outcome, name, error, words):
        assert outcome.items[name]["error"]["type"] == error
        assert words in outcome.items[name]["error"]["message"]

    @pytest.mark.parametrize("name", ["ninety-megapixels.png", "wide.png", "high.png", "wide.tiff", "chunks.png"])
    def test_that_is_within_the_limits_is_written(self, outcome, name):
        assert outcome.items[name]["status"] == "written", outcome.items[name]["error"]

    @pytest.mark.parametrize(
        "name", ["text.png", "international-text.png", "many-texts.png", "profile.png", "exif.png"]
    )
    def test_of_text_is_written_or_called_damaged(self, outcome, name):
        item = outcome.items[name]
        assert item["status"] == "written" or item["error"]["type"] == "DamagedPicture"

    def test_says_nothing_of_pillows_own_limit(self, outcome):
        assert "Bomb" not in outcome.said
        assert "89478485" not in outcome.said


def test_animations_within_the_limits_of_frames_are_held_to_the_memory(tmp_path):
    from tests.hostile.pictures import gif

    fill(tmp_path / "in", [("long.gif", gif(900, 700, 990)), ("short.gif", gif(90, 70, 50))])
    outcome = attack(tmp_path, 2, "--resize", "10x10")
    assert outcome.items["short.gif"]["status"] == "written"
    assert "--memory" in outcome.items["long.gif"]["error"]["message"]


@pytest.mark.parametrize("engine", ["threads", "serial"])
def test_bombs_do_no_harm_to_the_other_engines(tmp_path, engine):
    attack(tmp_path, fill(tmp_path / "in", bombs()), "--engine", engine, "--resize", "100x100")


class TestTruncated:
    def check(self, tmp_path, step):
        count = fill(tmp_path / "in", truncated(step))
        outcome = attack(tmp_path, count, "--timeout", "60", timeout=3000)
        kinds = Counter(item["error"]["type"] for item in outcome.items.values() if item["error"])
        assert set(kinds) <= {"DamagedPicture", "NotAPicture"}
        # Of some formats the last bytes do not matter.
        assert outcome.count("written") < count / 50

    def test_now_and_then(self, tmp_path):
        self.check(tmp_path, 199)

    @pytest.mark.chaos
    @pytest.mark.timeout(3600)
    def test_at_every_37th_byte(self, tmp_path):
        self.check(tmp_path, 37)


class TestMutants:
    def check(self, tmp_path, count, seed):
        fill(tmp_path / "in", mutants(count, random.Random(seed)))
        outcome = attack(tmp_path, count, "--timeout", "60", "--resize", "40x40", "-F", "blur:1", timeout=3000)
        assert outcome.count("written") > count / 50
        assert outcome.count("failed") > count / 50

    def test_a_few_hundred(self, tmp_path):
        self.check(tmp_path, 480, 20)

    @pytest.mark.chaos
    @pytest.mark.timeout(3600)
    def test_twenty_thousand(self, tmp_path):
        self.check(tmp_path, 20_000, 37)


@pytest.mark.skipif("IMGPIPE_HOSTILE" not in os.environ, reason="IMGPIPE_HOSTILE names no folder of pictures")
@pytest.mark.timeout(3600)
class TestOthersPictures:
    @pytest.mark.parametrize("options", [["--resize", "100x100"], ["--format", "png"], ["--no-srgb", "-F", "blur:1"]])
    def test_all_of_them(self, tmp_path, options):
        count = 0
        (tmp_path / "in").mkdir()
        for path in sorted(Path(os.environ["IMGPIPE_HOSTILE"]).rglob("*")):
            if path.is_file():
                shutil.copyfile(path, tmp_path / "in" / f"{count:05}-{path.name}")
                count += 1
        outcome = attack(tmp_path, count, "--timeout", "60", *options, timeout=3000)
        print(Counter((item["status"], (item["error"] or {}).get("type", "")) for item in outcome.items.values()))
        print(f"peak {outcome.peak / MB:.0f} MB")
