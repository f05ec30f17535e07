"""Colours that a file describes by code points or gamma come out as they are meant, in every format that can say so."""

import re
import struct
import zlib
from io import BytesIO

import numpy as np
import pytest
from PIL import Image, ImageCms

from imgpipe.codecs.cicp import CodePoints, in_code_points, in_gamma
from imgpipe.codecs.isobmff import code_points
from imgpipe.codecs.matrix_profile import Primaries, matrix_profile
from imgpipe.recipe import Colour, Recipe

from .pictures import deep_gradient, gradient, picture_of, pixels, read, saved, wide_gamut_profile

COLOURS = ((200, 50, 50), (60, 180, 90), (40, 60, 200), (128, 128, 128), (230, 200, 120))
KEPT, PNG = Recipe(format="png", colour=Colour(srgb=False)), Recipe(format="png")

# To linear sRGB from linear light of other primaries (CSS Color 4, sample code).
FROM_P3 = [[1.2249402, -0.2249402, 0], [-0.0420569, 1.0420569, 0], [-0.0196376, -0.0786361, 1.0982736]]
FROM_2020 = [
    [1.6604910, -0.5876411, -0.0728499],
    [-0.1245505, 1.1328999, -0.0083494],
    [-0.0181508, -0.1005789, 1.1187297],
]
SAME = [[1, 0, 0], [0, 1, 0], [0, 0, 1]]


def patches():
    image = Image.new("RGB", (16 * len(COLOURS), 16))
    for number, colour in enumerate(COLOURS):
        image.paste(colour, (16 * number, 0, 16 * number + 16, 16))
    return image


def of_patches(data):
    image = Image.open(BytesIO(data)).convert("RGB")
    return np.array([image.getpixel((16 * number + 8, 8)) for number in range(len(COLOURS))])


def meant(matrix, gamma=None, colours=COLOURS):
    """In sRGB, by the definitions."""
    levels = np.asarray(colours) / 255
    srgb = np.where(levels <= 0.04045, levels / 12.92, ((levels + 0.055) / 1.055) ** 2.4)
    light = (srgb if gamma is None else levels**gamma) @ np.array(matrix).T
    light = np.clip(light, 0, 1)
    return np.where(light <= 0.0031308, light * 12.92, 1.055 * light ** (1 / 2.4) - 0.055) * 255


def with_chunk(png, kind, content):
    chunk = struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))
    return png[:33] + chunk + png[33:]


def png_in(primaries, transfer):
    return with_chunk(saved(patches(), "PNG"), b"cICP", bytes([primaries, transfer, 0, 1]))


def saying(data, primaries, transfer):
    """The same file with other code points, wherever it has some."""
    return re.sub(rb"(?<=colrnclx)....", lambda _: struct.pack(">HH", primaries, transfer), data, flags=re.DOTALL)


def avif_in(primaries, transfer, frames=1):
    more = {"save_all": True, "append_images": [patches()] * (frames - 1)} if frames > 1 else {}
    return saying(saved(patches(), "AVIF", quality=95, subsampling="4:4:4", **more), primaries, transfer)


def heic_in(primaries, transfer):
    heif = pytest.importorskip("pillow_heif")
    heif.register_heif_opener()
    data = saved(patches(), "HEIF", quality=95, chroma=444)
    if b"colrnclx" in data:
        at = data.index(b"colrnclx") + 8
        return data[:at] + struct.pack(">HH", primaries, transfer) + data[at + 4 :]
    return saved(
        patches(), "HEIF", quality=95, chroma=444, color_primaries=primaries, transfer_characteristics=transfer
    )


MAKERS = pytest.mark.parametrize("make", [png_in, avif_in, heic_in])


@MAKERS
@pytest.mark.parametrize(
    ("code", "matrix", "gamma"),
    [((12, 13), FROM_P3, None), ((9, 13), FROM_2020, None), ((9, 1), FROM_2020, None), ((1, 4), SAME, 2.2)],
)
def test_other_primaries_and_curves_become_srgb(make, code, matrix, gamma):
    made = of_patches(PNG.apply(make(*code)))
    assert np.abs(made - meant(matrix, gamma)).max() <= 4
    assert np.abs(np.array(COLOURS) - meant(matrix, gamma)).max() > 4 or gamma


@MAKERS
@pytest.mark.parametrize("code", [(1, 13), (2, 2), (1, 1), (1, 6)])
def test_srgb_and_what_says_nothing_stays_as_it_is(make, code):
    picture = read(make(*code))
    assert picture.profile is None
    assert not picture.warnings
    assert np.abs(of_patches(PNG.apply(make(*code))) - np.array(COLOURS)).max() <= 3


@MAKERS
@pytest.mark.parametrize(("code", "word"), [((9, 16), "HDR (PQ)"), ((9, 18), "HDR (HLG)"), ((10, 13), "CICP 10/13")])
def test_what_cannot_be_converted_is_said(make, code, word):
    picture = read(make(*code))
    assert picture.profile is None
    assert any(word in warning for warning in picture.warnings)


def test_colours_that_stay_keep_a_profile_of_what_they_are():
    kept = KEPT.apply(png_in(12, 13))
    assert np.array_equal(of_patches(kept), np.array(COLOURS))
    assert np.abs(of_patches(PNG.apply(kept)) - meant(FROM_P3)).max() <= 2


def test_a_film_says_it_in_its_track():
    data = avif_in(12, 13, frames=3)
    assert code_points(data) == (12, 13)
    assert code_points(data.replace(b"meta", b"atem", 1)) == code_points(data)


