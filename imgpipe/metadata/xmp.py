"""An XMP packet cut down to what may be kept: read event by event, and written as it was with the rest left out."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import TypeAlias

from imgpipe.metadata.malformed import Malformed

Name: TypeAlias = tuple[str, str]
"""Namespace and local name."""

_DC = "http://purl.org/dc/elements/1.1/"
_RDF = "http://www.w3.org/1999/02/22-rdf-syntax-ns#"
_XML = "http://www.w3.org/XML/1998/namespace"
_META = "adobe:ns:meta/"
_EXIF = "http://ns.adobe.com/exif/1.0/"
_TIFF = "http://ns.adobe.com/tiff/1.0/"
_GEO = "http://www.w3.org/2003/01/geo/"

_FRAME = frozenset({(_META, "xmpmeta"), (_META, "xapmeta"), (_RDF, "RDF"), (_RDF, "Description")})
_CREDIT = frozenset({(_DC, "rights"), (_DC, "creator")})
_ORIENTATION = (_TIFF, "Orientation")
_LOCATION = re.compile(
    r"(?i).*(gps|latitude|longitude|altitude|location|geotag|geohash).*"
    r"|city|state|province(-?state)?|country|country-?(code|name)|world-?region"
)
"""By the local name: besides EXIF's, Photoshop's and IPTC's the makers of drones have words of their own."""
_SPACE = frozenset({(_EXIF, "ColorSpace"), ("http://ns.adobe.com/photoshop/1.0/", "ICCProfile")})
_PICTURES = (
    *(f"http://ns.google.com/photos/1.0/{of}/" for of in ("container", "depthmap", "image", "camera", "audio")),
    "http://ns.google.com/photos/dd/",
    "http://ns.adobe.com/hdr-gain-map/",
    "http://ns.apple.com/HDRGainMap/",
    "http://ns.apple.com/depthData/",
    "http://ns.apple.com/pixeldatainfo/",
)
"""Namespaces about further pictures in the file, which are in no output."""
_PREVIEWS = re.compile(r"(?i)thumbnails?|thumbnailimage|hasextendedxmp|pageinfo")
_EXTENDED = b"HasExtendedXMP"
_SIZE = frozenset(
    {
        *((_TIFF, name) for name in ("ImageWidth", "ImageLength")),
        *((_EXIF, name) for name in ("PixelXDimension", "PixelYDimension")),
    }
)
"""What the picture had before it was resized; EXIF says what it has now."""

# As `html.escape` does, which loads all names of characters; a reader makes spaces of line breaks that stand as such
# between quotes.
_IN_TEXT = str.maketrans({"&": "&amp;", "<": "&lt;", ">": "&gt;"})
_IN_QUOTES = _IN_TEXT | str.maketrans({'"': "&quot;", "'": "&#x27;", "\n": "&#10;", "\r": "&#13;", "\t": "&#9;"})

_MOST_BYTES = 4 << 20
_MOST_NAMESPACES = 256
_DEEPEST = 64


def credit(packet: bytes) -> bytes | None:
    """A packet with nothing but dc:rights and dc:creator; None where it has neither.

    Raises:
        Malformed: it cannot be read.
    """
    copy = _Copy(lambda name, inside: name in _CREDIT or (inside and name[0] in (_RDF, _XML)), named=False)
    return _filtered(packet, copy)


def reduced(packet: bytes, *, location: bool, orientation: bool, space: bool) -> bytes | None:
    """The packet with no thumbnail and no size in px, and with no location, orientation and name of the colours' space
    but where these are to stay.

    Returns None where nothing is left.

    Raises:
        Malformed: it cannot be read.
    """

    def wanted(name: Name, inside: bool) -> bool:  # noqa: ARG001 - the same at any depth
        if name[0].startswith(_PICTURES) or name in _SIZE or _PREVIEWS.fullmatch(name[1]):
            return False
        if name in _SPACE and not space:
            return False
        return (location or not _tells_a_place(name)) and (orientation or name != _ORIENTATION)

    return _filtered(packet, _Copy(wanted))


def _tells_a_place(name: Name) -> bool:
    return name[0].startswith(_GEO) or _LOCATION.fullmatch(name[1]) is not None


