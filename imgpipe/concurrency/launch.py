"""Starting processes safely while threads run and signals may come."""

from __future__ import annotations

import multiprocessing
import multiprocessing.connection
import multiprocessing.context
import os
import signal
import sys
import tempfile
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from multiprocessing.process import BaseProcess
from typing import Any, Literal, TypeAlias

from imgpipe.main_module import main_module_hidden_unless_a_file

StartMethod: TypeAlias = Literal["forkserver", "spawn"]

# multiprocessing's list of children is swept by every start, and two sweeps of one dead child lose its
# exit status.
TURN = threading.Lock()
"""Taken by turns, by starts and joins of all pools of this process."""

# What stands behind the folder of temporaries in the path of a socket, and how long that may be; on macOS.
_BEHIND = len("/pymp-12345678/listener-12345678")
_LONGEST = 103

UNKNOWN = 255
"""The exit code of a process of which multiprocessing does not know how it ended."""

FOR_THE_SERVER = "imgpipe.concurrency.fork_server"
"""What a fork server imports besides."""


def default_start_method() -> StartMethod:
    """`forkserver` where there is one, else `spawn`; never `fork`: threads run when a worker is replaced."""
    return "forkserver" if "forkserver" in multiprocessing.get_all_start_methods() and _has_sockets() else "spawn"


def _has_sockets() -> bool:
    """Whether a fork server's socket can be where temporaries are: batch systems give long paths, containers none."""
    try:
        return len(os.fsencode(_folder_of_temporaries())) + _BEHIND <= _LONGEST
    except FileNotFoundError:
        return False


def _folder_of_temporaries() -> str:
    """Found by making a file there, the first time, which a program that a Ctrl-C ends at once would leave behind."""
    if sys.platform == "win32":
        return tempfile.gettempdir()
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        return tempfile.gettempdir()
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def leave_if_imported_by_a_worker() -> None:
    """End the process where it is a worker that is still importing the program's main module.

    A script without `if __name__ == "__main__":` would start the whole run again in each worker. The worker ends
    quietly, and the pool says why none of them came up.

    Raises:
        SystemExit: it is such a process.
    """
    if getattr(multiprocessing.current_process(), "_inheriting", False):
        raise SystemExit(1)


def remove_sockets() -> None:
    """Remove the folder of multiprocessing's sockets, if there is one, as Python does where it ends in order.

    For a process that leaves by `os._exit`, or after one that was killed. A child of multiprocessing knows the folder
    of its parent, which it leaves alone.
    """
    folder = getattr(multiprocessing.current_process(), "_config", {}).get("tempdir")
    if folder and multiprocessing.parent_process() is None:
        # Which shutil.rmtree would leave where only one more file can be opened.
        with suppress(OSError):
            for name in os.listdir(folder):
                with suppress(FileNotFoundError):
                    os.unlink(os.path.join(folder, name))
            os.rmdir(folder)


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
        context.set_forkserver_preload([*preload, FOR_THE_SERVER])
    with TURN, stop_signals_blocked(), main_module_hidden_unless_a_file():
        if method == "forkserver":
            _forget_server_of_others()
            _wake_server()
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
    if server._forkserver_pid is not None and _fate(server._forkserver_pid) == "no child":
        os.close(server._forkserver_alive_fd)
        server._forkserver_pid = None


def _wake_server() -> None:
    """Let a fork server go on that was stopped: we would wait for its answer for ever.

    Ctrl-Z stops the whole group, and whoever continues this process need not know of the others.
    """
    server = _fork_server_pid()
    if server is not None and _fate(server) == "runs":
        os.kill(server, signal.SIGCONT)


def may_have_ended(pid: int) -> bool:
    """Whether a child of this process has ended, collected or not; also where that cannot be seen."""
    return _fate(pid) != "runs"


def _fate(pid: int) -> Literal["runs", "ended", "no child", "unseen"]:
    """What has become of a child of this process, which is none of its children any more once it was collected."""
    if not hasattr(os, "waitid"):  # macOS, before Python 3.13
        return "unseen"
    try:
        return "ended" if os.waitid(os.P_PID, pid, os.WEXITED | os.WNOHANG | os.WNOWAIT) else "runs"
    except ChildProcessError:
        return "no child"


def collect(process: BaseProcess) -> int | None:
    """Wait for a process that is ending, free what it held, and return its exit code."""
    # A process that it had forked may hold the sentinel for ever.
    while is_alive(process):
        told = multiprocessing.connection.wait([process.sentinel], timeout=0.1)
        # Windows knows no such processes, not even by name.
        if not told and isinstance(process, getattr(multiprocessing.context, "ForkServerProcess", ())):
            with TURN:
                _wake_server()
    with TURN:
        process.join()
        code = process.exitcode
        process.close()
    return code


def is_alive(process: BaseProcess) -> bool:
    """Whether a process that was not collected yet still runs."""
    with TURN:
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
    return isinstance(process, multiprocessing.context.SpawnProcess) and _fate(process.pid or 0) == "no child"


def kill(process: BaseProcess) -> None:
    """Kill a process that was not collected yet; nothing where it has ended.

    A fork server has then freed its number, which may be that of another process by now, or of a thread of one.
    """
    with TURN:
        if _is_alive(process):
            process.kill()


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
