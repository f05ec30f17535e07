"""The errors of imgpipe, by who is at fault.

    ImgpipeError
    ├── UsageError            the call: a wrong option, folder or name (exit status 2)
    │   ├── RecipeError       a filter, option or value that does not exist or is out of range
    │   └── CollisionError    two inputs that would become one output
    ├── PictureError          one input: it fails, the run goes on
    │   ├── NotAPicture       its content is no format that imgpipe reads
    │   ├── DamagedPicture    truncated or corrupt
    │   ├── LimitExceeded     larger than a limit allows; names the option that raises it
    │   ├── FilterFailed      a filter cannot work on this picture
    │   └── EncodingFailed    the chosen format cannot hold this picture
    └── RunError              the machine: the run cannot go on (exit status 3)
        └── OutputError       the output cannot be written: disk full, read-only, no permission

Every message says what happened, to what, and what to do about it.
"""

import os
import sys


def install_advice(extra: str) -> str:
    """What installs an extra. The distribution is named otherwise than the package: `img-pipe` on PyPI is not ours."""
    tool = "pip install"
    # What pipx and uv have installed stands in an environment of its own, which the pip of a shell does not know.
    if os.path.exists(os.path.join(sys.prefix, "pipx_metadata.json")):
        tool = "pipx runpip imgpipe-cli install"
    elif os.path.exists(os.path.join(sys.prefix, "uv-receipt.toml")):
        tool = 'uv pip install --python "$(uv tool dir)/imgpipe-cli"'
    return f"{tool} 'imgpipe-cli[{extra}]'"


def described(error: BaseException) -> str:
    """The class of an error, and what it says, in one line; where somebody else wrote it, that may be nothing."""
    said = " ".join(text_of(error).split())
    return f"{type(error).__name__}: {said}" if said else type(error).__name__


def text_of(error: BaseException) -> str:
    """What an error says; empty where it fails to."""
    try:
        return str(error)
    except Exception:  # noqa: BLE001 - its class may be anybody's
        return ""


class ImgpipeError(Exception):
    """Any error that imgpipe raises on purpose."""


class UsageError(ImgpipeError):
    """The call is wrong; nothing was done."""


class RecipeError(UsageError):
    """A recipe names something unknown, or a value out of its range."""


class CollisionError(UsageError):
    """Two inputs would be written to the same output.

    Attributes:
        later: the inputs that would be written to where an earlier one is.
    """

    def __init__(self, message: str, later: frozenset[str] = frozenset()) -> None:
        super().__init__(message)
        self.later = later


class PictureError(ImgpipeError):
    """One picture cannot be processed; the others can."""


class NotAPicture(PictureError):
    """The content is in no format that imgpipe reads."""


class DamagedPicture(PictureError):
    """The picture is truncated or corrupt."""


class LimitExceeded(PictureError):
    """The picture is larger than a limit allows."""


class FilterFailed(PictureError):
    """A filter cannot work on this picture."""


class EncodingFailed(PictureError):
    """The chosen format cannot hold this picture."""


class RunError(ImgpipeError):
    """The run cannot go on."""


class OutputError(RunError):
    """The output cannot be written, and the next one could not either."""
