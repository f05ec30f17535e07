"""White balance: the colour of the light is taken out, by a gain for each band in linear light."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated, Any

from imgpipe.errors import RecipeError
from imgpipe.filters.frames import bands, map_frames
from imgpipe.filters.illuminant import light_of
from imgpipe.filters.option import Range
from imgpipe.filters.registry import filter
from imgpipe.filters.srgb import to_levels, to_light
from imgpipe.filters.statistics import histograms, look_up_together
from imgpipe.filters.table import look_up, rounded
from imgpipe.picture import Frame, Picture, Size, is_deep

if TYPE_CHECKING:
    import numpy.typing as npt

    from imgpipe.filters.table import Tables

_LUMINANCE = (0.2126, 0.7152, 0.0722)  # of linear sRGB: IEC 61966-2-1
_NEUTRAL = 6500.0  # K
_MOST = 2.0  # gain of the automatic balance: what is further from grey is the thing's colour, not the light's


def _need(_size: Size, /, temperature: float | None = None, **_options: float) -> Size | None:
    return None if temperature is None else (0, 0)


def _check(temperature: float | None = None, tint: float = 0.0, strength: float = 1.0) -> None:
    if temperature is not None and strength != 1:
        raise RecipeError("filter white-balance: strength goes with the automatic balance, not with a temperature")
    if temperature is None and tint:
        raise RecipeError("filter white-balance: tint goes with a temperature; 6500 leaves it neutral")


@filter(least_size=_need, check=_check)
def white_balance(
    picture: Picture,
    temperature: Annotated[float | None, Range(2500, 25000, "K")] = None,
    tint: Annotated[float, Range(-100, 100)] = 0.0,
    strength: Annotated[float, Range(0, 1)] = 1.0,
) -> Picture:
    """Take the colour of the light out of the picture: automatically, or for a light of known temperature.

    Each band is multiplied in linear light (IEC 61966-2-1) by a gain; the gains leave the luminance of grey as it is.
    Without a temperature they make the means of the bands equal, for the world is grey on average (G. Buchsbaum, A
    Spatial Processor Model for Object Colour Perception, 1980), by a factor of 1/2 to 2 at most, so that a picture full
    of one colour keeps some of it. With one they make a black body of this temperature (Kim et al., US patent 7024034,
    2006) as white as one of 6500 K. All frames of an animation are balanced alike. Wholly transparent pixels do not
    count; alpha is not touched; grey pictures stay as they are.

        >>> from imgpipe.filters import parse
        >>> parse("white-balance:strength=0.7")
        Operation('white-balance:strength=0.7')
        >>> parse("white-balance:temperature=3200,tint=10")
        Operation('white-balance:temperature=3200,tint=10')

    Args:
        picture: the picture.
        temperature: 2500 to 25000 K, of the light in which it was taken. 6500 changes nothing; 3000, a lamp, makes it
            bluer; 8000, shade, warmer.
        tint: -100 to 100. Above 0 takes green out, as of fluorescent tubes; below 0 magenta. 100 is a distance of
            1/30 in CIE 1960 u, v.
        strength: 0 to 1, of the automatic balance: gains are raised to this power. 0 changes nothing.

    The automatic balance counts every pixel, so it keeps the picture from being decoded at a reduced scale.

    Errors: CMYK pictures fail; leave out `--no-srgb`.
    """
    import numpy as np

    if temperature is not None:
        gains = np.array(light_of(_NEUTRAL, 0)) / light_of(temperature, tint / 3000)
        return map_frames(picture, lambda frame: _balanced(frame, gains))

    def tables_of(frames: Sequence[Frame]) -> "Tables":
        counts = histograms(frames)
        light = counts @ to_light(np.linspace(0, 1, counts.shape[1]))
        mean = max(light.mean(), 1e-9)
        gains = (mean / np.clip(light, mean / _MOST, mean * _MOST)) ** strength
        return _tables(gains, counts.shape[1])

    return look_up_together(picture, tables_of) if strength else picture


def _balanced(frame: Frame, gains: "npt.NDArray[Any]") -> Frame:
    return look_up(frame, _tables(gains, 65536 if is_deep(frame) else 256)) if bands(frame) > 2 else frame


def _tables(gains: "npt.NDArray[Any]", levels: int) -> "Tables":
    """For each band the table that multiplies its light, the luminance of grey kept."""
    import numpy as np

    kept = gains / (gains @ _LUMINANCE if len(gains) == 3 else gains)
    return rounded(to_levels(to_light(np.linspace(0, 1, levels)) * kept[:, np.newaxis]))
