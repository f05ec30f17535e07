import struct
import tracemalloc
import weakref
from io import BytesIO

import numpy as np
import pytest
from PIL import Image, ImageFile

from imgpipe import Recipe, codecs
from imgpipe.codecs import Encoding
from imgpipe.codecs.colour import to_srgb
from imgpipe.codecs.matrix_profile import grey_profile
from imgpipe.codecs.orientation import upright
from imgpipe.errors import DamagedPicture, EncodingFailed
from imgpipe.orientation import settled

from .pictures import deep_gradient, exif_block, gradient, picture_of, pixels, read, saved, wide_gamut_profile


def encode(*frames, **options):
    return codecs.encode(picture_of(*frames), "jpeg", Encoding(**options))


def opened(encoded):
    return Image.open(BytesIO(encoded.data))


@pytest.mark.parametrize("mode", ["L", "RGB", "CMYK"])
@pytest.mark.parametrize("progressive", [False, True])
def test_a_picture_comes_back_as_it_was(mode, progressive):
    image = gradient(160, 120, mode)
    encoded = encode(image, quality=95, progressive=progressive)
    back = read(encoded.data)
    assert back.frames[0].mode == mode
    assert encoded.size == back.size == (160, 120)
    assert np.abs(pixels(back.frames[0]) - pixels(image)).max() < 8
    assert bool(opened(encoded).info.get("progressive")) is progressive


@pytest.mark.parametrize(("quality", "sampling"), [(None, 2), (89, 2), (90, 0)])
def test_chroma_is_subsampled_below_quality_90(quality, sampling):
    from PIL.JpegImagePlugin import get_sampling

    assert get_sampling(opened(encode(gradient(), quality=quality))) == sampling


def test_quality_is_82_where_none_is_asked():
    assert encode(gradient()).data == encode(gradient(), quality=82).data


def test_subsampling_can_be_chosen():
    from PIL.JpegImagePlugin import get_sampling

    assert get_sampling(opened(encode(gradient(), subsampling="4:2:2"))) == 1


def test_effort_makes_it_smaller_and_changes_no_pixel():
    small, fast = encode(gradient(400, 300), effort=9), encode(gradient(400, 300), effort=0)
    assert len(small.data) < len(fast.data)
    assert (pixels(opened(small)) == pixels(opened(fast))).all()


def test_lossless_is_said_to_be_impossible():
    assert encode(gradient(), lossless=True).warnings == ("JPEG is never lossless: quality 100 was used",)


@pytest.mark.parametrize(
    ("at_least", "expected"),
    [((800, 600), (800, 600)), ((401, 300), (800, 600)), ((400, 300), (400, 300)), ((150, 100), (200, 150)),
     ((1, 1), (100, 75)), ((0, 0), (100, 75)), ((5000, 1), (800, 600))],
)  # fmt: skip
def test_frames_are_reduced_but_never_below_what_is_needed(at_least, expected):
    picture = read(saved(gradient(800, 600), "JPEG"), at_least)
    assert picture.frames[0].size == expected
    assert picture.size == (800, 600)


@pytest.mark.parametrize("at_least", [None, (75, 100)])
@pytest.mark.parametrize("orientation", range(1, 9))
def test_all_orientations_come_out_equal_and_upright(orientation, at_least):
    meant = gradient(300, 400)
    inverse = {2: 0, 3: 3, 4: 1, 5: 5, 6: 2, 7: 6, 8: 4}
    stored = meant if orientation == 1 else meant.transpose(Image.Transpose(inverse[orientation]))
    data = saved(stored, "JPEG", quality=95, subsampling=0, exif=exif_block(orientation))
    header = codecs.probe(data, codecs.Limits())
    assert (header.size, header.orientation) == ((300, 400), orientation)
    picture = settled(upright(codecs.decode(data, header, at_least), header.orientation))
    expected = meant if at_least is None else meant.reduce(4)
    assert picture.frames[0].size == expected.size
    assert picture.size == (300, 400)
    assert np.abs(pixels(picture.frames[0]) - pixels(expected)).max() < 8


