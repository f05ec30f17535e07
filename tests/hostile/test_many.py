"""The memory of a run does not grow with the number of its inputs, but for the names of those that fail."""

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


def fill(folder, count, tenth):
    """So many small pictures, every tenth of them with this content, in folders of a thousand; all are links."""
    for start in range(0, count, 1000):
        inside = folder / str(start // 1000)
        os.makedirs(inside)
        for kind, content in (("small", SMALL), ("tenth", tenth)):
            (inside / kind).write_bytes(content)
        for number in range(start, min(start + 1000, count)):
            os.link(inside / ("small" if number % 10 else "tenth"), inside / f"{number % 1000}.png")
        for kind in ("small", "tenth"):
            os.unlink(inside / kind)


def peak(tmp_path, count, tenth):
    folder = tmp_path / str(count)
    fill(folder / "in", count, tenth)
    command = [folder / "in", folder / "out", "--cores", "2", "--memory", "200MB", "--quiet"]
    outcome = run(*command, timeout=3000, huge_pages=False)
    assert len(outcome.items) == count
    assert outcome.count("failed") == (count // 10 if tenth == BROKEN else 0)
    again = run(*command, timeout=3000, huge_pages=False)
    assert again.count("unchanged") == outcome.count("written")
    print(f"{count}: {outcome.own / 1e6:.1f} MB, and again {again.own / 1e6:.1f} MB")
    return outcome.own


def test_of_four_times_as_many_is_hardly_more(tmp_path):
    assert peak(tmp_path, 4_000, BROKEN) < 1.06 * peak(tmp_path, 1_000, BROKEN)


@pytest.mark.chaos
@pytest.mark.timeout(3600)
@pytest.mark.parametrize(("tenth", "most"), [(SMALL, 1.10), (BROKEN, 1.20)], ids=["fine", "broken"])
def test_of_a_hundred_times_as_many_is_hardly_more(tmp_path, tenth, most):
    assert peak(tmp_path, 100_000, tenth) < most * peak(tmp_path, 1_000, tenth)
