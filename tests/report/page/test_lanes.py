import pytest
from hypothesis import given
from hypothesis import strategies as st

from imgpipe.report.page.depths import HEIGHT, depth
from imgpipe.report.page.lanes import WIDTH, Span, lanes

SPANS = st.lists(
    st.builds(
        Span,
        st.integers(1, 4),
        st.floats(0, 120),
        st.floats(0, 50),
        st.sampled_from(["a.jpg", "\x1b"]),
        st.booleans(),
    ),
    max_size=50,
)


def test_a_worker_has_a_lane_in_the_order_in_which_they_began():
    found, more = lanes([Span(77, 103, 2, "b"), Span(5, 101, 4, "a"), Span(77, 106, 1, "c")], began=100, seconds=10)
    assert more == 0
    first, second = found
    assert (first.label, first.pictures, first.busy) == ("Worker 1", 1, 40)
    assert (second.label, second.pictures, second.busy) == ("Worker 2", 2, 30)
    assert [block.x for block in second.blocks] == [360, 720]
    assert [block.title for block in second.blocks] == ["b: 2.00 s", "c: 1.00 s"]
    assert second.blocks[0].width == pytest.approx(240, abs=1)


def test_a_hundred_thousand_pictures_are_few_blocks_and_failures_stand_out():
    spans = [Span(number % 2, number * 0.001, 0.0019, failed=number == 4) for number in range(100_000)]
    found, _ = lanes(spans, 0, 100)
    assert sum(len(lane.blocks) for lane in found) < 2 * WIDTH
    assert [block.tone for lane in found for block in lane.blocks].count("bad") == 1
    assert sum(lane.pictures for lane in found) == 100_000
    assert any("pictures" in block.title for lane in found for block in lane.blocks)


def test_of_many_workers_the_first_are_shown_and_the_others_counted():
    found, more = lanes([Span(number, number, 1) for number in range(50)], 0, 60)
    assert (len(found), more) == (32, 18)


@given(SPANS, st.floats(0, 100), st.floats(0, 100))
def test_nothing_is_drawn_beyond_the_box(spans, began, seconds):
    found, _ = lanes(spans, began, seconds)
    for block in (block for lane in found for block in lane.blocks):
        assert 0 <= block.x <= block.x + block.width <= WIDTH + 0.1
        assert "\x1b" not in block.title


def test_a_queue_is_drawn_as_high_as_it_is_full():
    drawn = depth("read", 10, [(0, 0), (1, 10), (2, 5)], 4)
    assert drawn.points == "0.0,100.0 0.0,100.0 300.0,0.0 600.0,50.0 600.0,100.0"
    assert drawn.lead == "5.0 on average, 10 at most, of 10 that it holds"
    assert depth("read", 10, [(0, 0)], 4) is None
    assert depth("read", 10, [], 4) is None
    assert depth("read", 10, [(0, 0), (1, 1)], 0) is None


@given(st.lists(st.tuples(st.floats(0, 99), st.integers(0, 1000)), min_size=2), st.integers(0, 64), st.floats(0.1, 60))
def test_no_queue_is_drawn_beyond_its_box(depths, capacity, seconds):
    corners = [tuple(map(float, corner.split(","))) for corner in depth("", capacity, depths, seconds).points.split()]
    assert all(0 <= x <= WIDTH and 0 <= y <= HEIGHT for x, y in corners)


def test_what_another_clock_tells_is_left_out():
    assert lanes([Span(1, 5_000_000, 1), Span(2, 3, 1)], began=0, seconds=10)[0][0].label == "Worker 1"
    assert lanes([Span(1, 5_000_000, 1)], began=0, seconds=10) == ([], 0)