def test_inverted_cmyk_of_adobe_keeps_its_inks():
    image = Image.new("CMYK", (16, 16), (255, 0, 0, 0))
    data = saved(image, "JPEG", quality=95)
    assert b"Adobe" in data
    assert pixels(read(data).frames[0])[0, 0].tolist() == pytest.approx([255, 0, 0, 0], abs=3)


def test_metadata_goes_round():
    picture = picture_of(gradient(), exif=exif_block(1), xmp=b"<x:xmpmeta/>", dpi=(300.0, 300.0), profile=b"p" * 100)
    back = read(codecs.encode(picture, "jpeg", Encoding()).data)
    assert (back.exif, back.xmp, back.dpi, back.profile) == (picture.exif, picture.xmp, picture.dpi, picture.profile)


@pytest.mark.parametrize(
    ("numbers", "whole"), [([1, 2, 3], True), ([3, 1, 2], True), ([1, 3], False), ([1, 2, 2, 3], False)]
)
def test_a_profile_of_several_segments_is_whole_or_said_to_be_dropped(wide_profile, numbers, whole):
    parts = {1: wide_profile[:100], 2: wide_profile[100:300], 3: wide_profile[300:]}
    segments = [b"ICC_PROFILE\0" + bytes([number, 3]) + parts[number] for number in numbers]
    written = b"".join(b"\xff\xe2" + struct.pack(">H", 2 + len(segment)) + segment for segment in segments)
    data = saved(gradient(), "JPEG")
    picture = read(data[:2] + written + data[2:])
    assert picture.profile == (wide_profile if whole else None)
    assert picture.warnings == (() if whole else ("ICC profile cannot be read and was dropped",))


def test_nothing_of_the_old_file_leaks_into_the_new_one():
    data = saved(gradient(), "JPEG", comment=b"secret comment", exif=exif_block(1), dpi=(123, 123))
    picture = read(data)
    assert picture.frames[0].info == {}
    assert b"secret" not in codecs.encode(picture_of(picture.frames[0]), "jpeg", Encoding()).data


GAIN_MAP = ("HDR gain map dropped: only the standard range is kept",)


def in_segment(marker, content):
    return b"\xff" + marker + struct.pack(">H", len(content) + 2) + content


def of_two(xmp=b"", aside=b""):
    """A picture and a grey one of half its size behind it, as phones store maps; XMP of either."""
    data = saved(gradient(), "MPO", save_all=True, append_images=[gradient(32, 24, "L")], xmp=xmp)
    second = data.index(b"\xff\xd8\xff", 2) + 2
    head = b"http://ns.adobe.com/xap/1.0/\0"
    return data[:second] + in_segment(b"\xe1", head + aside) + data[second:]


ISO_GAIN_MAP = in_segment(b"\xe2", b"urn:iso:std:iso:ts:21496:-1\0\0\0\0\0")
ULTRA_HDR = b'<x:xmpmeta xmlns:hdrgm="http://ns.adobe.com/hdr-gain-map/1.0/" hdrgm:Version="1.0"/>'
APPLE = b'<x:xmpmeta xmlns:HDRGainMap="http://ns.apple.com/HDRGainMap/1.0/" HDRGainMap:HDRGainMapVersion="65536"/>'


@pytest.mark.parametrize(
    "data",
    [
        saved(gradient(), "JPEG", xmp=ULTRA_HDR),
        of_two(ULTRA_HDR, ULTRA_HDR),
        saved(gradient(), "JPEG", extra=ISO_GAIN_MAP),
        of_two(aside=APPLE),
        of_two(APPLE),
    ],
    ids=["ultra-hdr-alone", "ultra-hdr", "iso-21496-1", "apple-aside", "apple"],
)
def test_a_gain_map_is_said_to_be_dropped(data):
    picture = read(data)
    assert picture.warnings == GAIN_MAP
    assert picture.size == (64, 48)


