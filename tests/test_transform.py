import functools
import re
import weakref
from io import BytesIO

import numpy as np
import pytest
from PIL import Image, ImageCms

from imgpipe import filters
from imgpipe.codecs import Encoding, Limits
from imgpipe.errors import DamagedPicture, LimitExceeded, NotAPicture, UsageError
from imgpipe.metadata import Metadata
from imgpipe.picture import Picture
from imgpipe.transform import OutputPlan, Settings, expected_memory, transform

SAME = (OutputPlan(),)


def gradient(width=400, height=300):
    x, y = np.meshgrid(np.linspace(0, 255, width), np.linspace(0, 255, height))
    return Image.fromarray(np.stack([x, y, (x + y) / 2], axis=2).astype(np.uint8))


def saved(image, format="JPEG", **options):
    file = BytesIO()
    image.save(file, format, **options)
    return file.getvalue()


def opened(encoded):
    image = Image.open(BytesIO(encoded.data))
    image.load()
    return image


def turned(orientation, rights=None):
    tags = Image.Exif()
    tags[0x0112] = orientation
    if rights:
        tags[0x8298] = rights
    return tags.tobytes()


@pytest.fixture
def decoded_sizes(monkeypatch):
    """The hint that each decoding was given."""
    from imgpipe import codecs

    sizes = []
    decode = codecs.decode

    def listen(data, header, at_least):
        sizes.append(at_least)
        return decode(data, header, at_least)

    monkeypatch.setattr(codecs, "decode", listen)
    return sizes


@pytest.mark.parametrize("format", ["JPEG", "PNG", "WEBP", "GIF", "TIFF", "BMP"])
def test_the_format_stays_where_none_is_asked(format):
    (encoded,) = transform(saved(gradient(40, 30), format), (), SAME, Settings())
    assert opened(encoded).format == format
    assert encoded.size == (40, 30)


def test_operations_run_in_order_and_those_of_an_output_after_them():
    crop = filters.parse("crop:width=200,height=200,gravity=northwest")
    resize = filters.parse("resize:width=50")
    outputs = (OutputPlan("png"), OutputPlan("png", operations=(resize,)))
    large, small = transform(saved(gradient(), "PNG"), (crop,), outputs, Settings())
    assert (large.size, small.size) == ((200, 200), (50, 50))
    assert np.asarray(opened(large)).max() < 220


def test_a_smaller_output_is_decoded_at_a_reduced_scale(decoded_sizes):
    (encoded,) = transform(saved(gradient()), (filters.parse("resize:width=40"),), SAME, Settings())
    assert encoded.size == (40, 30)
    assert decoded_sizes == [(60, 45)]


def test_the_largest_output_decides_the_scale(decoded_sizes):
    outputs = tuple(OutputPlan(operations=(filters.parse(f"resize:width={width}"),)) for width in (40, 80))
    transform(saved(gradient()), (), outputs, Settings())
    assert decoded_sizes == [(120, 90)]


def test_an_output_that_needs_every_pixel_gets_them(decoded_sizes):
    outputs = (OutputPlan(operations=(filters.parse("resize:width=40"),)), OutputPlan())
    assert [output.size for output in transform(saved(gradient()), (), outputs, Settings())] == [(40, 30), (400, 300)]
    assert decoded_sizes == [None]


@pytest.mark.parametrize("orientation", range(1, 9))
def test_a_reduced_picture_looks_as_the_whole_one_would(orientation):
    stored = gradient() if orientation < 5 else gradient(300, 400)
    upright = {1: None, 2: 0, 3: 3, 4: 1, 5: 5, 6: 4, 7: 6, 8: 2}[orientation]
    meant = stored if upright is None else stored.transpose(Image.Transpose(upright))
    data = saved(stored, quality=95, exif=turned(orientation))
    (encoded,) = transform(data, (filters.parse("resize:width=40"),), (OutputPlan("png"),), Settings())
    expected = meant.resize((40, 30), Image.Resampling.LANCZOS)
    assert np.abs(np.asarray(opened(encoded)).astype(int) - np.asarray(expected)).max() < 8


