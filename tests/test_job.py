"""What goes through a run."""

import pickle
from dataclasses import fields

import pytest

from imgpipe.job import Job, Seconds, Source, Target

SOURCE = Source("a/b\udcff.jpg", "jpeg", 7, 8, 9, "abc")
TARGET = Target("c.webp", "webp", late=True)


@pytest.mark.parametrize(
    "value", [SOURCE, TARGET, Job(SOURCE, (TARGET, TARGET)), Seconds(*range(1, len(fields(Seconds)) + 1))]
)
def test_every_field_crosses_to_a_worker_and_back(value):
    assert all(getattr(value, each.name) not in (0, "", False, None) for each in fields(value))
    assert pickle.loads(pickle.dumps(value, 5)) == value
