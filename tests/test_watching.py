"""Which files of a watched folder are whole and new, by a clock of the test's own."""

import pytest

from imgpipe.storage import Entry
from imgpipe.watching import Settling


def entry(name, size=10, modified=1, inode=7):
    return Entry(name, size, modified, inode=inode)


@pytest.fixture
def settling():
    settling = Settling(1.0)
    settling.take([entry("old")])
    return settling


def test_what_was_there_and_is_as_it_was_is_not_taken_again(settling):
    assert settling.look([entry("old")], 0.0) == ([], False)
    assert settling.look([entry("old")], 9.0) == ([], False)
    assert not settling


def test_a_file_is_taken_once_when_it_was_as_it_is_for_long_enough(settling):
    entries = [entry("old"), entry("new")]
    assert settling.look(entries, 0.0) == ([], False)
    assert settling
    assert settling.look(entries, 0.99) == ([], False)
    assert settling.look(entries, 1.0) == (["new"], False)
    assert not settling
    assert settling.look(entries, 5.0) == ([], False)


@pytest.mark.parametrize("later", [entry("new", size=11), entry("new", modified=2), entry("new", inode=8)])
def test_a_change_of_size_time_or_inode_begins_the_waiting_anew(settling, later):
    settling.look([entry("old"), entry("new")], 0.0)
    assert settling.look([entry("old"), later], 1.5) == ([], False)
    assert settling.look([entry("old"), later], 2.4) == ([], False)
    assert settling.look([entry("old"), later], 2.5) == (["new"], False)


def test_a_file_that_changes_after_it_was_taken_is_taken_again(settling):
    assert settling.look([entry("old", size=99)], 0.0) == ([], False)
    assert settling.look([entry("old", size=99)], 1.0) == (["old"], False)


def test_what_has_gone_is_said_once_and_is_new_when_it_comes_back(settling):
    assert settling.look([], 0.0) == ([], True)
    assert settling.look([], 1.0) == ([], False)
    assert settling.look([entry("old")], 2.0) == ([], False)
    assert settling.look([entry("old")], 3.0) == (["old"], False)


def test_a_file_that_goes_while_it_is_waited_for_is_forgotten(settling):
    settling.look([entry("old"), entry("temporary")], 0.0)
    assert settling.look([entry("old")], 0.5) == ([], False)
    assert not settling


def test_names_that_could_not_be_worked_on_come_again(settling):
    entries = [entry("old"), entry("new")]
    settling.look(entries, 0.0)
    assert settling.look(entries, 1.0)[0] == ["new"]
    settling.again(["new"])
    assert settling
    assert settling.look(entries, 1e12)[0] == ["new"]
