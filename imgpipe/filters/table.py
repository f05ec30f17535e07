"""Look-up tables: what becomes of each level that a sample can have, for filters that look at nothing else.

Tables are arrays of whole levels, colour bands x levels: 1 or 3 x 256 for 8 bits a sample, 1 or 3 x 65536 for 16.
"""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING, Any, TypeAlias

from imgpipe.errors import FilterFailed
from imgpipe.filters.frames import bands, has_alpha, image_of, join_alpha, split_alpha, to_array
from imgpipe.filters.strips import looked_up

if TYPE_CHECKING:
    from collections.abc import Callable

    import numpy.typing as npt

    from imgpipe.filters.operation import Operation
    from imgpipe.filters.option import Value
    from imgpipe.picture import Frame

    Tables: TypeAlias = npt.NDArray[Any]


def identity(frame: Frame) -> Tables:
    """The tables that change nothing, for the colour bands of this frame."""
    import numpy as np

    levels = 256 if image_of(frame) else 65536
    return np.tile(np.arange(levels, dtype=np.uint16), (bands(frame) - has_alpha(frame), 1))


def table_of(operation: Operation, count: int, levels: int) -> Tables:
    """The tables of a pointwise step for so many colour bands and levels.

    Raises:
        FilterFailed: the filter returned something that is no table.
    """
    return _table_of(operation.filter.function, operation.filter.name, operation.options, (count, levels))


# By function rather than by name: functions defined inside others share theirs.
@functools.lru_cache(maxsize=32)
def _table_of(
    function: Callable[..., Any], name: str, options: tuple[tuple[str, Value], ...], shape: tuple[int, int]
) -> Tables:
    import numpy as np

    given = np.broadcast_to(np.arange(shape[1]) / (shape[1] - 1), shape)
    curves = function(given, **dict(options))
    if getattr(curves, "shape", None) != shape or not np.isfinite(curves).all():
        raise FilterFailed(f"filter {name} is pointwise: it must return {shape[0]} x {shape[1]} finite levels")
    return rounded(curves)


def rounded(curves: npt.NDArray[Any]) -> Tables:
    """Tables of whole levels from curves of 0 to 1, bands x levels; what exceeds them is clipped."""
    import numpy as np

    most = curves.shape[1] - 1
    tables: Tables = np.floor(np.clip(curves, 0, 1) * most + 0.5).astype(np.uint16)
    return tables


def compose(first: Tables, second: Tables) -> Tables:
    """The tables that do what looking up in the first and then in the second does."""
    import numpy as np

    return np.take_along_axis(second, first.astype(np.intp), axis=1)


def look_up(frame: Frame, tables: Tables) -> Frame:
    """The frame with each colour sample replaced by its level in its band's table; alpha as it is."""
    import numpy as np

    image = image_of(frame)
    if image:
        return image.point([*tables.ravel().tolist(), *range(256 * has_alpha(frame))])
    colour, alpha = split_alpha(frame)
    if (tables == tables[0]).all():
        return join_alpha(looked_up(to_array(colour), tables[0]), alpha)
    changed = [table[colour[:, :, band]] for band, table in enumerate(tables)]  # type: ignore[index]
    return join_alpha(np.stack(changed, axis=2), alpha)
