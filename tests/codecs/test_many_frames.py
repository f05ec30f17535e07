"""Frames and pages are small each, and together they are not."""

import pytest

from imgpipe import codecs
from imgpipe.codecs import Encoding, Limits
from imgpipe.errors import LimitExceeded

from .pictures import gradient, picture_of


@pytest.mark.parametrize(("name", "durations"), [("gif", (20,) * 12), ("tiff", ())])
def test_all_together_are_limited_to_ten_times_what_one_may_have(name, durations):
    frames = [gradient().rotate(number) for number in range(12)]
    data = codecs.encode(picture_of(*frames, durations=durations), name, Encoding()).data
    assert codecs.probe(data, Limits(max_pixels=2 * 64 * 48)).frames == 12
    with pytest.raises(LimitExceeded, match="10 times what one"):
        codecs.probe(data, Limits(max_pixels=64 * 48))