def is_extended(packet: bytes) -> bool:
    """Whether what did not fit into 64 kB of a JPEG is in other segments, which are not read."""
    return _EXTENDED in packet


class _Copy:
    """Writes what is wanted of the events of a parser.

    Args:
        wanted: whether an element or an attribute stays, by its name and by whether it is inside of a property.
        named: whether the document keeps the name that `rdf:about` has for it, which is often one of its own.
    """

    def __init__(self, wanted: Callable[[Name, bool], bool], *, named: bool = True) -> None:
        self.pieces: list[str] = []
        self.properties = 0
        self._wanted = wanted
        self._named = named
        self._open: list[Name] = []
        self._scopes: list[dict[str, str]] = [{"xml": _XML}]
        self._dropped = 0

    def start(self, tag: str, attributes: list[str]) -> None:
        """An element begins; its attributes are names and values in turn."""
        if self._dropped or len(self._open) >= _DEEPEST:
            self._drop()
            return
        pairs = list(zip(attributes[::2], attributes[1::2], strict=True))
        declared = {name.partition(":")[2]: value for name, value in pairs if name.partition(":")[0] == "xmlns"}
        scope = self._scopes[-1] | declared if declared else self._scopes[-1]
        if len(scope) > _MOST_NAMESPACES:
            raise Malformed
        name = self._resolved(tag, scope)
        inside = any(above not in _FRAME for above in self._open)
        if name not in _FRAME and not self._wanted(name, inside):
            self._drop()
            return
        self._scopes.append(scope)
        self._open.append(name)
        self.properties += name not in _FRAME
        self.pieces.append(f"<{tag}{self._attributes(pairs, scope, inside or name not in _FRAME)}>")

    def end(self, tag: str) -> None:
        """An element ends."""
        if self._dropped:
            self._dropped -= 1
            return
        self._open.pop()
        self._scopes.pop()
        self.pieces.append(f"</{tag}>")

    def text(self, text: str) -> None:
        """Text of an element; what stands between properties is no more than their layout."""
        if not self._dropped and any(name not in _FRAME for name in self._open):
            self.pieces.append(text.translate(_IN_TEXT))

    def _drop(self) -> None:
        self._dropped += 1
        if self._dropped + len(self._open) > _DEEPEST:
            raise Malformed

    def _attributes(self, pairs: list[tuple[str, str]], scope: dict[str, str], inside: bool) -> str:
        written = ""
        for attribute, value in pairs:
            name = self._resolved(attribute, scope) if ":" in attribute else ("", attribute)
            declares = attribute.partition(":")[0] == "xmlns"
            about = name == (_RDF, "about")
            if declares or about or self._wanted(name, inside):
                kept = "" if about and not self._named else value.translate(_IN_QUOTES)
                written += f' {attribute}="{kept}"'
                self.properties += not (declares or about or name[0] in ("", _RDF, _XML, _META))
        return written

    def _resolved(self, name: str, scope: dict[str, str]) -> Name:
        prefix, _, local = name.rpartition(":")
        return scope.get(prefix, ""), local


def _filtered(packet: bytes, copy: _Copy) -> bytes | None:
    from xml.parsers import expat

    if len(packet) > _MOST_BYTES:
        raise Malformed
    parser = expat.ParserCreate()
    parser.ordered_attributes = True
    parser.buffer_text = True
    parser.StartElementHandler = copy.start
    parser.EndElementHandler = copy.end
    parser.CharacterDataHandler = copy.text
    # Entities can only be declared there: without one there are no bombs, and nothing is fetched.
    parser.StartDoctypeDeclHandler = _refuse
    try:
        parser.Parse(packet if packet.startswith((b"\xff\xfe", b"\xfe\xff")) else packet.strip(b"\0 \t\r\n"), True)
    except (expat.ExpatError, ValueError, LookupError):
        raise Malformed from None
    if not copy.properties:
        return None
    begin, end = '<?xpacket begin="\ufeff" id="W5M0MpCehiHzreSzNTczkc9d"?>', '<?xpacket end="w"?>'
    return f"{begin}{''.join(copy.pieces)}{end}".encode()


def _refuse(*_: object) -> None:
    raise Malformed
