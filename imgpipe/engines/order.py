"""What crosses between the client of a cluster and its workers, and whether both mean the same by it."""

from __future__ import annotations

import platform
import sys
from dataclasses import dataclass

from imgpipe.engines.workforce import Workforce
from imgpipe.errors import RunError
from imgpipe.job import Item

_DECIDE_ABOUT_BYTES = ("pillow", "numpy", "opencv-python-headless", "cykooz-resizer")


@dataclass(frozen=True, slots=True)
class Order:
    """What a worker must know of a run.

    Attributes:
        run: names it.
        versions: those of the client; with others the outputs could be others.
        steps: pickled.
        workforce: `io_threads`, `timeout` and `tries` count here.
    """

    run: str
    versions: tuple[str, ...]
    steps: bytes
    workforce: Workforce


@dataclass(frozen=True, slots=True)
class Done:
    """What became of a group: an item for each job, and the seconds that it took."""

    items: list[Item]
    seconds: float


def versions() -> tuple[str, ...]:
    """Of Python, of imgpipe, and of what else decides about the bytes of outputs."""
    imgpipe = sys.modules["imgpipe"].__version__
    return f"imgpipe {imgpipe}", f"Python {platform.python_version()}", *map(_version, _DECIDE_ABOUT_BYTES)


def check_versions(order: Order, address: str) -> None:
    """See that this worker has the versions of the client, as other ones may make other bytes; RunError where not."""
    if order.versions != versions():
        ours, theirs = (set(one) for one in (order.versions, versions()))
        raise RunError(
            f"the worker at {address} has {_listed(theirs - ours)}, and here is {_listed(ours - theirs)}; "
            "install the same versions everywhere"
        )


def _version(distribution: str) -> str:
    from importlib.metadata import PackageNotFoundError, version

    try:
        return f"{distribution} {version(distribution)}"
    except PackageNotFoundError:
        return f"no {distribution}"


def _listed(words: set[str]) -> str:
    return ", ".join(sorted(words)) or "nothing else"
