import io
import json
import os

import pytest
from hypothesis import given
from hypothesis import strategies as st

from imgpipe.flow import Flow, Queue, Stage
from imgpipe.job import Failure, Item, Output, Seconds, Source, Status
from imgpipe.report.jsonl import flow_line, item_line, read_flow, read_item, summary_line, write_line
from imgpipe.report.tally import Tally

EVIL = os.fsdecode(b"\x1b[31m\xff\n\xe2\x80\xa8\xf0\x9f\x93\xb7.jpg")
WRITTEN = Item(
    Source("x/a.jpg", "jpeg", 100),
    Status.WRITTEN,
    outputs=(Output("x/a.webp", 30, 640, 480), Output("x/a.png", 40, 64, 48)),
    warnings=("alpha dropped",),
    seconds=Seconds(0.0000014, 1.25, 0.5, 77.5, 4242),
)
FAILED = Item(Source("b.jpg", "jpeg", 1), Status.FAILED, failure=Failure("DamagedPicture", "truncated", "Traceback"))


def written(*lines):
    file = io.StringIO()
    for line in lines:
        write_line(file, line)
    return file.getvalue()


def test_a_written_item_has_the_fields_of_the_design():
    assert item_line(WRITTEN) == {
        "type": "item",
        "source": "x/a.jpg",
        "bytes": 100,
        "status": "written",
        "outputs": [
            {"path": "x/a.webp", "bytes": 30, "width": 640, "height": 480},
            {"path": "x/a.png", "bytes": 40, "width": 64, "height": 48},
        ],
        "warnings": ["alpha dropped"],
        "reason": None,
        "error": None,
        "seconds": {"read": 1e-06, "process": 1.25, "write": 0.5},
        "began": 77.5,
        "worker": 4242,
    }


def test_a_failed_item_tells_its_error_and_no_traceback():
    line = item_line(FAILED)
    assert (line["status"], line["outputs"]) == ("failed", [])
    assert line["error"] == {"type": "DamagedPicture", "message": "truncated"}


def test_a_skipped_item_tells_its_reason():
    line = item_line(Item(Source("notes.txt", None, 1), Status.SKIPPED, reason="no picture"))
    assert (line["status"], line["reason"], line["error"]) == ("skipped", "no picture", None)


@pytest.mark.parametrize("status", Status)
def test_every_line_has_the_same_fields(status):
    assert item_line(Item(Source("a", None, 1), status)).keys() == item_line(WRITTEN).keys()


def test_the_summary_has_the_fields_of_the_design_and_they_add_up():
    tally = Tally(5)
    tally.add(WRITTEN)
    tally.add(FAILED)
    tally.add(Item(Source("c", "jpeg", 1), Status.UNCHANGED))
    tally.interrupted = True
    line = summary_line(tally)
    assert line.pop("seconds") >= 0
    assert line == {
        "type": "summary",
        "discovered": 5,
        "written": 1,
        "unchanged": 1,
        "failed": 1,
        "skipped": 2,
        "pruned": 0,
        "interrupted": True,
        "bytes_in": 100,
        "bytes_out": 70,
    }
    assert line["discovered"] == line["written"] + line["unchanged"] + line["failed"] + line["skipped"]


def test_lines_are_ascii_json_one_object_each():
    text = written(item_line(WRITTEN), item_line(FAILED), summary_line(Tally(0)))
    assert text.isascii()
    assert text.endswith("\n")
    assert [json.loads(line)["type"] for line in text.splitlines()] == ["item", "item", "summary"]


def test_odd_names_come_back_as_the_bytes_that_they_are():
    item = Item(Source(EVIL, "jpeg", 1), Status.WRITTEN, (Output(EVIL, 1, 1, 1),), (EVIL,))
    text = written(item_line(item))
    assert text.isascii()
    assert text[:-1].isprintable()
    line = json.loads(text)
    assert os.fsencode(line["source"]) == os.fsencode(line["outputs"][0]["path"]) == os.fsencode(EVIL)


@given(st.binary(), st.binary())
def test_any_name_and_any_message_make_one_line(name, message):
    failure = Failure("OSError", os.fsdecode(message))
    text = written(item_line(Item(Source(os.fsdecode(name), None, 1), Status.FAILED, failure=failure)))
    assert text.isascii()
    assert text.count("\n") == 1
    line = json.loads(text)
    assert (os.fsencode(line["source"]), os.fsencode(line["error"]["message"])) == (name, message)


@pytest.mark.parametrize("item", [WRITTEN, FAILED, Item(Source(EVIL, None, 1), Status.SKIPPED, reason=EVIL)])
def test_an_item_that_is_read_back_makes_the_same_line(item):
    line = item_line(item)
    assert item_line(read_item(json.loads(json.dumps(line)))) == line


@pytest.mark.parametrize(
    "wrong",
    [
        {"source": 1},
        {"source": None},
        {"bytes": -1},
        {"bytes": float("nan")},
        {"bytes": "many"},
        {"status": "well"},
        {"outputs": [{"path": 3, "bytes": 1, "width": 1, "height": 1}]},
        {"outputs": 7},
        {"warnings": [["a"]]},
        {"error": {"type": "x"}},
        {"seconds": {"read": [], "process": 0, "write": 0}},
        {"seconds": None},
        {"began": None},
        {"worker": "me"},
    ],
)
def test_what_is_no_line_of_an_item_is_refused(wrong):
    with pytest.raises((KeyError, TypeError, ValueError)):
        read_item(item_line(WRITTEN) | wrong)


FLOW = Flow(
    "processes",
    4,
    77.5,
    10.0,
    (Stage("read", 2, 90, 1.0, waited_for_room=15.0), Stage("process", 4, 90, 39.0, 0.5, 0.25, 0.125, 0.1)),
    (Queue("read", 64, ((0.1, 3), (0.2, 64))),),
)


@pytest.mark.parametrize("flow", [FLOW, Flow()])
def test_a_flow_is_read_back_as_it_was(flow):
    assert read_flow(json.loads(json.dumps(flow_line(flow)))) == flow


@pytest.mark.parametrize(
    "wrong",
    [
        {"engine": 7},
        {"seconds": -1},
        {"seconds": float("inf")},
        {"stages": [{"name": "read"}]},
        {"stages": [{"name": "read", "hands": 1, "items": 1, "worked": 1, "more": 1}]},
        {"stages": [7]},
        {"stages": 7},
        {"queues": [{"behind": "read", "capacity": 1, "depths": [[1]]}]},
        {"queues": [{"behind": "read", "capacity": 1, "depths": [[1, "many"]]}]},
        {"queues": None},
    ],
)
def test_what_is_no_line_of_a_flow_is_refused(wrong):
    with pytest.raises((KeyError, TypeError, ValueError, AttributeError)):
        read_flow(flow_line(FLOW) | wrong)


def test_each_line_is_handed_on_at_once():
    class Pipe(io.StringIO):
        flushed = 0

        def flush(self):
            self.flushed = len(self.getvalue())

    pipe = Pipe()
    write_line(pipe, item_line(WRITTEN))
    assert pipe.flushed == len(pipe.getvalue()) > 0
