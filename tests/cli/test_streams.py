"""Standard streams that are closed, as by some that start programs in the background."""

import os
import sys

import pytest

from tests.command import imgpipe
from tests.folders import contents, paint

pytestmark = [
    pytest.mark.usefixtures("nothing_left_behind"),
    pytest.mark.skipif(sys.platform == "win32", reason="streams there are no numbers"),
]


def closing(*numbers):
    return {"preexec_fn": lambda: [os.close(number) for number in numbers]}


@pytest.mark.parametrize("numbers", [(0,), (1,), (2,), (0, 1, 2)], ids=str)
@pytest.mark.parametrize("method", ["forkserver", "spawn"])
def test_a_run_does_without_a_stream(tmp_path, numbers, method):
    paint(tmp_path / "in/a.png")
    (tmp_path / "in/b.png").write_text("no picture")
    # Where a socket's path would be too long, workers are spawned.
    (temporaries := tmp_path / ("x" * 100)).mkdir()
    streams = closing(*numbers) | ({"env": {**os.environ, "TMPDIR": str(temporaries)}} if method == "spawn" else {})
    done = imgpipe("process", tmp_path / "in", tmp_path / "out", "--resize", "9x", "--cores", 2, **streams)
    assert list(contents(tmp_path / "out")) == ["a.png"]
    assert done.returncode == 1
    assert done.stderr == ""
    assert ("1 written" in done.stdout and "b.png: not a picture" in done.stdout) == (1 not in numbers)


@pytest.mark.parametrize("numbers", [(0,), (1,), (2,), (0, 1, 2)], ids=str)
@pytest.mark.parametrize(
    "command", [("--version",), ("filters",), ("process", "--help"), ("process", "nowhere", "out")]
)
def test_a_command_does_without_a_stream(numbers, command):
    done = imgpipe(*command, **closing(*numbers))
    assert done.returncode == (2 if "nowhere" in command else 0)
    assert "Traceback" not in done.stderr
