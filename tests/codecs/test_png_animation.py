"""Animated PNGs: what is seen of them is what browsers show."""

import struct
import zlib

import numpy as np
import pytest

from imgpipe.codecs.png_chunks import SIGNATURE, chunk_bytes
from imgpipe.errors import DamagedPicture

from .pictures import pixels, read

SIZE = (12, 10)
GREY, COLOURS, PALETTE, GREY_WITH_ALPHA, COLOURS_WITH_ALPHA = 0, 2, 3, 4, 6


def samples_by_chance(chance, kind, size, table):
    """Samples of a colour type, H x W x bands, and what they look like, RGBA."""
    bands = {GREY: 1, COLOURS: 3, PALETTE: 1, GREY_WITH_ALPHA: 2, COLOURS_WITH_ALPHA: 4}[kind]
    samples = chance.integers(0, 256, (*size[::-1], bands), np.uint8)
    if bands in (2, 4):
        samples[:, :, -1] = chance.choice([0, 128, 255], size[::-1])
        return samples, samples[:, :, [0, 0, 0, 1] if bands == 2 else [0, 1, 2, 3]]
    if kind == PALETTE:
        return samples, table[samples[:, :, 0]]
    return samples, np.concatenate(
        [np.repeat(samples, 3 // bands, axis=2), np.full_like(samples[:, :, :1], 255)], axis=2
    )


def coded(samples):
    return zlib.compress(b"".join(b"\0" + row.tobytes() for row in samples))


def laid(below, layer, over):
    """By Porter and Duff's "over", or the layer alone."""
    if not over:
        return layer
    opacity, behind = layer[:, :, 3:] / 255, below[:, :, 3:] / 255
    seen = opacity + behind * (1 - opacity)
    colours = layer[:, :, :3] * opacity + below[:, :, :3] * behind * (1 - opacity)
    return np.concatenate([colours / np.maximum(seen, 1e-9), seen * 255], axis=2)


def made_by_chance(chance, kind, count=4):
    """An animation of parts of the canvas, and what is seen of each frame by PNG's third edition, RGBA."""
    table = chance.integers(0, 256, (256, 4), np.uint8)
    file = SIGNATURE + chunk_bytes(b"IHDR", struct.pack(">IIBBBBB", *SIZE, 8, kind, 0, 0, 0))
    file += chunk_bytes(b"acTL", struct.pack(">II", count, 7))
    if kind == PALETTE:
        file += chunk_bytes(b"PLTE", table[:, :3].tobytes()) + chunk_bytes(b"tRNS", table[:, 3].tobytes())
    apart = chance.integers(2)
    if apart:
        file += chunk_bytes(b"IDAT", coded(samples_by_chance(chance, kind, SIZE, table)[0]))
    canvas, seen, sequence = np.zeros((SIZE[1], SIZE[0], 4)), [], iter(range(100))
    for number in range(count):
        left, top = (int(chance.integers(0, side - 1)) * bool(number) for side in SIZE)
        less = chance.integers(0, 2, 2) * bool(number)
        size = SIZE[0] - left - int(less[0]), SIZE[1] - top - int(less[1])
        fate, over = (int(chance.integers(most)) for most in (3, 2))
        control = struct.pack(">IIIIIHHBB", next(sequence), *size, left, top, 1, 20, fate, over)
        file += chunk_bytes(b"fcTL", control)
        samples, layer = samples_by_chance(chance, kind, size, table)
        if number or apart:
            file += chunk_bytes(b"fdAT", struct.pack(">I", next(sequence)) + coded(samples))
        else:
            file += chunk_bytes(b"IDAT", coded(samples))
        before, place = canvas.copy(), np.s_[top : top + size[1], left : left + size[0]]
        canvas[place] = laid(canvas[place], layer, over)
        seen.append(canvas.copy())
        if fate == 1:
            canvas[place] = 0
        canvas = before if fate == 2 else canvas
    return file + chunk_bytes(b"IEND", b""), seen


@pytest.mark.parametrize("kind", [GREY, COLOURS, PALETTE, GREY_WITH_ALPHA, COLOURS_WITH_ALPHA])
def test_frames_are_laid_and_taken_away_as_browsers_do(kind):
    for seed in range(20):
        data, seen = made_by_chance(np.random.default_rng(seed), kind)
        picture = read(data)
        assert (picture.durations, picture.loop) == ((50,) * 4, 7)
        for frame, meant in zip(picture.frames, seen, strict=True):
            shown = pixels(frame, "RGBA")
            assert np.abs(shown[:, :, 3] - meant[:, :, 3]).max() <= 2
            # Of what can hardly be seen the colour is anything.
            assert np.abs((shown - meant)[:, :, :3] * meant[:, :, 3:] / 255).max() <= 3


def test_frames_that_are_not_as_the_file_says_are_damage():
    data, _ = made_by_chance(np.random.default_rng(2), COLOURS)
    control, samples = data.index(b"fcTL", data.index(b"fdAT")), data.index(b"fdAT")
    for start, changed, said in [
        (samples + 4, b"\0\0\0\x09", "order"),
        (control + 8, struct.pack(">II", 13, 10), "within"),
        (control + 28, b"\3", "within"),
        (data.index(b"acTL") + 4, b"\0\0\0\5", "missing"),
        (samples + 20, b"\xff\xff\xff", "damaged"),
    ]:
        file = bytearray(data)
        file[start : start + len(changed)] = changed
        at, length = 8, 0
        while at < len(file):
            length = int.from_bytes(file[at : at + 4], "big")
            file[at + 8 + length : at + 12 + length] = struct.pack(">I", zlib.crc32(file[at + 4 : at + 8 + length]))
            at += 12 + length
        with pytest.raises(DamagedPicture, match=said):
            read(bytes(file))


@pytest.mark.parametrize("kind", [GREY, COLOURS])
def test_of_16_bits_only_the_very_colour_that_is_declared_is_transparent(kind):
    bands = {GREY: 1, COLOURS: 3}[kind]
    samples = np.array([[0x1234] * bands, [0x1235] * bands, [0xABCD] * bands], ">u2").reshape(1, 3, bands)
    control = struct.pack(">IIIIHHBB", 3, 1, 0, 0, 1, 20, 0, 0)
    file = SIGNATURE + chunk_bytes(b"IHDR", struct.pack(">IIBBBBB", 3, 1, 16, kind, 0, 0, 0))
    file += chunk_bytes(b"acTL", struct.pack(">II", 2, 0)) + chunk_bytes(b"tRNS", samples[0, 0].tobytes())
    file += chunk_bytes(b"fcTL", struct.pack(">I", 0) + control) + chunk_bytes(b"IDAT", coded(samples))
    file += chunk_bytes(b"fcTL", struct.pack(">I", 1) + control)
    picture = read(file + chunk_bytes(b"fdAT", struct.pack(">I", 2) + coded(samples)) + chunk_bytes(b"IEND", b""))
    assert [pixels(frame, "RGBA")[0, :, 3].tolist() for frame in picture.frames] == [[0, 255, 255]] * 2
    assert picture.warnings == ("16 bits a sample converted to 8 in an animation",)
