"""What every built-in filter promises, whatever it does."""

import functools
import hashlib
import inspect
import json
import math
import os
import pickle
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import replace
from itertools import product
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, reject, settings
from hypothesis import strategies as st
from PIL import Image

from imgpipe.errors import FilterFailed, RecipeError
from imgpipe.filters import apply, builtin, docstring, parse
from imgpipe.filters.opencv import opencv
from imgpipe.orientation import settled, turned_size
from imgpipe.picture import Picture, frame_size

LOGO = Path(__file__).parents[2] / "sample_images" / "alpha.png"
SIZES = [(1, 1), (7, 5), (64, 48)]
MODES = {"L": 1, "LA": 2, "RGB": 3, "RGBA": 4}
KINDS = [*MODES, 1, 2, 3, 4]

NEUTRAL = {
    "resize": "100%",
    "smart-crop": "width=1000",
    "border": "0",
    "round-corners": "0",
    "watermark": f'image="{LOGO}",opacity=0',
    "text": "x,opacity=0",
    "rotate": "0",
    "sepia": "0",
    "tint": "red,strength=0",
    "white-balance": "6500",
    "solarize": "256",
    "sharpen": "0",
    "blur": "0",
    "box-blur": "0",
    "median": "0",
    "bilateral": "0",
    "denoise": "0",
    "convolve": "1",
    "dilate": "0",
    "erode": "0",
    "pixelate": "1",
    "noise": "0",
    "vignette": "0",
}
"""The options at which a filter changes nothing; none where that is its default, or where it has no neutral value."""

EXAMPLES = {
    "resize": "10x10,fit=cover",
    "crop": "left=0,width=3",
    "smart-crop": "width=3,height=2",
    "pad": "2,left=1",
    "border": "2,colour=white",
    "round-corners": "50%",
    "watermark": f'image="{LOGO}",scale=0.5',
    "text": "A,size=100%",
    "rotate": "12",
    "brightness": "1.5",
    "contrast": "0.5",
    "saturation": "2",
    "blur": "1.5",
    "sharpen": "1",
    "box-blur": "2",
    "denoise": "100",
    "convolve": "0 -1 0;-1 5 -1;0 -1 0",
}
"""Options at which a filter does something to the small pictures here; else the first example of its docstring does."""

RESHAPING = {"resize", "crop", "smart-crop", "trim", "pad", "border", "rotate", "flip", "flop"}
WITHOUT_NEUTRAL = {
    *("flip", "flop", "grayscale", "edges", "emboss", "flatten", "quantize", "dither", "normalize", "autocontrast"),
    *("equalize", "clahe", "invert", "posterize", "threshold"),
}
OWN_FRAMES = {"noise"}
"""Filters that treat equal frames of an animation differently."""


WITH_ALPHA = {"L": "LA", "RGB": "RGBA", 1: 2, 3: 4}
EIGHT_BITS = {1: "L", 2: "LA", 3: "RGB", 4: "RGBA"}
WIDENED = {"L": "RGB", "LA": "RGBA", 1: 3, 2: 4}
GREY = {"RGB": "L", "RGBA": "LA", 3: 1, 4: 2}
KINDS_AFTER = {
    "grayscale": GREY,
    "edges": GREY,
    "round-corners": WITH_ALPHA,
    "threshold": GREY,
    "watermark": WIDENED,
    "sepia": WIDENED,
    "tint": WIDENED,
    "matrix": WIDENED,
    "quantize": EIGHT_BITS,
    "dither": EIGHT_BITS,
    "flatten": {"LA": "L", "RGBA": "RGB", 2: 1, 4: 3},
}
"""What kind of frame each kind becomes, of the filters that change it; kinds that are not named stay."""


def kind_after(name, kind):
    return KINDS_AFTER.get(name, {}).get(kind, kind)


def frame_of(kind, size):
    shape = (size[1], size[0], MODES.get(kind, kind))
    random = np.random.default_rng(shape)
    if kind in MODES:
        return Image.frombytes(kind, size, random.integers(0, 256, shape, dtype=np.uint8).tobytes())
    return random.integers(0, 65536, shape, dtype=np.uint16)


