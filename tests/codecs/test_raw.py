"""Camera RAW: told from TIFF by content, developed with the camera's colours, turned once, never its thumbnail."""

import io
import struct

import numpy as np
import pytest
from PIL import Image

from imgpipe import codecs
from imgpipe.codecs import Encoding, Limits
from imgpipe.codecs.extent import extent_of
from imgpipe.codecs.orientation import upright
from imgpipe.codecs.raw_exif import described_raw
from imgpipe.codecs.raw_kinds import bears_signature, is_cut_off, is_raw_tiff
from imgpipe.codecs.tiff_tree import directories
from imgpipe.errors import DamagedPicture, LimitExceeded, NotAPicture, PictureError
from imgpipe.orientation import settled, upright_frame
from imgpipe.recipe import Recipe

from .pictures import deep_gradient, gradient, picture_of, saved
from .raws import camera, corners, dng, flat, fractions, longs, octets, sensor, shorts, text, tiff

installed = pytest.mark.skipif(bool(codecs._load("raw").missing), reason="needs imgpipe-cli[raw]")


def read(data, at_least=None):
    header = codecs.probe(data, Limits())
    return settled(upright(codecs.decode(data, header, at_least), header.orientation))


def encoded(light):
    """The sRGB of light in 0 to 1, by IEC 61966-2-1, in 0 to 255."""
    light = np.asarray(light, float)
    return 255 * np.where(light <= 0.0031308, 12.92 * light, 1.055 * light ** (1 / 2.4) - 0.055)


@installed
@pytest.mark.parametrize(
    "light", [(0.7, 0.05, 0.05), (0.05, 0.7, 0.05), (0.05, 0.05, 0.7), (0.18, 0.18, 0.18), (0.02, 0.02, 0.02)]
)
@pytest.mark.parametrize("thumbnail", [False, True])
def test_colours_are_those_of_the_light_in_srgb_and_no_brighter(light, thumbnail):
    picture = read(dng(flat(*light), thumbnail=thumbnail))
    assert picture.profile is None
    assert picture.frames[0].dtype == np.uint16
    middle = picture.frames[0][8:-8, 8:-8].reshape(-1, 3) / 257
    assert np.abs(middle - encoded(light)).max() < 1


@installed
def test_exposure_does_not_depend_on_what_is_in_the_picture():
    mixed = np.array(flat(0.18, 0.18, 0.18))
    mixed[:, 40:] = 0.9
    assert np.abs(read(dng(mixed)).frames[0][20, 10] / 257 - encoded(0.18)).max() < 1


@installed
def test_white_is_the_camera_s():
    picture = read(dng(flat(0.2, 0.4, 0.3), neutral=(0.5, 1, 0.75)))
    assert np.ptp(picture.frames[0][20, 20]) < 257


@installed
@pytest.mark.parametrize("orientation", range(1, 9))
def test_every_orientation_is_applied_once(orientation):
    light = corners((64, 48))
    # What the turn of a viewer undoes.
    inverse = {6: 8, 8: 6}.get(orientation, orientation)
    stored = upright_frame(np.ascontiguousarray((light * 60_000).astype(np.uint16)), inverse) / 60_000
    picture = read(dng(stored, orientation))
    assert picture.size == (64, 48)
    assert np.abs(picture.frames[0][4:20, 4:28] / 257 - encoded(light[10, 10])).max() < 2
    assert np.abs(picture.frames[0][4:20, 36:60] / 257 - encoded(light[10, 50])).max() < 2
    assert np.abs(picture.frames[0][28:44, 4:28] / 257 - encoded(light[40, 10])).max() < 2


