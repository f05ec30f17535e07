"""The object store behind a URL, as the library obstore speaks to it: opened late, asked patiently.

Its runtime has threads of its own and hangs in a forked child; so it is imported when the first question is asked,
which is after a command has forked its fork server, and a child that was forked later is told so instead of hanging.
"""

from __future__ import annotations

import errno
import os
import threading
from collections.abc import Callable, Iterator
from contextlib import suppress
from datetime import timedelta
from functools import cache
from typing import Any, NamedTuple, TypeVar

from imgpipe.errors import RunError, UsageError, install_advice
from imgpipe.storage import Data, Entry
from imgpipe.storage.answers import GONE, NO_ANSWER, REFUSED, patiently, told_as

T = TypeVar("T")

PART = 16 << 20
"""Larger contents go in parts of this size, where they need not be put on a condition."""

_PAGE = 1000
_ENDLESS = 32
_RETRIES: Any = {
    "max_retries": 6,
    "retry_timeout": timedelta(seconds=60),
    "backoff": {"init_backoff": timedelta(seconds=0.1), "max_backoff": timedelta(seconds=5), "base": 2},
}
_TIMES = {"connect_timeout": "10s", "read_timeout": "60s", "timeout": "300s"}
_SWITCHES = ("allow_http", "allow_invalid_certificates")
_TEXTS = (*_TIMES, "proxy_url", "proxy_ca_certificate", "proxy_excludes", "user_agent")


class Version(NamedTuple):
    """Which one of the contents that an object had: S3 and Azure go by its ETag, Google by a number of its own."""

    e_tag: str | None
    version: str | None

    def as_mode(self) -> dict[str, str]:
        """As the library takes it, which knows names that are missing but no None."""
        return {name: value for name, value in self._asdict().items() if value is not None}


class Objects:
    """The objects of one store, by key. May be used from any thread, and only where it was first used.

    Raises, in every method:
        OSError: the answer, in words without secrets.
        RunError: nothing can be done at all: no such bucket, or only refusals and silence from there for long.
    """

    def __init__(self, shown: str, make: Callable[[], Any]) -> None:
        """The store that `make` gives, which is called when it is first needed."""
        self._shown = shown
        self._make = make
        self._lock = threading.Lock()
        self._store: Any = None
        self._in_vain = 0

    def read(self, key: str, most: int | None = None) -> bytes:
        """The whole content, where it has no more bytes than that."""

        def whole() -> bytes | None:
            found = self.store.get(key)
            if most is not None and found.meta["size"] > most:
                return None
            data = bytes(found.bytes())
            if len(data) != found.meta["size"]:
                raise ConnectionError  # cut short: ask again
            return data

        if (data := self._ask(whole)) is None:
            raise OSError(errno.EFBIG, "it has become much larger since it was listed; run the same command again")
        return data

    def head(self, key: str, count: int) -> bytes:
        """The first bytes."""
        try:
            return self._ask(lambda: bytes(self.store.get(key, options={"range": (0, count)}).bytes()))[:count]
        except OSError as error:
            # A server may know no ranges, and of an object without content there is none.
            if error.errno not in (errno.ENOTSUP, REFUSED):
                raise
            return self.read(key)[:count]

    def meta(self, key: str) -> Entry:
        """Size and time of an object; its name is the key."""
        return entry_of(self._ask(lambda: self.store.head(key)), key)

    def version(self, key: str) -> tuple[Version, float]:
        """Which version of an object stands there, and its time in s since 1970."""
        meta = self._ask(lambda: self.store.head(key))
        return Version(meta["e_tag"], meta["version"]), meta["last_modified"].timestamp()

    def meta_by_reading(self, key: str) -> Entry:
        """The same by a request to read, for servers and signatures that allow nothing else."""
        return entry_of(self._ask(lambda: self.store.get(key).meta), key)

    def put(self, key: str, data: Data, *, condition: str | Version = "overwrite", kind: str = "") -> Version:
        """Publish a whole object at once; returns its version.

        Args:
            key: where.
            data: what.
            condition: ``"create"`` for nowhere but where nothing stands, a version for nowhere but in its place;
                FileExistsError where it does not hold.
            kind: its media type.
        """
        more: dict[str, Any] = {"attributes": {"Content-Type": kind}} if kind else {}
        in_parts = condition == "overwrite" and len(data) > PART
        mode: Any = condition.as_mode() if isinstance(condition, Version) else condition
        put = lambda: self.store.put(  # noqa: E731 - asked more than once
            key, data, mode=mode, use_multipart=in_parts, chunk_size=PART, max_concurrency=4, **more
        )
        done = self._ask(put)
        return Version(done["e_tag"], done["version"])

    def remove(self, key: str) -> None:
        """Remove an object, if it is there; some servers say so where none is, also when asked for the second time."""
        with suppress(FileNotFoundError):
            self._ask(lambda: self.store.delete(key))

    def below(self, prefix: str) -> Iterator[Entry]:
        """All objects below a prefix, by their keys in order; a page at a time, so that a million cost no memory."""
        last: str | None = None
        stream = None
        while True:

            def page() -> Any:
                nonlocal stream
                try:
                    stream = stream or self.store.list(prefix or None, offset=last, chunk_size=_PAGE)  # noqa: B023
                    return next(stream, None)
                except Exception:
                    stream = None  # it is spent; the next one begins behind the last key
                    raise

            if not (found := self._ask(page)):
                return
            for meta in found:
                last = meta["path"]
                yield entry_of(meta, meta["path"])

    @property
    def store(self) -> Any:
        """The library's object."""
        _see_that_it_works_here()
        with self._lock:
            if self._store is None:
                try:
                    self._store = self._make()
                except UsageError:
                    raise
                except Exception as error:  # noqa: BLE001 - its words quote what it was given
                    raise UsageError(f"cannot use {self._shown}: {told_as(error).strerror}") from None
            return self._store

    def _ask(self, question: Callable[[], T]) -> T:
        """An answer; where there was none for long, the run cannot go on."""
        self.store  # noqa: B018 - what is wrong with the URL or the settings is no matter of patience
        try:
            answer = patiently(question)
        except OSError as error:
            in_vain = error.errno in (errno.EACCES, NO_ANSWER)
            with self._lock:
                self._in_vain = self._in_vain + 1 if in_vain else 0
            if error.errno == GONE or self._in_vain >= _ENDLESS:
                raise RunError(f"{self._shown}: {error.strerror}; mend that and run the same command again") from None
            raise
        if self._in_vain:
            with self._lock:
                self._in_vain = 0
        return answer


