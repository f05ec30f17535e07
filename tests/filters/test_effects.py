import numpy as np
import pytest
from PIL import Image

from imgpipe.errors import FilterFailed, RecipeError
from imgpipe.filters import apply, least_size, parse
from imgpipe.filters.texture import add_noise

OPAQUE = ["L", "RGB", 1, 3]
KINDS = [*OPAQUE, "LA", "RGBA", 2, 4]


def after(picture, frame, text):
    return apply(parse(text), picture(frame)).frames[0]


@pytest.mark.parametrize("kind", OPAQUE)
@pytest.mark.parametrize("block", [2, 5, 16, 1000])
def test_blocks_have_the_mean_of_their_pixels_also_at_the_edges(kind, block, frame, picture, samples):
    source = frame(kind, (23, 18))
    expected = samples(source).copy()
    for y in range(0, 18, block):
        for x in range(0, 23, block):
            part = expected[y : y + block, x : x + block]
            part[:] = part.mean(axis=(0, 1))
    assert abs(samples(after(picture, source, f"pixelate:{block}")) - expected).max() <= 0.51


@pytest.mark.parametrize("kind", KINDS)
def test_outside_the_rectangle_no_pixel_changes(kind, frame, picture):
    source = frame(kind, (24, 20))
    before = np.atleast_3d(np.asarray(source))
    result = np.atleast_3d(np.asarray(after(picture, source, "pixelate:4,left=8,top=6,width=8,height=10")))
    inside = np.zeros((20, 24), bool)
    inside[6:16, 8:16] = True
    assert np.array_equal(result[~inside], before[~inside])
    blocks = result[6:14, 8:16].reshape(2, 4, 2, 4, -1)
    assert (blocks == blocks[:, :1, :, :1]).all()
    assert not np.array_equal(result[inside], before[inside])


@pytest.mark.parametrize(
    ("text", "box"),
    [
        ("left=-4,top=-3,width=10,height=9", (0, 0, 6, 6)),
        ("left=20,top=15", (20, 15, 24, 20)),
        ("left=-4", (0, 0, 24, 20)),
        ("left=-4,width=8", (0, 0, 4, 20)),
    ],
)
def test_the_rectangle_is_cut_at_the_edges_of_the_picture(text, box, frame, picture):
    source = frame("RGB", (24, 20))
    expected = source.copy()
    expected.paste(after(picture, source.crop(box), "pixelate:3"), box[:2])
    assert after(picture, source, f"pixelate:3,{text}").tobytes() == expected.tobytes()


@pytest.mark.parametrize("text", ["left=24", "top=20", "left=-8,width=8", "top=-5,height=4"])
def test_a_rectangle_outside_hides_nothing_and_fails(text, frame, picture):
    with pytest.raises(FilterFailed, match="outside the picture, which has 24x20 px"):
        after(picture, frame("RGB", (24, 20)), f"pixelate:3,{text}")


@pytest.mark.parametrize("kind", ["LA", "RGBA", 2, 4])
def test_blocks_have_the_colour_of_what_is_visible_in_them(kind, picture, samples):
    deep = isinstance(kind, int)
    array = np.zeros((8, 8, kind if deep else len(kind)), np.uint16 if deep else np.uint8)
    array[:, ::2] = np.iinfo(array.dtype).max
    source = array if deep else Image.frombytes(kind, (8, 8), array.tobytes())
    result = samples(after(picture, source, "pixelate:4"))
    assert (result[:, :, :-1] == 255).all()
    assert abs(result[:, :, -1] - 127.5).max() <= 0.51


def grey(kind, size=(200, 150)):
    bands = kind if isinstance(kind, int) else len(kind)
    deep = isinstance(kind, int)
    array = np.full((size[1], size[0], bands), 128 * 257 if deep else 128, np.uint16 if deep else np.uint8)
    return array if deep else Image.frombytes(kind, size, array.tobytes())


@pytest.mark.parametrize("kind", OPAQUE)
def test_gaussian_noise_has_the_standard_deviation_asked_for(kind, picture, samples):
    change = samples(after(picture, grey(kind), "noise:0.1")) - 128
    assert abs(change.mean()) < 0.5
    assert abs(change.std() - 25.5) < 0.5
    assert abs((abs(change) < 25.5).mean() - 0.683) < 0.01


@pytest.mark.parametrize("kind", OPAQUE)
def test_uniform_noise_goes_as_far_as_asked_for(kind, picture, samples):
    change = samples(after(picture, grey(kind), "noise:0.1,kind=uniform")) - 128
    assert 25 <= abs(change).max() <= 25.6
    assert abs(change.std() - 25.5 / 3**0.5) < 0.4


