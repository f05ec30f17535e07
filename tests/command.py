"""The command line as a person calls it, each call a process of its own."""

import subprocess
import sys


def imgpipe(*arguments: object, **options: object) -> subprocess.CompletedProcess:
    settings = {"capture_output": True, "text": True, "timeout": 60, "stdin": subprocess.DEVNULL} | options
    return subprocess.run([sys.executable, "-m", "imgpipe", *map(str, arguments)], check=False, **settings)
