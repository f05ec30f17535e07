"""Adobe RGB (1998) where only EXIF says so: no profile is in the file, so one is made."""

from __future__ import annotations

from functools import cache

from imgpipe.codecs.matrix_profile import power_curve, written

_RED, _GREEN, _BLUE = (0.60974, 0.31111, 0.01947), (0.20528, 0.62567, 0.06087), (0.14919, 0.06322, 0.74457)
"""XYZ for D50, as adapted from D65 by Bradford's matrix (Adobe RGB (1998), version 2005-05, 4.3.5.3)."""
_GAMMA = 563 / 256


@cache
def adobe_rgb_profile() -> bytes:
    """A matrix profile, ICC version 2."""
    return written("Adobe RGB (1998) compatible", [_RED, _GREEN, _BLUE], power_curve(_GAMMA))
