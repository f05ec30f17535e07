"""The table of `-v`: columns stay in line, and rare ones are there where there is something to see."""

from imgpipe.flow import Flow, Queue, Stage
from imgpipe.report.stages import time_of_stages

STAGES = (
    Stage("read", 2, 50, 0.6, waited_for_input=0.02, waited_for_room=18.6),
    Stage("process", 12, 50, 116.4, waited_for_room=1.2),
    Stage("write", 2, 50, 0.2, waited_for_input=19.0),
)
QUEUES = (Queue("read", 64, ()),)


def test_shares_of_each_stage_stand_in_columns():
    *table, words = time_of_stages(Flow("processes", 12, 0.0, 10.0, STAGES, QUEUES))
    assert table == [
        "stage    hands  worked  waited for input  for room",
        "read         2     3 %               0 %      93 %",
        "process     12    97 %               0 %       1 %",
        "write        2     1 %              95 %       0 %",
    ]
    assert words.startswith("CPU-bound: ")


def test_waits_for_memory_and_starts_have_a_column_where_there_were_any():
    stage = Stage("process", 2, 50, 4.0, waited_for_memory=14.0, starting=1.0)
    header, _, row, *_ = time_of_stages(Flow("processes", 2, 0.0, 10.0, (STAGES[0], stage, STAGES[2]), QUEUES))
    assert header.endswith("for room  for memory  starting")
    assert row.split()[-4:] == ["70", "%", "5", "%"]
    assert len(row) == len(header)


def test_one_after_the_other_there_are_no_shares_of_waiting():
    first, words = time_of_stages(Flow("serial", 2, 0.0, 10.0, STAGES))
    assert first == "time: read 0.60 s, process 116.40 s, write 0.20 s"
    assert words.startswith("CPU-bound: reading took 1 % of the work")


def test_where_nothing_was_done_there_is_no_table():
    assert list(time_of_stages(Flow())) == ["nothing had to be done, so nothing limited it"]
