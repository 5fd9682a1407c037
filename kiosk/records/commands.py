"""What an engineer does to the records from the command line: audit, export, erase, pin, reseal, clock, wipe.

The kiosk must be stopped, since only one process may own the vault. A PIN is asked for without an echo, or read as a
line where there is no terminal; it is never an argument, which every other process could see. An export says of each
part that it is safe as soon as it is: when a later one fails, that was said.
"""

from __future__ import annotations

import argparse
import getpass
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Final

from firmware.clock import SystemClock
from firmware.errors import PinError
from kiosk.records.audit import Head
from kiosk.records.place import Place
from kiosk.records.secret import DeviceSecret
from kiosk.records.vault import Vault
from kiosk.roles import Role

Command = Callable[[Vault, argparse.Namespace], str]


def audit_verify(vault: Vault, said: argparse.Namespace) -> str:
    """Check the whole log."""
    head = vault.audit.verify(Head.of(said.head) if said.head else None)
    return f"the audit log is whole: {head.entries} entries\nhead {head}"


def audit_show(vault: Vault, _: argparse.Namespace) -> str:
    """Whose log it is, as the centre's list of devices has it, and a line for each entry."""
    _say(_device(vault))
    for entry in vault.audit.each():
        _say(f"{entry.n:7} {entry.at} {entry.what}: {entry.about}")
    return f"head {vault.audit.head()}"


def _device(vault: Vault) -> str:
    return f"device {vault.device} {vault.identity.public}"


def erase(vault: Vault, said: argparse.Namespace) -> str:
    """Erase a subject."""
    return f"{vault.erase(said.camp_number)} records erased"


def export_records(vault: Vault, said: argparse.Namespace) -> str:
    """Write what waits, sealed; or one subject in the clear."""
    from kiosk.records.export.handout import hand_out  # here, since FHIR and Phenopackets take a while to load

    if said.readable:
        _require_stick(vault, said)
        name = hand_out(vault, vault.pin.unlock(ask_pin(vault)), said.readable, said.stick)
        return f"{name}\nnot sealed: whoever finds this stick can read it"
    return _export_sealed(vault, said)


def _export_sealed(vault: Vault, said: argparse.Namespace) -> str:
    from kiosk.records.export.exporting import export

    if vault.programme is not None and not vault.shelf.sealed_ids(again=said.again):
        _say("nothing waits to be exported")
    _require_stick(vault, said)
    records = 0
    for part in export(vault, said.stick, SystemClock(), again=said.again):
        if not records:
            _say(_device(vault))
        _say(f"{part.name}: {part.records} records, sha256 {part.sha256}\nhead {part.head}")
        records += part.records
    return f"{records} records exported"


def _require_stick(vault: Vault, said: argparse.Namespace) -> None:
    from kiosk.records.export.stick import require_stick

    if not said.here:
        require_stick(said.stick, vault.folder)


def _say(line: str) -> None:
    print(line, flush=True)  # noqa: T201


def pin_set(vault: Vault, said: argparse.Namespace) -> str:
    """Set a PIN, or change it. The clinician's asks for the one until now, since it opens the records."""
    role = Role(said.role)
    current = ask_pin(vault, "PIN until now: ") if role is Role.CLINICIAN and vault.pin.is_set else None
    new = ask("new PIN: ")
    if ask("once more: ") != new:
        raise PinError("the two were not the same", "Nothing was changed; try again.")
    vault.staff.set(role, new, current)
    return "the PIN is set"


def pin_forgot(vault: Vault, _: argparse.Namespace) -> str:
    """Ask for a token."""
    return f"give this to the programme:\n{vault.ask_reset()}\nthen: python -m kiosk pin reset TOKEN"


def pin_reset(vault: Vault, said: argparse.Namespace) -> str:
    """Believe the token."""
    vault.reset_pin(said.token)
    return "the PIN is forgotten; set a new one: python -m kiosk pin set"


def reseal(vault: Vault, _: argparse.Namespace) -> str:
    """After the programme's key was rotated."""
    return f"{vault.reseal(vault.pin.unlock(ask_pin(vault)))} records sealed to the programme's key of now"


def clock_accept(vault: Vault, _: argparse.Namespace) -> str:
    """Confirm the date."""
    vault.care.accept_clock()
    return "the clock is believed"


COMMANDS: Final[Mapping[tuple[str, ...], Command]] = {
    ("audit", "verify"): audit_verify,
    ("audit", "show"): audit_show,
    ("pin", "set"): pin_set,
    ("pin", "forgot"): pin_forgot,
    ("pin", "reset"): pin_reset,
    ("clock", "accept"): clock_accept,
    ("erase", ""): erase,
    ("export", ""): export_records,
    ("reseal", ""): reseal,
}
SEALING: Final = frozenset({"export", "reseal"})
"""Commands that need the programme's key; the others do their work although it is none."""


def run_command(said: argparse.Namespace, open_vault: Callable[[], Vault]) -> str:
    """Do what was asked; returns what to print. Raises KioskError."""
    vault = open_vault()
    try:
        return COMMANDS[said.command, getattr(said, "action", "")](vault, said)
    finally:
        vault.close()


def wipe(state: Path, secret: DeviceSecret, *, sure: bool) -> str:
    """Decommission the device: needs neither PIN nor a vault that opens."""
    if not sure:
        return "this destroys every record on this device, for ever; export first, then: python -m kiosk wipe --yes"
    place = Place(state)
    try:
        place.wipe(secret)
    finally:
        place.close()
    return "the keys are destroyed and the records are gone"


def ask_pin(vault: Vault, question: str = "PIN: ") -> str:
    """The PIN, asked for once it may be tried."""
    if wait_s := vault.pin.wait_s:
        _say(f"after wrong PINs the next may be tried in {wait_s} s; it is asked for then")
        vault.pin.wait()
    return ask(question)


def ask(question: str) -> str:
    """A PIN from the terminal, or a line of the input."""
    return getpass.getpass(question) if sys.stdin.isatty() else sys.stdin.readline().strip()
