import threading
from typing import get_args

import numpy as np
import pytest
from PIL import Image

from imgpipe.errors import FilterFailed, RecipeError
from imgpipe.filters import apply, filter, least_size, when_upright
from imgpipe.filters.traits import Alpha
from imgpipe.picture import Picture


def given(pixels: np.ndarray) -> np.ndarray:
    return pixels


def fail(*size, **options):
    raise ValueError("first\nsecond")


def leave(*size, **options):
    raise SystemExit(4)


def test_what_is_shown_of_transparent_pictures_is_one_of_three():
    for alpha in get_args(Alpha):
        assert filter(alpha=alpha)(given).traits.alpha == alpha
    with pytest.raises(TypeError, match="filter given: alpha is apart, premultiplied, straight, not 'premultplied'"):
        filter(alpha="premultplied")(given)


@pytest.mark.parametrize("rule", ["least_size", "check", "swaps", "as_stored"])
def test_rules_are_functions(rule):
    with pytest.raises(TypeError, match=f"filter given: {rule} is a function, not 5"):
        filter(**{rule: 5})(given)


@pytest.mark.parametrize(("broken", "words"), [(fail, "ValueError: first second"), (leave, "SystemExit: 4")])
def test_rules_that_fail_are_named(broken, words):
    with pytest.raises(RecipeError, match=f"filter given: its check failed: {words}"):
        filter(check=broken)(given)()
    with pytest.raises(FilterFailed, match=f"filter given: its least_size failed: {words}"):
        least_size([filter(least_size=broken)(given)()], (4, 3))
    with pytest.raises(FilterFailed, match=f"filter given: its as_stored failed: {words}"):
        when_upright([filter(as_stored=broken)(given)()], (4, 3))


@pytest.mark.parametrize("wrong", ["ab", 5, (4,), (-1, 3), (float("nan"), 3), ("4", "3")])
def test_a_least_size_that_is_none_is_named(wrong):
    with pytest.raises(FilterFailed, match=r"filter given: its least_size returned .*; it is \(width, height\) in px"):
        least_size([filter(least_size=lambda size: wrong)(given)()], (4, 3))


@pytest.mark.parametrize("right", [None, (2, 1), (2.5, 1.5)])
def test_a_least_size_is_taken_as_it_is(right):
    assert least_size([filter(least_size=lambda size: right)(given)()], (4, 3)) == right


@pytest.mark.parametrize(
    ("frame", "said"),
    [
        ("x", "that is str;"),
        (np.zeros((3, 4, 3), np.uint8), r"of uint8, shape \(3, 4, 3\)"),
        (np.zeros((3, 4, 3)), "of float64"),
        (np.zeros((3, 4), np.uint16), r"of uint16, shape \(3, 4\)"),
        (np.zeros((0, 4, 3), np.uint16), r"shape \(0, 4, 3\)"),
        (Image.new("P", (4, 3)), "of mode P"),
        (Image.new("RGB", (0, 3)), r"of mode RGB, \(0, 3\)"),
    ],
)
def test_frames_that_no_codec_knows_are_named(frame, said, picture):
    @filter
    def odd(picture: Picture) -> Picture:
        return Picture((frame,), picture.size, picture.format)

    with pytest.raises(FilterFailed, match=f"filter odd returned a Picture with a frame .*{said}"):
        apply(odd(), picture(Image.new("RGB", (4, 3))))


@pytest.mark.parametrize("kind", ["RGB", 3])
def test_each_frame_is_its_own_where_a_filter_gives_the_same_memory_again(kind, frame, picture):
    frames = [frame(kind, (4, 3), seed) for seed in range(3)]
    memory = np.empty((3, 4, 3), np.asarray(frames[0]).dtype)

    @filter
    def turned_over(pixels: np.ndarray) -> np.ndarray:
        return np.invert(pixels, out=memory)

    made = apply(turned_over(), picture(*frames, durations=(1, 2, 3))).frames
    assert [np.asarray(each).tobytes() for each in made] == [(~np.asarray(each)).tobytes() for each in frames]


def test_each_frame_is_its_own_where_a_filter_gives_the_same_image_again(frame, picture):
    canvas = Image.new("RGB", (4, 3))

    @filter
    def pasted(image: Image.Image) -> Image.Image:
        canvas.paste(image)
        return canvas

    frames = [frame("RGB", (4, 3), seed) for seed in range(3)]
    assert list(apply(pasted(), picture(*frames, durations=(1, 2, 3))).frames) == frames


def test_each_frame_has_its_time(picture):
    @filter
    def fewer(picture: Picture) -> Picture:
        return Picture(picture.frames[:1], picture.size, picture.format, picture.durations)

    with pytest.raises(FilterFailed, match="filter fewer returned a Picture with 1 frames and 2 durations"):
        apply(fewer(), picture(*[Image.new("RGB", (4, 3))] * 2, durations=(1, 2)))


@pytest.mark.parametrize("error", [KeyboardInterrupt, StopIteration])
def test_what_no_filter_should_raise_fails_its_picture_too(error, picture):
    @filter
    def odd(pixels: np.ndarray) -> np.ndarray:
        raise error

    told = []

    def work():
        with pytest.raises(FilterFailed) as caught:
            apply(odd(), picture(Image.new("RGB", (4, 3))))
        told.append(str(caught.value))

    # No Ctrl-C comes to a thread that is not the main one.
    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    assert told == [f"filter odd failed: {error.__name__}"]
