"""A file in memory of others behaves as `io.BytesIO` does, as far as Pillow asks it."""

import io
import os

import pytest
from hypothesis import given
from hypothesis import strategies as st

from imgpipe.codecs.view import ViewFile

CONTENT = bytes(range(100))
OPERATIONS = st.one_of(
    st.tuples(st.just("read"), st.integers(-1, 150)),
    st.tuples(st.just("seek"), st.integers(0, 150)),
    st.tuples(st.just("seek"), st.integers(-100, 50), st.just(os.SEEK_END)),
    st.tuples(st.just("tell")),
)


@given(st.lists(OPERATIONS))
def test_it_reads_as_a_file_in_memory(operations):
    ours, theirs = ViewFile(memoryview(CONTENT)), io.BytesIO(CONTENT)
    for name, *arguments in operations:
        assert getattr(ours, name)(*arguments) == getattr(theirs, name)(*arguments)
    assert ours.getvalue() == theirs.getvalue()


def test_from_where_it_is_it_can_be_moved():
    file = ViewFile(memoryview(CONTENT))
    file.seek(10)
    assert file.seek(-3, os.SEEK_CUR) == 7
    assert file.read(2) == bytes([7, 8])


def test_before_its_beginning_there_is_nothing():
    with pytest.raises(ValueError, match="negative"):
        ViewFile(memoryview(CONTENT)).seek(-1)
