"""The house as `docs/architecture.md` draws it is the one that `make check` holds."""

import re
import tomllib
from itertools import pairwise

from tests.docs.blocks import ROOT


def drawn():
    """The rooms of the drawing, row by row."""
    [drawing] = re.findall(
        r"^    imgpipe/\n((?:      .*\n)+)", (ROOT / "docs/architecture.md").read_text(), re.MULTILINE
    )
    return [re.findall(r"(?:^|  )([a-z_]+)(?:\.py|/)(?= )", row) for row in drawing.splitlines()]


def layers():
    """The layer of each room by `pyproject.toml`, counted from the top."""
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text())
    [contract] = (one for one in settings["tool"]["importlinter"]["contracts"] if one["type"] == "layers")
    return {room: number for number, layer in enumerate(contract["layers"]) for room in layer.split(" | ")}


def test_every_room_is_drawn_once_and_none_that_is_not_there():
    there = [path for path in (ROOT / "imgpipe").iterdir() if path.suffix == ".py" or (path / "__init__.py").exists()]
    assert sorted(room for row in drawn() for room in row) == sorted(path.stem for path in there)


def test_what_a_room_imports_is_drawn_below_it_or_beside_it():
    layer = layers()
    rows = [[layer[room] for room in row] for row in drawn()[1:]]
    wrong = [below for above, below in pairwise(rows) if max(above) > min(below)]
    assert wrong == []
