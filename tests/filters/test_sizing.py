import pytest
from hypothesis import given
from hypothesis import strategies as st

from imgpipe.errors import RecipeError
from imgpipe.filters.sizing import (
    Geometry,
    cover_box,
    lay_out,
    needed_size,
    offset,
    parse_geometry,
    read_geometry,
)

LENGTHS = st.integers(1, 70_000)
SIZES = st.tuples(LENGTHS, LENGTHS)
GRAVITIES = ["center", "north", "northeast", "east", "southeast", "south", "southwest", "west", "northwest"]


def canvas(text, size, **fields):
    return lay_out(parse_geometry(text, Geometry(**fields)), size).canvas


@pytest.mark.parametrize(
    ("text", "size", "expected"),
    [
        ("720x588", (2725, 2225), (720, 588)),
        ("800x600", (1000, 1000), (600, 600)),
        ("800x600", (100, 50), (800, 400)),
        ("800x", (1000, 500), (800, 400)),
        ("x600", (1000, 500), (1200, 600)),
        ("50%", (101, 99), (51, 50)),
        ("12.5%", (80, 8), (10, 1)),
        ("2MP", (4000, 2000), (2000, 1000)),
        ("2mp", (1000, 500), (2000, 1000)),
        ("800x600!", (1000, 1000), (800, 600)),
        ("800x!", (1000, 500), (800, 500)),
        ("800x600^", (1000, 1000), (800, 800)),
        ("800x600^", (1000, 500), (1200, 600)),
        ("800x600>", (100, 50), (100, 50)),
        ("800x600>", (1600, 600), (800, 300)),
        ("800x600<", (1600, 600), (1600, 600)),
        ("800x600<", (400, 300), (800, 600)),
        ("800x600!>", (1000, 100), (800, 100)),
        ("800x600!<", (1000, 100), (1000, 600)),
        ("800x600^>", (400, 1200), (400, 1200)),
        ("1x1", (60_000, 3), (1, 1)),
        ("60000x", (3, 2), (60_000, 40_000)),
        ("10X10", (20, 20), (10, 10)),
    ],
)
def test_geometry_gives_size(text, size, expected):
    assert canvas(text, size) == expected


@pytest.mark.parametrize(
    "text",
    ["", "x", "800", "0x600", "800x0", "-1x5", "800x600x", "%", "0%", "MP", "0MP", "50%!", "2MP^", "8x6<>", "8x6!^",
     "8x6>>", "8 x 6", "1e3x5", "99999999x1", "9" * 5000 + "x1", "8x6\n"],
)  # fmt: skip
def test_geometry_that_says_nothing_is_refused(text):
    with pytest.raises(RecipeError):
        parse_geometry(text)


@pytest.mark.parametrize("asked", [Geometry(fit="cover"), Geometry(fit="contain"), Geometry(fit="outside")])
def test_suffix_that_contradicts_fit_is_refused(asked):
    with pytest.raises(RecipeError, match="contradicts"):
        parse_geometry("800x600!", asked)


def test_only_enlarge_contradicts_no_upscale():
    with pytest.raises(RecipeError, match="upscale"):
        parse_geometry("800x600<", Geometry(enlarge=False))


@pytest.mark.parametrize(
    "given",
    [
        {},
        {"fit": "cover"},
        {"size": "8x8", "width": 8},
        {"size": "8x8", "long_edge": 8},
        {"height": 8, "short_edge": 8},
        {"long_edge": 8, "short_edge": 9},
    ],
)
def test_options_without_one_clear_size_are_refused(given):
    with pytest.raises(RecipeError):
        read_geometry(given)


@pytest.mark.parametrize(
    ("given", "size", "expected"),
    [
        ({"long_edge": 100}, (400, 200), (100, 50)),
        ({"long_edge": 100}, (200, 400), (50, 100)),
        ({"short_edge": 100}, (400, 200), (200, 100)),
        ({"short_edge": 100}, (200, 400), (100, 200)),
        ({"long_edge": 100, "short_edge": 40}, (400, 200), (80, 40)),
        ({"long_edge": 100, "short_edge": 40}, (200, 400), (40, 80)),
        ({"long_edge": 100, "short_edge": 40, "fit": "cover"}, (200, 400), (40, 100)),
        ({"width": 300, "upscale": False}, (200, 400), (200, 400)),
        ({"width": 100, "height": 100, "fit": "cover", "upscale": False}, (1000, 80), (100, 80)),
        ({"width": 100, "height": 100, "fit": "cover", "upscale": False}, (50, 40), (50, 40)),
        ({"width": 100, "height": 100, "fit": "cover"}, (50, 40), (100, 100)),
        ({"width": 100, "fit": "cover"}, (50, 40), (100, 80)),
        ({"height": 100, "fit": "contain"}, (50, 40), (125, 100)),
        ({"size": "100x100<", "fit": "cover"}, (100, 400), (100, 400)),
        ({"size": "200x200<", "fit": "cover"}, (100, 400), (200, 200)),
        ({"size": "200x200<", "fit": "cover"}, (300, 400), (300, 400)),
        ({"size": "200x200<", "fit": "contain"}, (300, 100), (300, 100)),
        ({"size": "200x200<", "fit": "contain"}, (50, 100), (200, 200)),
    ],
)
def test_options_give_size(given, size, expected):
    assert lay_out(read_geometry(given), size).canvas == expected


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