def kind_of(frame):
    return getattr(frame, "mode", None) or frame.shape[2]


parsed = functools.cache(parse)
read_help = functools.cache(docstring.read_help)


def step(name, options):
    if name in options:
        return parsed(f"{name}:{options[name]}")
    return parsed(read_help(builtin()[name]).examples[0] if options is EXAMPLES else name)


def samples(frame):
    return np.atleast_3d(np.asarray(frame))


def filters(wanted):
    return pytest.mark.parametrize("name", [name for name in builtin() if wanted(name)])


every_filter = filters(lambda name: True)


@every_filter
def test_docstring_explains_every_option_with_an_example(name):
    chosen = builtin()[name]
    text = inspect.cleandoc(chosen.__doc__)
    assert ">>> " in text
    assert any(example.startswith(name) for example in read_help(chosen).examples)
    assert "rror" in text
    for option in chosen.options:
        assert f"\n    {option.name}: " in text, option.name


@every_filter
def test_steps_pickle_and_read_back_from_their_text(name):
    for options in (NEUTRAL, EXAMPLES):
        operation = step(name, options)
        copy = pickle.loads(pickle.dumps(operation))
        assert copy == parse(str(operation)) == operation
        assert (hash(copy), str(copy)) == (hash(operation), str(operation))


@filters(lambda name: name not in WITHOUT_NEUTRAL)
def test_neutral_options_change_nothing(name):
    for kind, size in product(KINDS, SIZES):
        source = Picture((frame_of(kind, size),), size, "png")
        result = apply(step(name, NEUTRAL), source)
        assert kind_of(result.frames[0]) == kind, size
        assert samples(result.frames[0]).dtype == samples(source.frames[0]).dtype, (kind, size)
        assert np.array_equal(samples(result.frames[0]), samples(source.frames[0])), (kind, size)
        assert result.size == size, kind


@every_filter
def test_kind_size_and_source_are_kept(name):
    for kind, size in product(KINDS, SIZES):
        source = Picture((frame_of(kind, size),), size, "png")
        before = source.frames[0].tobytes()
        result = apply(step(name, EXAMPLES), source)
        (frame,) = result.frames
        assert source.frames[0].tobytes() == before, (kind, size)
        assert frame_size(frame) == result.size, kind
        assert kind_of(frame) == kind_after(name, kind), (kind, size)
        if name not in RESHAPING:
            assert result.size == size, kind
        if not hasattr(frame, "mode"):
            assert frame.flags.c_contiguous, (kind, size)


@every_filter
def test_frames_that_are_still_to_be_turned_give_the_same_picture(name):
    for kind, orientation in product(["RGB", "RGBA", 3], range(2, 9)):
        source = Picture(
            (frame_of(kind, (64, 48)),), turned_size((64, 48), orientation), "png", orientation=orientation
        )
        made, expected = (apply(step(name, EXAMPLES), each) for each in (source, settled(source)))
        assert made.size == expected.size == frame_size(made.frames[0]), (kind, orientation)
        # A resize rounds between its two directions, and these have changed places.
        of_255 = 257 if kind == 3 else 1
        difference = np.abs(solid(made.frames[0]) - solid(expected.frames[0])) / of_255
        assert difference.max() <= 2, (kind, orientation)


def solid(frame):
    """The samples, colours of 8 bits weighted by alpha."""
    array = samples(frame).astype(float)
    return array * array[:, :, -1:] / 255 if getattr(frame, "mode", "") == "RGBA" else array


@filters(lambda name: name != "trim")  # noise has no borders
@pytest.mark.parametrize("kind", ["RGBA", 4])
def test_the_examples_of_these_tests_do_something(name, kind):
    source = frame_of(kind, (64, 48))
    (frame,) = apply(step(name, EXAMPLES), Picture((source,), (64, 48), "png")).frames
    assert not np.array_equal(samples(frame), samples(source))


@filters(lambda name: builtin()[name].traits.alpha == "apart")
def test_alpha_is_untouched_by_filters_that_are_shown_colour_only(name):
    for kind in ("LA", "RGBA", 2, 4):
        source = Picture((frame_of(kind, (7, 5)),), (7, 5), "png")
        result = apply(step(name, EXAMPLES), source)
        assert np.array_equal(samples(result.frames[0])[:, :, -1], samples(source.frames[0])[:, :, -1]), kind


