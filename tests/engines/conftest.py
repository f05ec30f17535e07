"""What the kernel tells of a process, in a folder."""

import pytest


@pytest.fixture
def told(tmp_path):
    def tell(files):
        for name, text in files.items():
            (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
            (tmp_path / name).write_text(text)
        return str(tmp_path)

    return tell
