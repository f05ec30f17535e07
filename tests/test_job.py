"""What goes through a run."""

import pickle

import pytest

from imgpipe.codecs.codec import Encoded
from imgpipe.job import Failure, Item, Job, Output, Seconds, Source, Status, Target
from imgpipe.passing import Loaded, Made
from imgpipe.storage import Attributes

SOURCE = Source("a/b\udcff.jpg", "jpeg", 7, 8, 9, "abc")
TARGET = Target("c.webp", "webp", late=True, fresh=True, copied="d.txt")
JOB = Job(SOURCE, (TARGET, TARGET), (TARGET,))
SECONDS = Seconds(*range(1, len(Seconds._fields) + 1))
ATTRIBUTES = Attributes(0o644, 1, 2)
ENCODED = Encoded(b"made", (4, 3), ("lost",))

CROSSING = [
    SOURCE,
    TARGET,
    JOB,
    SECONDS,
    ENCODED,
    Loaded(JOB, b"read", SECONDS, ATTRIBUTES),
    Made(JOB, (ENCODED,), SECONDS, ("left",), ATTRIBUTES),
    Item(SOURCE, Status.FAILED, (Output("c.webp", 1, 4, 3),), ("lost",), "why", Failure("E", "m", "t"), SECONDS, True),
]


@pytest.mark.parametrize("protocol", [2, 5])
@pytest.mark.parametrize("value", CROSSING, ids=lambda value: type(value).__name__)
def test_every_field_crosses_to_a_worker_and_back(value, protocol):
    assert all(each not in (0, "", False, None, ()) for each in value)
    back = pickle.loads(pickle.dumps(value, protocol))
    assert back == value
    # Of the same kind all the way down, which a record and a tuple of as many values are not.
    assert repr(back) == repr(value)


def test_the_bytes_of_a_picture_cross_as_buffers():
    for value in (Loaded(JOB, b"read", SECONDS), Made(JOB, (ENCODED,), SECONDS)):
        buffers = []
        head = pickle.dumps(value, 5, buffer_callback=buffers.append)
        data = [bytes(buffer.raw()) for buffer in buffers]
        assert data in ([b"read"], [b"made"])
        assert pickle.loads(head, buffers=data) == value
