"""Numbers of bytes as people write them."""

import click
import pytest

from imgpipe.cli.size import ByteSize


@pytest.mark.parametrize(
    ("text", "size"),
    [
        ("1", 1),
        ("512", 512),
        ("500MB", 500_000_000),
        ("500mb", 500_000_000),
        ("1.5G", 1_500_000_000),
        ("2GiB", 2 << 30),
        ("64 MB", 64_000_000),
        ("3KiB", 3072),
        ("1T", 10**12),
    ],
)
def test_is_understood(text, size):
    assert ByteSize().convert(text, None, None) == size


@pytest.mark.parametrize("text", ["", "-1", "MB", "1.MB", "many", "1PB", "1 2", "0x10", "1e9", "٣MB "])
def test_anything_else_is_refused_with_an_example(text):
    with pytest.raises(click.BadParameter, match="500MB"):
        ByteSize(0).convert(text, None, None)


def test_too_little_says_what_is_enough():
    with pytest.raises(click.BadParameter, match="64 MB or more"):
        ByteSize(64_000_000).convert("1MB", None, None)
