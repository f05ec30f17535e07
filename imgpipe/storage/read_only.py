"""What storages have in common that are read and never written: all that would write is refused."""

from __future__ import annotations

import errno
from abc import ABC, abstractmethod
from contextlib import AbstractContextManager
from typing import NoReturn

from imgpipe.job import Source
from imgpipe.storage import Attributes, Data, Entry


class ReadOnly(ABC):
    """One half of a `Storage`; the other half says what is there.

    Attributes:
        unwritable: why nothing can be put, in words.
    """

    unwritable: str

    @abstractmethod
    def stat(self, name: str) -> Entry | None:
        """What stands under a name, None for nothing."""

    def size(self, name: str) -> int | None:
        """Bytes of what stands under a name, None for nothing."""
        standing = self.stat(name)
        return None if standing is None else standing.bytes

    def attributes(self, name: str) -> Attributes:
        """There are no times and modes worth keeping; OSError."""
        self._refuse()

    def put(self, name: str, data: Data, like: Attributes | None = None, *, fresh: bool = False) -> None:
        """Impossible; OSError."""
        self._refuse()

    def putting(
        self, name: str, data: Data, like: Attributes | None = None, over: Source | None = None
    ) -> AbstractContextManager[Entry]:
        """Impossible; OSError."""
        self._refuse()

    def remove(self, name: str, bytes: int) -> bool:
        """Impossible; OSError."""
        self._refuse()

    def sync(self) -> None:  # noqa: B027 - there is nothing to do for anybody
        """Nothing is ever put here."""

    def obstacle(self, name: str) -> str:
        """Why nothing can be put."""
        return self.unwritable

    def writable(self) -> bool:
        """Never."""
        return False

    def folds_names(self) -> bool:
        """As far as anybody knows, names that differ in case are two."""
        return False

    def _refuse(self) -> NoReturn:
        raise OSError(errno.ENOTSUP, self.unwritable)
