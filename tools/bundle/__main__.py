"""Model bundles: built, described and checked; signed by those who release them; published for devices.

    build        a bundle of a converted network        release      its version, epoch and golden answers
    calibrate    to other people, its network kept      check        verify and open it as the device does
    describe     figures of other photos, for its card
    key, root    who may sign                           sign         release a bundle, one person at a time
    publish      date it, so that devices see it        verify       read a publication as a device does
    inspect      what a bundle or a publication says

models/README.md describes the formats, docs/updates.md the way from a network to a device.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path

from firmware.backends import BACKENDS
from firmware.bundle.manifest import plain_word
from firmware.bundle.verify import load_bundle
from tools.bundle import signing
from tools.bundle.releasing import renew
from tools.bundle.usable import usable
from tools.elsewhere import describe
from tools.errors import run_main


def build(options: argparse.Namespace) -> int:
    """Make a bundle of a converted network: the one action that needs torch."""
    from tools.bundle.building import build as made

    return made(options)


def fit(options: argparse.Namespace) -> int:
    """Fit a bundle that is there to other people."""
    from tools.bundle.calibrating import calibrate

    return calibrate(options)


def add_reports(options: argparse.Namespace) -> int:
    """Write the figures of reports into a bundle that is there."""
    describe(options.bundle, options.report)
    load_bundle(options.bundle)
    return 0


def check(options: argparse.Namespace) -> int:
    """Verify a bundle as the device does; a defect is one line and exit status 2."""
    bundle = usable(options.bundle)
    print(f"{bundle.manifest.id} {bundle.manifest.version}: every file is the one its manifest names")
    return 0


def _word(name: str, text: str) -> str:
    try:
        return plain_word(name, text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from error


def _id(text: str) -> str:
    return _word("id", text)


def _version(text: str) -> str:
    return _word("version", text)


def main(argv: Sequence[str] | None = None) -> int:
    """Run one action; returns the exit status."""
    parser = argparse.ArgumentParser(
        prog="python -m tools.bundle", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    actions = parser.add_subparsers(required=True, metavar="ACTION")
    builder = actions.add_parser("build", help="make a bundle")
    builder.set_defaults(action=build)
    builder.add_argument("--converted", type=Path, required=True, metavar="FOLDER", help="what tools.convert wrote")
    builder.add_argument("--state-dict", type=Path, required=True, metavar="M.pt", help="with train.json beside it")
    builder.add_argument("--data", nargs="+", type=Path, required=True, metavar="DIR")
    builder.add_argument("--out", type=Path, required=True, metavar="DIR")
    builder.add_argument("--id", type=_id, default="phantom")
    builder.add_argument("--version", type=_version, default="0.1.0")
    builder.add_argument(
        "--epoch", type=int, default=1, help="security epoch: raised when older ones must never run again"
    )
    builder.add_argument("--created", default="2026-11-20", help="date that the manifest states")
    builder.add_argument("--per-class", type=int, default=30, help="reference subjects per class")
    builder.add_argument("--command", action="append", default=[], help="a command that led here, for provenance")
    fitter = actions.add_parser("calibrate", help="fit geometry and limits to other people, the network as it is")
    fitter.set_defaults(action=fit)
    fitter.add_argument("bundle", type=Path, metavar="DIR")
    fitter.add_argument("--data", nargs="+", type=Path, required=True, metavar="FOLDER")
    fitter.add_argument("--version", type=_version, required=True)
    fitter.add_argument("--command", action="append", default=[], help="a command that led here, for provenance")
    describer = actions.add_parser("describe", help="add figures of other photos to the card")
    describer.set_defaults(action=add_reports)
    describer.add_argument("bundle", type=Path, metavar="DIR")
    describer.add_argument("--report", action="append", default=[], metavar="NAME=FILE", help="of tools.evaluate")
    checker = actions.add_parser("check", help="verify a bundle")
    checker.set_defaults(action=check)
    checker.add_argument("bundle", type=Path)
    renewer = actions.add_parser("release", help="give a bundle that is there a version, an epoch and golden answers")
    renewer.set_defaults(action=renew)
    renewer.add_argument("bundle", type=Path, metavar="DIR")
    renewer.add_argument("--version", type=_version, required=True)
    renewer.add_argument("--epoch", type=int, required=True, help="security epoch, never below the last one")
    renewer.add_argument("--golden", type=Path, required=True, metavar="PHOTOS", help="photos for the golden answers")
    renewer.add_argument(
        "--mesh", choices=sorted(BACKENDS), help="another face mesh than it was trained with: demonstrations"
    )
    renewer.add_argument("--task", type=Path, metavar="FILE", help="FaceLandmarker's file, for the bundle to carry")
    signing.register(actions)
    options = parser.parse_args(argv)
    status: int = options.action(options)
    return status


if __name__ == "__main__":
    run_main(main)
