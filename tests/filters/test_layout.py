import pytest
from hypothesis import given
from hypothesis import strategies as st

from imgpipe.filters.layout import cover_box, lay_out, needed_size, offset
from imgpipe.filters.sizing import Geometry

LENGTHS = st.integers(1, 70_000)
SIZES = st.tuples(LENGTHS, LENGTHS)
GRAVITIES = ["center", "north", "northeast", "east", "southeast", "south", "southwest", "west", "northwest"]


def test_contain_keeps_canvas_where_enlarging_is_forbidden():
    layout = lay_out(Geometry(100, 100, fit="contain", enlarge=False), (50, 20))
    assert (layout.scaled, layout.canvas) == ((50, 20), (100, 100))


def test_cover_takes_the_part_that_gravity_says():
    assert cover_box((400, 200), (100, 100), "center") == (100, 0, 200, 200)
    assert cover_box((400, 200), (100, 100), "west") == (0, 0, 200, 200)
    assert cover_box((200, 400), (100, 100), "south") == (0, 200, 200, 200)


def test_offsets_of_all_gravities():
    found = {gravity: offset(gravity, (10, 20), (4, 5)) for gravity in GRAVITIES}
    assert found == {
        "center": (3, 7), "north": (3, 0), "northeast": (6, 0), "east": (6, 7), "southeast": (6, 15),
        "south": (3, 15), "southwest": (0, 15), "west": (0, 7), "northwest": (0, 0),
    }  # fmt: skip


@given(SIZES, SIZES)
def test_inside_never_exceeds_the_box_and_touches_it(size, box):
    result = lay_out(Geometry(*box), size).canvas
    assert result[0] <= box[0]
    assert result[1] <= box[1]
    assert result[0] == box[0] or result[1] == box[1]


@given(SIZES, SIZES)
def test_outside_never_falls_below_the_box_and_touches_it(size, box):
    result = lay_out(Geometry(*box, fit="outside"), size).canvas
    assert result[0] >= box[0]
    assert result[1] >= box[1]
    assert result[0] == box[0] or result[1] == box[1]


@given(SIZES, SIZES, st.sampled_from(["inside", "outside"]))
def test_aspect_is_kept_within_half_a_pixel(size, box, fit):
    across, down = lay_out(Geometry(*box, fit=fit), size).canvas
    exact = size[1] * across / size[0] if across == box[0] else size[0] * down / size[1]
    other = down if across == box[0] else across
    alternative = size[0] * down / size[1]
    close = abs(other - exact) <= 0.5 or other == 1 or (down == box[1] and abs(across - alternative) <= 0.5)
    assert close


@given(SIZES, SIZES, st.sampled_from(["cover", "contain", "fill"]))
def test_exact_fits_are_exact(size, box, fit):
    assert lay_out(Geometry(*box, fit=fit), size).canvas == box


@given(SIZES, SIZES, st.sampled_from(["inside", "outside", "cover", "fill"]))
def test_without_enlarging_nothing_becomes_larger(size, box, fit):
    layout = lay_out(Geometry(*box, fit=fit, enlarge=False), size)
    assert layout.canvas[0] <= size[0]
    assert layout.canvas[1] <= size[1]
    scale = layout.scaled[0] / layout.box[2], layout.scaled[1] / layout.box[3]
    assert max(scale) <= 1 + 1e-9


@given(SIZES, SIZES, st.sampled_from(["inside", "outside", "fill"]))
def test_only_enlarging_never_makes_smaller(size, box, fit):
    result = lay_out(Geometry(*box, fit=fit, shrink=False), size).canvas
    assert result[0] >= size[0]
    assert result[1] >= size[1]


@given(SIZES, SIZES, st.sampled_from(GRAVITIES))
def test_cover_box_lies_in_the_picture_and_has_the_aspect_of_the_canvas(size, box, gravity):
    left, top, width, height = cover_box(size, box, gravity)
    assert left >= 0
    assert top >= 0
    assert width > 0
    assert height > 0
    assert left + width <= size[0] * (1 + 1e-12)
    assert top + height <= size[1] * (1 + 1e-12)
    assert width * box[1] == pytest.approx(height * box[0])


@given(SIZES, st.floats(0.000001, 100))
def test_area_is_never_exceeded(size, megapixels):
    across, down = lay_out(Geometry(area=max(1, round(megapixels * 1e6))), size).canvas
    assert 1 <= across * down <= max(1, round(megapixels * 1e6))


@given(SIZES, SIZES, st.sampled_from(["inside", "outside", "cover", "contain", "fill"]))
def test_needed_size_leaves_half_as_much_again(size, box, fit):
    layout = lay_out(Geometry(*box, fit=fit), size)
    for axis in (0, 1):
        needed = needed_size(layout, size)[axis]
        per_source_px = layout.scaled[axis] / layout.box[2 + axis]
        assert needed == size[axis] or needed >= 1.4999 * per_source_px * size[axis]
        assert 1 <= needed <= size[axis]


def test_needed_size_counts_what_cover_cuts_off():
    layout = lay_out(Geometry(100, 100, fit="cover"), (4000, 1000))
    assert needed_size(layout, (4000, 1000)) == (600, 150)


def test_needed_size_leaves_px_enough_for_the_last_one_to_count_little():
    assert needed_size(lay_out(Geometry(4, 4, fit="fill"), (400, 25)), (400, 25)) == (32, 25)
