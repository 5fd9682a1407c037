"""Bring a model to a device: `python -m tools.flash TARGET [--publication DIR]`.

TARGET is a folder (a stick), ssh://host, or file:///DIR of a device's root. It shows what is on the device and what
would change, then does it, and shows how the bundle did in the device's own self-test. --dry-run only shows. What is
not signed by enough is not even sent.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

from firmware.bundle.anchor import DEMONSTRATION, Anchor, anchor_of
from firmware.bundle.manifest import MANIFEST
from firmware.bundle.source import METADATA, SUBFOLDER, find_publication
from firmware.bundle.trust import verify_anew
from firmware.bundle.verify import load_bundle
from tools.errors import run_main
from tools.flash.targets import HOME, STATE, Said, Shipment, Stick, target_of

MODELS: Final = Path(__file__).parents[2] / "models"
STEPS: Final[Mapping[str, str]] = {
    "verify": "signatures",
    "copy": "copying",
    "prove": "self-test",
    "activate": "activating",
}


def flash(options: argparse.Namespace) -> int:
    """Show, and do; returns the exit status."""
    target = target_of(options.target, options.home, options.state)
    _shown(target.status())
    publication = find_publication(options.publication)
    anchor = anchor_of(options.trusted)
    shipment, names = shipment_of(publication, anchor)
    print(f"signed by enough: {'; '.join(names)}")
    words = [*(["--bundle", options.bundle] if options.bundle else []), *(["--again"] if options.again else [])]
    if options.dry_run:
        would = target.would(shipment, words)
        print(f"{would['bundle']['id']} {would['bundle']['version']} {would['said']}" if would else "would be copied")
        return 0
    target.install(shipment, words, Progress())
    if isinstance(target, Stick):
        shipment_of(target.folder / SUBFOLDER, anchor)  # read back, as a device will
        print(f"{target.folder / SUBFOLDER} holds it; a kiosk imports it when the stick is plugged in")
    return 0


def shipment_of(publication: Path, anchor: Anchor) -> tuple[Shipment, list[str]]:
    """What of a publication a device needs, checked as a device does, and its bundles' names. Raises BundleError."""
    signed = verify_anew(publication, anchor, datetime.now(UTC))
    files = [str(path.relative_to(publication)) for path in sorted((publication / METADATA).glob("*.json"))]
    names: list[str] = []
    for path in sorted(signed.targets):
        manifest = load_bundle((publication / path).parent).manifest
        files += [str(Path(path).with_name(name)) for name in (*manifest.files, MANIFEST)]
        names.append(f"{manifest.id} {manifest.version}, security epoch {manifest.release.security_epoch}")
    return Shipment(publication, tuple(files)), names


def _shown(status: Said | None) -> None:
    if status is None:
        return
    if not status["slots"]:
        print("on the device: no bundle")
    for letter, slot in sorted(status["slots"].items()):
        state = {status["trial"]: f"on trial, {status['tries_left']} tries left", status["good"]: "good"}
        print(f"on the device, slot {letter}: {slot['id']} {slot['version']}, {state.get(letter, 'in reserve')}")


class Progress:
    """Shows what the importer says: one line for each step, which at a terminal counts up."""

    def __init__(self) -> None:
        self._step = ""

    def __call__(self, said: Mapping[str, Any]) -> None:
        """Show one line of the importer's."""
        if "step" in said:
            self._count(said["step"], said["done"], said["of"])
            return
        print(f"{said['bundle']['id']} {said['bundle']['version']} {said['said']}")
        if proof := said.get("proof"):
            print(
                f"self-test on the device: {proof['latency_ms']:.1f} ms a crop, {proof['memory_mib']:.0f} MiB, "
                f"golden answers to {proof['probability']:.3f}"
            )

    def _count(self, step: str, done: int, of: int) -> None:
        at_terminal, whole = sys.stdout.isatty(), done >= of
        if at_terminal:
            print(f"\r{STEPS.get(step, step)} {100 * done // max(of, 1)} %", end="\n" if whole else "", flush=True)
        elif whole and step != self._step:
            self._step = step
            print(STEPS.get(step, step), "done")


def main(argv: Sequence[str] | None = None) -> int:
    """Run; returns the exit status."""
    parser = argparse.ArgumentParser(prog="python -m tools.flash", description=__doc__)
    parser.add_argument("target", metavar="TARGET", help="folder, ssh://[user@]host[:port] or file:///folder")
    parser.add_argument("--publication", type=Path, default=MODELS, metavar="DIR", help="default: the shipped one")
    parser.add_argument("--bundle", metavar="ID", help="which one, where there are several")
    parser.add_argument("--trusted", type=Path, default=DEMONSTRATION, metavar="ROOT.json", help="whom to believe here")
    parser.add_argument("--again", action="store_true", help="although it failed on the device before")
    parser.add_argument("--home", default=HOME, metavar="DIR", help="where the program is on the device, for ssh")
    parser.add_argument("--state", default=f"/{STATE}", metavar="DIR", help="where its state is, for ssh")
    parser.add_argument("--dry-run", action="store_true", help="only show what would be done")
    return flash(parser.parse_args(argv))


if __name__ == "__main__":
    run_main(main)