@every_filter
def test_all_frames_of_an_animation_are_filtered_alike(name):
    for kind in KINDS:
        frame = frame_of(kind, (7, 5))
        result = apply(step(name, EXAMPLES), Picture((frame,) * 3, (7, 5), "gif", durations=(1, 2, 3)))
        assert len(result.frames) == 3, kind
        assert len({each.tobytes() for each in result.frames}) == (3 if name in OWN_FRAMES else 1), kind
        assert result.durations == (1, 2, 3), kind


@filters(lambda name: KINDS_AFTER.get(name) is not WITH_ALPHA)
def test_opaque_pictures_stay_opaque(name):
    for kind in ("L", "RGB", 1, 3):
        result = apply(step(name, EXAMPLES), Picture((frame_of(kind, (7, 5)),), (7, 5), "png"))
        assert samples(result.frames[0]).shape[2] in (1, 3), kind


def borrows(frame):
    """Whether a frame's samples lie in another object's memory; a copy of any other one is no different from it."""
    return bool(frame.readonly) if hasattr(frame, "mode") else not frame.flags.owndata


@every_filter
@pytest.mark.parametrize("kind", KINDS)
def test_what_a_filter_makes_any_other_can_take(name, kind):
    source = Picture((frame_of(kind, (16, 12)),), (16, 12), "png")
    made = apply(step(name, EXAMPLES), source)
    # The same samples in memory of their own: Pillow images that share an array's memory must behave alike.
    copied = replace(made, frames=tuple(frame.copy() for frame in made.frames))
    before = made.frames[0].tobytes()
    pictures = (made, copied) if borrows(made.frames[0]) else (made,)
    for other in builtin():
        one, *copies = (samples(apply(step(other, EXAMPLES), picture).frames[0]) for picture in pictures)
        assert all(np.array_equal(one, two) for two in copies), other
        assert made.frames[0].tobytes() == before, other


def made_or_refused(operation, source):
    try:
        return [frame.tobytes() for frame in apply(operation, source).frames]
    except FilterFailed as error:
        return str(error)


@every_filter
def test_the_same_samples_come_from_pillows_own_memory_as_from_copies(name, monkeypatch):
    opencv()
    frame = frame_of("RGBA", (61, 47))
    sources = {kind: Picture((frame.convert(kind),), (61, 47), "png") for kind in (*MODES, "CMYK")}
    shared = {kind: made_or_refused(step(name, EXAMPLES), source) for kind, source in sources.items()}
    monkeypatch.setattr("imgpipe.filters.frames.memory_of", lambda image, **_: None)
    for kind, source in sources.items():
        assert made_or_refused(step(name, EXAMPLES), source) == shared[kind], kind


@every_filter
@pytest.mark.parametrize("kind", ["RGBA", 4])
def test_threads_do_not_disturb_each_other(name, kind):
    source = Picture((frame_of(kind, (64, 48)),), (64, 48), "png")
    operation = step(name, EXAMPLES)
    with ThreadPoolExecutor(4) as threads:
        results = list(threads.map(lambda _: apply(operation, source).frames[0].tobytes(), range(24)))
    assert set(results) == {apply(operation, source).frames[0].tobytes()}


def foreseen(refused):
    """Whether a filter refused a picture on purpose, rather than having failed or returned something odd."""
    return refused.__cause__ is None and " returned " not in str(refused)


def extremes(name):
    """Steps with one option at an end of its range, the others as in the example."""
    example = step(name, EXAMPLES)
    for option in example.filter.options:
        for value in (option.range.least, option.range.most):
            if option.type in (int, float) and math.isfinite(value):
                with suppress(RecipeError):  # options that exclude each other
                    yield example.filter.operation({**example.arguments, option.name: value})


