from io import BytesIO

import pytest
from PIL import ImageCms

from .pictures import wide_gamut_profile


@pytest.fixture(scope="session")
def wide_profile():
    profile = wide_gamut_profile()
    assert ImageCms.getProfileDescription(ImageCms.ImageCmsProfile(BytesIO(profile))).strip() == "wide one"
    return profile
