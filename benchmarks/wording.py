"""A benchmark's steps in the words of imgpipe."""

from __future__ import annotations

from benchmarks.steps import SHARPEN, Blur, Crop, Fit, Scale, Sharpen, Step, Turn

_KERNELS = {"lanczos": "lanczos3", "bicubic": "catmull-rom", "bilinear": "bilinear"}


def filter_of(step: Step) -> str:
    """The filter that does the step."""
    match step:
        case Fit(width, height):
            return f"resize:width={width},height={height}"
        case Scale(factor, kernel):
            return f"resize:size={factor * 100:g}%,kernel={_KERNELS[kernel]}"
        case Crop(width, height):
            return f"crop:gravity=center,width={width},height={height}"
        case Turn():
            return "rotate:270"
        case Blur(sigma):
            return f"blur:sigma={sigma:g}"
        case Sharpen():
            return f"convolve:{';'.join(' '.join(map(str, row)) for row in SHARPEN)}"
