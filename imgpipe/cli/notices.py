"""What a person is told before a run begins."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from typing import Any

from imgpipe.codecs import by_extension
from imgpipe.discovery import may_be_input
from imgpipe.naming import printable
from imgpipe.plan import Plan

WEB_READY_NOTICE = (
    "No filter or format was asked for: making web-ready copies "
    "(upright, inside 2048x2048 px, never enlarged, sRGB, same format, quality 82)"
)


def notices(plan: Plan, given: Mapping[str, Any], *, web_ready: bool) -> Iterator[str]:
    """What is to be said of a plan; `given` are the options of the command line."""
    if web_ready:
        yield WEB_READY_NOTICE
    if _becomes_a_folder(plan, given["target"]):
        yield printable(f"OUTPUT is a folder, and {given['target']} becomes one")
    if plan.total == 0:
        yield printable(_nothing_in(given))
    if given["prune"] and not plan.may_prune:
        why = "a folder cannot be listed" if plan.unlisted else "there is no input"
        yield f"nothing is pruned, for {why}"


def _becomes_a_folder(plan: Plan, target: str) -> bool:
    """Whether OUTPUT is called like a picture, and nothing stands there."""
    is_folder = not (plan.target.remote or plan.target.samples)
    return is_folder and by_extension(target) is not None and not os.path.lexists(plan.target.root)


def _nothing_in(given: Mapping[str, Any]) -> str:
    """Why there is no input, as far as that can be seen."""
    import shlex

    source, target = given["source"], given["target"]
    globs = [f"--{kind} {shlex.quote(glob)}" for kind in ("include", "exclude") for glob in given[kind]]
    if globs:
        return f"no files in {source} with {' '.join(globs)}"
    if given["files_from"]:
        return f"no names in {given['files_from']}"
    return f"no files in {source}" + (f", but in {target}: INPUT comes first" if may_be_input(target) else "")
