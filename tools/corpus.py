#!/usr/bin/env python3
"""Run every file below a folder through three recipes, and say what became of each.

    tools/corpus.py FOLDER [OUTPUT]

Prints what was written, what failed and why, and writes OUTPUT/contact.png, to be looked at: one cell a picture, made
of the copy that has 400x400 px. The folder of the tests of an image library is a good one:

    pip download --no-deps --no-binary pillow pillow && tar xzf pillow-*.tar.gz
    tools/corpus.py pillow-*/Tests/images
"""

import os
import re
import sys
import tempfile
from collections import Counter

from PIL import Image

import imgpipe
from imgpipe import Item, Recipe, Rendition, Status
from imgpipe.recipe import WEB_READY

NAME = "{stem}-{index}{ext}"
RECIPES = {
    "web": WEB_READY.refined(),
    "cover": Recipe(["resize:400x400,fit=cover"], format="webp"),
    "lossless": Recipe(format="png"),
}
NUMBER = re.compile(r"\b\d+\b")
CELL = 64
ACROSS = 40
CHECKS = ("#dddddd", "#bbbbbb")
"""Behind transparent pixels."""


def run(folder: str, output: str, recipe: Recipe) -> list[Item]:
    """What became of every file."""
    outputs = tuple(Rendition(one.operations, one.format, None, one.encoding, NAME) for one in recipe.renditions)
    named = Recipe(recipe.operations, outputs=outputs)
    return list(imgpipe.stream(folder, output, named))


def reason(item: Item) -> str:
    """Why an item failed or was skipped, with what is particular to the file taken out."""
    said = item.failure.message if item.failure else item.reason
    said = said.removeprefix(f"{item.source.name}: ")
    said = re.sub(r"(bytes) ([0-9a-f]{2} ?)+", r"\1 ...", said)
    return NUMBER.sub("N", said)


def table(name: str, items: list[Item]) -> str:
    """A recipe's numbers and reasons."""
    found = Counter(item.status.value for item in items)
    lines = [f"{name}: {len(items)} files: " + ", ".join(f"{found[status]} {status}" for status in Status)]
    for status in (Status.FAILED, Status.SKIPPED):
        reasons = Counter(reason(item) for item in items if item.status == status)
        lines += [f"  {status.value:8}{count:5}  {why}" for why, count in reasons.most_common()]
    warnings = Counter(NUMBER.sub("N", word) for item in items for word in item.warnings)
    return "\n".join([*lines, *(f"  {'warned':8}{count:5}  {word}" for word, count in warnings.most_common())])


def contact_sheet(folder: str, items: list[Item]) -> Image.Image:
    """All first outputs, in the order of their sources' names."""
    names = [item.outputs[0].name for item in sorted(items, key=lambda item: item.source.name) if item.outputs]
    sheet = Image.new("RGB", (ACROSS * CELL, -(-len(names) // ACROSS) * CELL), CHECKS[0])
    for number, name in enumerate(names):
        with Image.open(os.path.join(folder, name)) as made:
            small = made.convert("RGBA")
        small.thumbnail((CELL - 2, CELL - 2))
        place = number % ACROSS * CELL + 1, number // ACROSS * CELL + 1
        sheet.paste(CHECKS[1], (*place, place[0] + small.width, place[1] + small.height))
        sheet.paste(small, place, small)
    return sheet


def main(arguments: list[str]) -> int:
    """Run all recipes; the exit status is 1 where an item is neither written nor has a reason."""
    if not 1 <= len(arguments) <= 2:
        print(__doc__)
        return 2
    output = arguments[1] if len(arguments) == 2 else tempfile.mkdtemp(prefix="corpus-")
    silent = 0
    for name, recipe in RECIPES.items():
        items = run(arguments[0], os.path.join(output, name), recipe)
        print(table(name, items), end="\n\n")
        silent += sum(item.status != Status.WRITTEN and not reason(item) for item in items)
        if name == "cover":
            contact_sheet(os.path.join(output, name), items).save(os.path.join(output, "contact.png"))
    print(f"the outputs, and contact.png, are in {output}")
    return 1 if silent else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
