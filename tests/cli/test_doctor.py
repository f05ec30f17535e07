"""What `imgpipe doctor` says, and when it says that something is broken."""

import json
import os

import pytest

from imgpipe import __version__
from tests.command import imgpipe

pytestmark = pytest.mark.usefixtures("nothing_left_behind")


def test_it_says_what_a_report_of_a_bug_needs_and_no_secret(tmp_path):
    done = imgpipe("doctor", tmp_path, "--json", env=os.environ | {"TOKEN": "s3cret"})
    assert done.returncode == 0, done.stdout
    found = json.loads(done.stdout)
    assert found["versions"]["imgpipe"] == __version__
    assert found["formats"]["jpeg"] == "read, write"
    assert set(found["extras"]) == {"heif", "jxl", "raw", "watch", "cloud", "cluster"}
    assert found["machine"]["cores"].endswith(f"usable of {os.cpu_count()}")
    assert found["output"]["rename over a file"] == "works"
    assert found["self test"] == {"a picture through a worker": "works"}
    assert found["broken"] == []
    assert "s3cret" not in done.stdout
    assert os.listdir(tmp_path) == []


def test_in_words_it_ends_with_the_verdict():
    lines = imgpipe("doctor").stdout.splitlines()
    assert lines[0] == "versions"
    assert lines[1].split() == ["imgpipe", __version__]
    assert lines[-1] == "all is well"
    assert "output" not in lines


def test_an_output_that_is_not_there_is_broken(tmp_path):
    done = imgpipe("doctor", tmp_path / "none")
    assert (done.returncode, done.stdout.splitlines()[-1]) == (1, "1 broken")
    assert "BROKEN: there is no such folder" in done.stdout


def test_a_library_that_workers_cannot_load_is_broken(tmp_path):
    (tmp_path / "cykooz_resizer.py").write_text("raise ImportError('no such instruction')\n")
    done = imgpipe("doctor", "--json", env=os.environ | {"PYTHONPATH": f"{tmp_path}:{os.getcwd()}"})
    assert done.returncode == 1
    found = json.loads(done.stdout)
    assert found["self test"]["a picture through a worker"].startswith("BROKEN: ")
    assert found["broken"]
