#!/usr/bin/env python3
"""Write docs/filters.md and its pictures from what the filters say of themselves.

    tools/catalogue.py            writes both; the pictures are made by imgpipe from sample_images/
    tools/catalogue.py --check    says whether the text is up to date and every filter has its picture

`make catalogue` runs the first; the tests run the second.
"""

import os
import re
import shlex
import sys

from imgpipe import Recipe
from imgpipe.filters import Filter, Option
from imgpipe.filters.catalogue import families
from imgpipe.filters.docstring import Help, read_help

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
PAGE = os.path.join(ROOT, "docs", "filters.md")
PICTURES = os.path.join(ROOT, "docs", "images", "filters")

SMALL = "resize:240x160,fit=cover"
LAKE = ("sample_images/früh.webp", SMALL)
DUNES = ("sample_images/dunes.jpg", SMALL)
BEFORE: dict[str, tuple[str, ...]] = {
    **dict.fromkeys(("tone", "histogram", "colouring", "balance", "graphic"), DUNES),
    "flatten": ("sample_images/alpha.png", "resize:240x160,fit=contain"),
    "trim": (*LAKE, "border:20,colour=white"),
    "median": (*LAKE, "noise:0.02,kind=salt-pepper"),
    "bilateral": (*LAKE, "noise:0.03"),
    "denoise": (*LAKE, "noise:0.03"),
}
"""What is shown before a filter, or before those of a family, where the lake would not do: a source, and steps."""

SHOWN = {"resize": 1, "smart-crop": 1, "text": 1}
"""Which of a filter's examples is shown, where the first would change nothing at this size."""

HEAD = """# Filters

Made by `make catalogue` from what the filters say of themselves; `imgpipe filters NAME` says the same. Every filter
stands in a recipe or behind `-F`, in the order in which they are to work:

```sh
imgpipe process photos/ out/ -F resize:800x600 -F sharpen:amount=0.8
```

The first option may stand without its name. Lengths in px count in the picture as it is at that step. Levels go from 0
to 255 whatever the depth. Unless a filter says otherwise, every frame of an animation is treated alike, 16 bits a
sample stay 16 bits, and transparent parts keep their alpha. To write one of your own, see
[custom filters](custom-filters.md).
"""


def page() -> str:
    """The whole text."""
    parts = [HEAD, *(_contents(family, found) for family, found in families().items()), ""]
    for family, found in families().items():
        about = (sys.modules[found[0].__module__].__doc__ or "").partition("\n\n")[0]
        parts += [f"## {family.capitalize()}\n", f"{_prose(about)}\n", *(_section(each, family) for each in found)]
    return "\n".join(parts).rstrip() + "\n"


def _contents(family: str, found: tuple[Filter, ...]) -> str:
    links = ", ".join(f"[{each.name}](#{each.name})" for each in found)
    return f"- [{family.capitalize()}](#{family}): {links}"


def _section(chosen: Filter, family: str) -> str:
    text = read_help(chosen)
    parts = [f"### {chosen.name}\n", f"{_prose(text.summary)}\n"]
    parts.append(_pictures(chosen, family))
    parts += [f"    -F {shlex.quote(example)}" for example in text.examples]
    parts.append("")
    if chosen.options:
        parts += ["| option | type | values | default | |", "|---|---|---|---|---|"]
        parts += [_row(option, text) for option in chosen.options]
        parts.append("")
    return "\n".join([*parts, *(f"{_prose(paragraph)}\n" for paragraph in text.remarks)])


def _row(option: Option, text: Help) -> str:
    kind = "choice" if option.choices else {str: "text", int: "integer", float: "number", bool: "truth"}[option.type]
    default = "**required**" if option.required else f"`{option.default_text}`" if option.default_text else ""
    values = ", ".join(f"`{choice}`" for choice in option.choices) or _prose(option.allowed)
    cells = [f"`{option.name}`", kind, values, default, _prose(text.meanings.get(option.name, ""))]
    return "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |"


def _pictures(chosen: Filter, family: str) -> str:
    code = _example(chosen).replace("|", "\\|")
    names = (_before(chosen.name, family), chosen.name)
    shown = " | ".join(f"![{name}](images/filters/{name}.webp)" for name in names)
    return f"| before | `{code}` |\n|---|---|\n| {shown} |\n"


def _example(chosen: Filter) -> str:
    return read_help(chosen).examples[SHOWN.get(chosen.name, 0)]


def _made_of(name: str, family: str) -> tuple[str, ...]:
    return next((BEFORE[each] for each in (name, family) if each in BEFORE), LAKE)


def _before(name: str, family: str) -> str:
    """The name of the picture that is shown before a filter."""
    return {LAKE: "before", DUNES: "before-dunes"}.get(_made_of(name, family), f"before-{name}")


def _prose(text: str) -> str:
    """One line of Markdown: what would be markup outside of code is escaped."""
    parts = re.split(r"(`[^`]*`)", " ".join(text.split()))
    return "".join(part if part.startswith("`") else re.sub(r"([*_<>\[\]])", r"\\\1", part) for part in parts)


def pictures() -> dict[str, tuple[str, ...]]:
    """What each picture is made of, by name: a source, and steps."""
    made = {}
    for family, found in families().items():
        for each in found:
            steps = _made_of(each.name, family)
            made |= {_before(each.name, family): steps, each.name: (*steps, _example(each))}
    return made


def _paint(name: str, source: str, *steps: str) -> None:
    with open(source, "rb") as file:
        made = Recipe([*steps, "resize:width=240,upscale=false"], format="webp", quality=72).apply(file.read())
    with open(os.path.join(PICTURES, f"{name}.webp"), "wb") as file:
        file.write(made)


def write() -> int:
    """Write text and pictures; pictures of filters that are no more are removed."""
    os.makedirs(PICTURES, exist_ok=True)
    wanted = pictures()
    for name in {entry.removesuffix(".webp") for entry in os.listdir(PICTURES)} - wanted.keys():
        os.remove(os.path.join(PICTURES, f"{name}.webp"))
    for name, (source, *steps) in wanted.items():
        _paint(name, source, *steps)
    with open(PAGE, "w", encoding="utf-8") as file:
        file.write(page())
    print(f"docs/filters.md and {len(wanted)} pictures in docs/images/filters/")
    return 0


def check() -> int:
    """Say what is not up to date; 0 where all is."""
    wrong = []
    there = set(os.listdir(PICTURES)) if os.path.isdir(PICTURES) else set()
    wanted = {f"{name}.webp" for name in pictures()}
    wrong += [f"docs/images/filters/{name} is missing" for name in sorted(wanted - there)]
    wrong += [f"docs/images/filters/{name} is of no filter" for name in sorted(there - wanted)]
    try:
        with open(PAGE, encoding="utf-8") as file:
            text = file.read()
    except FileNotFoundError:
        text = ""
    if text != page():
        wrong.append("docs/filters.md is not what the filters say")
    for line in wrong:
        print(line, file=sys.stderr)
    if wrong:
        print("Run `make catalogue`, look at the pictures, and commit both.", file=sys.stderr)
    return 1 if wrong else 0


if __name__ == "__main__":
    os.chdir(ROOT)
    sys.exit(check() if sys.argv[1:] == ["--check"] else write())
