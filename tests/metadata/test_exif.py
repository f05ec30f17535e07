"""EXIF blocks: what goes is in the bytes no more, what stays is where it was, and no block costs time or memory."""

import struct
import tracemalloc
from io import BytesIO

import pytest
from PIL import Image

from imgpipe.metadata import exif
from imgpipe.metadata.malformed import Malformed

from . import blocks


def tags_of(block):
    file = BytesIO()
    Image.new("RGB", (2, 2)).save(file, "JPEG", exif=block)
    return Image.open(BytesIO(file.getvalue())).getexif()


def reduced(block, location=False, orientation=False):
    return exif.reduced(block, location=location, orientation=orientation)


@pytest.fixture(params=["<", ">"])
def block(request):
    return blocks.exif(request.param)


def test_the_location_is_nowhere_and_the_rest_stays(block):
    left = reduced(block)
    assert not [word for word in blocks.PRIVATE if word in left]
    tags = tags_of(left)
    assert set(tags) == {0x010F, 0x013B, 0x8298, 0x8769}
    details = tags.get_ifd(0x8769)
    assert (details[0x9003], details[0xA001]) == ("2024:05:01 10:20:30", 1)
    assert tags.get_ifd(0xA005) == {1: "R98"}


def saying(where, tag, value):
    """A block whose first directory, or that of EXIF, has one more entry."""
    details = blocks.Pointer({0xA001: 1})
    entries = {0x010F: b"Imgpipe Camera\0", 0x8769: details}
    (entries if where == "picture" else details)[tag] = value
    return b"Exif\0\0II*\0" + struct.pack("<L", 8) + blocks.table("<", 8, entries)


@pytest.mark.parametrize("where", ["picture", "exif"])
@pytest.mark.parametrize("tag", [0x0002, 0x0004, 0x001D, 0x927C, 0xC634])
def test_entries_that_may_hold_a_location_go_wherever_they_stand(where, tag):
    """Tags of GPS outside of their directory, maker notes, and what a camera has put into a DNG for itself."""
    block = saying(where, tag, b"hidden 48.858370")
    assert b"48.858370" not in reduced(block)
    assert b"48.858370" in reduced(block, location=True)
    assert b"Imgpipe Camera" in reduced(block)


@pytest.mark.parametrize("where", ["picture", "exif"])
@pytest.mark.parametrize("tag", [700, 33723, 34377, 34675])
def test_what_is_no_exif_goes_also_where_the_location_may_stay(where, tag):
    """XMP, IPTC, Photoshop's resources and the profile: nobody has cut these down."""
    assert b"48.858370" not in reduced(saying(where, tag, b"hidden 48.858370"), location=True, orientation=True)


def test_what_is_said_beside_a_thumbnail_goes_with_it():
    first = struct.pack("<HHHL4sL", 1, 0x010F, 2, 4, b"Cam", 26)
    block = b"Exif\0\0II*\0" + struct.pack("<L", 8) + first + blocks.table("<", 26, {0x010E: b"at 48.858370\0"})
    assert dict(tags_of(block)) == {0x010F: "Cam"}
    assert b"48.858370" not in reduced(block, location=True)


@pytest.mark.parametrize("tag", [273, 279, 288, 289, 324, 325, 330, 513, 514, 519, 520, 521])
def test_nothing_leads_to_samples_that_are_not_there(tag):
    assert set(tags_of(reduced(saying("picture", tag, 1), location=True))) == {0x010F, 0x8769}


def test_with_the_location_only_thumbnail_and_orientation_go(block):
    left = reduced(block, location=True)
    tags = tags_of(left)
    assert tags.get_ifd(0x8825)[2][0] == pytest.approx(48.85837)
    assert b"Champ de Mars" not in left
    assert b"\xff\xd8" not in left
    assert 0x0112 not in tags
    assert reduced(block, location=True, orientation=True) != left
    assert tags_of(reduced(block, location=True, orientation=True))[0x0112] == 6


def test_maker_notes_stay_where_they_were(block):
    left = reduced(block, location=True)
    assert left.index(b"MAKER 48.858370 note") == block.index(b"MAKER 48.858370 note")


@pytest.mark.parametrize("tag", [0x927C, 0xC634])
@pytest.mark.parametrize("end", [b"", b"\xff\xd9", b"\xff\xd9 and after"])
def test_a_preview_in_a_maker_note_is_emptied_and_the_note_stays(tag, end):
    preview = b"\xff\xd8\xff\xdb the face \xff\xd8\xff\xe0 as well" + end[:2] + b" in small"
    block = saying("exif", tag, b"MAKER \xff\xd8\xff\0" + preview + end)
    left = reduced(block, location=True)
    assert b"face" not in left
    assert b"in small" not in left
    assert left.index(b"MAKER \xff\xd8\xff\0") == block.index(b"MAKER \xff\xd8\xff\0")
    assert (b"and after" in left) == (b"and after" in end)


