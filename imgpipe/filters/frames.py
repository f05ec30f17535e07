"""A frame in the forms that filters want: as an array, without its alpha, premultiplied, widened to RGB.

Frames are Pillow images (8 bits a sample) or uint16 arrays; each function takes both. Premultiplied
images have Pillow's modes `La` and `RGBa`.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any, TypeAlias

from imgpipe.filters.memory import memory_of
from imgpipe.filters.opencv import opencv_if_loaded
from imgpipe.picture import Frame, Picture

if TYPE_CHECKING:
    from collections.abc import Callable

    import numpy.typing as npt
    from PIL import Image

    Pixels: TypeAlias = npt.NDArray[Any]

_MODES = {1: "L", 2: "LA", 3: "RGB", 4: "RGBA"}
_PREMULTIPLIED = {1: "L", 2: "La", 3: "RGB", 4: "RGBa"}


def map_frames(picture: Picture, function: Callable[[Frame], Frame]) -> Picture:
    """The picture with each frame replaced by the function's result, its size kept."""
    return replace(picture, frames=tuple(function(frame) for frame in picture.frames))


def image_of(frame: Frame) -> Image.Image | None:
    """The frame if it is a Pillow image, None if it is an array of 16 bits a sample."""
    from PIL import Image

    return frame if isinstance(frame, Image.Image) else None


def bands(frame: Frame) -> int:
    """Number of bands, alpha included."""
    image = image_of(frame)
    return len(image.getbands()) if image else frame.shape[2]  # type: ignore[union-attr]


def is_cmyk(frame: Frame) -> bool:
    """Whether the frame holds ink, not light."""
    return getattr(frame, "mode", "") == "CMYK"


def has_alpha(frame: Frame) -> bool:
    """Whether the last band is alpha."""
    return bands(frame) in (2, 4) and not is_cmyk(frame)


def to_array(frame: Frame) -> Pixels:
    """The samples, H x W x bands, read-only: frames are shared between outputs."""
    import numpy as np

    image = image_of(frame)
    samples = np.asarray(frame).view() if image is None else _samples_of(image)
    samples.flags.writeable = False
    return samples[:, :, np.newaxis] if samples.ndim == 2 else samples


def _samples_of(image: Image.Image) -> Pixels:
    """The samples of an image; Pillow keeps four bytes a px, and takes four times as long to take out three."""
    import numpy as np

    memory = memory_of(image)
    if memory is None or (image.mode == "RGB" and not opencv_if_loaded()):
        return np.asarray(image).view()
    if image.mode != "RGB":
        return memory
    cv2 = opencv_if_loaded()
    packed: Pixels = cv2.cvtColor(memory, cv2.COLOR_RGBA2RGB)
    return packed


def from_array(pixels: Pixels, like: Frame) -> Frame:
    """The frame of these samples, of the kind of `like`: its depth, ink, premultiplication."""
    import numpy as np
    from PIL import Image

    pixels = np.ascontiguousarray(pixels)
    image = image_of(like)
    if image is None:
        return pixels
    count = pixels.shape[2]
    modes = _PREMULTIPLIED if image.mode in ("La", "RGBa") else _MODES
    mode = image.mode if count == bands(image) else modes[count]
    size = (pixels.shape[1], pixels.shape[0])
    return _padded(pixels) or Image.frombuffer(mode, size, pixels, "raw", mode, 0, 1)


def _padded(pixels: Pixels) -> Image.Image | None:
    """The image of mode RGB of these samples; None where Pillow does as well."""
    from PIL import Image

    cv2 = opencv_if_loaded()
    if pixels.shape[2] != 3 or not cv2:
        return None
    image = Image.new("RGB", (pixels.shape[1], pixels.shape[0]), None)
    memory = memory_of(image, writable=True)
    if memory is None:
        return None
    cv2.cvtColor(pixels, cv2.COLOR_RGB2RGBA, dst=memory)
    return image


def split_alpha(frame: Frame) -> tuple[Frame, Frame | None]:
    """The colour bands alone, and the alpha band; None where there is none."""
    import numpy as np

    image = image_of(frame)
    if not has_alpha(frame):
        return frame, None
    if image:
        return image.getchannel("L") if image.mode == "LA" else image.convert("RGB"), image.getchannel("A")
    samples = to_array(frame)
    return np.ascontiguousarray(samples[:, :, :-1]), samples[:, :, -1:]


def join_alpha(colour: Frame, alpha: Frame | None) -> Frame:
    """The frame of colour bands and an alpha band of the same size."""
    import numpy as np
    from PIL import Image

    if alpha is None:
        return colour
    image, mask = image_of(colour), image_of(alpha)
    if image and mask:
        parts = [*image.split(), mask]
        return Image.merge(_MODES[len(parts)], parts)
    return np.concatenate([to_array(colour), to_array(alpha)], axis=2)


def premultiply(frame: Frame) -> Frame:
    """Colour multiplied by alpha; frames without alpha as they are."""
    import numpy as np
    from cykooz_resizer import AlphaMulDiv

    image = image_of(frame)
    if not has_alpha(frame):
        return frame
    if image:
        # The same samples as Pillow's, in a sixth of the time.
        return image.convert("La") if image.mode == "LA" else AlphaMulDiv().multiply_alpha_pil(image)
    samples = to_array(frame).astype(np.uint32)
    samples[:, :, :-1] = (samples[:, :, :-1] * samples[:, :, -1:] + 32767) // 65535
    return samples.astype(np.uint16)


def divide_alpha(frame: Frame) -> Frame:
    """The opposite of `premultiply`; where alpha is 0 colour becomes 0, but stays in grey of 8 bits."""
    import numpy as np
    from cykooz_resizer import AlphaMulDiv

    image = image_of(frame)
    if image and image.mode == "RGBa":
        # Pillow would round down, which darkens by half a level.
        divided: Image.Image = AlphaMulDiv().divide_alpha_pil(image)
        return divided
    if image:
        return image.convert("LA") if image.mode == "La" else image
    if not has_alpha(frame):
        return frame
    samples = to_array(frame).astype(np.uint32)
    alpha = samples[:, :, -1:]
    colour = (samples[:, :, :-1] * 65535 + alpha // 2) // np.maximum(alpha, 1)
    samples[:, :, :-1] = np.minimum(colour, 65535)
    return samples.astype(np.uint16)


def widen(frame: Frame) -> Frame:
    """Grey as RGB, grey with alpha as RGBA; colour as it is."""
    import numpy as np

    image = image_of(frame)
    if image:
        return image.convert({"L": "RGB", "LA": "RGBA"}[image.mode]) if image.mode in ("L", "LA") else image
    samples = to_array(frame)
    if samples.shape[2] > 2:
        return frame
    return np.concatenate([np.repeat(samples[:, :, :1], 3, axis=2), samples[:, :, 1:]], axis=2)


def lit(frame: Frame) -> Frame:
    """Ink as it looks on white paper, in RGB, by Pillow's formula; other frames as they are."""
    image = image_of(frame)
    return image.convert("RGB") if image and is_cmyk(frame) else frame


def add_alpha(frame: Frame) -> Frame:
    """The frame with an opaque alpha band; frames that have alpha as they are."""
    import numpy as np

    image = image_of(frame)
    if has_alpha(frame):
        return frame
    if image:
        return image.convert("LA" if image.mode == "L" else "RGBA")
    samples = to_array(frame)
    return np.concatenate([samples, np.full_like(samples[:, :, :1], 65535)], axis=2)
