"""The options that say what is done to each picture, and the recipe that they amount to."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import fields, replace
from typing import Any

import click

from imgpipe import codecs, filters
from imgpipe.cli import completing
from imgpipe.cli.kinds import Kinds
from imgpipe.cli.sections import Sections
from imgpipe.cli.size import ByteSize
from imgpipe.cli.values import OneOf, Whole
from imgpipe.codecs.codec import Encoding
from imgpipe.errors import RecipeError, UsageError
from imgpipe.filters.colour import parse_opaque
from imgpipe.filters.operation import Operation
from imgpipe.metadata import Metadata
from imgpipe.recipe import Colour, Recipe, Rendition


class Opaque(click.ParamType[tuple[int, int, int]]):
    """A colour without transparency, as filters take it: red, green and blue, 0 to 255."""

    name = "colour"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> tuple[int, int, int]:
        """The bands of the colour that a text names."""
        if isinstance(value, tuple):
            return value
        try:
            return parse_opaque(value)
        except RecipeError as error:
            self.fail(str(error), param, ctx)


_FITS = ["inside", "cover", "contain", "fill", "outside"]
_RESIZE = ("width", "height", "long_edge", "short_edge", "fit", "gravity", "kernel")

TREATMENT: Sections = {
    "What to do": [
        click.option("--recipe", "-c", metavar="FILE-or-NAME", shell_complete=completing.recipes,
                     help="Begin with a recipe; the options after it add to it. imgpipe recipe --help"),
        click.option("--resize", metavar="GEOMETRY",
                     help="800x600, 800x, x600, 50%, 2MP; with > < ! ^ as in ImageMagick."),
        click.option("--width", type=Whole(1), help="Fit into this width, px."),
        click.option("--height", type=Whole(1), help="Fit into this height, px."),
        click.option("--long-edge", type=Whole(1), help="Make the longer edge this long, px."),
        click.option("--short-edge", type=Whole(1), help="Make the shorter edge this long, px."),
        click.option("--fit", type=OneOf(_FITS), help="How the picture goes into the box. [default: inside]"),
        click.option("--gravity", shell_complete=completing.of_resize,
                     help="What `cover` and `contain` keep: center, north, southeast...; "
                          "for `cover` also attention, entropy."),
        click.option("--kernel", shell_complete=completing.of_resize,
                     help="lanczos3 (the default), mitchell, catmull-rom, bilinear, gaussian, box, nearest."),
        click.option("--no-upscale", is_flag=True, help="Never make a picture larger."),
        click.option("--filter", "-F", "steps", multiple=True, metavar="NAME:KEY=VALUE,...",
                     shell_complete=completing.filters,
                     help="Repeatable, in order: -F grayscale -F blur:3. All of them: imgpipe filters"),
    ],
    "Encoding": [
        click.option("--format", "-f", metavar="FORMAT", shell_complete=completing.formats,
                     help="Of the outputs; all of them: imgpipe formats. [default: that of each input]"),
        click.option("--quality", "-q", type=Whole(1, 100),
                     help="[default: 82 for JPEG, 60 for AVIF and HEIC, else 80]"),
        click.option("--lossless", is_flag=True, default=None, help="Every pixel exactly, where the format can."),
        click.option("--progressive/--baseline", default=None, help="Order of JPEG data. [default: baseline]"),
        click.option("--subsampling", type=OneOf(["4:4:4", "4:2:2", "4:2:0"]),
                     help="Chroma subsampling of JPEG, AVIF and HEIC."),
        click.option("--effort", type=Whole(0, 9), help="0 is fast, 9 is small; TIFF: 0 is uncompressed."),
        click.option("--palette", "colours", type=Whole(2, 256), is_flag=False, flag_value=256, metavar="[N]",
                     help="Reduce to N colours and store a palette (PNG, GIF). [default: 256]"),
        click.option("--max-size", type=ByteSize(), metavar="SIZE",
                     help="200KB, 1.5MB: lower the quality, and then the px, until each output fits."),
        click.option("--background", metavar="COLOUR", type=Opaque(),
                     help="Behind what is transparent where the format has no alpha. [default: white]"),
    ],
    "Orientation and colour": [
        click.option("--no-auto-orient", "auto_orient", flag_value=False, default=None,
                     help="Leave the pixels as stored, whatever EXIF says."),
        click.option("--no-srgb", "srgb", flag_value=False, default=None,
                     help="Keep the colour space and its ICC profile."),
    ],
    "Metadata": [
        click.option("--keep", type=Kinds(), metavar="LIST",
                     help="Keep exif, xmp, icc, iptc, or all: exif,icc. [default: copyright, creator and dpi]"),
        click.option("--strip", is_flag=True, default=None, help="Keep nothing, neither copyright nor dpi."),
        click.option("--strip-gps", is_flag=True, default=None,
                     help="Keep no location; without --keep the rest stays."),
    ],
}  # fmt: skip
"""An option that is named as a field of `Encoding`, `Colour` or `Metadata` sets this field, where it is given."""


def read_recipe(given: Mapping[str, Any]) -> Recipe | None:
    """The recipe that the options amount to, None where they ask for nothing.

    Raises:
        UsageError: they contradict each other, or name something unknown.
    """
    steps: list[str | Operation] = [*_resize(given), *given["steps"]]
    encoding, colour, metadata = _given(Encoding, given), _given(Colour, given), _given(Metadata, given)
    if given["colours"]:
        steps.append(filters.find("quantize").operation({"colours": given["colours"]}))
        encoding["palette"] = True
    if not given["recipe"] and not steps and given["format"] is None and not (encoding or colour or metadata):
        return None
    recipe = Recipe.load(given["recipe"]) if given["recipe"] else Recipe()
    recipe = recipe.refined(steps, given["format"], **encoding)
    _check_heeded(encoding, recipe)
    return replace(recipe, colour=replace(recipe.colour, **colour), metadata=replace(recipe.metadata, **metadata))


def unheeded(recipe: Recipe) -> Iterator[str]:
    """What a recipe says of encoders that none of those heeds which it says it of, in words; a file may say it."""
    for name in (field.name for field in fields(Encoding)):
        said = [one for one in recipe.renditions if getattr(one.encoding, name) != getattr(Encoding(), name)]
        if words := _none_heeds(name, said, name):
            yield words


def _check_heeded(encoding: Mapping[str, Any], recipe: Recipe) -> None:
    """Refuse an option that no output heeds."""
    for name, value in encoding.items():
        option = "--" + name.replace("_", "-")
        if value != getattr(Encoding(), name) and (words := _none_heeds(name, recipe.renditions, option)):
            raise UsageError(words)


def _none_heeds(name: str, outputs: Sequence[Rendition], option: str) -> str:
    """What is wrong where no output heeds an option; empty where one may, as those in the formats of their sources."""
    formats = list(dict.fromkeys(rendition.format or "" for rendition in outputs))
    if not formats or any(form == "" or codecs.writer(form).heeds(name) for form in formats):
        return ""
    heeding = [codec.name for codec in codecs.all_codecs() if codec.encode and codec.heeds(name)]
    have = "has" if len(formats) == 1 else "have"
    return f"{' and '.join(formats)} {have} no {option}; formats that have it: {', '.join(heeding)}"


def _given(settings: type, given: Mapping[str, Any]) -> dict[str, Any]:
    names = [field.name for field in fields(settings)]
    return {name: given[name] for name in names if given.get(name) is not None}


def _resize(given: Mapping[str, Any]) -> list[Operation]:
    """The resize that the options describe, before all other filters; none where they describe none."""
    asked = {name: given[name] for name in _RESIZE if given[name] is not None}
    if given["resize"] is not None:
        asked["size"] = given["resize"]
    if given["no_upscale"]:
        asked["upscale"] = False
    return [filters.find("resize").operation(asked)] if asked else []
