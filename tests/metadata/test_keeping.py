"""Whole files with metadata that says too much, through the whole way: searched for what is to be gone."""

import struct
from dataclasses import replace
from io import BytesIO

import pytest
from PIL import Image, ImageCms
from PIL.PngImagePlugin import PngInfo

from imgpipe import codecs
from imgpipe.codecs import Encoding, Limits
from imgpipe.codecs.fitting import fitted
from imgpipe.codecs.segments import iptc_segment
from imgpipe.metadata import Metadata
from imgpipe.recipe import Recipe

from ..codecs.pictures import wide_gamut_profile
from . import blocks

WRITERS = [codec for codec in codecs.all_codecs() if codec.encode and not codec.missing]


def photograph(exif=None, xmp=blocks.XMP, iptc=blocks.IPTC, **more):
    file = BytesIO()
    image = Image.effect_noise((48, 32), 40).convert("RGB")
    exif = blocks.exif() if exif is None else exif
    image.save(file, "JPEG", exif=exif, xmp=xmp, extra=iptc_segment(iptc), dpi=(300, 300), **more)
    return file.getvalue()


def made(data, format="jpeg", **policy):
    return Recipe(format=format, metadata=Metadata(**policy)).apply_all(data)[0]


def srgb_profile():
    return ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()


def read(data):
    return codecs.decode(data, codecs.probe(data, Limits()))


def leaks(data):
    return [word for word in blocks.PRIVATE if word in data]


def upright(format):
    """A picture that is not turned on its way, of which Pillow has read the EXIF for a resolution that JFIF lacks."""
    file = BytesIO()
    turned, not_turned = (struct.pack("<HHLHH", 0x0112, 3, 1, number, 0) for number in (6, 1))
    exif = blocks.exif().replace(turned, not_turned)
    more = {"tiffinfo": {315: "A. Photographer", 700: blocks.XMP}} if format == "TIFF" else {"exif": exif}
    Image.effect_noise((48, 32), 40).convert("RGB").save(file, format, **more)
    return file.getvalue()


@pytest.mark.parametrize("codec", WRITERS, ids=lambda codec: codec.name)
@pytest.mark.parametrize("format", ["JPEG", "TIFF", "PNG", "WEBP", "AVIF"])
def test_an_encoder_does_not_ask_the_file_that_was_read(codec, format):
    source = upright(format)
    assert leaks(source)
    assert leaks(made(source, codec.name, strip=True).data) == []
    assert b"A. Photographer" not in made(source, codec.name, strip=True).data
    assert leaks(made(source, codec.name).data) == []


def test_the_photograph_does_say_too_much():
    assert set(leaks(photograph())) >= {b"48.858370", b"Paris", b"Champ de Mars"}
    picture = read(photograph())
    assert (picture.xmp, picture.iptc) == (blocks.XMP, blocks.IPTC)


@pytest.mark.parametrize("codec", WRITERS, ids=lambda codec: codec.name)
@pytest.mark.parametrize("policy", [{"strip_gps": True}, {"keep": ["all"], "strip_gps": True}, {"strip": True}, {}])
def test_no_coordinate_is_anywhere_in_the_output(codec, policy):
    encoded = made(photograph(), codec.name, **policy)
    assert leaks(encoded.data) == []
    if policy.get("strip_gps"):
        assert (b"Imgpipe Camera" in encoded.data) == ("exif" in codec.metadata)
    if policy.get("strip"):
        assert b"Somebody" not in encoded.data
        assert read(encoded.data).dpi != pytest.approx((300, 300), abs=1)


