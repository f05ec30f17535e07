"""Colours, which are in sRGB, in the space of a picture that kept its own.

Pictures do so with `--no-srgb`, and where they have 16 bits a sample.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from imgpipe.filters.colour import OPTIONS, parse_colour
from imgpipe.icc import colour_in

if TYPE_CHECKING:
    from imgpipe.filters.operation import Operation


def arguments_in(operation: Operation, profile: bytes | None) -> dict[str, Any]:
    """The arguments of a step that comes with imgpipe, the colours among them in the space of a profile."""
    arguments = operation.arguments
    if profile is None or operation.filter.spelling != operation.filter.name:
        return arguments
    named = {name: arguments[name] for name in OPTIONS if isinstance(arguments.get(name), str)}
    return {**arguments, **{name: _converted(text, profile) for name, text in named.items()}}


def _converted(text: str, profile: bytes) -> str:
    """A colour as text, such as `#1eb43c`, in the space of a profile."""
    colour = parse_colour(text)
    return "#" + bytes([*colour_in(colour, profile), colour[3]]).hex()
