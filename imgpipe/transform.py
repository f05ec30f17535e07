"""One picture's way: bytes in, encoded outputs out, step by step; no file, no recipe, no concurrency."""

from __future__ import annotations

from functools import lru_cache
from typing import NamedTuple

from imgpipe import codecs, filters
from imgpipe.codecs.codec import Codec, Encoded, Encoding, Header, Limits
from imgpipe.codecs.colour import to_srgb
from imgpipe.codecs.depth import shallow
from imgpipe.codecs.exif import orientation_of
from imgpipe.codecs.extent import Extent, extent_of
from imgpipe.codecs.orientation import upright
from imgpipe.errors import LimitExceeded
from imgpipe.filters.operation import Operation
from imgpipe.footprint import encoding_of, footprint, left, needed, unknown_footprint
from imgpipe.metadata import NAMES, Metadata
from imgpipe.orientation import settled, turned_size
from imgpipe.picture import Picture, Size
from imgpipe.sized import encode_within

_SMALL = 64 << 20
_NOT_SRGB = (
    "16 bits a sample stay in their colour space, with its ICC profile; outputs of 8 bits (webp, jpeg) become sRGB"
)


class OutputPlan(NamedTuple):
    """One output of a picture.

    Attributes:
        format: name of a codec; None for the source's own format.
        encoding: how it is written.
        operations: what is done for this output after what is done for all.
    """

    format: str | None = None
    encoding: Encoding = Encoding()
    operations: tuple[Operation, ...] = ()


class Settings(NamedTuple):
    """What holds for every picture.

    Attributes:
        limits: checked before anything is decoded.
        auto_orient: turn the pixels upright as EXIF says.
        srgb: convert to sRGB; else the profile is kept and embedded.
        metadata: how much of it is kept.
    """

    limits: Limits = Limits()
    auto_orient: bool = True
    srgb: bool = True
    metadata: Metadata = Metadata()

    @property
    def converts(self) -> bool:
        """Whether colours become sRGB."""
        return self.srgb and "icc" not in self.metadata.kept


def transform(
    data: bytes | memoryview,
    operations: tuple[Operation, ...],
    outputs: tuple[OutputPlan, ...],
    settings: Settings,
) -> list[Encoded]:
    """Make all outputs of one picture, in order.

    Args:
        data: the whole file.
        operations: done once, for all outputs.
        outputs: what is made of the result.
        settings: of the run.

    Raises:
        PictureError: this picture cannot be processed; the others can.
        UsageError: an output names no format.
    """
    # What was decoded is nobody's but the filters', which let go of it as soon as they have made something else of it.
    picture = filters.apply_all(operations, _decoded(data, operations, outputs, settings))
    if _when_upright(picture, (), outputs) != {"small"}:
        picture = settled(picture)
    return [_make(picture, output, settings) for output in outputs]


def _decoded(
    data: bytes | memoryview, operations: tuple[Operation, ...], outputs: tuple[OutputPlan, ...], settings: Settings
) -> Picture:
    """The picture before any filter, within the limits, as large as the filters need it."""
    data = codecs.in_hand(data)
    header = codecs.probe(data, settings.limits)
    if not settings.auto_orient:
        header = _as_stored(header)
    if settings.limits.memory is not None:
        _check_memory(header, expected_memory(data, operations, outputs, header), settings.limits.memory)
    picture = codecs.decode(data, header, _least_size(operations, outputs, header.size))
    if settings.auto_orient:
        picture = upright(picture, header.orientation)
    # It holds the image that was decoded, which need not outlive what is made of it.
    del header
    if settings.converts:
        picture = to_srgb(picture)
    picture = _cut_down(picture, settings)
    # Turned here, once for all outputs, the frames as stored do not stay in memory beside the upright ones.
    return settled(picture) if "first" in _when_upright(picture, operations, outputs) else picture