def test_orientation_can_be_left_alone():
    settings = Settings(auto_orient=False, metadata=Metadata(keep=["exif"]))
    (encoded,) = transform(saved(gradient(), exif=turned(6)), (), SAME, settings)
    assert encoded.size == (400, 300)
    assert opened(encoded).getexif()[0x0112] == 6
    assert encoded.warnings == ()


def test_orientation_that_is_neither_applied_nor_kept_is_said():
    (encoded,) = transform(saved(gradient(), exif=turned(6)), (), SAME, Settings(auto_orient=False))
    assert encoded.warnings == ("EXIF orientation neither applied nor kept: viewers will show it turned",)


def test_copyright_is_kept_by_default_and_the_rest_as_asked():
    data = saved(gradient(), exif=turned(6, "(c) me"), xmp=b"<x/>", dpi=(300, 300))
    (bare,) = transform(data, (), SAME, Settings())
    assert dict(opened(bare).getexif()) == {0x8298: "(c) me"}
    assert "xmp" not in opened(bare).info
    (kept,) = transform(data, (), SAME, Settings(metadata=Metadata(keep=["exif"])))
    assert dict(opened(kept).getexif()) == {0x8298: "(c) me"}
    assert opened(kept).info["dpi"] == (300, 300)
    assert "xmp" not in opened(kept).info


@functools.cache  # a profile says the second in which it was made
def wide_profile():
    """sRGB's own profile with a gamma of 1.0 in place of its curves: of a size that needs no building."""
    profile = bytearray(ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes())
    curve = profile.index(b"para")
    length = len(b"curv\0\0\0\0\0\0\0\0")
    profile[curve : curve + length] = b"curv\0\0\0\0\0\0\0\0"
    return bytes(profile)


@pytest.mark.parametrize("format", ["jpeg", "png", "webp", "tiff", "gif"])
def test_colours_become_srgb_and_the_profile_goes(format):
    data = saved(Image.new("RGB", (8, 8), (128, 128, 128)), "PNG", icc_profile=wide_profile())
    (encoded,) = transform(data, (), (OutputPlan(format),), Settings())
    assert "icc_profile" not in opened(encoded).info
    assert int(np.asarray(opened(encoded).convert("RGB"))[0, 0, 0]) == pytest.approx(188, abs=2)


@pytest.mark.parametrize("format", ["jpeg", "png", "webp", "tiff"])
def test_the_profile_is_embedded_where_colours_stay(format):
    data = saved(Image.new("RGB", (8, 8), (128, 128, 128)), "PNG", icc_profile=wide_profile())
    (encoded,) = transform(data, (), (OutputPlan(format),), Settings(srgb=False))
    assert opened(encoded).info["icc_profile"] == wide_profile()
    assert int(np.asarray(opened(encoded).convert("RGB"))[0, 0, 0]) == pytest.approx(128, abs=2)


def deep_in(profile):
    """A PNG of 16 bits a sample, in the colour space of a profile."""
    from imgpipe import codecs
    from imgpipe.picture import Picture

    deep = np.full((8, 8, 3), 32896, np.uint16)
    return codecs.encode(Picture((deep,), (8, 8), "png", profile=profile), "png", Encoding()).data


def test_16_bits_are_converted_to_srgb_on_their_way_to_8():
    from imgpipe import codecs

    kept, narrowed = transform(deep_in(wide_profile()), (), (OutputPlan("png"), OutputPlan("jpeg")), Settings())
    assert codecs.decode(kept.data, codecs.probe(kept.data, Limits())).profile == wide_profile()
    assert kept.warnings == (
        "16 bits a sample stay in their colour space, with its ICC profile; outputs of 8 bits (webp, jpeg) become sRGB",
    )
    assert "icc_profile" not in opened(narrowed).info
    assert int(np.asarray(opened(narrowed))[0, 0, 0]) == pytest.approx(188, abs=2)
    assert narrowed.warnings == ("16 bits a sample converted to 8",)


@pytest.mark.parametrize("settings", [Settings(srgb=False), Settings(metadata=Metadata(keep=["icc"]))])
def test_16_bits_that_are_to_stay_in_their_colour_space_are_not_warned_of(settings):
    data = deep_in(wide_profile())
    assert transform(data, (), SAME, settings)[0].warnings == ()


