import numpy as np
import pytest
from PIL import Image

from imgpipe.errors import FilterFailed, RecipeError
from imgpipe.filters import apply, parse


def after(picture, frame, text):
    return apply(parse(text), picture(frame)).frames[0]


def neighbourhood(radius, shape):
    y, x = np.mgrid[-radius : radius + 1, -radius : radius + 1]
    inside = {"square": x**2 >= 0, "disk": np.hypot(x, y) <= radius + 0.5, "cross": x * y == 0}[shape]
    return list(zip(y[inside], x[inside], strict=True))


@pytest.mark.parametrize("kind", ["L", "RGB", 1, 3])
@pytest.mark.parametrize("shape", ["square", "disk", "cross"])
@pytest.mark.parametrize(("way", "choose"), [("dilate", np.max), ("erode", np.min)])
@pytest.mark.parametrize("radius", [1, 4])
def test_each_sample_becomes_the_extreme_of_its_neighbourhood(
    kind, shape, way, choose, radius, frame, picture, samples
):
    source = frame(kind, (17, 12))
    before = samples(source)
    edge = 0 if way == "dilate" else 255  # outside has no influence
    padded = np.pad(before, ((radius,) * 2, (radius,) * 2, (0, 0)), constant_values=edge)
    near = [padded[radius + y : radius + y + 12, radius + x : radius + x + 17] for y, x in neighbourhood(radius, shape)]
    assert np.array_equal(samples(after(picture, source, f"{way}:{radius},shape={shape}")), choose(near, axis=0))


@pytest.mark.parametrize("kind", ["LA", "RGBA", 2, 4])
def test_what_is_visible_grows_and_shrinks_with_its_own_colour(kind, picture, samples):
    deep = isinstance(kind, int)
    bands = kind if deep else len(kind)
    array = np.zeros((21, 21, bands), np.uint16 if deep else np.uint8)
    array[7:14, 7:14] = np.iinfo(array.dtype).max
    array[7:14, 7:14, 0] //= 2
    source = array if deep else Image.frombytes(kind, (21, 21), array.tobytes())
    for text, size in (("dilate:2", 11), ("erode:2", 3)):
        result = samples(after(picture, source, text))
        visible = result[:, :, -1] > 0
        assert visible.sum() == size**2
        assert abs(result[visible][:, 0] - 127).max() < 1


@pytest.mark.parametrize("way", ["dilate", "erode"])
def test_range_and_ink(way, frame, picture):
    with pytest.raises(RecipeError, match="0 to 50 px"):
        parse(f"{way}:51")
    with pytest.raises(FilterFailed, match="--no-srgb"):
        after(picture, frame("CMYK", (4, 4)), way)
