"""A turn waits until the picture is small, and what comes out is what turning first would have given."""

import gc
import weakref
from io import BytesIO

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, ImageOps

from imgpipe import Recipe, orientation
from imgpipe.codecs import Encoding
from imgpipe.filters import apply, apply_all, filter, parse
from imgpipe.filters.traits import any_size
from imgpipe.orientation import settled, turned_size, upright_frame
from imgpipe.picture import Picture, frame_size
from imgpipe.recipe import Rendition
from imgpipe.transform import OutputPlan, Settings, transform
from tests.codecs.pictures import exif_block, saved

SIZES = [(161, 117), (118, 160)]
ALL = range(1, 9)
TURNED = range(2, 9)
GRAVITIES = ["center", "north", "northeast", "east", "southeast", "south", "southwest", "west", "northwest"]
LAYOUTS = [
    "47x63,fit=inside",
    "47x63,fit=outside",
    "47x63!",
    "40%",
    "long_edge=51",
    "width=51",
    "short_edge=33,linear=true",
    *(f"47x63,fit=cover,gravity={gravity}" for gravity in [*GRAVITIES, "attention", "entropy"]),
    *(f"47x63,fit=contain,background=red,gravity={gravity}" for gravity in GRAVITIES),
]
KERNELS = ["lanczos3", "mitchell", "catmull-rom", "bilinear", "gaussian", "box", "nearest"]
MODES = ["L", "LA", "RGB", "RGBA", "CMYK"]
KINDS = [*MODES, 1, 2, 3, 4]
TOLERANCE = 0.6
"""Of 255, in the mean: a shift by a third of a px makes more."""


def waves(size, kind="RGB"):
    """A frame whose samples change fast, each in one direction, no two of its corners alike."""
    x, y = np.meshgrid(np.arange(size[0]), np.arange(size[1]))
    bands = [127 + 100 * np.sin(x / 6), 127 + 100 * np.sin(y / 7), 127 + 60 * np.sin((x + 2 * y) / 15), 255 - x - y / 3]
    count = len(Image.new(kind, (1, 1)).getbands()) if kind in MODES else kind
    samples = np.stack(bands[:count], axis=2).clip(0, 255)
    if kind in MODES:
        return Image.frombytes(kind, size, samples.astype(np.uint8).tobytes())
    return np.ascontiguousarray((samples * 257).astype(np.uint16))


def stored(size, number, kind="RGB", **fields):
    """A picture whose frame lies as a camera stored it."""
    return Picture((waves(size, kind),), turned_size(size, number), "png", orientation=number, **fields)


def samples(frame):
    """In levels of 0 to 255, colours weighted by alpha: what is transparent may have any."""
    array = np.atleast_3d(np.asarray(frame)).astype(float) / (257 if hasattr(frame, "dtype") else 1)
    alpha = array[:, :, -1:] / 255 if array.shape[2] == 2 or getattr(frame, "mode", "RGBA") == "RGBA" else 1
    return array * alpha


def check(picture, *steps):
    """The steps make of a picture with a turn ahead what they make of the one that is turned in full."""
    operations = [parse(step) for step in steps]
    made = settled(apply_all(operations, picture))
    expected = settled(apply_all(operations, settled(picture)))
    assert made.size == expected.size, picture.orientation
    for one, other in zip(made.frames, expected.frames, strict=True):
        assert frame_size(one) == frame_size(other), picture.orientation
        difference = np.abs(samples(one) - samples(other))
        assert difference.mean() < TOLERANCE, picture.orientation
        assert difference.max() <= 2, picture.orientation


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("layout", LAYOUTS)
def test_every_fit_and_gravity(layout, size):
    for number in TURNED:
        check(stored(size, number), f"resize:{layout}")


@pytest.mark.parametrize("layout", ["100x", "47x63,fit=cover,gravity=southeast", "31x29!", "300x"])
@pytest.mark.parametrize("kernel", KERNELS)
def test_every_kernel(kernel, layout):
    for number in TURNED:
        check(stored(SIZES[0], number), f"resize:{layout},kernel={kernel}")


@pytest.mark.parametrize("layout", ["40%", "47x63,fit=cover,gravity=north", "47x63,fit=contain,gravity=west"])
@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_of_frame(kind, layout):
    for number in (3, 5, 6):
        check(stored(SIZES[1], number, kind), f"resize:{layout}")


