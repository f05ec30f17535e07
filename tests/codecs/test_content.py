import pytest

from imgpipe.codecs.content import describe


@pytest.mark.parametrize(
    ("head", "words"),
    [
        (b"", "it is empty"),
        (b"\0" * 64, "it holds only zero bytes"),
        (b"Dear reader,\r\n", "it is text"),
        ("Gr\N{LATIN SMALL LETTER U WITH DIAERESIS}n".encode()[:-2] + b"\xc3", "it is text"),
        (b"%PDF-1.7\n", "it is a PDF document"),
        (b"PK\x03\x04\x14\0", "it is a ZIP archive or an office document"),
        (b"<!DOCTYPE html><html>", "it is a web page"),
        (b"\n<svg xmlns=''>", "it is an SVG drawing or another XML document"),
        (b"\x01\xfe\x80\x90", "it begins with the bytes 01 fe 80 90"),
    ],
)
def test_first_bytes_are_named_in_plain_words(head, words):
    assert describe(head) == words


def test_media_of_the_iso_family_name_their_brand():
    assert describe(b"\0\0\0\x18ftypheic\0\0\0\0").startswith("it is an ISO media file (heic)")
