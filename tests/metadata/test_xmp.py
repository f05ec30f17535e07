"""XMP packets: what goes is in the bytes no more, what stays reads as before, and bombs do not go off."""

from xml.etree import ElementTree as ET

import pytest

from imgpipe.metadata import xmp
from imgpipe.metadata.malformed import Malformed

from . import blocks

DC = "{http://purl.org/dc/elements/1.1/}"


def reduced(packet, location=False, orientation=False, space=False):
    return xmp.reduced(packet, location=location, orientation=orientation, space=space)


def names_in(packet):
    root = ET.fromstring(packet)
    found = [element.tag for element in root.iter()] + [name for element in root.iter() for name in element.attrib]
    return {name.partition("}")[2] for name in found}


def test_the_location_is_nowhere_and_the_rest_stays():
    left = reduced(blocks.XMP)
    assert not [word for word in [*blocks.WORDS, b"FRA"] if word in left]
    root = ET.fromstring(left)
    assert [text.text for text in root.iter("{http://www.w3.org/1999/02/22-rdf-syntax-ns#}li")] == [
        "(c) Somebody <me>",
        "A. Photographer",
        "tower",
    ]
    assert 'tiff:Make="Imgpipe &amp; &quot;Sons&quot;"' in left.decode()


def test_line_breaks_in_a_value_stay_line_breaks():
    packet = (
        b'<r:RDF xmlns:r="http://www.w3.org/1999/02/22-rdf-syntax-ns#" xmlns:t="http://ns.adobe.com/tiff/1.0/">'
        b'<r:Description t:Make="one&#10;two&#9;three&#13;four"/></r:RDF>'
    )
    (described,) = ET.fromstring(reduced(packet))
    assert described.attrib["{http://ns.adobe.com/tiff/1.0/}Make"] == "one\ntwo\tthree\rfour"


def test_with_the_location_only_previews_orientation_and_lost_pictures_go():
    packet = blocks.XMP.replace(b"tiff:Orientation", b'hdrgm:Version="1.0" tiff:Orientation')
    assert names_in(packet) - names_in(reduced(packet, location=True)) == {"Thumbnails", "Orientation", "Version"}
    assert b"48,51.5022N" in reduced(blocks.XMP, location=True)
    assert b"tiff:Orientation" in reduced(blocks.XMP, location=True, orientation=True)


def test_what_describes_pictures_that_are_in_no_output_goes_and_a_panorama_stays():
    google = "http://ns.google.com/photos/1.0"
    packet = (
        f'<r:RDF xmlns:r="http://www.w3.org/1999/02/22-rdf-syntax-ns#" xmlns:C="{google}/container/" '
        f'xmlns:D="{google}/depthmap/" xmlns:P="{google}/panorama/">'
        '<r:Description P:ProjectionType="sphere" D:Near="1">'
        "<C:Directory>gone</C:Directory></r:Description></r:RDF>"
    ).encode()
    left = reduced(packet, location=True)
    assert b"sphere" in left
    assert not [word for word in (b"Directory", b"gone", b"Near") if word in left]


PLACES = (
    "GPSDestBearing gpsImgDirection Latitude AbsoluteAltitude Longitude LocationShown Location City State Province "
    "ProvinceState Province-State Country CountryCode CountryName WorldRegion geotag shotLocation GeoHash"
)


@pytest.mark.parametrize("name", PLACES.split())
def test_every_word_of_place_goes_as_attribute_and_as_element(name):
    packet = (
        f'<r:RDF xmlns:r="http://www.w3.org/1999/02/22-rdf-syntax-ns#" xmlns:a="a"><r:Description a:{name}="there">'
        f"<a:{name}>there</a:{name}><a:Estate>stays</a:Estate></r:Description></r:RDF>"
    ).encode()
    left = reduced(packet)
    assert b"there" not in left
    assert b"stays" in left
    assert reduced(packet, location=True).count(b"there") == 2


