"""What is laid over a picture, or under it: a watermark, text, a colour."""

import re
import unicodedata
from dataclasses import replace
from typing import Annotated, Any

from imgpipe.errors import RecipeError
from imgpipe.filters.canvas import prepare
from imgpipe.filters.colour import check_colours, parse_colour
from imgpipe.filters.frames import has_alpha, map_frames
from imgpipe.filters.layout import Gravity, offset
from imgpipe.filters.lengths import Length, parse_length
from imgpipe.filters.option import File, Range
from imgpipe.filters.registry import filter
from imgpipe.filters.sizing import LARGEST
from imgpipe.filters.traits import any_size
from imgpipe.picture import Frame, Picture, Size, frame_size

_PICTURES = (b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff", b"GIF8", b"RIFF", b"II*\0", b"MM\0*", b"BM")
_FONTS = (b"\0\1\0\0", b"OTTO", b"true", b"ttcf", b"wOFF", b"wOF2")
_LONGEST = 1000

Share = Annotated[float, Range(0, 1)]


def _read_place(text: str) -> Length:
    return parse_length(text, -LARGEST, LARGEST)


def _placed(gravity: str, whole: Size, layer: Size, away: tuple[float, float]) -> tuple[int, int]:
    """Where a layer lies by gravity, px, moved away from the edges it lies at, or to the right and down."""
    left, top = offset(gravity, whole, layer)
    across, down = round(away[0]), round(away[1])
    return left - across if "east" in gravity else left + across, top - down if "south" in gravity else top + down


def _check_watermark(x: str = "0", y: str = "0", **_options: Any) -> None:
    _read_place(x)
    _read_place(y)


@filter(alpha="premultiplied", check=_check_watermark)
def watermark(  # noqa: PLR0913, PLR0917 - these are the options
    picture: Picture,
    image: Annotated[str, File("a picture", _PICTURES)],
    gravity: Gravity = "southeast",
    x: str = "0",
    y: str = "0",
    scale: Annotated[float | None, Range(0.001, 1, "of the picture's width")] = None,
    opacity: Share = 1.0,
    tile: bool = False,
) -> Picture:
    """Lay another picture over each picture, such as a logo.

    Its transparency counts. On 16 bits a sample it is mixed in 16 bits; grey pictures become RGB if the logo has
    colours. All frames of an animation and all pages get it.

        >>> from imgpipe.filters import parse
        >>> step = parse("watermark:image=sample_images/alpha.png,scale=0.2,opacity=0.5,x=2%,y=2%")
        >>> step.arguments["scale"], step.arguments["opacity"]
        (0.2, 0.5)

    Args:
        picture: the picture.
        image: path of the logo: PNG, JPEG, WebP, GIF (its first frame), TIFF or BMP, at most 50 megapixels.
            When the file changes, what was made with it is made again.
        gravity: where it lies; southeast by default.
        x: px, or % of the picture's shorter side, away from the left or right edge that `gravity` names; to the right
            of the middle else. Negative lengths go the other way; what protrudes is cut off.
        y: the same for the upper and lower edge; downwards from the middle. With `tile`, x and y are the gaps
            between the tiles.
        scale: its width as a share of the picture's, 0.001 to 1; its own size by default. It never exceeds the picture.
        opacity: 0 to 1; 0 leaves the picture as it is.
        tile: repeat it over the whole picture.

    Resampled by Lanczos; its ICC profile and EXIF orientation are applied.

    Errors: a file that is missing or no picture is found before any picture is read; one that turns out damaged
    fails each picture, and so do CMYK pictures: leave out `--no-srgb`.
    """
    if not opacity:
        return picture
    from imgpipe.filters.compositing import over
    from imgpipe.filters.logo import logo, tiled
    from imgpipe.icc import layer_in

    def marked(frame: Frame) -> Frame:
        whole = frame_size(frame)
        layer = layer_in(logo(image, whole, scale, opacity), picture.profile)
        away = _read_place(x).of(min(whole)), _read_place(y).of(min(whole))
        if not tile:
            return over(frame, layer, _placed(gravity, whole, layer.size, away))
        gap = max(0, round(away[0])), max(0, round(away[1]))
        return over(frame, tiled(layer, whole, offset(gravity, whole, layer.size), gap), (0, 0))

    return map_frames(picture, marked)


def _read_text(text: str) -> str:
    """The text with its escapes resolved; RecipeError where it cannot be drawn."""
    written = re.sub(r"\\(n|\\)", lambda found: "\n" if found[1] == "n" else "\\", text)
    if not written.strip():
        raise RecipeError("text: there is no text to draw")
    if len(written) > _LONGEST:
        raise RecipeError(f"text: {len(written)} characters are too many; {_LONGEST} are allowed")
    for character in written:
        if unicodedata.category(character) in ("Cc", "Cs") and character != "\n":
            raise RecipeError(f"text: {character!r} cannot be drawn; write \\n for a new line")
    return written


def _check_text(text: str, size: str = "5%", margin: str = "3%", **options: Any) -> None:
    _read_text(text)
    _read_size(size)
    _read_margin(margin)
    check_colours(**options)


def _read_size(size: str) -> Length:
    return parse_length(size, 0.1, 10_000)


def _read_margin(margin: str) -> Length:
    return parse_length(margin, 0, LARGEST, most_percent=50)


@filter(alpha="premultiplied", check=_check_text)
def text(  # noqa: PLR0913, PLR0917 - these are the options
    picture: Picture,
    text: str,
    font: Annotated[str | None, File("a font", _FONTS)] = None,
    size: str = "5%",
    colour: str = "white",
    opacity: Share = 1.0,
    gravity: Gravity = "southeast",
    margin: str = "3%",
    background: str | None = None,
    outline: str | None = None,
) -> Picture:
    r"""Write on the picture, in one line or several.

    Text that does not fit between the margins is written smaller. On 16 bits a sample it is mixed in 16 bits; grey
    pictures become RGB if the text has a colour. All frames of an animation and all pages get it.

        >>> from imgpipe.filters import parse
        >>> parse("text:© Jo Doe,size=4%,outline=black")
        Operation('text:text=© Jo Doe,size=4%,outline=black')
        >>> parse('text:"Draft, 2nd\\nnot for print",size=48,gravity=center,background=#00000080').arguments["size"]
        '48'

    Args:
        picture: the picture.
        text: at most 1000 characters; `\n` begins a new line, `\\` is a backslash.
        font: path of a TrueType or OpenType file; by default the one that ships with Pillow, which has the
            characters of English only. When the file changes, what was made with it is made again.
        size: of an em: px, 0.1 to 10000, or % of the picture's height; 5% by default.
        colour: `#rrggbb`, `#rrggbbaa` or a name; white by default.
        opacity: of it all, 0 to 1; 0 leaves the picture as it is.
        gravity: where it lies, and how lines are aligned; southeast by default.
        margin: between the text and the picture's edges: px, or % of the picture's shorter side, 0% to 50%.
        background: colour of a box behind the text; none by default.
        outline: colour of a seam around the letters, a sixteenth of an em wide; none by default.

    Errors: no text, control characters, too much text, an unknown colour and a file that is missing or no font
    are found before any picture is read; a character that the font lacks fails each picture, and so do CMYK
    pictures: leave out `--no-srgb`.
    """
    if not opacity:
        return picture
    from imgpipe.filters.compositing import faded, over
    from imgpipe.filters.lettering import Lettering, lettered

    align = "left" if "west" in gravity else "right" if "east" in gravity else "center"
    seam, box = (parse_colour(name) if name else None for name in (outline, background))

    def written(frame: Frame) -> Frame:
        whole = frame_size(frame)
        away = _read_margin(margin).of(min(whole))
        look = Lettering(font, _read_size(size).of(whole[1]), parse_colour(colour), seam, box, align)
        room = max(1, round(whole[0] - 2 * away)), max(1, round(whole[1] - 2 * away))
        layer = faded(lettered(_read_text(text), look, room), opacity)
        inset = away if "east" in gravity or "west" in gravity else 0, away if gravity[:5] in ("north", "south") else 0
        return over(frame, layer, _placed(gravity, whole, layer.size, inset))

    return map_frames(picture, written)


def _check_flatten(background: str = "white") -> None:
    if parse_colour(background)[3] != 255:
        raise RecipeError(f"flatten: the background {background} is not opaque")


@filter(alpha="straight", least_size=any_size, check=_check_flatten)
def flatten(picture: Picture, background: str = "white") -> Picture:
    """Lay the picture on a colour, so that nothing is transparent any more.

    The alpha band goes, also from pictures that are opaque already; pictures without one stay as they are. 16 bits
    a sample stay; grey pictures become RGB on a background that has a colour. All frames and pages.

        >>> from imgpipe.filters import parse
        >>> parse("flatten:background=#fff")
        Operation('flatten:background=#fff')

    Args:
        picture: the picture.
        background: `#rrggbb` or a name such as white, which is the default.

    Errors: an unknown colour, or one that is not opaque, is found before any picture is read.
    """
    if not any(map(has_alpha, picture.frames)):
        return picture
    from imgpipe.filters.compositing import flattened

    def flat(frame: Frame) -> Frame:
        if not has_alpha(frame):
            return frame
        frame, values = prepare(frame, background)
        return flattened(frame, values[:-1])

    return replace(picture, frames=tuple(map(flat, picture.frames)))
