"""Pictures made to do harm, or to be too much: small files that become large, and files that are not what they say."""

import functools
import io
import struct
import zlib

from PIL import Image


def flat_tiff(width, height):
    """An RGB TIFF whose strips are all the same few bytes of the file: half a gigapixel in some kilobytes."""
    rows = max(1, min(height, (1 << 20) // (3 * width)))
    strips = -(-height // rows)
    strip = zlib.compress(bytes(3 * width * rows))
    tags = {256: width, 257: height, 258: 8, 259: 8, 262: 2, 277: 3, 278: rows, 284: 1}
    ifd = 8 + len(strip) + 8 * strips
    one = strips == 1  # a single value stands in its entry
    entries = [
        (258, 3, 3, ifd + 2 + 12 * 10 + 4),
        (273, 4, strips, 8 if one else 8 + len(strip)),
        (279, 4, strips, len(strip) if one else 8 + len(strip) + 4 * strips),
        *[(tag, 4, 1, value) for tag, value in tags.items() if tag != 258],
    ]
    body = struct.pack("<4sI", b"II*\0", ifd) + strip
    body += struct.pack(f"<{strips}I", *[8] * strips) + struct.pack(f"<{strips}I", *[len(strip)] * strips)
    body += struct.pack("<H", len(entries)) + b"".join(struct.pack("<HHII", *entry) for entry in sorted(entries))
    return body + struct.pack("<IHHH", 0, 8, 8, 8)


def png_chunk(kind, content):
    return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))


def png(width, height, *between, rows=None):
    """A black grey PNG, with chunks between its header and its pixels; of so many rows only, where that is said."""
    packer = zlib.compressobj(9)
    row = bytes(1 + width)
    packed = b"".join(packer.compress(row) for _ in range(height if rows is None else rows)) + packer.flush()
    head = png_chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0))
    return b"\x89PNG\r\n\x1a\n" + head + b"".join(between) + png_chunk(b"IDAT", packed) + png_chunk(b"IEND", b"")


def gif(width, height, frames):
    """A GIF whose frames are one pixel each on a canvas of that size."""
    head = b"GIF89a" + struct.pack("<HHBBB", width, height, 0x80, 0, 0) + bytes(3) + b"\xff\xff\xff"
    pixel = b",\0\0\0\0\1\0\1\0\0\2\2D\1\0"
    return head + b"!\xf9\4\0\1\0\0\0" + (pixel + b"!\xf9\4\0\1\0\0\0") * (frames - 1) + pixel + b";"


def jpeg(width, height):
    """A JPEG that says to be of that size; its pixels are those of a small one."""
    data = bytearray(saved("JPEG"))
    start = data.index(b"\xff\xc0")
    data[start + 5 : start + 9] = struct.pack(">HH", height, width)
    return bytes(data)


def saved(format, size=(64, 48), mode="RGB", **options):
    """A small picture with something in it."""
    image = Image.linear_gradient("L").resize(size).convert(mode)
    file = io.BytesIO()
    image.save(file, format, **options)
    return file.getvalue()


def text_bombs():
    """A kilobyte of text that becomes a megabyte, once and often; profiles and exif that do."""
    bomb = zlib.compress(bytes(60_000_000), 9)
    yield "text", png(8, 8, png_chunk(b"zTXt", b"a\0\0" + bomb))
    yield "international-text", png(8, 8, png_chunk(b"iTXt", b"a\0\1\0\0\0" + bomb))
    small = png_chunk(b"zTXt", b"a\0\0" + zlib.compress(bytes(900_000), 9))
    yield "many-texts", png(8, 8, *[small] * 200)
    yield "profile", png(8, 8, png_chunk(b"iCCP", b"a\0\0" + bomb))
    yield (
        "exif",
        png(8, 8, png_chunk(b"eXIf", b"II*\0\x08\0\0\0" + b"\xff\xff" + b"\0\1\2\0\xff\xff\xff\x7f\0\0\0\0" * 65_535)),
    )
    yield "chunks", png(8, 8, *[png_chunk(b"teXt", b"")] * 200_000)


