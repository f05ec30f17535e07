"""The blocks of code in README.md and docs/, and the commands in them.

    ```sh                       commands, one a line; each must end with 0
    ```console                  a session: `$ command`, and what it prints, with `...` for anything
    ```console exit=1           its last command ends with 1
    ```console any-order        lines may come in another order
    ```sh needs=jq              not run where there is no jq
    ```sh not-run="REASON"      never run; REASON is one of `NOT_RUN`

A block in another language whose first line is a comment with the name of a file is that file.
"""

import re
import shlex
from dataclasses import dataclass, field
from pathlib import Path
from textwrap import dedent

ROOT = Path(__file__).parent.parent.parent
PAGES = [
    ROOT / "README.md",
    *sorted(page for page in (ROOT / "docs").rglob("*.md") if "_build" not in page.parts),
]

NOT_RUN = {
    "installs packages",
    "another program",
    "needs the repository",
    "needs a cluster",
    "needs a bucket",
    "runs until it is stopped",
}
"""Why a block may be left out."""

_FENCE = re.compile(r"^( *)(```+)([^`\n]*)\n(.*?)^\1\2`*$", re.MULTILINE | re.DOTALL)
_FILE = re.compile(r"# ([\w./-]+\.\w+|Makefile|crontab)\n")


@dataclass(frozen=True)
class Block:
    line: int
    language: str
    text: str
    options: dict[str, str] = field(default_factory=dict)

    @property
    def file(self):
        """The name of the file that the block is, or None."""
        found = None if self.language in ("sh", "console") else _FILE.match(self.text)
        return found and found[1]


@dataclass(frozen=True)
class Command:
    line: int
    text: str
    output: str = ""
    status: int = 0
    any_order: bool = False


def read_blocks(text):
    for found in _FENCE.finditer(text):
        indent, _, info, body = found.groups()
        language, *options = shlex.split(info) or [""]
        pairs = (option.partition("=") for option in options)
        line = text.count("\n", 0, found.start()) + 2
        yield Block(line, language, dedent(body) if indent else body, {name: value for name, _, value in pairs})


def without_blocks(text):
    """The same text, with empty lines where blocks were."""
    return _FENCE.sub(lambda found: "\n" * found[0].count("\n"), text)


def read_commands(block):
    commands = list(_in_session(block) if block.language == "console" else _one_a_line(block))
    *before, last = commands
    changed = Command(last.line, last.text, last.output, int(block.options.get("exit", 0)), last.any_order)
    return [*before, changed]


def _one_a_line(block):
    for line, text in _joined(block.text, block.line):
        if text.strip() and not text.lstrip().startswith("#"):
            yield Command(line, text)


def _in_session(block):
    start, command, output = 0, "", []
    for line, text in [*_joined(block.text, block.line), (0, "$ ")]:
        if text.startswith("$ "):
            if command:
                yield Command(start, command, "".join(output), any_order="any-order" in block.options)
            start, command, output = line, text[2:], []
        else:
            assert command, f"line {line}: a session begins with `$ `"
            output.append(text + "\n")


def _joined(text, start):
    """Lines with their numbers; one that ends in a backslash goes on in the next."""
    begun, held = start, ""
    for number, line in enumerate(text.splitlines(), start):
        begun = begun if held else number
        held += line.removeprefix("> ") if held else line
        if line.endswith("\\"):
            held += "\n"
        else:
            yield begun, held
            held = ""
