"""`python -m kiosk`: run the kiosk, look at its configuration, or at its records.

Exit status: 0 ended as asked, 1 a core part failed, 2 wrong usage or configuration, 130 Ctrl-C while starting.
"""

from __future__ import annotations

import argparse
import logging
import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from firmware.errors import KioskError
from kiosk.memory import few_arenas
from kiosk.records.arguments import add_commands

if TYPE_CHECKING:
    from kiosk.settings import Settings


def main(argv: Sequence[str] | None = None) -> int:
    """Read the settings, then do what was asked; an error is one line, never a traceback."""
    arguments = _parser().parse_args(argv)
    logging.basicConfig(format="%(levelname)s %(name)s: %(message)s", level=logging.INFO)
    logging.getLogger("absl").setLevel(logging.ERROR)
    logging.getLogger("tuf").setLevel(logging.ERROR)  # what it finds wrong is one of our errors
    try:
        return _do(arguments)
    except KioskError as error:
        print(error, file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        return 130


def _do(arguments: argparse.Namespace) -> int:
    few_arenas()
    home = Path.cwd()
    # Imported here, since it takes half a second in which somebody may press Ctrl-C.
    from kiosk.app import serve
    from kiosk.building import check
    from kiosk.ending import Ended
    from kiosk.settings import SettingsDesk

    def open_desk() -> SettingsDesk:
        return SettingsDesk(arguments.config, arguments.set, check)

    if not (arguments.dump_config or arguments.check_config or arguments.command):
        ended = serve(open_desk, fallback=arguments.fallback)
        if ended is Ended.AGAIN:
            # The same process with fresh memory, since MediaPipe gives back little of its own: whoever watches over the
            # process, systemd or a terminal, notices nothing. From where it began: a library may have gone elsewhere.
            os.chdir(home)
            os.execv(sys.executable, [sys.executable, *sys.orig_argv[1:]])  # noqa: S606
        return int(ended is Ended.FAILED)
    desk = open_desk()
    if arguments.dump_config:
        print(desk.settings.dump(), end="")
        return 0
    if arguments.command and not arguments.check_config:  # which need no camera, and most of them no key either
        print(_records(arguments, desk.settings))
        return 0
    if arguments.check_config:
        check(desk.settings)
        print(desk.trouble or "the configuration is good")
    return 0


def _records(arguments: argparse.Namespace, settings: Settings) -> str:
    from firmware.clock import SystemClock
    from kiosk.building import open_dated_vault, state_folder
    from kiosk.campclock import CampClock
    from kiosk.records.commands import SEALING, run_command, wipe
    from kiosk.records.secret import open_secret

    if arguments.command == "wipe":
        folder = state_folder(settings)
        return wipe(folder, open_secret(settings.records.device_secret, folder), sure=arguments.yes)
    seals = arguments.command in SEALING
    return run_command(arguments, lambda: open_dated_vault(settings, CampClock(SystemClock()), programme=seals))


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m kiosk", description="Run the kiosk.")
    parser.add_argument("--config", type=Path, metavar="FILE", help="TOML file; --dump-config writes one")
    parser.add_argument("--set", action="append", default=[], metavar="SECTION.NAME=VALUE", help="override one setting")
    what = parser.add_mutually_exclusive_group()
    what.add_argument("--check-config", action="store_true", help="only say whether the configuration is good")
    what.add_argument("--dump-config", action="store_true", help="print every setting with its meaning")
    parser.add_argument("--fallback", action="store_true", help="serve a page that says why, when it cannot start")
    add_commands(parser)
    return parser


if __name__ == "__main__":
    sys.exit(main())