@functools.cache
def bombs():
    """(name, content) of files each of which would take much more memory or time than its size lets expect."""
    return tuple(_bombs())


def _bombs():
    yield "gigapixel.png", png(40_000, 30_000, rows=100)
    yield "ninety-megapixels.png", png(10_000, 9_000)
    yield "wide.png", png(60_000, 40)
    yield "high.png", png(40, 60_000)
    yield "widest.png", png(2_147_483_647, 1, rows=0)
    yield "gigapixel.jpg", jpeg(65_500, 65_500)
    yield "wide.jpg", jpeg(60_000, 8)
    yield "gigapixel.tiff", flat_tiff(60_000, 60_000)
    yield "wide.tiff", flat_tiff(60_000, 100)
    yield "ten-thousand-frames.gif", gif(100, 100, 10_000)
    yield "large-frames.gif", gif(10_000, 9_000, 900)
    yield "canvas.gif", gif(65_535, 65_535, 1)
    for name, content in text_bombs():
        yield f"{name}.png", content


FORMATS = {
    "jpg": saved("JPEG", exif=b"Exif\0\0MM\0*\0\0\0\x08\0\1\1\x12\0\3\0\0\0\1\0\6\0\0\0\0\0\0"),
    "progressive.jpg": saved("JPEG", progressive=True),
    "png": saved("PNG"),
    "palette.png": saved("PNG", mode="P"),
    "alpha.png": saved("PNG", mode="LA"),
    "deep.png": saved("PNG", mode="I;16"),
    "webp": saved("WEBP"),
    "lossless.webp": saved("WEBP", lossless=True),
    "gif": saved("GIF"),
    "animated.gif": saved("GIF", save_all=True, append_images=[Image.new("RGB", (64, 48), "red")] * 3),
    "animated.webp": saved("WEBP", save_all=True, append_images=[Image.new("RGB", (64, 48), "red")] * 3),
    "animated.png": saved("PNG", save_all=True, append_images=[Image.new("RGB", (64, 48), "red")] * 3),
    "tiff": saved("TIFF"),
    "lzw.tiff": saved("TIFF", compression="tiff_lzw"),
    "pages.tiff": saved(
        "TIFF", compression="tiff_adobe_deflate", save_all=True, append_images=[Image.new("L", (9, 9))]
    ),
    "bmp": saved("BMP"),
}
"""Small whole pictures of each kind, by their extensions."""


def truncated(step):
    """(name, content): each kind cut at every so-manieth byte."""
    for extension, whole in FORMATS.items():
        for end in range(0, len(whole), step):
            yield f"{extension.replace('.', '-')}-{end:06}.{extension.rpartition('.')[2]}", whole[:end]


def mutants(count, chance):
    """(name, content): as many, of each kind in turn, with bytes changed, cut out, doubled and put in.

    Args:
        count: how many.
        chance: a `random.Random`; the same one gives the same mutants.
    """
    kinds = list(FORMATS.items())
    for number in range(count):
        extension, whole = kinds[number % len(kinds)]
        data = bytearray(whole)
        for _ in range(chance.randrange(1, 5)):
            _mutate(data, chance)
        yield f"{number:06}.{extension.rpartition('.')[2]}", bytes(data)


def _mutate(data, chance):
    # More often near the beginning, where headers are.
    place = chance.randrange(min(len(data), chance.choice([64, 1024, 1 << 20])) or 1)
    length = chance.choice([1, 1, 2, 4, 64])
    match chance.randrange(5):
        case 0:
            data[place : place + length] = chance.randbytes(length)
        case 1:
            del data[place : place + length]
        case 2:
            data[place:place] = data[place : place + length]
        case 3:
            data[place : place + length] = chance.choice([b"\xff", b"\0", b"\x7f", b"\x80"]) * length
        case 4 if data:
            data[min(place, len(data) - 1)] ^= 1 << chance.randrange(8)
