"""What `imgpipe doctor` says, and when it says that something is broken."""

import importlib.metadata
import json
import os
import platform
import signal
import subprocess
import sys
import tempfile
from pathlib import Path
from types import SimpleNamespace

import pytest
from PIL import Image

from imgpipe import __version__, checkup
from tests.command import imgpipe
from tests.concurrency.tools import eventually

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


@pytest.mark.skipif(sys.platform == "win32", reason="there is no SIGINT to be sent")
def test_ctrl_c_in_its_test_leaves_nothing():
    """`nothing_left_behind` looks where temporaries are."""
    folders = Path(os.environ["TMPDIR"])
    for _ in range(3):
        run = subprocess.Popen(
            [sys.executable, "-m", "imgpipe", "doctor"], stdout=subprocess.DEVNULL, stderr=subprocess.PIPE
        )
        eventually(lambda: list(folders.glob("imgpipe-doctor-*")))
        run.send_signal(signal.SIGINT)
        _, said = run.communicate()
        assert (run.returncode, said.strip()) == (130, b"")


@pytest.mark.skipif(sys.platform == "win32", reason="there are no such signals")
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP], ids=["SIGTERM", "SIGHUP"])
def test_a_stop_in_its_test_leaves_nothing(number):
    run = subprocess.Popen(
        [sys.executable, "-m", "imgpipe", "doctor"], stdout=subprocess.PIPE, stderr=subprocess.STDOUT
    )
    eventually(lambda: list(Path(os.environ["TMPDIR"]).glob("imgpipe-doctor-*")))
    run.send_signal(number)
    said, _ = run.communicate()
    assert (run.returncode, said) == (128 + number, b"")


@pytest.mark.skipif(sys.platform == "win32", reason="there is no SIGINT to be sent")
def test_ctrl_c_that_is_ignored_stays_so():
    """As in a background job of a shell's script."""
    settings = {"stdout": subprocess.DEVNULL, "preexec_fn": lambda: signal.signal(signal.SIGINT, signal.SIG_IGN)}
    with subprocess.Popen([sys.executable, "-m", "imgpipe", "doctor"], **settings) as run:
        eventually(lambda: list(Path(os.environ["TMPDIR"]).glob("imgpipe-doctor-*")))
        run.send_signal(signal.SIGINT)
        assert run.wait(60) == 0


def test_ctrl_c_while_its_folder_is_made_leaves_none(monkeypatch):
    made = []

    class Interrupted(tempfile.TemporaryDirectory):
        def __init__(self, **options):
            super().__init__(**options)
            made.append(self.name)
            signal.raise_signal(signal.SIGINT)

    monkeypatch.setattr(checkup.tempfile, "TemporaryDirectory", Interrupted)
    with pytest.raises(KeyboardInterrupt):
        checkup.self_test()
    assert not os.path.exists(made[0])


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


def test_a_library_that_is_not_installed_is_broken(monkeypatch):
    def version(name):
        raise importlib.metadata.PackageNotFoundError(name)

    monkeypatch.setattr(importlib.metadata, "version", version)
    assert checkup.is_broken(dict(checkup._versions())["numpy"])


@pytest.mark.parametrize(
    ("size", "errors", "said"),
    [((64, 64), {}, "works"), ((64, 63), {}, "BROKEN: the output has"), ((64, 64), {"test.png": "bad"}, "BROKEN: bad")],
)
def test_the_test_picture_must_come_out_as_it_should(size, errors, said, monkeypatch):
    def process(_source, target, _recipe, **_options):
        os.mkdir(target)
        Image.new("RGB", size).save(os.path.join(target, "test.jpg"))
        return SimpleNamespace(errors=errors)

    monkeypatch.setattr(checkup, "process", process)
    assert checkup.self_test().startswith(said)


@pytest.mark.parametrize("works", [True, False])
def test_a_folder_is_tried_out_and_left_as_it_was(works, tmp_path, monkeypatch):
    def replace(_old, _new):
        raise OSError(95, "Operation not supported")

    if not works:
        monkeypatch.setattr(os, "replace", replace)
    said = dict(checkup._output(str(tmp_path)))["rename over a file"]
    assert said == ("works" if works else "BROKEN: Operation not supported")
    assert os.listdir(tmp_path) == []


def test_where_nothing_can_be_written_is_broken(tmp_path):
    assert checkup.is_broken(checkup._writable(str(tmp_path / "none")))


def test_the_name_of_the_machine_is_not_told(monkeypatch):
    monkeypatch.setattr(platform, "node", lambda: "s3cret")
    assert "s3cret" not in json.dumps([*checkup._versions(), *checkup._machine()])
