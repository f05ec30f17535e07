from hypothesis import given
from hypothesis import strategies as st

from imgpipe.flow import Flow, Stage
from imgpipe.report.page.stages import legend, stage_bars

SECONDS = st.floats(0, 1e6)


def test_a_bar_shows_what_the_hands_of_a_stage_did():
    read = Stage("read", 2, 90, worked=1.0, waited_for_room=15.0)
    process = Stage("process", 1, 90, worked=9.9, starting=0.1)
    bars = stage_bars(Flow("processes", 4, 0.0, 10.0, (read, process, Stage("write", 2, 90, worked=0.01))))
    assert [(bar.label, bar.hands, bar.words) for bar in bars] == [
        ("Read", "2 threads", "at work 5 %, waiting for room behind 75 %"),
        ("Decode, filter, encode", "1 worker", "at work 99 %, starting 1 %"),
        ("Write", "2 threads", "next to nothing"),
    ]
    assert [(part.tone, part.x, part.width) for part in bars[0].parts] == [
        ("worked", 0, 5),
        ("waited_for_room", 5, 75),
    ]
    assert [tone for tone, _ in legend(bars)] == ["worked", "starting", "waited_for_room"]


def test_a_run_that_needed_no_engine_has_no_bars():
    assert stage_bars(Flow()) == []
    assert legend([]) == []


@given(st.integers(1, 64), SECONDS, st.lists(SECONDS, min_size=5, max_size=5))
def test_no_bar_is_longer_than_its_place(hands, seconds, spent):
    for bar in stage_bars(Flow("threads", 4, 0.0, seconds, (Stage("read", hands, 1, *spent),))):
        assert all(0 <= part.x <= part.x + part.width <= 100.01 for part in bar.parts)