@pytest.mark.parametrize(
    "namespace",
    [
        "http://ns.google.com/photos/1.0/depthmap/",
        "http://ns.google.com/photos/dd/1.0/device/",
        "http://ns.apple.com/depthData/1.0/",
    ],
)
def test_a_depth_map_is_said_to_be_dropped(namespace):
    xmp = f'<x:xmpmeta xmlns:map="{namespace}" map:Format="RangeInverse"/>'.encode()
    assert read(saved(gradient(), "JPEG", xmp=xmp)).warnings == ("depth map dropped",)
    assert read(of_two(aside=xmp)).warnings == ("depth map dropped",)


@pytest.mark.parametrize("said", [b'MotionPhoto="1"', b'MicroVideo="1"', b'MotionPhoto="0"'])
def test_the_video_behind_a_motion_photo_is_missed(said):
    xmp = b'<x xmlns:GCamera="http://ns.google.com/photos/1.0/camera/" GCamera:' + said + b"/>"
    words = () if b"0" in said else ("video of a motion photo dropped",)
    assert read(saved(gradient(), "JPEG", xmp=xmp) + b"\0\0\0\x18ftypmp42").warnings == words


def test_a_picture_in_no_need_of_words_gets_none():
    assert read(saved(gradient(), "JPEG", xmp=b"<x/>", extra=in_segment(b"\xe2", b"else"))).warnings == ()
    assert read(of_two()).warnings == ("2 pictures in the file: only the first is kept",)


def test_further_pictures_of_a_stereo_file_are_said_to_be_dropped():
    data = saved(gradient(), "MPO", save_all=True, append_images=[gradient(), gradient()])
    picture = read(data)
    assert picture.format == "jpeg"
    assert picture.warnings == ("3 pictures in the file: only the first is kept",)


@pytest.mark.parametrize("colour", [(30, 180, 60), (255, 255, 255)])
def test_the_background_looks_the_same_where_colours_stay_in_their_space(colour):
    meant = picture_of(Image.new("RGBA", (8, 8)), profile=wide_gamut_profile())
    data = codecs.encode(meant, "jpeg", Encoding(quality=100, background=colour)).data
    shown = to_srgb(read(data)).frames[0].getpixel((4, 4))
    assert max(abs(made - wanted) for made, wanted in zip(shown, colour, strict=True)) <= 2


def test_grey_on_a_background_of_colour_is_no_grey_with_a_profile_of_grey():
    grey = picture_of(Image.new("LA", (8, 8)), profile=grey_profile("grey", 1.8))
    encoded = codecs.encode(grey, "jpeg", Encoding(background=(30, 180, 60)))
    back = read(encoded.data)
    assert (back.profile, back.frames[0].mode) == (None, "RGB")
    assert encoded.warnings[0] == "colours converted to sRGB: its background is a colour"
    encoded = codecs.encode(grey, "jpeg", Encoding(background=(99, 99, 99)))
    assert read(encoded.data).profile == grey.profile
    assert encoded.warnings == ("transparency flattened on #636363",)


def test_transparency_is_flattened_on_the_background():
    image = Image.new("RGBA", (32, 32), (255, 0, 0, 0))
    encoded = encode(image, background=(0, 0, 255), quality=95)
    assert encoded.warnings == ("transparency flattened on #0000ff",)
    assert pixels(opened(encoded))[5, 5].tolist() == pytest.approx([0, 0, 255], abs=3)


def test_half_transparent_pixels_mix_with_the_background():
    image = Image.new("LA", (32, 32), (200, 51))
    flat = opened(encode(image, background=(100, 100, 100)))
    assert flat.mode == "L"
    assert pixels(flat)[5, 5] == pytest.approx(120, abs=1)


def test_an_alpha_band_that_hides_nothing_is_dropped_without_a_word():
    image = gradient()
    image.putalpha(255)
    assert encode(image).warnings == ()


