"""`python -m imgpipe`, and the console command."""

import gc
import os
import signal
import sys
from contextlib import suppress
from types import FrameType

_FLAGS = ("-v", "--verbose")
"""What may stand before the name of a command."""


def _leave(number: int, _frame: FrameType | None) -> None:
    _remove_sockets()
    os._exit(128 + number)


def _remove_sockets() -> None:
    # Where it is loaded, and not only begun to be, processes may have been started.
    if remove := getattr(sys.modules.get("imgpipe.concurrency.launch"), "remove_sockets", None):
        remove()


def _open_what_is_closed() -> None:
    """Let a standard stream that is closed be the null device: the next file to be opened would take its number."""
    for number, name, mode in ((0, "stdin", "r"), (1, "stdout", "w"), (2, "stderr", "w")):
        try:
            os.fstat(number)
        except OSError:
            os.set_inheritable(os.open(os.devnull, os.O_RDWR), True)
            setattr(sys, name, open(number, mode, encoding="utf-8", closefd=False))  # noqa: SIM115 - for good


def main() -> None:
    """Run the command line; a Ctrl-C while it still starts, or has finished, ends it without a word."""
    _open_what_is_closed()
    if signal.getsignal(signal.SIGINT) is not signal.SIG_IGN:
        signal.signal(signal.SIGINT, _leave)
    if next((word for word in sys.argv[1:] if word not in _FLAGS), None) in ("process", "watch"):
        # Nothing that is loaded while starting is garbage; both processes look for it again once they have started.
        gc.disable()
        from imgpipe.concurrency.scheduling import hand_over_rarely, schedule_as_batch

        schedule_as_batch()
        hand_over_rarely()
        # What this process and the fork server both need is loaded before there are two of them; the imports that
        # follow take as long as those of the fork server.
        import imgpipe.steps  # noqa: F401
        from imgpipe.codecs.allocation import tune_glibc
        from imgpipe.warm import start_ahead

        # What the system refuses here, as where the folder that we are in is gone, `run` says.
        with suppress(OSError):
            start_ahead()
        # A process of our own; one that only uses the library keeps its allocator as it is.
        tune_glibc()
    from imgpipe.cli import run

    status = run()
    try:
        sys.stdout.flush()
        sys.stderr.flush()
    except OSError:
        # Who was to read it has gone, or the disk is full, which was said.
        status = status or 1
    _remove_sockets()
    # All threads and workers have gone; taking the interpreter down in order would only take time.
    os._exit(status)


if __name__ == "__main__":
    main()
