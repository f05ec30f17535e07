"""The first stop signal asks, the second interrupts, wherever the program is then."""

import subprocess
import sys

import pytest

PROGRAM = """
import signal, time
from imgpipe.concurrency.signals import stop_signals

class Finalized:
    def __del__(self):
        signal.raise_signal(signal.SIGINT)
        time.sleep(0)

try:
    with stop_signals("asked ") as stop:
        signal.raise_signal(signal.SIGINT)
        assert stop
        time.sleep(0.05)  # a second press within 20 ms is the same one
        {second}
        time.sleep(30)
except KeyboardInterrupt:
    print("interrupted", stop.exit_status)
"""


def run(second):
    program = PROGRAM.format(second=second)
    return subprocess.run([sys.executable, "-c", program], check=False, capture_output=True, text=True, timeout=60)


@pytest.mark.parametrize("second", ["signal.raise_signal(signal.SIGINT)", "Finalized()"])
def test_the_second_interrupts_also_in_a_finalizer_where_python_swallows_it(second):
    done = run(second)
    assert (done.stdout, done.stderr) == ("interrupted 130\n", "asked ")


def test_other_errors_in_a_finalizer_are_told_as_ever():
    done = run("type('Broken', (), {'__del__': lambda self: 1 / 0})(); raise KeyboardInterrupt")
    assert done.stdout == "interrupted 130\n"
    assert "ZeroDivisionError" in done.stderr
