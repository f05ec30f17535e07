import numpy as np
import pytest
from PIL import Image, ImageOps

from imgpipe import codecs
from imgpipe.codecs import Limits
from imgpipe.codecs.orientation import upright
from imgpipe.orientation import settled, turn, turned_size

from .pictures import deep_gradient, exif_block, gradient, picture_of, read, saved


@pytest.mark.parametrize("orientation", range(1, 9))
def test_images_are_turned_as_pillow_turns_them(orientation):
    image = gradient(mode="RGBA")
    turned = settled(upright(picture_of(image, exif=exif_block(orientation)), orientation))
    tagged = image.copy()
    tagged.getexif()[0x0112] = orientation
    expected = ImageOps.exif_transpose(tagged)
    assert np.array_equal(turned.frames[0], expected)
    assert turned.frames[0].size == turned_size(image.size, orientation)
    assert turned.exif == exif_block_without()


def exif_block_without():
    from imgpipe.codecs.exif import without_orientation

    return without_orientation(exif_block(1))


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("bands", [1, 2, 3, 4])
def test_arrays_are_turned_like_images(bands, orientation):
    samples = deep_gradient(bands)
    turned = settled(upright(picture_of(samples), orientation)).frames[0]
    image = Image.fromarray((samples[:, :, 0] & 255).astype(np.uint8))
    low = settled(upright(picture_of(image), orientation)).frames[0]
    assert np.array_equal(turned[:, :, 0] & 255, np.asarray(low))
    assert turned.flags.c_contiguous


def test_every_frame_is_turned():
    turned = settled(upright(picture_of(gradient(), gradient(), durations=(1, 1)), 6))
    assert [frame.size for frame in turned.frames] == [(48, 64), (48, 64)]


@pytest.mark.parametrize("orientation", range(1, 9))
def test_what_was_resolution_across_is_resolution_down_of_a_picture_on_its_side(orientation):
    """A fax has twice as many dots across as down."""
    meant = (98.0, 204.0) if orientation >= 5 else (204.0, 98.0)
    assert upright(picture_of(gradient(), dpi=(204.0, 98.0)), orientation).dpi == meant
    assert turn(picture_of(gradient(), dpi=(204.0, 98.0)), orientation).dpi == meant
    file = saved(gradient(), "TIFF", dpi=(204, 98), tiffinfo={274: orientation})
    assert read(file).dpi == pytest.approx(meant)
    as_stored = codecs.probe(file, Limits())._replace(as_stored=True)
    assert codecs.decode(file, as_stored).dpi == pytest.approx((204, 98))
    assert turn(picture_of(gradient()), orientation).dpi is None
