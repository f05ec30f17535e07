"""Numbers of bytes on the command line."""

from __future__ import annotations

import re
from typing import Any

import click

from imgpipe.savings import Savings

_UNITS = {"": 0, "k": 1, "m": 2, "g": 3, "t": 4}
_PERCENT = re.compile(r"(\d+(?:\.\d+)?)\s*%", re.ASCII)
_SIZE = re.compile(r"(\d+(?:\.\d+)?)\s*([kmgt]?)(i?)b?", re.IGNORECASE | re.ASCII)


class ByteSize(click.ParamType[int]):
    """`500MB`, `1.5G`, `2GiB`: bytes, in powers of 1000, or of 1024 with an i."""

    name = "size"

    def __init__(self, least: int = 1) -> None:
        self._least = least

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> int:
        """The number of bytes that a text says."""
        if isinstance(value, int):
            return value
        found = _SIZE.fullmatch(value.strip())
        if not found:
            self.fail(f"{value!r} is no size; write 500MB, 1.5GB or 2GiB", param, ctx)
        number, unit, binary = found.groups()
        size = int(float(number) * (1024 if binary else 1000) ** _UNITS[unit.lower()])
        if size < self._least:
            self.fail(f"{value} is too little; it is {_said(self._least)} or more", param, ctx)
        return size


def _said(size: int) -> str:
    return f"{size // 1_000_000} MB" if size >= 1_000_000 else f"{size} byte{'s' if size > 1 else ''}"


class Saved(click.ParamType[Savings]):
    """`10%` or `100KB`: by how much an output must be smaller than its source."""

    name = "savings"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Savings:
        """What a text asks for."""
        if isinstance(value, Savings):
            return value
        found = _PERCENT.fullmatch(value.strip())
        if not found:
            if not _SIZE.fullmatch(value.strip()):
                self.fail(f"{value!r} is neither a share nor a size; write 10% or 100KB", param, ctx)
            return Savings(bytes=ByteSize().convert(value, param, ctx))
        share = float(found[1]) / 100
        if share >= 1:
            self.fail(f"no output saves {value}; it is less than 100%", param, ctx)
        return Savings(share)
