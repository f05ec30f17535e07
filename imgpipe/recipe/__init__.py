"""A recipe: what to do with each picture, and what to make of it."""

from __future__ import annotations

import importlib
import json
import os
import sys
from collections.abc import Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from imgpipe.codecs.codec import Encoded, Encoding, Limits
from imgpipe.errors import RecipeError
from imgpipe.filters.operation import Operation
from imgpipe.metadata import Metadata
from imgpipe.recipe.rendition import Rendition, read_filters
from imgpipe.template import read_template
from imgpipe.transform import OutputPlan, Settings, transform
from imgpipe.typed import check, check_fields, path_of

if TYPE_CHECKING:
    from typing_extensions import Buffer

__all__ = ["WEB_READY", "Colour", "Metadata", "Recipe", "Rendition"]

_VERSION = 12
"""Part of every digest: raised when the same recipe begins to give other bytes."""


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
    """What to do with each picture: filters in order, then one encoded output, or several of one decoded picture.

    Args:
        filters: each as text, `name:key=value,...`, or as made by `imgpipe.filters.NAME(...)`.
        format: of the one output, such as "webp"; None for the source's own.
        quality: of the one output, 1 to 100; None for the format's default.
        encoding: the other options of its encoder; its quality gives way to `quality`.
        colour: what is done before the filters.
        metadata: how much of it is kept.
        outputs: several outputs, each with its own format, quality and encoding, which are not given above then.

    Raises:
        RecipeError: a filter, option or value does not exist or is out of range, a filter was not called, or two
            outputs have one name.
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
    metadata: Metadata = field(default_factory=Metadata)
    outputs: Sequence[Rendition] = ()

    def __post_init__(self) -> None:
        one = Rendition((), self.format, self.quality, self.encoding)
        check_fields(self, RecipeError)
        if self.outputs and one != Rendition():
            raise RecipeError("format, quality and encoding belong to each of the outputs, where these are given")
        object.__setattr__(self, "filters", read_filters(self.filters))
        object.__setattr__(self, "format", one.format)
        object.__setattr__(self, "encoding", one.encoding)
        object.__setattr__(self, "outputs", _renditions(self.outputs))
        _check_names(self.renditions)

    @property
    def operations(self) -> tuple[Operation, ...]:
        """The filters for all outputs, parsed."""
        return self.filters  # type: ignore[return-value]

    @property
    def renditions(self) -> tuple[Rendition, ...]:
        """All outputs, also where there is one."""
        return tuple(self.outputs) or (_only(self.format, self.encoding),)

    @property
    def plans(self) -> tuple[OutputPlan, ...]:
        """All outputs, as `transform` takes them."""
        return tuple(rendition.plan for rendition in self.renditions)

    @property
    def digest(self) -> str:
        """The same for recipes that give the same bytes, also in another process and on another day."""
        said: dict[str, Any] = {
            "version": _VERSION,
            "filters": _said(self.operations),
            "colour": repr(self.colour),
            "metadata": repr(self.metadata),
            "outputs": [[_said(one.operations), one.format, repr(one.encoding), one.name] for one in self.renditions],
        }
        return _sha256(json.dumps(said, sort_keys=True).encode())[:16]

    def refined(self, filters: Sequence[str | Operation] = (), format: str | None = None, **options: Any) -> Recipe:
        """The same with more to do.

        Args:
            filters: done for each output, behind all others; as `Recipe` takes them.
            format: of all outputs; None for the same ones.
            options: fields of `imgpipe.codecs.Encoding`, as keywords, for all outputs.

        Raises:
            UsageError: a filter, option, format or value does not exist or is out of range.

        >>> Recipe(["resize:width=100"], "webp", quality=80).refined(["sharpen"], quality=60).encoding.quality
        60
        """
        added = read_filters(filters)
        changed = tuple(rendition.encoded(format, **options) for rendition in self.renditions)
        if self.outputs:
            outputs = tuple(replace(rendition, filters=(*rendition.operations, *added)) for rendition in changed)
            return replace(self, outputs=outputs)
        operations, one = (*self.operations, *added), changed[0]
        return replace(self, filters=operations, format=one.format, quality=None, encoding=one.encoding)

    @staticmethod
    def load(path_or_name: str | os.PathLike[str]) -> Recipe:
        """The recipe in a TOML file, or the one of that name which comes with imgpipe.

        Raises:
            RecipeError: there is none; or it says something wrong, and the message says where.

        >>> Recipe.load("web").format
        'webp'
        >>> Recipe.load("wep")
        Traceback (most recent call last):
        imgpipe.errors.RecipeError: there is no recipe wep, and no such file; did you mean web?
        """
        from imgpipe.recipe.reading import load

        return load(path_of("path_or_name", path_or_name, RecipeError))

    def settings(self, limits: Limits | None = None) -> Settings:
        """What `transform` needs to know besides filters and outputs."""
        check("limits", limits, Limits | None)
        return Settings(limits or Limits(), self.colour.auto_orient, self.colour.srgb, self.metadata)

    def apply(self, data: Buffer, limits: Limits | None = None) -> bytes:
        """Process one picture, bytes to bytes, in this thread; of several outputs this is the first.

        Args:
            data: a whole file in a format that imgpipe reads, as bytes or in other memory: a `memoryview`, an `mmap`.
            limits: what is refused before it is decoded.

        Raises:
            PictureError: the picture cannot be processed; the message says why.
            TypeError: the data are no bytes.

        >>> import io
        >>> from PIL import Image
        >>> file = io.BytesIO()
        >>> Image.new("RGB", (640, 480), "teal").save(file, "png")
        >>> made = Recipe(["resize:width=320"], format="jpeg").apply(file.getvalue())
        >>> Image.open(io.BytesIO(made)).size
        (320, 240)
        """
        return bytes(transform(_content_of(data), self.operations, self.plans[:1], self.settings(limits))[0].data)

    def apply_all(self, data: Buffer, limits: Limits | None = None) -> list[Encoded]:
        """As `apply`, and all outputs of the picture, which is decoded once.

        >>> import io
        >>> from PIL import Image
        >>> file = io.BytesIO()
        >>> Image.new("RGB", (640, 480), "teal").save(file, "png")
        >>> sizes = [Rendition([f"resize:width={width}"], "webp", name="{stem}-{width}{ext}") for width in (320, 160)]
        >>> [made.size for made in Recipe(outputs=sizes).apply_all(file.getvalue())]
        [(320, 240), (160, 120)]
        """
        return transform(_content_of(data), self.operations, self.plans, self.settings(limits))


@lru_cache(maxsize=16)
def _only(format: str | None, encoding: Encoding) -> Rendition:
    """Asked for many times in a run, and checked once."""
    return Rendition((), format, None, encoding)


def _content_of(data: Buffer) -> bytes | memoryview:
    """The bytes that are given, in whichever memory they are."""
    if isinstance(data, bytes):
        return data
    if isinstance(data, str | os.PathLike):
        raise TypeError(f"{data!r} is the name of a file; give what is in it: open(..., 'rb').read()")
    try:
        view = memoryview(data)
    except TypeError:
        raise TypeError(f"{data!r} is not what is in a file; give bytes: open(..., 'rb').read()") from None
    # Codecs count in bytes: of whole numbers, rows or every other byte there may be a view too.
    return view if view.format == "B" and view.ndim == 1 and view.contiguous else view.tobytes()


def _renditions(given: object) -> tuple[Rendition, ...]:
    if isinstance(given, str | Rendition) or not isinstance(given, Iterable):
        raise RecipeError("outputs is a list, one Rendition for each output")
    outputs = tuple(given)
    for number, output in enumerate(outputs, 1):
        check(f"outputs[{number - 1}]", output, Rendition, RecipeError)
    return outputs


def _sha256(data: bytes) -> str:
    # hashlib loads OpenSSL, for which every start would wait; the standard library's `random` does the same.
    for module in ("_sha2" if sys.version_info >= (3, 12) else "_sha256", "hashlib"):
        with suppress(ImportError):
            digest: str = importlib.import_module(module).sha256(data).hexdigest()
            return digest
    raise AssertionError("hashlib is always there")


def _said(operations: Sequence[Operation]) -> list[list[str]]:
    return [[operation.filter.definition, operation.meaning] for operation in operations]


def _check_names(renditions: Sequence[Rendition]) -> None:
    """Names that are not known before the work are another matter: two of one name may have one content."""
    seen: dict[tuple[str, str | None], int] = {}
    for number, rendition in enumerate(renditions, 1):
        before = seen.setdefault((rendition.name, rendition.format), number)
        if before != number and not (rendition.name and read_template(rendition.name).late):
            raise RecipeError(
                f"outputs {before} and {number} would have one name; "
                "give each its own, such as '{stem}-{width}{ext}'"
            )


WEB_READY = Recipe(["resize:2048x2048,upscale=false"], quality=82)
"""What is done where nothing is asked for."""
