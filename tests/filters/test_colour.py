import pytest
from PIL import ImageColor

from imgpipe.errors import RecipeError
from imgpipe.filters import colour
from imgpipe.filters.colour import parse_colour


@pytest.mark.parametrize("name", [name for name in colour._NAMES if name != "transparent"])
def test_names_are_those_of_css(name):
    assert parse_colour(name.upper()) == (*ImageColor.getrgb(name), 255)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("#abc", (0xAA, 0xBB, 0xCC, 255)),
        ("#abcd", (0xAA, 0xBB, 0xCC, 0xDD)),
        ("#A1b2C3", (0xA1, 0xB2, 0xC3, 255)),
        ("#a1b2c3d4", (0xA1, 0xB2, 0xC3, 0xD4)),
        ("transparent", (0, 0, 0, 0)),
    ],
)
def test_hex_digits(text, expected):
    assert parse_colour(text) == expected


@pytest.mark.parametrize(
    ("text", "hint"),
    [
        ("whit", "white"),
        ("#ab", "#rrggbb"),
        ("#abcde", "#rrggbb"),
        ("ffffff", "#rrggbb"),
        ("", "#rrggbb"),
        ("#gggggg", "#rrggbb"),
        ("#fff\n", "#rrggbb"),
    ],
)
def test_what_is_no_colour(text, hint):
    with pytest.raises(RecipeError, match=hint):
        parse_colour(text)
