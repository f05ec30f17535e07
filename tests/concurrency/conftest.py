"""The clock of pools, in the hands of a test."""

import pytest

from imgpipe.concurrency import warden
from tests.concurrency.tools import Time


@pytest.fixture
def time(monkeypatch):
    """Of the pool's clock: it goes only as the test says, so a task at work has as long as it needs."""
    time = Time()
    monkeypatch.setattr(warden, "time", time)
    return time
