"""A decoded picture: its frames, and what the file said about them."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, TypeAlias

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt
    from PIL import Image
    from typing_extensions import TypeIs

Size: TypeAlias = tuple[int, int]
"""Width and height in px, upright: after EXIF orientation is applied."""

Box: TypeAlias = tuple[float, float, float, float]
"""Left, top, width and height in px, fractions allowed."""

Window: TypeAlias = tuple[int, int, int, int]
"""Left, top, width and height in whole px of a frame as it is stored."""

Frame: TypeAlias = "Image.Image | npt.NDArray[np.uint16]"
"""One image of a picture.

8 bits a sample: a `PIL.Image.Image` of mode L, LA, RGB, RGBA or CMYK.
16 bits a sample: a C-contiguous uint16 array of shape H x W x bands, 1 to 4 bands in the order
grey, grey + alpha, RGB, RGBA; Pillow has no mode for most of these. Alpha is never premultiplied.
"""


@dataclass(frozen=True, slots=True)
class Picture:
    """A picture in memory.

    Attributes:
        frames: one frame, or all frames of an animation, or all pages; every frame is whole (disposal
            applied) and has the same size, except the pages of a TIFF.
        size: the size by the file's header, upright, in px. While frames were decoded at a reduced
            scale they are smaller than this; geometry filters count in this size.
        format: name of the codec that read it, such as ``"jpeg"``.
        durations: ms for each frame of an animation; empty for a still and for pages.
        loop: how often an animation plays, 0 for ever.
        profile: ICC profile of the pixels, None where the file has none (sRGB is assumed).
        exif: raw EXIF block with no orientation in it, or None.
        xmp: raw XMP packet, or None.
        iptc: raw IPTC-IIM data sets, or None.
        dpi: horizontal and vertical resolution, upright, or None.
        orientation: EXIF orientation of the frames: how they are still to be turned to be upright. Filters and
            encoders are given upright frames (1), unless they ask for them as stored; see `imgpipe.orientation`.
        window: the part of its one frame, as stored, that the picture is; None for all of it. Filters and encoders are
            given what was cut out, unless they ask for frames as they are.
        mirrored: whether the frames were mirrored since they were decoded, left to right and top to bottom. The
            last column and row of a reduced frame may stand for part of a px only; they are the first then.
        warnings: what was lost or converted on the way, in words for the person.
    """

    frames: tuple[Frame, ...]
    size: Size
    format: str
    durations: tuple[int, ...] = ()
    loop: int = 0
    profile: bytes | None = None
    exif: bytes | None = None
    xmp: bytes | None = None
    iptc: bytes | None = None
    dpi: tuple[float, float] | None = None
    orientation: int = 1
    window: Window | None = None
    mirrored: tuple[bool, bool] = (False, False)
    warnings: tuple[str, ...] = ()

    @property
    def animated(self) -> bool:
        """Whether the frames follow each other in time."""
        return len(self.durations) > 1

    def warn(self, warning: str) -> Picture:
        """The same picture with one more warning."""
        return self if warning in self.warnings else replace(self, warnings=(*self.warnings, warning))


def frame_size(frame: Frame) -> Size:
    """Width and height of a frame in px."""
    if is_deep(frame):
        return frame.shape[1], frame.shape[0]
    return frame.size


def cut(frame: Frame, at: tuple[int, int], size: Size) -> Frame:
    """The part of the frame at `at` of this size, px."""
    if (at, size) == ((0, 0), frame_size(frame)):
        return frame
    if is_deep(frame):
        return frame[at[1] : at[1] + size[1], at[0] : at[0] + size[0]].copy()
    return frame.crop((*at, at[0] + size[0], at[1] + size[1]))


def is_deep(frame: Frame) -> TypeIs[npt.NDArray[np.uint16]]:
    """Whether the frame holds 16 bits a sample, in an array."""
    return hasattr(frame, "dtype")


def to_eight_bits(frame: Frame) -> Image.Image:
    """The frame with 8 bits a sample, each rounded to the nearest; a frame of 8 bits is returned as it is."""
    if not is_deep(frame):
        return frame
    import numpy as np
    from PIL import Image

    samples = ((frame.astype(np.uint32) * 255 + 32895) >> 16).astype(np.uint8)
    return Image.fromarray(samples[:, :, 0] if samples.shape[2] == 1 else samples)
