"""What a recipe needs of a picture before any of it is decoded: how many px, and which way up."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Literal, TypeAlias

from imgpipe.filters.operation import Operation
from imgpipe.picture import Size

When: TypeAlias = Literal["first", "small", "last"]
"""When frames are turned upright, see `when_upright`."""


def when_upright(operations: Iterable[Operation], size: Size) -> When:
    """When frames are to be turned.

    Args:
        operations: the steps.
        size: of the picture before them, px, upright.

    Returns:
        "first": a step needs them upright in full; "small": a step makes them smaller before; "last": no step minds.
    """
    for operation, seen, _ in _turned(operations, size):
        if not takes_stored(operation, seen):
            return "first"
        if not operation.filter.traits.pointwise and _need(operation, seen) != (0, 0):
            return "small"
    return "last"


def least_size(operations: Iterable[Operation], size: Size) -> Size | None:
    """The size of frame that the steps need, px, upright; None for every pixel.

    The first step that counts pixels decides: a resize needs some more than it makes; a crop or a blur in px needs
    them all, and so does a recipe that only changes colours.

    Args:
        operations: the steps.
        size: of the picture before them, px, upright.

    >>> from imgpipe.filters import parse
    >>> least_size([parse("grayscale"), parse("resize:width=400")], (4000, 3000))
    (600, 450)
    """
    for operation, seen, swapped in _turned(operations, size):
        needed = _need(operation, seen)
        if needed != (0, 0):
            return needed[::-1] if needed and swapped else needed
    return None


def _turned(operations: Iterable[Operation], size: Size) -> Iterator[tuple[Operation, Size, bool]]:
    """The steps, each with the size that it meets as long as those before it only turn, and whether that is swapped."""
    swapped = False
    for operation in operations:
        yield operation, size, swapped
        swaps = operation.filter.traits.swaps
        if swaps and swaps(**operation.arguments):
            size, swapped = size[::-1], not swapped


def _need(operation: Operation, size: Size) -> Size | None:
    rule = operation.filter.traits.least_size
    return rule(size, **operation.arguments) if rule else None


def takes_stored(operation: Operation, size: Size) -> bool:
    """Whether the step, of a picture of this size in px, takes frames that are still to be turned."""
    traits = operation.filter.traits
    if traits.as_stored is None:
        return traits.pointwise  # it is shown levels, and no frame
    return traits.as_stored(size, **operation.arguments)
