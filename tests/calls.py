"""Work is counted, not timed."""

import sys


def calls_of(function):
    """How many Python functions a call of a function calls, generators counted at each step."""
    calls = 0

    def count(frame, event, argument):
        nonlocal calls
        calls += event == "call"

    before = sys.getprofile()
    sys.setprofile(count)
    try:
        function()
    finally:
        sys.setprofile(before)
    return calls
