"""At the limits that a system sets, a run says so in words; the next one, with room, does what is left."""

import sys

import pytest

from imgpipe.concurrency.room import RAISE_LIMITS
from tests.command import imgpipe
from tests.folders import contents, paint

resource = pytest.importorskip("resource")

pytestmark = pytest.mark.usefixtures("nothing_left_behind")


@pytest.fixture
def pictures(tmp_path):
    for seed in range(8):
        paint(tmp_path / "in" / f"{seed}.png", seed=seed)
    return tmp_path / "in"


@pytest.mark.skipif(sys.platform != "linux", reason="so many files are open on Linux")
@pytest.mark.parametrize("files", [8, 21, 23, 40])
def test_few_open_files(files, pictures, tmp_path):
    out = tmp_path / "out"
    call = "process", pictures, out, "--cores", 2, "--width", 4
    done = imgpipe(*call, preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_NOFILE, (files, files)))
    assert done.returncode in (0, 1, 3)
    said = done.stdout + done.stderr
    assert "Traceback" not in said
    assert "a bug" not in said
    assert "or a file" not in said
    assert "Too many open files" in said or RAISE_LIMITS in said or done.returncode == 0
    if done.returncode == 0:
        assert len(contents(out)) == 8
    assert imgpipe(*call).returncode == 0
    assert len(contents(out)) == 8
