"""What errors advise."""

import sys

import pytest

from imgpipe.errors import install_advice


@pytest.mark.parametrize(
    ("mark", "tool"),
    [
        (None, "pip install"),
        ("pipx_metadata.json", "pipx runpip imgpipe-cli install"),
        ("uv-receipt.toml", 'uv pip install --python "$(uv tool dir)/imgpipe-cli"'),
    ],
)
def test_an_extra_comes_by_the_tool_that_has_installed_the_command(mark, tool, tmp_path, monkeypatch):
    monkeypatch.setattr(sys, "prefix", str(tmp_path))
    if mark:
        (tmp_path / mark).touch()
    assert install_advice("heif") == f"{tool} 'imgpipe-cli[heif]'"
