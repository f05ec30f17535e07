"""Three ways not to die: a thread that is no daemon, a queue that nobody reads, a signal that is ignored."""

import multiprocessing
import signal
import sys
import threading


def thread():
    threading.Thread(target=threading.Event().wait).start()
    print("the main thread is done; the interpreter waits for the other", flush=True)


def queue():
    unread = multiprocessing.get_context("spawn").Queue()
    unread.put(bytes(1_000_000))
    print("the main thread is done; the queue's own thread still feeds a full pipe", flush=True)


def ignored():
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    print("Ctrl-C does nothing", flush=True)
    signal.pause()


if __name__ == "__main__":
    {"thread": thread, "queue": queue, "ignored": ignored}[sys.argv[1]]()
