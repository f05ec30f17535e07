"""What an output needs of a storage in which nothing can be appended to or locked, for its journal and its lock."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Protocol, runtime_checkable

from imgpipe.storage import Entry, Storage

if TYPE_CHECKING:
    from imgpipe.storage.objects import Version


@runtime_checkable
class Conditional(Storage, Protocol):
    """A storage without system calls (`calls` is None) in which what stands can be replaced on a condition."""

    def own(self, folder: str) -> Iterator[Entry]:
        """The own files of imgpipe in a folder of `.imgpipe`; their names are below that folder."""

    def put_if(self, name: str, data: bytes, version: Version | None) -> Version:
        """Put a file in the place of that version, or of nothing; its version, or FileExistsError."""

    def version(self, name: str) -> tuple[Version, float]:
        """Which version stands there, and since when, in s since 1970 by the storage's clock; FileNotFoundError."""

    def now(self) -> float:
        """The time in s since 1970 by the storage's clock, as it would note it now."""

    def forget(self, name: str) -> None:
        """Remove a file, whatever it is; nothing where there is none."""
