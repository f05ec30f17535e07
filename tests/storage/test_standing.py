"""What stood in a storage when it was looked through."""

import pytest

from imgpipe.storage import Entry
from imgpipe.storage.standing import Standing

SECOND = 1_000_000_000


@pytest.mark.parametrize("name", ["a.jpg", "x/é\udcff.png"])
@pytest.mark.parametrize("bytes", [0, 1, 5 << 40])
@pytest.mark.parametrize("seconds", [0, 1_800_000_000, (1 << 40) - 1])
def test_sizes_and_times_are_those_that_were_listed(name, bytes, seconds):
    standing = Standing([Entry("other", 3, 4 * SECOND), Entry(name, bytes, seconds * SECOND + 999)])
    assert standing.stat(name) == Entry(name, bytes, seconds * SECOND)
    assert standing.stat("other") == Entry("other", 3, 4 * SECOND)
    assert standing.stat("nothing") is None
