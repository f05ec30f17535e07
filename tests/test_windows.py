"""A crop that keeps most of a picture waits for the resize behind it: the same samples, and no copy."""

from io import BytesIO

import numpy as np
import pytest
from PIL import Image

from imgpipe import filters
from imgpipe.filters import apply, apply_all, parse
from imgpipe.filters.memory import view_of
from imgpipe.orientation import settled, turned_size
from imgpipe.picture import Picture
from imgpipe.recipe import Recipe, Rendition

SIZE = (61, 47)
BANDS = {"L": 1, "LA": 2, "RGB": 3, "RGBA": 4, "CMYK": 4}
KERNELS = ["lanczos3", "mitchell", "catmull-rom", "bilinear", "gaussian", "box", "nearest"]
INSIDE = "crop:left=3,top=2,width=50,height=40"
CROPS = {
    "inside": INSIDE,
    "upper left": "crop:width=55,height=41",
    "lower right": "crop:width=55,height=41,gravity=southeast",
    "lower left": "crop:width=55,height=41,gravity=southwest",
    "all of the width": "crop:height=30,gravity=center",
    "all of the height": "crop:width=40,gravity=center",
    "aspect": "crop:aspect=1:1",
    "little": "crop:width=20,height=20,gravity=center",
    "all": "crop",
}


def frame_of(kind, size=SIZE):
    random = np.random.default_rng([size[0], size[1], BANDS.get(kind, 9)])
    shape = (size[1], size[0], BANDS.get(kind, kind))
    if kind in BANDS:
        return Image.frombytes(kind, size, random.integers(0, 256, shape, dtype=np.uint8).tobytes())
    return random.integers(0, 65536, shape, dtype=np.uint16)


def picture_of(*frames, **more):
    size = frames[0].size if isinstance(frames[0], Image.Image) else frames[0].shape[1::-1]
    return Picture(frames, more.pop("size", size), "png", **more)


def chained(texts, source):
    """The picture after steps, as a recipe does them."""
    return settled(apply_all([parse(text) for text in texts], source))


def cut_first(texts, source):
    """The same, where all steps behind the first one are given what that has cut out."""
    return chained(texts[1:], apply(parse(texts[0]), source))


def assert_same(texts, source):
    made, expected = chained(texts, source), cut_first(texts, source)
    assert made.size == expected.size
    assert [frame.tobytes() for frame in made.frames] == [frame.tobytes() for frame in expected.frames]
    assert [getattr(frame, "mode", 16) for frame in made.frames] == [
        getattr(frame, "mode", 16) for frame in expected.frames
    ]


@pytest.mark.parametrize("crop", CROPS.values(), ids=CROPS)
@pytest.mark.parametrize("kind", [*BANDS, 1, 3, 4])
def test_a_resize_gives_what_it_gives_of_what_was_cut_out(crop, kind):
    assert_same([crop, "resize:50%"], picture_of(frame_of(kind)))


@pytest.mark.parametrize("kernel", KERNELS)
@pytest.mark.parametrize("size", ["90%", "13x", "200%", "100%"])
@pytest.mark.parametrize("kind", ["RGB", "RGBA"])
def test_with_every_kernel(kernel, size, kind):
    assert_same([INSIDE, f"resize:{size},kernel={kernel}"], picture_of(frame_of(kind)))


@pytest.mark.parametrize(
    "resize",
    [
        "20x20,fit=cover",
        "20x20,fit=cover,gravity=attention",
        "50x20,fit=cover,gravity=east",
        "20x20,fit=contain,background=red",
        "20x30!",
        "20x,linear=true",
        "50x40",
    ],
)
@pytest.mark.parametrize("orientation", [1, 2, 6, 7])
@pytest.mark.parametrize("kind", ["RGB", "RGBA"])
def test_in_every_fit_and_orientation(resize, orientation, kind):
    source = picture_of(frame_of(kind), size=turned_size(SIZE, orientation), orientation=orientation)
    assert_same(["crop:width=45,height=43,left=1,top=1", f"resize:{resize}"], source)


@pytest.mark.parametrize(
    "between",
    [
        "rotate:90",
        "flip",
        "flop",
        "gamma:1.5",
        "blur:1",
        "grayscale",
        "crop:width=40,height=35,left=2",
        "pad:3",
        "rotate:12",
    ],
)
def test_whatever_comes_between(between):
    assert_same([INSIDE, between, "resize:20x"], picture_of(frame_of("RGB")))
    assert_same([INSIDE, between], picture_of(frame_of("RGBA")))


@pytest.mark.parametrize("kind", ["RGB", "RGBA", "L", "CMYK"])
def test_nothing_outside_is_looked_at(kind):
    source = frame_of(kind)
    other = Image.new(kind, SIZE, "white")
    inside = (3, 2, 53, 42)
    other.paste(source.crop(inside), inside)
    made = [chained([INSIDE, "resize:90%"], picture_of(frame)).frames[0].tobytes() for frame in (source, other)]
    assert made[0] == made[1]


@pytest.mark.parametrize("kind", ["RGB", "RGBA", "L", "CMYK"])
def test_nothing_is_copied_to_be_resized(kind, monkeypatch):
    monkeypatch.delattr(Image.Image, "crop")
    (made,) = chained([INSIDE, "resize:50%"], picture_of(frame_of(kind))).frames
    assert made.size == (25, 20)


def test_a_frame_is_not_kept_for_a_little_of_it():
    made = apply_all([parse("crop:width=20,height=20")], picture_of(frame_of("RGB")))
    assert made.window is None
    assert made.frames[0].size == (20, 20)


def test_pages_and_frames_of_an_animation_are_cut_at_once():
    source = picture_of(frame_of("RGB"), frame_of("RGB"))
    assert [frame.size for frame in apply_all([parse(INSIDE)], source).frames] == [(50, 40)] * 2
    assert_same([INSIDE, "resize:50%"], source)


def test_a_filter_of_whole_pictures_is_given_what_was_cut_out():
    sizes = []

    @filters.filter(as_stored=lambda size, **options: True)
    def own(picture: Picture) -> Picture:
        sizes.append((picture.window, picture.frames[0].size))
        return picture

    apply_all([parse(INSIDE), own()], picture_of(frame_of("RGB")))
    assert sizes == [(None, (50, 40))]


def test_samples_are_looked_up_of_what_was_cut_out():
    made = apply_all([parse(INSIDE), parse("gamma:1.5")], picture_of(frame_of("RGB")))
    assert (made.window, made.frames[0].size) == (None, (50, 40))


def test_outputs_are_cut_out_each_where_they_are_resized():
    file = BytesIO()
    frame_of("RGB").save(file, "png")
    outputs = [Rendition([], "png", name="{stem}-a{ext}"), Rendition(["resize:50%"], "png", name="{stem}-b{ext}")]
    for chosen in (outputs, outputs[1:]):
        made = Recipe([INSIDE], outputs=chosen).apply_all(file.getvalue())
        assert [one.size for one in made] == [(50, 40), (25, 20)][-len(chosen) :]
        expected = cut_first([INSIDE, "resize:50%"], picture_of(frame_of("RGB"))).frames[0]
        assert Image.open(BytesIO(made[-1].data)).tobytes() == expected.tobytes()


def test_a_view_ends_with_the_memory_of_the_image():
    image = frame_of("RGB").copy()
    assert view_of(image, (1, 1, 60, 45)).tobytes("raw", "CMYK")[::4] == image.crop((1, 1, 61, 46)).tobytes()[::3]
    assert view_of(image, (0, 1, 61, 46)) is not None
    assert view_of(image, (1, 1, 60, 46)) is None
