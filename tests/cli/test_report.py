"""`imgpipe report OUTPUT`, and `--report` of `process`."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from imgpipe.errors import UsageError
from imgpipe.report.page import check_place, write_page
from imgpipe.report.record import read_record
from tests.command import imgpipe
from tests.concurrency.tools import eventually
from tests.folders import contents, paint, three_and_a_bad_one, write
from tests.pages import rows_of

pytestmark = pytest.mark.usefixtures("nothing_left_behind")

SMALL = ("--width", 12, "--cores", 1)


@pytest.fixture
def pictures(tmp_path):
    return three_and_a_bad_one(tmp_path / "in")


def rows(page):
    return rows_of(page.read_text())


def test_a_run_makes_its_page_and_says_where(pictures, tmp_path):
    done = imgpipe("process", pictures, tmp_path / "out", *SMALL, "--report", tmp_path / "page.html")
    assert done.stdout.splitlines()[-1] == f"report: {tmp_path / 'page.html'}"
    assert done.returncode == 1
    found = {row["n"]: row for row in rows(tmp_path / "page.html")}
    assert {name: row["s"] for name, row in found.items()} == {
        "0.png": "written", "1.png": "written", "2.png": "written", "bad.jpg": "failed",
    }  # fmt: skip
    assert all(found[name]["b"] and found[name]["f"] for name in ("0.png", "1.png", "2.png"))


def test_the_last_run_has_a_page_afterwards_the_same_as_with_it(pictures, tmp_path):
    imgpipe("process", pictures, tmp_path / "out", *SMALL, "--report", tmp_path / "with.html")
    done = imgpipe("report", "out", "-o", "after.html", cwd=tmp_path)
    assert (done.returncode, done.stdout, done.stderr) == (0, "after.html\n", "")
    assert (tmp_path / "after.html").read_text() == (tmp_path / "with.html").read_text()
    assert imgpipe("report", "out", cwd=tmp_path).stdout == "imgpipe-report.html\n"
    assert (tmp_path / "imgpipe-report.html").exists()


def test_a_run_that_cannot_be_recorded_says_so_and_does_not_fail(pictures, tmp_path):
    (tmp_path / "out/.imgpipe/last-run.jsonl").mkdir(parents=True)
    (pictures / "bad.jpg").unlink()
    done = imgpipe("process", pictures, tmp_path / "out", *SMALL, "--quiet", "--engine", "serial")
    assert (done.returncode, done.stdout) == (0, "")
    assert done.stderr == (
        f"imgpipe: `imgpipe report` cannot tell of this run: cannot write {tmp_path}/out/.imgpipe/last-run.jsonl: "
        "Is a directory\n"
    )


@pytest.mark.skipif(sys.platform != "linux", reason="a fork server is the default there")
def test_ctrl_c_while_thumbnails_are_made_leaves_nothing(pictures, tmp_path):
    imgpipe("process", pictures, tmp_path / "out", *SMALL)
    with subprocess.Popen([sys.executable, "-m", "imgpipe", "report", "out"], cwd=tmp_path) as run:
        eventually(lambda: list(Path(os.environ["TMPDIR"]).glob("pymp-*/*-*")))
        run.send_signal(signal.SIGINT)
        assert run.wait(60) == 130
    assert not (tmp_path / "imgpipe-report.html").exists()


@pytest.mark.parametrize("engine", ["serial", "threads", "processes"])
def test_the_record_tells_who_worked_when_and_how_the_time_went(engine, pictures, tmp_path):
    imgpipe("process", pictures, tmp_path / "out", *SMALL, "--engine", engine)
    lines = list(read_record(str(tmp_path / "out")))
    (flow,) = (line for line in lines if line["type"] == "flow")
    assert flow["engine"] == engine
    made = [line for line in lines if line["type"] == "item" and line["status"] == "written"]
    assert len(made) == 3
    for line in made:
        assert line["worker"] > 0
        assert flow["began"] <= line["began"] <= flow["began"] + flow["seconds"]


def test_the_page_is_of_the_last_run_alone(pictures, tmp_path):
    imgpipe("process", pictures, tmp_path / "out", *SMALL)
    paint(pictures / "new.png", seed=9)
    imgpipe("process", pictures, tmp_path / "out", *SMALL)
    imgpipe("report", tmp_path / "out", "-o", tmp_path / "page.html")
    ends = {row["n"]: row["s"] for row in rows(tmp_path / "page.html")}
    assert ends == dict.fromkeys(["0.png", "1.png", "2.png"], "unchanged") | {"new.png": "written", "bad.jpg": "failed"}


def test_a_run_that_was_killed_has_a_page_that_says_so(pictures, tmp_path):
    (tmp_path / "killer.py").write_text(
        "import os, signal\nimport numpy as np\n\n"
        "def kill(pixels: np.ndarray) -> np.ndarray:\n    os.kill(os.getpid(), signal.SIGKILL)\n    return pixels\n"
    )
    command = ["process", pictures, tmp_path / "out", "-F", "killer:kill", "--engine", "serial"]
    assert imgpipe(*command, "--json", tmp_path / "lines", cwd=tmp_path).returncode == -signal.SIGKILL
    assert not (tmp_path / "out/.imgpipe/last-run.jsonl").exists(), "it came to no item"
    write(pictures / "#note", b"notes")
    assert imgpipe(*command, cwd=tmp_path).returncode == -signal.SIGKILL
    done = imgpipe("report", tmp_path / "out", "-o", tmp_path / "page.html")
    assert done.returncode == 0, done.stderr
    assert "The run did not come to its end" in (tmp_path / "page.html").read_text()


def test_a_run_that_was_stopped_says_so(pictures, tmp_path):
    (tmp_path / "stopper.py").write_text(
        "import os, signal\nimport numpy as np\n\n"
        "def stop(pixels: np.ndarray) -> np.ndarray:\n    os.kill(os.getpid(), signal.SIGINT)\n    return pixels\n"
    )
    page = tmp_path / "page.html"
    command = ["process", pictures, tmp_path / "out", "-F", "stopper:stop", "--engine", "serial", "--report", page]
    assert imgpipe(*command, cwd=tmp_path).returncode == 130
    assert "The run was stopped before it was done" in page.read_text()


def test_a_run_that_could_not_go_on_says_why(pictures, tmp_path):
    (tmp_path / "filler.py").write_text(
        "import errno, os\nimport numpy as np\nfrom imgpipe.errors import OutputError\nimport imgpipe.storage.local\n\n"
        "def fill(pixels: np.ndarray) -> np.ndarray:\n"
        "    def put(*_, **__): raise OSError(errno.ENOSPC, 'No space left on device')\n"
        "    imgpipe.storage.local.LocalFolder.put = put\n"
        "    return pixels\n"
    )
    command = ["process", pictures, tmp_path / "out", "-F", "filler:fill", "--engine", "serial"]
    assert imgpipe(*command, cwd=tmp_path).returncode == 3
    imgpipe("report", tmp_path / "out", "-o", tmp_path / "page.html")
    assert "The run could not go on: cannot write 0.png" in (tmp_path / "page.html").read_text()


def test_in_place_there_is_no_picture_before(pictures, tmp_path):
    imgpipe("process", pictures, pictures, *SMALL, "--in-place", "--report", tmp_path / "page.html")
    (row, *_) = rows(tmp_path / "page.html")
    assert (row["x"], "b" in row, "f" in row) == ("replaced by its result (--in-place)", False, True)


def test_a_dry_run_leaves_the_record_alone_and_takes_no_report(pictures, tmp_path):
    imgpipe("process", pictures, tmp_path / "out", *SMALL)
    before = contents(tmp_path / "out", hidden=True)
    assert imgpipe("process", pictures, tmp_path / "out", "-n", "--width", 5).returncode == 0
    done = imgpipe("process", pictures, tmp_path / "out", "-n", "--report", tmp_path / "page.html")
    assert (done.returncode, "--dry-run makes none" in done.stderr) == (2, True)
    assert contents(tmp_path / "out", hidden=True) == before


def test_another_run_that_is_refused_leaves_the_record_of_the_living_one(pictures, tmp_path):
    import fcntl

    imgpipe("process", pictures, tmp_path / "out", *SMALL)
    before = list(read_record(str(tmp_path / "out")))
    with open(tmp_path / "out/.imgpipe/lock") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        done = imgpipe("process", pictures, tmp_path / "out", *SMALL, "--force")
    assert (done.returncode, "another run is writing" in done.stderr) == (2, True)
    assert list(read_record(str(tmp_path / "out"))) == before


def test_a_page_takes_the_place_of_no_device_and_leaves_a_link_a_link(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(UsageError, match="it is no regular file"):
        check_place(str(tmp_path / "pipe"))
    write(tmp_path / "out/.imgpipe/last-run.jsonl", b'{"type":"run"}\n')
    os.symlink("page.html", tmp_path / "link.html")
    write_page(str(tmp_path / "out"), str(tmp_path / "link.html"), 1)
    assert os.readlink(tmp_path / "link.html") == "page.html"
    assert (tmp_path / "page.html").stat().st_size > 1000


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["report", "nothing"], "no run is recorded in nothing"),
        (["report", "out", "-o", "no/folder.html"], "there is no folder"),
        (["report", "out", "-o", "out"], "it is a folder"),
        (["report", "out", "-o", "out/"], "it is a folder"),
        (["report", "out", "-o", "x" * 300], "its name is too long"),
        (["process", "in", "new", "--report", "no/folder.html"], "there is no folder"),
    ],
)
def test_what_cannot_be_done_is_said_before_anything_is(arguments, said, pictures, tmp_path):
    imgpipe("process", "in", "out", *SMALL, cwd=tmp_path)
    done = imgpipe(*arguments, cwd=tmp_path)
    assert (done.returncode, len(done.stderr.splitlines())) == (2, 1)
    assert said in done.stderr
    assert not (tmp_path / "new").exists()
    assert not list(tmp_path.glob("*.html"))


def test_a_page_that_cannot_be_written_is_told_and_the_pictures_stand(pictures, tmp_path):
    (tmp_path / "remover.py").write_text(
        "import os\nimport numpy as np\n\n"
        "def remove(pixels: np.ndarray) -> np.ndarray:\n"
        "    if os.path.isdir('pages'):\n        os.rmdir('pages')\n        open('pages', 'w').close()\n"
        "    return pixels\n"
    )
    (tmp_path / "pages").mkdir()
    more = ["--engine", "serial", "-F", "remover:remove", "--report", "pages/page.html"]
    done = imgpipe("process", pictures, tmp_path / "out", *more, cwd=tmp_path)
    assert done.returncode == 3
    assert done.stderr == "imgpipe: cannot write the report pages/page.html: Not a directory\n"
    assert len(contents(tmp_path / "out")) == 3
