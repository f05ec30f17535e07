"""The `@filter` decorator: a plain function becomes a filter that a recipe can name."""

from __future__ import annotations

import inspect
import os
import sys
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Literal, TypeAlias, overload

from imgpipe.errors import RecipeError
from imgpipe.filters.option import Option, Value, read_options
from imgpipe.filters.traits import Alpha, AsStored, Check, LeastSize, Swaps, Traits, any_size
from imgpipe.main_module import main_module_is_no_file
from imgpipe.orientation import settled
from imgpipe.picture import Picture

if TYPE_CHECKING:
    from imgpipe.filters.operation import Operation

Takes: TypeAlias = Literal["array", "image", "picture"]
_KINDS: dict[str, Takes] = {"ndarray": "array", "NDArray": "array", "Image": "image", "Picture": "picture"}


class Filter:
    """A filter: the function, its options, and what the pipeline must know.

    Called with pixels it is still the function; called with options only, it is a step for a recipe:

        >>> import imgpipe
        >>> imgpipe.filters.brightness(factor=1.2)
        Operation('brightness:factor=1.2')
    """

    def __init__(self, function: Callable[..., Any], name: str, traits: Traits) -> None:
        self.function = function
        self.name = name
        self.takes, self.options = _read_signature(function, name)
        if traits.pointwise and self.takes != "array":
            raise TypeError(
                f"filter {name}: it is pointwise and is shown levels; annotate its first parameter np.ndarray"
            )
        self.__doc__ = function.__doc__
        self.__name__ = function.__name__
        self.__module__ = function.__module__
        self.__qualname__ = function.__qualname__
        self.__wrapped__ = function
        if not self.built_in:
            from imgpipe.filters.own import guarded

            traits = guarded(traits, name)
        self.traits = traits

    def __call__(self, /, *pixels: Any, **options: Any) -> Any:
        """Run on pixels, or make the step for a recipe where only options are given.

        Args:
            pixels: what the function's first parameter takes; a pointwise one takes levels, see `Traits`.
            options: by name.

        Raises:
            RecipeError: an option is wrong, or is given without its name.
        """
        if not pixels:
            return self.operation(options)
        if isinstance(pixels[0], str | float | int | None):
            raise RecipeError(f"filter {self.name}: options are given by name{self._as_an_example(pixels[0])}")
        result = self.function(*pixels, **options)
        return settled(result) if isinstance(result, Picture) else result

    def operation(self, options: dict[str, Value]) -> Operation:
        """The step that runs this filter with these options; RecipeError where one is wrong."""
        from imgpipe.filters.operation import check_operation

        return check_operation(self, options)

    def _as_an_example(self, value: Value) -> str:
        return f", as {self.__name__}({self.options[0].name}={value!r})" if self.options else "; it has none"

    @property
    def reference(self) -> str:
        """Where the filter is defined, as `module:name`; workers import it from there."""
        return f"{self.__module__}:{self.__qualname__}"

    @property
    def definition(self) -> str:
        """`reference`, and for a filter of one's own a hash of the file that it stands in.

        It counts in the digest of a recipe: what was made with another version of the file is made anew.
        """
        path = None if self.built_in else getattr(sys.modules.get(self.__module__), "__file__", None)
        if path is None or not os.path.isfile(path):
            return self.reference
        import hashlib

        with open(path, "rb") as file:
            return f"{self.reference}@{hashlib.file_digest(file, 'sha256').hexdigest()[:16]}"

    @property
    def spelling(self) -> str:
        """What a recipe calls it: its name if it comes with imgpipe, else its reference."""
        return self.name if self.built_in else self.reference

    @property
    def built_in(self) -> bool:
        """Whether it comes with imgpipe."""
        return self.__module__.startswith("imgpipe.filters.")

    def __eq__(self, other: object) -> bool:
        return self.reference == other.reference if isinstance(other, Filter) else NotImplemented

    def __hash__(self) -> int:
        return hash(self.reference)

    def __reduce__(self) -> tuple[Callable[[str], Filter], tuple[str]]:
        at_prompt = self.__module__ == "__main__" and main_module_is_no_file()
        if at_prompt or "<locals>" in self.reference:
            place = "in a notebook or at a prompt" if at_prompt else "inside a function"
            raise RecipeError(
                f"filter {self.name} is defined {place} ({self.reference}), where workers cannot import it "
                "from: define it at the top of a module"
            )
        from imgpipe.filters.loading import load

        return load, (self.reference,)

    def __repr__(self) -> str:
        return f"<filter {self.name}>"


