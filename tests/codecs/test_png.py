import struct
import zlib

import numpy as np
import pytest
from PIL import Image

from imgpipe import codecs
from imgpipe.codecs import Encoding
from imgpipe.codecs.matrix_profile import grey_profile
from imgpipe.codecs.png_chunks import SIGNATURE, chunk_bytes, chunks_of
from imgpipe.errors import DamagedPicture

from .pictures import deep_gradient, exif_block, gradient, picture_of, pixels, read, saved


def encode(*frames, **more):
    return codecs.encode(picture_of(*frames, **more), "png", Encoding()).data


def insert_chunk(data, kind, content, before):
    offset = next(start for name, start, _ in chunks_of(data) if name == before) - 8
    return data[:offset] + chunk_bytes(kind, content) + data[offset:]


@pytest.mark.parametrize("mode", ["L", "LA", "RGB", "RGBA"])
def test_a_picture_comes_back_exactly(mode):
    back = read(encode(gradient(mode=mode))).frames[0]
    assert back.mode == mode
    assert (pixels(back) == pixels(gradient(mode=mode))).all()


@pytest.mark.parametrize("bands", [1, 2, 3, 4])
@pytest.mark.parametrize("size", [(64, 48), (1, 1), (3, 301)])
def test_all_65536_levels_come_back_exactly(bands, size):
    samples = deep_gradient(bands, *size)
    back = read(encode(samples)).frames[0]
    assert back.dtype == np.uint16
    assert back.flags.c_contiguous
    assert np.array_equal(back, samples)


@pytest.mark.parametrize("bands", [1, 3, 4])
def test_another_reader_sees_the_same_16_bits(bands):
    cv2 = pytest.importorskip("cv2")
    samples = deep_gradient(bands)
    theirs = cv2.imdecode(np.frombuffer(encode(samples), np.uint8), cv2.IMREAD_UNCHANGED)
    order = {1: [0], 3: [2, 1, 0], 4: [2, 1, 0, 3]}[bands]
    assert np.array_equal(theirs.reshape(samples.shape), samples[:, :, order])


@pytest.mark.parametrize("bands", [1, 3, 4])
def test_16_bits_of_another_writer_come_back_exactly(bands):
    cv2 = pytest.importorskip("cv2")
    samples = deep_gradient(bands)
    data = cv2.imencode(".png", samples)[1].tobytes()
    order = {1: [0], 3: [2, 1, 0], 4: [2, 1, 0, 3]}[bands]
    assert np.array_equal(read(data).frames[0], samples[:, :, order])


def test_deep_metadata_goes_round(wide_profile):
    meant = picture_of(deep_gradient(), profile=wide_profile, exif=exif_block(1), xmp=b"<x/>", dpi=(300.0, 300.0))
    back = read(codecs.encode(meant, "png", Encoding()).data)
    assert (back.profile, back.exif, back.xmp) == (meant.profile, meant.exif, meant.xmp)
    assert back.dpi == pytest.approx(meant.dpi, abs=0.02)


def test_metadata_goes_round(wide_profile):
    meant = picture_of(gradient(), profile=wide_profile, exif=exif_block(1), xmp=b"<x/>", dpi=(300.0, 300.0))
    back = read(codecs.encode(meant, "png", Encoding()).data)
    assert (back.profile, back.exif, back.xmp) == (meant.profile, meant.exif, meant.xmp)
    assert back.dpi == pytest.approx(meant.dpi, abs=0.02)


@pytest.mark.parametrize("frame", [gradient(mode="L"), gradient(mode="LA"), deep_gradient(1), deep_gradient(2)])
def test_grey_under_a_profile_of_colours_is_stored_as_colours(wide_profile, frame):
    data = encode(frame, profile=wide_profile)
    assert data[25] in (2, 6)
    back = read(data)
    assert back.profile == wide_profile
    there, here = np.asarray(back.frames[0]), np.atleast_3d(np.asarray(frame))
    assert np.array_equal(there[:, :, :3], here[:, :, [0, 0, 0]])
    assert np.array_equal(there[:, :, 3:], here[:, :, 1:])
    assert encode(frame, profile=grey_profile("grey", 1.8))[25] in (0, 4)


@pytest.mark.parametrize("frame", [gradient(), deep_gradient()])
def test_colours_under_a_profile_of_grey_have_none(frame):
    encoded = codecs.encode(picture_of(frame, profile=grey_profile("grey", 1.8)), "png", Encoding())
    assert encoded.warnings == ("ICC profile is unusable and was ignored",)
    assert read(encoded.data).profile is None


def test_a_profile_that_cannot_be_unpacked_is_said_to_be_dropped():
    data = insert_chunk(encode(gradient()), b"iCCP", b"name\0\0no deflate", b"IDAT")
    assert read(data).warnings == ("ICC profile cannot be read and was dropped",)


def test_a_key_colour_of_16_bits_becomes_alpha():
    samples = deep_gradient(3)
    data = insert_chunk(encode(samples), b"tRNS", struct.pack(">3H", *samples[5, 7]), b"IDAT")
    back = read(data).frames[0]
    assert np.array_equal(back[:, :, :3], samples)
    assert back[5, 7, 3] == 0
    assert (back[:, :, 3] == 0).sum() == 1


