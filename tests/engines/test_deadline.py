"""A deadline where nothing can be interrupted: whoever waits is told."""

import pytest

from imgpipe.engines.deadline import Hand


@pytest.fixture
def told():
    return []


@pytest.fixture
def hand(told):
    """Its step looks at the deadline after so many seconds as the passing value says."""

    def apply(seconds):
        hand.expire(hand.clock.now() + seconds)
        return seconds

    hand = Hand(apply, 10.0, lambda: told.append("overdue"))
    return hand


def test_a_picture_in_hand_is_overdue_after_its_time_and_not_before(hand, told):
    assert (hand.apply(9.0), hand.expired, told) == (9.0, False, [])
    assert (hand.apply(10.5), hand.expired, told) == (10.5, True, ["overdue"])


def test_one_that_is_done_is_never_overdue(hand, told):
    hand.expire(hand.clock.now() + 100.0)
    hand.apply(1.0)
    hand.expire(hand.clock.now() + 100.0)
    assert (hand.expired, told) == (False, [])
