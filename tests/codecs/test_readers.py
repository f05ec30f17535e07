"""Formats that are only read."""

import struct
from io import BytesIO

import numpy as np
import pytest
from PIL import Image

from imgpipe import codecs
from imgpipe.codecs import Limits
from imgpipe.codecs.exif import orientation_of
from imgpipe.codecs.modes import frame_of
from imgpipe.errors import DamagedPicture, NotAPicture, UsageError

from .pictures import deep_gradient, exif_block, gradient, pixels, read, saved


@pytest.mark.parametrize(("name", "said"), [("foo", "foo"), ("", "''")])
def test_where_there_is_no_such_format_those_that_can_be_written_here_are_listed(name, said):
    with pytest.raises(UsageError) as caught:
        codecs.writer(name)
    valid = sorted(codec.name for codec in codecs.all_codecs() if codec.encode and not codec.missing)
    assert str(caught.value) == f"there is no format {said}; valid are {', '.join(valid)}"


def test_no_format_that_is_only_read_is_proposed():
    for near in ("psdd", "rraw", "qoii"):
        with pytest.raises(UsageError, match=f"there is no format {near}; (did you mean (?!raw|psd|qoi)|valid are)"):
            codecs.writer(near)


@pytest.mark.parametrize("mode", ["L", "RGB"])
@pytest.mark.parametrize("binary", [True, False])
def test_netpbm_is_read_in_binary_and_ascii(mode, binary):
    image = gradient(mode=mode)
    kind = {("L", False): "P2", ("RGB", False): "P3"}.get((mode, binary))
    data = saved(image, "PPM")
    if kind:
        numbers = " ".join(map(str, np.asarray(image).ravel()))
        data = f"{kind} # a comment\n{image.width} {image.height} 255\n{numbers}\n".encode()
    assert (pixels(read(data).frames[0]) == pixels(image)).all()


def test_netpbm_grey_of_16_bits_stays_16_and_colour_is_said_to_lose_them():
    deep = deep_gradient(1)
    back = read(b"P5 64 48 65535\n" + deep.astype(">u2").tobytes())
    assert (back.frames[0] == deep).all()
    deep = deep_gradient(3)
    back = read(b"P6\n# made\n64 48\n65535\n" + deep.astype(">u2").tobytes())
    assert back.warnings == ("16 bits a sample converted to 8",)
    assert np.abs(pixels(back.frames[0]) - deep / 257).max() <= 1


@pytest.mark.parametrize(
    "picture",
    [
        *(b"P4 9 2 " + bytes(4), b"P5\n3 2\n# white\n255\n" + bytes(6), b"P6 3 2 255 " + bytes(18)),
        *(b"P5 3 2 256 " + bytes(12), b"P6 3 2 65535 " + bytes(36)),
    ],
)
def test_of_several_netpbm_pictures_in_a_file_the_first_is_read_and_it_is_said(picture):
    word = "several pictures in the file: only the first is read"
    assert word not in read(picture + b"\nP is no picture").warnings
    for gap in (b"", b"\n"):
        assert read(picture + gap + picture).warnings[-1] == word


@pytest.mark.parametrize("options", [{}, {"compression": "tga_rle"}])
@pytest.mark.parametrize("mode", ["L", "RGB", "RGBA"])
def test_tga_is_read_raw_and_packed(mode, options):
    image = gradient(mode=mode)
    assert (pixels(read(saved(image, "TGA", **options)).frames[0]) == pixels(image)).all()


