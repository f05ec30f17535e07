"""Jobs are noted before anybody gets them, and what nobody has taken is withdrawn."""

import pytest

from imgpipe.job import Item, Job, Source, Status
from imgpipe.journal import groups
from imgpipe.journal.groups import noted


class Notes:
    """What was begun and not withdrawn."""

    def __init__(self):
        self.begun = []

    def begin(self, jobs):
        self.begun.extend(jobs)

    def withdraw(self, jobs):
        for job in jobs:
            self.begun.remove(job)


def job(name):
    return Job(Source(name, "png", 1), ())


def item(name):
    return Item(Source(name, "png", 1), Status.UNCHANGED)


FOUND = [item("a"), job("b"), item("c"), job("d"), job("e"), item("f")]


@pytest.mark.parametrize("most", [1, 2, 4, 100])
@pytest.mark.parametrize("taken", range(1, len(FOUND) + 1))
def test_those_that_nobody_has_taken_when_it_is_closed_are_withdrawn_and_no_others(monkeypatch, most, taken):
    monkeypatch.setattr(groups, "_GROUP", (most, 60.0))
    notes = Notes()
    handed_out = noted(iter(FOUND), notes)
    given = [next(handed_out) for _ in range(taken)]
    assert given == FOUND[:taken]
    assert {one for one in given if isinstance(one, Job)} <= set(notes.begun)
    handed_out.close()
    assert notes.begun == [one for one in given if isinstance(one, Job)]


def test_all_come_through_in_their_order():
    notes = Notes()
    assert list(noted(iter(FOUND * 20), notes)) == FOUND * 20
    assert notes.begun == [one for one in FOUND * 20 if isinstance(one, Job)]