def test_sixteen_bits_are_rounded_and_said():
    encoded = encode(deep_gradient(1) // 65535 * 0 + np.uint16(32896), quality=100)
    assert encoded.warnings == ("16 bits a sample converted to 8",)
    assert pixels(opened(encoded))[0, 0] == 128


def test_only_the_first_of_an_animation_is_kept_and_said():
    picture = picture_of(gradient(), gradient().rotate(90), durations=(10, 10))
    encoded = codecs.encode(picture, "jpeg", Encoding())
    assert encoded.warnings == ("animation of 2 frames: only the first is kept",)


def test_a_jpeg_of_12_bits_a_sample_is_refused_in_words():
    data = bytearray(saved(gradient(), "JPEG"))
    data[data.index(b"\xff\xc0") + 4] = 12
    with pytest.raises(DamagedPicture, match="damaged JPEG, or of a kind that imgpipe does not read"):
        read(bytes(data))


def test_a_side_that_is_too_long_is_an_encoding_failure():
    with pytest.raises(EncodingFailed, match="65501 x 1"):
        encode(Image.new("L", (65501, 1)))


def test_a_file_is_opened_once_for_its_header_and_its_pixels(monkeypatch):
    opened_files = []
    whole = Image.open
    monkeypatch.setattr(Image, "open", lambda *args, **more: opened_files.append(args) or whole(*args, **more))
    Recipe(["resize:32x32"], format="png").apply(encode(gradient()).data)
    assert len(opened_files) == 1


def test_the_decoded_pixels_are_let_go_once_a_filter_has_replaced_them(monkeypatch):
    decode, encode_one = codecs.decode, codecs.encode
    decoded, still_there = [], []

    def decode_and_note(*args):
        picture = decode(*args)
        decoded.append(weakref.ref(picture.frames[0]))
        return picture

    def look_and_encode(*args):
        still_there.extend(ref() for ref in decoded)
        return encode_one(*args)

    monkeypatch.setattr(codecs, "decode", decode_and_note)
    monkeypatch.setattr(codecs, "encode", look_and_encode)
    Recipe(["resize:32x32"], format="png").apply(saved(gradient(), "JPEG"))
    assert still_there == [None]


def test_it_is_decoded_from_where_it_lies_without_a_copy_of_the_file():
    data = saved(Image.effect_noise((1600, 1600), 90), "JPEG", quality=95)
    read(data)
    tracemalloc.start()
    try:
        read(data, (200, 200))
        assert tracemalloc.get_traced_memory()[1] < len(data) // 4
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize("size", [3, 10, 16, 17, 400])
def test_a_stump_in_memory_of_others_is_told_of_as_one_in_bytes(size):
    stump, recipe = saved(gradient(), "JPEG")[:size], Recipe(format="png")
    with pytest.raises(DamagedPicture) as told:
        recipe.apply(stump)
    with pytest.raises(DamagedPicture) as told_of_the_view:
        recipe.apply(memoryview(stump))
    assert str(told_of_the_view.value) == str(told.value)


@pytest.mark.parametrize("options", [{}, {"progressive": True}])
def test_whoever_wants_what_is_there_of_a_truncated_one_gets_it_from_memory_of_others_too(options, monkeypatch):
    """A file of filters of one's own may say so to Pillow."""
    monkeypatch.setattr(ImageFile, "LOAD_TRUNCATED_IMAGES", True)
    whole, recipe = saved(Image.effect_noise((400, 400), 90), "JPEG", **options), Recipe(format="png")
    half = whole[: len(whole) // 2]
    assert recipe.apply(memoryview(half)) == recipe.apply(half)


@pytest.mark.parametrize("subsampling", [None, "4:2:0"])
def test_no_ink_has_half_the_resolution(subsampling):
    """Inks have no chroma: libjpeg would halve all but the first, and with black every letter."""
    inks = np.zeros((16, 16, 4), np.uint8)
    inks[::2, ::2, 3] = inks[1::2, 1::2, 3] = 255
    inks[:, ::2, 1] = 200
    image = Image.frombytes("CMYK", (16, 16), inks.tobytes())
    back = read(codecs.encode(picture_of(image), "jpeg", Encoding(subsampling=subsampling)).data)
    assert np.abs(pixels(back.frames[0]) - inks).max() <= 8
