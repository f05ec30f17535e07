"""Why fork is dangerous with threads: the child has a copy of a locked lock, and of no thread that would release it."""

import os
import threading
import warnings

lock = threading.Lock()


def hold(locked, leave):
    with lock:
        locked.set()
        leave.wait()


if __name__ == "__main__":
    warnings.simplefilter("ignore", DeprecationWarning)  # Python 3.12 and later warn of just this
    locked, leave = threading.Event(), threading.Event()
    other = threading.Thread(target=hold, args=(locked, leave))
    other.start()
    locked.wait()
    child = os.fork()
    if child == 0:
        print("child: threads", threading.active_count(), "- lock taken:", lock.locked(), flush=True)
        got = lock.acquire(timeout=0.5)  # without a timeout: for ever
        print("child: got the lock:", got, flush=True)
        os._exit(0)
    os.waitpid(child, 0)
    leave.set()
    other.join()
    print("parent: threads", threading.active_count(), "- lock taken:", lock.locked())