def entry_of(meta: Any, name: str) -> Entry:
    """What the library says of an object; its ETag stands for which one it is."""
    from imgpipe.storage.standing import number_of

    # Whole seconds: a listing may tell of less, an object's own headers do not.
    modified = int(meta["last_modified"].timestamp()) * 1_000_000_000
    tag = meta["e_tag"] or ""
    # Azure's listings leave out the quotes that its headers have.
    quoted = f'"{tag}"' if tag and not tag.endswith('"') else tag
    return Entry(name, meta["size"], modified, inode=number_of(quoted))


def client_options(environment: dict[str, str], family: str) -> dict[str, Any]:
    """Options of the connection, as `AWS_TIMEOUT` or `GOOGLE_ALLOW_HTTP` say it.

    Args:
        environment: as `os.environ`.
        family: before the names: ``"AWS"``, ``"GOOGLE"``, ``"AZURE"``.
    """
    options: dict[str, Any] = dict(_TIMES)
    for name in (*_TEXTS, *_SWITCHES):
        if (value := environment.get(f"{family}_{name.upper()}")) is not None:
            options[name] = value.lower() in ("1", "true", "yes", "on") if name in _SWITCHES else value
    return options


def retries() -> Any:
    """How often the library asks again by itself."""
    return _RETRIES


def load() -> Any:
    """The library's stores; UsageError where it is not installed."""
    try:
        from obstore import store
    except ImportError:
        raise UsageError(f"URLs of storages need a library that is not installed: {install_advice('cloud')}") from None
    return store


@cache
def _first_used_in() -> int:
    return os.getpid()


def _see_that_it_works_here() -> None:
    if _first_used_in() != os.getpid():
        raise RunError(
            "object storage was used before this process was forked, and cannot be used here: start processes by "
            "forkserver or spawn (multiprocessing.set_start_method)"
        )
