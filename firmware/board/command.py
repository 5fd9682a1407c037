"""Running one of the machine's own programs, as a collaborator that tests replace."""

from __future__ import annotations

import subprocess
from collections.abc import Callable, Sequence

TIMEOUT_S = 5.0

Runner = Callable[[Sequence[str]], str]
"""Runs a command and returns its standard output; raises OSError when it is missing, fails or takes too long."""


def run_command(command: Sequence[str]) -> str:
    """See Runner."""
    try:
        done = subprocess.run(command, capture_output=True, text=True, errors="replace", timeout=TIMEOUT_S, check=False)
    except subprocess.TimeoutExpired as error:
        raise TimeoutError(f"{command[0]} took more than {TIMEOUT_S:g} s") from error
    if done.returncode != 0:
        raise OSError(f"{command[0]} failed: {done.stderr.strip() or done.returncode}")
    return done.stdout
