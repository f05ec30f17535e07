"""The journal of an OUTPUT in object storage, against a storage whose answers are the test's."""

import io
import threading
from types import SimpleNamespace

import pytest

from imgpipe.journal import segments

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
