"""The items as the script of the page takes them; names and words without what would move a cursor or the text."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Mapping
from typing import Any

from imgpipe.job import Item, Output, Status
from imgpipe.naming import printable
from imgpipe.report.page.advice import advice
from imgpipe.report.page.thumbnails import Thumbnail


def row(item: Item, before: Thumbnail | None, after: Thumbnail | None) -> dict[str, Any]:
    """One item; what is empty is left out.

    Keys: n name, s status, i and o bytes before and after, d outputs in words, w warnings, r reason, a advice,
    t seconds, b and f thumbnails before and after (base64 of a WebP), x and y why there is none.
    """
    made = sum(output.bytes for output in item.outputs)
    whole = item.seconds.read + item.seconds.process + item.seconds.write
    said: dict[str, Any] = {
        "n": printable(item.source.name),
        "s": item.status.value,
        "i": item.source.bytes,
        "o": made,
        "d": _outputs(item.outputs),
        "w": list(map(printable, item.warnings)),
        "r": printable(item.failure.message if item.failure else item.reason),
        "a": advice(item.failure) if item.failure else "",
        "t": round(whole, 3),
        **_shown("b", "x", before),
        **_shown("f", "y", after),
    }
    return {key: value for key, value in said.items() if value}


def shown_output(item: Item) -> Output | None:
    """The output that stands for all of them: the largest in px."""
    if item.status not in (Status.WRITTEN, Status.UNCHANGED):
        return None
    return max(item.outputs, key=lambda output: output.width * output.height, default=None)


def _shown(picture: str, reason: str, thumbnail: Thumbnail | None) -> Mapping[str, str]:
    if thumbnail is None:
        return {}
    return {picture: b64encode(thumbnail.data).decode(), reason: printable(thumbnail.reason)}


def _outputs(outputs: tuple[Output, ...]) -> str:
    told = [f"{output.width} × {output.height}" if output.width else "" for output in outputs[:3]]
    more = [f"and {len(outputs) - 3} more"] if len(outputs) > 3 else []
    return ", ".join([*filter(None, told), *more])
