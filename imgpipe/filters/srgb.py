"""The curve of sRGB, IEC 61966-2-1: between levels as pictures store them and light."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy.typing as npt


def to_light(levels: npt.NDArray[Any]) -> npt.NDArray[Any]:
    """The light that levels stand for, both 0 to 1.

    >>> import numpy as np
    >>> to_light(np.array([0.0, 0.5, 1.0])).round(4)
    array([0.   , 0.214, 1.   ])
    """
    import numpy as np

    return np.where(levels <= 0.04045, levels / 12.92, ((levels + 0.055) / 1.055) ** 2.4)


def to_levels(light: npt.NDArray[Any]) -> npt.NDArray[Any]:
    """The levels that stand for light of 0 and more: the opposite of `to_light`."""
    import numpy as np

    return np.where(light <= 0.0031308, light * 12.92, 1.055 * light ** (1 / 2.4) - 0.055)
