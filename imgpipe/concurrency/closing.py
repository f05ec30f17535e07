"""Closing a generator that has threads, also where nobody does it but the garbage collector, or the end of the program.

The collector closes what it finds in whichever thread it happens to run. That may be one that the closing would wait
for, or hold a lock that such a thread waits for.
"""

from __future__ import annotations

import atexit
import gc
import threading
from collections.abc import Generator
from contextlib import suppress
from types import TracebackType
from typing import Any

from imgpipe.concurrency.room import start_thread


class ClosingAnywhere:
    """As `contextlib.closing`; but where the garbage collector leaves the block, a thread of its own closes.

    What is still open when the program ends is closed then, while modules are still there.
    """

    def __init__(self, run: Generator[Any]) -> None:
        self._run = run
        self._collecting: int | None = None

    def __enter__(self) -> None:
        # By these two the generator is never garbage itself, so it is not closed before the block is left.
        gc.callbacks.append(self._note_collection)
        atexit.register(self._close)

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._collecting == threading.get_ident():
            start_thread(threading.Thread(target=self._leave, name="close", daemon=False))
        else:
            self._leave()

    def _leave(self) -> None:
        with suppress(ValueError):  # somebody cleared the list
            gc.callbacks.remove(self._note_collection)
        try:
            self._run.close()
        finally:
            atexit.unregister(self._close)

    def _close(self) -> None:
        with suppress(ValueError):  # a daemonic thread is in the generator, for as long as the program lives
            self._run.close()

    def _note_collection(self, phase: str, _found: dict[str, int]) -> None:
        self._collecting = threading.get_ident() if phase == "start" else None
