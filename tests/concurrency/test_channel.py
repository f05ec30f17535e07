"""A channel is bounded, ends once, passes the first failure on, and wakes whoever waits when the other side goes."""

import threading
from collections import Counter, deque
from contextlib import contextmanager

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from imgpipe.concurrency import channel as channel_module
from imgpipe.concurrency.channel import Capacity, Channel, Closed, Empty, Statistics
from tests.concurrency.tools import eventually, in_threads, waits

pytestmark = pytest.mark.usefixtures("nothing_left_behind")


def filled(channel, *items):
    for item in items:
        channel.put(item)
    return channel


@contextmanager
def two_senders_waiting(channel):
    """Both wait for room when the block begins, and have come back when it ends; a list of those that were refused."""
    closed = []

    def send():
        try:
            channel.put(2)
        except Closed:
            closed.append(True)

    with in_threads(send, send) as senders:
        eventually(lambda: all(map(waits, senders)))
        yield closed


class TestBounds:
    def test_sender_waits_while_there_are_enough_items(self):
        channel = filled(Channel(Capacity(items=2)), 1, 2)
        with in_threads(lambda: channel.put(3)) as (sender,):
            eventually(lambda: waits(sender))
            assert channel.take() == 1
            sender.join(30)
            assert not sender.is_alive()
        assert [channel.take(), channel.take()] == [2, 3]

    def test_sender_waits_while_there_are_enough_bytes(self):
        channel = filled(Channel(Capacity(items=100, bytes=10), weigh=len), b"123456")
        channel.put(b"1234")
        with in_threads(lambda: channel.put(b"1")) as (sender,):
            eventually(lambda: waits(sender))
            channel.take()
        assert channel.statistics.items == 3

    def test_item_larger_than_the_bound_passes_alone(self):
        channel = filled(Channel(Capacity(items=100, bytes=10), weigh=len), bytes(1000))
        with in_threads(lambda: channel.put(b"")) as (sender,), in_threads(lambda: channel.put(bytes(2000))) as (big,):
            eventually(lambda: waits(sender) and waits(big))
            assert len(channel.take()) == 1000
            assert sorted(map(len, (channel.take(), channel.take()))) == [0, 2000]

    def test_heavy_item_that_leaves_lets_in_all_that_fit(self):
        channel = filled(Channel(Capacity(items=100, bytes=10), weigh=len), bytes(10))
        with in_threads(*[lambda: channel.put(b"12")] * 5) as senders:
            eventually(lambda: all(map(waits, senders)))
            channel.take()
            for sender in senders:
                sender.join(30)
            assert not any(sender.is_alive() for sender in senders)

    def test_light_item_need_not_wait_behind_a_heavy_one(self):
        channel = filled(Channel(Capacity(items=100, bytes=10), weigh=len), b"12345", b"12345")
        with in_threads(lambda: channel.put(b"123456")) as (heavy,):
            eventually(lambda: waits(heavy))
            with in_threads(lambda: channel.put(b"1")) as (light,):
                eventually(lambda: waits(light))
                channel.take()
                light.join(30)
                assert not light.is_alive()
                eventually(lambda: waits(heavy))  # woken too, it looks and waits again
            channel.take()

    def test_no_bound_in_bytes_means_no_weighing(self):
        channel = filled(Channel(Capacity(items=3), weigh=lambda item: 1 / 0), 1, 2, 3)
        assert channel.take() == 1


