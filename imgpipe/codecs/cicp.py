"""Colours that a file describes without an ICC profile: by code points (ITU-T H.273), or by a PNG's gamma."""

from __future__ import annotations

from dataclasses import replace
from functools import lru_cache
from typing import NamedTuple

from imgpipe.codecs.matrix_profile import Primaries, grey_profile, matrix_profile
from imgpipe.codecs.modes import is_grey
from imgpipe.picture import Picture

_BT_709 = Primaries((0.64, 0.33), (0.30, 0.60), (0.15, 0.06))
_PRIMARIES = {
    1: _BT_709,
    2: _BT_709,  # not specified
    4: Primaries((0.67, 0.33), (0.21, 0.71), (0.14, 0.08), (0.310, 0.316)),
    5: Primaries((0.64, 0.33), (0.29, 0.60), (0.15, 0.06)),
    6: Primaries((0.63, 0.34), (0.31, 0.595), (0.155, 0.07)),
    7: Primaries((0.63, 0.34), (0.31, 0.595), (0.155, 0.07)),
    9: Primaries((0.708, 0.292), (0.17, 0.797), (0.131, 0.046)),
    11: Primaries((0.68, 0.32), (0.265, 0.69), (0.15, 0.06), (0.314, 0.351)),
    12: Primaries((0.68, 0.32), (0.265, 0.69), (0.15, 0.06)),
    22: Primaries((0.63, 0.34), (0.295, 0.605), (0.155, 0.077)),
}
_NAMES = {9: "BT.2020", 11: "DCI-P3", 12: "Display P3"}

# The curves of video are written into stills by encoders that never asked what their input was: sRGB.
_LIKE_SRGB = {1, 2, 6, 13, 14, 15}
_POWERS = {4: 2.2, 5: 2.8, 8: 1.0}
_HDR = {16: "PQ", 18: "HLG"}

_SAME_GAMMA = 0.05
"""As libpng has it: a twentieth more or less is not seen."""
_SAME_CHROMATICITY = 0.005
_GAMMAS = (0.5, 5.0)


class CodePoints(NamedTuple):
    """Of colour primaries and of transfer characteristics, as in H.273."""

    primaries: int
    transfer: int


def in_code_points(picture: Picture, code: CodePoints | None) -> Picture:
    """The picture with the profile of what these code points mean, none for sRGB.

    Where they are not understood, it keeps the profile that it has, or gets a word of warning.
    """
    if code is None:
        return picture
    known = code.primaries in _PRIMARIES and (code.transfer in _LIKE_SRGB or code.transfer in _POWERS)
    if not known and picture.profile is not None:
        return picture
    if code.transfer in _HDR:
        return picture.warn(
            f"HDR ({_HDR[code.transfer]}) was taken for the standard range: it is not as bright as it was meant"
        )
    if not known:
        return picture.warn(f"colours in an unknown space (CICP {code.primaries}/{code.transfer}) were taken for sRGB")
    gamma = _POWERS.get(code.transfer)
    return replace(picture, profile=_of_grey(gamma) if all(map(is_grey, picture.frames)) else _profile(code))


def in_gamma(picture: Picture, gamma: float | None, chromaticity: tuple[float, ...] | None) -> Picture:
    """The picture with the profile of a PNG's gAMA and cHRM chunks, where they mean something else than sRGB.

    Args:
        picture: of the file.
        gamma: the exponent that made numbers of light, as 0.45455.
        chromaticity: x and y of white, red, green and blue.
    """
    exponent = _exponent(gamma)
    profile = _of_grey(exponent) if all(map(is_grey, picture.frames)) else _profile_of_gamma(exponent, chromaticity)
    return replace(picture, profile=profile or picture.profile)


@lru_cache(maxsize=64)
def _profile(code: CodePoints) -> bytes | None:
    primaries, gamma = _PRIMARIES[code.primaries], _POWERS.get(code.transfer)
    if primaries == _BT_709 and gamma is None:
        return None
    name = _NAMES.get(code.primaries, f"CICP primaries {code.primaries}")
    return matrix_profile(name if gamma is None else f"{name}, gamma {gamma}", primaries, gamma)


def _of_grey(exponent: float | None) -> bytes | None:
    return None if exponent is None else grey_profile(f"grey, gamma {exponent:.2f}", exponent)


def _exponent(gamma: float | None) -> float | None:
    """What makes light of numbers; None where it is that of sRGB, or nonsense."""
    exponent = 1 / gamma if gamma else 0.0
    sensible = _GAMMAS[0] <= exponent <= _GAMMAS[1]
    return exponent if sensible and abs(exponent / 2.2 - 1) >= _SAME_GAMMA else None


@lru_cache(maxsize=64)
def _profile_of_gamma(exponent: float | None, chromaticity: tuple[float, ...] | None) -> bytes | None:
    primaries = _BT_709
    if chromaticity is not None and len(chromaticity) == 8:
        white, red, green, blue = zip(chromaticity[::2], chromaticity[1::2], strict=True)
        primaries = Primaries(red, green, blue, white)
    if _is_bt_709(primaries):
        return None if exponent is None else matrix_profile(f"gamma {exponent:.2f}", _BT_709, exponent)
    return matrix_profile("gAMA and cHRM of a PNG", primaries, exponent)


def _is_bt_709(primaries: Primaries) -> bool:
    pairs = zip(primaries, _BT_709, strict=True)
    return all(abs(a - b) < _SAME_CHROMATICITY for one, other in pairs for a, b in zip(one, other, strict=True))
