"""What goes through a run."""

import pickle
from dataclasses import fields

import pytest

from imgpipe.job import Job, Seconds, Source, Target

SOURCE = Source("a/b\udcff.jpg", "jpeg", 7, 8, 9, "abc")
TARGET = Target("c.webp", "webp", late=True, fresh=True, copied="d.txt")


@pytest.mark.parametrize("value", [SOURCE, TARGET, Job(SOURCE, (TARGET, TARGET), (TARGET,))])
def test_every_field_crosses_to_a_worker_and_back(value):
    assert all(getattr(value, each.name) not in (0, "", False, None) for each in fields(value))
    assert pickle.loads(pickle.dumps(value, 5)) == value


def test_seconds_cross_as_they_are():
    value = Seconds(*range(1, len(Seconds._fields) + 1))
    assert pickle.loads(pickle.dumps(value, 5)) == value
