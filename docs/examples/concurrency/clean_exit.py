"""SIGINT (Ctrl-C), SIGTERM (kill, a shutdown) and SIGHUP (a closed terminal): finish what was begun, tidy up, leave."""

import os
import signal
import sys
import tempfile
import time

stop = 0


def ask_to_stop(number, _frame):
    global stop
    stop = number  # nothing else: a handler may run between any two lines of the program


if __name__ == "__main__":
    for name in ("SIGINT", "SIGTERM", "SIGHUP"):
        # One that is ignored stays so: that is what `nohup` asks for.
        if hasattr(signal, name) and signal.getsignal(getattr(signal, name)) is not signal.SIG_IGN:
            signal.signal(getattr(signal, name), ask_to_stop)
    descriptor, temporary = tempfile.mkstemp(prefix="clean-exit-")
    os.close(descriptor)
    try:
        print("working, with", temporary, flush=True)
        begun = finished = 0
        while not stop:
            begun += 1
            time.sleep(0.05)  # the work; a signal does not tear it in two
            finished += 1
        print(f"{signal.Signals(stop).name}: {begun} begun, {finished} finished", flush=True)
    finally:
        os.remove(temporary)
    sys.exit(128 + stop)  # as the shell says it
