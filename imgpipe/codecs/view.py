"""A file that lies in memory of others, to be read where it lies."""

from __future__ import annotations

import os

_SHORT = 1 << 10
"""Bytes of a file that is always copied: Pillow asks its first ones what only bytes answer."""


class Nothing:
    """What Pillow puts before the first piece of a file; by bytes it would copy the piece, also by none."""

    def __add__(self, piece: memoryview) -> memoryview:
        return piece

    def __len__(self) -> int:
        return 0


class ViewFile:
    """As much of a file as Pillow asks for, over memory that is not copied, as `io.BytesIO` would."""

    def __init__(self, data: memoryview) -> None:
        self._data = data
        self._at = 0

    def read(self, size: int = -1) -> bytes | memoryview:
        """So many bytes, or all that are left; who asks for so many that they are the whole file is shown it."""
        if self._at == 0 and size >= len(self._data) > _SHORT:
            self._at = len(self._data)
            return self._data
        end = len(self._data) if size < 0 else self._at + size
        piece = bytes(self._data[self._at : end])
        self._at += len(piece)
        return piece

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        """Go on from there."""
        start = {os.SEEK_SET: 0, os.SEEK_CUR: self._at, os.SEEK_END: len(self._data)}[whence]
        if start + offset < 0:
            raise ValueError("negative seek value")
        self._at = start + offset
        return self._at

    def tell(self) -> int:
        """Where it goes on."""
        return self._at

    def getvalue(self) -> memoryview:
        """All of it; a decoder that wants the whole file takes it from here."""
        return self._data