def test_16_bits_that_a_filter_makes_8_become_srgb():
    (few,) = transform(deep_in(wide_profile()), (filters.quantize(colours=4),), SAME, Settings())
    assert few.warnings == ("quantize: 16 bits a sample converted to 8",)
    assert "icc_profile" not in opened(few).info
    assert int(np.asarray(opened(few).convert("RGB"))[0, 0, 0]) == pytest.approx(188, abs=2)


def test_16_bits_in_srgb_are_not_warned_of():
    data = deep_in(ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes())
    assert transform(data, (), SAME, Settings())[0].warnings == ()


def test_the_profile_of_16_bits_stays_also_where_all_metadata_goes():
    from imgpipe import codecs

    (bare,) = transform(deep_in(wide_profile()), (), SAME, Settings(metadata=Metadata(strip=True)))
    assert codecs.decode(bare.data, codecs.probe(bare.data, Limits())).profile == wide_profile()


def test_warnings_of_one_output_are_not_those_of_another():
    data = saved(Image.new("RGBA", (8, 8), (1, 2, 3, 100)), "PNG")
    png, jpeg = transform(data, (), (OutputPlan("png"), OutputPlan("jpeg")), Settings())
    assert png.warnings == ()
    assert jpeg.warnings == ("transparency flattened on #ffffff",)


def test_warnings_of_decoding_are_on_every_output():
    data = saved(gradient(), xmp=b'<x hdrgm:Version="1.0"/>')
    encoded = transform(data, (), (OutputPlan("png"), OutputPlan("jpeg")), Settings())
    assert [output.warnings for output in encoded] == [("HDR gain map dropped: only the standard range is kept",)] * 2


def test_animations_go_through_filters_whole():
    frames = [gradient(80, 60).rotate(angle) for angle in (0, 90, 180)]
    data = saved(frames[0], "WEBP", save_all=True, append_images=frames[1:], duration=70, loop=2)
    resized = transform(data, (filters.parse("resize:width=40"),), (OutputPlan(), OutputPlan("gif")), Settings())
    for encoded in resized:
        assert encoded.size == (40, 30)
        assert opened(encoded).n_frames == 3


def test_pixels_are_limited_before_anything_is_decoded(decoded_sizes):
    with pytest.raises(LimitExceeded):
        transform(saved(gradient()), (), SAME, Settings(limits=Limits(max_pixels=1000)))
    assert decoded_sizes == []


def test_the_memory_that_is_needed_is_told_from_that_which_there_is():
    data = saved(gradient(4000, 3000), "PNG")
    most = expected_memory(data, (), SAME) - 1
    with pytest.raises(LimitExceeded) as caught:
        transform(data, (), SAME, Settings(limits=Limits(memory=most)))
    wanted, has = re.findall(r"(\d+) MB", str(caught.value))
    assert int(has) * 1_000_000 <= most < int(wanted) * 1_000_000


def test_what_cannot_be_read_is_said():
    with pytest.raises(NotAPicture, match="it is text"):
        transform(b"no picture at all", (), SAME, Settings())
    with pytest.raises(DamagedPicture):
        transform(saved(gradient())[:-100], (), SAME, Settings())


def test_an_unknown_format_is_the_callers_mistake():
    with pytest.raises(UsageError, match="did you mean jpeg"):
        transform(saved(gradient()), (), (OutputPlan("jpegg"),), Settings())


def test_what_was_decoded_is_let_go_once_something_else_was_made_of_it(monkeypatch):
    from imgpipe import codecs

    decode, decoded, alive = codecs.decode, [], []

    def watched(*arguments):
        picture = decode(*arguments)
        decoded.extend(map(weakref.ref, picture.frames))
        return picture

    @filters.filter(alpha="straight")
    def look(picture: Picture) -> Picture:
        alive.append([reference() is not None for reference in decoded])
        return picture

    monkeypatch.setattr(codecs, "decode", watched)
    resize = filters.parse("resize:50%")
    transform(saved(gradient()), (look(), resize, look(), resize, look()), SAME, Settings())
    assert alive == [[True], [False], [False]]
