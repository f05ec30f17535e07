"""Exceptions that disappear: three jobs fail, and the program ends well."""

import multiprocessing
import threading


def fail(where):
    raise ValueError(f"lost in {where}")


def work_in_a_daemon():
    try:
        threading.Event().wait()
    finally:
        print("the daemon has tidied up")  # it never has: daemons end with the program, wherever they are


if __name__ == "__main__":
    # A thread's exception ends the thread; a traceback goes to stderr, where few look, and the program goes on.
    thread = threading.Thread(target=fail, args=("a thread",))
    thread.start()
    thread.join()
    # A pool keeps the exception for whoever asks for the result. Nobody does, so there is not even a traceback.
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        pool.apply_async(fail, ("apply_async",))
        pool.close()
        pool.join()
    threading.Thread(target=work_in_a_daemon, daemon=True).start()
    print("all is well")
