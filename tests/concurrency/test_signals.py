"""The first stop signal asks, the second interrupts, wherever the program is then."""

import os
import signal
import subprocess
import sys
from types import SimpleNamespace

import pytest

from imgpipe.concurrency import signals
from imgpipe.concurrency.signals import StopRequest

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


@pytest.fixture
def clock(monkeypatch):
    clock = SimpleNamespace(now=50.0)
    monkeypatch.setattr(signals, "time", SimpleNamespace(monotonic=lambda: clock.now))
    return clock


@pytest.fixture
def alarms(monkeypatch):
    """What was to be called, with what, and after how many seconds; nothing is."""
    alarms = []

    class Alarm:
        def __init__(self, *alarm):
            self.alarm = alarm

        def start(self):
            alarms.append(self.alarm)

    monkeypatch.setattr(signals, "threading", SimpleNamespace(Timer=Alarm))
    return alarms


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_the_second_press_is_out_within_a_second_and_that_of_one_keypress_is_none(clock, alarms, number):
    """A parent may forward the Ctrl-C that its terminal has sent to all of its group."""
    stop = StopRequest()
    assert not stop
    stop.receive(number, None)
    clock.now += 0.019
    try:
        stop.receive(signal.SIGINT, None)
    except KeyboardInterrupt:
        pytest.fail("one keypress counts twice")
    assert (bool(stop), alarms) == (True, [])
    clock.now += 0.002
    with pytest.raises(KeyboardInterrupt):
        stop.receive(signal.SIGINT, None)
    assert alarms == [(0.8, os._exit, [128 + number])]
    stop.receive(signal.SIGINT, None)
    assert len(alarms) == 1
