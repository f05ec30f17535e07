"""What an object store answers, and how often it is asked: its errors become OSErrors, in words without secrets."""

from __future__ import annotations

import errno
import random
import re
import time
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")

GONE = errno.ENODEV
"""There is no such bucket, so that nothing can be done at all."""

NO_ANSWER = errno.ETIMEDOUT
"""Asking again may help: the server was busy, broken or silent."""

REFUSED = getattr(errno, "EREMOTEIO", errno.EPROTO)
"""The server does not do what was asked for, and would not the next time."""

_WAITS = (0.5, 2.0)
_STATUS = re.compile(r"status code: (\d{3})")
_CODE = re.compile(r"<Code>(\w{1,60})</Code>")
_DENIED = re.compile(r"Expired|InvalidToken|InvalidAccessKeyId|SignatureDoesNotMatch|TooSkewed|InvalidClientTokenId")
_BUSY = re.compile(r"SlowDown|RequestTimeout|Throttl|InternalError|Unavailable|Busy")
_UNREADABLE = re.compile(r"Content-Length Header missing|Invalid (?:last modified|content length)|non-ASCII data")
_NUMBERS = {
    "FileNotFoundError": errno.ENOENT,
    "AlreadyExistsError": errno.EEXIST,
    "PreconditionError": errno.EEXIST,
    "PermissionDeniedError": errno.EACCES,
    "UnauthenticatedError": errno.EACCES,
    "InvalidPathError": errno.EINVAL,
    "ValueError": errno.EINVAL,
    "UnicodeEncodeError": errno.EINVAL,
    "NotSupportedError": errno.ENOTSUP,
}
_STATUSES = {401: errno.EACCES, 403: errno.EACCES, 404: errno.ENOENT, 409: errno.EEXIST, 412: errno.EEXIST}
_WORDS = {
    errno.ENOENT: "there is no such object",
    errno.EEXIST: "an object of that name was put there meanwhile",
    errno.EACCES: "the credentials are refused, or do not allow it",
    errno.EINVAL: "its name cannot be one of an object",
    errno.ENOTSUP: "the server cannot do that",
    errno.EBADMSG: "the server's answer has no Content-Length, or a header that cannot be read",
    GONE: "there is no such bucket",
    REFUSED: "the server refuses that",
    NO_ANSWER: "the server gave no usable answer, asked again and again",
}


def patiently(ask: Callable[[], T]) -> T:
    """What is answered; a server that is busy or silent is asked again, with pauses, a bounded number of times.

    The library below asks again too, but not where a repeated request might not be safe: ours are, as they put whole
    objects and nothing else.

    Raises:
        OSError: in words of ours. Those of the library quote URLs and headers, and these may hold secrets.
    """
    for pause in _WAITS:
        try:
            return ask()
        except Exception as error:  # noqa: BLE001 - the library's classes have no base but this
            if (told := told_as(error)).errno != NO_ANSWER:
                raise told from None
        time.sleep(pause * random.uniform(0.5, 1.5))  # noqa: S311 - spreads the load, guards nothing
    try:
        return ask()
    except Exception as error:  # noqa: BLE001
        raise told_as(error) from None


def told_as(error: Exception) -> OSError:
    """An error of the library as an OSError."""
    text = str(error)
    status = int(found[1]) if (found := _STATUS.search(text)) else 0
    code = found[1] if (found := _CODE.search(text)) else ""
    unreadable = not status and _UNREADABLE.search(text)
    number = errno.EBADMSG if unreadable else _number(type(error).__name__, status, code)
    words = _WORDS[number]
    answer = " ".join(part for part in (str(status or ""), code) if part)
    return OSError(number, f"{words} ({answer})" if answer else words)


def _number(kind: str, status: int, code: str) -> int:
    if code in ("NoSuchBucket", "ContainerNotFound"):
        return GONE
    if _DENIED.search(code):
        return errno.EACCES
    if status in (405, 501):
        return errno.ENOTSUP
    if (number := _NUMBERS.get(kind) or _STATUSES.get(status)) is not None:
        return number
    if 400 <= status < 500 and status not in (408, 429) and not _BUSY.search(code):
        return REFUSED
    return NO_ANSWER
