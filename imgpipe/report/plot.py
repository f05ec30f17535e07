"""Bars: in a terminal of any width, and as an SVG picture."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape

_EIGHTHS = " ▏▎▍▌▋▊▉"
_WIDTH, _ROW, _LEFT, _RIGHT = 720, 30, 130, 170


@dataclass(frozen=True, slots=True)
class Bar:
    """A bar: its label, how long it is (0 or more, in any unit), what is said of it, whether it is the best one."""

    label: str
    length: float
    words: str
    best: bool = False


def bar_lines(bars: Sequence[Bar], width: int, *, ascii_only: bool = False) -> list[str]:
    """A line for each bar, none longer than `width` columns, bars to scale.

    >>> bar_lines([Bar("one", 1, "1/s"), Bar("two", 2, "2/s", best=True)], 20, ascii_only=True)
    ['one  1/s  #####', 'two  2/s  ##########']
    """
    label = max(len(bar.label) for bar in bars)
    words = max(len(bar.words) for bar in bars)
    room = max(0, width - label - words - 4)
    most = max(bar.length for bar in bars) or 1.0
    drawn = _hashes if ascii_only else _blocks
    lines = (f"{bar.label:<{label}}  {bar.words:>{words}}  {drawn(room * bar.length / most)}" for bar in bars)
    return [line.rstrip()[:width] for line in lines]


def _hashes(length: float) -> str:
    return "#" * round(length)


def _blocks(length: float) -> str:
    eighths = round(8 * length)
    return "█" * (eighths // 8) + _EIGHTHS[eighths % 8].strip()


def svg(title: str, bars: Sequence[Bar], lines: Sequence[str]) -> str:
    """The bars as an SVG picture, 720 units wide, with lines of text below them; light or dark as its viewer is."""
    most = max(bar.length for bar in bars) or 1.0
    room = _WIDTH - _LEFT - _RIGHT
    height = 60 + _ROW * len(bars) + 20 * len(lines) + 10
    parts = [_HEAD.format(width=_WIDTH, height=height, title=escape(title))]
    for number, bar in enumerate(bars):
        y, length = 50 + _ROW * number, room * bar.length / most
        shown = "best" if bar.best else "bar"
        parts.append(
            f'<text x="{_LEFT - 10}" y="{y + 15}" text-anchor="end">{escape(bar.label)}</text>'
            f'<rect class="{shown}" x="{_LEFT}" y="{y}" width="{length:.1f}" height="20" rx="3"/>'
            f'<text x="{_LEFT + length + 8:.1f}" y="{y + 15}">{escape(bar.words)}</text>'
        )
    for number, line in enumerate(lines):
        parts.append(f'<text class="said" x="16" y="{60 + _ROW * len(bars) + 20 * (number + 1)}">{escape(line)}</text>')
    return "\n".join([*parts, "</svg>", ""])


_HEAD = """<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}"
  width="{width}" height="{height}" role="img">
<title>{title}</title>
<style>
  text {{ font: 13px system-ui, sans-serif; fill: #222 }} .title {{ font-size: 15px; font-weight: 600 }}
  .said {{ font-size: 12px }} .bar {{ fill: #9ab }} .best {{ fill: #2a7 }} .paper {{ fill: #fff }}
  @media (prefers-color-scheme: dark) {{ text {{ fill: #ddd }} .paper {{ fill: #1b1d20 }} .bar {{ fill: #678 }} }}
</style>
<rect class="paper" width="100%" height="100%"/>
<text class="title" x="16" y="28">{title}</text>"""
