"""What a file says about its pixels, between Pillow's words and ours."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from imgpipe.codecs.codec import Header
from imgpipe.codecs.exif import prefixed, resolution_of, says_adobe_rgb
from imgpipe.picture import Frame, Picture

_IPTC = 0x0404
_MOST_DPI = 65_535
"""What a JPEG can say; more is no resolution of anything, and some encoders fail over it."""


def picture_of(info: Mapping[Any, Any], frames: tuple[Frame, ...], header: Header, **more: Any) -> Picture:
    """A picture of decoded frames with the metadata that Pillow found.

    Args:
        info: `Image.info`, or a copy from before its frames were loaded.
        frames: in order.
        header: of the file.
        more: other fields of `Picture`: durations, loop, warnings.
    """
    exif = prefixed(info.get("exif"))
    implied = _adobe_rgb() if says_adobe_rgb(exif) else None
    profile = info.get("icc_profile")
    picture = Picture(
        frames=frames,
        size=header.size,
        format=header.format,
        profile=(profile if isinstance(profile, bytes) else None) or implied,
        exif=exif,
        xmp=_bytes(info.get("xmp")),
        iptc=_iptc(info.get("photoshop")),
        dpi=_resolution(info.get("dpi")) or _resolution(resolution_of(exif)),
        **more,
    )
    if profile and not isinstance(profile, bytes):
        return picture.warn("ICC profile is stored as text or numbers and was dropped")
    if profile is None and "icc_profile" in info:
        # So Pillow says that a part of it is missing, or there twice, or not to be unpacked.
        return picture.warn("ICC profile cannot be read and was dropped")
    return picture


def options_of(picture: Picture) -> dict[str, Any]:
    """The metadata that the picture has, as options of `Image.save`."""
    options = {"icc_profile": picture.profile, "exif": picture.exif, "xmp": picture.xmp, "dpi": picture.dpi}
    return {name: value for name, value in options.items() if value}


def _adobe_rgb() -> bytes:
    from imgpipe.codecs.adobe_rgb import adobe_rgb_profile

    return adobe_rgb_profile()


def _iptc(resources: object) -> bytes | None:
    """The data sets of IPTC among the resources of Photoshop in a JPEG."""
    return _bytes(resources.get(_IPTC)) if isinstance(resources, Mapping) else None


def _bytes(value: object) -> bytes | None:
    if isinstance(value, str):
        return value.encode()
    return value if isinstance(value, bytes) and value else None


def _resolution(dpi: object) -> tuple[float, float] | None:
    try:
        horizontal, vertical = (float(value) for value in dpi)  # type: ignore[attr-defined]
    except (TypeError, ValueError, ZeroDivisionError):
        return None
    # Nor is what is no number, which each comparison denies.
    return (horizontal, vertical) if 0 < horizontal <= _MOST_DPI and 0 < vertical <= _MOST_DPI else None
