"""A worker that leaves when its parent dies, even by SIGKILL: it waits for the end of a pipe that the parent holds."""

import multiprocessing
import os
import threading
import time


def leave_with(lifeline):
    try:
        lifeline.recv()
    except (EOFError, OSError):
        os._exit(1)  # not sys.exit: that would end this thread alone


def work(lifeline, parents_end):
    parents_end.close()  # with `fork` the worker has a copy of it, and would keep itself alive
    threading.Thread(target=leave_with, args=(lifeline,), daemon=True).start()
    while True:
        time.sleep(1)  # the work


if __name__ == "__main__":
    spawn = multiprocessing.get_context("spawn")
    lifeline, parents_end = spawn.Pipe(duplex=False)
    worker = spawn.Process(target=work, args=(lifeline, parents_end))
    worker.start()
    lifeline.close()
    print("parent", os.getpid(), "worker", worker.pid, flush=True)
    worker.join()
