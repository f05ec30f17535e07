"""What is wrong with a call, in one line: what happened, to what, and what to do."""

from __future__ import annotations

import errno
import os
import sys
from collections.abc import Sequence
from itertools import pairwise

import click

from imgpipe.concurrency.room import RAISE_LIMITS
from imgpipe.filters.option import closest

_MAY_BE_EMPTY = {"--suffix", "--name"}
_INPUT = {"-i", "--in", "--input"}
_OUTPUT = {"-o", "--out", "--output"}
_SHOWN = 3


def wrong_call(error: click.ClickException) -> str:
    """One line about a call that click refuses, with the command whose help says more."""
    context: click.Context | None = getattr(error, "ctx", None)
    if isinstance(error, click.NoSuchOption):
        message = _no_option(error.option_name, context)
    elif isinstance(error, click.BadOptionUsage):
        message = f"{error.option_name} {'needs a value' if 'requires' in error.message else 'takes no value'}"
    elif isinstance(error, click.MissingParameter):
        message = f"{_name(error, context)} is missing"
    elif isinstance(error, click.BadParameter):
        message = f"{_name(error, context)}: {error.message}".rstrip(".")
    elif error.message.startswith("Got unexpected extra argument"):
        message = _too_many(error.message, context)
    else:
        message = error.format_message().rstrip(".")
    return f"{message} {_usage(context)}".rstrip()


def bug(error: BaseException) -> str:
    """One line about an error that nobody expected."""
    what = " ".join(f"{type(error).__name__}: {error}".split())
    return (
        f"this is a bug in imgpipe: {what}. Please report it, with the command and what `imgpipe doctor` prints"
        f"{'' if is_verbose() else '; `imgpipe -v ...` shows more'}"
    )


def system_error(error: OSError) -> str:
    """One line about what the system refused, and for which file."""
    try:
        os.getcwd()
    except OSError:
        return "the folder that you are in is gone; go to another one"
    if error.errno in (errno.EMFILE, errno.ENFILE):
        return f"the system says: {error.strerror}; {RAISE_LIMITS}"
    where = "standard output, or a file" if error.filename is None else os.fsdecode(error.filename)
    return f"{where}: {error.strerror or error}; mend that and run the same command again"


def is_verbose() -> bool:
    """Whether the call asks for tracebacks, as far as that can be known where it was not understood."""
    return not {"-v", "--verbose"}.isdisjoint(sys.argv)


def empty_word(words: Sequence[str]) -> str | None:
    """One line about an empty word in a call, where there is one: what it would mean is never what was meant."""
    are_options = True
    for before, word in pairwise(words):
        option, equals, value = word.partition("=")
        if not word and not (are_options and before in _MAY_BE_EMPTY):
            return f"behind {before} stands an empty word; a variable that is not set?"
        are_options = are_options and word != "--"
        if are_options and option.startswith("--") and equals and not value and option not in _MAY_BE_EMPTY:
            return f"{word} says nothing; a variable that is not set?"
    return None


def one_dash(words: Sequence[str], commands: click.Group) -> str:
    """One line about a long option with one dash, as ImageMagick has them; else empty.

    To be asked where a call is wrong: `-resize` is read as `-r -e...`, and `-format` as `-f ormat`.
    """
    context = click.Context(commands, info_name="imgpipe")
    if words and (command := commands.get_command(context, words[0])) is not None:
        context = click.Context(command, context, info_name=words[0])
    params = [param for param in context.command.get_params(context) if isinstance(param, click.Option)]
    options = {option: param for param in params for option in (*param.opts, *param.secondary_opts)}
    for before, word in pairwise(["", *words]):
        if word == "--":
            break
        meant = "-" + word.partition("=")[0]
        is_value = before in options and not options[before].is_flag
        if meant.startswith("--") and meant in options and meant != word and not is_value:
            return f"there is no option {word}; did you mean {meant}? {_usage(context)}"
    return ""


def _no_option(name: str, context: click.Context | None) -> str:
    params = context.command.get_params(context) if context is not None else []
    valid = [option for param in params for option in (*param.opts, *param.secondary_opts) if option.startswith("--")]
    return f"there is no option {name}{_meant(name, params, valid)}"


def _meant(name: str, params: Sequence[click.Parameter], valid: Sequence[str]) -> str:
    """What other tools have an option for and this one a filter or an argument, or the nearest option."""
    from imgpipe.filters.catalogue import is_named

    arguments = {param.metavar for param in params if isinstance(param, click.Argument)}
    if name in _INPUT | _OUTPUT and arguments == {"INPUT", "OUTPUT"}:
        return f"; {'INPUT stands before OUTPUT' if name in _INPUT else 'OUTPUT stands behind INPUT'}, without one"
    if "--filter" in valid and is_named(name.lstrip("-")):
        return f"; it is a filter: -F {name.lstrip('-')}"
    near = closest(name, valid)
    return f"; did you mean {near}?" if near else ""


def _name(error: click.BadParameter, context: click.Context | None) -> str:
    """An option as it is written, an argument as the usage calls it."""
    if error.param is None:
        return str(error.param_hint or "the call")
    if isinstance(error.param, click.Option) or context is None:
        return error.param.opts[0]
    return error.param.make_metavar(context)


def _too_many(message: str, context: click.Context | None) -> str:
    words = message[message.find("(") + 1 : message.rfind(")")].split(" ")
    more = f" and {len(words) - _SHOWN} more" if len(words) > _SHOWN + 1 else ""
    named = " ".join(words if not more else words[:_SHOWN]) + more
    params = context.command.get_params(context) if context is not None else []
    options = {option for param in params for option in param.opts}
    advice = ""
    if "--include" in options:
        advice = "; INPUT is one folder or file, and --include '*.jpg' chooses in it"
    elif "--recipe" in options and not any(isinstance(param, click.Argument) for param in params):
        advice = "; a recipe stands behind -c"
    return f"too many arguments: {named}{advice}"


def _usage(context: click.Context | None) -> str:
    return f"({context.command_path} --help)" if context is not None else ""
