"""The part of EXIF that a TIFF holds in its own first directory: texts about the picture."""

from __future__ import annotations

from imgpipe.picture import Picture

TEXTS = (270, 271, 272, 305, 306, 315, 316, 33432)
"""Description, make, model, software, date, artist, host, copyright."""

ORIENTATION = 274
_RESOLUTION = (282, 283, 296, 531)


def texts_of(exif: bytes | None) -> dict[int, str]:
    """The texts by their tags; what is no text, or stands in other directories, is not among them."""
    from PIL import Image

    tags = Image.Exif()
    tags.load(exif or b"")
    return {tag: tags[tag] for tag in TEXTS if isinstance(tags.get(tag), str)}


def with_word_of_loss(picture: Picture) -> Picture:
    """The picture with a word about what else its EXIF says, which is not written."""
    from PIL import Image

    tags = Image.Exif()
    tags.load(picture.exif or b"")
    if set(tags) <= {*texts_of(picture.exif), *_RESOLUTION, ORIENTATION}:
        return picture
    return picture.warn("of EXIF only texts such as make, artist and copyright are kept in TIFF")