@pytest.mark.parametrize("codec", WRITERS, ids=lambda codec: codec.name)
def test_copyright_creator_and_dpi_are_kept_by_default_and_nothing_else(codec):
    encoded = made(photograph(), codec.name)
    back = read(encoded.data)
    for kind in ("exif", "xmp", "iptc"):
        block = getattr(back, kind)
        assert (block is not None) == (kind in codec.metadata)
        assert block is None or (b"(c) Somebody" in block and b"A. Photographer" in block)
    assert "dpi" not in codec.metadata or back.dpi == pytest.approx((300, 300), abs=0.1)
    assert b"Imgpipe" not in encoded.data
    assert b"tower" not in encoded.data
    assert encoded.warnings == made(photograph(b"", b"<x/>", b""), codec.name).warnings


@pytest.mark.parametrize("codec", WRITERS, ids=lambda codec: codec.name)
def test_a_kind_that_is_asked_for_is_kept_or_it_is_said(codec):
    encoded = made(photograph(), codec.name, keep=["exif", "xmp", "iptc"])
    back = read(encoded.data)
    for kind in ("exif", "xmp", "iptc"):
        said = f"{kind.upper()} is not kept: {codec.name} does not hold it" in encoded.warnings
        assert said == (kind not in codec.metadata)
        assert said or b"A. Photographer" in getattr(back, kind)


@pytest.mark.parametrize("codec", WRITERS, ids=lambda codec: codec.name)
def test_what_a_codec_does_not_hold_does_not_reach_its_output(codec):
    image = Image.new("RGB", (8, 8), "teal")
    picture = read(photograph(b"", b"<x/>", b""))
    marked = {"exif": blocks.exif(thumb=False), "xmp": b"<x>packet</x>", "iptc": blocks.IPTC}
    data = codecs.encode(replace(picture, frames=(image,), **marked), codec.name, Encoding()).data
    assert {kind for kind in marked if getattr(read(data), kind)} == {*marked} & {*codec.metadata}


@pytest.mark.parametrize("format", ["jpeg", "png", "webp", "tiff", "avif"])
def test_the_orientation_never_survives_being_applied(format):
    encoded = made(photograph(), format, keep=["all"])
    assert encoded.size == (32, 48)
    image = Image.open(BytesIO(encoded.data))
    assert image.getexif().get(0x0112, 1) == 1
    assert b"Orientation" not in encoded.data


def test_a_png_is_cut_down_too():
    file, text = BytesIO(), PngInfo()
    text.add_itxt("XML:com.adobe.xmp", blocks.XMP.decode())
    text.add_text("Comment", "Champ de Mars")
    text.add_itxt("Description", "Paris", zip=True)
    Image.new("RGB", (8, 8)).save(file, "PNG", exif=blocks.exif(), pnginfo=text)
    for name in ("png", "jpeg"):
        encoded = made(file.getvalue(), name, strip_gps=True)
        assert leaks(encoded.data) == []
        assert b"tower" in encoded.data


def test_a_tiff_is_cut_down_too():
    source = made(photograph(), "tiff", keep=["all"]).data
    assert b"Champ de Mars" in source
    for name in ("tiff", "jpeg"):
        encoded = made(source, name, strip_gps=True)
        assert leaks(encoded.data) == []
        assert b"tower" in encoded.data
        assert b"Imgpipe Camera" in encoded.data


@pytest.mark.parametrize("order", ["<", ">"])
def test_iptc_of_32_bit_numbers_in_a_tiff_is_read(order):
    """As libtiff and ExifTool write it; in a file of the other byte order some swap the bytes, and others do not."""
    block = blocks.IPTC + blocks.data_set(2, 120, b"x" * ((3 - len(blocks.IPTC)) % 4))
    data = _iptc_of_numbers(4, block, order)
    encoded = made(data, keep=["iptc"])
    assert encoded.warnings == ()
    assert read(encoded.data).iptc == block
    assert leaks(made(data, strip_gps=True).data) == []


@pytest.mark.parametrize("kind", [3, 4])
def test_iptc_of_numbers_that_are_no_data_sets_is_dropped_and_said(kind):
    block = blocks.IPTC + blocks.data_set(2, 120, b"x" * ((3 - len(blocks.IPTC)) % 4))
    encoded = made(_iptc_of_numbers(kind, block).replace(block, b"\1\2\3\4" + block[4:]), keep=["iptc"])
    assert encoded.warnings == ("IPTC is stored as numbers, which imgpipe does not read, and was dropped",)
    assert b"tower" not in encoded.data


