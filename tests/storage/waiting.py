"""What tests of storages wait for."""

import time


def wait_until(holds):
    """Until it holds, which may take a busy machine a while."""
    end = time.monotonic() + 30
    while not holds():
        assert time.monotonic() < end
        time.sleep(0.001)
