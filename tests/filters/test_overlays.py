import gc
import io
import os
import weakref

import numpy as np
import pytest
from PIL import Image, ImageFont

from imgpipe import Recipe
from imgpipe.codecs.adobe_rgb import adobe_rgb_profile
from imgpipe.codecs.matrix_profile import grey_profile
from imgpipe.errors import FilterFailed, RecipeError
from imgpipe.filters import apply, parse
from imgpipe.picture import Picture

from ..codecs.pictures import gradient, ink_profile

KINDS = ["L", "LA", "RGB", "RGBA", 1, 2, 3, 4]
GREY_KINDS = {"L": "RGB", "LA": "RGBA", 1: 3, 2: 4}


@pytest.fixture
def logo(tmp_path):
    """logo(image): the step's option for a file with this picture."""

    def save(image, name="logo.png"):
        path = tmp_path / name
        image.save(path)
        return f'image="{path}"'

    return save


def after(frame, text):
    image = isinstance(frame, Image.Image)
    size = frame.size if image else frame.shape[1::-1]
    return apply(parse(text), Picture((frame,), size, "png")).frames[0]


def flat(kind, size, values):
    """A frame of one colour, given in levels of 255."""
    if isinstance(kind, str):
        return Image.new(kind, size, values if len(values) > 1 else values[0])
    return np.full((size[1], size[0], kind), np.array(values, np.uint16) * 257)


def levels(frame):
    pixels = np.atleast_3d(np.asarray(frame)).astype(float)
    return pixels / 257 if np.asarray(frame).dtype == np.uint16 else pixels


RED = Image.new("RGB", (4, 2), (200, 10, 20))
PLACES = {
    "northwest": (0, 0), "north": (3, 0), "northeast": (6, 0), "west": (0, 2), "center": (3, 2), "east": (6, 2),
    "southwest": (0, 5), "south": (3, 5), "southeast": (6, 5),
}  # fmt: skip


@pytest.mark.parametrize("gravity", PLACES)
@pytest.mark.parametrize("kind", ["RGB", 3])
def test_a_logo_lies_where_gravity_says(gravity, kind, logo):
    made = levels(after(flat(kind, (10, 7), (0, 0, 0)), f"watermark:{logo(RED)},gravity={gravity}"))
    left, top = PLACES[gravity]
    assert (made[top : top + 2, left : left + 4] == [200, 10, 20]).all()
    assert (made == [200, 10, 20]).all(axis=2).sum() == 8
    assert (made == 0).all(axis=2).sum() == 62


@pytest.mark.parametrize(("options", "corner"), [
    ("x=1,y=2", (5, 3)), ("gravity=northwest,x=1,y=2", (1, 2)), ("gravity=center,x=1,y=-1", (4, 1)),
    ("gravity=northwest,x=10%,y=50%", (1, 4)), ("x=1px", (5, 5)),
])  # fmt: skip
def test_offsets_lead_away_from_the_edge(options, corner, logo):
    made = levels(after(Image.new("RGB", (10, 7)), f"watermark:{logo(RED)},{options}"))
    y, x = np.argwhere(made[:, :, 0] == 200)[0]
    assert (x, y) == corner


def test_what_protrudes_is_cut_off(logo):
    made = levels(after(Image.new("RGB", (10, 7)), f"watermark:{logo(RED)},x=-3,y=-1"))
    assert np.argwhere(made[:, :, 0] == 200).tolist() == [[6, 9]]
    away = after(Image.new("RGB", (10, 7)), f"watermark:{logo(RED)},x=-30")
    assert not np.asarray(away).any()


@pytest.mark.parametrize(("scale", "size"), [(0.5, (50, 25)), (1, (100, 50)), (0.25, (25, 12)), (0.001, (1, 1))])
def test_scale_is_of_the_pictures_width(scale, size, logo):
    made = levels(after(Image.new("RGB", (100, 60)), f"watermark:{logo(RED)},scale={scale}"))
    rows, columns = np.nonzero(made[:, :, 0] > 100)
    assert (np.ptp(columns) + 1, np.ptp(rows) + 1) == size


