"""Formats of one picture a file, which Pillow decodes and has nothing to be told about."""

from __future__ import annotations

from collections.abc import Callable

from imgpipe.codecs.codec import Header
from imgpipe.codecs.metadata import picture_of
from imgpipe.codecs.modes import frame_of
from imgpipe.codecs.pillow import opened
from imgpipe.picture import Picture, Size


def still_decoder(
    formats: tuple[str, ...], warnings: Callable[[bytes], tuple[str, ...]] = lambda _: ()
) -> Callable[[bytes, Header, Size | None], Picture]:
    """The `decode` of a codec whose files hold one picture, always decoded whole.

    Args:
        formats: names under which Pillow knows the format.
        warnings: what is lost of a file, from its bytes.
    """

    def decode(data: bytes, header: Header, at_least: Size | None) -> Picture:  # noqa: ARG001 - there are no scales
        with opened(data, formats, header.image) as image:
            image.load()
            return picture_of(image.info, (frame_of(image),), header, warnings=warnings(data))

    return decode