@filters(lambda name: name not in RESHAPING)
def test_the_ends_of_every_range_give_a_picture_or_a_clear_error(name):
    for kind, operation in product(["LA", "RGB", 1, 4], extremes(name)):
        source = Picture((frame_of(kind, (7, 5)),), (7, 5), "png")
        try:
            result = apply(operation, source)
        except FilterFailed as refused:
            if not foreseen(refused):
                raise
            continue
        assert frame_size(result.frames[0]) == result.size == (7, 5), (kind, operation)
        # An end that changes nothing changes no kind either.
        assert kind_of(result.frames[0]) in (kind, kind_after(name, kind)), (kind, operation)


NEAR = 40  # px and the like: what a small picture tells apart


def values(option):
    """Values that an option takes, those at hand more often than those far away."""
    if option.choices:
        return st.sampled_from(option.choices)
    if option.type is bool:
        return st.booleans()
    least = max(option.range.least, -NEAR)
    most = min(option.range.most, max(NEAR, least + NEAR))
    return st.integers(least, most) if option.type is int else st.floats(least, most)


@st.composite
def operations(draw, name):
    """Steps of this filter with any of its options; texts are those of its example."""
    example = step(name, EXAMPLES)
    drawn = {}
    for option in example.filter.options:
        if (option.choices or option.type is not str) and draw(st.booleans()):
            drawn[option.name] = draw(values(option))
    try:
        return example.filter.operation({**(example.arguments if draw(st.booleans()) else {}), **drawn})
    except RecipeError:
        reject()


@every_filter
@settings(max_examples=60, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
@given(data=st.data())
def test_whatever_the_options_a_picture_comes_out_or_a_clear_error(name, data):
    operation = data.draw(operations(name))
    kind, size = data.draw(st.sampled_from(KINDS)), data.draw(st.tuples(st.integers(1, 9), st.integers(1, 9)))
    source = Picture((frame_of(kind, size),), size, "png")
    before = source.frames[0].tobytes()
    try:
        result = apply(operation, source)
    except FilterFailed as refused:
        if not foreseen(refused):
            raise
        return
    (frame,) = result.frames
    assert source.frames[0].tobytes() == before
    assert frame_size(frame) == result.size
    assert kind_of(frame) in (list(MODES) if kind_after(name, kind) in MODES else [1, 2, 3, 4])
    assert apply(operation, source).frames[0].tobytes() == frame.tobytes()
    assert hasattr(frame, "mode") or (frame.dtype == np.uint16 and frame.flags.c_contiguous)


def digests():
    """What the example of each filter makes of each kind of picture, in a word."""
    found = {}
    for name in builtin():
        for kind in KINDS:
            result = apply(step(name, EXAMPLES), Picture((frame_of(kind, (24, 18)),), (24, 18), "png"))
            found[f"{name} {kind}"] = hashlib.sha256(samples(result.frames[0]).tobytes()).hexdigest()
    return found


def test_another_process_makes_the_same_bytes():
    code = "from tests.contracts.test_filters import digests; import json; print(json.dumps(digests()))"
    environment = {**os.environ, "PYTHONHASHSEED": "1"}
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, env=environment)
    assert json.loads(done.stdout) == digests()


def faint(kind, colour):
    """A picture whose left half is transparent over this colour, and whose right half is opaque and uneven."""
    frame = np.zeros((24, 32, MODES.get(kind, kind)), np.uint16 if isinstance(kind, int) else np.uint8)
    most = np.iinfo(frame.dtype).max
    frame[:, 16:, :-1] = np.random.default_rng(5).integers(most // 4, most // 2, frame[:, 16:, :-1].shape)
    frame[:, 16:, -1] = most
    frame[:, :16, :-1] = colour * most
    return frame if isinstance(kind, int) else Image.frombytes(kind, (32, 24), frame.tobytes())


@every_filter
def test_what_is_transparent_does_not_shine_through(name):
    for kind in ("LA", "RGBA", 2, 4):
        black, white = (
            samples(apply(step(name, EXAMPLES), Picture((faint(kind, colour),), (32, 24), "png")).frames[0]).astype(int)
            for colour in (0, 1)
        )
        visible = black[:, :, -1] > 0
        assert np.array_equal(black[:, :, -1], white[:, :, -1]), kind
        assert np.array_equal(black[visible], white[visible]), kind