def test_a_picture_beside_the_primary_one_says_nothing_of_it():
    """Alpha has its own properties, a `colr` box of its own perhaps among them."""
    data = saved(gradient(mode="RGBA"), "AVIF")
    data = saying(data, 12, 13)
    assert code_points(data) == (12, 13)
    start = data.index(b"pitm") + 8
    (primary,) = struct.unpack_from(">H", data, start)
    assert code_points(data[:start] + struct.pack(">H", primary + 1) + data[start + 2 :]) is None


def test_a_truncated_or_changed_file_never_raises():
    whole = avif_in(12, 13)[:600]
    for cut in range(len(whole)):
        code_points(whole[:cut])
        for value in (0, 1, 0x7F, 0xFF):
            code_points(whole[:cut] + bytes([value]) + whole[cut + 1 :])


def test_code_points_of_a_png_go_before_its_profile_and_a_profile_of_an_avif_before_its_code_points():
    png = saved(patches(), "PNG", icc_profile=wide_gamut_profile())
    assert read(with_chunk(png, b"cICP", bytes([1, 13, 0, 1]))).profile is None
    for not_understood in ([9, 16, 0, 1], [10, 13, 0, 1]):
        kept = read(with_chunk(png, b"cICP", bytes(not_understood)))
        assert (kept.profile, kept.warnings) == (wide_gamut_profile(), ())
    data = saved(patches(), "AVIF", icc_profile=wide_gamut_profile())
    data = saying(data, 9, 16)
    assert read(data).profile == wide_gamut_profile()
    assert not read(data).warnings


class TestGammaOfAPng:
    def in_gamma(self, gamma, *chunks):
        data = saved(patches(), "PNG")
        for kind, content in chunks:
            data = with_chunk(data, kind, content)
        return with_chunk(data, b"gAMA", struct.pack(">I", round(gamma * 100_000)))

    @pytest.mark.parametrize("gamma", [1.0, 0.55556, 0.38462])
    def test_is_heeded(self, gamma):
        made = of_patches(PNG.apply(self.in_gamma(gamma)))
        assert np.abs(made - meant(SAME, 1 / gamma)).max() <= 2

    @pytest.mark.parametrize("gamma", [0.45455, 0.45, 0.46, 0.0, 0.00001, 9.0, 20_000.0])
    def test_that_is_near_that_of_srgb_or_nonsense_changes_nothing(self, gamma):
        assert read(self.in_gamma(gamma)).profile is None

    def test_means_nothing_beside_the_word_srgb_or_a_profile(self):
        assert read(self.in_gamma(1.0, (b"sRGB", b"\0"))).profile is None
        wide = saved(patches(), "PNG", icc_profile=wide_gamut_profile())
        assert read(with_chunk(wide, b"gAMA", struct.pack(">I", 100_000))).profile == wide_gamut_profile()

    def test_comes_with_primaries(self):
        p3 = [0.3127, 0.329, 0.68, 0.32, 0.265, 0.69, 0.15, 0.06]
        chunk = struct.pack(">8I", *(round(value * 100_000) for value in p3))
        made = of_patches(PNG.apply(self.in_gamma(0.45455, (b"cHRM", chunk))))
        assert np.abs(made - meant(FROM_P3)).max() <= 2
        srgb = struct.pack(">8I", 31270, 32900, 64000, 33000, 30000, 60000, 15000, 6000)
        assert read(self.in_gamma(0.45455, (b"cHRM", srgb))).profile is None

    @pytest.mark.parametrize(
        "nonsense", [[0] * 8, [1] * 8, [31270, 32900, *[30000, 30000] * 3], [31270, 1, *[2**31 - 1] * 6]]
    )
    def test_with_primaries_of_no_space_is_none(self, nonsense):
        picture = read(self.in_gamma(0.45455, (b"cHRM", struct.pack(">8I", *nonsense))))
        assert picture.profile is None
        assert in_gamma(picture, 0.45455, tuple(value / 100_000 for value in nonsense)).profile is None

    @pytest.mark.parametrize("mode", ["L", "LA"])
    def test_of_grey_is_heeded_and_kept_as_a_profile_of_grey(self, mode):
        grey = Image.new(mode, (16, 16), 128 if mode == "L" else (128, 255))
        data = with_chunk(saved(grey, "PNG"), b"gAMA", struct.pack(">I", 100_000))
        (expected,) = {round(value) for value in meant(SAME, 1.0, [(128, 128, 128)]).ravel()}
        made = Image.open(BytesIO(PNG.apply(data)))
        assert made.mode == mode
        assert abs(np.asarray(made.getchannel(0))[3, 3] - expected) <= 2
        kept = Image.open(BytesIO(KEPT.apply(data)))
        profile = ImageCms.ImageCmsProfile(BytesIO(kept.info["icc_profile"])).profile
        assert profile.xcolor_space == "GRAY"

    def test_of_16_bits_is_kept_as_a_profile(self):
        data = saved(Image.fromarray(deep_gradient(1)[:, :, 0]), "PNG")
        data = with_chunk(data, b"gAMA", struct.pack(">I", 100_000))
        assert read(data).profile[16:20] == b"GRAY"
        assert np.array_equal(np.asarray(read(data).frames[0])[:, :, 0], deep_gradient(1)[:, :, 0])


def test_the_primaries_of_srgb_make_its_profile():
    srgb = Primaries((0.64, 0.33), (0.30, 0.60), (0.15, 0.06))
    profile = matrix_profile("sRGB", srgb, None)
    image = gradient(300, 200)
    assert np.array_equal(pixels(read(PNG.apply(saved(image, "PNG", icc_profile=profile))).frames[0]), pixels(image))


def test_a_picture_that_says_nothing_is_the_very_same():
    picture = picture_of(gradient())
    assert in_code_points(picture, None) is picture
    assert in_code_points(picture, CodePoints(1, 13)).profile is None
