"""A program with a pool, to be killed, signalled or left by the tests: parent.py METHOD FOLDER WHAT [TRICK]."""

import atexit
import os
import signal
import sys
import threading
import time

from imgpipe.concurrency import worker
from imgpipe.concurrency.pool import Pool
from imgpipe.concurrency.roster import PoolBroken, PoolOptions
from tests.concurrency.tasks import Initializer, Task, perform

METHOD, FOLDER, WHAT, TRICK = (*sys.argv[1:], "", "", "", "")[:4]
BELL = os.path.join(FOLDER, "bell")
GO = os.path.join(FOLDER, "go")

unended = []


def two_tasks(trick, answer=0):
    return [Task(number, trick=trick, bell=BELL, go=GO, answer=answer) for number in range(2)]


def waiting(tasks):
    """A source that never ends, so that workers stay idle."""
    yield from tasks
    time.sleep(1000)


def be_busy_or_idle():
    tasks = two_tasks(TRICK, 50_000_000 if TRICK == "ring" else 0)
    with Pool(perform, 2, PoolOptions(start_method=METHOD)) as pool:
        for done in pool.imap_unordered(waiting(tasks)):
            print(done.number, flush=True)


def be_starting():
    """Both workers hang in their initializer."""
    initializer = Initializer(BELL, os.path.join(FOLDER, "starts"), "hang")
    with Pool(perform, 2, PoolOptions(start_method=METHOD, initializer=initializer)) as pool:
        list(pool.imap_unordered(waiting([])))


def count_signals():
    """Say how many workers were started, and what came out, in spite of all the signals."""
    heard, started = [], []
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, lambda number, _frame: heard.append(number))
    start = worker.start

    def counting_start(*arguments):
        started.append(True)
        return start(*arguments)

    worker.start = counting_start
    print("handlers are set", flush=True)
    with Pool(perform, 2, PoolOptions(start_method=METHOD)) as pool:
        done = sorted(result.number for result in pool.imap_unordered(two_tasks("wait")))
    assert {signal.SIGINT, signal.SIGTERM, signal.SIGHUP} <= set(heard)
    print(f"{len(started)} workers, results {done}", flush=True)


def be_stopped():
    """Say what came out of two tasks that have four seconds each, once both workers are there and the test says so."""

    def tasks():
        while not os.path.exists(os.path.join(FOLDER, "begin")):
            time.sleep(0.001)
        yield from two_tasks("wait")

    initializer = Initializer(BELL, os.path.join(FOLDER, "starts"), "ring")
    with Pool(perform, 2, PoolOptions(start_method=METHOD, deadline=4.0, initializer=initializer)) as pool:
        print(sorted(type(result).__name__ for result in pool.imap_unordered(tasks())), flush=True)


def leave_it_open():
    """The program ends without having ended the pool."""
    pool = Pool(perform, 2, PoolOptions(start_method=METHOD))
    tasks = [] if TRICK == "idle" else two_tasks(TRICK)
    results = pool.imap_unordered(waiting([Task(2), *tasks]))
    unended.append(results)
    next(results)
    print("the end", flush=True)


def leave_it_to_a_daemon():
    """The program ends while a daemonic thread waits for the rest of the results; say what that one is told."""
    began = threading.Event()

    def wait_for_all():
        try:
            for _ in Pool(perform, 2, PoolOptions(start_method=METHOD)).imap_unordered([Task(2), *two_tasks("sleep")]):
                began.set()
            print("that was all", flush=True)
        except PoolBroken as error:
            print(error, flush=True)

    daemon = threading.Thread(target=wait_for_all, daemon=True)
    # What was registered first is called last.
    atexit.register(daemon.join)
    daemon.start()
    began.wait()


if __name__ == "__main__":
    globals()[WHAT]()
