"""Pillow's modes, narrowed to those that a frame may have: L, LA, RGB, RGBA, CMYK, or 16 bits in an array."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from imgpipe.errors import DamagedPicture
from imgpipe.picture import Frame, is_deep, to_eight_bits

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt
    from PIL import Image

PLAIN = frozenset({"L", "LA", "RGB", "RGBA", "CMYK"})

_NARROWED = {
    "1": "L",
    "P": "RGB",
    "PA": "RGBA",
    "RGBX": "RGB",
    "RGBa": "RGBA",
    "La": "LA",
    "YCbCr": "RGB",
    "HSV": "RGB",
}
_WITH_ALPHA = {"1": "LA", "L": "LA", "P": "RGBA", "RGB": "RGBA"}


def frame_of(image: Image.Image) -> Frame:
    """The frame that a loaded image of any mode stands for, without Pillow's side information.

    A colour that is declared transparent becomes alpha; 16-bit grey becomes an array.

    Raises:
        DamagedPicture: its samples are 32 bits or floating point.
    """
    if image.mode.startswith("I;16") or image.mode == "I":
        return deep_grey(image)
    if image.mode == "LAB":
        return _lab_to_srgb(image)
    if image.mode in _WITH_ALPHA and image.has_transparency_data:
        image = image.convert(_WITH_ALPHA[image.mode])
    elif image.mode not in PLAIN:
        if image.mode not in _NARROWED:
            raise DamagedPicture(f"its samples ({image.mode}) are of a kind that imgpipe does not read")
        image = image.convert(_NARROWED[image.mode])
    return _without_origin(image)


def _without_origin(image: Image.Image) -> Image.Image:
    """The same pixels, not copied, in an image that knows of no file.

    Encoders write what the file said of itself: those of Pillow comments, profiles and transparency, those of plugins
    EXIF, whether it was to be kept or not.
    """
    plain = image._new(image.im)  # all else that Pillow offers copies the pixels
    plain.info = {}
    return plain


def mode_of(frame: Frame) -> str:
    """Pillow's name of how the samples are stored; empty for 16 bits a sample, which have none."""
    return "" if is_deep(frame) else frame.mode


def has_alpha(frame: Frame) -> bool:
    """Whether the frame has a band of transparency."""
    return frame.shape[2] in (2, 4) if is_deep(frame) else frame.mode in ("LA", "RGBA")


def is_transparent(frame: Frame) -> bool:
    """Whether any pixel is less than opaque."""
    alpha = to_eight_bits(frame).getchannel("A") if has_alpha(frame) else None
    return alpha is not None and alpha.getextrema()[0] != 255


def is_grey(frame: Frame) -> bool:
    """Whether the frame has no colours, with alpha or without."""
    return frame.shape[2] <= 2 if is_deep(frame) else frame.mode in ("L", "LA")


def deep_grey(image: Image.Image) -> npt.NDArray[np.uint16]:
    """A grey image of 16 bits a sample as H x W x 1, uint16.

    Raises:
        DamagedPicture: a sample is outside 0 to 65535.
    """
    import numpy as np

    samples: npt.NDArray[Any] = np.asarray(image)
    if samples.dtype.itemsize > 2 and samples.size and (samples.min() < 0 or samples.max() > 65535):
        raise DamagedPicture("its samples are 32-bit numbers, which imgpipe does not read")
    return np.ascontiguousarray(samples.astype(np.uint16, copy=False)[:, :, None])


def _lab_to_srgb(image: Image.Image) -> Image.Image:
    from PIL import ImageCms

    # Without optimizing: what the engine reads off a table is off by up to 20 levels where sRGB ends.
    spaces = ImageCms.createProfile("LAB"), ImageCms.createProfile("sRGB")
    converted = ImageCms.profileToProfile(image, *spaces, outputMode="RGB", flags=ImageCms.Flags.NOOPTIMIZE)
    if converted is None:
        raise DamagedPicture("its Lab colours cannot be converted")
    converted.info = {}
    return converted
