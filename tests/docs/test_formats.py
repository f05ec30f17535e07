"""The table of formats in `docs/formats.md` says what the codecs say."""

import pytest

from imgpipe import codecs
from tests.docs.blocks import ROOT

CODECS = {codec.name: codec for codec in codecs.all_codecs()}
HELD = {name: name for name in ("profile", "alpha", "animation", "pages")} | {"deep": "16 bit", "cmyk": "CMYK"}


def rows():
    """The names of formats in the first table, and the cells behind each."""
    table = (ROOT / "docs/formats.md").read_text().partition("|---")[2].partition("\n\n")[0]
    for line in table.splitlines()[1:]:
        names, *cells = (cell.strip() for cell in line.strip("|").split("|"))
        yield from ((name, cells) for name in names.split(", "))


ROWS = list(rows())


def test_every_format_is_there_once():
    assert sorted(name for name, _ in ROWS) == sorted(CODECS)


@pytest.mark.parametrize(("name", "cells"), ROWS)
def test_it_says_what_the_codec_says(name, cells):
    codec = CODECS[name]
    read, written, holds, _, options = cells
    there = f"`imgpipe-cli[{codec.extra}]`" if codec.extra else "yes"
    assert (read, written) == (there, there if codec.encode else "as PNG")
    # Those that are always without loss heed it too, and it changes nothing in them.
    without_loss = {"--lossless"} if codec.lossless and codec.heeds("quality") else set()
    assert set(options.strip("`").split()) == {f"--{option}" for option in codec.options} | without_loss
    if codec.encode:
        assert {trait for trait, word in HELD.items() if word in holds} == {t for t in HELD if getattr(codec, t)}
