"""What a file that is no picture looks like, in plain words."""

from __future__ import annotations

_KNOWN = (
    (b"%PDF", "a PDF document"),
    (b"PK\x03\x04", "a ZIP archive or an office document"),
    (b"\x1f\x8b", "a gzip archive"),
    (b"7z\xbc\xaf\x27\x1c", "a 7-Zip archive"),
    (b"%!PS", "a PostScript document"),
    (b"\x7fELF", "a program"),
    (b"MZ", "a program"),
    (b"ID3", "an MP3 recording"),
    (b"OggS", "an Ogg recording"),
    (b"\x1aE\xdf\xa3", "a Matroska or WebM video"),
)


def describe(head: bytes) -> str:
    """What the first bytes look like, as the end of a sentence: "it is empty", "it is text"."""
    if not head:
        return "it is empty"
    if not head.strip(b"\0"):
        return "it holds only zero bytes"
    known = next((name for signature, name in _KNOWN if head.startswith(signature)), None) or _by_inner_mark(head)
    if known:
        return f"it is {known}"
    return "it is text" if _is_text(head) else f"it begins with the bytes {head[:8].hex(' ')}"


def _by_inner_mark(head: bytes) -> str | None:
    if head[4:8] == b"ftyp":
        brand = head[8:12].decode("latin-1").strip()
        return f"an ISO media file ({brand}): a video, or a kind of picture that imgpipe does not read"
    start = head.lstrip().lower()
    if start.startswith((b"<svg", b"<?xml")):
        return "an SVG drawing or another XML document"
    return "a web page" if start.startswith((b"<html", b"<!doctype html")) else None


def _is_text(head: bytes) -> bool:
    try:
        text = head.decode("utf-8")
    except UnicodeDecodeError as error:
        if error.start < len(head) - 3:  # otherwise the cut of the first bytes went through a character
            return False
        text = head[: error.start].decode("utf-8")
    return all(character.isprintable() or character in "\t\r\n\f\ufeff" for character in text)
