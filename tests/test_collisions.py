import pytest

from imgpipe import codecs, collisions
from imgpipe.collisions import count_inputs, key_of
from imgpipe.errors import CollisionError
from imgpipe.job import Item, Job, Source, Status, Target
from imgpipe.naming import Naming, named, targets
from imgpipe.recipe import Recipe


def job(name, format=None, *, flat=False):
    source = Source(name, codecs.by_extension(name) or "png", 1)
    return Job(source, targets(source, named(Recipe(format=format).renditions, Naming(flat=flat)), 1, flat=flat))


def jobs_to(format, *names):
    return lambda: (job(name, format) for name in names)


def test_flat_outputs_are_in_one_folder_and_may_clash():
    with pytest.raises(CollisionError, match=r"a\.jpg <- x/a\.jpg, y/a\.jpg"):
        count_inputs(lambda: [job("x/a.jpg", flat=True), job("y/a.jpg", flat=True)])


def test_all_inputs_are_counted_also_those_that_become_nothing():
    skipped = Item(Source("notes.txt", None, 1), Status.SKIPPED)
    jobs = [*jobs_to(None, "a.jpg", "b.jpg")(), skipped, skipped]
    assert count_inputs(lambda: jobs).total == 4
    assert count_inputs(list).total == 0


def test_outputs_with_one_input_each_are_looked_at_once():
    asked = []

    def jobs():
        asked.append(1)
        return jobs_to("webp", "a.jpg", "b.jpg", "x/a.jpg")()

    assert count_inputs(jobs).total == 3
    assert len(asked) == 1


def test_a_clash_names_the_output_and_all_of_its_inputs():
    with pytest.raises(CollisionError) as caught:
        count_inputs(jobs_to("webp", "a.jpg", "x/a.png", "x/a.jpg", "b.jpg", "x/a.gif"))
    assert "x/a.webp <- x/a.png, x/a.jpg, x/a.gif" in str(caught.value)
    assert str(caught.value).startswith("1 output would be made from")
    assert "b.jpg" not in str(caught.value)
    assert caught.value.later == {"x/a.jpg", "x/a.gif"}


def test_an_input_without_an_extension_may_clash_with_one_that_has_it():
    with pytest.raises(CollisionError, match=r"photo\.png <- photo, photo\.png"):
        count_inputs(jobs_to(None, "photo", "photo.png"))


def test_the_first_ten_clashes_are_shown_and_the_others_counted():
    names = [f"{number:02}{extension}" for number in range(13) for extension in (".jpg", ".png")]
    with pytest.raises(CollisionError) as caught:
        count_inputs(jobs_to("webp", *names))
    lines = str(caught.value).splitlines()
    assert sum("<-" in line for line in lines) == 10
    assert "and 3 more" in lines[-2]
    assert "--include" in lines[-1]


def test_names_in_a_clash_do_not_move_the_cursor():
    with pytest.raises(CollisionError) as caught:
        count_inputs(jobs_to("webp", "\x1b[2J\udcff.jpg", "\x1b[2J\udcff.png"))
    assert str(caught.value).replace("\n", "").isprintable()
    assert r"\x1b[2J\xff.webp <- \x1b[2J\xff.jpg, \x1b[2J\xff.png" in str(caught.value)


def test_names_that_differ_in_case_or_composition_are_two_where_the_file_system_keeps_them_apart():
    assert count_inputs(jobs_to(None, "a.jpg", "A.jpg", "\u00e9.jpg", "e\u0301.jpg")).total == 4


@pytest.mark.parametrize(("one", "other"), [("a.jpg", "A.JPG"), ("\u00e9.jpg", "e\u0301.jpg"), ("ß.jpg", "SS.jpg")])
def test_names_that_differ_in_case_or_composition_clash_where_the_file_system_folds_them(one, other):
    with pytest.raises(CollisionError) as caught:
        count_inputs(jobs_to(None, one, other), folded=True)
    assert one in str(caught.value)
    assert other in str(caught.value)


@pytest.mark.parametrize("folded", [True, False])
def test_names_known_before_the_work_are_in_order_and_one_in_any_case_where_the_file_system_folds_them(folded):
    keys = count_inputs(jobs_to(None, "B.jpg", "a.jpg", "\xe9.jpg", "C.jpg"), folded=folded).keys
    assert list(keys) == sorted(keys)
    for name in ("b.jpg", "A.JPG", "e\u0301.jpg"):
        assert (key_of(name, folded=folded) in keys) == folded
    assert key_of("C.jpg", folded=folded) in keys
    assert key_of("d.jpg", folded=folded) not in keys


def test_a_file_whose_name_looks_like_a_template_does_not_clash_with_one():
    name = "a-{width}.jpg"
    jobs = [
        Job(job(name).source, (Target(name, "jpeg"),)),
        Job(job("a.jpg").source, (Target(name, "jpeg", late=True),)),
    ]
    assert count_inputs(lambda: jobs).total == 2
    with pytest.raises(CollisionError):
        count_inputs(lambda: [*jobs, jobs[0]])


def test_names_that_only_share_a_hash_do_not_clash(monkeypatch):
    monkeypatch.setattr(collisions, "hash", lambda name: 1, raising=False)
    assert count_inputs(jobs_to("webp", "a.jpg", "b.jpg")).total == 2
    with pytest.raises(CollisionError) as caught:
        count_inputs(jobs_to("webp", "a.jpg", "b.jpg", "b.png"))
    assert "a.jpg" not in str(caught.value)
