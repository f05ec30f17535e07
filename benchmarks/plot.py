"""The ratios of all workloads as a plot: a bar for each peer, as long as imgpipe is times as fast."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from html import escape

from benchmarks.measure import best, ratio
from benchmarks.table import OURS, Outcome

_ROW, _LEFT, _WIDTH, _TOP = 22, 190, 760, 34
_MOST = 8.0
"""Times as fast where the scale ends; what is beyond is cut there and keeps its figure."""

_STYLE = (
    "text{font:13px system-ui,sans-serif;fill:#333}.h{font-weight:600}.v{font-variant-numeric:tabular-nums}"
    ".b{fill:#2a78b8}.s{fill:#c2554a}.o{stroke:#888;stroke-dasharray:3 3}"
    "@media(prefers-color-scheme:dark){text{fill:#ddd}.b{fill:#5aa7e0}.s{fill:#e08379}}"
)


def plot(outcomes: Sequence[Outcome]) -> str:
    """An SVG; bars beyond the dashed line at 1 are where imgpipe is faster, the others where it is slower."""
    rows = list(_rows(outcomes))
    height = _TOP + _ROW * len(rows) + 10
    one = _x(1)
    body = "".join(_drawn(row, _TOP + _ROW * number) for number, row in enumerate(rows))
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {height}" role="img" '
        f'aria-label="How many times as fast imgpipe is"><style>{_STYLE}</style>'
        f'<text x="{_LEFT}" y="20" class="h">imgpipe is so many times as fast as</text>'
        f'<line class="o" x1="{one}" x2="{one}" y1="{_TOP - 4}" y2="{height - 6}"/>{body}</svg>\n'
    )


Row = tuple[str, float | None]


def _rows(outcomes: Sequence[Outcome]) -> Iterator[Row]:
    for outcome in outcomes:
        good = [each for each in best(outcome.contestants) if each.failure is None]
        ours = next((each for each in good if each.peer == OURS), None)
        if ours is None:
            continue
        yield outcome.title, None
        for each in good:
            if each is not ours:
                yield each.peer, ratio(each.seconds, ours.seconds)


def _drawn(row: Row, top: int) -> str:
    name, times = row
    baseline = top + 15
    if times is None:
        return f'<text x="4" y="{baseline}" class="h">{escape(name)}</text>'
    end = _x(min(times, _MOST))
    kind = "b" if times >= 1 else "s"
    return (
        f'<text x="{_LEFT - 8}" y="{baseline}" text-anchor="end">{escape(name)}</text>'
        f'<rect class="{kind}" x="{_LEFT}" y="{top + 3}" width="{end - _LEFT:.0f}" height="15" rx="2"/>'
        f'<text class="v" x="{end + 6:.0f}" y="{baseline}">{times:.2f}</text>'
    )


def _x(times: float) -> float:
    return round(_LEFT + (_WIDTH - _LEFT - 60) * times / _MOST, 1)
