"""Palettes, and the nearest colours in them, which Pillow looks for by the upper six bits of each level."""

import numpy as np
import pytest

from imgpipe.few_colours import chosen_palette, indices_of


def pixels_by_chance(seed, *size):
    return np.random.default_rng(seed).integers(0, 256, (*size, 3), np.uint8)


@pytest.mark.parametrize("dithers", [False, True])
@pytest.mark.parametrize("level", range(0, 256, 17))
def test_a_plain_colour_of_the_palette_stays_as_it_is(level, dithers):
    palette = np.array([[near] * 3 for near in range(max(0, level - 4), min(256, level + 5))], np.uint8)
    found = indices_of(np.full((5, 7, 3), level, np.uint8), palette, dithers=dithers)
    assert (palette[found] == level).all()


@pytest.mark.parametrize("colours", [1, 2, 63, 255, 256])
def test_colours_are_the_nearest_and_no_darker(colours):
    pixels, palette = pixels_by_chance(1, 40, 50), pixels_by_chance(2, colours)
    apart = palette.astype(int)[indices_of(pixels, palette, dithers=False)] - pixels
    least = ((pixels[:, :, np.newaxis].astype(int) - palette) ** 2).sum(axis=3).min(axis=2)
    assert (apart**2).sum() <= 1.03 * least.sum() + 3
    nearest = ((pixels[:, :, np.newaxis].astype(int) - palette) ** 2).sum(axis=3).argmin(axis=2)
    assert abs(apart.mean() - (palette.astype(int)[nearest] - pixels).mean()) < 0.8


def test_what_is_dithered_keeps_its_tone():
    pixels = np.full((40, 50, 3), 100, np.uint8)
    palette = np.array([[0] * 3, [255] * 3], np.uint8)
    assert abs(palette[indices_of(pixels, palette, dithers=True)].mean() - 100) < 2


def test_a_palette_has_the_ground_and_what_is_small():
    leaves = np.random.default_rng(1).integers((20, 60, 0), (120, 190, 60), (20_000, 3)).astype(np.uint8)
    ground, small = np.full((9000, 3), 255, np.uint8), np.full((40, 3), (240, 90, 20), np.uint8)
    palette = chosen_palette(np.concatenate([leaves, ground, small]), 200)
    assert len(palette) <= 200
    for colour in ((255, 255, 255), (240, 90, 20)):
        assert np.abs(palette.astype(int) - colour).max(axis=1).min() <= 16
