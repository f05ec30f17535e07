import struct
import threading
import zlib
from dataclasses import replace
from io import BytesIO

import numpy as np
import pytest
from PIL import Image, ImageSequence

from imgpipe import codecs
from imgpipe.codecs import Encoding, Limits
from imgpipe.codecs.adobe_rgb import adobe_rgb_profile
from imgpipe.codecs.colour import to_srgb
from imgpipe.codecs.depth import shallow
from imgpipe.codecs.matrix_profile import grey_profile
from imgpipe.codecs.tiff_errors import errors_met, listen
from imgpipe.errors import DamagedPicture, EncodingFailed, LimitExceeded

from .pictures import deep_gradient, exif_block, gradient, picture_of, pixels, read, saved
from .raws import longs, shorts, tiff


def encode(*frames, effort=None, **more):
    return codecs.encode(picture_of(*frames, **more), "tiff", Encoding(effort=effort)).data


def compressions(data):
    """Of each page its compression and its predictor."""
    with Image.open(BytesIO(data)) as image:
        return [(page.tag_v2[259], page.tag_v2.get(317)) for page in ImageSequence.Iterator(image)]


@pytest.mark.parametrize("effort", [None, 0])
@pytest.mark.parametrize("mode", ["L", "LA", "RGB", "RGBA", "CMYK"])
def test_a_picture_comes_back_exactly(mode, effort):
    back = read(encode(gradient(mode=mode), effort=effort)).frames[0]
    assert back.mode == mode
    assert (pixels(back) == pixels(gradient(mode=mode))).all()


@pytest.mark.parametrize("bands", [1, 3, 4])
@pytest.mark.parametrize("size", [(64, 48), (1, 1), (300, 500)])
@pytest.mark.parametrize("effort", [None, 0])
def test_all_65536_levels_come_back_exactly(bands, size, effort):
    samples = deep_gradient(bands, *size)
    assert np.array_equal(read(encode(samples, effort=effort)).frames[0], samples)


def test_effort_is_the_level_where_samples_have_16_bits():
    noise = np.random.default_rng(1).integers(0, 9, (300, 300, 3)).astype(np.uint16)
    made = [codecs.encode(picture_of(noise), "tiff", Encoding(effort=effort)).data for effort in (1, 4, 9)]
    assert len(made[0]) > len(made[1]) > len(made[2])
    assert made[1] == encode(noise)


def test_deep_grey_with_alpha_is_stored_as_colour():
    samples = deep_gradient(2)
    assert np.array_equal(read(encode(samples)).frames[0], samples[:, :, [0, 0, 0, 1]])


@pytest.mark.parametrize("compression", [1, 5, 8, 32773])
@pytest.mark.parametrize("bands", [1, 3])
def test_16_bits_of_another_writer_come_back_exactly(bands, compression):
    cv2 = pytest.importorskip("cv2")
    samples = deep_gradient(bands)
    data = cv2.imencode(".tiff", samples, [cv2.IMWRITE_TIFF_COMPRESSION, compression])[1].tobytes()
    assert np.array_equal(read(data).frames[0], samples[:, :, ::-1])


def test_16_bits_where_white_is_zero_are_turned_round():
    samples = deep_gradient(1)
    data = encode(samples).replace(b"\x06\x01\x03\x00\x01\0\0\0\x01\0", b"\x06\x01\x03\x00\x01\0\0\0\0\0")
    assert np.array_equal(read(data).frames[0], 65535 - samples)


@pytest.mark.parametrize("effort", [None, 0])
def test_pages_come_back_each_in_its_size_and_depth(effort):
    pages = [gradient(40, 30), deep_gradient(3, 20, 50), gradient(10, 10, "L")]
    back = read(encode(*pages, effort=effort))
    assert [getattr(page, "dtype", None) or page.mode for page in back.frames] == ["RGB", np.uint16, "L"]
    assert [page.shape[:2] if hasattr(page, "dtype") else page.size[::-1] for page in back.frames] == [
        (30, 40), (50, 20), (10, 10)
    ]  # fmt: skip
    assert not back.animated


