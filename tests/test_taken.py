from imgpipe.collisions import count_inputs
from imgpipe.job import Item, Job, Source, Status, Target
from imgpipe.taken import Taken


def job(name, *outputs, late=False):
    return Job(Source(name, "png", 1), tuple(Target(output, "webp", late) for output in outputs))


COUNTED = [job("a.png", "a.webp", "a-small.webp"), job("b.png", "b.webp"), job("c.png", "c-{width}.webp", late=True)]


def taken(folded=False):
    return Taken(count_inputs(lambda: COUNTED, folded=folded).keys, folded=folded)


def test_each_input_that_was_counted_has_its_names_to_itself():
    names = taken()
    assert [names.admit(one) for one in COUNTED] == [None, None, None]


def test_of_two_inputs_of_one_name_the_second_one_fails_whichever_of_them_was_counted():
    names = taken()
    assert names.admit(job("b.gif", "b.webp")) is None
    item = names.admit(COUNTED[1])
    assert isinstance(item, Item)
    assert (item.status, item.failure.type) == (Status.FAILED, "CollisionError")
    assert "another input becomes b.webp too" in item.failure.message


def test_two_that_came_later_are_told_apart_too():
    names = taken()
    assert names.admit(job("new.png", "new.webp")) is None
    assert names.admit(job("new.gif", "new.webp")) is not None
    assert names.admit(job("c.gif", "c-{width}.webp", late=True)) is None
    assert names.admit(COUNTED[2]) is not None


def test_what_comes_where_nothing_was_counted_is_told_apart_too():
    names = Taken(count_inputs(list, folded=False).keys, folded=False)
    assert names.admit(COUNTED[0]) is None
    assert names.admit(job("a.gif", "a.webp")) is not None


def test_a_name_that_looks_like_a_template_is_another_than_what_is_one():
    names = taken()
    assert names.admit(job("c-{width}.png", "c-{width}.webp")) is None
    assert names.admit(COUNTED[2]) is None


def test_who_fails_has_taken_nothing():
    names = taken()
    assert names.admit(job("x.png", "a-small.webp")) is None
    assert names.admit(COUNTED[0]) is not None
    assert names.admit(job("y.png", "a.webp")) is None


def test_names_are_one_in_any_case_where_the_file_system_folds_them():
    for folded in (False, True):
        names = taken(folded)
        assert names.admit(job("B.gif", "B.WEBP")) is None
        assert (names.admit(COUNTED[1]) is not None) == folded
