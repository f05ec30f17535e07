"""What of the metadata is kept."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from imgpipe.errors import RecipeError
from imgpipe.typed import check_fields

KINDS = ("exif", "xmp", "icc", "iptc")
"""The kinds of metadata that can be kept whole."""

NAMES = {"exif": "EXIF", "xmp": "XMP", "icc": "ICC profile", "iptc": "IPTC"}
"""What each kind is called in messages."""

_ALL = "all"


@dataclass(frozen=True, slots=True)
class Metadata:
    """What of the metadata is kept: by default copyright, creator and dpi.

    Thumbnails inside of metadata are never kept: they show the picture as it was before the filters.

    Args:
        keep: kinds that are kept whole, of `KINDS`, or `all`. With `icc` the colours stay in their space.
        strip: keep nothing, neither copyright nor dpi.
        strip_gps: keep no location. Where `keep` names nothing, all but the location and the ICC profile is kept.

    Raises:
        RecipeError: `keep` names something else, or `strip` is asked for beside it.

    >>> Metadata(keep=["xmp", "exif"]).keep
    ('exif', 'xmp')
    >>> Metadata(keep=["exfi"])
    Traceback (most recent call last):
    ...
    imgpipe.errors.RecipeError: keep=exfi is not valid; it is one of exif, xmp, icc, iptc, all
    """

    keep: Sequence[str] = ()
    strip: bool = False
    strip_gps: bool = False

    def __post_init__(self) -> None:
        check_fields(self, RecipeError)
        if isinstance(self.keep, str) or not isinstance(self.keep, Iterable):
            raise RecipeError("keep is a list, one entry for each kind of metadata")
        for kind in self.keep:
            if kind not in (*KINDS, _ALL):
                raise RecipeError(f"keep={kind} is not valid; it is one of {', '.join((*KINDS, _ALL))}")
        if self.strip and self.keep:
            raise RecipeError("strip and keep contradict each other: strip keeps nothing")
        # In one order, for equal policies are to have one digest.
        object.__setattr__(self, "keep", tuple(kind for kind in KINDS if kind in self.keep or _ALL in self.keep))

    @property
    def kept(self) -> tuple[str, ...]:
        """The kinds that are kept whole, or whole but for the location."""
        if self.strip:
            return ()
        if self.strip_gps and not self.keep:
            return tuple(kind for kind in KINDS if kind != "icc")
        return tuple(self.keep)
