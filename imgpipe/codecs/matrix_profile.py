"""ICC profiles of spaces that a file describes in other ways: by primaries and a curve, or by the name of one.

Of grey only the curve counts, and formats such as PNG take no profile of colours beside it.
"""

from __future__ import annotations

import struct
from functools import cache
from typing import NamedTuple, TypeAlias

_D50 = (0.9642, 1.0, 0.8249)
_BRADFORD = ((0.8951, 0.2664, -0.1614), (-0.7502, 1.7135, 0.0367), (0.0389, -0.0685, 1.0296))
"""To the responses of cones in which white is adapted (ICC.1:2022, annex E)."""
_POINTS_OF_A_CURVE = 1024
_MOST = 32_767

_Triple: TypeAlias = tuple[float, float, float]
_Matrix: TypeAlias = tuple[_Triple, _Triple, _Triple]


class Primaries(NamedTuple):
    """Chromaticities x and y, 0 to 1."""

    red: tuple[float, float]
    green: tuple[float, float]
    blue: tuple[float, float]
    white: tuple[float, float] = (0.3127, 0.3290)


def matrix_profile(name: str, primaries: Primaries, gamma: float | None) -> bytes | None:
    """A matrix profile, ICC version 2; None where the primaries are those of no space.

    Args:
        name: its description.
        primaries: of the space.
        gamma: the exponent that makes light of numbers; None for the curve of sRGB (IEC 61966-2-1).
    """
    try:
        white = _xyz(primaries.white)
        to_xyz = _columns(_xyz(primaries.red), _xyz(primaries.green), _xyz(primaries.blue))
        scales = _times(_inverse(to_xyz), white)
        to_d50 = _adaptation(white)
    except ZeroDivisionError:
        return None
    colorants = [
        _times(to_d50, (column[0] * scale, column[1] * scale, column[2] * scale))
        for column, scale in zip(_columns(*to_xyz), scales, strict=True)
    ]
    if not all(abs(value) < _MOST for colorant in colorants for value in colorant):
        return None
    return written(name, colorants, _srgb_curve() if gamma is None else power_curve(gamma))


def grey_profile(name: str, gamma: float) -> bytes:
    """A profile of grey, ICC version 2, with the exponent that makes light of numbers."""
    return _written(name, b"GRAY", {}, power_curve(gamma), (b"kTRC",))


def written(name: str, colorants: list[_Triple], curve: bytes) -> bytes:
    """The profile of a space whose red, green and blue have these XYZ for D50, and one curve."""
    values = {colour + b"XYZ": _xyz_tag(xyz) for colour, xyz in zip((b"r", b"g", b"b"), colorants, strict=True)}
    return _written(name, b"RGB ", values, curve, (b"rTRC", b"gTRC", b"bTRC"))


def _written(name: str, space: bytes, more: dict[bytes, bytes], curve: bytes, curves: tuple[bytes, ...]) -> bytes:
    words = name.encode("ascii") + b"\0"
    values = {
        b"desc": b"desc\0\0\0\0" + struct.pack(">I", len(words)) + words + bytes(78),
        b"cprt": b"text\0\0\0\0No copyright\0",
        b"wtpt": _xyz_tag(_D50),
        **more,
    }
    table, content = struct.pack(">I", len(values) + len(curves)), b""
    start = 128 + 4 + 12 * (len(values) + len(curves))
    for tag, value in values.items():
        table += tag + struct.pack(">II", start + len(content), len(value))
        content += value + bytes(-len(value) % 4)
    for tag in curves:
        table += tag + struct.pack(">II", start + len(content), len(curve))
    content += curve + bytes(-len(curve) % 4)
    head = struct.pack(">I4xI", start + len(content), 0x02100000) + b"mntr" + space + b"XYZ " + bytes(12) + b"acsp"
    return head.ljust(68, b"\0") + _xyz_tag(_D50)[8:] + bytes(48) + table + content


def power_curve(gamma: float) -> bytes:
    """The content of a `curv` tag: an exponent below 256."""
    return b"curv\0\0\0\0" + struct.pack(">IH", 1, round(gamma * 256))


@cache
def _srgb_curve() -> bytes:
    levels = (number / (_POINTS_OF_A_CURVE - 1) for number in range(_POINTS_OF_A_CURVE))
    light = (level / 12.92 if level <= 0.04045 else ((level + 0.055) / 1.055) ** 2.4 for level in levels)
    points = [round(value * 65_535) for value in light]
    return b"curv\0\0\0\0" + struct.pack(f">I{_POINTS_OF_A_CURVE}H", _POINTS_OF_A_CURVE, *points)


def _xyz_tag(values: _Triple) -> bytes:
    return b"XYZ \0\0\0\0" + b"".join(struct.pack(">i", round(value * 65536)) for value in values)


def _xyz(chromaticity: tuple[float, float]) -> _Triple:
    x, y = chromaticity
    return x / y, 1.0, (1 - x - y) / y


def _adaptation(white: _Triple) -> _Matrix:
    """From colours under this white to those under D50."""
    cones, wanted = _times(_BRADFORD, white), _times(_BRADFORD, _D50)
    first, second, third = (to / of for of, to in zip(cones, wanted, strict=True))
    rows = zip(_BRADFORD, (first, second, third), strict=True)
    scaled = tuple((row[0] * scale, row[1] * scale, row[2] * scale) for row, scale in rows)
    back = _inverse(_BRADFORD)
    columns = (_times(back, column) for column in zip(*scaled, strict=True))
    return _columns(*columns)


def _columns(first: _Triple, second: _Triple, third: _Triple) -> _Matrix:
    """The matrix that has these columns; of one that is given by rows, its transpose."""
    rows = tuple(zip(first, second, third, strict=True))
    return rows[0], rows[1], rows[2]


def _times(matrix: _Matrix, vector: _Triple) -> _Triple:
    first, second, third = (sum(a * b for a, b in zip(row, vector, strict=True)) for row in matrix)
    return first, second, third


def _inverse(matrix: _Matrix) -> _Matrix:
    (a, b, c), (d, e, f), (g, h, i) = matrix
    of = a * (e * i - f * h) - b * (d * i - f * g) + c * (d * h - e * g)
    return (
        ((e * i - f * h) / of, (c * h - b * i) / of, (b * f - c * e) / of),
        ((f * g - d * i) / of, (a * i - c * g) / of, (c * d - a * f) / of),
        ((d * h - e * g) / of, (b * g - a * h) / of, (a * e - b * d) / of),
    )
