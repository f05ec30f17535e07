"""The memory that a parent shares with one worker."""

import errno
import multiprocessing
import os
from collections import deque
from types import SimpleNamespace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from imgpipe.concurrency import lane as lanes
from imgpipe.concurrency import wire
from imgpipe.concurrency.lane import Lane
from imgpipe.concurrency.launch import default_start_method
from imgpipe.concurrency.worker import Worker
from tests.concurrency import tasks
from tests.concurrency.tasks import Task

pytestmark = [
    pytest.mark.usefixtures("nothing_left_behind"),
    pytest.mark.skipif(not hasattr(os, "memfd_create"), reason="no such memory on this system"),
]

LARGE = 100_000


@pytest.fixture
def lane():
    lane = Lane()
    yield lane
    lane.close()


def place(lane, data):
    return lane.place(memoryview(data))


def lying(lane, offset, size):
    return bytes(lane._memory[offset : offset + size])


def test_what_was_placed_lies_there(lane):
    data = os.urandom(LARGE)
    assert lying(lane, place(lane, data), LARGE) == data


def test_room_is_used_again_once_the_first_answer_has_come(lane):
    first, second = place(lane, bytes(LARGE)), place(lane, bytes(LARGE))
    lane.sent(answers=2)
    assert len({first, second}) == 2
    lane.answered()
    assert place(lane, bytes(LARGE)) == first


def test_memory_of_a_large_picture_is_given_back_once_nothing_lies_there(lane):
    whole = os.urandom(100 << 20)
    place(lane, whole)
    lane.sent(answers=1)
    place(lane, bytes(LARGE))
    lane.sent(answers=1)
    lane.answered()
    assert memory_of(lane) > 100 << 20
    lane.answered()
    assert memory_of(lane) <= 64 << 20
    assert lying(lane, place(lane, whole), len(whole)) == whole


def memory_of(lane):
    return os.fstat(lane._file).st_blocks * 512


def test_an_answer_frees_nothing_of_later_messages(lane):
    offsets = []
    for _ in range(3):
        offsets.append(place(lane, bytes(LARGE)))
        lane.sent(answers=1)
    lane.answered()
    assert place(lane, bytes(2 * LARGE)) not in offsets
    assert place(lane, bytes(LARGE)) == offsets[0]


def test_room_that_is_a_byte_too_small_is_left(lane):
    first = place(lane, bytes(LARGE))
    lane.sent(answers=1)
    second = place(lane, bytes(LARGE))
    lane.sent(answers=1)
    lane.answered()
    assert place(lane, bytes(LARGE + 1)) == second + LARGE
    assert place(lane, bytes(LARGE)) == first


def test_where_there_is_no_room_there_is_no_place(lane):
    assert place(lane, bytes(lanes._SIZE)) == 0
    assert place(lane, bytes(LARGE)) is None
    lane.sent(answers=1)
    lane.answered()
    assert place(lane, bytes(lanes._SIZE + 1)) is None
    assert place(lane, bytes(LARGE)) == 0


def test_where_there_is_no_memory_there_is_no_place(lane, monkeypatch):
    def refuse(*_):
        raise OSError(errno.ENOSPC, "no memory")

    monkeypatch.setattr(os, "posix_fallocate", refuse)
    assert place(lane, bytes(LARGE)) is None


def test_memory_that_was_there_once_is_not_asked_for_again(lane, monkeypatch):
    asked = []
    allocate = os.posix_fallocate
    monkeypatch.setattr(os, "posix_fallocate", lambda *given: (asked.append(given[1:]), allocate(*given)))
    for size in (LARGE, LARGE, 2 * LARGE):
        assert place(lane, bytes(size)) == 0
        lane.sent(answers=1)
        lane.answered()
    assert asked == [(0, LARGE), (LARGE, LARGE)]


def test_memory_that_cannot_be_mapped_is_given_back(monkeypatch):
    def refuse(*_):
        raise OSError(errno.ENOMEM, "no memory")

    monkeypatch.setattr("imgpipe.concurrency.lane.mmap.mmap", refuse)
    # That its descriptor is closed, `nothing_left_behind` sees.
    assert place(Lane(), bytes(LARGE)) is None


