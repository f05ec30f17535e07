"""A worker that has other versions than the client takes nothing of it."""

from importlib import metadata

import pytest

from imgpipe import __version__
from imgpipe.engines.order import Order, check_versions, versions
from imgpipe.engines.workforce import Workforce
from imgpipe.errors import RunError


def order(client):
    return Order("run", tuple(client), b"", Workforce(cores=1))


def test_all_that_decides_about_the_bytes_is_told():
    assert versions()[0] == f"imgpipe {__version__}"
    assert f"pillow {metadata.version('pillow')}" in versions()


def test_a_worker_with_the_same_versions_is_taken():
    check_versions(order(versions()), "tcp://one")


def test_what_differs_is_named_on_either_side_and_nothing_else():
    client = ["imgpipe 0.0.7", *versions()[1:]]
    with pytest.raises(RunError) as caught:
        check_versions(order(client), "tcp://one")
    assert str(caught.value).startswith(
        f"the worker at tcp://one has imgpipe {__version__}, and here is imgpipe 0.0.7; install the same"
    )


def test_a_library_that_a_worker_lacks_is_named(monkeypatch):
    client, version = versions(), metadata.version

    def without_numpy(name):
        if name == "numpy":
            raise metadata.PackageNotFoundError(name)
        return version(name)

    monkeypatch.setattr(metadata, "version", without_numpy)
    with pytest.raises(RunError, match=f"has no numpy, and here is numpy {version('numpy')};"):
        check_versions(order(client), "tcp://one")


def test_where_a_client_tells_of_more_the_worker_has_nothing_else():
    with pytest.raises(RunError, match="has nothing else, and here is libvips 9;"):
        check_versions(order([*versions(), "libvips 9"]), "tcp://one")
