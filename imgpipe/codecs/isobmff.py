"""The first box of files of the ISO base media format (ISO 14496-12), which says what they hold."""

from __future__ import annotations


def brands_of(head: bytes) -> frozenset[bytes]:
    """The major and the compatible brands, of those within the first bytes of a file; none of another format."""
    if head[4:8] != b"ftyp":
        return frozenset()
    end = min(len(head), int.from_bytes(head[:4], "big"))
    return frozenset([head[8:12], *(head[at : at + 4] for at in range(16, end - 3, 4))])