def test_the_block_ends_with_what_is_kept(block):
    assert len(reduced(block, location=True)) < len(block) - 300


def test_gaps_between_values_are_emptied():
    block = blocks.exif() + b"hidden 48.858370"
    assert b"hidden" not in reduced(block, location=True)


def test_credit_is_a_block_of_its_own(block):
    left = exif.credit(block)
    assert dict(tags_of(left)) == {0x013B: "A. Photographer", 0x8298: "(c) Somebody"}
    assert len(left) < 100


def test_no_credit_is_no_block():
    tags = Image.Exif()
    tags[0x010F] = "Imgpipe Camera"
    assert exif.credit(tags.tobytes()) is None


def test_a_block_of_nothing_but_location_is_gone():
    tags = Image.Exif()
    tags.get_ifd(0x8825)[1] = "N"
    assert reduced(tags.tobytes()) is None


def test_every_orientation_goes_whatever_its_type_and_number():
    rows = [struct.pack("<HHLL", 0x0112, kind, 1, 6) for kind in (3, 4, 1)]
    rows.append(struct.pack("<HHL4s", 0x010F, 2, 4, b"Cam"))
    block = b"Exif\0\0II*\0" + struct.pack("<LH", 8, len(rows)) + b"".join(rows) + bytes(4)
    assert dict(tags_of(reduced(block))) == {0x010F: "Cam"}


def test_a_text_that_reaches_into_coordinates_is_emptied_of_them():
    block = bytearray(blocks.exif("<"))
    coordinates = block.index(struct.pack("<L", blocks.LATITUDE)) - 6
    make = block.index(struct.pack("<HH", 0x010F, 2))
    struct.pack_into("<LL", block, make + 4, 24, coordinates)
    assert not [word for word in blocks.PRIVATE if word in reduced(bytes(block))]


def test_directories_in_a_loop_end():
    block = bytearray(blocks.exif("<"))
    for tag in (0x8769, 0x8825):
        struct.pack_into("<L", block, block.index(struct.pack("<HH", tag, 4)) + 8, 8)
    assert b"Imgpipe Camera" in reduced(bytes(block))
    assert not [word for word in blocks.PRIVATE if word in reduced(bytes(block))]


def test_a_chain_of_thumbnails_is_refused():
    chain = b"".join(struct.pack("<HL", 0, 14 + 6 * number) for number in range(10_000))
    with pytest.raises(Malformed):
        reduced(b"Exif\0\0II*\0" + struct.pack("<L", 8) + chain)


def test_an_entry_of_two_gigabytes_costs_that_entry():
    block = bytearray(blocks.exif("<"))
    struct.pack_into("<L", block, block.index(struct.pack("<HH", 0x010F, 2)) + 4, 2_000_000_000)
    assert not exif.is_whole(bytes(block))
    assert 0x010F not in tags_of(reduced(bytes(block)))
    assert exif.is_whole(blocks.exif("<"))


def test_65535_entries_that_all_claim_the_whole_block_are_refused_at_once():
    rows = struct.pack("<HHLL", 0x010F, 7, 700_000, 8) * 65_535
    block = b"Exif\0\0II*\0" + struct.pack("<LH", 8, 65_535) + rows + bytes(4)
    with pytest.raises(Malformed):
        reduced(block)
    with pytest.raises(Malformed):
        exif.credit(block)


def test_as_many_entries_as_are_read_cost_no_more_memory_than_the_block():
    rows = struct.pack("<HHLL", 0x9999, 7, 49_000, 8) * 4_096
    block = b"Exif\0\0II*\0" + struct.pack("<LH", 8, 4_096) + rows + bytes(4)
    tracemalloc.start()
    reduced(block)
    _, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert most < 8_000_000


def test_a_truncated_block_is_refused_or_cut_down_but_never_leaks():
    whole = blocks.exif("<")
    for cut in range(0, len(whole), 7):
        try:
            left = reduced(whole[:cut]) or b""
            exif.credit(whole[:cut])
        except Malformed:
            continue
        assert not [word for word in blocks.PRIVATE if word in left]


@pytest.mark.parametrize("value", [0, 1, 0x7F, 0xFF])
def test_a_changed_byte_raises_nothing_else(value):
    whole = blocks.exif("<", thumb=False)
    for offset in range(len(whole)):
        block = bytearray(whole)
        block[offset] = value
        for function in (reduced, exif.credit, exif.is_whole):
            try:
                function(bytes(block))
            except Malformed:
                continue
