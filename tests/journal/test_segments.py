"""The journal of an OUTPUT in object storage, against a storage whose answers are the test's."""

import io
import itertools
import threading
from types import SimpleNamespace

import pytest

from imgpipe.journal import segments
from imgpipe.storage import Entry
from tests.concurrency.tools import eventually, in_threads

pytestmark = pytest.mark.usefixtures("nothing_left_behind")


def line(number):
    return b'{"begun":"%d","outputs":[]}\n' % number


def number_of(name):
    return int(name.rpartition("/")[2].removesuffix(".jsonl"))


def test_lines_are_in_the_order_of_the_segments_whatever_the_order_of_the_answers():
    def read(name):
        if number_of(name) == 9:
            answered.set()
        else:
            assert answered.wait(30)
        return line(number_of(name))

    answered, copy = threading.Event(), io.BytesIO()
    index = segments.load(SimpleNamespace(read=read), 0, range(9, 0, -1), copy)
    assert copy.getvalue() == b"".join(map(line, range(9, 0, -1)))
    assert index.lines == 9


def test_any_number_of_segments_is_read():
    for number in (0, 1, segments._GROUP, 2 * segments._GROUP + 1):
        copy = io.BytesIO()
        index = segments.load(SimpleNamespace(read=lambda name: line(number_of(name))), 0, range(number), copy)
        assert copy.getvalue() == b"".join(map(line, range(number)))
        assert index.lines == number


def test_a_segment_that_cannot_be_read_is_an_error():
    def refuse(name):
        raise TimeoutError("no answer")

    with pytest.raises(TimeoutError, match="no answer"):
        segments.load(SimpleNamespace(read=refuse), 0, range(3), io.BytesIO())


class Objects:
    """Names and contents; `refuse` is asked before each put."""

    def __init__(self):
        self.held = {}
        self.refuse = lambda: None

    def own(self, folder):
        return [Entry(name.removeprefix(f".imgpipe/{folder}/"), 0, 0) for name in sorted(self.held)]

    def read(self, name):
        return self.held[name]

    def put(self, name, data, *, fresh):
        self.refuse()
        assert fresh
        assert name not in self.held
        self.held[name] = data

    def forget(self, name):
        self.held.pop(name, None)


def opened(storage):
    return segments.SegmentedFile(storage, SimpleNamespace(lost=False), io.BytesIO())


def test_a_compaction_that_fails_at_any_put_is_left_and_the_old_segments_are_gone_on_with(monkeypatch):
    monkeypatch.setattr(segments, "_MANY", 3)
    for allowed in range(4):
        storage, puts = Objects(), itertools.count()
        file = opened(storage)
        for number in range(5):
            file.append(line(number))

        def refuse(allowed=allowed, puts=puts):
            if next(puts) >= allowed:
                raise TimeoutError("no answer")

        storage.refuse = refuse
        file = opened(storage)
        assert set(file.index.begun) == set("01234"), allowed
        storage.refuse = lambda: None
        file.append(line(5))
        assert (len(storage.held) == 3) == (allowed >= 2), "the lines, the mark, and what came behind them"
        assert set(opened(storage).index.begun) == set("012345"), allowed


def test_lines_that_wait_for_a_put_that_is_interrupted_are_told_that_they_may_not_be_there():
    """Else their outputs would be published, and no later run would know whose they are."""
    storage, told = Objects(), []
    file = opened(storage)

    def interrupted():
        raise KeyboardInterrupt

    def append(number):
        try:
            file.append(line(number))
        except (OSError, KeyboardInterrupt) as error:
            told.append(type(error))

    storage.refuse = interrupted
    file._flushing.acquire()
    with in_threads(lambda: append(1), lambda: append(2)):
        eventually(lambda: len(file._batch.lines) == 2)
        file._flushing.release()
    assert set(told) == {KeyboardInterrupt, InterruptedError}
    assert not storage.held