@installed
@pytest.mark.parametrize("size", [(128, 96), (127, 95)])
def test_half_of_it_is_developed_where_that_is_enough(size):
    data = dng(corners(size))
    assert read(data, (size[0] // 2, size[1] // 2)).frames[0].shape == (-(-size[1] // 2), -(-size[0] // 2), 3)
    assert read(data, (size[0] // 2 + 1, 2)).frames[0].shape == (size[1], size[0], 3)
    assert read(data, (size[0] // 2, 4)).size == size


@installed
def test_a_half_has_the_colours_of_the_whole():
    data = dng(corners((128, 96)))
    whole, half = read(data).frames[0] / 257, read(data, (64, 48)).frames[0] / 257
    assert np.abs(whole[::2, ::2][4:20, 4:28] - half[4:20, 4:28]).max() < 2


@installed
def test_sixteen_bits_reach_a_png_and_a_jpeg_has_eight():
    data = dng(flat(0.3, 0.2, 0.1))
    deep = Recipe(["resize:32x"]).apply(data)
    assert deep.startswith(b"\x89PNG")
    assert deep[24] == 16
    small = Image.open(io.BytesIO(Recipe(["resize:32x"], format="jpeg").apply(data)))
    assert small.size == (32, 24)
    assert np.abs(np.asarray(small).astype(float)[12, 16] - encoded((0.3, 0.2, 0.1))).max() < 4


@installed
def test_exif_is_kept_and_says_the_colours_that_were_developed():
    exif = Image.Exif()
    exif.load(read(dng(corners(), 6)).exif)
    assert (exif[271], exif[272], exif[306]) == ("Imgpipe", "Camera One", "2026:01:02 03:04:05")
    assert 274 not in exif
    # The camera was set to Adobe RGB.
    assert exif.get_ifd(34665)[0xA001] == 1
    assert read(dng(corners(), 6)).profile is None


@installed
def test_maker_notes_stay_behind_and_hostile_exif_costs_itself_only():
    about = camera()
    about[34665] = {**about[34665], 0x927C: (7, 9000, bytes(9000)), 0x9286: (7, 99, bytes(99))}
    data = tiff({**sensor(corners()), **about})
    assert len(read(data).exif) < 700
    broken = {**about, 34853: longs(5), 315: (12, 3, bytes(24)), 33432: (5, 1, bytes(8)), 270: text("x" * 70_000)}
    picture = read(tiff({**sensor(corners()), **broken}))
    assert picture.frames[0].shape == (48, 64, 3)
    assert picture.warnings == ("part of its EXIF cannot be read and was dropped",)


def test_an_ordinary_tiff_stays_one():
    pages = [gradient(), gradient(mode="L")]
    for data in (
        saved(gradient(), "TIFF"),
        saved(gradient(mode="CMYK"), "TIFF", compression="tiff_lzw"),
        saved(pages[0], "TIFF", save_all=True, append_images=pages[1:], big_tiff=True),
        codecs.encode(picture_of(deep_gradient()), "tiff", Encoding()).data,
        saved(gradient(), "TIFF", tiffinfo={271: "NIKON CORPORATION", 272: "NIKON D90"}),
    ):
        assert codecs.identify(data) == "tiff"
        assert codecs.probe(data, Limits()).format == "tiff"


def kinds():
    """What is in the directories of the RAW of makers, whose pixels nobody but LibRaw reads."""
    small = {254: longs(1), 256: longs(8), 257: longs(8), 258: shorts(8), 259: shorts(6), 262: shorts(6), 273: bytes(9)}
    below = sensor(corners())
    yield "nef", tiff({**small, 271: text("NIKON CORPORATION"), 330: {**below, 259: shorts(34713)}})
    yield "nef without the word", tiff({**small, 330: {**below, 259: shorts(34713), 262: shorts(2)}})
    yield "arw", tiff({**small, 271: text("SONY"), 330: {**below, 259: shorts(32767)}}, {**small, 513: bytes(9)})
    yield "pef", tiff({**below, 259: shorts(65535), 271: text("PENTAX")}, small)
    yield "linear", tiff({**below, 262: shorts(34892), 258: shorts(16, 16, 16)})
    yield "dng", tiff({**small, 262: shorts(2), **camera()})


@pytest.mark.parametrize(("name", "data"), list(kinds()), ids=[name for name, _ in kinds()])
def test_what_begins_like_a_tiff_is_known_by_its_directories(name, data):
    assert codecs.sniff(data[:64]) == "tiff"
    assert codecs.identify(data) == "raw"
    assert extent_of(data).kind == "raw"


@pytest.mark.parametrize("data", [data for _, data in kinds()], ids=[name for name, _ in kinds()])
@pytest.mark.parametrize("installed", [True, False])
def test_a_thumbnail_never_stands_for_the_picture_however_the_file_is_cut(data, installed, monkeypatch):
    if not installed:
        monkeypatch.setattr("importlib.util.find_spec", lambda _name: None)
    for cut in {*range(8, len(data), 5), len(data)}:
        try:
            assert read(data[:cut]).size == (64, 48)
        except PictureError as error:
            assert str(error)  # noqa: PT017


@pytest.mark.parametrize(
    "head",
    [
        b"FUJIFILMCCD-RAW 0201FF",
        b"IIU\0\x18\0\0\0",
        b"IIRO\x08\0\0\0",
        b"IIRS\x08\0\0\0",
        b"MMOR\0\0\0\x08",
        b"II*\0\x10\0\0\0CR\x02\0",
        b"\0\0\0\x18ftypcrx \0\0\0\x01crx isom",
        b"II\x1a\0\0\0HEAPCCDR",
        b"FOVb\0\0\2\0",
        b"\0MRM\0\0\1\0",
    ],
)
def test_signatures_of_makers_are_known(head):
    assert bears_signature(head)
    assert codecs.sniff(head.ljust(64, b"\0")) == "raw"
    assert extent_of(head.ljust(9_000_000, b"\0")).pixels == pytest.approx(9_000_000, rel=0.01)
    with pytest.raises((DamagedPicture, NotAPicture)):
        codecs.probe(head.ljust(5000, b"\1"), Limits())


SMALL = np.full((8, 8, 3), 99, np.uint8).tobytes()
PREVIEW = {
    254: longs(1), 256: longs(8), 257: longs(8), 258: shorts(8, 8, 8), 259: shorts(1), 262: shorts(2),
    273: longs(8), 277: shorts(3), 278: longs(8), 279: longs(len(SMALL)),
}  # fmt: skip
"""A thumbnail that Pillow decodes, and whose pixels come before all else."""


@pytest.mark.parametrize("below", [{259: shorts(34713)}, {259: shorts(32767)}, {262: shorts(34892)}], ids=str)
def test_a_thumbnail_that_is_whole_never_stands_for_what_is_cut_off(below):
    data = tiff({**PREVIEW, 330: {**sensor(corners()), **below}}, start=8 + len(SMALL))
    data = data[:8] + SMALL + data[8 + len(SMALL) :]
    assert data.endswith(sensor(corners())[273])
    for cut in range(8 + len(SMALL), len(data) - len(sensor(corners())[273]) + 1):
        try:
            assert read(data[:cut]).size != (8, 8), cut
        except PictureError as error:
            assert str(error)  # noqa: PT017


def test_a_thumbnail_is_none_of_a_tiff_where_the_places_of_what_is_below_it_are_cut_off():
    data = tiff({**PREVIEW, 330: longs(4000, 5000)}, start=8 + len(SMALL))
    assert is_raw_tiff(data[:-8])
    assert is_raw_tiff(data)
    assert not is_raw_tiff(tiff(PREVIEW, start=8 + len(SMALL)))


def big_tiff(entries):
    """A BigTIFF of one directory, whose values stand in their entries."""
    packed = b"".join(struct.pack("<HHQ", tag, kind, count) + value.ljust(8, b"\0") for tag, (kind, count, value) in
                      sorted(entries.items()))  # fmt: skip
    return b"II+\0" + struct.pack("<HHQQ", 8, 0, 16, len(entries)) + packed + bytes(8)


def test_a_raw_may_be_a_big_tiff():
    assert is_raw_tiff(big_tiff({256: longs(8), 50706: octets(1, 7, 0, 0)}))
    assert is_raw_tiff(big_tiff({256: longs(8), 262: shorts(32803)}))
    assert not is_raw_tiff(big_tiff({256: longs(8), 262: shorts(2)}))


@installed
@pytest.mark.parametrize("thumbnail", [False, True])
def test_truncation_is_found_wherever_it_is(thumbnail):
    data = dng(corners(), thumbnail=thumbnail)
    for cut in {*range(0, len(data), 13), *range(len(data) - 40, len(data))}:
        with pytest.raises((DamagedPicture, NotAPicture)):
            read(data[:cut])


@installed
def test_size_is_limited_before_the_sensor_is_read_also_where_the_visible_part_is_small():
    light = flat(0.1, 0.1, 0.1)
    with pytest.raises(LimitExceeded, match="64 x 48 = 3072 pixels"):
        codecs.probe(dng(light), Limits(max_pixels=3071))
    huge = {**sensor(light), **camera(), 256: longs(60_000), 257: longs(60_000)}
    visible = (4, 4, b"".join(number.to_bytes(4, "little") for number in (0, 0, 48, 64)))
    with pytest.raises(LimitExceeded, match="60000 x 60000"):
        codecs.probe(tiff({**huge, 50829: visible}), Limits())


@installed
def test_a_file_whose_colours_lie_behind_its_end_is_damaged():
    data = bytearray(dng(corners()))
    field = data.index(struct.pack("<HH", 50721, 10)) + 8
    struct.pack_into("<I", data, field, len(data) - 20)
    with pytest.raises(DamagedPicture, match="cut off"):
        read(bytes(data))


def test_tiles_that_lie_behind_the_end_are_found():
    tiles = {tag: value for tag, value in sensor(corners()).items() if tag not in (273, 279)}
    whole = tiff({**tiles, 324: bytes(100), 325: longs(100)})
    assert not is_cut_off(whole)
    assert is_cut_off(whole[:-1])


def linear(light):
    """A DNG that has all colours at every px."""
    entries = {tag: value for tag, value in sensor(light).items() if tag not in (33421, 33422)}
    samples = np.round(np.asarray(light) * 16_000).astype("<u2").tobytes()
    entries |= {258: shorts(16, 16, 16), 262: shorts(34892), 273: samples, 277: shorts(3), 279: longs(len(samples))}
    return tiff({**entries, **camera()})


@installed
def test_a_sensor_without_a_mosaic_is_never_halved():
    picture = read(linear(corners((64, 48))), (32, 24))
    assert (picture.size, picture.frames[0].shape) == ((64, 48), (48, 64, 3))
    assert np.abs(picture.frames[0][10, 10] / 257 - encoded(corners()[10, 10])).max() < 2


@installed
def test_pixels_that_are_not_square_become_square_and_the_size_says_so():
    data = tiff({**sensor(corners()), **camera(6), 50718: fractions(2, 1)})
    picture = read(data)
    assert picture.size == picture.frames[0].shape[1::-1] == (48, 128)
    assert read(data, (12, 32)).size == (48, 128)


@installed
@pytest.mark.parametrize(
    ("raised", "becomes"), [("LibRawUnsufficientMemoryError", MemoryError), ("LibRawTooBigError", LimitExceeded)]
)
def test_no_memory_is_no_fault_of_the_picture(raised, becomes, monkeypatch):
    import rawpy

    def refuse(_file):
        raise getattr(rawpy, raised)(b"sorry")

    monkeypatch.setattr(rawpy, "imread", refuse)
    with pytest.raises(becomes):
        codecs.probe(dng(corners()), Limits())


def test_exif_is_found_where_makers_put_it():
    about = tiff({271: text("Imgpipe"), 306: text("2026:01:02 03:04:05")})
    details = tiff({0x829A: fractions(0.01)})
    jpeg = saved(gradient(), "JPEG", exif=b"Exif\0\0" + about)
    raf = b"FUJIFILMCCD-RAW ".ljust(84, b"\0") + struct.pack(">II", 160, len(jpeg)) + bytes(68) + jpeg
    boxes = [(b"CMT1", about), (b"CMT2", details)]
    cr3 = b"\0\0\0\x18ftypcrx \0\0\0\1crx isom"
    cr3 += b"".join(struct.pack(">I", 8 + len(content)) + name + content for name, content in boxes)
    for data in (about, b"IIRO" + about[4:], b"IIU\0" + about[4:], raf, cr3):
        info, words = described_raw(data, 6)
        exif = Image.Exif()
        exif.load(info["exif"])
        assert (exif[271], exif[306], exif[274], words) == ("Imgpipe", "2026:01:02 03:04:05", 6, ())
    assert exif.get_ifd(34665)[0x829A] == pytest.approx(0.01)
    assert described_raw(raf[:170], 6) == ({}, ("part of its EXIF cannot be read and was dropped",))


def test_no_more_directories_and_entries_are_read_than_a_camera_writes():
    chain = bytearray(b"II*\0\x08\0\0\0")
    for _ in range(500):
        chain += struct.pack("<HHHIII", 1, 256, 4, 1, 1, len(chain) + 18)
    assert len(list(directories(bytes(chain)))) == 64
    wide = b"II*\0\x08\0\0\0" + struct.pack("<H", 60_000)
    wide += b"".join(struct.pack("<HHII", tag, 4, 1, 1) for tag in range(1000, 61_000)) + bytes(4)
    assert [len(directory.entries) for directory in directories(wide)] == [512]


def test_without_the_extra_it_is_said_what_to_install(monkeypatch):
    monkeypatch.setattr("importlib.util.find_spec", lambda _name: None)
    with pytest.raises(NotAPicture, match=r"pip install 'imgpipe-cli\[raw\]'"):
        codecs.probe(dng(flat(0.1, 0.1, 0.1), thumbnail=True), Limits())


@pytest.mark.parametrize("offset", [2**31, 2**63 - 1, 2**63, 2**64 - 1])
def test_directories_where_no_file_could_have_them_are_passed_over(offset):
    assert not is_raw_tiff(b"II+\0\x08\0\0\0" + offset.to_bytes(8, "little") + bytes(99))
    entry = struct.pack("<HHQQ", 330, 16, 9, offset) + struct.pack("<HHQQ", 262, 3, 2**40, offset)
    assert not is_raw_tiff(b"II+\0\x08\0\0\0" + struct.pack("<QQ", 16, 2) + entry + struct.pack("<Q", offset))


def test_directories_that_lead_in_circles_end():
    data = bytearray(tiff({256: longs(1), 330: longs(8)}, {256: longs(2)}))
    assert not is_raw_tiff(bytes(data))
    # The second directory leads to the first one.
    data[-4:] = (8).to_bytes(4, "little")
    assert not is_raw_tiff(bytes(data))
