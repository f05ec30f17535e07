"""Blocks of metadata that say too much."""

import struct
from io import BytesIO

from PIL import Image

LATITUDE, LONGITUDE = 48_858_370, 2_294_481
"""Numerators of the coordinates, as they are searched for."""
WORDS = [b"48.858370", b"2.294481", b"Champ de Mars", b"Paris", b"48,51.5022N", b"Ile-de-France"]
PRIVATE = [*WORDS, *(struct.pack(order + "L", number) for order in "<>" for number in (LATITUDE, LONGITUDE))]
"""What must be nowhere in an output that has no location."""


class Pointer(dict):
    """A directory that an entry leads to."""


def table(order, start, entries, following=None):
    """A directory at an offset of the block, with what it leads to behind it, and the next directory last."""
    head = 2 + 12 * len(entries) + 4
    rows, values = b"", b""
    for tag, value in sorted(entries.items()):
        place = start + head + len(values)
        if isinstance(value, Pointer):
            rows += struct.pack(order + "HHLL", tag, 4, 1, place)
            values += table(order, place, value)
        elif isinstance(value, int):
            rows += struct.pack(order + "HHLHH", tag, 3, 1, value, 0)
        elif isinstance(value, list):
            rows += struct.pack(order + "HHLL", tag, 5, len(value) // 2, place)
            values += struct.pack(f"{order}{len(value)}L", *value)
        else:
            kind = 2 if value.endswith(b"\0") else 7
            inline = len(value) <= 4
            rows += struct.pack(order + "HHL", tag, kind, len(value))
            rows += value.ljust(4, b"\0") if inline else struct.pack(order + "L", place)
            values += b"" if inline else value
        values += bytes(len(values) % 2)
    link, last = (0, b"") if following is None else (start + head + len(values), b"")
    if following is not None:
        last = thumbnail(order, link, following)
    return struct.pack(order + "H", len(entries)) + rows + struct.pack(order + "L", link) + values + last


def thumbnail(order, start, picture):
    place = start + 2 + 24 + 4
    rows = struct.pack(order + "HHLL", 513, 4, 1, place) + struct.pack(order + "HHLL", 514, 4, 1, len(picture))
    return struct.pack(order + "H", 2) + rows + bytes(4) + picture


def exif(order="<", *, thumb=True, **more):
    """Everything: maker note, interoperability, coordinates, and a thumbnail with coordinates of its own."""
    gps = Pointer({1: b"N\0", 2: [LATITUDE, 1_000_000, 0, 1, 0, 1], 3: b"E\0", 4: [LONGITUDE, 1_000_000, 0, 1, 0, 1]})
    gps[29] = b"2024:05:01\0"
    details = Pointer({0x9003: b"2024:05:01 10:20:30\0", 0x927C: b"MAKER 48.858370 note", 0xA001: 1})
    details[0xA005] = Pointer({1: b"R98\0"})
    entries = {0x010F: b"Imgpipe Camera\0", 0x0112: 6, 0x013B: b"A. Photographer\0", 0x8298: b"(c) Somebody\0"}
    entries |= {0x8769: details, 0x8825: gps}
    head = b"II*\0" if order == "<" else b"MM\0*"
    inner = None
    if thumb:
        file = BytesIO()
        own = exif(order, thumb=False)
        Image.new("RGB", (16, 12), "teal").save(file, "JPEG", exif=own, comment=b"Champ de Mars")
        inner = file.getvalue()
    return b"Exif\0\0" + head + struct.pack(order + "L", 8) + table(order, 8, entries, inner)


XMP = """<?xpacket begin="\ufeff" id="W5M0MpCehiHzreSzNTczkc9d"?><!-- 48.858370 -->
<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">
<rdf:Description rdf:about="" xmlns:e="http://ns.adobe.com/exif/1.0/" xmlns:photoshop="http://ns.adobe.com/photoshop/1.0/"
 xmlns:dc="http://purl.org/dc/elements/1.1/" xmlns:tiff="http://ns.adobe.com/tiff/1.0/"
 xmlns:drone="http://www.dji.com/drone-dji/1.0/" xmlns:core="http://iptc.org/std/Iptc4xmpCore/1.0/xmlns/"
 xmlns:xmp="http://ns.adobe.com/xap/1.0/" xmlns:hdrgm="http://ns.adobe.com/hdr-gain-map/1.0/"
 xmlns:ext="http://iptc.org/std/Iptc4xmpExt/2008-02-29/" tiff:Orientation="6"
 e:GPSLatitude="48,51.5022N" photoshop:City="Paris" drone:GpsLongitude="2.294481"
 tiff:Make="Imgpipe &amp; &quot;Sons&quot;">
<e:GPSLongitude>2.294481</e:GPSLongitude>
<core:Location>Champ de Mars</core:Location><core:CountryCode>FRA</core:CountryCode>
<photoshop:State>Ile-de-France</photoshop:State>
<ext:LocationCreated><rdf:Bag>
<rdf:li rdf:parseType="Resource"><ext:City>Paris</ext:City></rdf:li></rdf:Bag></ext:LocationCreated>
<xmp:Thumbnails>AAAA</xmp:Thumbnails>
<dc:rights><rdf:Alt><rdf:li xml:lang="x-default">(c) Somebody &lt;me&gt;</rdf:li></rdf:Alt></dc:rights>
<dc:creator><rdf:Seq><rdf:li>A. Photographer</rdf:li></rdf:Seq></dc:creator>
<dc:subject><rdf:Bag><rdf:li>tower</rdf:li></rdf:Bag></dc:subject>
</rdf:Description></rdf:RDF></x:xmpmeta><?xpacket end="w"?>""".encode()


def data_set(record, number, value):
    return struct.pack(">BBBH", 0x1C, record, number, len(value)) + value


IPTC = (
    data_set(1, 90, b"\x1b%G")
    + data_set(2, 80, b"A. Photographer")
    + data_set(2, 90, b"Paris")
    + data_set(2, 92, b"Champ de Mars")
    + data_set(2, 95, b"Ile-de-France")
    + data_set(2, 25, b"tower")
    + data_set(2, 116, b"(c) Somebody")
)
