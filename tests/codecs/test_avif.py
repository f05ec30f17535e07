import numpy as np
import pytest

from imgpipe import codecs
from imgpipe.codecs import Encoding, avif
from imgpipe.codecs.isobmff import GAIN_MAP_DROPPED, brands_of, without_times
from imgpipe.orientation import upright_frame

from .pictures import exif_block, gradient, picture_of, pixels, read, saved


def encode(*frames, **options):
    return codecs.encode(picture_of(*frames), "avif", Encoding(**options)).data


@pytest.mark.parametrize("mode", ["L", "LA", "RGB", "RGBA"])
def test_high_quality_is_near(mode):
    wanted = "RGBA" if mode.endswith("A") else "RGB"
    back = read(encode(gradient(mode=mode), quality=95)).frames[0]
    assert np.abs(pixels(back, wanted) - pixels(gradient(mode=mode), wanted)).mean() < 3


def test_quality_is_60_where_none_is_asked():
    assert encode(gradient()) == encode(gradient(), quality=60) != encode(gradient(), quality=80)


def test_effort_is_the_speed_the_other_way_round():
    wanted = {"quality": 60, "subsampling": "4:2:0", "max_threads": 1}
    assert encode(gradient(), effort=0) == saved(gradient(), "AVIF", speed=10, **wanted)
    assert encode(gradient(), effort=9) == saved(gradient(), "AVIF", speed=1, **wanted)


def test_lossless_is_said_not_to_be_exact():
    encoded = codecs.encode(picture_of(gradient()), "avif", Encoding(lossless=True))
    assert encoded.warnings == ("AVIF is not lossless here: quality 100 was used",)


def test_metadata_goes_round(wide_profile):
    meant = picture_of(gradient(), profile=wide_profile, exif=exif_block(1), xmp=b"<x/>")
    back = read(codecs.encode(meant, "avif", Encoding()).data)
    # The encoder says the orientation in a box of its own and takes it out of the block.
    assert (back.profile, back.xmp) == (meant.profile, meant.xmp)
    assert b"Imgpipe Camera" in back.exif
    assert b"(c) somebody" in back.exif


def test_more_than_8_bits_are_said_to_be_lost():
    data = bytearray(encode(gradient()))
    assert read(bytes(data)).warnings == ()
    data[data.index(b"av1C") + 6] |= 0x40
    assert codecs.by_name("avif").decode.__globals__["_is_deep"](bytes(data))


def test_an_animation_comes_back_whole():
    frames = [gradient().rotate(angle) for angle in (0, 90, 180)]
    encoded = codecs.encode(picture_of(*frames, durations=(40, 100, 2000), loop=0), "avif", Encoding(quality=90))
    back = read(encoded.data)
    assert (back.durations, encoded.warnings) == ((40, 100, 2000), ())
    for ours, theirs in zip(back.frames, frames, strict=True):
        assert np.abs(pixels(ours) - pixels(theirs)).mean() < 4


@pytest.mark.parametrize("orientation", [2, 6])
def test_an_animation_that_exif_is_to_turn_is_turned_and_it_is_said(orientation):
    frames = [gradient().rotate(angle) for angle in (0, 180)]
    meant = picture_of(*frames, durations=(40, 40), exif=exif_block(orientation))
    encoded = codecs.encode(meant, "avif", Encoding(quality=90))
    assert "turned as EXIF says" in encoded.warnings[0]
    back = read(encoded.data)
    assert encoded.size == back.size
    assert b"Imgpipe Camera" in back.exif
    for ours, theirs in zip(back.frames, frames, strict=True):
        assert np.abs(pixels(ours) - pixels(upright_frame(theirs, orientation))).mean() < 4


def test_no_clock_is_in_an_animation():
    """Its bytes would be others in the next second."""
    data = codecs.encode(picture_of(gradient(), gradient().rotate(90), durations=(40, 40)), "avif", Encoding()).data
    times = []
    for kind in (b"mvhd", b"tkhd", b"mdhd"):
        start = data.index(kind) + 8
        times.append(data[start : start + (16 if data[start - 4] else 8)])
    assert [any(each) for each in times] == [False, False, False]
    theirs = saved(gradient(), "AVIF", save_all=True, append_images=[gradient().rotate(90)], duration=[40, 40])
    start = theirs.index(b"mvhd") + 8
    assert any(theirs[start : start + 16])  # so what is tested above is our doing


def test_times_are_taken_out_of_both_versions_and_nothing_else_is():
    def box(kind, content):
        return (8 + len(content)).to_bytes(4, "big") + kind + content

    def movie(old, new):
        track = box(
            b"trak", box(b"tkhd", b"\0\0\0\7" + old + b"id") + box(b"mdia", box(b"mdhd", b"\1\0\0\0" + new + b"id"))
        )
        return (
            box(b"ftyp", b"avis")
            + box(b"moov", box(b"mvhd", b"\1\0\0\0" + new + b"rest") + track)
            + box(b"mdat", b"mvhd" * 9)
        )

    assert without_times(movie(b"12345678", b"1234567890123456")) == movie(bytes(8), bytes(16))
    for cut in range(len(movie(bytes(8), bytes(16)))):
        assert without_times(movie(bytes(8), bytes(16))[:cut])[:cut] == movie(bytes(8), bytes(16))[:cut]


@pytest.mark.parametrize("size", range(8))
def test_a_box_that_says_it_is_shorter_than_its_own_head_ends_the_search(size):
    data = size.to_bytes(4, "big") + b"mvhd" + bytes(range(1, 40))
    assert without_times(data) == data


def test_a_gain_map_is_said_to_be_dropped(monkeypatch):
    """By the brand of such files; no library here writes one, and the decoder takes none that only says it is."""
    data = encode(gradient())
    assert not read(data).warnings
    branded = data.replace(b"MA1B", b"tmap", 1)
    monkeypatch.setattr(avif, "brands_of", lambda _: brands_of(branded))
    assert read(data).warnings == (GAIN_MAP_DROPPED,)