class TestGathering:
    @pytest.fixture(autouse=True)
    def endless_patience(self, monkeypatch):
        monkeypatch.setattr(channel_module, "_SECONDS_TO_GATHER", 3600.0)

    def test_receiver_is_woken_for_so_many_at_once(self):
        channel, seen = Channel(Capacity(gathered=3)), []
        with in_threads(lambda: seen.extend(channel)) as (receiver,):
            eventually(lambda: waits(receiver))
            filled(channel, 1, 2)
            receiver.join(0.1)
            assert seen == []
            channel.put(3)
            eventually(lambda: seen == [1, 2, 3])
            channel.end()

    def test_receiver_that_need_not_wait_takes_what_is_there(self):
        assert filled(Channel(Capacity(gathered=3)), 1).take() == 1

    def test_fewer_do_after_a_while(self, monkeypatch):
        monkeypatch.setattr(channel_module, "_SECONDS_TO_GATHER", 0.001)
        channel = Channel(Capacity(gathered=3))
        with in_threads(channel.take) as (receiver,):
            eventually(lambda: waits(receiver))
            channel.put(1)
        assert channel.depth == 0

    @pytest.mark.parametrize("capacity", [Capacity(items=1, gathered=3), Capacity(items=9, bytes=10, gathered=3)])
    def test_fewer_do_where_a_sender_waits_for_room(self, capacity):
        channel, seen = Channel(capacity, weigh=int), []
        with in_threads(lambda: seen.extend(channel)) as (receiver,):
            eventually(lambda: waits(receiver))
            with in_threads(lambda: filled(channel, 8, 8, 8)):
                eventually(lambda: seen[:2] == [8, 8])
            channel.end()
        assert seen == [8, 8, 8]

    def test_fewer_do_where_so_many_would_not_fit(self):
        channel, seen = Channel(Capacity(items=9, bytes=30, gathered=3), weigh=int), []
        with in_threads(lambda: seen.extend(channel)) as (receiver,):
            eventually(lambda: waits(receiver))
            channel.put(9)
            receiver.join(0.1)
            assert seen == []
            channel.put(1)
            eventually(lambda: seen == [9, 1])
            channel.end()

    @pytest.mark.parametrize("over", ["end", "abandon"])
    def test_none_are_waited_for_that_will_not_come(self, over):
        channel, seen = Channel(Capacity(gathered=3)), []
        with in_threads(lambda: seen.extend(channel)) as (receiver,):
            eventually(lambda: waits(receiver))
            channel.put(1)
            getattr(channel, over)()
        assert seen == ([1] if over == "end" else [])

    def test_each_of_several_receivers_is_woken(self):
        channel, seen = Channel(Capacity(gathered=2)), []
        busy = threading.Barrier(3)

        def receive():
            seen.append(channel.take())
            busy.wait(30)

        with in_threads(receive, receive) as receivers:
            eventually(lambda: all(map(waits, receivers)))
            filled(channel, 1, 2, 3)
            busy.wait(30)
        assert sorted(seen) == [1, 2]


class TestEnd:
    def test_receivers_stop_after_the_last_sender(self):
        channel = filled(Channel(Capacity(), senders=3), 1, 2)
        channel.end()
        channel.end()
        seen = []
        with in_threads(*[lambda: seen.extend(channel)] * 2) as receivers:
            eventually(lambda: all(map(waits, receivers)))
            channel.put(3)
            channel.end()
        assert sorted(seen) == [1, 2, 3]

    def test_what_was_put_before_the_end_is_received(self):
        channel = filled(Channel(Capacity()), 1, 2)
        channel.end()
        assert list(channel) == [1, 2]
        assert list(channel) == []

    def test_many_senders_and_receivers_pass_every_item_once(self):
        channel = Channel(Capacity(items=3, bytes=40), senders=4, weigh=lambda item: item % 17)
        seen = [[] for _ in range(4)]

        def send(first):
            for item in range(first, 2000, 4):
                channel.put(item)
            channel.end()

        senders = [lambda first=first: send(first) for first in range(4)]
        receivers = [lambda part=part: part.extend(channel) for part in seen]
        with in_threads(*senders, *receivers):
            pass
        assert Counter(item for part in seen for item in part) == Counter(range(2000))
        for part in seen:
            for first in range(4):
                from_one = [item for item in part if item % 4 == first]
                assert from_one == sorted(from_one)


class TestFailure:
    def test_comes_after_what_was_put_before(self):
        channel = filled(Channel(Capacity(), senders=2), 1, 2)
        error = OSError("full")
        channel.fail(error)
        assert [channel.take(), channel.take()] == [1, 2]
        for _ in range(2):
            with pytest.raises(OSError, match="full") as raised:
                channel.take()
            assert raised.value is error

    def test_first_one_wins(self):
        channel = Channel(Capacity(), senders=2)
        channel.fail(ValueError("first"))
        channel.fail(ValueError("second"))
        channel.end()
        channel.end()
        with pytest.raises(ValueError, match="first"):
            next(channel)

    def test_wakes_waiting_receivers(self):
        channel = Channel(Capacity())
        errors = []

        def receive():
            try:
                channel.take()
            except ValueError as error:
                errors.append(error)

        with in_threads(receive, receive) as receivers:
            eventually(lambda: all(map(waits, receivers)))
            channel.fail(ValueError())
        assert len(errors) == 2

    def test_closes_the_channel_for_other_senders(self):
        channel = filled(Channel(Capacity(items=1), senders=3), 1)
        with two_senders_waiting(channel) as closed:
            assert not channel.closed
            channel.fail(ValueError())
        assert closed == [True, True]
        assert channel.closed

    @pytest.mark.parametrize("error", [StopIteration("lost"), Closed("lost")])
    def test_is_never_taken_for_an_end(self, error):
        channel = Channel(Capacity())
        channel.fail(error)
        with pytest.raises(RuntimeError, match=type(error).__name__) as raised:
            list(channel)
        assert raised.value.__cause__ is error


