"""Replacing pictures by what is made of them, each as a whole and once."""

from __future__ import annotations

import hashlib
from typing import Any

from imgpipe.journal import OpenJournal
from imgpipe.storage import Attributes, Data, Storage


class InPlace:
    """A folder that is input and output: what is put replaces its source, if that is still what it was.

    What will stand there is noted before it does. So after a kill at any instant the next run knows which
    pictures are results already, and processes none of them a second time.
    """

    def __init__(self, storage: Storage, journal: OpenJournal) -> None:
        self._storage = storage
        self._journal = journal

    def __getattr__(self, name: str) -> Any:
        return getattr(self._storage, name)

    def put(self, name: str, data: Data, like: Attributes | None = None, *, fresh: bool = False) -> None:
        """Replace the source of that name; OSError where nothing was replaced."""
        del fresh  # the source stands there
        over = self._journal.source_in_hand(name)
        with self._storage.putting(name, data, like, over) as standing:
            self._journal.place(standing, hashlib.blake2b(data).hexdigest())
