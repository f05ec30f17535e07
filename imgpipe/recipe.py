"""A recipe: what to do with each picture, and what to make of it."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from imgpipe import codecs, filters
from imgpipe.codecs.codec import Encoding, Limits
from imgpipe.errors import RecipeError
from imgpipe.filters.operation import Operation
from imgpipe.transform import OutputPlan, Settings, transform

_VERSION = 1
"""Part of every digest: raised when the same recipe begins to give other bytes."""

_SUBSAMPLINGS = ("4:4:4", "4:2:2", "4:2:0")


@dataclass(frozen=True, slots=True)
class Colour:
    """What is done to every picture before the filters.

    Attributes:
        auto_orient: turn it upright as its EXIF orientation says.
        srgb: convert it to sRGB by its ICC profile; else the profile is kept.
    """

    auto_orient: bool = True
    srgb: bool = True


@dataclass(frozen=True, slots=True)
class Recipe:
    """What to do with each picture: filters in order, then one encoded output.

    Args:
        filters: each as text, `name:key=value,...`, or as made by `imgpipe.filters.NAME(...)`.
        format: of the output, such as "webp"; None for the source's own.
        quality: 1 to 100; None for the format's default.
        encoding: the other options of the encoder; its quality gives way to `quality`.
        colour: what is done before the filters.

    Raises:
        RecipeError: a filter, option or value does not exist or is out of range.
        UsageError: there is no such format.

    >>> recipe = Recipe(["resize:width=1024", "sharpen:amount=0.8"], format="webp", quality=80)
    >>> recipe.filters
    (Operation('resize:width=1024'), Operation('sharpen:amount=0.8'))
    >>> Recipe(["blurr:3"])
    Traceback (most recent call last):
    ...
    imgpipe.errors.RecipeError: there is no filter blurr; did you mean blur?
    """

    filters: Sequence[str | Operation] = ()
    format: str | None = None
    quality: int | None = None
    encoding: Encoding = field(default_factory=Encoding)
    colour: Colour = field(default_factory=Colour)

    def __post_init__(self) -> None:
        if isinstance(self.filters, (str, Operation)):
            raise RecipeError("filters is a list, one entry for each filter")
        operations = tuple(filters.parse(step) if isinstance(step, str) else step for step in self.filters)
        quality = self.encoding.quality if self.quality is None else self.quality
        _check_number("quality", quality, 1, 100)
        _check_number("effort", self.encoding.effort, 0, 9)
        if self.encoding.subsampling not in (None, *_SUBSAMPLINGS):
            wrong = f"subsampling={self.encoding.subsampling} is not valid"
            raise RecipeError(f"{wrong}; it is one of {', '.join(_SUBSAMPLINGS)}")
        if self.format is not None:
            object.__setattr__(self, "format", codecs.by_name(self.format).name)
        object.__setattr__(self, "filters", operations)
        object.__setattr__(self, "encoding", replace(self.encoding, quality=quality))

    @property
    def operations(self) -> tuple[Operation, ...]:
        """The filters, parsed."""
        return self.filters  # type: ignore[return-value]

    @property
    def digest(self) -> str:
        """The same for recipes that give the same bytes, also in another process and on another day."""
        said: dict[str, Any] = {
            "version": _VERSION,
            "filters": [[operation.filter.definition, operation.meaning] for operation in self.operations],
            "format": self.format,
            "encoding": repr(self.encoding),
            "colour": repr(self.colour),
        }
        return hashlib.sha256(json.dumps(said, sort_keys=True).encode()).hexdigest()[:16]

    def settings(self, limits: Limits | None = None) -> Settings:
        """What `transform` needs to know besides filters and outputs."""
        return Settings(limits or Limits(), auto_orient=self.colour.auto_orient, srgb=self.colour.srgb)

    def apply(self, data: bytes, limits: Limits | None = None) -> bytes:
        """Process one picture, bytes to bytes, in this thread.

        Args:
            data: a whole file in a format that imgpipe reads.
            limits: what is refused before it is decoded.

        Raises:
            PictureError: the picture cannot be processed; the message says why.

        >>> import io
        >>> from PIL import Image
        >>> file = io.BytesIO()
        >>> Image.new("RGB", (640, 480), "teal").save(file, "png")
        >>> made = Recipe(["resize:width=320"], format="jpeg").apply(file.getvalue())
        >>> Image.open(io.BytesIO(made)).size
        (320, 240)
        """
        outputs = (OutputPlan(self.format, self.encoding),)
        return transform(data, self.operations, outputs, self.settings(limits))[0].data


def _check_number(name: str, value: Any, least: int, most: int) -> None:
    if value is not None and (type(value) is not int or not least <= value <= most):
        raise RecipeError(f"{name}={value} is not valid; it goes from {least} to {most}")


WEB_READY = Recipe(["resize:2048x2048,upscale=false"], quality=82)
"""What is done where nothing is asked for."""
