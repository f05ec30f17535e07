"""An output folder knows what it was made of, whatever else is in the file that says so."""

import os

import pytest

from imgpipe.storage.calls import SYSTEM
from imgpipe.storage.origins import is_made_from_above, note_origin


@pytest.fixture
def own(tmp_path):
    (tmp_path / "photos/web/.imgpipe").mkdir(parents=True)
    return str(tmp_path / "photos/web/.imgpipe")


def test_only_a_folder_around_it_counts(own, tmp_path):
    assert not is_made_from_above(own)
    for elsewhere in ("photos/web", "photos/web/below", "other", "phot", "photos/we"):
        note_origin(own, os.path.realpath(tmp_path / elsewhere), SYSTEM)
    note_origin(own, "s3://bucket/photos", SYSTEM)
    assert not is_made_from_above(own)
    note_origin(own, os.path.realpath(tmp_path / "photos"), SYSTEM)
    assert is_made_from_above(own)


def test_it_is_noted_once_and_behind_a_torn_line(own, tmp_path):
    path = os.path.join(own, "origins")
    with open(path, "wb") as file:
        file.write(b'{}\n3\n\xff\n"' + os.fsencode(tmp_path / "pho"))
    for _ in range(3):
        note_origin(own, os.path.realpath(tmp_path / "photos"), SYSTEM)
    assert is_made_from_above(own)
    with open(path, "rb") as file:
        assert file.read().count(b"photos") == 1


def test_names_are_bytes(tmp_path):
    folder = tmp_path / os.fsdecode(b"\xff\n")
    (folder / "web/.imgpipe").mkdir(parents=True)
    own = str(folder / "web/.imgpipe")
    note_origin(own, os.path.realpath(folder), SYSTEM)
    assert is_made_from_above(own)


def test_a_pipe_in_its_place_is_not_waited_for(own):
    os.mkfifo(os.path.join(own, "origins"))
    assert not is_made_from_above(own)
    with pytest.raises(OSError, match="No such device"):
        note_origin(own, "/photos", SYSTEM)
