"""The parts of a recipe that hold for all outputs, read off its class, so that there is no second list."""

from __future__ import annotations

from dataclasses import is_dataclass
from typing import get_type_hints

from imgpipe.codecs.codec import Encoding
from imgpipe.recipe import Recipe

SETTINGS: dict[str, type] = {
    name: kind
    for name, kind in get_type_hints(Recipe).items()
    if isinstance(kind, type) and is_dataclass(kind) and kind is not Encoding
}
"""The fields of a recipe that hold for all outputs, such as `colour`; what they consist of stands at the top."""
