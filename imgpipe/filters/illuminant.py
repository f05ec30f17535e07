"""The colour of light of a temperature."""

from __future__ import annotations


def light_of(temperature: float, tint: float) -> tuple[float, float, float]:
    """Red, green and blue of a black body's light in linear sRGB, its luminance 1.

    The Planckian locus as cubics in 1 / T: Kim et al., US patent 7024034 (2006), within 0.0003 of it in x and y.

    Args:
        temperature: 1667 to 25000 K.
        tint: how far the light lies towards green from the locus, in CIE 1960 u, v; below 0 towards magenta.

    >>> [round(band, 2) for band in light_of(3000, 0)]
    [1.77, 0.85, 0.27]
    """
    x, y = _planckian(temperature)
    # CIE 1960; the locus's normal is taken from two temperatures beside this one.
    u, v = _to_uv(x, y)
    below, above = (_to_uv(*_planckian(temperature * factor)) for factor in (0.999, 1.001))
    along = above[0] - below[0], above[1] - below[1]
    length = (along[0] ** 2 + along[1] ** 2) ** 0.5
    # Along the rising temperature u and v fall: green lies to its right, at a smaller u and a larger v.
    u, v = u + tint * along[1] / length, v - tint * along[0] / length
    return _to_rgb(u, v)


def _planckian(temperature: float) -> tuple[float, float]:
    t = 1e3 / temperature
    if temperature < 4000:
        x = -0.2661239 * t**3 - 0.2343589 * t**2 + 0.8776956 * t + 0.179910
    else:
        x = -3.0258469 * t**3 + 2.1070379 * t**2 + 0.2226347 * t + 0.240390
    if temperature < 2222:
        return x, -1.1063814 * x**3 - 1.34811020 * x**2 + 2.18555832 * x - 0.20219683
    if temperature < 4000:
        return x, -0.9549476 * x**3 - 1.37418593 * x**2 + 2.09137015 * x - 0.16748867
    return x, 3.0817580 * x**3 - 5.87338670 * x**2 + 3.75112997 * x - 0.37001483


def _to_uv(x: float, y: float) -> tuple[float, float]:
    return 4 * x / (-2 * x + 12 * y + 3), 6 * y / (-2 * x + 12 * y + 3)


def _to_rgb(u: float, v: float) -> tuple[float, float, float]:
    """Linear sRGB (IEC 61966-2-1) of luminance 1; a band below one thousandth is kept there."""
    x, y = 3 * u / (2 * u - 8 * v + 4), 2 * v / (2 * u - 8 * v + 4)
    big_x, big_z = x / y, (1 - x - y) / y
    red = 3.2404542 * big_x - 1.5371385 - 0.4985314 * big_z
    green = -0.9692660 * big_x + 1.8760108 + 0.0415560 * big_z
    blue = 0.0556434 * big_x - 0.2040259 + 1.0572252 * big_z
    return max(red, 1e-3), max(green, 1e-3), max(blue, 1e-3)
