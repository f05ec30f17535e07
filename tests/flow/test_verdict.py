"""The verdict names the stage that was made slow, in real runs, and what to set."""

import multiprocessing.forkserver

import pytest

from imgpipe.flow import Flow, Queue, Stage, verdict
from tests.flow.slow import flow_of, make_pictures

pytestmark = pytest.mark.usefixtures("nothing_left_behind")

KINDS = {"read": "reading-bound", "process": "CPU-bound", "write": "writing-bound"}


@pytest.mark.parametrize("slow", KINDS)
@pytest.mark.parametrize("engine", ["threads", "serial"])
def test_the_slow_stage_is_named(engine, slow, tmp_path):
    flow, _ = flow_of(make_pictures(tmp_path / "in", 20), tmp_path / "out", engine, slow)
    judged = verdict(flow)
    assert judged.kind == KINDS[slow]
    assert judged.share > 0.6
    assert judged.sentence.startswith(f"{judged.kind}: ")
    assert "--engine processes" in judged.advice or slow != "process"


@pytest.fixture
def warm_server(tmp_path):
    """A fork server that has imported what workers need: else their start is what takes longest on a busy machine."""
    multiprocessing.forkserver._forkserver._stop()
    flow_of(make_pictures(tmp_path / "first", 1), tmp_path / "first out", "processes")


@pytest.mark.parametrize("slow", KINDS)
def test_the_slow_stage_is_named_with_processes(slow, tmp_path, warm_server):
    count = 30 if slow == "process" else 60
    flow, _ = flow_of(make_pictures(tmp_path / "in", count), tmp_path / "out", "processes", slow)
    judged = verdict(flow)
    assert judged.kind == KINDS[slow]
    _, work, write = flow.stages
    if slow == "read":
        assert work.waited_for_input > max(work.waited_for_room, work.worked)
        assert "workers waited for input" in judged.sentence
        assert "--io-threads" in judged.advice
    if slow == "write":
        assert write.worked > write.waited_for_input
        assert "--io-threads" in judged.advice
    if slow == "process":
        assert write.waited_for_input > write.worked


def test_workers_in_line_behind_one_that_waits_are_counted_as_waiting_too(tmp_path, warm_server):
    flow, _ = flow_of(make_pictures(tmp_path / "in", 40), tmp_path / "out", "processes", "read", cores=3, io_threads=1)
    work = flow.stages[1]
    assert work.hands == 3
    assert work.waited_for_input > flow.seconds


def test_few_small_pictures_in_processes_are_dominated_by_the_start(tmp_path):
    flow, _ = flow_of(make_pictures(tmp_path / "in", 3), tmp_path / "out", "processes", start_method="spawn")
    judged = verdict(flow)
    assert judged.kind == "start-up"
    assert "--engine threads" in judged.advice


def made_up(process, engine="processes", usable_cores=8, **read):
    stages = Stage("read", 2, 50, **{"worked": 1.0, **read}), process, Stage("write", 2, 50, 1.0)
    queues = tuple(Queue(stage.name, 64, ()) for stage in stages)
    return Flow(engine, usable_cores, 0.0, 10.0, stages, queues)


def test_more_cores_are_advised_where_there_are_more():
    flow = made_up(Stage("process", 2, 50, 19.4), waited_for_room=18.6)
    assert str(verdict(flow)) == (
        "CPU-bound: workers were busy 97 % of the time, readers waited for room 93 %; --cores 8 would help, 2 were used"
    )
    assert "--cores" not in verdict(flow._replace(usable_cores=2)).advice


def test_as_many_readers_are_advised_as_would_keep_the_workers_busy():
    flow = made_up(Stage("process", 2, 50, 4.0, waited_for_input=15.0), worked=19.8)
    judged = verdict(flow)
    assert judged.sentence == "reading-bound: readers were busy 99 % of the time, workers waited for input 75 %"
    assert "--io-threads 10 " in judged.advice


def test_pictures_that_wait_for_memory():
    judged = verdict(made_up(Stage("process", 2, 50, 9.0, waited_for_memory=11.0)))
    assert (judged.kind, judged.advice) == ("memory-bound", "raise --memory")


def test_who_takes_the_items_slowly_is_told_so():
    flow = made_up(Stage("process", 2, 50, 4.0))
    read, work, write = flow.stages
    assert verdict(flow._replace(stages=(read, work, write._replace(waited_for_room=14.2)))).kind == "caller-bound"


def test_where_no_stage_is_busy_none_is_blamed():
    judged = verdict(made_up(Stage("process", 2, 50, 4.0)))
    assert judged.kind == "mixed"
    assert "workers were busy 20 %" in judged.sentence


def test_a_short_run_and_one_that_did_nothing_say_so():
    flow = made_up(Stage("process", 2, 50, 0.6))._replace(seconds=0.3)
    assert verdict(flow).kind == ""
    assert "too short" in str(verdict(flow))
    assert "nothing had to be done" in str(verdict(Flow()))


def test_a_run_of_failures_alone_is_no_division_by_zero():
    nothing = Stage("process", 1, 0, 0.0)
    flow = made_up(nothing, worked=19.9)
    assert verdict(flow).kind == "reading-bound"
