"""How much may be under way."""

import pytest

from imgpipe.engines import Workforce

MB = 1 << 20


@pytest.mark.parametrize(
    ("workforce", "most"),
    [
        (Workforce(memory=8 << 30), 12 * MB),
        (Workforce(memory=8 << 30, io_threads=8), 48 * MB),
        (Workforce(memory=8 << 30, readers=16), 96 * MB),
        (Workforce(memory=8 << 30, writers=16), 96 * MB),
        (Workforce(memory=160 * MB, readers=16), 10 * MB),
    ],
    ids=["disk", "threads", "remote input", "remote output", "little memory"],
)
def test_no_more_is_read_ahead_than_the_threads_need_and_the_memory_allows(workforce, most):
    assert workforce.bytes_ahead == most
