"""Files of a web server as a storage to read: by name, since a web server lists nothing."""

from __future__ import annotations

import base64
import hashlib
import os
from collections.abc import Iterator
from typing import Any
from urllib.parse import unquote, urlsplit

from imgpipe.errors import UsageError
from imgpipe.storage import Durability, Entry, Listing, is_name, open_storage
from imgpipe.storage.location import shown
from imgpipe.storage.objects import Objects, client_options, load, retries
from imgpipe.storage.read_only import ReadOnly


class WebFolder(ReadOnly):
    """What is below a web address; a query (`?token=...`) goes with every request."""

    unwritable = "a web server is read, not written"
    calls = None
    remote = True
    samples = False

    def __init__(self, url: str, durability: Durability = "rename") -> None:
        parts = urlsplit(url)
        if not parts.hostname:
            raise UsageError(f"{shown(url)} names no host")
        self._url = url
        self.root = shown(url)
        # What changes from day to day, as signatures do, says nothing of where the files are.
        self.identity = parts._replace(netloc=parts.netloc.rpartition("@")[2], query="", fragment="").geturl()
        self.durability = durability
        self.objects = Objects(self.root, lambda: _store(url))

    def __reduce__(self) -> tuple[Any, ...]:
        """Another process opens it anew."""
        return open_storage, (self._url, self.durability)

    def single(self) -> tuple[str, str] | None:
        """The address of what a file is in, with the same query, and the file's name."""
        parts = urlsplit(self._url)
        folder, _, last = parts.path.rpartition("/")
        return (parts._replace(path=folder, fragment="").geturl(), unquote(last)) if last else None

    def list(self, listing: Listing) -> Iterator[Entry]:  # noqa: ARG002 - the protocol has it
        """Impossible; UsageError."""
        raise UsageError(
            f"{self.root}: a web server cannot be listed; give the address of one file, or names below this address "
            "with --files-from"
        )

    def find(self, name: str, listing: Listing) -> Entry:
        """The entry of that name; one with an error where there is none."""
        if not is_name(name):
            return Entry(name, 0, 0, error="is no name of an input")
        if listing.names_only:
            return Entry(name, 0, 0)
        try:
            return self._meta(name)
        except OSError as error:
            return Entry(name, 0, 0, error=f"there is no such input: {error.strerror}")

    def read(self, name: str) -> bytes:
        """The whole content; OSError where that is impossible."""
        return self.objects.read(name)

    def read_at_most(self, name: str, most: int) -> bytes:
        """As `read`; OSError where it has more bytes."""
        return self.objects.read(name, most)

    def head(self, name: str, count: int) -> bytes:
        """The first bytes of the content; OSError where they cannot be read."""
        return self.objects.head(name, count)

    def digest(self, name: str) -> str:
        """A digest of the whole content; OSError where it cannot be read."""
        return hashlib.blake2b(self.read(name)).hexdigest()

    def stat(self, name: str) -> Entry | None:
        """What stands under a name, None for nothing."""
        try:
            return self._meta(name)
        except FileNotFoundError:
            return None

    def _meta(self, name: str) -> Entry:
        try:
            return self.objects.meta(name)
        except FileNotFoundError:
            raise
        except OSError:
            # A signature for reading allows nothing else, and some servers know no other question.
            return self.objects.meta_by_reading(name)


def _store(url: str) -> Any:
    parts = urlsplit(url)
    options = client_options(dict(os.environ), "HTTP") | {"allow_http": parts.scheme == "http"}
    account, _, host = parts.netloc.rpartition("@")
    if account:
        # In the address the library would quote it in its errors, and not send it.
        token = base64.b64encode(unquote(account).encode()).decode()
        options["default_headers"] = {"Authorization": f"Basic {token}"}
    address = parts._replace(netloc=host, path=parts.path.rstrip("/"), fragment="").geturl()
    return load().HTTPStore.from_url(address, client_options=options, retry_config=retries())
