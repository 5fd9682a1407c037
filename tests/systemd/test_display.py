"""The screen's script with a compositor that cannot start, or is told to end: it is never up with nothing to show."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

from tests.systemd.units import FOLDER

HELPED = """
import os, signal, sys
if os.fork() == 0:
    signal.pause()  # as systemd's PAM helper: a child of the unit's first process, which never ends by itself
os.execvp(sys.argv[1], sys.argv[1:])
"""
CANNOT_START = f"""#!/bin/sh
exec {sys.executable} -c 'import os
try:
    os.waitpid(0, 0)  # as cage 0.1.4 ends when it cannot start: it waits for any child
except ChildProcessError:
    os._exit(1)'
"""
RUNS = """#!/bin/sh
trap 'echo cage ends; exit 0' TERM
echo "cage $* in $XDG_RUNTIME_DIR"
while :; do sleep 0.1; done
"""


def shown(folder: Path, cage: str, command: list[str]) -> subprocess.Popen[str]:
    """The command, with this for a compositor, in a process group of its own."""
    program = folder / "cage"
    program.write_text(cage)
    program.chmod(0o755)
    environment = {"PATH": f"{folder}:{os.defpath}", "RUNTIME_DIRECTORY": str(folder)}
    helped = [sys.executable, "-c", HELPED, *command]
    return subprocess.Popen(helped, env=environment, stdout=subprocess.PIPE, text=True, start_new_session=True)


def test_compositor_that_cannot_start_ends_so_that_its_unit_starts_it_again(tmp_path: Path) -> None:
    """By itself it would wait for the helper for ever, which is why there is a script."""
    with shown(tmp_path, CANNOT_START, ["sh", str(FOLDER / "display.sh"), "browser"]) as process:
        try:
            assert process.wait(timeout=30) == 1
        finally:
            os.killpg(process.pid, signal.SIGKILL)


def test_compositor_is_told_to_end_and_the_script_waits_for_it(tmp_path: Path) -> None:
    with shown(tmp_path, RUNS, ["sh", str(FOLDER / "display.sh"), "browser", "--kiosk"]) as process:
        try:
            assert process.stdout
            assert process.stdout.readline() == f"cage -d -s -- browser --kiosk in {tmp_path}\n"
            process.terminate()
            assert process.stdout.readline() == "cage ends\n"
            assert process.wait(timeout=30) == 0
        finally:
            os.killpg(process.pid, signal.SIGKILL)