@pytest.mark.parametrize("gravity", GRAVITIES)
def test_what_is_only_cut_off_loses_no_level(gravity):
    for number in TURNED:
        # As wide as the picture and less high: nothing is resampled, and half a px decides where it is cut.
        picture = stored((31, 20), number)
        width, height = picture.size
        step = parse(f"resize:{width}x{height - 5},fit=cover,gravity={gravity}")
        made, expected = (apply(step, one).frames[0] for one in (picture, settled(picture)))
        assert np.array_equal(made, expected), number


@pytest.mark.parametrize("layout", ["47x", "40x40,fit=cover,gravity=northwest", "40x40,fit=contain", "20x,kernel=box"])
@pytest.mark.parametrize("reduction", [2, 4])
def test_frames_that_were_decoded_smaller_with_a_part_of_a_px_at_their_edge(reduction, layout):
    size = (489, 405)
    frame = waves((-(-size[0] // reduction), -(-size[1] // reduction)))
    for number in TURNED:
        check(Picture((frame,), turned_size(size, number), "jpeg", orientation=number), f"resize:{layout}")


@pytest.mark.parametrize("number", TURNED)
def test_frames_of_an_animation_and_pages_of_sizes_of_their_own(number):
    frames = waves((60, 41)), waves((60, 41)).transpose(Image.Transpose.ROTATE_180)
    animation = Picture(frames, turned_size((60, 41), number), "gif", durations=(1, 2), orientation=number)
    pages = Picture((*frames, waves((33, 90))), turned_size((60, 41), number), "tiff", orientation=number)
    for layout in ("20x20,fit=contain,gravity=east", "20x20,fit=cover,gravity=south", "20x20"):
        check(animation, f"resize:{layout}")
        check(pages, f"resize:{layout}")
    assert len(settled(apply_all([parse("resize:20x20")], pages)).frames) == 3


@pytest.mark.parametrize("number", ALL)
@pytest.mark.parametrize(
    "steps",
    [
        ["rotate:90", "rotate:90"],
        ["rotate:90", "flip", "rotate:-90"],
        ["flop", "resize:40%", "rotate:270", "resize:20x20,fit=cover,gravity=east"],
        ["rotate:90", "gamma:1.5", "resize:30x", "invert", "flip"],
        ["rotate:270", "crop:left=3,width=40", "flip"],
        ["flip", "rotate:7", "resize:30x"],
        ["rotate:90", "blur:2", "resize:30x"],
        ["rotate:90", "resize:50x", "pad:2,left=9", "rotate:90"],
    ],
)
def test_turns_among_other_steps(steps, number):
    check(stored(SIZES[0], number), *steps)


STEPS = [
    *(
        "rotate:90",
        "rotate:180",
        "rotate:270",
        "rotate:12",
        "flip",
        "flop",
        "gamma:1.3",
        "grayscale",
        "vignette",
        "blur:1",
    ),
    *("crop:left=3,height=25", "pad:1,top=4,background=red", "resize:70%", "resize:41x", "resize:130%,kernel=bilinear"),
    *("resize:30x50,fit=cover,gravity=south", "resize:50x30,fit=contain,gravity=east", "resize:60%,kernel=box"),
]


@given(number=st.integers(1, 8), steps=st.lists(st.sampled_from(STEPS), max_size=6))
@settings(deadline=None, max_examples=80)
def test_any_steps_give_what_they_give_with_a_turn_at_once_after_each(number, steps):
    operations = [parse(step) for step in steps]
    made = settled(apply_all(operations, stored(SIZES[0], number)))
    expected = settled(stored(SIZES[0], number))
    for operation in operations:
        expected = apply(operation, expected)
    assert made.size == expected.size == frame_size(made.frames[0])
    assert np.abs(samples(made.frames[0]) - samples(expected.frames[0])).mean() < TOLERANCE


@pytest.mark.parametrize("number", TURNED)
def test_a_photograph_is_what_pillow_turns_in_full_before_it_is_resized(number):
    data = photo(SIZES[0], number)
    turned = ImageOps.exif_transpose(Image.open(BytesIO(data)))
    for layout in ("100x100,fit=cover,gravity=southwest", "120x", "150x150,fit=contain,gravity=west"):
        made = shown(Recipe([f"resize:{layout}"], format="png").apply(data))
        expected = shown(Recipe([f"resize:{layout}"], format="png").apply(as_png(turned)))
        assert made.shape == expected.shape
        assert np.abs(made - expected).mean() < TOLERANCE


def photo(size, number):
    return saved(waves(size), "JPEG", quality=95, subsampling=0, exif=exif_block(number))


def as_png(image):
    file = BytesIO()
    image.save(file, "png")
    return file.getvalue()


def shown(data):
    return np.asarray(Image.open(BytesIO(data)).convert("RGB")).astype(float)


@pytest.mark.parametrize("number", ALL)
@pytest.mark.parametrize("steps", [[], ["rotate:90"], ["resize:40x"], ["rotate:90", "gamma:1.2", "resize:40x", "flop"]])
def test_a_filter_of_ones_own_sees_upright_frames(steps, number):
    seen = []

    def own(picture: Picture) -> Picture:
        seen.append(picture)
        return picture

    for least_size in (None, any_size):
        apply_all([*map(parse, steps), filter(least_size=least_size)(own).operation({})], stored(SIZES[0], number))
    expected = settled(apply_all([parse(step) for step in steps], settled(stored(SIZES[0], number))))
    for one in seen:
        assert one.orientation == 1
        assert frame_size(one.frames[0]) == one.size
        assert np.abs(samples(one.frames[0]) - samples(expected.frames[0])).max() <= 1
    assert len(seen) == 2


def test_a_filter_that_is_called_with_a_picture_gives_an_upright_one():
    import imgpipe.filters

    source = Picture((waves((7, 5)),), (7, 5), "png")
    made = imgpipe.filters.rotate(source, angle=90)
    assert made.orientation == 1
    assert np.array_equal(made.frames[0], upright_frame(source.frames[0], 6))


@pytest.fixture
def turns(monkeypatch):
    """The sizes of the frames that are turned, as they are stored, in order."""
    sizes = []
    turn = orientation._turn_image

    def noted(image, number):
        sizes.append(image.size)
        return turn(image, number)

    monkeypatch.setattr(orientation, "_turn_image", noted)
    return sizes


def widths(*texts):
    named = enumerate(texts)
    return Recipe(outputs=[Rendition([text] if text else [], "png", name=f"{{stem}}-{i}{{ext}}") for i, text in named])


def test_each_output_of_a_portrait_is_turned_once_and_small(turns):
    data = photo((640, 480), 6)
    outputs = [
        shown(made.data) for made in widths("resize:160x", "resize:90x", "resize:40x40,fit=cover").apply_all(data)
    ]
    assert turns == [(213, 160), (120, 90), (40, 40)]
    whole = as_png(ImageOps.exif_transpose(Image.open(BytesIO(data))))
    turns.clear()
    for made, expected in zip(
        outputs, widths("resize:160x", "resize:90x", "resize:40x40,fit=cover").apply_all(whole), strict=True
    ):
        assert made.shape == shown(expected.data).shape
        # Decoded at half the size, the last of all these px differ.
        assert np.abs(made - shown(expected.data))[2:-2, 2:-2].mean() < 2
    assert turns == []


@pytest.mark.parametrize(
    "texts", [("", ""), ("", "gamma:1.2"), ("blur:1", "resize:100x"), ("resize:700x", "resize:9x")]
)
def test_a_picture_that_an_output_needs_in_full_is_turned_once_for_all(texts, turns):
    widths(*texts).apply_all(photo((640, 480), 6))
    assert turns == [(640, 480)]


def test_frames_as_stored_are_gone_when_a_step_works_on_upright_ones(monkeypatch):
    stored, gone = [], []
    turn = orientation._turn_image

    def noted(image, number):
        stored.append(weakref.ref(image))
        return turn(image, number)

    def own(pixels: np.ndarray) -> np.ndarray:
        gc.collect()
        gone.append([image() is None for image in stored])
        return pixels

    monkeypatch.setattr(orientation, "_turn_image", noted)
    steps = parse("gamma:1.5"), filter(own).operation({}), parse("resize:40x")
    transform(photo((640, 480), 6), steps, (OutputPlan("png"),), Settings())
    assert gone == [[True]]


def test_turns_that_undo_each_other_cost_nothing(turns):
    Recipe(["rotate:90", "flip", "flip", "rotate:180"], format="png").apply(photo((64, 48), 6))
    assert turns == []


def test_a_picture_that_is_encoded_again_and_again_to_fit_is_turned_once(turns):
    recipe = Recipe(["resize:200x"], format="jpeg", encoding=Encoding(max_size=4000))
    recipe.apply(photo((640, 480), 6))
    assert turns == [(267, 200)]


def test_an_output_that_is_resized_and_encoded_again_and_again_is_turned_once(turns):
    least = Rendition(["resize:200x"], "jpeg", encoding=Encoding(max_size=4000), name="{stem}-a{ext}")
    Recipe(outputs=[least, Rendition(["resize:80x"], "jpeg", name="{stem}-b{ext}")]).apply_all(photo((640, 480), 6))
    assert turns == [(267, 200), (107, 80)]