def test_other_programs_do_not_inherit_it(lane):
    assert not os.get_inheritable(lane._file)


def test_a_worker_keeps_one_descriptor_of_it():
    worker = Worker(default_start_method(), wire.dumps((tasks.descriptors_of_lanes, None)), [])
    try:
        worker.wait_until_ready()
        worker.send([None])
        # That of the mapping itself.
        assert worker.receive()[0] == 1
    finally:
        worker.discard()


def test_without_such_memory_all_goes_through_the_pipe(monkeypatch):
    monkeypatch.delattr(os, "memfd_create")
    worker = Worker(default_start_method(), wire.dumps((tasks.same, None)), [])
    try:
        worker.wait_until_ready()
        task = Task(1, os.urandom(LARGE), raw=True)
        worker.send([task])
        assert worker.receive()[0] == task
    finally:
        worker.discard()


@settings(max_examples=100, deadline=None)
@given(st.lists(st.one_of(st.integers(1, 3), st.just("answer")), max_size=60), st.data())
def test_nothing_is_overwritten_before_it_was_answered(moves, data):
    """Against a model: each message holds until its first answer."""
    lane = Lane()
    try:
        pending = deque()
        for move in moves:
            if move == "answer":
                if pending:
                    pending[0][1] = []
                    pending[0][0] -= 1
                    lane.answered()
                    if not pending[0][0]:
                        pending.popleft()
            else:
                contents = []
                for _ in range(move):
                    content = bytes([data.draw(st.integers(0, 255))]) * data.draw(st.integers(1 << 16, 1 << 21))
                    offset = place(lane, content)
                    if offset is not None:
                        contents.append((offset, content))
                lane.sent(answers=move)
                pending.append([move, contents])
            for _, contents in pending:
                assert all(lying(lane, offset, len(content)) == content for offset, content in contents)
    finally:
        lane.close()


def test_what_was_received_stays_when_its_place_is_filled_anew(lane):
    ours, theirs = multiprocessing.Pipe()
    with ours, theirs:
        task = Task(1, os.urandom(LARGE), raw=True)
        wire.send(ours, wire.dumps(task, lane))
        seen = bytearray(lane._memory[:LARGE])
        received = wire.receive(theirs, memoryview(seen))
        seen[:] = bytes(LARGE)
        assert wire.loads(received) == task


def test_a_worker_reads_what_was_placed_for_it():
    worker = Worker(default_start_method(), wire.dumps((tasks.same, None)), [])
    try:
        worker.wait_until_ready()
        sent = [[Task(10 * turn + n, os.urandom(LARGE * (1 + n)), raw=True) for n in range(3)] for turn in range(3)]
        for message in sent:
            worker.send(message)
        # The last of them fills the place of the first, which was answered.
        assert [worker.receive()[0] for _ in range(4)] == [*sent[0], sent[1][0]]
        worker.send(sent[0])
        assert [worker.receive()[0] for _ in range(8)] == [*sent[1][1:], *sent[2], *sent[0]]
        assert worker._lane.place(memoryview(bytes(lanes._SIZE))) == 0, "something there is in use for nobody"
    finally:
        worker.discard()


def test_a_message_holds_its_places_until_its_own_first_answer():
    worker = Worker(default_start_method(), wire.dumps((tasks.same, None)), [])
    try:
        worker.wait_until_ready()
        worker.send([Task(n, bytes(LARGE), raw=True) for n in range(3)])
        worker.send([Task(3, bytes(LARGE), raw=True)])
        held = []
        for _ in range(4):
            worker.receive()
            held.append(len(worker._lane._in_use))
        assert held == [1, 1, 1, 0]
    finally:
        worker.discard()


def test_a_worker_cannot_write_there(lane):
    assert lanes._opened(SimpleNamespace(detach=lambda: os.dup(lane._file))).readonly
