"""The HTML report of a run: one file that needs nothing else.

`gather.py` reads the record, `thumbnails.py` makes the small pictures, `rows.py`, `sums.py` and `bars.py` say what
stands where, and `page.html`, `page.css` and `page.js` are the page.
"""

from __future__ import annotations

import os

from imgpipe.errors import OutputError, UsageError
from imgpipe.job import Item
from imgpipe.report.page.gather import Gathered, gather
from imgpipe.report.page.render import render
from imgpipe.report.page.rows import row, shown_output
from imgpipe.report.page.thumbnails import LARGE, Thumbnail, Wanted, thumbnails
from imgpipe.report.record import read_record
from imgpipe.storage import Storage, open_storage, open_target
from imgpipe.storage.ranges import working_folder

_PAIRS = 500


def write_page(output: str, file: str, cores: int) -> None:
    """Write the page of the last run of an output folder.

    Args:
        output: its location, a folder or shards.
        file: where the page goes, as a whole or not at all.
        cores: how many processes make thumbnails.

    Raises:
        UsageError: no run is recorded there.
        OutputError: the page cannot be written.
    """
    gathered = gather(read_record(working_folder(output)))
    items = gathered.listed
    pictured = [item for item in items if shown_output(item)]
    before, after = _thumbnails(gathered, output, pictured[:_PAIRS], cores)
    rows = [row(item, before.get(item.source.name), after.get(item.source.name)) for item in items]
    page = render(gathered, rows, output, large=len(pictured) <= LARGE, without=max(0, len(pictured) - _PAIRS))
    folder, name = os.path.split(os.path.realpath(file))
    try:
        open_storage(folder).put(name, page.encode())
    except OSError as error:
        raise OutputError(f"cannot write the report {file}: {error.strerror or error}") from error


def check_place(file: str, made: str | None = None) -> None:
    """See that a page can be written there, before a run is begun for it.

    Args:
        file: where it goes.
        made: a folder that will be there by then.

    Raises:
        UsageError: it cannot.
    """
    folder, name = os.path.split(os.path.realpath(file))
    if os.path.isdir(file) or not name:
        raise UsageError(f"cannot write the report {file}: it is a folder; give a file, such as report.html")
    if os.path.exists(file) and not os.path.isfile(file):
        # A page is renamed into its place, and a device or a pipe would be gone then.
        raise UsageError(f"cannot write the report {file}: it is no regular file; give one, such as report.html")
    if not os.path.isdir(folder):
        if made is not None and os.path.realpath(folder) == os.path.realpath(made):
            return
        raise UsageError(f"cannot write the report {file}: there is no folder {folder}")
    if obstacle := open_storage(folder).obstacle(name):
        raise UsageError(f"cannot write the report {file}: {obstacle}")


def _thumbnails(
    gathered: Gathered, output: str, items: list[Item], cores: int
) -> tuple[dict[str, Thumbnail], dict[str, Thumbnail]]:
    """Before and after of these items, by the names of their sources."""
    made = open_target(output)
    source, why = _source(gathered)
    wanted = []
    for item in items:
        if shown := shown_output(item):
            wanted.append(Wanted(f"after/{item.source.name}", made, shown.name, shown.bytes))
        if source is not None:
            wanted.append(Wanted(f"before/{item.source.name}", source, item.source.name, item.source.bytes))
    found = thumbnails(wanted, cores) if wanted else {}
    before = {item.source.name: found.get(f"before/{item.source.name}", Thumbnail(reason=why)) for item in items}
    return before, {item.source.name: found[f"after/{item.source.name}"] for item in items}


def _source(gathered: Gathered) -> tuple[Storage | None, str]:
    """Where the sources are, or why they cannot be looked at."""
    if gathered.said("in_place", False):
        return None, "replaced by its result (--in-place)"
    try:
        return open_storage(gathered.said("input", "")), ""
    except UsageError as error:
        return None, str(error)
