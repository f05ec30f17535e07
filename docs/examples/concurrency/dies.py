"""The same three, mended: the thread is told to stop, the queue is let go, the signal ends the program as a signal."""

import multiprocessing
import os
import signal
import sys
import threading


def thread():
    stop = threading.Event()
    worker = threading.Thread(target=stop.wait)
    worker.start()
    try:
        print("the main thread is done, and says so", flush=True)
    finally:
        stop.set()
        worker.join()


def queue():
    unread = multiprocessing.get_context("spawn").Queue()
    unread.put(bytes(1_000_000))
    print("what nobody will read is dropped; better is to read it", flush=True)
    unread.cancel_join_thread()


def tidy_up_and_die(number, _frame):
    print("tidied up", flush=True)
    # With the signal's own effect, so that whoever started us sees what ended us: a shell script stops too.
    signal.signal(number, signal.SIG_DFL)
    os.kill(os.getpid(), number)


def ignored():
    signal.signal(signal.SIGINT, tidy_up_and_die)
    print("Ctrl-C works", flush=True)
    signal.pause()


if __name__ == "__main__":
    {"thread": thread, "queue": queue, "ignored": ignored}[sys.argv[1]]()
