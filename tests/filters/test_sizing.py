import pytest

from imgpipe.errors import RecipeError
from imgpipe.filters.layout import lay_out
from imgpipe.filters.sizing import Geometry, parse_geometry, read_geometry


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
