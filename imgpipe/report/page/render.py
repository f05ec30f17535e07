"""The page itself: template, style and script put together, with a policy that lets nothing else in."""

from __future__ import annotations

import hashlib
import os
from base64 import b64encode
from collections import Counter
from typing import Any

from imgpipe.flow import verdict
from imgpipe.naming import printable
from imgpipe.report.page.bars import saved_bars, time_bars
from imgpipe.report.page.depths import depths
from imgpipe.report.page.gather import Gathered
from imgpipe.report.page.lanes import lanes
from imgpipe.report.page.stages import legend, stage_bars
from imgpipe.report.page.sums import meta, notices, sums
from imgpipe.report.summary import duration
from imgpipe.storage.location import shown

_HERE = os.path.dirname(__file__)
_LISTS = (
    ("failed", "Failures", ("File", "What happened", "What to do")),
    ("warned", "Warnings", ("File", "What was lost or changed")),
    ("skipped", "Skipped", ("File", "Why")),
)


def render(gathered: Gathered, rows: list[dict[str, Any]], output: str, *, large: bool, without: int) -> str:
    """The page, as text that UTF-8 can hold.

    Args:
        gathered: the run.
        rows: the items that are listed.
        output: the output folder.
        large: whether there is room for large thumbnails, as they are few.
        without: how many of these could have thumbnails and have none, as they are too many.
    """
    from jinja2 import Environment, FileSystemLoader
    from markupsafe import Markup

    css, js = _read("page.css"), _read("page.js")
    environment = Environment(loader=FileSystemLoader(_HERE), autoescape=True, trim_blocks=True, lstrip_blocks=True)
    source = printable(gathered.said("input", "") or "?")
    target = printable(shown(output) if "://" in output else os.path.abspath(output))
    page = environment.get_template("page.html").render(
        css=Markup(css),  # noqa: S704 - our own file
        js=Markup(js),  # noqa: S704 - our own file
        policy=_policy(css, js),
        title=f"{_last(source)} → {_last(target)}",
        input=_last(source),
        output=_last(target),
        version=printable(gathered.said("version", "")),
        meta=meta(gathered, source, target),
        notices=notices(gathered),
        sums=sums(gathered),
        lists=_lists(rows),
        statuses=sorted({row["s"] for row in rows} - {"skipped", "pruned"}),
        sheet_note=_sheet_note(gathered, without),
        saved=saved_bars(gathered),
        time=time_bars(gathered),
        large=large,
        recipe="\n".join(map(printable, gathered.said("recipe", "").split("\n"))),
        items=rows,
        **_flow(gathered),
    )
    return page.encode(errors="backslashreplace").decode()


def _flow(gathered: Gathered) -> dict[str, Any]:
    """What the template says of how the time went."""
    flow = gathered.flow
    found, more = lanes(gathered.spans, flow.began, flow.seconds)
    bars = stage_bars(flow)
    return {
        "verdict": verdict(flow) if flow.engine else None,
        "stages": bars,
        "legend": legend(bars),
        "lanes": found,
        "more_lanes": more,
        "depths": depths(flow),
        "ticks": ["0 s", *(duration(flow.seconds * part / 4) for part in range(1, 5))],
    }


def _policy(css: str, js: str) -> str:
    """A Content-Security-Policy: this style, this script, pictures that stand in the page, and nothing else."""
    return (
        f"default-src 'none'; img-src data:; style-src '{_hash(css)}'; script-src '{_hash(js)}'; "
        "base-uri 'none'; form-action 'none'"
    )


def _hash(text: str) -> str:
    return "sha256-" + b64encode(hashlib.sha256(text.encode()).digest()).decode()


def _read(name: str) -> str:
    with open(os.path.join(_HERE, name), encoding="utf-8", newline="\n") as file:
        return file.read()


def _last(path: str) -> str:
    return os.path.basename(path.rstrip("/")) or path


def _lists(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    counts = Counter(row["s"] for row in rows)
    counts["warned"] = sum("w" in row for row in rows)
    return [
        {"id": name, "heading": heading, "columns": columns, "count": f"{counts[name]:,}"}
        for name, heading, columns in _LISTS
        if counts[name]
    ]


def _sheet_note(gathered: Gathered, without: int) -> str:
    notes = []
    if without:
        notes.append(f"To keep the page light the first pictures by name have thumbnails, and {without:,} have none.")
    if gathered.unlisted:
        notes.append(
            f"{gathered.unlisted:,} more inputs are counted above and not listed: "
            "what was up to date or not begun, and what is written beyond ten thousand."
        )
    return " ".join(notes)
