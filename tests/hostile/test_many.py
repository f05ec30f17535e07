"""The memory of a first run does not grow with the number of its inputs, but for the names of those that fail."""

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


def fill(folder, count, others):
    """So many small pictures, the odd ones with this content, in folders of a thousand; all are links."""
    for start in range(0, count, 1000):
        inside = folder / str(start // 1000)
        os.makedirs(inside)
        (inside / "even").write_bytes(SMALL)
        (inside / "odd").write_bytes(others)
        for number in range(start, min(start + 1000, count)):
            os.link(inside / ("odd" if number % 2 else "even"), inside / f"{number % 1000}.png")
        (inside / "even").unlink()
        (inside / "odd").unlink()


def own_memory(tmp_path, count, others):
    """Bytes at the peak of a first run; in a second one it is known what was made of each, which takes its room."""
    folder = tmp_path / str(count)
    fill(folder / "in", count, others)
    command = [folder / "in", folder / "out", "--cores", "2", "--memory", "200MB", "--quiet"]
    outcome = run(*command, timeout=3000, huge_pages=False)
    assert len(outcome.items) == count
    assert outcome.count("failed") == (count // 2 if others == BROKEN else 0)
    assert outcome.count("written") == count - outcome.count("failed")
    again = run(*command, timeout=3000, huge_pages=False)
    assert again.count("unchanged") == outcome.count("written")
    print(f"{count}: {outcome.own / 1e6:.1f} MB, and again {again.own / 1e6:.1f} MB")
    return outcome.own


def test_of_four_times_as_many_is_hardly_more(tmp_path):
    assert own_memory(tmp_path, 4_000, BROKEN) < 1.08 * own_memory(tmp_path, 1_000, BROKEN)


@pytest.mark.chaos
@pytest.mark.timeout(3600)
@pytest.mark.parametrize("others", [SMALL, BROKEN], ids=["fine", "broken"])
def test_of_a_hundred_times_as_many_is_hardly_more(tmp_path, others):
    named = 400 * 50_000 if others == BROKEN else 0
    assert own_memory(tmp_path, 100_000, others) < 1.10 * own_memory(tmp_path, 1_000, others) + named
