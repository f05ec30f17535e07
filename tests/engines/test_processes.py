"""How large files and outputs go between the processes."""

import sys

import pytest
from PIL import Image

import imgpipe
from imgpipe.concurrency import wire
from imgpipe.concurrency.arena import SMALL

pytestmark = pytest.mark.usefixtures("nothing_left_behind")


@pytest.mark.skipif(sys.platform != "linux", reason="nowhere else is there memory that processes share")
def test_large_outputs_do_not_come_through_the_pipe(tmp_path, monkeypatch):
    monkeypatch.setattr(wire, "_receive_buffer", None)
    (tmp_path / "in").mkdir()
    Image.effect_noise((400, 300), 90).save(tmp_path / "in/a.png")
    report = imgpipe.process(tmp_path / "in", tmp_path / "out", imgpipe.Recipe(["flip"]), cores=1)
    assert report.count("written") == 1
    assert (tmp_path / "out/a.png").stat().st_size > SMALL