@pytest.mark.parametrize("effort", [None, 0])
def test_inks_stay_inks_beside_a_page_of_16_bits(effort):
    inks = gradient(mode="CMYK")
    back = read(encode(deep_gradient(), inks, effort=effort)).frames
    assert np.array_equal(back[0], deep_gradient())
    assert back[1].mode == "CMYK"
    assert (pixels(back[1]) == pixels(inks)).all()


@pytest.mark.parametrize("effort", [None, 0])
def test_shallow_pages_come_back(effort):
    pages = [gradient(41, 31), gradient(20, 50)]
    back = read(encode(*pages, effort=effort))
    assert [(pixels(a) == pixels(b)).all() for a, b in zip(back.frames, pages, strict=True)] == [True, True]


def test_pages_are_dropped_and_said_where_a_format_has_none():
    encoded = codecs.encode(picture_of(gradient(), gradient()), "webp", Encoding())
    assert encoded.warnings == ("2 pages: only the first is kept",)


def test_every_page_is_held_to_the_limits():
    data = encode(gradient(10, 10), gradient(40, 30))
    with pytest.raises(LimitExceeded, match=r"40 x 30 = 1200 pixels .* 500: raise --max-pixels"):
        codecs.probe(data, Limits(max_pixels=500))


@pytest.mark.parametrize("deep", [False, True])
@pytest.mark.parametrize("effort", [None, 0])
def test_metadata_goes_round(wide_profile, deep, effort):
    frame = deep_gradient() if deep else gradient()
    iptc = b"\x1c\x02\x05\x00\x03abc"
    meant = picture_of(frame, profile=wide_profile, xmp=b"<x/>", iptc=iptc, dpi=(300.0, 150.5))
    back = read(codecs.encode(meant, "tiff", Encoding(effort=effort)).data)
    assert (back.profile, back.xmp, back.iptc, back.dpi) == (meant.profile, meant.xmp, meant.iptc, meant.dpi)


@pytest.mark.parametrize("effort", [None, 0])
def test_exif_goes_round(effort):
    back = read(encode(gradient(), exif=exif_block(1), effort=effort))
    assert b"Imgpipe Camera" in back.exif
    assert b"(c) somebody" in back.exif


@pytest.mark.parametrize("frame", [gradient(), deep_gradient()])
def test_of_exif_the_texts_go_round_and_the_rest_is_said(frame):
    tags = Image.Exif()
    tags[0x010F], tags[0x8298], tags[0x0100] = "Imgpipe Camera", "(c) somebody", 70_000
    tags.get_ifd(0x8769)[0x9003] = "2024:05:01 10:20:30"
    encoded = codecs.encode(picture_of(frame, exif=tags.tobytes()), "tiff", Encoding())
    assert encoded.warnings == ("of EXIF only texts such as make, artist and copyright are kept in TIFF",)
    back = read(encoded.data)
    assert back.size == (64, 48)
    assert b"Imgpipe Camera" in back.exif
    assert b"(c) somebody" in back.exif


@pytest.mark.parametrize("orientation", range(1, 9))
def test_the_size_is_upright_and_so_are_the_pixels(orientation):
    meant = gradient(30, 40)
    inverse = {2: 0, 3: 3, 4: 1, 5: 5, 6: 2, 7: 6, 8: 4}
    stored = meant if orientation == 1 else meant.transpose(Image.Transpose(inverse[orientation]))
    data = saved(stored, "TIFF", tiffinfo={274: orientation})
    header = codecs.probe(data, Limits())
    assert (header.size, header.orientation) == ((30, 40), 1)
    assert (pixels(codecs.decode(data, header).frames[0]) == pixels(meant)).all()


@pytest.mark.parametrize("orientation", [3, 6, 8])
@pytest.mark.parametrize("bands", [1, 3])
def test_16_bits_are_upright_too(bands, orientation):
    samples = deep_gradient(bands)
    data = _with_orientation(encode(samples), orientation)
    turns = {3: 2, 6: 3, 8: 1}[orientation]
    assert np.array_equal(read(data).frames[0], np.rot90(samples, turns))


@pytest.mark.parametrize("frame", [gradient(), deep_gradient(), deep_gradient(1)])
def test_a_page_is_not_turned_by_what_xmp_says(frame):
    xmp = b'<x:xmpmeta xmlns:x="adobe:ns:meta/" tiff:Orientation="6"/>'
    back = read(encode(frame, frame, xmp=xmp))
    assert [np.array_equal(np.asarray(page).squeeze(), np.asarray(frame).squeeze()) for page in back.frames] == [
        True,
        True,
    ]
    assert back.size == (64, 48)
    assert back.xmp == xmp


