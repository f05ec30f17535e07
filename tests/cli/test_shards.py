"""Shards on the command line: what is said before, during and after."""

import json
import tarfile

import pytest

from tests.command import imgpipe
from tests.folders import contents, three_and_a_bad_one
from tests.pages import rows_of

pytestmark = pytest.mark.usefixtures("nothing_left_behind")

SMALL = ("--width", 12, "--cores", 1, "--shard-count", 2)


@pytest.fixture
def pictures(tmp_path):
    return three_and_a_bad_one(tmp_path / "in")


def test_a_run_says_what_became_of_each_and_the_next_one_that_all_is_done(pictures, tmp_path):
    out = f"{tmp_path}/out/{{00..09}}.tar"
    done = imgpipe("process", pictures, out, *SMALL, "--json", "-")
    lines = [json.loads(line) for line in done.stdout.splitlines()]
    found = {line["source"]: [output["path"] for output in line["outputs"]] for line in lines if "source" in line}
    assert found == {"0.png": ["0.png"], "1.png": ["1.png"], "2.png": ["2.png"], "bad.jpg": []}
    assert done.returncode == 1
    with tarfile.open(tmp_path / "out/00.tar") as tar:
        assert tar.getnames() == ["0.png", "0.json", "1.png", "1.json"]
    again = imgpipe("process", pictures, out, *SMALL)
    assert "4 inputs: 0 written, 3 unchanged, 1 failed, 0 skipped" in again.stdout


def test_a_dry_run_writes_nothing(pictures, tmp_path):
    done = imgpipe("process", pictures, f"{tmp_path}/out/{{00..09}}.tar", *SMALL, "-n")
    assert "0.png -> 0.png" in done.stdout.splitlines()
    assert not (tmp_path / "out").exists()


def test_the_report_shows_pictures_that_are_in_shards(pictures, tmp_path):
    out, page = f"{tmp_path}/out/{{00..09}}.tar", tmp_path / "page.html"
    imgpipe("process", pictures, out, *SMALL, "--report", page)
    first = page.read_text()
    rows = rows_of(first)
    assert all(row["b"] and row["f"] for row in rows if row["s"] == "written")
    assert "gone since the run" not in first
    done = imgpipe("report", out, "-o", tmp_path / "again.html")
    assert done.returncode == 0
    assert "gone since the run" not in (tmp_path / "again.html").read_text()


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ("process in out --shard-count 3", "--shard-count and --shard-bytes are for an OUTPUT such as"),
        ("process in x.tar --shard-count 3", "x.tar is one shard; give a range, as x-{0000..0099}.tar"),
        ("process in {0..9}.tar --shard-count 0", "--shard-count: 0 is not valid"),
        ("process in {9..0}.tar", "the range {9..0} counts down; it is {0..9}"),
        ("process in {0..9}.tar --prune", "--prune is not needed, as shards hold what INPUT has now"),
        ("process in {0..9}.tar -p", "--preserve is for local folders"),
        ("process in {0..9}.tar --overwrite newer", "--overwrite newer is not possible where OUTPUT is shards"),
        ("process in s3://bucket/{0..9}.tar", "shards are local files"),
        ("process {0..9}.tar out", "of 10 shards in"),
        ("watch in {0..9}.tar", "imgpipe watch is for folders"),
    ],
)
def test_what_cannot_be_is_said_in_one_line(pictures, tmp_path, arguments, said):
    done = imgpipe(*arguments.split(), cwd=tmp_path)
    assert done.returncode == 2
    (line,) = done.stderr.splitlines()
    assert said in line
    assert set(contents(tmp_path, hidden=True)) == {"in/0.png", "in/1.png", "in/2.png", "in/bad.jpg"}
