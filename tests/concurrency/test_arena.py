"""Memory that processes share: what lies there stays as long as whoever was lent it holds it, and no longer."""

import errno
import gc
import hashlib
import multiprocessing
import os
import pickle
import signal
import threading
from contextlib import closing

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from imgpipe.concurrency import arena as arenas
from imgpipe.concurrency import wire
from imgpipe.concurrency.arena import Arena, make_arena
from imgpipe.concurrency.launch import default_start_method, start
from imgpipe.concurrency.pool import Pool
from imgpipe.concurrency.worker import Worker, WorkerDied
from tests.concurrency import tasks
from tests.concurrency.tasks import Task
from tests.concurrency.tools import in_threads

pytestmark = [
    pytest.mark.usefixtures("nothing_left_behind"),
    pytest.mark.skipif(not hasattr(os, "memfd_create"), reason="no such memory on this system"),
]

LARGE = 100_000
MEGABYTE = 1 << 20
SIZE = 512 * MEGABYTE


@pytest.fixture
def arena():
    arena = make_arena(SIZE)
    yield arena
    arena.close()


@pytest.fixture
def other(arena):
    """The same memory, as the process on the other side has it."""
    other = Arena(os.dup(arena._file), SIZE)
    yield other
    other.close()


def filled(arena, size, content=b"x"):
    room = arena.room(size)
    room[:] = content * size
    return room


def place(arena, room):
    return arena.place_of(room)


def memory_of(arena):
    return os.fstat(arena._file).st_blocks * 512


def hired(work, inputs=None, outputs=256 * MEGABYTE):
    one = Worker(default_start_method(), [], inputs, outputs)
    one.wait_until_ready(wire.dumps((work, None)))
    return one


class TestOneSide:
    def test_small_buffers_get_no_room(self, arena):
        assert arena.room(arenas.SMALL - 1) is None
        assert len(arena.room(arenas.SMALL)) == arenas.SMALL

    def test_rooms_do_not_overlap(self, arena):
        rooms = [filled(arena, LARGE + number, bytes([number])) for number in range(9)]
        assert [bytes(room) for room in rooms] == [bytes([number]) * (LARGE + number) for number in range(9)]

    def test_a_room_is_free_again_once_it_is_not_held_any_more(self, arena):
        first = arena.room(LARGE)
        offset, again = place(arena, first), first
        del first
        assert place(arena, arena.room(LARGE)) != offset
        del again
        assert place(arena, arena.room(LARGE)) == offset

    def test_room_that_is_a_byte_too_small_is_left(self, arena):
        granules = 2 * 65536
        first, second = arena.room(granules), arena.room(granules)
        offset = place(arena, first)
        del first
        third = arena.room(granules + 1)
        assert place(arena, third) > place(arena, second)
        assert place(arena, arena.room(granules)) == offset

    def test_where_there_is_no_room_there_is_none(self, arena):
        assert arena.room(SIZE) is None
        most = arena.room(SIZE - arena._first)
        assert len(most) == SIZE - arena._first
        assert arena.room(LARGE) is None
        del most
        assert arena.room(LARGE) is not None

    def test_where_there_is_no_memory_there_is_no_room(self, arena, monkeypatch):
        def refuse(*_):
            raise OSError(errno.ENOSPC, "no memory")

        monkeypatch.setattr(os, "posix_fallocate", refuse)
        assert arena.room(LARGE) is None

    def test_memory_that_was_there_once_is_not_asked_for_again(self, arena, monkeypatch):
        asked = []
        allocate = os.posix_fallocate
        monkeypatch.setattr(os, "posix_fallocate", lambda *given: (asked.append(given[1:]), allocate(*given)))
        for _ in range(3):
            filled(arena, LARGE)
        assert asked == [(0, arena._first + 2 * 65536)]

    def test_memory_of_large_buffers_is_given_back_once_small_ones_do_not_need_it(self, arena):
        large, small = filled(arena, 300 * MEGABYTE), filled(arena, LARGE)
        assert memory_of(arena) > 300 * MEGABYTE
        del large
        assert memory_of(arena) > 300 * MEGABYTE, "what lies behind it is in use"
        assert bytes(small) == b"x" * LARGE
        del small
        assert memory_of(arena) <= 64 * MEGABYTE
        assert bytes(filled(arena, 300 * MEGABYTE, b"y")) == b"y" * (300 * MEGABYTE)

    def test_memory_that_is_used_again_and_again_is_not_given_back_meanwhile(self, arena):
        kept = filled(arena, 40 * MEGABYTE)
        filled(arena, 100 * MEGABYTE)
        assert len(kept)
        assert memory_of(arena) > 140 * MEGABYTE

    def test_other_buffers_do_not_lie_there(self, arena):
        for one in (bytes(LARGE), bytearray(LARGE), memoryview(bytes(LARGE)), memoryview(bytearray(LARGE))):
            assert arena.place_of(memoryview(one)) is None

    def test_a_part_of_a_room_is_no_room(self, arena):
        """It holds nothing, so it must not be looked at elsewhere."""
        room = arena.room(LARGE)
        assert place(arena, room[1234:]) is None

    def test_a_room_of_another_arena_does_not_lie_there(self, arena, other):
        assert place(other, arena.room(LARGE)) is None

    def test_views_outlive_the_arena(self, arena):
        room = filled(arena, LARGE)
        arena.close()
        assert bytes(room) == b"x" * LARGE
        assert arena.room(LARGE) is None
        assert arena.reserve(LARGE) is None

    def test_it_can_be_closed_twice(self, arena):
        arena.close()
        arena.close()
        arena.trim()

    def test_memory_that_cannot_be_mapped_is_given_back(self, monkeypatch):
        def refuse(*_):
            raise OSError(errno.ENOMEM, "no memory")

        monkeypatch.setattr("imgpipe.concurrency.arena.mmap.mmap", refuse)
        # That its descriptor is closed, `nothing_left_behind` sees.
        assert make_arena(SIZE) is None

    def test_other_programs_do_not_inherit_it(self, arena):
        assert not os.get_inheritable(arena._file)

    def test_of_two_threads_one_looks_for_room_at_a_time(self, arena, monkeypatch):
        back, entered, both, rooms = arena._back, threading.Event(), threading.Event(), []

        def slowly(end):
            if entered.is_set():
                both.set()
            entered.set()
            both.wait(0.2)
            return back(end)

        monkeypatch.setattr(arena, "_back", slowly)
        with in_threads(*[lambda: rooms.append(arena.room(LARGE))] * 2):
            pass
        assert len({place(arena, room) for room in rooms}) == 2


