"""How the record commands are written on the command line. Apart from what they do, so that `--help` loads nothing."""

from __future__ import annotations

import argparse
from pathlib import Path

from kiosk.roles import STAFF, Role


def add_commands(parser: argparse.ArgumentParser) -> None:
    """Add the commands to the kiosk's parser; without one the kiosk runs."""
    commands = parser.add_subparsers(dest="command", metavar="COMMAND", title="records (stop the kiosk first)")
    audit = _group(commands, "audit", "the audit log")
    audit.add_parser("verify", help="check every entry").add_argument("--head", help="as an export has printed it")
    audit.add_parser("show", help="print it")
    pin = _group(commands, "pin", "the PIN that opens the records")
    setting = pin.add_parser("set", help="set or change it")
    setting.add_argument("--role", choices=[*STAFF], default=Role.CLINICIAN, help="whose (clinician)")
    pin.add_parser("forgot", help="ask the programme for a reset")
    pin.add_parser("reset", help="the programme's answer").add_argument("token")
    _group(commands, "clock", "the date").add_parser("accept", help="confirm that it is right")
    export = commands.add_parser("export", help="write what waits onto a stick, sealed to the programme")
    export.add_argument("stick", type=Path, metavar="FOLDER")
    export.add_argument("--again", action="store_true", help="also what was exported before")
    export.add_argument("--readable", metavar="CAMP_NUMBER", help="one subject's records in the clear, for a clinic")
    export.add_argument("--here", action="store_true", help="also into a folder of the device's own disk")
    commands.add_parser("erase", help="erase a subject's records").add_argument("camp_number")
    commands.add_parser("reseal", help="seal old records to the programme's new key")
    commands.add_parser("wipe", help="destroy the keys and all records").add_argument("--yes", action="store_true")


def _group(
    commands: argparse._SubParsersAction[argparse.ArgumentParser], name: str, what: str
) -> argparse._SubParsersAction[argparse.ArgumentParser]:
    group = commands.add_parser(name, help=what)
    return group.add_subparsers(dest="action", metavar="ACTION", required=True)
