"""`python -m firmware.bundle --state DIR ...`: the device's side of flashing, for units, SSH and people.

    status              what the slots hold, what runs, and what is on trial
    import FOLDER       install the signed bundle of a stick, a folder or a web server; on trial from the next start
    mark-good           wait until the kiosk is well with the bundle on trial, then keep it for good
    fall-back           go back to the other bundle

A process of its own, small and without camera and MediaPipe, so that it can be killed at any moment and watched over.
Exit status: 0 done or nothing to do, 1 the kiosk did not get well, 2 refused or wrong usage.
"""

from __future__ import annotations

import argparse
import functools
import json
import os
import sys
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

from firmware.bundle.anchor import PROGRAMME, anchor_of
from firmware.bundle.importing import Wanted, import_bundle, look
from firmware.bundle.judging import ask, wait_until_well
from firmware.bundle.selection import Selection, is_active
from firmware.bundle.slots import FOLDER, Slots
from firmware.clock import SystemClock
from firmware.errors import KioskError, StateError


def status(arguments: argparse.Namespace, slots: Slots) -> int:
    """Print what is where."""
    selection = slots.selection()
    if arguments.json:
        print(json.dumps({**asdict(selection), "active": selection.active, "seen": str(slots.state.seen)}))
    else:
        print("\n".join(described(selection)))
    return 0


def described(selection: Selection) -> list[str]:
    """A line for each slot."""
    if not selection.slots:
        return ["no bundle is installed"]
    lines = []
    for letter, slot in sorted(selection.slots.items()):
        floor = selection.floors.get(slot.id, 0)
        lines.append(
            f"slot {letter}: {slot.name}, security epoch {slot.epoch} (floor {floor}), {_state(selection, letter)}"
        )
    return lines


def _state(selection: Selection, letter: str) -> str:
    if letter == selection.trial:
        return f"on trial, {selection.tries_left} tries left"
    return "good" if letter == selection.good else "in reserve"


def import_(arguments: argparse.Namespace, slots: Slots) -> int:
    """Install what a folder holds, or say what would be."""
    wanted = Wanted(arguments.where, anchor_of(arguments.root), arguments.bundle, arguments.again)

    def tell(step: str, done: int, in_all: int) -> None:
        if arguments.json:
            print(json.dumps({"step": step, "done": done, "of": in_all}), flush=True)

    proof = None
    if arguments.dry_run:
        found, _ = look(wanted, slots.state, SystemClock())
        slot, new = found.slot, not is_active(slots.selection(), found.slot)
        said = "would be installed" if new else "is there already"
    else:
        done = import_bundle(wanted, slots.state, SystemClock(), tell)
        slot, new, proof = done.slot, done.new, done.proof
        said = "is installed" if new else "is there already"
    if arguments.json:
        shown = asdict(proof) if proof else None
        print(json.dumps({"bundle": asdict(slot), "new": new, "said": said, "proof": shown}), flush=True)
    else:
        print(f"{slot.name} {said}")
    return 0


def mark_good(arguments: argparse.Namespace, slots: Slots) -> int:
    """Commit the trial once the kiosk is well."""
    if not slots.selection().trial:
        print("nothing is on trial")
        return 0
    asked, clock = functools.partial(ask, arguments.page), SystemClock()
    digest = wait_until_well(asked, slots.selection, arguments.for_s, arguments.within_s, clock)
    if not digest:
        print(f"the kiosk was not well for {arguments.for_s:g} s", file=sys.stderr)
        return 1
    slot = slots.commit(digest)
    print(f"{slot.name} is kept" if slot else "nothing is on trial any more")
    return 0


def fall_back(_arguments: argparse.Namespace, slots: Slots) -> int:
    """Go back by hand."""
    print(f"{slots.fall_back().name} runs from the next start on")
    return 0


def parser() -> argparse.ArgumentParser:
    """Every command with its options."""
    root = argparse.ArgumentParser(prog="python -m firmware.bundle", description="Model bundles of this device.")
    root.add_argument("--state", type=Path, required=True, metavar="DIR", help="the kiosk's state folder")
    root.add_argument("--root", type=Path, default=PROGRAMME, metavar="ROOT.json", help="whom it believes")
    commands = root.add_subparsers(required=True, metavar="COMMAND")
    shown = commands.add_parser("status", help="what is where")
    shown.set_defaults(run=status)
    importing = commands.add_parser("import", help="install the bundle of a stick or folder")
    importing.set_defaults(run=import_)
    importing.add_argument("where", metavar="FOLDER", help="or http://server/folder")
    importing.add_argument("--bundle", metavar="ID", help="which one, where there are several")
    importing.add_argument("--again", action="store_true", help="although it failed on this device before")
    importing.add_argument("--dry-run", action="store_true", help="only say what would be installed")
    for command in (shown, importing):
        command.add_argument("--json", action="store_true", help="one JSON object a line")
    marking = commands.add_parser("mark-good", help="keep the bundle on trial once the kiosk is well")
    marking.set_defaults(run=mark_good)
    marking.add_argument("--page", default="http://127.0.0.1:8080/healthz", metavar="URL")
    marking.add_argument("--for", dest="for_s", type=float, default=20.0, metavar="S", help="how long it must be well")
    marking.add_argument(
        "--within", dest="within_s", type=float, default=600.0, metavar="S", help="when to stop waiting"
    )
    commands.add_parser("fall-back", help="go back to the other bundle").set_defaults(run=fall_back)
    return root


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command; an error is one line on stderr, never a traceback."""
    arguments = parser().parse_args(argv)
    try:
        become_owner(arguments.state)
        return int(arguments.run(arguments, Slots(arguments.state / FOLDER)))
    except KioskError as error:
        print(error, file=sys.stderr)
        return 2
    except OSError as error:  # a folder that is closed, a full /tmp: whatever no line of ours has foreseen
        print(StateError(f"{error.filename or arguments.state}: {error.strerror}"), file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        return 130


def become_owner(state: Path) -> None:
    """Root becomes whose state it is, since the kiosk could not use what root has written there."""
    there = next(place for place in (state, *state.absolute().parents) if place.exists())
    owner = there.stat()
    if os.geteuid() == 0 and there == state and owner.st_uid:
        os.setgroups([])
        os.setgid(owner.st_gid)
        os.setuid(owner.st_uid)


if __name__ == "__main__":
    sys.exit(main())
