"""The lock of an OUTPUT in object storage: an object with its owner in it, which he writes anew while he is alive.

A lock that was not written anew for a while is free, by the clock of the server alone; so is one whose owner was on
this machine and is dead. It is taken over on the condition that it is still that version, so one of several gets it.
"""

from __future__ import annotations

import errno
import json
import os
import secrets
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any

from imgpipe.concurrency.lineage import is_copy_of
from imgpipe.concurrency.room import StartRefused, join_thread, start_thread
from imgpipe.errors import UsageError
from imgpipe.storage.conditional import Conditional
from imgpipe.storage.listing import OWN_FOLDER
from imgpipe.storage.objects import Version

_LOCK = f"{OWN_FOLDER}/lock"
# That of macOS goes on by the plain name, but not by `time.monotonic`.
_CLOCK: int | None = getattr(time, "CLOCK_BOOTTIME", getattr(time, "CLOCK_MONOTONIC", None))
_EXPIRES = 90.0
_RENEWED = 15.0
_TOO_LATE = 75.0
_TRIES = 3


class Lease:
    """A lock that is held, and by whom."""

    def __init__(self, storage: Conditional, every: float = _RENEWED) -> None:
        self._storage = storage
        self._every = every
        self._times = 0
        self._owner = {"owner": secrets.token_hex(8), **_here()}
        self._version: Version | None = None
        self._taken = False
        self._renewed = 0.0
        self._end = threading.Event()
        self._thread = threading.Thread(target=self._keep, name="lock", daemon=True)

    @property
    def lost(self) -> bool:
        """Whether another run has it, or may have it by now: also while a request to renew it has no answer."""
        return self._taken or _now() - self._renewed > _TOO_LATE

    def take(self) -> None:
        """Get it; UsageError where another run has it, OSError where nobody can."""
        for _ in range(_TRIES):
            self._renewed = _now()
            try:
                self._version = self._storage.put_if(_LOCK, self._content(), None)
                break
            except FileExistsError:
                pass
            with suppress(FileNotFoundError, FileExistsError):
                self._version = self._storage.put_if(_LOCK, self._content(), self._free_version())
                break
        else:
            raise UsageError(f"other runs want to write to {self._storage.root} at once; run it again")
        try:
            start_thread(self._thread)
        except StartRefused as error:
            raise OSError(errno.EAGAIN, str(error)) from error

    def release(self) -> None:
        """Give it back, also where an interrupt came while it was taken.

        A copy of the program that was forked from it has nothing to give.
        """
        if is_copy_of(int(self._owner["pid"])):
            return
        self._end.set()
        join_thread(self._thread)
        with suppress(OSError):
            if not self.lost and self._is_ours():
                self._storage.forget(_LOCK)

    def _free_version(self) -> Version:
        """The version of a lock whose owner is gone; UsageError where he is alive."""
        version, modified = self._storage.version(_LOCK)
        owner = _decoded(self._storage.read(_LOCK))
        if owner.get("owner") == self._owner["owner"] or _is_dead(owner):
            return version
        age = self._storage.now() - modified
        if age < _EXPIRES:
            raise UsageError(
                f"another run ({owner.get('host', 'somewhere')}, process {owner.get('pid', '?')}) is writing to "
                f"{self._storage.root}; wait for it or stop it. If it was killed, its lock is free in "
                f"{max(1, round(_EXPIRES - age))} s"
            )
        return version

    def _keep(self) -> None:
        while not self._taken and not self._end.wait(self._every):
            # The server may note the time of a request at once, and answer late.
            asked = _now()
            # Whatever else it was that failed, the lock was not renewed, and `lost` goes by the time.
            with suppress(Exception):
                try:
                    self._times += 1
                    self._version = self._storage.put_if(_LOCK, self._content(), self._version)
                    self._renewed = asked
                except FileExistsError:
                    # A repeated request meets what the first one has put.
                    self._taken = not self._sees_ours()

    def _sees_ours(self) -> bool:
        """Whether it is ours; OSError where one cannot look, and then the next renewal decides."""
        with suppress(FileNotFoundError):
            # Its version first: one that is another's by the time it is read must not be taken for ours.
            version, _ = self._storage.version(_LOCK)
            if self._is_ours():
                self._version = version
                return True
        return False

    def _is_ours(self) -> bool:
        return bool(_decoded(self._storage.read(_LOCK)).get("owner") == self._owner["owner"])

    def _content(self) -> bytes:
        return json.dumps({**self._owner, "times": self._times}).encode()


@contextmanager
def held(storage: Conditional) -> Iterator[Lease]:
    """The lock of an OUTPUT while the block runs.

    Raises:
        UsageError: another run holds it.
        OSError: it cannot be taken.
    """
    lease = Lease(storage)
    try:
        lease.take()
        yield lease
    finally:
        lease.release()


def _now() -> float:
    """Seconds by a clock that goes on while the machine is suspended, where there is one: that of the server does."""
    return time.monotonic() if _CLOCK is None else time.clock_gettime(_CLOCK)


def _here() -> dict[str, Any]:
    """Which process is this, among all of all machines and containers?"""
    return {"host": socket.gethostname(), "machine": _machine(), "pid": os.getpid()}


def _machine() -> str:
    """Since when which machine runs, and in which container this is; empty where that is not known."""
    try:
        with open("/proc/sys/kernel/random/boot_id", encoding="ascii") as file:
            return f"{file.read().strip()} {os.readlink('/proc/self/ns/pid')}"
    except OSError:
        return ""


def _is_dead(owner: dict[str, Any]) -> bool:
    """Whether it was on this machine, and is no more."""
    here, pid = _here(), owner.get("pid")
    if not here["machine"] or any(owner.get(key) != here[key] for key in ("host", "machine")):
        return False
    if not isinstance(pid, int) or pid <= 0:
        return False
    try:
        os.kill(pid, 0)
        with open(f"/proc/{pid}/stat", "rb") as file:
            state = file.read().rpartition(b") ")[2][:1]
    except (ProcessLookupError, FileNotFoundError):
        return True
    except OSError:
        return False
    # Killed, but whoever started it has not asked how it ended; in a container perhaps nobody ever will.
    return state in (b"Z", b"X")


def _decoded(data: bytes) -> dict[str, Any]:
    try:
        found = json.loads(data)
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}
