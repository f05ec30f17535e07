"""The tool that runs a folder of odd files says what became of each."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

from PIL import Image

ROOT = Path(__file__).parents[1]


def test_every_file_is_in_the_table_of_every_recipe_and_on_the_sheet(tmp_path):
    pictures = tmp_path / "in"
    pictures.mkdir()
    for name in ("dunes.jpg", "alpha.png", "früh.webp"):
        shutil.copy(ROOT / "sample_images" / name, pictures)
    (pictures / "broken.png").write_bytes((ROOT / "sample_images" / "alpha.png").read_bytes()[:900])
    (pictures / "notes.txt").write_text("no picture")
    run = subprocess.run(
        [sys.executable, ROOT / "tools" / "corpus.py", pictures, tmp_path / "out"],
        capture_output=True,
        check=False,
        text=True,
        env=os.environ | {"PYTHONPATH": str(ROOT)},
    )
    assert run.returncode == 0, run.stderr
    for recipe in ("web", "cover", "lossless"):
        assert f"{recipe}: 5 files: 3 written, 0 unchanged, 1 failed, 1 skipped, 0 pruned" in run.stdout
    assert run.stdout.count("  failed      1  damaged PNG") == 3
    with Image.open(tmp_path / "out" / "contact.png") as sheet:
        assert sheet.crop((0, 0, 3 * 64, 64)).getcolors(1000) is None


def test_without_a_folder_it_says_how_it_is_called():
    run = subprocess.run([sys.executable, ROOT / "tools" / "corpus.py"], capture_output=True, text=True, check=False)
    assert (run.returncode, "tools/corpus.py FOLDER" in run.stdout) == (2, True)
