"""The part of EXIF that a TIFF holds in its own first directory: texts about the picture."""

from __future__ import annotations

from imgpipe.picture import Picture

TEXTS = (270, 271, 272, 305, 306, 315, 316, 33432)
"""Description, make, model, software, date, artist, host, copyright."""

ORIENTATION = 274
_RESOLUTION = (282, 283, 296, 531)


class AsRead(str):
    """A text that Pillow has read byte by byte as Latin-1, be it UTF-8 or other: written, it has these bytes again.

    Pillow would write a question mark for each byte that is not ASCII, as in a name with an accent.
    """

    __slots__ = ()

    def encode(self, encoding: str = "latin-1", errors: str = "strict") -> bytes:  # noqa: ARG002 - what Pillow asks for
        """The bytes of the file, whatever encoding is asked for."""
        return super().encode("latin-1")


def texts_of(exif: bytes | None) -> dict[int, AsRead]:
    """The texts by their tags; what is no text, or stands in other directories, is not among them."""
    from PIL import Image

    tags = Image.Exif()
    tags.load(exif or b"")
    return {tag: AsRead(tags[tag]) for tag in TEXTS if isinstance(tags.get(tag), str)}


def with_word_of_loss(picture: Picture) -> Picture:
    """The picture with a word about what else its EXIF says, which is not written."""
    from PIL import Image

    tags = Image.Exif()
    tags.load(picture.exif or b"")
    if set(tags) <= {*texts_of(picture.exif), *_RESOLUTION, ORIENTATION}:
        return picture
    return picture.warn("of EXIF only texts such as make, artist and copyright are kept in TIFF")
