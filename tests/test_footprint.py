"""What a picture is expected to take covers what it takes, and follows what is to be done with it."""

import functools
import io
import json
import subprocess
import sys

import pytest
from PIL import Image

from imgpipe import codecs
from imgpipe.codecs import Encoding
from imgpipe.codecs.extent import Extent, extent_of
from imgpipe.footprint import encoding_of, footprint
from imgpipe.recipe import Recipe
from imgpipe.transform import OutputPlan, expected_memory
from tests.codecs.raws import dng, flat

MP = 1_000_000


def extent(kind, size, frames=1, **more):
    return Extent(kind, size, size[0] * size[1] * frames, **more)


def test_of_a_reduced_jpeg_is_that_of_the_reduced_one():
    whole = footprint(extent("jpeg", (8000, 6000)), None, filtered=False)
    assert whole <= footprint(extent("jpeg", (8000, 6000)), (4001, 10), filtered=False) < whole + MP
    half = footprint(extent("jpeg", (8000, 6000)), (4000, 3000), filtered=False)
    eighth = footprint(extent("jpeg", (8000, 6000)), (100, 100), filtered=False)
    assert eighth < half < whole / 2
    assert footprint(extent("png", (8000, 6000)), (100, 100), filtered=False) > whole


def test_of_a_raw_is_at_best_halved():
    large = (6000, 4000)
    whole = footprint(extent("raw", large), None, filtered=False)
    half = footprint(extent("raw", large), (3000, 2000), filtered=False)
    assert half < whole / 2
    assert footprint(extent("raw", large), (100, 100), filtered=False) == half


def test_of_a_progressive_jpeg_counts_what_its_decoder_keeps():
    plain = footprint(extent("jpeg", (8000, 6000)), (100, 100), filtered=False)
    assert footprint(extent("jpeg", (8000, 6000), progressive=True), (100, 100), filtered=False) > plain + 200 * MP


def test_of_16_bits_counts_twice_what_filters_hold():
    shallow, deep = (
        [footprint(extent("png", (4000, 3000), deep=deep), None, filtered=filtered) for filtered in (False, True)]
        for deep in (False, True)
    )
    assert deep[1] - deep[0] == 2 * (shallow[1] - shallow[0])
    assert deep[0] > 3 * shallow[0]


def test_of_grey_counts_that_a_filter_may_make_colour_of_it():
    grey, colour = (footprint(extent("png", (4000, 3000), grey=grey), None, filtered=True) for grey in (True, False))
    assert grey > colour / 2


def test_of_a_picture_that_is_enlarged_counts_what_is_made():
    same, large = (footprint(extent("png", (4000, 3000)), need, filtered=False) for need in (None, (4000, 3000)))
    assert large >= same + 4000 * 3000 * 4


def test_of_an_animation_grows_with_its_frames():
    one, many = (footprint(extent("gif", (400, 400), frames), None, filtered=False) for frames in (1, 2000))
    assert many - one > 1264 * MP


@pytest.mark.parametrize(
    ("format", "encoding", "least"),
    [
        ("avif", Encoding(), 35),
        ("avif", Encoding(effort=7, subsampling="4:4:4"), 71),
        ("heic", Encoding(lossless=True), 40),
        ("jpeg2000", Encoding(), 51),
        ("jxl", Encoding(), 52),
        ("jxl", Encoding(effort=9), 290),
        ("webp", Encoding(lossless=True), 30),
    ],
)
def test_of_an_encoder_that_takes_more_than_decoding_counts_what_it_is_given(format, encoding, least):
    """Bytes a px as they were measured."""
    file = io.BytesIO()
    Image.new("L", (3000, 2000)).save(file, "png")
    outputs = (OutputPlan(format, encoding),)
    assert expected_memory(file.getvalue(), (), outputs) > 3000 * 2000 * least
    resized = expected_memory(file.getvalue(), Recipe(["resize:300x200"]).operations, outputs)
    assert resized < 3000 * 2000 * 26


def test_of_an_avif_animation_counts_its_frames():
    file = io.BytesIO()
    frames = [Image.new("RGB", (64, 48), (shade, 0, 0)) for shade in range(6)]
    frames[0].save(file, "avif", save_all=True, append_images=frames[1:], speed=10)
    assert extent_of(file.getvalue()) == extent_of(memoryview(file.getvalue())) == extent("avif", (64, 48), 6)
    still, moving, *long = (encoding_of("avif", Encoding(), count) for count in (1, 6, 100, 10_000))
    assert moving == 6 * still
    assert moving < long[0] == long[1] < 100 * still


