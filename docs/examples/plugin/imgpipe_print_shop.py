"""Two filters for imgpipe, as an example of a package that brings some."""

from typing import Annotated, Literal

import numpy as np

import imgpipe

INKS = {"ember": ((20, 12, 60), (255, 214, 150)), "sea": ((0, 34, 66), (214, 245, 240))}


@imgpipe.filter(colour=True)
def duotone(
    pixels: np.ndarray, inks: Literal["ember", "sea"] = "ember", strength: Annotated[float, imgpipe.Range(0, 1)] = 1.0
) -> np.ndarray:
    """Print the picture in two inks: one for the shadows, one for the lights.

    Grey pictures become RGB. Alpha is not touched: a filter with the default alpha="apart" is shown the colours only.

        >>> duotone(np.array([[[0, 0, 0], [255, 255, 255]]], np.uint8), inks="sea").tolist()
        [[[0, 34, 66], [214, 245, 240]]]

    Args:
        pixels: height x width x 3, uint8 or uint16, read-only.
        inks: ember or sea.
        strength: 0 changes nothing, 1 leaves the two inks alone.
    """
    most = np.iinfo(pixels.dtype).max
    dark, light = np.array(INKS[inks]) * (most / 255)
    luma = (pixels @ np.array([0.299, 0.587, 0.114]) / most)[:, :, np.newaxis]
    printed = dark + luma * (light - dark)
    return np.rint(pixels + strength * (printed - pixels)).astype(pixels.dtype)


@imgpipe.filter(alpha="premultiplied")
def glow(
    pixels: np.ndarray,
    amount: Annotated[float, imgpipe.Range(0, 1)] = 0.5,
    sigma: Annotated[float, imgpipe.Range(0, 100, "px")] = 8.0,
) -> np.ndarray:
    """Let the lights glow: the picture is screened with a blurred copy of itself.

    It mixes neighbours, and so asks for colours multiplied by alpha: what is transparent adds nothing, and no dark
    rim appears.

        >>> glow(np.full((2, 2, 1), 128, np.uint8), amount=1.0).tolist()
        [[[192], [192]], [[192], [192]]]

    Args:
        pixels: height x width x bands, uint8 or uint16, read-only; of transparent pictures the last band is alpha.
        amount: 0 changes nothing, 1 is a full screen.
        sigma: standard deviation of the blur, px.
    """
    most = np.iinfo(pixels.dtype).max
    light = imgpipe.filters.blur(pixels, sigma=sigma).astype(np.float32) / most
    # Multiplied by alpha, white is as much as alpha; of alpha itself nothing is left to add.
    white = pixels[:, :, -1:] if pixels.shape[2] in (2, 4) else most
    return np.rint(pixels + amount * light * (white - pixels.astype(np.float32))).astype(pixels.dtype)
