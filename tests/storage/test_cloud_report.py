"""The record of a run into object storage, and the page that is made of it."""

import pytest

from imgpipe.errors import OutputError, UsageError
from imgpipe.report.record import Record, read_record
from imgpipe.storage import open_storage
from imgpipe.storage.cloud import CloudFolder
from tests.command import imgpipe
from tests.folders import three_and_a_bad_one
from tests.pages import rows_of

RECORD = ".imgpipe/last-run.jsonl"
SMALL = ("--width", 12, "--cores", 1)


@pytest.fixture
def pictures(tmp_path):
    return three_and_a_bad_one(tmp_path / "in")


def rows(page):
    return {row["n"]: row for row in rows_of(page.read_text())}


def test_a_run_makes_its_page_and_the_same_one_is_made_afterwards(pictures, tmp_path, bucket):
    target, page = f"{bucket.url}/out", tmp_path / "page.html"
    done = imgpipe("process", pictures, target, *SMALL, "--report", page)
    assert (done.returncode, done.stdout.splitlines()[-1]) == (1, f"report: {page}")
    assert {name: row["s"] for name, row in rows(page).items()} == {
        "0.png": "written", "1.png": "written", "2.png": "written", "bad.jpg": "failed",
    }  # fmt: skip
    assert all(rows(page)[f"{number}.png"][side] for number in range(3) for side in "bf")
    assert f"→ {target}" in page.read_text()
    done = imgpipe("report", target, "-o", tmp_path / "after.html")
    assert (done.returncode, done.stderr) == (0, "")
    assert (tmp_path / "after.html").read_text() == page.read_text()


def test_both_pictures_of_a_run_from_bucket_to_bucket_are_shown(pictures, tmp_path, bucket):
    imgpipe("process", pictures, f"{bucket.url}/in", "--resize", "100%", "--cores", 1)
    imgpipe("process", f"{bucket.url}/in", f"{bucket.url}/out", *SMALL, "--report", tmp_path / "page.html")
    found = rows(tmp_path / "page.html")
    assert sorted(found) == ["0.png", "1.png", "2.png"]
    assert all(row["b"] and row["f"] for row in found.values())


def test_the_record_before_stays_until_the_run_ends(bucket):
    target = open_storage(f"{bucket.url}/out")
    Record(target, {"input": "first"}).finish()
    second = Record(target, {"input": "second"})
    assert [line["input"] for line in read_record(target.root)] == ["first"]
    second.finish({"type": "summary"})
    assert [line.get("input") for line in read_record(target.root)] == ["second", None]


def test_a_store_that_refuses_the_record_is_no_fault_of_the_run(pictures, tmp_path, bucket, monkeypatch):
    def refuse(self, name, *_, **__):
        assert name == RECORD
        raise OSError(13, "Access Denied")

    record = Record(open_storage(f"{bucket.url}/out"), {"input": "photos"})
    monkeypatch.setattr(CloudFolder, "put", refuse)
    record.finish()
    assert record.failed == f"cannot write {bucket.url}/out/{RECORD}: Access Denied"


def test_a_store_that_ends_runs_is_not_asked_again_and_told_once(pictures, tmp_path, bucket, monkeypatch):
    def refuse(self, *_, **__):
        raise OutputError("there is no such bucket")

    record = Record(open_storage(f"{bucket.url}/out"), {"input": "photos"})
    monkeypatch.setattr(CloudFolder, "put", refuse)
    record.finish()
    assert record.failed.endswith("there is no such bucket")
    monkeypatch.setattr(CloudFolder, "put", None)
    record = Record(open_storage(f"{bucket.url}/out"), {"input": "photos"})
    record.finish({"type": "summary"}, broken="nobody answers")
    assert record.failed.endswith("nobody answers")


def test_half_of_a_record_is_not_put(bucket, monkeypatch):
    target = open_storage(f"{bucket.url}/out")
    record = Record(target, {"input": "photos"})

    class Full:
        def write(self, _):
            raise OSError(28, "No space left on device")

        def close(self):
            pass

    monkeypatch.setattr("tempfile.TemporaryFile", Full)
    record.finish({"type": "summary"})
    assert "No space left" in record.failed
    with pytest.raises(UsageError, match="no run is recorded"):
        list(read_record(target.root))


def test_a_bucket_without_a_record_says_so_without_what_may_be_a_secret(bucket, tmp_path):
    done = imgpipe("report", f"{bucket.url}/nothing", "-o", tmp_path / "page.html")
    assert done.returncode == 2
    assert f"no run is recorded in {bucket.url}/nothing: give the OUTPUT" in done.stderr
    done = imgpipe("report", bucket.url.replace("://", "://key:secret@"), "-o", tmp_path / "page.html")
    assert done.returncode != 0
    assert "secret" not in done.stderr + done.stdout
