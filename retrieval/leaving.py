"""Ending a command with the exit code that was meant."""

import os
import sys
from collections.abc import Callable
from typing import NoReturn


def run_and_leave(command: Callable[[], None]) -> NoReturn:
    """Run a command line and end the process with its exit code, 0 unless it raised ``SystemExit`` with another.

    The process ends without the teardown of native libraries: a thread of one that is still starting then (Arrow's
    beside torch, in one run of four) aborts the process and replaces the exit code.
    """
    code = 0
    try:
        command()
    except SystemExit as ended:
        if isinstance(ended.code, str):
            sys.stderr.write(f"{ended.code}\n")
        code = ended.code if isinstance(ended.code, int) else int(ended.code is not None)
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)
