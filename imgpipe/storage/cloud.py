"""A prefix of a bucket as a storage: an object has its whole content or is not there, so that a put publishes it."""

from __future__ import annotations

import errno
import hashlib
import mimetypes
import os
import re
import secrets
import threading
from collections.abc import Iterator
from contextlib import AbstractContextManager
from typing import Any

from imgpipe.errors import RunError, UsageError
from imgpipe.job import Source
from imgpipe.storage import Attributes, Data, Durability, Entry, Listing, is_name, open_storage
from imgpipe.storage.buckets import advice, cannot_list, store
from imgpipe.storage.listing import OWN_FOLDER, TEMPORARY_PREFIX
from imgpipe.storage.location import bucket_of
from imgpipe.storage.objects import Objects, Version
from imgpipe.storage.standing import Standing

_LONGEST_KEY = 1024
_NO_KEY = re.compile(r"[\0-\x1f\x7f\ud800-\udfff]")
_FEW = 64
_KINDS = {".avif": "image/avif", ".webp": "image/webp", ".jxl": "image/jxl", ".heic": "image/heic", ".qoi": "image/qoi"}


class CloudFolder:
    """Objects below a prefix of a bucket."""

    calls = None
    remote = True
    samples = False

    def __init__(self, url: str, durability: Durability = "rename") -> None:
        self._url = url
        self._bucket = bucket_of(url)
        self.root = self.identity = str(self._bucket)
        self.durability = durability
        self.objects = Objects(self.root, lambda: store(self._bucket))
        self._lock = threading.Lock()
        self._looked_up = 0
        self._standing: Standing | None = None

    def __reduce__(self) -> tuple[Any, ...]:
        """Another process opens it anew: credentials do not travel."""
        return open_storage, (self._url, self.durability)

    def single(self) -> tuple[str, str] | None:
        """Where and what it is, if the URL is that of an object rather than what others are below."""
        if not self._bucket.prefix:
            return None
        try:
            self.objects.meta(self._bucket.prefix)
        except FileNotFoundError:
            return None
        except OSError as error:
            raise UsageError(f"cannot look at {self.root}: {error.strerror}{advice(self.root)}") from None
        folder, _, name = self.root.rpartition("/")
        return folder, name

    def list(self, listing: Listing) -> Iterator[Entry]:
        """The objects below the prefix, in the order of their keys. Of folder markers, `folder/`, nothing is said."""
        left_out = (listing.leave_out or "\0") + "/"
        for entry in self._below(""):
            name = entry.name
            if not _is_visible(name, listing) or f"{self.root}/{name}".startswith(left_out):
                continue
            if not is_name(name):
                yield Entry(name, 0, 0, error="cannot be used: it is no name below a folder")
            elif entry.bytes or self._is_there(name):
                yield entry

    def own(self, folder: str) -> Iterator[Entry]:
        """The own objects of imgpipe in a folder of `.imgpipe`; their names are below that folder."""
        return self._below(f"{OWN_FOLDER}/{folder}")

    def put_if(self, name: str, data: bytes, version: Version | None) -> Version:
        """Put an object in the place of that version, or of nothing; its version, or FileExistsError."""
        return self.objects.put(self._key(name), data, condition=version or "create")

    def version(self, name: str) -> tuple[Version, float]:
        """Which version stands there, and since when, in s since 1970 by the server's clock; FileNotFoundError."""
        return self.objects.version(self._key(name))

    def now(self) -> float:
        """The time in s since 1970 by the server's clock, as it would note it now."""
        name = f"{OWN_FOLDER}/clock-{secrets.token_hex(4)}"
        self.objects.put(self._key(name), b"")
        try:
            return self.version(name)[1]
        finally:
            self.forget(name)

    def forget(self, name: str) -> None:
        """Remove an object, whatever it is; nothing where there is none."""
        self.objects.remove(self._key(name))

    def find(self, name: str, listing: Listing) -> Entry:
        """The entry of that name as a listing has it, hidden or not; one with an error where there is none."""
        if not is_name(name) or any(map(_is_own, name.split("/"))):
            return Entry(name, 0, 0, error="is no name of an input")
        if listing.leave_out is not None and f"{self.root}/{name}".startswith(f"{listing.leave_out}/"):
            return Entry(name, 0, 0, error="is in the output folder, which is not read")
        if listing.names_only:
            return Entry(name, 0, 0)
        try:
            return self._meta(name)
        except OSError as error:
            return Entry(name, 0, 0, error=f"there is no such input: {error.strerror}")

    def read(self, name: str) -> bytes:
        """The whole content; OSError where that is impossible."""
        return self.objects.read(self._key(name))

    def read_at_most(self, name: str, most: int) -> bytes:
        """As `read`; OSError where it has more bytes."""
        return self.objects.read(self._key(name), most)

    def head(self, name: str, count: int) -> bytes:
        """The first bytes of the content; OSError where they cannot be read."""
        return self.objects.head(self._key(name), count)

    def digest(self, name: str) -> str:
        """A digest of the whole content; OSError where it cannot be read."""
        return hashlib.blake2b(self.read(name)).hexdigest()

    def stat(self, name: str) -> Entry | None:
        """What stands under a name, None for nothing.

        After some questions all that stands is listed once, and the answers are of that moment: a request for each of a
        hundred thousand outputs would take an hour. What others put there since is seen when it is put on a condition.
        """
        with self._lock:
            self._looked_up += 1
            if self._standing is None and self._looked_up > _FEW:
                self._standing = Standing(self._below(""))
        if self._standing is not None:
            return self._standing.stat(name)
        try:
            return self._meta(name)
        except FileNotFoundError:
            return None
        except OSError as error:
            if error.errno == errno.EINVAL:
                return None
            raise

    def size(self, name: str) -> int | None:
        """Bytes of what stands under a name, None for nothing; as `stat`."""
        standing = self.stat(name)
        return None if standing is None else standing.bytes

    def put(self, name: str, data: Data, like: Attributes | None = None, *, fresh: bool = False) -> None:
        """Publish a whole object at once; FileExistsError where it is to be fresh and another stands there."""
        del like
        try:
            self.objects.put(self._key(name), data, condition="create" if fresh else "overwrite", kind=_kind(name))
        except FileExistsError:
            # A request that was answered into a broken connection is repeated, and meets what it has put.
            if self.read(name) != data:
                raise

    def putting(
        self, name: str, data: Data, like: Attributes | None = None, over: Source | None = None
    ) -> AbstractContextManager[Entry]:
        """Nothing can stand there unseen until the last moment, so this is impossible; OSError."""
        raise OSError(errno.ENOTSUP, "object storage cannot replace a source in its place")

    def remove(self, name: str, bytes: int) -> bool:
        """Remove an object of that size; False where none stands there."""
        try:
            if self._meta(name).bytes != bytes:
                return False
        except FileNotFoundError:
            return False
        self.objects.remove(self._key(name))
        return True

    def attributes(self, name: str) -> Attributes:
        """An object has neither mode nor times that can be set; OSError."""
        raise OSError(errno.ENOTSUP, "objects have no mode, and their time cannot be set")

    def sync(self) -> None:
        """An object that was put is durable already."""

    def obstacle(self, name: str) -> str:
        """Why an object of that name cannot be put, in words; empty where nothing is seen."""
        try:
            key = self._key(name).encode()
        except OSError as error:
            return f"{error.strerror}; rename it, or give another with --name"
        if len(key) > _LONGEST_KEY:
            return f"its key is too long ({len(key)} bytes of at most {_LONGEST_KEY}); shorten it with --name"
        return ""

    def writable(self) -> bool:
        """Whether objects can be put at all."""
        probe = f"{OWN_FOLDER}/probe"
        try:
            self.put(probe, b"")
            self.objects.remove(self._key(probe))
        except OSError:
            return False
        return True

    def folds_names(self) -> bool:
        """Keys are case sensitive."""
        return False

    def _below(self, folder: str) -> Iterator[Entry]:
        above = "/".join(filter(None, (self._bucket.prefix, folder)))
        try:
            for entry in self.objects.below(above):
                if name := entry.name.removeprefix(above).lstrip("/"):
                    yield Entry(name, entry.bytes, entry.modified, inode=entry.inode)
        except OSError as error:
            raise RunError(cannot_list(self.root, error)) from None

    def _is_there(self, name: str) -> bool:
        """Whether an object of no bytes is one: a folder's marker is listed as if it had no slash at its end."""
        try:
            self._meta(name)
        except OSError as error:
            return error.errno != errno.ENOENT
        return True

    def _meta(self, name: str) -> Entry:
        found = self.objects.meta(self._key(name))
        return Entry(name, found.bytes, found.modified, inode=found.inode)

    def _key(self, name: str) -> str:
        if not is_name(name) or _NO_KEY.search(name):
            raise OSError(errno.EINVAL, "its name is no UTF-8, or has control characters, as no key may", name)
        return f"{self._bucket.prefix}/{name}" if self._bucket.prefix else name


def _is_visible(name: str, listing: Listing) -> bool:
    parts = name.split("/")
    if any(map(_is_own, parts)) or (len(parts) > 1 and not listing.recursive):
        return False
    return listing.hidden or not any(part.startswith(".") for part in parts)


def _is_own(part: str) -> bool:
    return part.startswith(TEMPORARY_PREFIX) or part == OWN_FOLDER


def _kind(name: str) -> str:
    """Its media type, which browsers are told."""
    extension = os.path.splitext(name)[1].lower()
    return _KINDS.get(extension) or mimetypes.guess_type(f"x{extension}")[0] or ""
