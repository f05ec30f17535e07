"""Runs the commands of a page one after another, in one shell, and says which of them did not do as the page says."""

import doctest
import re
import shutil
import subprocess
from pathlib import Path

from tests.docs.blocks import NOT_RUN, read_blocks, read_commands

_FIGURE = re.compile(r"\d+(?:\.\d+)?(?= (?:s|images/s|[kMG]?B)\b)|(?<=\.)[0-9a-f]{8}(?=\.)")
"""Seconds, speed, sizes and hashes, which are others on another machine or with another version of a codec."""


_PROGRESS = re.compile(r"^imgpipe: \d+ of \d+, .+ left.*\n", re.MULTILINE)
"""What a log is told where a command takes long here; the reader's terminal shows a bar, which goes."""


def run_page(text, folder, environment):
    """Do what a page says, in a folder. Returns what went wrong, a text for each; the first one ends it."""
    script = ["set -u"]
    commands = []
    for block in read_blocks(text):
        if block.file:
            script.append(_writing(block))
        if block.language not in ("sh", "console") or not _may_run(block):
            continue
        for command in read_commands(block):
            script += _running(command, len(commands))
            commands.append(command)
    logs = folder / ".logs"
    logs.mkdir()
    subprocess.run(
        ["bash", "-c", "\n".join(script)],
        cwd=folder,
        env=environment | {"LOGS": str(logs)},
        stdin=subprocess.DEVNULL,
        timeout=300,
        check=False,
    )
    return [wrong for number, command in enumerate(commands) if (wrong := _wrong(command, logs / str(number)))][:1]


def _may_run(block):
    if "not-run" in block.options:
        assert block.options["not-run"] in NOT_RUN, f"line {block.line}: not-run says one of {NOT_RUN}"
        return False
    return "needs" not in block.options or shutil.which(block.options["needs"]) is not None


def _writing(block):
    return f"mkdir -p \"$(dirname '{block.file}')\"\ncat >'{block.file}' <<'END OF FILE'\n{block.text}END OF FILE"


def _running(command, number):
    log = f'"$LOGS"/{number}'
    yield f"{{\n{command.text}\n}} >{log} 2>&1"
    yield f"status=$?; echo $status >{log}.status; [ $status -eq {command.status} ] || exit 1"


def _wrong(command, log: Path):
    shown = f"line {command.line}: $ {command.text}\n"
    if not log.with_suffix(".status").exists():
        return f"{shown}was not reached, or ended the shell"
    got, status = _PROGRESS.sub("", log.read_text(errors="replace")), int(log.with_suffix(".status").read_text())
    if status != command.status:
        return f"{shown}ended with {status} and not with {command.status}:\n{got}"
    if command.output and not _alike(command.output, got, command.any_order):
        return f"{shown}printed\n{got}\nand not\n{command.output}"
    return None


def _alike(said, got, any_order):
    said, got = (_FIGURE.sub("0", text.expandtabs()) for text in (said, got))
    if any_order:
        said, got = ("".join(sorted(text.splitlines(keepends=True))) for text in (said, got))
    return doctest.OutputChecker().check_output(said, got, doctest.ELLIPSIS)