def _iptc_of_numbers(kind, block, order="<"):
    """A TIFF whose IPTC, which fills whole numbers, is of this type, and of 32-bit numbers in this byte order."""
    data = bytearray(made(photograph(b"", b"<x/>", block), "tiff", keep=["iptc"]).data)
    row = data.index(struct.pack("<HHL", 33723, 7, len(block)))
    struct.pack_into("<HL", data, row + 2, kind, len(block) // 4)
    numbers = struct.unpack(f"{order}{len(block) // 4}L", block)
    return bytes(data.replace(block, struct.pack(f"<{len(numbers)}L", *numbers)))


@pytest.mark.parametrize(
    ("kind", "junk"),
    [
        ("exif", b"Exif\0\0II*\0\xff\xff\xff\x7f"),
        ("exif", b"Exif\0\0II*\0\x08\0\0\0\xff\xff" + bytes(600)),
        ("xmp", b'<!DOCTYPE x [<!ENTITY a "b">]><x>&a;</x>'),
        ("xmp", b"<x"),
        ("iptc", b"\x1c\x02\x78\xff\xff" + bytes(9)),
    ],
)
@pytest.mark.parametrize("policy", [{}, {"keep": ["all"]}, {"strip_gps": True}])
def test_malformed_metadata_costs_that_metadata_only(kind, junk, policy):
    encoded = made(photograph(**{kind: junk}), **policy)
    assert f"{kind.upper()} is malformed and was dropped" in encoded.warnings
    back = read(encoded.data)
    assert [other for other in ("exif", "xmp", "iptc") if getattr(back, other) is None] == [kind]
    assert made(photograph(**{kind: junk}), strip=True).warnings == ()


def test_what_is_too_long_for_a_jpeg_is_dropped_and_said():
    picture = read(photograph())
    long = b"<x>" + b"a" * 66_000 + b"</x>"
    block = blocks.exif(thumb=False) + bytes(66_000)
    full = replace(picture, exif=block, xmp=long, iptc=blocks.data_set(2, 25, b"x" * 30_000) * 3)
    encoded = codecs.encode(full, "jpeg", Encoding())
    assert sum("JPEG holds" in word for word in encoded.warnings) == 3
    for kind, head in (("exif", 0), ("xmp", 29), ("iptc", 26)):
        longest = replace(picture, **{kind: b"x" * (65_533 - head)})
        codecs.encode(longest, "jpeg", Encoding())


def test_the_profile_is_kept_with_the_colours_that_it_describes():
    data = photograph(icc_profile=wide_gamut_profile())
    kept, converted = made(data, "png", keep=["icc"]), made(data, "png", strip_gps=True)
    assert read(kept.data).profile == wide_gamut_profile()
    assert read(converted.data).profile is None
    assert read(kept.data).frames[0].tobytes() != read(converted.data).frames[0].tobytes()


@pytest.mark.parametrize("name", ["gif", "bmp", "jpeg2000"])
def test_colours_that_were_to_stay_and_cannot_are_said_to_be_converted(name):
    words = f"colours converted to sRGB: {name} does not hold an ICC profile"
    assert words in made(photograph(icc_profile=wide_gamut_profile()), name, keep=["icc"]).warnings
    assert words not in made(photograph(icc_profile=wide_gamut_profile()), name, keep=["exif"]).warnings
    assert words not in made(photograph(icc_profile=srgb_profile()), name, keep=["icc"]).warnings


@pytest.mark.parametrize("codec", WRITERS, ids=lambda codec: codec.name)
def test_no_encoder_is_given_what_its_format_does_not_hold(codec):
    marked = replace(read(photograph()), exif=b"exif", xmp=b"xmp", iptc=b"iptc", dpi=(300, 300))
    left = fitted(marked, codec, Encoding())
    assert {kind for kind in ("exif", "xmp", "iptc", "dpi") if getattr(left, kind)} == set(codec.metadata)


@pytest.mark.parametrize("order", ["<", ">"])
@pytest.mark.parametrize("steps", [["resize:24x"], ["rotate:90"], ["crop:width=70000,height=8", "resize:70000x8!"], []])
@pytest.mark.parametrize("kind", ["HH", "LL"])
def test_exif_says_the_size_that_the_picture_has_now(order, steps, kind):
    numbers = {"HH": 3, "LL": 4}
    tags = {0x0100: 48, 0x0101: 32, 0x8769: blocks.Pointer({0xA001: 1, 0xA002: 48, 0xA003: 32}), 0x010F: b"Imgpipe\0"}
    block = bytearray(b"Exif\0\0" + {"<": b"II*\0", ">": b"MM\0*"}[order] + struct.pack(order + "L", 8))
    block += blocks.table(order, 8, tags)
    for tag, length in ((0x0100, 48), (0x0101, 32), (0xA002, 48), (0xA003, 32)):
        at = next(
            at for word in "HL" if (at := block.find(struct.pack(order + "HHL", tag, {"H": 3, "L": 4}[word], 1))) >= 0
        )
        value = struct.pack(order + kind[0], length).ljust(4, b"\0")
        block[at : at + 12] = struct.pack(order + "HHL", tag, numbers[kind], 1) + value
    recipe = Recipe(steps, format="png", metadata=Metadata(keep=["exif"]))
    picture = read(recipe.apply(photograph(exif=bytes(block))))
    exif = Image.Exif()
    exif.load(picture.exif)
    details = exif.get_ifd(0x8769)
    assert (details[0xA002], details[0xA003]) == (exif[0x0100], exif[0x0101]) == picture.size
    assert (exif[0x010F], details[0xA001]) == ("Imgpipe", 1)


def test_xmp_says_no_size_of_old():
    packet = blocks.XMP.replace(
        b'tiff:Orientation="6"', b'tiff:Orientation="6" tiff:ImageWidth="48" e:PixelYDimension="32"'
    )
    assert b"48" not in read(made(photograph(xmp=packet), keep=["xmp"], strip_gps=True).data).xmp


def test_xmp_beyond_64_kb_is_said_to_be_dropped_where_xmp_is_to_be_kept():
    noted = b'xmlns:note="http://ns.adobe.com/xmp/note/" note:HasExtendedXMP="0123456789ABCDEF0123456789ABCDEF"'
    packet = blocks.XMP.replace(b'tiff:Orientation="6"', noted)
    encoded = made(photograph(xmp=packet), keep=["xmp"])
    assert encoded.warnings == ("extended XMP, beyond 64 kB, is not read and was dropped",)
    assert b"0123456789ABCDEF" not in encoded.data
    assert b"tower" in encoded.data
    assert made(photograph(xmp=packet)).warnings == ()


def test_xmp_does_not_say_which_space_the_colours_were_in():
    said = (
        b'xmlns:p="http://ns.adobe.com/photoshop/1.0/" p:ICCProfile="Wide" p:Headline="tower" exif:ColorSpace="65535"'
    )
    packet = (
        b'<r:RDF xmlns:r="http://www.w3.org/1999/02/22-rdf-syntax-ns#" xmlns:exif="http://ns.adobe.com/exif/1.0/">'
        b"<r:Description " + said + b"/></r:RDF>"
    )
    data = photograph(xmp=packet, icc_profile=wide_gamut_profile())
    left = read(made(data, keep=["xmp"]).data).xmp
    assert b"tower" in left
    assert b"ICCProfile" not in left
    assert b"ColorSpace" not in left
    stays = read(made(data, keep=["xmp", "icc"]).data).xmp
    assert b"Wide" in stays
    assert b"65535" in stays
