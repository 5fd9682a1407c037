"""`python -m firmware`: the device's commands, and the composition root for all of them.

    analyse PHOTO...    what the kiosk would say of these photos
    align PHOTO|DIR OUT the aligned crops, as GestaltMatcher names them
    selftest            is this device able to work? exit 0 healthy
    camera, lights      what is connected, and does it work

Exit status: 0 done, 1 unhealthy (selftest), 2 wrong usage or an input that cannot be used, 130 stopped by Ctrl-C.
"""

from __future__ import annotations

import argparse
import io
import os
import sys
from collections.abc import Sequence

from firmware.commands import align, analyse, devices, selftest
from firmware.errors import KioskError

COMMANDS = (analyse, align, selftest, devices)


def parser() -> argparse.ArgumentParser:
    """Every command registers itself with its handler."""
    root = argparse.ArgumentParser(prog="python -m firmware", description="Phenokiosk's device commands.")
    subparsers = root.add_subparsers(dest="command", required=True, metavar="COMMAND")
    for command in COMMANDS:
        command.register(subparsers)
    return root


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command; an error is one line on stderr, never a traceback."""
    if isinstance(sys.stdout, io.TextIOWrapper):  # a file's name may hold bytes that no text can show
        sys.stdout.reconfigure(errors="backslashreplace")
    arguments = parser().parse_args(argv)
    try:
        return int(arguments.run(arguments))
    except KioskError as error:
        print(error, file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        return 130
    except BrokenPipeError:  # the reader of our output went away: `| head`
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0


if __name__ == "__main__":
    sys.exit(main())