@pytest.mark.parametrize(("mode", "key", "expected"), [("L", 0, "LA"), ("RGB", (0, 0, 0), "RGBA")])
def test_a_key_colour_becomes_alpha(mode, key, expected):
    data = saved(gradient(mode=mode), "PNG", transparency=key)
    back = read(data).frames[0]
    assert back.mode == expected
    assert pixels(back)[0, 0, -1] == 0
    assert pixels(back)[40, 40, -1] == 255
    assert b"tRNS" not in encode(back)


@pytest.mark.parametrize("high", [0, 1])
@pytest.mark.parametrize("depth", [1, 2, 4])
def test_a_key_of_grey_of_few_bits_becomes_alpha(depth, high):
    row, levels = 0b00011011, (1 << depth) - 1
    grey = [row >> shift & levels for shift in range(8 - depth, -1, -depth)]
    header = struct.pack(">IIBBBBB", len(grey), 1, depth, 0, 0, 0, 0)
    key = bytes([high, high << 4 | 1])
    chunks = [(b"IHDR", header), (b"tRNS", key), (b"IDAT", zlib.compress(bytes([0, row]))), (b"IEND", b"")]
    frame = read(SIGNATURE + b"".join(chunk_bytes(*chunk) for chunk in chunks)).frames[0]
    assert pixels(frame).tolist() == [[[value * 255 // levels, 0 if value == 1 else 255] for value in grey]]


@pytest.mark.parametrize(("transparency", "expected"), [(None, "RGB"), (3, "RGBA"), (bytes([0, 100, 200]), "RGBA")])
def test_palettes_become_colours(transparency, expected):
    image = gradient().quantize(16)
    options = {} if transparency is None else {"transparency": transparency}
    back = read(saved(image, "PNG", **options)).frames[0]
    assert back.mode == expected
    assert (pixels(back, "RGB") == pixels(image, "RGB")).all()


def test_one_bit_becomes_grey():
    image = gradient().convert("1")
    back = read(saved(image, "PNG")).frames[0]
    assert back.mode == "L"
    assert set(np.unique(pixels(back))) == {0, 255}


def test_exif_behind_the_pixels_is_found():
    data = insert_chunk(encode(gradient()), b"eXIf", exif_block(6)[6:], b"IEND")
    header = codecs.probe(data, codecs.Limits())
    assert (header.size, header.orientation) == ((48, 64), 6)
    assert codecs.decode(data, header).exif == exif_block(6)


def test_an_animation_comes_back_whole():
    frames = [gradient(mode="RGBA").rotate(angle) for angle in (0, 90, 180)]
    back = read(encode(*frames, durations=(40, 100, 2000), loop=2))
    assert (back.durations, back.loop) == ((40, 100, 2000), 2)
    assert [(pixels(a) == pixels(b)).all() for a, b in zip(back.frames, frames, strict=True)] == [True] * 3


def test_the_picture_for_other_viewers_is_no_frame_of_the_animation():
    frames = [gradient().rotate(angle) for angle in (90, 180)]
    data = saved(
        Image.new("RGB", (64, 48)), "PNG", save_all=True, append_images=frames, default_image=True, duration=50
    )
    back = read(data)
    assert (pixels(back.frames[0], "RGB") == pixels(frames[0])).all()
    assert len(back.frames) == len(back.durations) == 2


def test_a_single_frame_behind_such_a_picture_is_a_still():
    frame = gradient().rotate(90)
    data = saved(Image.new("RGB", (64, 48)), "PNG", save_all=True, append_images=[frame], default_image=True)
    back = read(data)
    assert (pixels(back.frames[0], "RGB") == pixels(frame)).all()
    assert (len(back.frames), back.durations) == (1, ())


def test_effort_is_the_compression_level():
    sizes = [
        len(codecs.encode(picture_of(gradient(400, 300)), "png", Encoding(effort=effort)).data) for effort in (0, 4, 9)
    ]
    assert sizes[0] > 400 * 300 * 3
    assert sizes[0] > sizes[1] >= sizes[2]


def test_without_an_effort_it_is_the_level_four_for_what_is_small():
    assert encode(gradient(100, 150)) == codecs.encode(picture_of(gradient(100, 150)), "png", Encoding(effort=4)).data


def test_a_palette_that_is_missing_is_damage():
    data = saved(gradient().quantize(16), "PNG")
    start, length = next((start, length) for kind, start, length in chunks_of(data) if kind == b"PLTE")
    with pytest.raises(DamagedPicture, match="palette is missing"):
        read(data[: start - 8] + data[start + length + 4 :])


@pytest.mark.parametrize("late", [False, True])
def test_a_file_is_opened_once_for_its_header_and_its_pixels(monkeypatch, late):
    data = encode(gradient())
    if late:
        data = insert_chunk(data, b"eXIf", exif_block(6)[6:], before=b"IEND")
    opened_files = []
    whole = Image.open
    monkeypatch.setattr(Image, "open", lambda *args, **more: opened_files.append(args) or whole(*args, **more))
    picture = read(data)
    assert len(opened_files) == 1
    assert (pixels(picture.frames[0]) == pixels(gradient())).all()
    assert bool(picture.exif) == late
