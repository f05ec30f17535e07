"""The exceptions of threads, pools and processes, caught."""

import multiprocessing
import sys
import threading
from concurrent.futures import ThreadPoolExecutor


def fail(where):
    raise ValueError(f"caught from {where}")


def note(arguments):
    print("hook:", arguments.exc_value)
    failures.append(arguments.exc_value)


failures = []

if __name__ == "__main__":
    spawn = multiprocessing.get_context("spawn")
    # Of a bare thread: a hook sees it, but still nobody waits for it. A future hands it over instead.
    threading.excepthook = note
    thread = threading.Thread(target=fail, args=("a thread",))
    thread.start()
    thread.join()
    with ThreadPoolExecutor(1) as threads, spawn.Pool(1) as pool:
        for ask in (threads.submit(fail, "a future").result, pool.apply_async(fail, ("apply_async",)).get):
            try:
                ask()
            except ValueError as error:
                print("asked:", error)
                failures.append(error)
        pool.close()
        pool.join()
    # Of a bare process only the exit code comes back, so look at it.
    process = spawn.Process(target=sys.exit, args=(3,))
    process.start()
    process.join()
    print("process: exit code", process.exitcode)
    sys.exit(1 if failures or process.exitcode else 0)
