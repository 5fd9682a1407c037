"""The centre's side of the records: `python -m tools.records keys|open|list|token`.

keys DIR                                            makes the programme's keys and prints what goes onto the devices
open ARCHIVE... --identity KEY [KEY...] [--out DIR] writes every record: JSON, Phenopacket, FHIR, consented photos
list ARCHIVE... --identity KEY [KEY...]             whose archives they are, and the head of the device's audit chain
token QUESTION --signing KEY                        answers a device that has asked for a reset of its PIN

KEY is a file that `keys` wrote (identity.txt, signing.txt). Anybody can seal records to the programme: with --devices
FILE `open` and `list` take only what a device has signed that is in the file, a line each as the device's first line of
`python -m kiosk audit show` is. Nothing here needs torch.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path

from kiosk.records.reset import answer
from tools.errors import run_main
from tools.records.keys import make_keys, read_devices, read_identities, read_signing
from tools.records.opening import beside, describe, open_archives


def _keys(options: argparse.Namespace) -> None:
    print(make_keys(options.folder), end="")


def _open(options: argparse.Namespace) -> None:
    identities, devices = read_identities(options.identity), _devices(options)
    out = options.out or beside(options.archives[0], identities)
    print(f"{open_archives(options.archives, identities, out, devices)} records in {out}")
    print(_trust(options))


def _list(options: argparse.Namespace) -> None:
    for line in describe(options.archives, read_identities(options.identity), _devices(options)):
        print(line)
    print(_trust(options))


def _devices(options: argparse.Namespace) -> dict[str, str] | None:
    return read_devices(options.devices) if options.devices else None


def _trust(options: argparse.Namespace) -> str:
    if options.devices:
        return f"origin checked: every archive is signed by a device of {options.devices}"
    return "ORIGIN NOT CHECKED: anybody who has the programme's public key can have made this; name --devices FILE"


def _token(options: argparse.Namespace) -> None:
    print(answer(options.question.strip(), read_signing(options.signing)))


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m tools.records", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    keys = commands.add_parser("keys", help="make the programme's keys")
    keys.add_argument("folder", type=Path, metavar="DIR")
    keys.set_defaults(run=_keys)
    for name, run, what in (("open", _open, "write every record"), ("list", _list, "say what archives are")):
        command = commands.add_parser(name, help=what)
        command.add_argument("archives", nargs="+", type=Path, metavar="ARCHIVE")
        command.add_argument("--identity", nargs="+", type=Path, required=True, metavar="KEY")
        command.add_argument(
            "--devices", type=Path, metavar="FILE", help="list of the devices that may have written them"
        )
        command.set_defaults(run=run)
        if run is _open:
            where = "a folder that is not there yet (records-DEVICE-NUMBER beside the first archive)"
            command.add_argument("--out", type=Path, metavar="DIR", help=where)
    token = commands.add_parser("token", help="answer a device that has asked for a reset of its PIN")
    token.add_argument("question", metavar="QUESTION")
    token.add_argument("--signing", type=Path, required=True, metavar="KEY")
    token.set_defaults(run=_token)
    return parser


def main(argv: Sequence[str] | None = None) -> int:
    """Do what is asked; returns the exit status."""
    options = _parser().parse_args(argv)
    options.run(options)
    return 0


if __name__ == "__main__":
    run_main(main)
