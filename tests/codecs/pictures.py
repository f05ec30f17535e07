"""Pictures made for the tests: gradients, that every scale and every turn changes."""

import struct
from io import BytesIO

import numpy as np
from PIL import Image

from imgpipe import codecs
from imgpipe.codecs import Limits
from imgpipe.codecs.matrix_profile import Primaries, matrix_profile
from imgpipe.picture import Picture, frame_size


def gradient(width=64, height=48, mode="RGB"):
    """Red grows to the right, green downwards, blue in the diagonal, so that no two corners are alike."""
    x, y = np.meshgrid(np.linspace(0, 1, width), np.linspace(0, 1, height))
    pixels = np.stack([x, y, (x + y) / 2, 1 - x * y / 2], axis=2)
    bands = {"L": [0], "LA": [0, 3], "RGB": [0, 1, 2], "RGBA": [0, 1, 2, 3], "CMYK": [0, 1, 2, 3]}[mode]
    samples = (pixels[:, :, bands] * 255).round().astype(np.uint8)
    if mode == "CMYK":
        return Image.frombytes("CMYK", (width, height), samples.tobytes())
    return Image.fromarray(samples[:, :, 0] if mode == "L" else samples)


def deep_gradient(bands=3, width=64, height=48):
    samples = np.arange(width * height * bands, dtype=np.uint32).reshape(height, width, bands)
    return ((samples * 40503) % 65536).astype(np.uint16)


def picture_of(*frames, **more):
    return Picture(frames, frame_size(frames[0]), "png", **more)


def saved(image, format, **options):
    file = BytesIO()
    image.save(file, format, **options)
    return file.getvalue()


def read(data, at_least=None, limits=None):
    held = codecs.in_hand(memoryview(data))
    return codecs.decode(held, codecs.probe(held, limits or Limits()), at_least)


def pixels(frame, mode=None):
    image = frame if mode is None else frame.convert(mode)
    return np.asarray(image).astype(int)


def exif_block(orientation, order="<"):
    """Camera make, orientation and copyright, with the texts behind the directory."""
    make, rights = b"Imgpipe Camera\0", b"(c) somebody\0"
    head = b"II*\0" if order == "<" else b"MM\0*"
    texts = 8 + 2 + 3 * 12 + 4
    entries = (
        struct.pack(order + "HHLL", 0x010F, 2, len(make), texts)
        + struct.pack(order + "HHLHH", 0x0112, 3, 1, orientation, 0)
        + struct.pack(order + "HHLL", 0x8298, 2, len(rights), texts + len(make) + 1)
    )
    body = head + struct.pack(order + "LH", 8, 3) + entries + bytes(4) + make + b"\0" + rights
    return b"Exif\0\0" + body


def wide_gamut_profile(gamma=2.2, white=(0.9642, 1.0, 0.8249), kind=b"mntr"):
    """A matrix profile with the primaries of Display P3."""

    def s15(value):
        return struct.pack(">i", round(value * 65536))

    def xyz(*values):
        return b"XYZ \0\0\0\0" + b"".join(map(s15, values))

    curve = b"curv\0\0\0\0" + struct.pack(">IH", 1, round(gamma * 256)) + b"\0\0"
    text = b"desc\0\0\0\0" + struct.pack(">I", 9) + b"wide one\0" + bytes(78)
    tags = {
        b"desc": text + bytes(-len(text) % 4),
        b"wtpt": xyz(*white),
        b"rXYZ": xyz(0.51512, 0.2412, -0.00105),
        b"gXYZ": xyz(0.29198, 0.69225, 0.04189),
        b"bXYZ": xyz(0.1571, 0.06657, 0.78407),
        b"rTRC": curve,
        b"gTRC": curve,
        b"bTRC": curve,
    }
    offset = 128 + 4 + 12 * len(tags)
    table, body = struct.pack(">I", len(tags)), b""
    for name, content in tags.items():
        table += name + struct.pack(">II", offset + len(body), len(content))
        body += content
    size = struct.pack(">I", offset + len(body))
    head = size + bytes(4) + b"\x02\x10\0\0" + kind + b"RGB XYZ " + bytes(12) + b"acsp" + bytes(28)
    head += s15(0.9642) + s15(1.0) + s15(0.8249)
    return head.ljust(128, b"\0") + table + body


def ink_profile():
    """A printer's: four inks to Lab by a table of two steps each, a linear approximation with grey component."""
    grid = [(c, m, y, k) for c in (0, 1) for m in (0, 1) for y in (0, 1) for k in (0, 1)]
    table = b""
    for c, m, y, k in grid:
        lightness = 100 * (1 - 0.45 * c) * (1 - 0.5 * m) * (1 - 0.1 * y) * (1 - 0.9 * k)
        a, b = (-35 * c + 70 * m) * (1 - k), (-45 * c + 90 * y) * (1 - k)
        table += struct.pack(">HHH", round(lightness * 652.8), round((a + 128) * 256), round((b + 128) * 256))
    identity = b"".join(struct.pack(">i", 65536 if row == column else 0) for row in range(3) for column in range(3))
    straight = struct.pack(">HH", 0, 65535)
    lut = b"mft2\0\0\0\0" + struct.pack(">BBBx", 4, 3, 2) + identity + struct.pack(">HH", 2, 2)
    lut += straight * 4 + table + straight * 3
    text = b"desc\0\0\0\0" + struct.pack(">I", 4) + b"ink\0" + bytes(78)
    white = b"XYZ \0\0\0\0" + struct.pack(">iii", 63190, 65536, 54061)
    tags = {b"desc": text, b"wtpt": white, b"A2B0": lut}
    start, rows, values = 128 + 4 + 12 * len(tags), struct.pack(">I", len(tags)), b""
    for name, value in tags.items():
        rows += name + struct.pack(">II", start + len(values), len(value))
        values += value + bytes(-len(value) % 4)
    head = struct.pack(">I4xI", start + len(values), 0x02100000) + b"prtrCMYKLab " + bytes(12) + b"acsp"
    return head.ljust(68, b"\0") + white[8:] + bytes(48) + rows + values


def nearly_srgb_profile():
    """A vendor's, which differs by no more than rounding."""
    return matrix_profile("", Primaries((0.6405, 0.3305), (0.30, 0.60), (0.15, 0.06)), None)