@pytest.mark.parametrize("size", [(1, 1), (3, 1), (2, 9)])
@pytest.mark.parametrize("options", ["", ",scale=1", ",scale=0.1", ",tile=true"])
def test_a_logo_never_exceeds_the_picture(size, options, logo):
    made = after(Image.new("RGB", size), f"watermark:{logo(RED)}{options}")
    assert made.size == size
    assert made.getpixel((size[0] - 1, size[1] - 1)) == (200, 10, 20)


@pytest.mark.parametrize("kind", ["RGB", "RGBA", 3, 4])
def test_opacity_and_alpha_of_the_logo_mix(kind, logo):
    mark = Image.new("RGBA", (4, 4), (200, 100, 0, 128))
    below = flat(kind, (4, 4), (100, 100, 100, 255)[: 4 if kind in ("RGBA", 4) else 3])
    made = levels(after(below, f"watermark:{logo(mark)},opacity=0.5"))
    share = 64 / 255
    expected = [100 + 100 * share, 100, 100 - 100 * share]
    assert abs(made[:, :, :3] - expected).max() <= 0.51
    assert (made[:, :, 3:] == 255).all()


@pytest.mark.parametrize("kind", ["LA", "RGBA", 2, 4])
def test_over_transparency_the_logo_is_as_it_is(kind, logo):
    hidden = flat(kind, (4, 4), (250, 0) if kind in ("LA", 2) else (250, 0, 250, 0))
    made = levels(after(hidden, f"watermark:{logo(Image.new('RGBA', (4, 4), (60, 60, 60, 128)))}"))
    assert abs(made[:, :, :-1] - 60).max() <= 1
    assert abs(made[:, :, -1] - 128).max() <= 1


@pytest.mark.parametrize(("kind", "below"), [("RGBA", (255, 0, 0, 128)), (4, (255, 0, 0, 128))])
def test_half_over_half_is_porter_and_duffs_over(kind, below, logo):
    made = levels(after(flat(kind, (2, 2), below), f"watermark:{logo(Image.new('RGBA', (2, 2), (0, 0, 255, 128)))}"))
    above = 128 / 255
    opacity = above + above * (1 - above)
    red, blue = 255 * above * (1 - above) / opacity, 255 * above / opacity
    assert abs(made[0, 0] - [red, 0, blue, 255 * opacity]).max() <= 1


def test_16_bits_are_mixed_in_16_bits(logo):
    ramp = np.arange(4096, dtype=np.uint16).reshape(64, 64, 1) * 16
    made = after(ramp, f"watermark:{logo(Image.new('LA', (64, 64), (255, 26)))}")
    assert len(np.unique(made)) > 3600
    assert abs(made - (ramp * (1 - 26 / 255) + 65535 * 26 / 255)).max() <= 1


@pytest.mark.parametrize("kind", GREY_KINDS)
def test_grey_becomes_colour_only_for_a_logo_with_colour(kind, logo):
    below = flat(kind, (8, 8), (90, 255) if kind in ("LA", 2) else (90,))
    coloured = after(below, f"watermark:{logo(RED)}")
    assert (getattr(coloured, "mode", None) or coloured.shape[2]) == GREY_KINDS[kind]
    hidden = Image.new("RGBA", (4, 2), (90, 0, 0, 0))
    hidden.putpixel((0, 0), (30, 30, 30, 255))
    grey = after(below, f"watermark:{logo(hidden)}")
    assert (getattr(grey, "mode", None) or grey.shape[2]) == kind
    assert levels(grey)[6, 4, 0] == 30