@overload
def filter(function: Callable[..., Any]) -> Filter: ...  # noqa: A001 - the name that users write
@overload
def filter(  # noqa: A001
    *,
    name: str | None = None,
    alpha: Alpha = "apart",
    colour: bool = False,
    least_size: LeastSize | None = None,
    check: Check | None = None,
    swaps: Swaps | None = None,
    as_stored: AsStored | None = None,
    windowed: bool = False,
    pointwise: bool = False,
) -> Callable[[Callable[..., Any]], Filter]: ...
def filter(  # noqa: A001, PLR0913 - each is one of the traits
    function: Callable[..., Any] | None = None,
    *,
    name: str | None = None,
    alpha: Alpha = "apart",
    colour: bool = False,
    least_size: LeastSize | None = None,
    check: Check | None = None,
    swaps: Swaps | None = None,
    as_stored: AsStored | None = None,
    windowed: bool = False,
    pointwise: bool = False,
) -> Filter | Callable[[Callable[..., Any]], Filter]:
    """Make a filter of a plain function.

    The first parameter is the picture, and its annotation says what is wanted: `np.ndarray` (H x W x
    bands, uint8 0-255 or uint16 0-65535, read-only; the result is a new array of the same dtype),
    `PIL.Image.Image` (8 bits a sample only) or `Picture` (all frames at once). The other parameters are
    the options: each is annotated `str`, `int`, `float`, `bool`, a `Literal` of strings, or one of these
    `| None`; a range and unit are given as `Annotated[float, Range(0, 10, "px")]`. The docstring is the
    filter's help.

    Args:
        function: the function, where the decorator is used without parentheses.
        name: in recipes; the function's name with `-` for `_` by default.
        alpha: what the filter is shown of transparent pictures, see `imgpipe.filters.traits.Traits`.
        colour: widen grey pictures to RGB first.
        least_size: see `imgpipe.filters.traits.Traits`.
        check: see `imgpipe.filters.traits.Traits`.
        swaps: see `imgpipe.filters.traits.Traits`.
        as_stored: see `imgpipe.filters.traits.Traits`.
        windowed: see `imgpipe.filters.traits.Traits`.
        pointwise: see `imgpipe.filters.traits.Traits`.

    Raises:
        TypeError: a parameter has no annotation, or one that an option cannot have.

    >>> import numpy as np
    >>> @filter
    ... def halve(pixels: np.ndarray, times: int = 1) -> np.ndarray:
    ...     "Darken by halves."
    ...     return pixels >> times
    >>> halve(times=2)
    Operation('halve:times=2')
    """

    def decorate(function: Callable[..., Any]) -> Filter:
        if isinstance(function, type) or not (callable(function) and hasattr(function, "__name__")):
            raise TypeError(f"{function!r} is no function; a name is given by name: @imgpipe.filter(name=...)")
        rule = least_size or (any_size if pointwise else None)
        traits = Traits(alpha, colour, rule, check, swaps, as_stored, windowed, pointwise)
        return Filter(function, name or function.__name__.replace("_", "-"), traits)

    return decorate(function) if function is not None else decorate


def _read_signature(function: Callable[..., Any], name: str) -> tuple[Takes, tuple[Option, ...]]:
    parameters = list(inspect.signature(function).parameters.values())
    if not parameters or parameters[0].annotation is inspect.Parameter.empty:
        raise TypeError(f"filter {name}: its first parameter is the pixels; annotate it np.ndarray")
    first, *rest = parameters
    annotation = first.annotation if isinstance(first.annotation, str) else inspect.formatannotation(first.annotation)
    kind = annotation.partition("[")[0].rpartition(".")[2]
    if kind not in _KINDS:
        raise TypeError(
            f"filter {name}: annotate its first parameter np.ndarray, Image.Image or Picture, not {annotation}"
        )
    return _KINDS[kind], read_options(rest, function)