@pytest.mark.parametrize("kind", OPAQUE)
def test_salt_and_pepper_hit_the_share_asked_for(kind, picture, samples):
    result = samples(after(picture, grey(kind), "noise:0.1,kind=salt-pepper"))
    assert set(np.unique(result)) == {0, 128, 255}
    assert abs((result == 0).mean() - 0.05) < 0.005
    assert abs((result == 255).mean() - 0.05) < 0.005


@pytest.mark.parametrize("kind", ["gaussian", "uniform", "salt-pepper"])
def test_noise_is_of_one_colour_where_asked_for(kind, picture, samples):
    def bands(more):
        result = samples(after(picture, grey("RGB"), f"noise:0.1,kind={kind}{more}"))
        return np.ptp(result, axis=2).max()

    assert bands(",monochrome=true") == 0
    assert bands("") > 20


def test_noise_is_the_same_for_a_seed_and_another_for_another(picture, frame):
    source = frame("RGB", (40, 30))
    assert after(picture, source, "noise").tobytes() == after(picture, source, "noise:seed=0").tobytes()
    assert after(picture, source, "noise").tobytes() != after(picture, source, "noise:seed=1").tobytes()


def test_frames_have_noise_of_their_own_that_does_not_depend_on_their_number(picture, frame):
    still = frame("RGB", (40, 30))
    three = apply(parse("noise:0.1"), picture(still, still, still, durations=(1, 2, 3))).frames
    two = apply(parse("noise:0.1"), picture(still, still, durations=(1, 2))).frames
    assert len({each.tobytes() for each in three}) == 3
    assert [each.tobytes() for each in two] == [each.tobytes() for each in three[:2]]


def test_noise_of_a_picture_larger_than_a_stripe_does_not_repeat(picture):
    tall = np.full((3000, 1000, 1), 128, np.uint8)
    change = add_noise(tall, "gaussian", 0.1, [0, 0], False)
    rows = {row.tobytes() for row in change}
    assert len(rows) == 3000


@pytest.mark.parametrize("kind", ["LA", "RGBA", 2, 4])
@pytest.mark.parametrize("text", ["noise:0.3", "vignette:1"])
def test_alpha_stays(kind, text, frame, picture, samples):
    source = frame(kind, (16, 12))
    assert np.array_equal(samples(after(picture, source, text))[:, :, -1], samples(source)[:, :, -1])


@pytest.mark.parametrize("kind", OPAQUE)
@pytest.mark.parametrize(("strength", "radius", "softness"), [(0.5, 0.4, 0.6), (1, 0, 1), (0.8, 0.7, 0)])
def test_vignette_darkens_by_the_distance_from_the_middle(kind, strength, radius, softness, frame, picture, samples):
    source = frame(kind, (41, 30))
    before = samples(source)
    expected = before.copy()
    for y in range(30):
        for x in range(41):
            distance = (((2 * x + 1) / 41 - 1) ** 2 / 2 + ((2 * y + 1) / 30 - 1) ** 2 / 2) ** 0.5
            way = min(max((distance - radius) / softness, 0), 1) if softness else float(distance > radius)
            expected[y, x] *= 1 - strength * (3 * way**2 - 2 * way**3)
    result = samples(after(picture, source, f"vignette:{strength},radius={radius},softness={softness}"))
    assert abs(result - expected).max() <= 0.51
    assert np.array_equal(result[13:17, 18:23], before[13:17, 18:23]) or radius == 0


def test_vignette_looks_the_same_at_every_size(picture, samples):
    small, large = (
        samples(after(picture, Image.new("L", size, 200), "vignette:1").resize((60, 40), Image.Resampling.BOX))
        for size in ((60, 40), (240, 160))
    )
    assert abs(small - large).max() <= 2
    assert least_size([parse("vignette"), parse("resize:40x40")], (100, 100)) == (60, 60)
    assert least_size([parse("pixelate"), parse("resize:10x10")], (100, 100)) is None
    assert least_size([parse("noise"), parse("resize:10x10")], (100, 100)) is None


@pytest.mark.parametrize("text", ["pixelate:0", "noise:1.5", "noise:0.1,seed=-1", "vignette:2", "noise:nan"])
def test_values_out_of_range_are_found_with_the_recipe(text):
    with pytest.raises(RecipeError, match="is not valid"):
        parse(text)


@pytest.mark.parametrize("text", ["pixelate", "noise", "vignette"])
def test_cmyk_is_refused(text, frame, picture):
    with pytest.raises(FilterFailed, match="--no-srgb"):
        after(picture, frame("CMYK", (4, 4)), text)