class TestTwoSides:
    def test_what_was_put_is_seen_on_the_other_side(self, arena, other):
        data = os.urandom(LARGE)
        assert bytes(other.look(arena.put(memoryview(data)), LARGE)) == data

    def test_what_was_put_is_in_use_until_the_other_side_lets_go(self, arena, other):
        data = memoryview(bytes(LARGE))
        first = arena.put(data)
        assert arena.put(data) != first, "nobody has looked yet"
        seen = other.look(first, LARGE)
        assert arena.put(data) != first
        del seen
        assert arena.put(data) == first

    def test_whoever_puts_gives_back_what_the_other_side_has_let_go(self, arena, other):
        data = memoryview(bytes(100 * MEGABYTE))
        other.look(arena.put(data), len(data))
        arena.trim()
        assert memory_of(arena) <= 64 * MEGABYTE

    def test_what_is_seen_cannot_be_written_to(self, arena, other):
        assert other.look(arena.put(memoryview(bytes(LARGE))), LARGE).readonly

    def test_where_there_is_no_room_nothing_is_put(self, arena):
        assert arena.put(memoryview(bytes(SIZE))) is None

    @settings(max_examples=100)
    @given(st.lists(st.one_of(st.integers(1, 3), st.floats(0, 0.99)), max_size=60), st.data())
    def test_nothing_is_overwritten_before_it_was_let_go(self, moves, data):
        """Against a model: whole numbers put so many buffers, fractions let go of one of those that are held."""
        ours = make_arena(2 * MEGABYTE)
        theirs = Arena(os.dup(ours._file), 2 * MEGABYTE)
        try:
            held = []
            for move in moves:
                if isinstance(move, int):
                    for _ in range(move):
                        content = bytes([data.draw(st.integers(0, 255))]) * data.draw(st.integers(1 << 15, 1 << 19))
                        offset = ours.put(memoryview(content))
                        if offset is not None:
                            held.append((theirs.look(offset, len(content)), content))
                elif held:
                    held.pop(int(move * len(held)))
                assert all(view == content for view, content in held)
        finally:
            ours.close()
            theirs.close()


