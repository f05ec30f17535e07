"""A value crosses whole or not at all, whatever its size and its buffers."""

import multiprocessing
import os
import pickle
import socket
import sys
from contextlib import contextmanager

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from imgpipe.concurrency import wire
from imgpipe.concurrency.pool import Pool
from imgpipe.concurrency.roster import PoolOptions
from tests.concurrency.tasks import Task, perform, undisturbed
from tests.concurrency.tools import PATIENCE, eventually, in_threads, waits

pytestmark = pytest.mark.usefixtures("nothing_left_behind")


@contextmanager
def pipe():
    ours, theirs = multiprocessing.Pipe()
    with ours, theirs:
        yield ours, theirs


def crossed(*values):
    """What the values are at the other end."""
    with pipe() as (ours, theirs):

        def send():
            for value in values:
                wire.send(ours, wire.dumps(value))

        with in_threads(send):
            return [wire.loads(wire.receive(theirs)) for _ in values]


@settings(max_examples=60, deadline=None)
@given(st.lists(st.builds(Task, st.integers(), st.binary(), raw=st.booleans()), max_size=4))
def test_values_arrive_as_they_were(values):
    assert crossed(values, None, *values) == [values, None, *values]


@pytest.mark.parametrize("size", [0, 1, 65_535, 65_536, 5_000_000])
def test_buffers_of_any_size_arrive(size):
    several = [Task(number, os.urandom(size), raw=True) for number in range(3)]
    assert crossed(several, several[0]) == [several, several[0]]


def test_only_large_buffers_are_looked_for_elsewhere():
    asked = []
    small = wire.dumps([Task(1, bytes(30_000), raw=True)], asked.append)
    assert len(small) == 1
    assert len(small[0]) > 30_000
    assert not asked
    wire.dumps([Task(1, bytes(40_000), raw=True)], asked.append)
    assert [one.nbytes for one in asked] == [40_000]


def test_a_buffer_that_lies_elsewhere_is_no_part_of_the_message():
    memory = os.urandom(200_000)
    task = Task(1, memory[100_000:140_000], raw=True)
    with pipe() as (ours, theirs):
        message = wire.dumps(
            [task, Task(2, bytes(50_000), raw=True)], lambda one: 100_000 if one.nbytes == 40_000 else None
        )
        assert [len(part) for part in message][1:] == [50_000]
        wire.send(ours, message)
        received = wire.receive(theirs, lambda offset, count: memory[offset : offset + count])
    assert wire.loads(received) == [task, Task(2, bytes(50_000), raw=True)]


def test_large_buffers_are_not_pickled():
    head, *buffers = wire.dumps([Task(1, bytes(100_000), raw=True), Task(2, bytes(7), raw=True)])
    assert [memoryview(buffer).nbytes for buffer in buffers] == [100_000]
    assert len(head) < 1000


@pytest.mark.parametrize("raw", [False, True])
def test_message_cut_anywhere_is_the_end(raw):
    message = b""
    with pipe() as (ours, theirs):
        wire.send(ours, wire.dumps(Task(1, bytes(40_000), raw=raw)))
        while len(message) < 40_000:
            message += os.read(theirs.fileno(), 100_000)
    for length in [*range(400), *range(400, len(message), 997), len(message) - 1]:
        with pipe() as (ours, theirs):
            os.write(ours.fileno(), message[:length])
            ours.close()
            with pytest.raises((EOFError, OSError)):
                wire.receive(theirs)


@pytest.mark.parametrize("raw", [False, True])
def test_sending_to_nobody_is_an_error(raw):
    with pipe() as (ours, theirs):
        theirs.close()
        with pytest.raises(OSError, match="pipe"):
            wire.send(ours, wire.dumps(Task(1, bytes(5_000_000), raw=raw)))


@pytest.mark.parametrize("raw", [False, True])
def test_hanging_up_ends_a_write_that_nobody_reads(raw):
    raised = []

    def write():
        try:
            wire.send(ours, wire.dumps(Task(1, bytes(5_000_000), raw=raw)))
        except OSError as error:
            raised.append(error)

    with pipe() as (ours, _), in_threads(write) as (writer,):
        eventually(lambda: waits(writer, "_send_buffer" if raw else "_send"))
        wire.hang_up(ours)
        writer.join(PATIENCE)
        assert raised


@pytest.mark.skipif(sys.platform != "linux", reason="others drop what has come")
def test_what_had_come_before_hanging_up_can_still_be_read():
    with pipe() as (ours, theirs):
        wire.send(theirs, wire.dumps("said"))
        wire.hang_up(ours)
        assert wire.loads(wire.receive(ours)) == "said"
        with pytest.raises(EOFError):
            wire.receive(ours)


def test_what_does_not_pickle_is_said_before_anything_is_sent():
    with pytest.raises((AttributeError, pickle.PicklingError)):
        wire.dumps(lambda: None)


def test_default_timeout_for_sockets_does_not_matter():
    """A program that uses the network may have set one."""
    wanted = [Task(number, bytes([number]) * 1_000_000, answer=1_000_000, raw=True) for number in range(20)]
    socket.setdefaulttimeout(1000)
    try:
        with Pool(perform, 2, PoolOptions(tries=1)) as pool:
            done = list(pool.imap_unordered(iter(wanted)))
    finally:
        socket.setdefaulttimeout(None)
    assert sorted(done, key=lambda one: one.number) == list(map(undisturbed, wanted))
