"""One of the outputs of a recipe: what is done for it alone, how it is encoded, and what it is called."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from imgpipe import codecs, filters
from imgpipe.codecs.codec import Encoding
from imgpipe.errors import RecipeError
from imgpipe.filters.operation import Operation
from imgpipe.filters.option import Range
from imgpipe.template import read_template
from imgpipe.transform import OutputPlan
from imgpipe.typed import check, check_fields

RANGES = {"quality": Range(1, 100), "effort": Range(0, 9), "max_size": Range(1, 1 << 40)}
CHOICES = {"subsampling": ("4:4:4", "4:2:2", "4:2:0")}
"""What the options of an encoder may be, where their type says too little."""


@dataclass(frozen=True, slots=True)
class Rendition:
    """One output of each picture.

    Args:
        filters: done for this output, after those for all; as `Recipe` takes them.
        format: such as "webp"; None for the source's own.
        quality: 1 to 100; None for the format's default.
        encoding: the other options of the encoder; its quality gives way to `quality`.
        name: template of its name, such as ``"{stem}-{width}{ext}"``; empty for the source's name with the
            extension of the format.

    Raises:
        UsageError: a filter, option, format, value or placeholder does not exist or is out of range.

    >>> Rendition(["resize:width=320"], "webp", quality=75, name="{stem}-{width}{ext}").filters
    (Operation('resize:width=320'),)
    """

    filters: Sequence[str | Operation] = ()
    format: str | None = None
    quality: int | None = None
    encoding: Encoding = field(default_factory=Encoding)
    name: str = ""

    def __post_init__(self) -> None:
        check("encoding", self.encoding, Encoding, RecipeError)
        quality = self.encoding.quality if self.quality is None else self.quality
        check_encoding(replace(self.encoding, quality=quality))
        check_fields(self, RecipeError)
        red, green, blue = self.encoding.background
        encoding = replace(self.encoding, quality=quality, background=(red, green, blue))
        if self.format is not None:
            codec = codecs.writer(self.format)
            if encoding.lossless and not codec.lossless:
                raise RecipeError(f"lossless: {codec.name} cannot hold every pixel exactly; choose png or webp")
            object.__setattr__(self, "format", codec.name)
        if self.name:
            read_template(self.name)
        object.__setattr__(self, "filters", read_filters(self.filters))
        object.__setattr__(self, "quality", quality)
        object.__setattr__(self, "encoding", encoding)

    @property
    def operations(self) -> tuple[Operation, ...]:
        """The filters, parsed."""
        return self.filters  # type: ignore[return-value]

    @property
    def plan(self) -> OutputPlan:
        """What `transform` is to make."""
        return OutputPlan(self.format, self.encoding, self.operations)

    def encoded(self, format: str | None, **options: Any) -> Rendition:
        """The same, encoded in another way.

        Args:
            format: None for the same one.
            options: fields of `imgpipe.codecs.Encoding`, as keywords.

        Raises:
            UsageError: there is no such format, or a value is out of range.
        """
        encoding = replace(self.encoding, **options)
        return replace(self, format=format or self.format, quality=encoding.quality, encoding=encoding)


def read_filters(given: Sequence[str | Operation]) -> tuple[Operation, ...]:
    """The operations that filters stand for, as text or as made by `imgpipe.filters.NAME(...)`.

    Raises:
        RecipeError: one is neither, or there is no such filter or option.
    """
    if isinstance(given, (str, Operation, Mapping)) or not isinstance(given, Iterable):
        raise RecipeError("filters is a list, one entry for each filter")
    return tuple(filters.parse(step) if isinstance(step, str) else _checked(step) for step in given)


def _checked(step: object) -> Operation:
    if not isinstance(step, Operation):
        raise RecipeError(
            f"{step!r} is no step; that is a text such as 'blur:2', or what a filter gives when it is called, as "
            "filters.blur(sigma=2) does"
        )
    return step


def check_encoding(encoding: Encoding) -> None:
    """See that all values are in their ranges; RecipeError where one is not."""
    for name, allowed in RANGES.items():
        value = getattr(encoding, name)
        if value is not None and (type(value) is not int or value not in allowed):
            raise RecipeError(f"{name}={value!r} is not valid; it goes from {allowed.least:.0f} to {allowed.most:.0f}")
    for name, choices in CHOICES.items():
        value = getattr(encoding, name)
        if value is not None and value not in choices:
            raise RecipeError(f"{name}={value} is not valid; it is one of {', '.join(choices)}")
    check_fields(encoding, RecipeError)
    levels = list(encoding.background)
    if len(levels) != 3 or not all(type(level) is int and 0 <= level <= 255 for level in levels):
        raise RecipeError(f"background={encoding.background} is not valid; red, green and blue go from 0 to 255")