class TestWorkers:
    def test_a_worker_sees_what_lies_there_and_its_parent_what_the_worker_made(self, arena):
        one = hired(tasks.same, arena)
        try:
            room = filled(arena, LARGE)
            one.send([Task(1, room, raw=True)])
            result = one.receive()[0]
            assert result == Task(1, b"x" * LARGE, raw=True)
            assert isinstance(result.payload, memoryview)
        finally:
            one.discard()

    def test_large_buffers_do_not_go_through_the_pipe(self, arena, monkeypatch):
        one = hired(tasks.same, arena)
        try:
            monkeypatch.setattr(wire, "_send_buffer", None)
            monkeypatch.setattr(wire, "_receive_buffer", None)
            for number in range(3):
                one.send([Task(number, filled(arena, 5 * MEGABYTE, bytes([number])), raw=True)])
                assert bytes(one.receive()[0].payload) == bytes([number]) * (5 * MEGABYTE)
        finally:
            one.discard()

    def test_results_that_nobody_holds_make_room_for_others(self, monkeypatch):
        monkeypatch.setattr(wire, "_receive_buffer", None)
        one = hired(tasks.same, outputs=4 * MEGABYTE)
        try:
            for number in range(6):
                one.send([Task(number, os.urandom(3 * MEGABYTE), raw=True)])
                assert len(one.receive()[0].payload) == 3 * MEGABYTE
        finally:
            one.discard()

    def test_a_worker_gives_back_what_only_a_large_result_needed(self):
        one = hired(tasks.same)
        try:
            one.send([Task(1, bytes(100 * MEGABYTE), raw=True)])
            assert len(one.receive()[0].payload) == 100 * MEGABYTE
            assert memory_of(one._outputs) > 100 * MEGABYTE
            # The first of these is answered before it looks, the second after that.
            for number in (2, 3):
                one.send([Task(number)])
                one.receive()
            assert memory_of(one._outputs) <= 64 * MEGABYTE
        finally:
            one.discard()

    def test_results_that_find_no_room_go_through_the_pipe(self):
        one = hired(tasks.same, outputs=4 * MEGABYTE)
        try:
            sent = [Task(number, os.urandom(3 * MEGABYTE), raw=True) for number in range(3)]
            held = []
            for task in sent:
                one.send([task])
                held.append(one.receive()[0])
            assert held == sent
            assert [isinstance(task.payload, memoryview) for task in held] == [True, False, False]
        finally:
            one.discard()

    def test_results_are_nobody_elses_where_no_memory_is_shared_for_them(self):
        """Arrays that numpy unpickles keep a view of what was received, not the object."""
        with Pool(tasks.array_of, 1) as pool:
            assert [int(array[0]) for array in list(pool.imap_unordered(range(1, 9)))] == list(range(1, 9))

    def test_a_view_that_lies_elsewhere_cannot_cross(self, arena):
        with pytest.raises(pickle.PicklingError, match="nowhere that the other end sees"):
            wire.dumps([Task(1, filled(arena, LARGE)[:-1], raw=True)], lies=arena.place_of)

    def test_what_stands_beside_what_cannot_be_pickled_takes_no_room(self, arena):
        first = place(arena, arena.room(LARGE))
        with pytest.raises((AttributeError, pickle.PicklingError)):
            wire.dumps([Task(1, bytes(LARGE), raw=True), lambda: None], put=arena.put)
        assert place(arena, arena.room(LARGE)) == first

    def test_an_error_beside_what_lies_there_may_become_garbage_with_it(self, arena):
        """CPython up to 3.12 crashes where a view and a buffer that was asked of it are garbage of one cycle."""

        def fail():
            try:
                wire.dumps([Task(1, filled(arena, LARGE), raw=True), lambda: None], lies=arena.place_of)
            except (AttributeError, pickle.PicklingError) as error:
                kept = error  # in the frame that the error's traceback holds
                assert kept

        for _ in range(20):
            fail()
        gc.collect()

    def test_results_outlive_the_worker_that_made_them(self):
        one = hired(tasks.same)
        try:
            task = Task(1, os.urandom(5 * MEGABYTE), raw=True)
            one.send([task])
            result = one.receive()[0]
            os.kill(one.pid, signal.SIGKILL)
            with pytest.raises(WorkerDied):
                one.receive()
        finally:
            one.discard()
        assert result == task

    def test_a_worker_cannot_write_where_tasks_lie(self, arena):
        one = hired(tasks.is_readonly, arena)
        try:
            one.send([Task(1, filled(arena, LARGE), raw=True)])
            assert one.receive()[0] is True
        finally:
            one.discard()

    def test_a_worker_keeps_no_descriptors_but_those_of_the_memory(self, arena):
        one = hired(tasks.descriptors_of_arenas, arena)
        try:
            one.send([None])
            # Those of both mappings, and one to ask for more memory for results.
            assert one.receive()[0] == 3
        finally:
            one.discard()

    def test_without_such_memory_all_goes_through_the_pipe(self, monkeypatch):
        monkeypatch.delattr(os, "memfd_create")
        assert make_arena(SIZE) is None
        one = hired(tasks.same)
        try:
            task = Task(1, os.urandom(LARGE), raw=True)
            one.send([task])
            result = one.receive()[0]
            assert result == task
            assert isinstance(result.payload, bytes)
        finally:
            one.discard()

    @pytest.mark.parametrize("method", ["forkserver", "spawn"])
    def test_any_process_can_be_given_both_sides(self, arena, method):
        room, (ours, theirs), outputs = filled(arena, LARGE), multiprocessing.Pipe(), make_arena(SIZE)
        with ours, theirs, closing(outputs):
            given = (theirs, outputs, arena.to_look_at(), place(arena, room), LARGE)
            process, _ = start(method, tasks.answer_in_an_arena, given, [])
            offset, digest = ours.recv()
            process.join()
            process.close()
            assert digest == hash_of(b"x" * LARGE)
            assert bytes(outputs.look(offset, LARGE)) == b"y" * LARGE


def hash_of(data):
    return hashlib.sha256(data).hexdigest()
