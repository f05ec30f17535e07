"""Filters of one's own: what their authors declare and give back may be wrong, and costs a picture then, or no run."""

from __future__ import annotations

import functools
import math
import signal
import threading
from collections.abc import Callable
from typing import Any, get_args

from imgpipe.errors import FilterFailed, ImgpipeError, RecipeError, described
from imgpipe.filters.traits import Alpha, Traits
from imgpipe.picture import Picture

_RULES = ("least_size", "check", "swaps", "as_stored")
_OPENCV_NO_MEMORY = -4


def guarded(traits: Traits, name: str) -> Traits:
    """The traits, whose functions fail by the filter's name.

    Raises:
        TypeError: they are none that a filter can have.
    """
    if traits.alpha not in get_args(Alpha):
        raise TypeError(f"filter {name}: alpha is {', '.join(get_args(Alpha))}, not {traits.alpha!r}")
    rules = {rule: getattr(traits, rule) for rule in _RULES if getattr(traits, rule) is not None}
    for rule, function in rules.items():
        if not callable(function):
            raise TypeError(f"filter {name}: {rule} is a function, not {function!r}")
    made: dict[str, Any] = {
        rule: _guarded(function, f"filter {name}: its {rule}", RecipeError if rule == "check" else FilterFailed)
        for rule, function in rules.items()
    }
    if "least_size" in made:
        made["least_size"] = _giving_a_size(made["least_size"], name)
    return traits._replace(**made)


def blamed(what: str, error: BaseException, kind: type[ImgpipeError] = FilterFailed) -> BaseException:
    """What an error of a filter, or of its rule, is told as; the error itself where it means something by itself."""
    if isinstance(error, (ImgpipeError, MemoryError)) or _is_interrupt(error):
        return error
    if getattr(error, "code", None) == _OPENCV_NO_MEMORY:
        return MemoryError(str(error))
    return kind(f"{what} failed: {described(error)}")


def keeping_nothing(function: Callable[[Any], Any]) -> Callable[[Any], Any]:
    """The function, whose results are copies: it may give the same memory for the next frame."""

    def copying(shown: Any) -> Any:
        result = function(shown)
        return result.copy() if result is not shown and hasattr(result, "copy") else result

    return copying


def check_frames(picture: Picture, name: str) -> None:
    """See that a whole picture can be gone on with; FilterFailed where it cannot."""
    for frame in picture.frames:
        if not _is_frame(frame):
            raise FilterFailed(
                f"filter {name} returned a Picture with a frame that is {type(frame).__name__}"
                f"{_kind(frame)}; frames are images of mode L, LA, RGB, RGBA or CMYK, or arrays of uint16, "
                "height x width x bands"
            )
    if picture.durations and len(picture.durations) != len(picture.frames):
        raise FilterFailed(
            f"filter {name} returned a Picture with {len(picture.frames)} frames and {len(picture.durations)} durations"
        )


def _is_frame(frame: Any) -> bool:
    if hasattr(frame, "dtype"):
        return bool(frame.dtype == "uint16" and frame.ndim == 3 and frame.shape[2] in (1, 2, 3, 4) and frame.size)
    return getattr(frame, "mode", None) in ("L", "LA", "RGB", "RGBA", "CMYK") and 0 not in frame.size


def _kind(frame: Any) -> str:
    if hasattr(frame, "dtype"):
        return f" of {frame.dtype}, shape {frame.shape}"
    return f" of mode {frame.mode}, {frame.size}" if hasattr(frame, "mode") else ""


def _is_interrupt(error: BaseException) -> bool:
    """Whether it may be a Ctrl-C: where none arrives, the filter has raised it by itself."""
    heeded = signal.getsignal(signal.SIGINT) is not signal.SIG_IGN
    return isinstance(error, KeyboardInterrupt) and heeded and threading.current_thread() is threading.main_thread()


def _guarded(rule: Callable[..., Any], what: str, kind: type[ImgpipeError]) -> Callable[..., Any]:
    @functools.wraps(rule)
    def guarded(*size: Any, **options: Any) -> Any:
        try:
            return rule(*size, **options)
        except BaseException as error:
            told = blamed(what, error, kind)
            if told is error:
                raise
            raise told from error

    return guarded


def _giving_a_size(rule: Callable[..., Any], name: str) -> Callable[..., Any]:
    @functools.wraps(rule)
    def sized(*size: Any, **options: Any) -> Any:
        found = rule(*size, **options)
        if found is not None and not _is_size(found):
            raise FilterFailed(
                f"filter {name}: its least_size returned {found!r}; it is (width, height) in px, or None"
            )
        return found

    return sized


def _is_size(found: Any) -> bool:
    return isinstance(found, tuple) and len(found) == 2 and all(map(_is_length, found))


def _is_length(number: Any) -> bool:
    return isinstance(number, (int, float)) and math.isfinite(number) and number >= 0
