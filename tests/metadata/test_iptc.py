import pytest

from imgpipe.metadata import iptc
from imgpipe.metadata.malformed import Malformed

from . import blocks


def test_the_location_is_nowhere_and_the_rest_stays():
    left = iptc.reduced(blocks.IPTC, location=False)
    assert not [word for word in blocks.WORDS if word in left]
    assert b"tower" in left
    assert iptc.reduced(blocks.IPTC, location=True) == blocks.IPTC


@pytest.mark.parametrize("number", [26, 27, 90, 92, 95, 100, 101])
def test_every_data_set_of_a_place_goes(number):
    """Code and name of the content's location, city, sublocation, state, code and name of the country."""
    place = blocks.data_set(2, number, b"there")
    assert iptc.reduced(blocks.IPTC + place, location=False) == iptc.reduced(blocks.IPTC, location=False)
    assert iptc.reduced(blocks.IPTC + place, location=True) == blocks.IPTC + place


def test_credit_is_by_line_and_copyright():
    left = iptc.credit(blocks.IPTC)
    assert left == iptc.credit(left)
    assert b"(c) Somebody" in left
    assert b"tower" not in left
    assert iptc.credit(blocks.data_set(1, 90, b"\x1b%G") + blocks.data_set(2, 25, b"tower")) is None


@pytest.mark.parametrize("number", [200, 201, 202])
def test_previews_go(number):
    preview = blocks.data_set(2, number, b"\xff\xd8\xff")
    assert iptc.reduced(blocks.IPTC + preview, location=True) == blocks.IPTC
    assert iptc.reduced(preview, location=True) is None


def test_long_data_sets_and_padding_are_read():
    long = b"\x1c\x02\x78\x80\x04" + (70_000).to_bytes(4) + b"x" * 70_000
    assert iptc.reduced(long + bytes(3), location=False) == long


@pytest.mark.parametrize(
    "block",
    [
        b"junk of a kind",
        blocks.IPTC[:-1],
        b"\x1c\x02\x78\xff\xff" + bytes(9),
        b"\x1c\x02\x78\x80\x04\x7f\xff\xff\xff",
        b"\x1c\x02",
    ],
)
def test_a_block_that_cannot_be_read_is_refused(block):
    with pytest.raises(Malformed):
        iptc.reduced(block, location=True)