class TestAbandon:
    def test_wakes_waiting_senders(self):
        channel = filled(Channel(Capacity(items=1), senders=3), 1)
        with two_senders_waiting(channel) as closed:
            channel.abandon()
        assert closed == [True, True]
        with pytest.raises(Closed):
            channel.put(3)

    def test_wakes_waiting_receivers(self):
        channel = Channel(Capacity())
        ended = []
        with in_threads(*[lambda: ended.append(list(channel))] * 2) as receivers:
            eventually(lambda: all(map(waits, receivers)))
            channel.abandon()
        assert ended == [[], []]

    def test_drops_what_is_buffered(self):
        channel = filled(Channel(Capacity(items=5, bytes=5), weigh=len), b"123")
        channel.abandon()
        assert list(channel) == []
        assert channel.closed


class TestTakeWithoutWaiting:
    def test_says_so_where_there_is_nothing_yet(self):
        channel = Channel(Capacity())
        with pytest.raises(Empty):
            channel.take(wait=False)
        channel.put(None)
        assert channel.take(wait=False) is None
        with pytest.raises(Empty):
            channel.take(wait=False)

    def test_ends_and_fails_like_the_other(self):
        channel = Channel(Capacity(), senders=2)
        channel.end()
        with pytest.raises(Empty):
            channel.take(wait=False)
        channel.end()
        with pytest.raises(StopIteration):
            channel.take(wait=False)
        channel.fail(ValueError("late"))
        with pytest.raises(ValueError, match="late"):
            channel.take(wait=False)


class TestStatistics:
    def test_counts_items_and_who_waited(self):
        channel = Channel(Capacity(items=1))
        assert channel.statistics == Statistics(0, 0.0, 0.0)
        with in_threads(channel.take) as (receiver,):
            eventually(lambda: waits(receiver))
            channel.put(1)
        after_empty = channel.statistics
        assert after_empty.items == 1
        assert after_empty.seconds_empty > 0
        assert after_empty.seconds_full == 0
        channel.put(2)
        with in_threads(lambda: channel.put(3)) as (sender,):
            eventually(lambda: waits(sender))
            channel.take()
        assert channel.statistics.items == 3
        assert channel.statistics.seconds_full > 0
        assert channel.statistics.seconds_empty == after_empty.seconds_empty


class ChannelModel(RuleBasedStateMachine):
    """One thread that never waits does what it likes; a deque and four words of state say what must come."""

    @initialize(items=st.integers(1, 4), most=st.integers(0, 10), senders=st.integers(1, 3))
    def make(self, items, most, senders):
        self.capacity = Capacity(items, most)
        self.channel = Channel(self.capacity, senders, weigh=int)
        self.held = deque()
        self.senders = senders
        self.failure = None
        self.abandoned = False
        self.put = 0

    def closed(self):
        return self.abandoned or self.failure is not None

    def has_room(self, weight):
        if len(self.held) >= self.capacity.items:
            return False
        return not self.held or not self.capacity.bytes or sum(self.held) + weight <= self.capacity.bytes

    @rule(weight=st.integers(0, 20))
    def put_where_there_is_room(self, weight):
        if self.closed():
            with pytest.raises(Closed):
                self.channel.put(weight)
        elif self.has_room(weight):
            self.channel.put(weight)
            self.held.append(weight)
            self.put += 1

    @rule()
    def take(self):
        if self.held:
            assert self.channel.take(wait=False) == self.held.popleft()
        elif self.failure is not None:
            with pytest.raises(KeyError) as raised:
                self.channel.take(wait=False)
            assert raised.value is self.failure
        elif self.abandoned or self.senders == 0:
            with pytest.raises(StopIteration):
                self.channel.take()
        else:
            with pytest.raises(Empty):
                self.channel.take(wait=False)

    @precondition(lambda self: self.senders)
    @rule()
    def end(self):
        self.senders -= 1
        self.channel.end()

    @rule(error=st.builds(KeyError))
    def fail(self, error):
        self.failure = self.failure or error
        self.channel.fail(error)

    @rule()
    def abandon(self):
        self.abandoned = True
        self.held.clear()
        self.channel.abandon()

    @invariant()
    def agrees(self):
        assert self.channel.closed == self.closed()
        assert self.channel.statistics.items == self.put


ChannelModel.TestCase.settings = settings(max_examples=60, stateful_step_count=20, deadline=None)
TestChannelModel = ChannelModel.TestCase


def test_what_is_left_is_known_once_all_senders_have_ended():
    channel = Channel(Capacity(8), senders=2)
    channel.put(1)
    channel.put(2)
    channel.end()
    assert channel.left is None
    channel.end()
    assert channel.left == 2
    channel.take()
    assert channel.left == 1