@pytest.mark.parametrize(("options", "count"), [("", 100 * 60 // 8), (",x=4,y=2", 13 * 15), (",x=100,y=100", 1)])
def test_tiles_cover_the_picture(options, count, logo):
    made = levels(after(Image.new("RGB", (100, 60)), f"watermark:{logo(RED)},tile=true,gravity=northwest{options}"))
    assert (made[0, 0] == [200, 10, 20]).all()
    assert (made[:, :, 0] == 200).sum() == pytest.approx(count * 8, rel=0.06)


@pytest.mark.parametrize("gravity", ["northwest", "center", "southeast"])
def test_a_tile_lies_at_gravity(gravity, logo):
    text = f"watermark:{logo(RED)},tile=true,x=5,y=3,gravity={gravity}"
    made = levels(after(Image.new("RGB", (33, 21)), text))
    left, top = {"northwest": (0, 0), "center": (14, 9), "southeast": (29, 19)}[gravity]
    assert (made[top : top + 2, left : left + 4, 0] == 200).all()


def test_transparent_edges_of_a_scaled_logo_have_no_fringe(logo):
    mark = Image.new("RGBA", (40, 40), (0, 0, 0, 0))
    mark.paste((255, 255, 255, 255), (10, 10, 30, 30))
    made = levels(after(Image.new("RGB", (13, 13), "white"), f"watermark:{logo(mark)},scale=1"))
    assert made.min() >= 254


def test_all_frames_and_pages_are_marked(logo):
    frames = tuple(Image.new("RGB", (8, 8), (seed, 0, 0)) for seed in range(3))
    made = apply(parse(f"watermark:{logo(RED)}"), Picture(frames, (8, 8), "gif", durations=(1, 2, 3)))
    assert [frame.getpixel((7, 7)) for frame in made.frames] == [(200, 10, 20)] * 3
    assert [frame.getpixel((0, 0))[0] for frame in made.frames] == [0, 1, 2]


def test_cmyk_is_told_what_to_do(logo):
    for text in (f"watermark:{logo(RED)}", "text:x"):
        with pytest.raises(FilterFailed, match="--no-srgb"):
            after(Image.new("CMYK", (8, 8)), text)


@pytest.mark.parametrize(("name", "mode"), [("a.jpg", "RGB"), ("a.gif", "P"), ("a.webp", "RGBA"), ("a.tif", "L"),
                                            ("a.bmp", "RGB"), ("a.png", "P"), ("b.png", "1"), ("c.png", "I;16"),
                                            ("b.jpg", "CMYK")])  # fmt: skip
def test_logos_of_every_format_and_mode(name, mode, logo):
    mark = Image.new("L", (4, 4), 255).convert("RGB").convert(mode) if mode != "I;16" else (
        Image.fromarray(np.full((4, 4), 65535, np.uint16)))  # fmt: skip
    made = after(Image.new("RGB", (4, 4)), f"watermark:{logo(mark, name)}")
    assert levels(made).min() >= 250


def test_a_logo_is_upright_and_in_srgb(tmp_path, logo):
    exif = Image.Exif()
    exif[0x0112] = 6
    mark = Image.new("RGB", (4, 2), "white")
    mark.putpixel((0, 0), (0, 0, 0))
    path = tmp_path / "turned.png"
    mark.save(path, exif=exif)
    made = after(Image.new("RGB", (2, 4), "red"), f'watermark:image="{path}"')
    assert made.getpixel((1, 0)) == (0, 0, 0)


@pytest.mark.parametrize(("mode", "options"), [
    ("RGB", {}), ("RGBA", {}), ("P", {}), ("P", {"transparency": b"\x80"}), ("L", {}), ("LA", {}),
    ("RGB", {"transparency": (50, 200, 60)}), ("L", {"transparency": 100}),
])  # fmt: skip
def test_a_logo_looks_like_a_picture_of_the_same_file(mode, options, tmp_path):
    grey = mode in ("L", "LA")
    mark = Image.new("RGBA", (4, 4), (100, 100, 100, 180) if grey else (50, 200, 60, 180)).convert(mode)
    path = tmp_path / "logo.png"
    mark.save(path, icc_profile=grey_profile("linear", 1.0) if grey else adobe_rgb_profile(), **options)
    picture = Image.open(io.BytesIO(Recipe(format="png").apply(path.read_bytes()))).convert("RGBA")
    below = Image.new("RGBA", (4, 4), (0, 0, 0, 0))
    made = after(below, f'watermark:image="{path}"')
    assert made.getpixel((0, 0)) == (picture.getpixel((0, 0)) if picture.getpixel((0, 0))[3] else (0, 0, 0, 0))


def test_a_logo_of_ink_looks_like_a_picture_of_the_same_file(tmp_path):
    path = tmp_path / "logo.tiff"
    gradient(16, 12, mode="CMYK").save(path, icc_profile=ink_profile())
    picture = Image.open(io.BytesIO(Recipe(format="png").apply(path.read_bytes())))
    made = after(Image.new("RGB", (16, 12), "white"), f'watermark:image="{path}"')
    assert np.array_equal(made, picture)


def test_a_missing_file_or_no_picture_is_a_mistake_in_the_recipe(tmp_path):
    (tmp_path / "text.png").write_text("not a picture")
    (tmp_path / "empty.png").write_bytes(b"")
    os.mkfifo(tmp_path / "pipe.png")
    for name, words in [
        ("none.png", "No such file"), ("text.png", "not a picture"), ("empty.png", "not a picture"),
        (".", "no file"), ("pipe.png", "no file"), ("a\0b", "null"),
    ]:  # fmt: skip
        with pytest.raises(RecipeError, match=words):
            parse(f'watermark:image="{tmp_path / name}"')
    with pytest.raises(RecipeError, match="not a font"):
        parse(f'text:x,font="{tmp_path / "text.png"}"')


def test_a_damaged_logo_fails_the_picture_by_name(tmp_path, logo):
    option = logo(Image.effect_noise((64, 64), 99))
    path = tmp_path / "logo.png"
    path.write_bytes(path.read_bytes()[:300])
    with pytest.raises(FilterFailed, match=r"logo\.png"):
        after(Image.new("RGB", (8, 8)), f"watermark:{option}")


def test_a_logo_that_goes_away_fails_the_picture(tmp_path, logo):
    step = parse(f"watermark:{logo(RED)}")
    os.remove(tmp_path / "logo.png")
    with pytest.raises(FilterFailed, match="No such file"):
        apply(step, Picture((Image.new("RGB", (8, 8)),), (8, 8), "png"))


def test_a_huge_logo_is_refused_before_it_is_decoded(logo, monkeypatch):
    monkeypatch.setattr("imgpipe.filters.logo._MOST_PIXELS", 7)
    with pytest.raises(FilterFailed, match="megapixels"):
        after(Image.new("RGB", (8, 8)), f"watermark:{logo(RED)}")


def test_of_large_logos_one_is_kept(logo, monkeypatch):
    monkeypatch.setattr("imgpipe.filters.logo._SMALL", 50)
    made = []
    monkeypatch.setattr("imgpipe.filters.logo.faded", lambda layer, _: made.append(weakref.ref(layer)) or layer)
    step = f"watermark:{logo(RED)},scale=1"
    for side in (20, 30, 30, 40, 5, 6, 5, 6):
        after(Image.new("RGB", (side, side)), step)
    gc.collect()
    assert [layer().size if layer() else None for layer in made] == [None, None, (40, 20), (5, 2), (6, 3)]


def test_a_changed_logo_is_another_recipe_and_is_read_anew(tmp_path, logo):
    option = logo(RED)
    step = f"watermark:{option}"
    before = Recipe([step]).digest
    assert Recipe([step]).digest == before
    assert levels(after(Image.new("RGB", (8, 8)), step))[7, 7].tolist() == [200, 10, 20]
    logo(Image.new("RGB", (4, 2), (1, 2, 3)))
    os.utime(tmp_path / "logo.png", ns=(1, 1))
    assert Recipe([step]).digest != before
    assert levels(after(Image.new("RGB", (8, 8)), step))[7, 7].tolist() == [1, 2, 3]


def test_the_same_logo_elsewhere_is_the_same_recipe(logo):
    one, two = Recipe([f"watermark:{logo(RED)}"]), Recipe([f"watermark:{logo(RED, 'other.png')}"])
    assert one.digest == two.digest
    assert one.filters != two.filters


def test_relative_paths_mean_the_same_in_every_folder(tmp_path, logo, monkeypatch):
    logo(RED)
    monkeypatch.chdir(tmp_path)
    step = parse("watermark:image=logo.png")
    assert step.arguments["image"] == str(tmp_path / "logo.png")


def ink(frame, threshold=128):
    """The box of what was written in white on black: left, top, right, bottom."""
    rows, columns = np.nonzero(levels(frame)[:, :, 0] > threshold)
    return columns.min(), rows.min(), columns.max() + 1, rows.max() + 1


@pytest.mark.parametrize("gravity", ["northwest", "northeast", "southwest", "southeast", "center", "north", "east"])
def test_text_keeps_its_margin_where_gravity_says(gravity):
    left, top, right, bottom = ink(after(Image.new("RGB", (300, 200)), f"text:HHH,size=20,margin=10,gravity={gravity}"))
    if "west" in gravity:
        assert 9 <= left <= 12
    elif "east" in gravity:
        assert 288 <= right <= 291
    else:
        assert abs((left + right) / 2 - 150) <= 2
    if "north" in gravity:
        assert 9 <= top <= 12
    elif "south" in gravity:
        assert 188 <= bottom <= 191
    else:
        assert abs((top + bottom) / 2 - 100) <= 2


@pytest.mark.parametrize(("size", "height"), [("40", 28), ("20%", 28), ("40px", 28), ("10%", 14)])
def test_text_size_is_an_em_in_px_or_of_the_pictures_height(size, height):
    _, top, _, bottom = ink(after(Image.new("RGB", (300, 200)), f"text:H,size={size}"))
    assert abs(bottom - top - height) <= 2


@pytest.mark.parametrize("kind", KINDS)
def test_text_on_every_kind(kind):
    bands = kind if isinstance(kind, int) else len(kind)
    below = flat(kind, (60, 40), (50,) * (bands - 1) + ((255,) if bands in (2, 4) else (50,)))
    made = after(below, "text:H,size=50%")
    assert (getattr(made, "mode", None) or made.shape[2]) == kind
    assert levels(made)[:, :, 0].max() == 255
    assert (levels(made)[0, 0] == levels(below)[0, 0]).all()
    red = after(below, "text:H,size=50%,colour=#ff0000")
    assert (levels(red).reshape(-1, levels(red).shape[2])[:, :3] == [255, 0, 0]).all(axis=1).any()


def test_text_over_transparency_is_not_darkened():
    made = levels(after(Image.new("RGBA", (60, 40), (0, 0, 0, 0)), "text:H,size=50%"))
    seen = made[made[:, :, 3] > 0]
    assert len(np.unique(seen[:, 3])) > 2
    assert (seen[:, :3] >= 250).all()


def test_lines_stand_below_each_other_and_align_with_gravity():
    one = ink(after(Image.new("RGB", (300, 200)), "text:HHHH,size=20"))
    two = (
        levels(after(Image.new("RGB", (300, 200)), r"text:HHHH\nH,size=20,gravity=northeast,margin=10"))[:, :, 0] > 128
    )
    rows = np.flatnonzero(two.any(axis=1))
    assert rows[-1] - rows[0] > 1.8 * (one[3] - one[1])
    assert np.flatnonzero(two[rows[-1]])[-1] == pytest.approx(np.flatnonzero(two[rows[0]])[-1], abs=2)


def test_a_backslash_can_be_written():
    assert ink(after(Image.new("RGB", (300, 200)), r"text:\\n,size=40,gravity=north"))[3] < 60


@pytest.mark.parametrize("size", [(1, 1), (7, 5), (40, 400), (400, 12)])
@pytest.mark.parametrize("options", ["", ",background=red", ",outline=black", ",margin=50%", ",size=10000"])
def test_text_that_does_not_fit_is_written_smaller(size, options):
    made = after(Image.new("RGB", size), f"text:{'wide ' * 4}{options}")
    assert made.size == size
    if size == (40, 400) and not options:
        left, _, right, _ = ink(made, 20)
        assert 1 <= left < right <= 39


def test_opacity_background_and_outline():
    made = levels(after(Image.new("RGB", (100, 50)), "text:H,size=20,opacity=0.5,gravity=center"))
    assert abs(made.max() - 128) <= 1
    boxed = levels(after(Image.new("RGB", (100, 50)), "text:H,size=20,background=#00ff0080,gravity=center"))
    assert abs(boxed[boxed[:, :, 1] > 0][0] - [0, 128, 0]).max() <= 1
    lined = levels(after(Image.new("RGB", (100, 50), "gray"), "text:H,size=40,outline=black,gravity=center"))
    assert lined.min() == 0
    assert lined.max() == 255


def test_a_font_of_ones_own(tmp_path):

    path = tmp_path / "own.otf"
    path.write_bytes(
        ImageFont.load_default(10).font_bytes if hasattr(ImageFont.load_default(10), "font_bytes") else b""
    )
    if not path.stat().st_size:
        pytest.skip("this Pillow does not give its font away")
    step = f'text:H,size=20,font="{path}"'
    shipped = after(Image.new("RGB", (60, 40)), "text:H,size=20")
    assert np.array_equal(levels(after(Image.new("RGB", (60, 40)), step)), levels(shipped))
    before = Recipe([step]).digest
    path.write_bytes(path.read_bytes() + b"\0")
    assert Recipe([step]).digest != before


def test_a_damaged_font_fails_the_picture_by_name(tmp_path):
    path = tmp_path / "bad.ttf"
    path.write_bytes(b"\0\1\0\0" + b"x" * 100)
    with pytest.raises(FilterFailed, match=r"bad\.ttf"):
        after(Image.new("RGB", (60, 40)), f'text:H,font="{path}"')


def test_a_character_that_the_font_lacks_is_named_and_not_drawn_as_a_box():
    with pytest.raises(FilterFailed, match=r"日.*font=FILE"):
        after(Image.new("RGB", (60, 40)), "text:日本")
    for space in "\u00a0\u3000\u2028":
        with pytest.raises(FilterFailed, match=r"no character.*font=FILE"):
            after(Image.new("RGB", (60, 40)), f"text:a{space}b")
    assert levels(after(Image.new("RGB", (60, 40)), r"text:a b\nc,size=10")).max() > 200


def test_a_character_is_not_lost_where_a_font_draws_nothing_for_those_that_it_lacks(tmp_path):
    font = bytearray(ImageFont.load_default(10).font_bytes)
    tables = {bytes(font[at : at + 4]): int.from_bytes(font[at + 8 : at + 12], "big") for at in range(12, 300, 16)}
    # The first glyph, which stands for what is not there, ends where it begins.
    size = 4 if font[tables[b"head"] + 51] else 2
    loca = tables[b"loca"]
    font[loca : loca + size] = font[loca + size : loca + 2 * size]
    path = tmp_path / "blank.ttf"
    path.write_bytes(font)
    with pytest.raises(FilterFailed, match=r"blank\.ttf.*日.*font=FILE"):
        after(Image.new("RGB", (60, 40)), f'text:A日本,font="{path}"')
    made = after(Image.new("RGB", (60, 40)), f'text:A B\u200d\ufe0f\u200f,size=50%,font="{path}"')
    assert levels(made).max() == 255


@pytest.mark.parametrize("text", ["", "  ", "a\0b", "a\tb", "\x1b[31m", "\udc80", "x" * 1001])
def test_hostile_text_is_found_before_any_picture_is_read(text):
    with pytest.raises(RecipeError, match="text"):
        parse(f'text:"{text}"')


@pytest.mark.parametrize(
    "options",
    ["size=0", "size=101%", "size=x", "margin=51%", "margin=-1", "colour=blu", "opacity=2", "background=blu"],
)
def test_mistakes_in_text(options):
    with pytest.raises(RecipeError):
        parse(f"text:x,{options}")


@pytest.mark.parametrize("options", ["x=far", "y=1em", "scale=0", "scale=1.1", "opacity=-0.1", "gravity=up"])
def test_mistakes_in_watermarks(options, logo):
    with pytest.raises(RecipeError):
        parse(f"watermark:{logo(RED)},{options}")


@pytest.mark.parametrize(("kind", "values", "expected"), [
    ("RGBA", (200, 100, 0, 128), (227, 177, 127)), (4, (200, 100, 0, 128), (227.4, 177.2, 127)),
    ("LA", (100, 64), (216,)), (2, (100, 64), (216.1,)), ("RGB", (1, 2, 3), (1, 2, 3)), (1, (7,), (7,)),
    ("RGBA", (9, 9, 9, 0), (255, 255, 255)), ("CMYK", (1, 2, 3, 4), (1, 2, 3, 4)),
])  # fmt: skip
def test_flatten_mixes_with_white(kind, values, expected):
    made = levels(after(flat(kind, (3, 2), values), "flatten"))
    assert made.shape == (2, 3, len(expected))
    assert abs(made - expected).max() <= 0.55


@pytest.mark.parametrize(("kind", "after_kind"), [("LA", "RGB"), (2, 3), ("RGBA", "RGB"), (4, 3)])
def test_flatten_on_a_colour(kind, after_kind):
    values = (0, 0) if kind in ("LA", 2) else (0, 0, 0, 0)
    made = after(flat(kind, (1, 1), values), "flatten:background=#0a141e")
    assert (getattr(made, "mode", None) or made.shape[2]) == after_kind
    assert levels(made)[0, 0].tolist() == [10, 20, 30]


def test_flatten_needs_an_opaque_colour():
    for colour in ("transparent", "#ffffff80", "blu"):
        with pytest.raises(RecipeError):
            parse(f"flatten:background={colour}")
