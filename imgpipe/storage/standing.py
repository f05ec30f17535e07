"""What stood in a storage when it was looked through: sizes and times by name, in some 100 bytes each."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable

from imgpipe.storage import Entry

_SECONDS = 40


def number_of(text: str) -> int:
    """A number below 2 ** 63 that stands for a text; 0 for an empty one."""
    return (
        int.from_bytes(hashlib.blake2b(text.encode(errors="surrogateescape"), digest_size=8).digest()) >> 1
        if text
        else 0
    )


class Standing:
    """Sizes and times of all entries of a listing."""

    def __init__(self, entries: Iterable[Entry]) -> None:
        self._packed = {number_of(entry.name): _pack(entry) for entry in entries}

    def stat(self, name: str) -> Entry | None:
        """What stood under a name, to the second; None for nothing."""
        packed = self._packed.get(number_of(name))
        if packed is None:
            return None
        return Entry(name, packed >> _SECONDS, (packed & ((1 << _SECONDS) - 1)) * 1_000_000_000)


def _pack(entry: Entry) -> int:
    return entry.bytes << _SECONDS | entry.modified // 1_000_000_000
