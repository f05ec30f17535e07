"""The memory of a run does not grow with the number of its inputs, whatever becomes of them."""

import os
import sys

import pytest

from tests.hostile.pictures import png
from tests.hostile.watch import run

pytestmark = [
    pytest.mark.usefixtures("nothing_left_behind"),
    pytest.mark.skipif(sys.platform != "linux", reason="memory is looked up in /proc"),
]

SMALL = png(2, 2)
BROKEN = SMALL[:40]


def fill(folder, count, every_broken):
    """So many small pictures, in folders of a thousand; links to one file, of which each is an input."""
    for number in range(count):
        if number % 1000 == 0:
            os.makedirs(folder / str(number // 1000))
            for name, content in (("small", SMALL), ("broken", BROKEN)):
                (folder / f"{number // 1000}-{name}").write_bytes(content)
        kind = "broken" if every_broken and number % every_broken == 0 else "small"
        os.link(folder / f"{number // 1000}-{kind}", folder / str(number // 1000) / f"{number % 1000}.png")
    for number in range(-(-count // 1000)):
        for name in ("small", "broken"):
            os.unlink(folder / f"{number}-{name}")


def peak(tmp_path, count, every_broken=0, name=""):
    folder = tmp_path / f"{count}{name}"
    fill(folder / "in", count, every_broken)
    options = ["--cores", "2", "--memory", "200MB", "--quiet"]
    outcome = run(folder / "in", folder / "out", *options, timeout=3000)
    assert len(outcome.items) == count
    assert outcome.count("written") == count - (-(-count // every_broken) if every_broken else 0)
    again = run(folder / "in", folder / "out", *options, timeout=3000)
    assert again.count("unchanged") == outcome.count("written")
    print(f"{count}: {outcome.peak / 1e6:.1f} MB, and again {again.peak / 1e6:.1f} MB")
    return outcome.peak, again.peak


def test_of_four_times_as_many_is_hardly_more(tmp_path):
    # What a short run takes at its peak is seen only in one of several, where the machine has other things to do.
    few = max(peak(tmp_path, 1_000, name=name)[0] for name in "abc")
    many, _ = peak(tmp_path, 4_000)
    assert many < 1.10 * few


@pytest.mark.chaos
@pytest.mark.timeout(3600)
def test_of_a_hundred_times_as_many_is_hardly_more(tmp_path):
    few, _ = peak(tmp_path, 1_000)
    many, _ = peak(tmp_path, 100_000)
    assert many < 1.10 * few
