"""What a worker freed goes back to the system where its limit becomes lower, and only there."""

import resource
import sys

import pytest

from imgpipe.concurrency import memory

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="there is no such limit elsewhere")


@pytest.fixture
def limits(monkeypatch):
    """The limits that were set, and "given back" where that happened; this process keeps the ones it has."""
    told = []
    held = [(resource.RLIM_INFINITY, resource.RLIM_INFINITY)]

    def setrlimit(_kind, limit):
        held[0] = limit
        told.append(limit[0])

    monkeypatch.setattr(resource, "getrlimit", lambda _kind: held[0])
    monkeypatch.setattr(resource, "setrlimit", setrlimit)
    monkeypatch.setattr(memory, "_give_back", lambda: told.append("given back"))
    return told


def test_the_first_limit_leaves_a_process_what_it_was_given(limits):
    memory.limit_memory(1 << 30)
    assert len(limits) == 1


def test_a_higher_limit_gives_nothing_back(limits):
    memory.limit_memory(1 << 20)
    memory.limit_memory(1 << 30)
    assert "given back" not in limits
    assert limits == sorted(limits)


def test_a_lower_limit_gives_back_what_was_freed(limits):
    memory.limit_memory(1 << 30)
    memory.limit_memory(1 << 20)
    assert limits[2:] == ["given back"]
    assert limits[1] < limits[0]
