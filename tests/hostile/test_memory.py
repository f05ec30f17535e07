"""The memory of a run stays within what it was given, whatever it is given to do."""

import sys

import pytest

from tests.hostile.pictures import flat_tiff, png
from tests.hostile.watch import fill, run

pytestmark = [
    pytest.mark.usefixtures("nothing_left_behind"),
    pytest.mark.skipif(sys.platform != "linux", reason="memory is looked up in /proc"),
]

MB = 1_000_000
OF_ONE_PROCESS = 60 * MB
"""What a worker or the parent needs for itself: the interpreter and the libraries."""


def room(memory, cores):
    return memory + (cores + 3) * OF_ONE_PROCESS


def check_turns(tmp_path, size, memory):
    fill(tmp_path / "in", [(f"{number}.tiff", flat_tiff(*size)) for number in range(8)])
    outcome = run(
        tmp_path / "in", tmp_path / "out", "--cores", "8", "--memory", f"{memory // MB}MB", "--max-pixels", "600000000",
        "--timeout", "1000", "--format", "jpeg", "--resize", "200x200", timeout=3000,
    )  # fmt: skip
    assert outcome.count("written") == 8, outcome.items
    assert outcome.peak < room(memory, 8), f"{outcome.peak / MB:.0f} MB of {memory / MB:.0f}"
    return outcome


def test_eight_large_pictures_on_eight_workers_take_turns(tmp_path):
    check_turns(tmp_path, (5_000, 4_000), 500 * MB)


@pytest.mark.chaos
@pytest.mark.timeout(3600)
def test_eight_of_half_a_gigapixel_take_turns(tmp_path):
    outcome = check_turns(tmp_path, (25_000, 20_000), 9_000 * MB)
    print(f"peak {outcome.peak / MB:.0f} MB")


def test_picture_that_cannot_fit_fails_by_name_and_names_the_option(tmp_path):
    fill(tmp_path / "in", [("large.tiff", flat_tiff(9_000, 9_000)), ("small.png", png(30, 30))])
    outcome = run(tmp_path / "in", tmp_path / "out", "--cores", "2", "--memory", "400MB", "--resize", "20x20")
    assert outcome.items["small.png"]["status"] == "written"
    error = outcome.items["large.tiff"]["error"]
    assert error["type"] == "LimitExceeded"
    assert "--memory" in error["message"]
    assert outcome.peak < room(400 * MB, 2)


def test_file_that_is_too_large_is_not_read(tmp_path):
    fill(tmp_path / "in", [("small.png", png(30, 30)), ("large.png", png(30, 30))])
    with open(tmp_path / "in" / "large.png", "r+b") as file:
        file.truncate(20_000_000_000)
    outcome = run(tmp_path / "in", tmp_path / "out", "--cores", "2", "--memory", "400MB", "--resize", "20x20")
    assert outcome.items["small.png"]["status"] == "written"
    assert outcome.items["large.png"]["error"] == {
        "type": "LimitExceeded",
        "message": "20.0 GB are more than the 100 MB of one file that --memory allows: raise it",
    }
    assert outcome.peak < room(400 * MB, 2)


def test_large_files_wait_for_each_other(tmp_path):
    """Twenty of 20 MB, of which 25 MB may be in flight."""
    content = png(30, 30) + bytes(20 * MB)
    fill(tmp_path / "in", [(f"{number}.png", content) for number in range(20)])
    outcome = run(tmp_path / "in", tmp_path / "out", "--cores", "2", "--memory", "100MB", "--resize", "20x20")
    assert outcome.count("written") == 20
    assert outcome.peak < room(100 * MB, 2)


def test_output_larger_than_expected_is_bounded_too(tmp_path):
    """What resizing makes of a small picture cannot be seen in its header."""
    fill(tmp_path / "in", [(f"{number}.png", png(300, 300)) for number in range(6)])
    outcome = run(
        tmp_path / "in",
        tmp_path / "out",
        "--cores",
        "4",
        "--memory",
        "400MB",
        "--resize",
        "30000x30000!",
        "-F",
        "blur:1",
    )
    assert outcome.count("failed") == 6
    for item in outcome.items.values():
        assert item["error"]["type"] == "MemoryError"
        assert "--memory" in item["error"]["message"]
    assert outcome.peak < room(400 * MB, 4) + 512 * MB
