import errno
import json
import os

import pytest

from imgpipe.errors import UsageError
from imgpipe.job import Failure, Item, Output, Source, Status
from imgpipe.report.record import Record, read_record
from imgpipe.storage.calls import Calls
from imgpipe.storage.local import LocalFolder
from tests.calls import calls_of

EVIL = os.fsdecode(b"\x1b[31m\xff\n.jpg")


def item(status=Status.WRITTEN, name="a.jpg"):
    failure = Failure("OSError", "broken") if status is Status.FAILED else None
    return Item(Source(name, "jpeg", 100), status, (Output(name, 40, 8, 8),), failure=failure)


@pytest.fixture
def out(tmp_path):
    (tmp_path / "out/.imgpipe").mkdir(parents=True)
    return str(tmp_path / "out")


def path(out):
    return os.path.join(out, ".imgpipe/last-run.jsonl")


def test_a_pipe_in_its_place_is_not_waited_for(out):
    os.mkfifo(path(out))
    assert list(read_record(out)) == []
    os.mkfifo(os.path.join(os.path.dirname(path(out)), "last-run.new"))
    record = Record(LocalFolder(out), {})
    record.finish()
    assert "cannot write" in record.failed


@pytest.mark.usefixtures("nothing_left_behind")
def test_what_was_noted_is_read_in_its_order(out):
    record = Record(LocalFolder(out), {"input": "photos"})
    for status in Status:
        record.add(item(status, EVIL))
    record.finish({"type": "summary", "written": 1})
    first, *items, last = read_record(out)
    assert first == {"type": "run", "input": "photos"}
    assert [(line["source"], line["status"]) for line in items] == [(EVIL, status.value) for status in Status]
    assert last == {"type": "summary", "written": 1}
    assert os.listdir(os.path.dirname(path(out))) == ["last-run.jsonl"]


def test_a_run_replaces_the_record_of_the_one_before_and_leaves_it_to_whoever_reads_it(out):
    Record(LocalFolder(out), {"input": "first"}).finish()
    with open(path(out), "rb") as reader:
        Record(LocalFolder(out), {"input": "second"}).finish()
        assert json.loads(reader.read())["input"] == "first"
    assert [line["input"] for line in read_record(out)] == ["second"]


def test_nothing_is_touched_before_the_first_item(out):
    Record(LocalFolder(out), {})
    assert os.listdir(os.path.dirname(path(out))) == []


def test_the_first_item_is_there_at_once_so_that_a_killed_run_has_a_record(out):
    record = Record(LocalFolder(out), {"input": "photos"})
    record.add(item())
    assert [line["type"] for line in read_record(out)] == ["run", "item"]
    record.finish()


def test_a_torn_line_and_what_is_no_json_are_passed_over(out):
    Record(LocalFolder(out), {}).finish({"type": "summary"})
    with open(path(out), "ab") as file:
        file.write(b'7\n"text"\n' + b"[" * 100_000 + b'\n\xff\xfe\n{"type":"item","sou')
    assert [line["type"] for line in read_record(out)] == ["run", "summary"]


def test_up_to_date_files_beyond_five_hundred_get_no_line_and_cost_one_call(out):
    record = Record(LocalFolder(out), {})
    for number in range(500):
        record.add(item(Status.UNCHANGED, str(number)))
    unchanged = item(Status.UNCHANGED, "more")

    def add_a_thousand():
        for _ in range(1000):
            record.add(unchanged)

    assert calls_of(add_a_thousand) < 1010
    record.finish()
    assert sum(line["type"] == "item" for line in read_record(out)) == 500


def test_a_written_item_costs_few_calls_and_no_write_of_its_own(out):
    class Counted(Calls):
        writes = 0

        def write(self, descriptor, data):
            self.writes += 1
            return super().write(descriptor, data)

    calls = Counted()
    record = Record(LocalFolder(out, calls=calls), {})
    record.add(item())
    assert calls_of(lambda: [record.add(item()) for _ in range(200)]) / 200 < 60
    record.finish()
    assert calls.writes < 20


@pytest.mark.parametrize("call", ["open", "write", "replace"])
def test_a_disk_that_refuses_the_record_is_no_fault_of_the_run(call, out):
    class Refusing(Calls):
        def __getattribute__(self, name):
            if name == call:
                return self.refuse
            return super().__getattribute__(name)

        def refuse(self, *_):
            raise OSError(errno.ENOSPC, "No space left on device")

    record = Record(LocalFolder(out, calls=Refusing()), {})
    record.add(item())
    record.finish({"type": "summary"})
    assert record.failed == f"cannot write {path(out)}: No space left on device"


def test_a_record_that_could_not_be_written_once_is_not_gone_on_with(out):
    """Without what is missing it would tell of a run that was another one."""

    class Once(Calls):
        tried = 0

        def write(self, descriptor, data):
            self.tried += 1
            if self.tried == 1:
                raise OSError(errno.ENOSPC, "No space left on device")
            return super().write(descriptor, data)

    record = Record(LocalFolder(out, calls=Once()), {})
    record.add(item())
    record.finish({"type": "summary"})
    assert record.failed.endswith("No space left on device")
    assert list(read_record(out)) == []


def test_a_folder_without_a_record_says_what_to_do(tmp_path):
    with pytest.raises(UsageError, match=r"no run is recorded in .*give the OUTPUT of `imgpipe process`"):
        list(read_record(str(tmp_path)))
    with pytest.raises(UsageError, match="no run is recorded"):
        list(read_record(str(tmp_path / "missing")))


def test_a_record_that_cannot_be_read_is_told(out):
    os.mkdir(path(out))
    with pytest.raises(UsageError, match=r"cannot read .*last-run\.jsonl: Is a directory"):
        list(read_record(out))


def test_a_link_in_the_place_of_the_new_record_is_not_followed(out, tmp_path):
    os.symlink(tmp_path / "victim", os.path.join(out, ".imgpipe/last-run.new"))
    record = Record(LocalFolder(out), {})
    record.finish({"type": "summary"})
    assert record.failed
    assert not (tmp_path / "victim").exists()
