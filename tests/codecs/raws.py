"""DNGs made for the tests: a sensor of 16 bits, red-green-green-blue, whose colours are those of linear sRGB."""

import struct

import numpy as np

_FROM_XYZ = (3.2406, -1.5372, -0.4986, -0.9689, 1.8758, 0.0415, 0.0557, -0.2040, 1.0570)
_WHITE = 16_000


def shorts(*values):
    return 3, len(values), struct.pack(f"<{len(values)}H", *values)


def longs(*values):
    return 4, len(values), struct.pack(f"<{len(values)}I", *values)


def text(words):
    return 2, len(words) + 1, words.encode() + b"\0"


def octets(*values, kind=1):
    return kind, len(values), bytes(values)


def fractions(*values, kind=5):
    packed = b"".join(struct.pack("<ii", round(value * 10_000), 10_000) for value in values)
    return kind, len(values), packed


def mosaic(light):
    """What a sensor sees of light, H x W x 3 in 0 to 1."""
    samples = np.round(np.asarray(light) * _WHITE).astype("<u2")
    seen = samples[:, :, 1].copy()
    seen[0::2, 0::2] = samples[0::2, 0::2, 0]
    seen[1::2, 1::2] = samples[1::2, 1::2, 2]
    return seen


def tiff(*directories, start=8):
    """Directories in a row, each before what it leads to, as cameras write them; pixels come last.

    A value that is a dictionary is a directory below this one; one of bytes is put somewhere, and its offset written.
    """
    file = bytearray(b"II*\0" + struct.pack("<I", start)).ljust(start, b"\0")
    link, below = 4, []
    for entries in directories:
        struct.pack_into("<I", file, link, len(file))
        link = len(file) + 2 + 12 * len(entries)
        below += _append(file, entries)
    pixels = []
    while below:
        field, content = below.pop(0)
        if isinstance(content, dict):
            struct.pack_into("<I", file, field, len(file))
            below += _append(file, content)
        else:
            pixels.append((field, content))
    for field, content in pixels:
        struct.pack_into("<I", file, field, len(file))
        file += content + bytes(len(content) % 2)
    return bytes(file)


def _append(file, entries):
    """Write a directory; fields that are still to be filled with an offset, and of what."""
    below, values = [], bytearray()
    behind = len(file) + 2 + 12 * len(entries) + 4
    file += struct.pack("<H", len(entries))
    for tag, value in sorted(entries.items()):
        offset_only = not isinstance(value, tuple)
        if offset_only:
            below.append((len(file) + 8, value))
        kind, count, packed = longs(0) if offset_only else value
        file += struct.pack("<HHI", tag, kind, count)
        file += packed.ljust(4, b"\0") if len(packed) <= 4 else struct.pack("<I", behind + len(values))
        values += packed + bytes(len(packed) % 2) if len(packed) > 4 else b""
    file += bytes(4) + values
    return below


def sensor(light, **changed):
    """The entries of a directory that holds what a sensor saw."""
    seen = mosaic(light)
    entries = {
        254: longs(0),
        256: longs(seen.shape[1]),
        257: longs(seen.shape[0]),
        258: shorts(16),
        259: shorts(1),
        262: shorts(32803),
        273: seen.tobytes(),
        277: shorts(1),
        278: longs(seen.shape[0]),
        279: longs(seen.nbytes),
        33421: shorts(2, 2),
        33422: octets(0, 1, 1, 2),
        50714: shorts(0),
        50717: longs(_WHITE),
    }
    return entries | changed


def camera(orientation=1, neutral=(1, 1, 1)):
    """The entries that say which camera it was, and what its colours mean."""
    return {
        271: text("Imgpipe"),
        272: text("Camera One"),
        274: shorts(orientation),
        306: text("2026:01:02 03:04:05"),
        34665: {0x829A: fractions(0.01), 0x9003: text("2026:01:02 03:04:05"), 0xA001: shorts(2)},
        50706: octets(1, 4, 0, 0),
        50707: octets(1, 1, 0, 0),
        50708: text("Imgpipe Camera One"),
        50721: fractions(*_FROM_XYZ, kind=10),
        50728: fractions(*neutral),
        50778: shorts(21),
    }


def dng(light, orientation=1, neutral=(1, 1, 1), thumbnail=False):
    """A DNG of light, H x W x 3; with a thumbnail the first directory holds that, and the sensor is below it."""
    about = camera(orientation, neutral)
    if not thumbnail:
        return tiff({**sensor(light), **about})
    small = np.full((8, 8, 3), 99, np.uint8).tobytes()
    first = {254: longs(1), 256: longs(8), 257: longs(8), 258: shorts(8, 8, 8), 259: shorts(1), 262: shorts(2)}
    first |= {273: small, 277: shorts(3), 278: longs(8), 279: longs(len(small))}
    return tiff({**first, **about, 330: sensor(light)})


def flat(red, green, blue, size=(64, 48)):
    return np.broadcast_to(np.array([red, green, blue], float), (size[1], size[0], 3))


def corners(size=(64, 48)):
    """A red quarter at the top left, green at the top right, blue at the bottom left, grey at the bottom right."""
    light = np.empty((size[1], size[0], 3))
    light[: size[1] // 2, : size[0] // 2] = 0.7, 0.05, 0.05
    light[: size[1] // 2, size[0] // 2 :] = 0.05, 0.7, 0.05
    light[size[1] // 2 :, : size[0] // 2] = 0.05, 0.05, 0.7
    light[size[1] // 2 :, size[0] // 2 :] = 0.3, 0.3, 0.3
    return light