@pytest.mark.parametrize(("resize", "need"), [("300x9000!", (9000, 450)), ("1500x80!", (120, 600))])
def test_turned_pictures_are_reduced_by_their_own_sides(resize, need):
    file = io.BytesIO()
    Image.new("L", (9000, 600)).save(file, "jpeg")
    expected = expected_memory(file.getvalue(), Recipe([f"resize:{resize}"]).operations, (OutputPlan(),))
    assert expected == len(file.getvalue()) + footprint(extent_of(file.getvalue()), need, filtered=False)


def test_of_what_nothing_is_known_grows_with_its_bytes():
    few, many = (expected_memory(bytes(count), (), ()) for count in (1000, MP))
    assert few + 50 * MP < many


PEAKS = """
import json, os, sys, imgpipe.preload, numpy, cv2
from imgpipe.recipe import Recipe
def memory(name):
    return int(next(line.split()[1] for line in open("/proc/self/status") if line.startswith(name + ":"))) << 10
for line in sys.stdin:
    path, *steps = json.loads(line)
    if not os.fork():
        recipe, data = Recipe(steps), open(path, "rb").read()
        before = memory("VmRSS")
        recipe.apply(data)
        print(memory("VmHWM") - before, flush=True)
        os._exit(0)
    if os.wait()[1]:
        sys.exit(line)
"""


@pytest.fixture(scope="module")
def taken_by():
    """The bytes that a picture takes with some steps, in a fork of one process: to load the libraries takes longer."""
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
    with subprocess.Popen([sys.executable, "-c", PEAKS], text=True, **pipes) as process:

        def take(path, steps):
            print(json.dumps([str(path), *steps]), file=process.stdin, flush=True)
            return int(process.stdout.readline())

        yield take


@pytest.fixture(scope="module")
def painted(tmp_path_factory):
    """A file in a format; of each there is one, which is only read."""

    @functools.cache
    def paint(format, mode, **options):
        path = tmp_path_factory.mktemp("painted") / f"picture.{format}"
        image = Image.linear_gradient("L").resize((2500, 2000))
        (image.convert("I").convert("I;16") if mode == "I;16" else image.convert(mode)).save(path, **options)
        return path

    return paint


@pytest.fixture(scope="module")
def raw(tmp_path_factory):
    path = tmp_path_factory.mktemp("raw") / "picture.dng"
    path.write_bytes(dng(flat(0.3, 0.2, 0.1, (2500, 2000)), thumbnail=True))
    return path


@pytest.mark.skipif(sys.platform != "linux", reason="memory is looked up in /proc")
@pytest.mark.parametrize("steps", [["resize:200x200"], [], ["blur:2"]], ids=["resized", "as it is", "blurred"])
@pytest.mark.parametrize(
    ("format", "mode", "options"),
    [
        ("jpeg", "RGB", {}),
        ("jpeg", "RGB", {"progressive": True, "subsampling": 0}),
        ("jpeg", "L", {}),
        ("png", "RGB", {"compress_level": 1}),
        ("png", "RGBA", {"compress_level": 1}),
        ("png", "I;16", {"compress_level": 1}),
        ("webp", "RGB", {"method": 0}),
        ("gif", "P", {}),
        ("tiff", "RGB", {"compression": "tiff_adobe_deflate"}),
        ("bmp", "RGB", {}),
    ],
    ids=lambda value: json.dumps(value) if isinstance(value, dict) else value,
)
def test_covers_the_peak(painted, taken_by, format, mode, options, steps):
    path = painted(format, mode, **options)
    expected = expected_memory(path.read_bytes(), Recipe(steps).operations, (OutputPlan(format),))
    taken = taken_by(path, steps)
    assert taken < expected < 6 * taken + 64 * MP


@pytest.mark.skipif(sys.platform != "linux", reason="memory is looked up in /proc")
@pytest.mark.skipif(bool(codecs._load("raw").missing), reason="needs imgpipe-cli[raw]")
@pytest.mark.parametrize("steps", [["resize:200x200"], [], ["blur:2"]], ids=["resized", "as it is", "blurred"])
def test_covers_the_peak_of_a_raw(raw, taken_by, steps):
    expected = expected_memory(raw.read_bytes(), Recipe(steps).operations, (OutputPlan("png"),))
    taken = taken_by(raw, steps)
    assert taken < expected < 6 * taken + 64 * MP
