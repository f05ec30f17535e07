"""The helper processes of multiprocessing forked off a program that has just begun, ahead of the first worker."""

from __future__ import annotations

import multiprocessing
import os
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from typing import Any

from imgpipe.concurrency.launch import FOR_THE_SERVER, TURN, default_start_method, remove_sockets, stop_signals_blocked

# Each worker takes some in its parent and in the fork server; macOS allows 256.
_FILES = 4096


def fork_server(preload: list[str]) -> None:
    """Fork the fork server off this process ahead of the first worker, where there is one.

    It loads while this process does other things, and starts sooner than a new interpreter would. Only for a program's
    own main function, that has just begun: no thread may run, and what is loaded here is loaded there. Both may have
    more files open from then on.

    Args:
        preload: modules that it imports once, so that its children need not.
    """
    _allow_open_files()
    if default_start_method() == "forkserver":
        from multiprocessing import forkserver

        multiprocessing.get_context("forkserver").set_forkserver_preload([*preload, FOR_THE_SERVER])
        with TURN, _interpreters_forked(), stop_signals_blocked():
            forkserver.ensure_running()


def _allow_open_files() -> None:
    """Let this process and its workers have as many files open as many workers need, where the system lets them."""
    if sys.platform != "win32":
        import resource

        with suppress(ValueError, OSError):  # a sandbox may refuse it
            soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
            most = _FILES if hard == resource.RLIM_INFINITY else min(_FILES, hard)
            if soft != resource.RLIM_INFINITY and soft < most:
                resource.setrlimit(resource.RLIMIT_NOFILE, (most, hard))


@contextmanager
def _interpreters_forked() -> Iterator[None]:
    """Fork the helper processes of multiprocessing, which starts a new interpreter for each."""
    from multiprocessing import util

    spawn = util.spawnv_passfds
    util.spawnv_passfds = _fork_interpreter
    try:
        yield
    finally:
        util.spawnv_passfds = spawn


def _fork_interpreter(path: bytes, args: Sequence[Any], passfds: Sequence[int]) -> int:  # noqa: ARG001 - its names
    """As `multiprocessing.util.spawnv_passfds` for `python ... -c PROGRAM ARGUMENT...`, without a new interpreter."""
    process = os.fork()
    if process:
        return process
    status = 1
    try:
        _close_all_but(passfds)
        at = [os.fsencode(word) for word in args].index(b"-c")
        sys.argv = ["-c", *args[at + 2 :]]
        exec(args[at + 1], {"__name__": "imgpipe.fork_server"})  # noqa: S102 - multiprocessing's own program
        status = 0
    except SystemExit as end:
        status = end.code if isinstance(end.code, int) else 0
        # The process that it served has gone, perhaps killed.
        remove_sockets()
    finally:
        os._exit(status)


def _close_all_but(descriptors: Sequence[int]) -> None:
    """What stays open is inherited for good; a copy of a lifeline's other end would keep a dead parent alive."""
    last = 2
    for descriptor in [*sorted(descriptors), os.sysconf("SC_OPEN_MAX")]:
        os.closerange(last + 1, descriptor)
        last = max(last, descriptor)
