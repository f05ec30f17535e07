"""Starting processes safely while threads run and signals may come."""

from __future__ import annotations

import multiprocessing
import multiprocessing.connection
import multiprocessing.context
import os
import shutil
import signal
import sys
import tempfile
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from multiprocessing.process import BaseProcess
from typing import Any, Literal, TypeAlias

from imgpipe.main_module import main_module_hidden_unless_a_file

StartMethod: TypeAlias = Literal["forkserver", "spawn"]

# multiprocessing's list of children is swept by every start, and two sweeps of one dead child lose its
# exit status; so starts and joins of all pools of this process take turns.
_TURN = threading.Lock()


# What stands behind the folder of temporaries in the path of a socket, and how long that may be; on macOS.
_BEHIND = len("/pymp-12345678/listener-12345678")
_LONGEST = 103

# Each worker takes some in its parent and in the fork server; macOS allows 256.
_FILES = 4096

UNKNOWN = 255
"""The exit code of a process of which multiprocessing does not know how it ended."""

_FOR_THE_SERVER = "imgpipe.concurrency.fork_server"


def default_start_method() -> StartMethod:
    """`forkserver` where there is one, else `spawn`; never `fork`: threads run when a worker is replaced."""
    return "forkserver" if "forkserver" in multiprocessing.get_all_start_methods() and _has_sockets() else "spawn"


def _has_sockets() -> bool:
    """Whether a fork server's socket can be where temporaries are: batch systems give long paths, containers none."""
    try:
        return len(os.fsencode(tempfile.gettempdir())) + _BEHIND <= _LONGEST
    except FileNotFoundError:
        return False


def leave_if_imported_by_a_worker() -> None:
    """End the process where it is a worker that is still importing the program's main module.

    A script without `if __name__ == "__main__":` would start the whole run again in each worker. The worker ends
    quietly, and the pool says why none of them came up.

    Raises:
        SystemExit: it is such a process.
    """
    if getattr(multiprocessing.current_process(), "_inheriting", False):
        raise SystemExit(1)


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

        multiprocessing.get_context("forkserver").set_forkserver_preload([*preload, _FOR_THE_SERVER])
        with _TURN, _interpreters_forked(), stop_signals_blocked():
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


def remove_sockets() -> None:
    """Remove the folder of multiprocessing's sockets, if there is one, as Python does where it ends in order.

    For a process that leaves by `os._exit`, or after one that was killed. A child of multiprocessing knows the folder
    of its parent, which it leaves alone.
    """
    folder = getattr(multiprocessing.current_process(), "_config", {}).get("tempdir")
    if folder and multiprocessing.parent_process() is None:
        shutil.rmtree(folder, ignore_errors=True)


def start(
    method: StartMethod, target: Callable[..., None], arguments: tuple[Any, ...], preload: list[str]
) -> tuple[BaseProcess, int | None]:
    """Start a process that stop signals cannot reach before it has chosen to ignore them.

    Args:
        method: how the process comes to be.
        target: a module-level function.
        arguments: its picklable arguments.
        preload: modules that the fork server imports once, so that its children need not.

    Returns:
        the process, and the id of the fork server that it has come from, if any.
    """
    context = multiprocessing.get_context(method)
    if method == "forkserver":
        context.set_forkserver_preload([*preload, _FOR_THE_SERVER])
    with _TURN, stop_signals_blocked(), main_module_hidden_unless_a_file():
        if method == "forkserver":
            _forget_server_of_others()
        process: BaseProcess = context.Process(target=target, args=arguments, daemon=True)  # type: ignore[attr-defined]
        process.start()
        # By the next turn the server may be another one.
        return process, _fork_server_pid() if method == "forkserver" else None


def _fork_server() -> Any:
    from multiprocessing import forkserver

    return getattr(forkserver, "_forkserver")  # noqa: B009 - private, also to mypy


def _fork_server_pid() -> int | None:
    pid: int | None = _fork_server()._forkserver_pid
    return pid


def _forget_server_of_others() -> None:
    """Let there be another fork server where multiprocessing cannot ask about the one that it knows.

    It is that of the program of which this is a forked copy, or has ended and was collected by others.
    """
    server = _fork_server()
    if server._forkserver_pid is not None and _is_no_child(server._forkserver_pid):
        os.close(server._forkserver_alive_fd)
        server._forkserver_pid = None


def may_have_ended(pid: int) -> bool:
    """Whether a child of this process has ended, collected or not; also where that cannot be seen."""
    if not hasattr(os, "waitid"):  # macOS, before Python 3.13
        return True
    try:
        return os.waitid(os.P_PID, pid, os.WEXITED | os.WNOHANG | os.WNOWAIT) is not None
    except ChildProcessError:
        return True


def collect(process: BaseProcess) -> int | None:
    """Wait for a process that is ending, free what it held, and return its exit code."""
    # A process that it had forked may hold the sentinel for ever.
    while is_alive(process):
        multiprocessing.connection.wait([process.sentinel], timeout=0.1)
    with _TURN:
        process.join()
        code = process.exitcode
        process.close()
    return code


def is_alive(process: BaseProcess) -> bool:
    """Whether a process that was not collected yet still runs."""
    with _TURN:
        return _is_alive(process)


def _is_alive(process: BaseProcess) -> bool:
    if not process.is_alive():
        return False
    if not _was_collected_by_others(process):
        return True
    # Else it would be alive to multiprocessing for ever, and in the end whoever has its number would get a signal.
    popen = process._popen  # type: ignore[attr-defined]
    popen.returncode = UNKNOWN if popen.returncode is None else popen.returncode
    return False


def _was_collected_by_others(process: BaseProcess) -> bool:
    """Whether nobody can tell how a child of ours has ended: where SIGCHLD is ignored the system forgets it at once."""
    return isinstance(process, multiprocessing.context.SpawnProcess) and _is_no_child(process.pid or 0)


def _is_no_child(pid: int) -> bool:
    """Whether no child of this process has that number, not even an ended one; false where that cannot be seen."""
    if not hasattr(os, "waitid"):
        return False
    try:
        os.waitid(os.P_PID, pid, os.WEXITED | os.WNOHANG | os.WNOWAIT)
    except ChildProcessError:
        return True
    return False


def kill(process: BaseProcess) -> None:
    """Kill a process that was not collected yet; nothing where it has ended.

    A fork server has then freed its number, which may be that of another process by now, or of a thread of one.
    """
    with _TURN:
        if _is_alive(process):
            process.kill()


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
        at = args.index("-c")
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


@contextmanager
def stop_signals_blocked() -> Iterator[None]:
    """What starts inside inherits that stop signals are blocked, threads and processes; those that come are kept."""
    if sys.platform == "win32":
        yield
        return
    from multiprocessing import resource_tracker

    stop_signals = {signal.SIGINT, signal.SIGTERM, signal.SIGHUP}
    before = signal.pthread_sigmask(signal.SIG_BLOCK, stop_signals)
    try:
        # Its start unblocks SIGINT and SIGTERM in the caller, so it goes first.
        resource_tracker.ensure_running()
        signal.pthread_sigmask(signal.SIG_BLOCK, stop_signals)
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
