"""The run as JSON Lines: one object a job, and a summary at the end."""

from __future__ import annotations

import json
from typing import Any, TextIO

from imgpipe.job import Item, Status
from imgpipe.report.tally import Tally


def write_line(file: TextIO, line: dict[str, Any]) -> None:
    """Write one object as one line of ASCII, and flush it."""
    file.write(json.dumps(line, separators=(",", ":")) + "\n")
    file.flush()


def item_line(item: Item) -> dict[str, Any]:
    """What became of one job; names are relative to INPUT and OUTPUT."""
    failure = item.failure
    return {
        "type": "item",
        "source": item.source.name,
        "status": item.status.value,
        "outputs": [
            {"path": output.name, "bytes": output.bytes, "width": output.width, "height": output.height}
            for output in item.outputs
        ],
        "warnings": list(item.warnings),
        "reason": item.reason or None,
        "error": None if failure is None else {"type": failure.type, "message": failure.message},
        "seconds": {
            "read": round(item.seconds.read, 6),
            "process": round(item.seconds.process, 6),
            "write": round(item.seconds.write, 6),
        },
    }


def summary_line(tally: Tally) -> dict[str, Any]:
    """The sums of a run; `discovered` is always the sum of the four that follow it."""
    return {
        "type": "summary",
        "discovered": tally.discovered,
        "written": tally.counts[Status.WRITTEN],
        "unchanged": tally.counts[Status.UNCHANGED],
        "failed": tally.counts[Status.FAILED],
        "skipped": tally.skipped,
        "pruned": tally.pruned,
        "interrupted": tally.interrupted,
        "seconds": round(tally.seconds, 3),
        "bytes_in": tally.bytes_in,
        "bytes_out": tally.bytes_out,
    }