def pages_with(*images_and_profiles):
    """A file in which each page has a profile of its own, or none."""
    for image, profile in images_and_profiles:
        image.info["icc_profile"] = profile
    first, *others = (image for image, _ in images_and_profiles)
    return saved(first, "TIFF", save_all=True, append_images=others)


def test_pages_with_profiles_of_their_own_become_srgb_and_it_is_said(wide_profile):
    deep = deep_gradient(1)
    profiles = (wide_profile, adobe_rgb_profile(), grey_profile("grey", 1.8))
    data = pages_with(*zip((gradient(), gradient(), Image.fromarray(deep[:, :, 0])), profiles, strict=True))
    picture = read(data)
    assert picture.profile is None
    assert picture.warnings == (
        "16 bits a sample converted to 8",
        "its pages have different ICC profiles: colours of all converted to sRGB",
    )
    for made, frame, profile in zip(picture.frames, (gradient(), gradient(), deep), profiles, strict=True):
        meant = to_srgb(shallow(picture_of(frame, profile=profile))).frames[0]
        assert np.array_equal(made, meant)


def test_a_page_without_a_profile_has_that_of_the_first(wide_profile):
    picture = read(pages_with((gradient(), wide_profile), (gradient(8, 8), None)))
    assert (picture.profile, picture.warnings) == (wide_profile, ())
    assert read(pages_with((gradient(), None), (gradient(), wide_profile))).profile is None


def test_16_bits_in_compressed_planes_become_8_and_it_is_said():
    plane = np.arange(64, dtype="<u2").reshape(8, 8) * 1009
    packed = zlib.compress(plane.tobytes())
    entries = {256: longs(8), 257: longs(8), 258: shorts(16, 16, 16), 259: shorts(8), 262: shorts(2), 277: shorts(3)}
    entries |= {279: longs(*[len(packed)] * 3), 284: shorts(2), 65_000: packed}
    start = tiff(entries | {273: longs(0, 0, 0)}).index(packed)
    picture = read(tiff(entries | {273: longs(start, start, start)}))
    assert picture.warnings == ("16 bits a sample converted to 8",)
    assert np.array_equal(pixels(picture.frames[0]), np.stack([plane >> 8] * 3, axis=2))


def _with_orientation(data, orientation):
    """The tag of the predictor, whose entry is of the same kind, is not needed by a file without compression."""
    cv2 = pytest.importorskip("cv2")
    samples = read(data).frames[0]
    plain = cv2.imencode(".tiff", samples[:, :, ::-1], [cv2.IMWRITE_TIFF_COMPRESSION, 1])[1].tobytes()
    at = plain.index(b"\x11\x01")  # strip offsets follow directly after where the orientation belongs
    directory = int.from_bytes(plain[4:8], "little")
    count = int.from_bytes(plain[directory : directory + 2], "little")
    entries = plain[directory + 2 : directory + 2 + 12 * count]
    moved = entries + b"\x12\x01\x03\0\x01\0\0\0" + bytes([orientation, 0, 0, 0])
    ordered = b"".join(sorted((moved[i : i + 12] for i in range(0, len(moved), 12)), key=lambda e: e[1] << 8 | e[0]))
    assert at
    new = len(plain) + len(plain) % 2
    body = plain.ljust(new, b"\0") + (count + 1).to_bytes(2, "little") + ordered + bytes(4)
    return body[:4] + new.to_bytes(4, "little") + body[8:]


def test_32_bit_samples_are_refused_in_words():
    data = saved(Image.fromarray(np.full((4, 4), 0.5, np.float32)), "TIFF")
    with pytest.raises(DamagedPicture, match="floating point, which imgpipe does not read"):
        read(data)


def test_signed_samples_of_8_bits_are_refused_in_words():
    """Pillow makes 255 of -1, which is the darkest but one."""
    entries = {256: longs(4), 257: longs(1), 258: shorts(8), 259: shorts(1), 262: shorts(1), 279: longs(4)}
    data = tiff(entries | {273: bytes([0, 1, 255, 128]), 339: shorts(2)})
    with pytest.raises(DamagedPicture, match="signed numbers of 8 bits, which imgpipe does not read"):
        read(data)