def test_the_vocabulary_for_places_of_the_web_goes():
    packet = (
        b'<r:RDF xmlns:r="http://www.w3.org/1999/02/22-rdf-syntax-ns#" '
        b'xmlns:g="http://www.w3.org/2003/01/geo/wgs84_pos#" xmlns:a="a">'
        b'<r:Description g:lat="48.1"><g:long>11.5</g:long><a:lat>stays</a:lat></r:Description></r:RDF>'
    )
    left = reduced(packet)
    assert [word in left for word in (b"48.1", b"11.5", b"stays")] == [False, False, True]
    assert b"11.5" in reduced(packet, location=True)


def test_credit_is_rights_and_creator():
    left = xmp.credit(blocks.XMP)
    properties = names_in(left)
    assert properties == {"xmpmeta", "RDF", "Description", "about", "rights", "creator", "Alt", "Seq", "li", "lang"}
    assert b"tower" not in left


def test_credit_does_not_keep_the_name_of_the_document():
    packet = blocks.XMP.replace(b'rdf:about=""', b'rdf:about="uuid:faf5bdd5"')
    assert b"faf5bdd5" in reduced(packet)
    assert xmp.credit(packet) == xmp.credit(blocks.XMP)


def test_no_credit_is_no_packet():
    without = blocks.XMP.replace(b"dc:rights", b"dc:title").replace(b"dc:creator", b"dc:type")
    assert xmp.credit(without) is None


def test_a_packet_of_nothing_but_location_is_gone():
    packet = (
        b'<x:xmpmeta xmlns:x="adobe:ns:meta/"><r:RDF xmlns:r="http://www.w3.org/1999/02/22-rdf-syntax-ns#">'
        b'<r:Description r:about="" xmlns:e="http://ns.adobe.com/exif/1.0/" e:GPSLatitude="48.858370"/>'
        b"</r:RDF></x:xmpmeta>"
    )
    assert reduced(packet) is None


def test_a_prefix_that_means_another_namespace_deceives_nobody():
    packet = blocks.XMP.replace(b"dc:", b"zz:").replace(b"xmlns:dc", b"xmlns:zz")
    assert b"A. Photographer" in xmp.credit(packet)
    other = blocks.XMP.replace(b"http://purl.org/dc/elements/1.1/", b"http://example.org/")
    assert xmp.credit(other) is None


def test_utf_16_is_read():
    text = blocks.XMP.decode().replace("\ufeff", "")
    assert b"A. Photographer" in xmp.credit(text.encode("utf-16"))


BOMB = b'<!DOCTYPE x [<!ENTITY a "%s">%s]><x>&j;</x>' % (
    b"ha" * 1000,
    b"".join(b'<!ENTITY %c "%s">' % (letter, b"&%c;" % (letter - 1) * 100) for letter in range(ord("b"), ord("k"))),
)


@pytest.mark.parametrize(
    "packet",
    [
        BOMB,
        b'<!DOCTYPE x SYSTEM "file:///etc/passwd"><x/>',
        b'<!DOCTYPE x [<!ENTITY a SYSTEM "file:///etc/passwd">]><x>&a;</x>',
        b"<x>&a;</x>",
        b"<a>" * 100_000 + b"</a>" * 100_000,
        b"<gps>" * 100_000 + b"</gps>" * 100_000,
        b"<x" + b"".join(b" xmlns:p%d='u'" % number for number in range(10_000)) + b"/>",
        b"<x>" + b" " * (5 << 20) + b"</x>",
        blocks.XMP[:-200],
        b"",
        b"\0\0\0",
        b"\xff\xfe<",
        b'<?xml version="1.0" encoding="no-such"?><x/>',
        b"<x a='1' a='2'/>",
    ],
)
def test_what_is_no_packet_is_refused(packet):
    with pytest.raises(Malformed):
        reduced(packet)
    with pytest.raises(Malformed):
        xmp.credit(packet)


def test_every_cut_is_refused():
    for cut in range(0, len(blocks.XMP) - 25, 11):
        with pytest.raises(Malformed):
            reduced(blocks.XMP[:cut])
