"""Filters that look samples up in tables, and neighbours of them that become one look-up."""

from importlib import import_module

import numpy as np
import pytest

from imgpipe.errors import FilterFailed
from imgpipe.filters import apply, apply_all, filter, parse
from imgpipe.orientation import settled

LOOK_UPS = ["gamma:2.2", "posterize:200", "exposure:0.7", 'curves:"0,20 128,150 255,250",channel=red', "solarize:200"]


@pytest.mark.parametrize("kind", ["L", "LA", "RGB", "RGBA", 1, 2, 3, 4])
def test_neighbouring_look_ups_give_the_bytes_of_one_after_the_other(kind, frame, picture):
    steps = [parse(text) for text in (*LOOK_UPS, "flip", *LOOK_UPS[::-1])]
    source = picture(frame(kind, (40, 30)))
    one_by_one = source
    for step in steps:
        one_by_one = apply(step, one_by_one)
    assert np.array_equal(settled(apply_all(steps, source)).frames[0], one_by_one.frames[0])


def test_neighbouring_look_ups_touch_the_pixels_once(picture, frame, monkeypatch):
    running = import_module("imgpipe.filters.applying")
    passes = []
    look_up = running.look_up
    monkeypatch.setattr(running, "look_up", lambda *given: passes.append(1) or look_up(*given))
    apply_all([parse("gamma:2"), parse("invert"), parse("levels:black=9")], picture(frame("RGB", (4, 4))))
    assert len(passes) == 1
    apply_all([parse("gamma:2"), parse("flip"), parse("levels:black=9")], picture(frame("RGB", (4, 4))))
    assert len(passes) == 3


@pytest.mark.parametrize("wrong", [lambda v: v[0], lambda v: None, lambda v: v / 0 * 0, lambda v: [1 / 0], list])
def test_a_pointwise_filter_that_returns_no_table_is_named(wrong, frame, picture):
    @filter(pointwise=True)
    def own(levels: np.ndarray) -> np.ndarray:
        with np.errstate(all="ignore"):
            return wrong(levels)

    with pytest.raises(FilterFailed, match="filter own"):
        apply_all([parse("gamma:2"), own.operation({})], picture(frame("RGB", (4, 4))))


def test_functions_of_one_name_have_their_own_tables(frame, picture):
    def make(power):
        @filter(pointwise=True)
        def own(levels: np.ndarray) -> np.ndarray:
            return levels**power

        return own.operation({})

    source = picture(frame("L", (8, 8)))
    squared, cubed = (apply(make(power), source).frames[0].tobytes() for power in (2, 3))
    assert squared != cubed