@pytest.mark.parametrize(
    ("photometric", "extra", "bands"),
    [(1, {338: shorts(2)}, 2), (8, {}, 3), (3, {320: shorts(*range(768)), 338: shorts(2)}, 2)],
)
@pytest.mark.parametrize("compression", [1, 8])
def test_planes_of_which_pillow_reads_the_first_alone_are_refused_in_words(photometric, extra, bands, compression):
    """Of grey with alpha it would else leave nothing to be seen."""
    plane = bytes(range(0, 256, 4))
    packed = zlib.compress(plane) if compression == 8 else plane
    entries = {256: longs(8), 257: longs(8), 258: shorts(*[8] * bands), 259: shorts(compression)}
    entries |= {262: shorts(photometric), 277: shorts(bands), 279: longs(*[len(packed)] * bands), 284: shorts(2)}
    entries |= extra | {65_000: packed}
    start = tiff(entries | {273: longs(*[0] * bands)}).index(packed)
    with pytest.raises(DamagedPicture, match="separate planes, which imgpipe does not read"):
        read(tiff(entries | {273: longs(*[start] * bands)}))


@pytest.fixture
def fax():
    """A whole one, and one with errors after which its decoder goes on."""
    whole = saved(Image.effect_noise((160, 120), 99).convert("1"), "TIFF", compression="group4")
    return whole, whole[:200] + bytes(byte ^ 0xFF for byte in whole[200:260]) + whole[260:]


def test_errors_that_the_decoder_goes_on_after_are_said_and_on_no_terminal(fax, capfd):
    whole, broken = fax
    assert read(whole).warnings == ()
    words = ("damaged in parts: its decoder met errors and went on, look at the picture",)
    assert read(broken).warnings == (words if listen() else ())
    assert capfd.readouterr() == ("", "") or not listen()
    assert read(whole).warnings == ()


def test_errors_that_another_thread_meets_meanwhile_are_of_its_own_file(fax):
    with errors_met() as met:
        warnings = []
        thread = threading.Thread(target=lambda: warnings.extend(read(fax[1]).warnings))
        thread.start()
        thread.join()
        assert not met.error
    assert len(warnings) == bool(listen())


def test_lab_becomes_colour():
    image = Image.new("LAB", (4, 4), (255, 128, 128))
    assert pixels(read(saved(image, "TIFF")).frames[0])[0, 0].min() > 250


STORED, LZW, DEFLATED = (1, None), (5, 2), (8, 2)


@pytest.mark.parametrize(
    ("effort", "shallow", "deep"),
    [(0, STORED, STORED), (None, LZW, DEFLATED), (1, LZW, DEFLATED), (4, LZW, DEFLATED), (5, DEFLATED, DEFLATED)],
)
def test_effort_decides_how_all_pages_are_compressed(effort, shallow, deep):
    assert compressions(encode(gradient(), effort=effort)) == [shallow]
    assert compressions(encode(gradient(), gradient(9, 9, "L"), effort=effort)) == [shallow] * 2
    assert compressions(encode(deep_gradient(), effort=effort)) == [deep]
    assert compressions(encode(gradient(), deep_gradient(), effort=effort)) == [deep] * 2


@pytest.mark.parametrize("frame", [gradient(300, 500), gradient(mode="CMYK"), deep_gradient(3, 300, 500)])
def test_what_is_not_compressed_stands_in_the_file_as_it_is(frame):
    assert np.asarray(frame).tobytes() in encode(frame, effort=0)


@pytest.mark.parametrize("frame", [gradient(300, 500), deep_gradient(3, 300, 500), deep_gradient(4)])
def test_another_reader_reads_what_is_not_compressed(frame):
    cv2 = pytest.importorskip("cv2")
    there = cv2.imdecode(np.frombuffer(encode(frame, effort=0), np.uint8), cv2.IMREAD_UNCHANGED)
    there[..., :3] = there[..., 2::-1].copy()
    assert np.array_equal(there, np.asarray(frame))