def tga_in_packets(image, same, length):
    """Packed in run lengths whatever the rows: so many px that are the same, then packets of so many as they are."""
    depth = 8 * len(image.getbands())
    flat = np.ascontiguousarray(np.atleast_3d(image)[:, :, ::-1]).reshape(-1, depth // 8)
    packets = [bytes([0x80 + same - 1]) + flat[0].tobytes()]
    parts = [flat[at : at + length] for at in range(same, len(flat), length)]
    packets += [bytes([len(part) - 1]) + part.tobytes() for part in parts]
    kind = 11 if depth == 8 else 10
    return struct.pack("<3B2HB4H2B", 3, 0, kind, 0, 0, 0, 0, 0, *image.size, depth, 0x20) + b"by " + b"".join(packets)


@pytest.mark.parametrize("mode", ["L", "RGB"])
@pytest.mark.parametrize(("same", "length"), [(30, 5), (45, 1), (112, 29), (128, 128)])
def test_packets_of_a_tga_may_go_on_in_the_next_row(mode, same, length):
    image = gradient(37, 20, mode)
    image.paste(image.getpixel((0, 0)), (0, 0, 37, 4))
    data = tga_in_packets(image, same, length)
    assert (pixels(read(data).frames[0]) == pixels(image)).all()
    with pytest.raises(DamagedPicture, match="damaged TGA"):
        read(data[:-1])


@pytest.mark.parametrize(
    "head", [b"\0" * 64, b"\1\1\1" + bytes(61), b"plain text, which is no picture at all" * 2, bytes(range(64))]
)
def test_what_only_begins_like_a_tga_is_none(head):
    assert codecs.sniff(head) is None
    with pytest.raises(NotAPicture):
        codecs.probe(head, Limits())


@pytest.mark.parametrize(
    ("offset", "value"),
    [(1, 1), (2, 7), (3, 1), (5, 1), (7, 24), (12, 0), (14, 0), (16, 12), (17, 0x80)],
    ids=[
        "a map that the kind has not",
        "kind",
        "map's start",
        "map's length",
        "map's depth",
        "width",
        "height",
        "depth",
        "interleaved",
    ],
)
def test_a_tga_whose_header_cannot_be_right_is_none(offset, value):
    data = bytearray(saved(gradient(), "TGA"))
    assert codecs.sniff(bytes(data[:64])) == "tga"
    data[offset] = value
    assert codecs.sniff(bytes(data[:64])) is None


def test_alpha_that_a_palette_holds_stays():
    image = Image.new("P", (4, 4), 1)
    image.putpalette([255, 0, 0, 255, 0, 0, 255, 99], "RGBA")
    frame = frame_of(image)
    assert (frame.mode, frame.getpixel((2, 2))) == ("RGBA", (0, 0, 255, 99))


def test_of_an_icon_the_largest_picture_is_taken():
    file = BytesIO()
    gradient(64, 64, "RGBA").save(file, "ICO", sizes=[(16, 16), (64, 64), (32, 32)])
    assert read(file.getvalue()).size == (64, 64)


@pytest.mark.parametrize("mode", ["RGB", "RGBA"])
@pytest.mark.parametrize("format", ["QOI", "DDS"])
def test_colours_are_exact(mode, format):
    image = gradient(mode=mode)
    assert (pixels(read(saved(image, format)).frames[0], mode) == pixels(image)).all()


def resource(number, content):
    return b"8BIM" + struct.pack(">HHI", number, 0, len(content)) + content + bytes(len(content) % 2)


def test_a_psd_says_whose_it_is_and_how_large():
    image = gradient()
    said = {
        1005: struct.pack(">IHHIHH", 300 << 16, 2, 1, 150 << 16, 2, 1),
        1028: b"iptc",
        1058: exif_block(6)[6:],
        1060: b"<x/>",
    }
    resources = b"".join(resource(number, content) for number, content in said.items())
    head = struct.pack(">4sH6xHIIHH", b"8BPS", 1, 3, image.height, image.width, 8, 3)
    planes = b"".join(plane.tobytes() for plane in image.split())
    picture = read(head + bytes(4) + struct.pack(">I", len(resources)) + resources + bytes(4) + b"\0\0" + planes)
    assert (pixels(picture.frames[0]) == pixels(image)).all()
    assert (picture.size, picture.dpi) == (image.size, (300, 150))
    assert (picture.xmp, picture.iptc) == (b"<x/>", b"iptc")
    assert b"(c) somebody" in picture.exif
    assert orientation_of(picture.exif) == 1


def packed_rows(plane):
    """Each row as packbits, without a repetition: runs of at most 128 bytes, each behind its length less 1."""
    for row in plane:
        yield b"".join(
            bytes([len(row[at : at + 128]) - 1]) + row[at : at + 128].tobytes() for at in range(0, len(row), 128)
        )


def photoshop(*planes, mode=3, layers=0, compression=1):
    """A document of the channels that are given."""
    height, width = planes[0].shape
    planes = [np.ascontiguousarray(plane, plane.dtype.newbyteorder(">")).view(np.uint8) for plane in planes]
    head = struct.pack(">4sH6xHIIHH", b"8BPS", 1, len(planes), height, width, 8 * planes[0].shape[1] // width, mode)
    of_layers = struct.pack(">IIhI", 10, 2, layers, 0)
    rows = [row for plane in planes for row in (packed_rows(plane) if compression else [plane.tobytes()])]
    lengths = struct.pack(f">{len(rows)}H", *map(len, rows)) if compression else b""
    return head + bytes(8) + of_layers + struct.pack(">H", compression) + lengths + b"".join(rows)


@pytest.mark.parametrize("compression", [0, 1])
@pytest.mark.parametrize("saved_selections", [0, 1, 2, 3])
@pytest.mark.parametrize(("mode", "number"), [("L", 1), ("RGB", 3), ("CMYK", 4)])
def test_selections_that_were_saved_in_a_psd_are_no_part_of_the_picture(mode, number, saved_selections, compression):
    image = gradient(mode=mode)
    planes = [np.asarray(band) for band in image.split()]
    planes = [255 - plane for plane in planes] if mode == "CMYK" else planes
    selection = np.asarray(gradient(mode="L"))
    back = read(photoshop(*planes, *[selection] * saved_selections, mode=number, layers=2, compression=compression))
    assert back.frames[0].mode == mode
    assert (pixels(back.frames[0]) == pixels(image)).all()


@pytest.mark.parametrize("saved_selections", [0, 1])
@pytest.mark.parametrize(("mode", "number"), [("LA", 1), ("RGBA", 3)])
def test_what_layers_of_a_psd_leave_transparent_is_so_and_not_on_white(mode, number, saved_selections):
    image = gradient(mode=mode)
    *colours, alpha = (np.asarray(band).astype(int) for band in image.split())
    on_white = [255 + (colour - 255) * alpha // 255 for colour in colours]
    planes = [plane.astype(np.uint8) for plane in (*on_white, alpha, *[alpha // 2] * saved_selections)]
    back = read(photoshop(*planes, mode=number, layers=-1))
    assert back.frames[0].mode == mode
    assert (pixels(back.frames[0].getchannel("A")) == alpha).all()
    assert np.abs(pixels(back.frames[0]) - pixels(image)).max() <= 3


def test_of_a_psd_of_inks_the_transparency_is_said_to_be_lost():
    planes = [np.asarray(band) for band in gradient(mode="CMYK").split()]
    assert "transparency" in read(photoshop(*planes, planes[0], mode=4, layers=-3)).warnings[0]


@pytest.mark.parametrize("compression", [0, 1])
@pytest.mark.parametrize("saved_selections", [0, 1])
@pytest.mark.parametrize(("mode", "number"), [(1, 1), (3, 3)], ids=["grey", "colours"])
def test_a_psd_of_16_bits_keeps_them(mode, number, saved_selections, compression):
    deep = deep_gradient(number + saved_selections)
    picture = read(photoshop(*np.moveaxis(deep, 2, 0), mode=mode, compression=compression))
    assert (picture.size, picture.warnings) == ((64, 48), ())
    assert np.array_equal(picture.frames[0], deep[:, :, :number])


@pytest.mark.parametrize("behind", [False, True], ids=["layers as of 8 bits", "layers in a block behind"])
@pytest.mark.parametrize(("mode", "number"), [(1, 1), (3, 3)], ids=["grey", "colours"])
def test_what_layers_of_a_psd_of_16_bits_leave_transparent_is_so_and_not_on_white(mode, number, behind):
    meant = deep_gradient(number + 1)
    alpha = meant[:, :, -1:] = meant[:, :, -1:] | 0x4000
    on_white = np.rint(65535 - (65535.0 - meant[:, :, :-1]) * alpha / 65535).astype(np.uint16)
    data = photoshop(*np.moveaxis(on_white, 2, 0), alpha[:, :, 0], mode=mode, layers=-1)
    if behind:
        block = struct.pack(">II8sIh", 0, 0, b"8BIMLr16", 2, -1)
        data = data.replace(struct.pack(">IIhI", 10, 2, -1, 0), struct.pack(">I", len(block)) + block, 1)
    made = read(data).frames[0]
    assert np.array_equal(made[:, :, -1], alpha[:, :, 0])
    assert np.abs(made[:, :, :-1].astype(int) - meant[:, :, :-1]).max() <= 3


@pytest.mark.parametrize("mode", [4, 9], ids=["inks", "Lab"])
def test_other_colours_of_a_psd_of_16_bits_become_8(mode):
    planes = [np.ascontiguousarray(plane) for plane in np.moveaxis(np.asarray(gradient(mode="CMYK")), 2, 0)]
    planes = planes[: 4 if mode == 4 else 3]
    meant = read(photoshop(*planes, mode=mode)).frames[0]
    picture = read(photoshop(*(plane * np.uint16(257) for plane in planes), mode=mode))
    assert picture.warnings == ("16 bits a sample converted to 8",)
    assert (pixels(picture.frames[0]) == pixels(meant)).all()


def test_a_psd_of_16_bits_that_is_cut_off_is_damaged():
    data = photoshop(*np.moveaxis(deep_gradient(3), 2, 0))
    for length in range(20, len(data), 997):
        with pytest.raises(DamagedPicture):
            read(data[:length])


@pytest.mark.parametrize(
    ("offset", "value", "word"),
    [(22, 32, "it has 32 bits a channel"), (4, 2, "it is a PSB")],
)
def test_a_psd_of_a_kind_that_is_not_read_is_not_called_damaged(offset, value, word):
    data = bytearray(photoshop(*[np.zeros((3, 2), np.uint8)] * 3))
    struct.pack_into(">H", data, offset, value)
    with pytest.raises(DamagedPicture, match=f"^{word}.* which imgpipe does not read"):
        read(bytes(data))


def test_a_psd_that_is_packed_in_another_way_is_refused_in_words():
    with pytest.raises(DamagedPicture, match="ZIP"):
        read(photoshop(np.asarray(gradient(mode="L")), mode=1, compression=2))


def test_postscript_is_never_run():
    assert Image.open  # Pillow could read it, by running another program
    with pytest.raises(NotAPicture, match="PostScript"):
        codecs.probe(b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\nshowpage\n", Limits())


@pytest.mark.parametrize("format", ["TGA", "QOI", "PPM"])
def test_what_is_only_read_comes_out_as_png(format):
    from imgpipe import Recipe

    made = Recipe(["flip", "flip"]).apply(saved(gradient(), format))
    assert codecs.probe(made, Limits()).format == "png"
    assert (pixels(read(made).frames[0]) == pixels(gradient())).all()
