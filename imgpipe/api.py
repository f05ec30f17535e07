"""What a program calls to have a folder processed, and what it is told: the run as one value, or as an iterator."""

from __future__ import annotations

import os
from collections.abc import Generator, Iterator
from dataclasses import dataclass, field, replace

from imgpipe.concurrency.closing import ClosingAnywhere
from imgpipe.errors import PictureError
from imgpipe.flow import Flow, Meter
from imgpipe.job import Item, Status
from imgpipe.options import Options
from imgpipe.recipe import WEB_READY, Recipe
from imgpipe.run import execute, prepare
from imgpipe.typed import check, check_fields, path_of


@dataclass(frozen=True, slots=True)
class Report:
    """What became of a run.

    Attributes:
        items: one for each input.
        flow: how the time went; `imgpipe.flow.verdict` says in words what limited it.
    """

    items: tuple[Item, ...]
    flow: Flow = field(default_factory=Flow)

    def count(self, status: Status | str) -> int:
        """How many inputs came to that end.

        Raises:
            ValueError: there is no such end; none would be no answer.
        """
        if status not in tuple(Status):
            raise ValueError(f"{status!r} is none of {', '.join(Status)}")
        return sum(item.status == status for item in self.items)

    @property
    def errors(self) -> dict[str, str]:
        """The failed inputs, and why."""
        return {item.source.name: item.failure.message for item in self.items if item.failure is not None}

    def __str__(self) -> str:
        counted = [status for status in Status if status is not Status.PRUNED or self.count(status)]
        return ", ".join(f"{self.count(status)} {status.value}" for status in counted)


def process(
    source: str | os.PathLike[str],
    target: str | os.PathLike[str],
    recipe: Recipe = WEB_READY,
    *,
    cores: int | None = None,
    fail_fast: bool = False,
    options: Options | None = None,
) -> Report:
    """Process a folder of pictures, and tell what became of each.

    Args:
        source: folder or file to read.
        target: folder to write, made where it is missing.
        recipe: what to do with each picture; by default a web-ready copy: inside 2048x2048 px, sRGB, quality 82.
        cores: worker processes; by default as many as the cores that this process may use.
        fail_fast: raise at the first picture that fails.
        options: everything else.

    Raises:
        UsageError: there is no such input, two inputs would become one output, or the like.
        RunError: the run cannot go on: disk full, no permission, workers that do not start.
        PictureError: with `fail_fast`, the first failure.

    >>> import tempfile
    >>> from PIL import Image
    >>> pictures, made = tempfile.mkdtemp(), tempfile.mkdtemp()
    >>> Image.new("RGB", (640, 480), "teal").save(f"{pictures}/sea.png")
    >>> report = process(pictures, made, Recipe(["resize:width=320"], format="webp"), cores=1)
    >>> print(report)
    1 written, 0 unchanged, 0 failed, 0 skipped
    """
    meter = Meter()
    options = _checked(options, cores)
    plan = prepare(path_of("source", source), path_of("target", target), recipe, options)
    items = tuple(_items(execute(plan, recipe, options, meter=meter), fail_fast))
    return Report(items, meter.flow())


def stream(
    source: str | os.PathLike[str],
    target: str | os.PathLike[str],
    recipe: Recipe = WEB_READY,
    *,
    cores: int | None = None,
    fail_fast: bool = False,
    options: Options | None = None,
) -> Generator[Item]:
    """As `process`, but each item as soon as it is done; closing the iterator stops the run at once.

    >>> import tempfile
    >>> from PIL import Image
    >>> pictures, made = tempfile.mkdtemp(), tempfile.mkdtemp()
    >>> Image.new("RGB", (640, 480), "teal").save(f"{pictures}/sea.png")
    >>> [(item.source.name, item.status.value) for item in stream(pictures, made, cores=1)]
    [('sea.png', 'written')]
    """
    options = _checked(options, cores)
    plan = prepare(path_of("source", source), path_of("target", target), recipe, options)
    yield from _items(execute(plan, recipe, options), fail_fast)


def _items(run: Generator[Item], fail_fast: bool) -> Iterator[Item]:
    with ClosingAnywhere(run):
        for item in run:
            yield item
            if fail_fast and item.failure is not None:
                raise PictureError(f"{item.source.name}: {item.failure.message}")


def _checked(options: Options | None, cores: int | None) -> Options:
    """The same options, or the default, with another number of workers where one is given; all of the right types."""
    options = Options() if options is None else options
    check("options", options, Options)
    check_fields(options)
    check("cores", cores, int | None)
    if cores is None:
        return options
    return replace(options, workforce=replace(options.workforce, cores=cores))
