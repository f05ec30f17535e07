"""What describes the picture, out of the tags that a TIFF, and a RAW made like one, mixes with its structure."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from imgpipe.codecs.pillow import FAULTS
from imgpipe.codecs.tiff_texts import ORIENTATION, TEXTS, AsRead

if TYPE_CHECKING:
    from PIL import Image

UNREADABLE = "part of its EXIF cannot be read and was dropped"
_DETAILS, _GPS, _INTEROPERABILITY, _MAKER_NOTE = 34665, 34853, 40965, 37500
_LONGEST = 65_000
"""Bytes of one value: what is longer describes nothing, and would not fit into a JPEG."""


def described(
    tags: Image.Exif, orientation: int = 1, *, maker_note: bool = True
) -> tuple[bytes | None, tuple[str, ...]]:
    """A block of the tags that describe, and a word about those that cannot be read.

    Args:
        tags: of the first directory.
        orientation: what the block is to say of it, 1 for nothing.
        maker_note: whether it goes along; its offsets lead to nowhere in a block of another order.
    """
    from PIL import Image

    kept = Image.Exif()
    if orientation != 1:
        kept[ORIENTATION] = orientation
    whole = True
    for tag in (*TEXTS, _DETAILS, _GPS):
        try:
            value = _value(tags, tag, maker_note=maker_note)
            if value and _is_writable(tag, value):
                kept[tag] = value
            whole = whole and (value is None or tag in kept)
        except FAULTS:
            whole = False
    return kept.tobytes() if len(kept) else None, () if whole else (UNREADABLE,)


def _value(tags: Image.Exif, tag: int, *, maker_note: bool) -> Any:
    if tag not in tags:
        return None
    if tag not in (_DETAILS, _GPS):
        return _as_read(tags[tag])
    entries = tags[tag] if isinstance(tags[tag], dict) else tags.get_ifd(tag)
    dropped = (_INTEROPERABILITY,) if maker_note else (_INTEROPERABILITY, _MAKER_NOTE)
    kept = {name: _as_read(value) for name, value in entries.items() if name not in dropped}
    # What stands there is where the directory is in this file.
    interoperability = _interoperability(tags) if _INTEROPERABILITY in entries and entries is not tags[tag] else {}
    return {**kept, _INTEROPERABILITY: interoperability} if interoperability else kept


def _interoperability(tags: Image.Exif) -> dict[int, Any]:
    """The entries of the directory below that of EXIF; none where it cannot be read."""
    try:
        return {name: _as_read(value) for name, value in tags.get_ifd(_INTEROPERABILITY).items()}
    except FAULTS:
        return {}


def _as_read(value: Any) -> Any:
    return AsRead(value) if isinstance(value, str) else value


def _is_writable(tag: int, value: Any) -> bool:
    """Whether Pillow can write it, which raises what it raises, and in no more than so many bytes."""
    from PIL import Image

    alone = Image.Exif()
    alone[tag] = value
    return len(alone.tobytes()) <= _LONGEST