@pytest.mark.parametrize("frame", [Image.new("L", (8192, 8192)), np.zeros((4096, 8192, 1), np.uint16)])
def test_more_than_4_gb_that_are_not_compressed_are_refused_in_words(frame):
    with pytest.raises(EncodingFailed, match="a TIFF cannot be larger than 4 GB: choose PNG"):
        encode(*[frame] * 64, effort=0)


@pytest.mark.parametrize("pages", [1, 2])
def test_tags_of_the_file_that_was_read_are_not_taken_over(pages):
    more = {"save_all": True, "append_images": [gradient()] * (pages - 1)}
    source = read(saved(gradient(), "TIFF", tiffinfo={34377: b"8BIM of a layer", 282: 99.0, 283: 99.0}, **more))
    bare = replace(source, dpi=None)
    made = Image.open(BytesIO(codecs.encode(bare, "tiff", Encoding()).data))
    assert made.n_frames == pages
    assert not {34377, 282, 283} & set(made.tag_v2)


def test_pages_are_frames_of_their_own():
    first, second = read(encode(gradient(), gradient().transpose(Image.Transpose.FLIP_LEFT_RIGHT))).frames
    assert pixels(first).tolist() == pixels(gradient()).tolist()
    assert pixels(second).tolist() == pixels(gradient())[:, ::-1].tolist()


@pytest.mark.parametrize(
    ("number", "name"), [(50001, "WebP"), (34712, "JPEG 2000"), (50002, "JPEG XL"), (34887, "LERC")]
)
def test_a_compression_that_is_not_read_is_named(number, name):
    with pytest.raises(DamagedPicture, match=f"^it is compressed as {name}, which imgpipe does not read: save it with"):
        read(compressed_as(number))


def test_where_libtiff_has_a_decoder_for_it_a_file_that_cannot_be_read_is_damaged(monkeypatch):
    monkeypatch.setattr("imgpipe.codecs.tiff_unread.has_decoder", lambda number: number == 50001)
    with pytest.raises(DamagedPicture, match="damaged TIFF"):
        read(compressed_as(50001))


def compressed_as(number):
    made = encode(gradient(), effort=0)
    data = bytearray(made)
    struct.pack_into("<H", data, made.index(struct.pack("<HHL", 259, 3, 1)) + 8, number)
    return bytes(data)


@pytest.mark.parametrize(
    ("bits", "sample_format", "reason"),
    [
        (32, 3, "its samples are in floating point, which imgpipe does not read: convert them to 16 bits"),
        (12, 1, "it has 12 bits a sample, which imgpipe does not read: convert them to 16"),
        (32, 1, "it has 32 bits a sample, which imgpipe does not read: convert them to 16"),
    ],
)
def test_a_depth_of_colours_that_is_not_read_is_named(bits, sample_format, reason):
    samples = bytes(3 * 2 * 3 * bits // 8)
    tags = {256: shorts(3), 257: shorts(2), 258: shorts(bits, bits, bits), 259: shorts(1), 262: shorts(2)}
    tags |= {273: longs(8), 277: shorts(3), 278: shorts(2), 279: longs(len(samples)), 339: shorts(*[sample_format] * 3)}
    with pytest.raises(DamagedPicture, match=f"^{reason}$"):
        read(tiff(tags) + samples)


@pytest.mark.parametrize("kind", [1, 2])
def test_inks_with_transparency_are_not_called_damaged(kind):
    samples = bytes(3 * 2 * 5)
    tags = {256: shorts(3), 257: shorts(2), 258: shorts(8, 8, 8, 8, 8), 259: shorts(1), 262: shorts(5)}
    tags |= {273: longs(8), 277: shorts(5), 278: shorts(2), 279: longs(len(samples)), 338: shorts(kind)}
    with pytest.raises(DamagedPicture, match="it is CMYK with transparency, which imgpipe does not read in a TIFF"):
        read(tiff(tags) + samples)


def test_a_damaged_tiff_of_a_usual_compression_is_called_damaged():
    with pytest.raises(DamagedPicture, match="damaged TIFF"):
        read(encode(gradient().effect_spread(9))[:5000])


def test_the_byte_order_of_a_bigtiff_that_is_not_read_is_named():
    with pytest.raises(DamagedPicture, match="it is a BigTIFF in the byte order of Motorola, which imgpipe does not"):
        read(b"MM\0+\0\x08\0\0" + bytes(7) + b"\x10" + bytes(100))
