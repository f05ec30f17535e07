"""URLs of storages: what they name, and what of them may be shown."""

from __future__ import annotations

import re
from typing import NamedTuple

from imgpipe.errors import UsageError

BUCKETS = ("s3", "gs", "az")
WEB = ("http", "https")
_URL = re.compile(r"([A-Za-z][A-Za-z0-9+.-]*)://")
_LOST_A_SLASH = re.compile(rf"({'|'.join((*BUCKETS, *WEB))}):/(?!/)", re.IGNORECASE)
_SECRETS = re.compile(r"(?<=://)[^/?#\s]*@|(?<=\?)[^\s\"'<>)]+")


class Bucket(NamedTuple):
    """Where objects are.

    Attributes:
        scheme: ``"s3"``, ``"gs"`` or ``"az"``.
        name: of the bucket, or container.
        prefix: of all keys that are meant; empty, or without a slash at either end.
    """

    scheme: str
    name: str
    prefix: str = ""

    def __str__(self) -> str:
        return f"{self.scheme}://{self.name}" + (f"/{self.prefix}" if self.prefix else "")


def scheme_of(location: str) -> str:
    """Of a URL, in lower case; empty for a path."""
    match = _URL.match(location)
    return match[1].lower() if match else ""


def check_slashes(location: str) -> None:
    """UsageError where it is a URL that has lost a slash, and would be taken for a folder in the working directory."""
    if found := _LOST_A_SLASH.match(location):
        meant = f"{found[1]}://{location[found.end() :]}"
        raise UsageError(
            f"did you mean {shown(meant)}? {found[0]} has one slash, as a pathlib.Path makes it: give a URL as text, "
            f"and a local folder of that name as ./{found[0]}..."
        )


def shown(text: str) -> str:
    """A text with URLs in it, without what may be a secret in these: names, passwords, and queries.

    >>> shown("no files in https://user:password@host/a.jpg?X-Amz-Signature=1f2e")
    'no files in https://***@host/a.jpg?***'
    """
    return _SECRETS.sub(lambda found: "***@" if found[0].endswith("@") else "***", text) if "://" in text else text


def bucket_of(url: str) -> Bucket:
    """What a URL such as `s3://bucket/prefix` names; a key is taken as it stands, without `%` being an escape.

    Raises:
        UsageError: it names no bucket, holds credentials, or names a key that cannot be.
    """
    scheme = scheme_of(url)
    name, _, prefix = url[len(scheme) + 3 :].partition("/")
    if "@" in name or ":" in name:
        raise UsageError(
            f"{shown(url)}: credentials and hosts do not belong into such a URL; give them as the cloud's own tools "
            "take them (AWS_ACCESS_KEY_ID, AWS_PROFILE, AWS_ENDPOINT_URL...)"
        )
    prefix = prefix.strip("/")
    if not name or (prefix and not {"", ".", ".."}.isdisjoint(prefix.split("/"))):
        raise UsageError(f"{shown(url)} names no place in object storage; it is {scheme}://BUCKET/PREFIX")
    return Bucket(scheme, name, prefix)