def expected_memory(
    data: bytes | memoryview,
    operations: tuple[Operation, ...],
    outputs: tuple[OutputPlan, ...],
    header: Header | None = None,
) -> int:
    """Bytes of memory that `transform` is expected to take at its peak, by a look at the first bytes.

    No library is loaded for it. Of files that tell nothing to this look, the header knows more where there is one.
    """
    extent = extent_of(data)
    if extent is None and header is not None:
        extent = Extent(header.format, header.size, header.size[0] * header.size[1] * header.frames)
    if extent is None:
        return unknown_footprint(len(data))
    return len(data) + _expected_of(extent, operations, outputs)


@lru_cache(maxsize=256)
def _expected_of(extent: Extent, operations: tuple[Operation, ...], outputs: tuple[OutputPlan, ...]) -> int:
    """Reckoned once for pictures of one size, as most of a folder are."""
    frames = extent.pixels // max(1, extent.size[0] * extent.size[1])
    takes = [encoding_of(output.format or extent.kind, output.encoding, frames) for output in outputs]
    encoding = max(takes, default=0)
    filtered = any([operations, *(output.operations for output in outputs)])
    most = footprint(extent, None, filtered=filtered, encoding=encoding)
    if most > _SMALL:
        # The header says only later whether the picture is to be turned.
        needs = [_need(extent, turned, operations, outputs) for turned in (False, True)]
        most = max(
            most if need is None else footprint(extent, need, filtered=False, encoding=encoding) for need in needs
        )
    return most


def _need(
    extent: Extent, turned: bool, operations: tuple[Operation, ...], outputs: tuple[OutputPlan, ...]
) -> Size | None:
    """The px, as stored, that are enough for every output of a picture that is turned or not."""
    need = _least_size(operations, outputs, extent.size[::-1] if turned else extent.size)
    return need[::-1] if need and turned else need


def _check_memory(header: Header, expected: int, most: int) -> None:
    if expected > most:
        frames = f", {header.frames} frames" if header.frames > 1 else ""
        raise LimitExceeded(
            f"{header.size[0]} x {header.size[1]} px{frames}: about {needed(expected)} of memory are needed, and "
            f"--memory leaves {left(most)} for one picture: raise it, or make the picture smaller first"
        )


def _when_upright(
    picture: Picture, operations: tuple[Operation, ...], outputs: tuple[OutputPlan, ...]
) -> set[filters.When]:
    return {filters.when_upright((*operations, *output.operations), picture.size) for output in outputs}


def _make(picture: Picture, output: OutputPlan, settings: Settings) -> Encoded:
    codec = codecs.by_name(output.format or codecs.written_as(picture.format))
    picture = filters.apply_all(output.operations, picture)
    if settings.converts:
        # Frames of 16 bits kept their profile until here.
        picture = to_srgb(picture if codec.deep else shallow(picture))
        picture = picture if picture.profile is None else picture.warn(_NOT_SRGB)
    for kind in settings.metadata.kept:
        picture = _warn_of_loss(picture, codec, kind)
    return encode_within(picture, codec, output.encoding)


def _least_size(operations: tuple[Operation, ...], outputs: tuple[OutputPlan, ...], size: Size) -> Size | None:
    """The size of frames that is enough for every output; None where one needs every pixel."""
    needs = [filters.least_size((*operations, *output.operations), size) for output in outputs]
    sizes = [need for need in needs if need is not None]
    if not sizes or len(sizes) < len(needs):
        return None
    return max(width for width, _ in sizes), max(height for _, height in sizes)


def _as_stored(header: Header) -> Header:
    return header._replace(size=turned_size(header.size, header.orientation), orientation=1, as_stored=True)


def _cut_down(picture: Picture, settings: Settings) -> Picture:
    from imgpipe.metadata.keeping import cut_down

    kept = cut_down(picture, settings.metadata, orientation=not settings.auto_orient, space=not settings.converts)
    if orientation_of(picture.exif) != orientation_of(kept.exif):
        return kept.warn("EXIF orientation neither applied nor kept: viewers will show it turned")
    return kept


def _warn_of_loss(picture: Picture, codec: Codec, kind: str) -> Picture:
    """A word about metadata of a kind that is to be kept and that the format does not hold."""
    if kind in codec.metadata or kind == "icc" or getattr(picture, kind) is None:
        return picture
    return picture.warn(f"{NAMES[kind]} is not kept: {codec.name} does not hold it")
