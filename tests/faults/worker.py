"""What runs on the disk that forgets, in a process of its own that may be killed at any call.

`work` does what a kiosk does with its records, and says before and after each thing that it does it; `check` opens what
is left and compares it with what was said. Both run the application's own code: vault, erasure, export.
"""

from __future__ import annotations

import hashlib
import itertools
import random
from collections.abc import Iterator
from dataclasses import dataclass, field
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Final

import pyrage

from firmware.clock import ManualClock
from firmware.errors import KioskError
from kiosk.records import database
from kiosk.records.audit import Head
from kiosk.records.entry import Shown
from kiosk.records.export.archive import Archive
from kiosk.records.export.exporting import export
from kiosk.records.followup import FollowUp
from kiosk.records.photoset import Jpegs, PhotoSet
from kiosk.records.record import Pictures, Record
from kiosk.records.sealing import Programme
from kiosk.records.vault import Vault
from tests.kiosk.records.factories import NOW, photo_set, record
from tests.kiosk.records.opening import PIN, opened

STATE, STICK = "state", "stick"
PHOTO_BYTES: Final = 20_000
ACTIONS: Final = {"add": 8, "erase": 1, "export": 1, "notice": 1, "later": 1}
"""What is done, and how often in so many."""
MOST: Final = 80
IDENTITY: Final = pyrage.x25519.Identity.from_str(
    "AGE-SECRET-KEY-1GFPYYSJZGFPYYSJZGFPYYSJZGFPYYSJZGFPYYSJZGFPYYSJZGFPQ4EGAEX"
)
"""For tests only."""


@dataclass
class Ledger:
    """What was acknowledged. records: id -> camp number and sha256 of the photo; doing: what was under way at the end.

    parts: archives that are on the stick; ever: ids that were ever acknowledged, the erased too.
    """

    records: dict[str, tuple[str, str]] = field(default_factory=dict)
    erased: set[str] = field(default_factory=set)
    parts: list[str] = field(default_factory=list)
    head: str = ""
    has_pin: bool = False
    doing: tuple[str, str] = ("", "")

    def note(self, message: tuple[str, ...]) -> None:
        """Take in one message of the worker."""
        getattr(self, f"_{message[0]}")(*message[1:])
        if message[0] != "doing":
            self.doing = ("", "")

    def settle(self) -> None:
        """What was under way has happened or not, and either was right: from now on nothing is said of it."""
        what, about = self.doing
        if what == "erase":
            self.records = {one: kept for one, kept in self.records.items() if kept[0] != about}
        self.doing = ("", "")

    def _doing(self, what: str, about: str) -> None:
        self.doing = (what, about)

    def _pin(self) -> None:
        self.has_pin = True

    def _add(self, record_id: str, number: str, digest: str) -> None:
        self.records[record_id] = (number, digest)

    def _erase(self, number: str) -> None:
        self.erased.add(number)
        self.records = {one: kept for one, kept in self.records.items() if kept[0] != number}

    def _export(self, name: str, head: str) -> None:
        self.parts.append(name)
        self.head = head

    def _notice(self) -> None:
        pass

    def _later(self) -> None:
        pass


def work(place: Path, seed: int, numbers: list[str], says: Connection, synchronous: str) -> None:
    """Use the vault until something ends this process. numbers: camp numbers that may be erased."""
    database.SETUP = tuple(line.replace("= FULL", f"= {synchronous}") for line in database.SETUP)  # type: ignore[misc]
    dice = random.Random(seed)
    (place / STICK).mkdir(exist_ok=True)
    with opened(place / STATE, ManualClock(NOW), programme=Programme(str(IDENTITY.to_public()))) as vault:
        if not vault.pin.is_set:
            vault.pin.set(PIN)
        says.send(("pin",))
        for n in range(MOST):
            (action,) = dice.choices(list(ACTIONS), list(ACTIONS.values()))
            for message in globals()[f"_{action}"](vault, place, f"{seed}-{n}", numbers, dice):
                says.send(message)


def _add(vault: Vault, _: Path, number: str, numbers: list[str], dice: random.Random) -> Iterator[tuple[str, ...]]:
    """A screening, or every third time a set of photos."""
    if dice.randrange(3):
        one: Record | PhotoSet = record(number)
        shown: Pictures | Jpegs = Pictures(dice.randbytes(PHOTO_BYTES), dice.randbytes(500), ((1.0, 2.0),) * 5)
    else:
        photos = {pose: dice.randbytes(PHOTO_BYTES // 3) for pose in ("frontal", "left45", "right45")}
        one, shown = photo_set(number, jpegs=photos)
    yield "doing", "add", number
    vault.add(one, shown)
    yield "add", one.id, number, _digest(shown)
    numbers.append(number)


def _digest(shown: Shown) -> str:
    """SHA-256 of what there is to see."""
    photos = {"photo": shown.photo} if isinstance(shown, Pictures) else shown or {}
    return hashlib.sha256(b"".join(photos[name] for name in sorted(photos))).hexdigest()


def _later(vault: Vault, _: Path, __: str, numbers: list[str], dice: random.Random) -> Iterator[tuple[str, ...]]:
    if numbers:
        yield "doing", "later", ""
        vault.note(dice.choice(numbers), FollowUp(NOW, time_trusted=True, said="confirmed"))
        yield ("later",)


def _erase(vault: Vault, _: Path, __: str, numbers: list[str], dice: random.Random) -> Iterator[tuple[str, ...]]:
    if numbers:
        number = numbers.pop(dice.randrange(len(numbers)))
        yield "doing", "erase", number
        vault.erase(number)
        yield "erase", number


def _export(vault: Vault, place: Path, *_: object) -> Iterator[tuple[str, ...]]:
    yield "doing", "export", ""
    for part in export(vault, place / STICK, ManualClock(NOW)):
        yield "export", part.name, str(part.head)


def _notice(vault: Vault, _: Path, number: str, *__: object) -> Iterator[tuple[str, ...]]:
    yield "doing", "notice", ""
    vault.notice("setting", {"site": number})
    yield ("notice",)


def check(place: Path, ledger: Ledger, says: Connection) -> None:
    """Say everything that is not as it was acknowledged, one line each, then an empty one."""
    try:
        with opened(place / STATE, ManualClock(NOW), programme=Programme(str(IDENTITY.to_public()))) as vault:
            for problem in itertools.chain(_broken(vault, ledger), _lost(vault, ledger), _left(vault, ledger)):
                says.send(problem)
    except KioskError as error:
        says.send(f"corrupt: {error}")
    for name in ledger.parts:
        try:
            with Archive(place / STICK / name, [IDENTITY]) as archive:
                list(archive.records())
        except KioskError as error:
            says.send(f"lost: {error}")
    says.send("")


def _broken(vault: Vault, ledger: Ledger) -> Iterator[str]:
    """What SQLite and the audit chain say of the file itself."""
    for pragma in ("integrity_check", "cipher_integrity_check", "foreign_key_check"):
        for row in vault.facts._database.rows(f"PRAGMA {pragma}"):
            if row != ("ok",):
                yield f"corrupt: {pragma} says {row}"
    try:
        vault.audit.verify(Head.of(ledger.head) if ledger.head else None)
    except KioskError as error:
        yield f"corrupt: {error}"


def _lost(vault: Vault, ledger: Ledger) -> Iterator[str]:
    """Acknowledged records that are not there, or not as they were."""
    if not ledger.has_pin:
        return
    try:
        opened_key = vault.pin.unlock(PIN)
    except KioskError as error:
        yield f"lost: the PIN ({error})"
        return
    for one, (number, digest) in ledger.records.items():
        if ledger.doing == ("erase", number):  # the power went while it was erased: either is right
            continue
        try:
            kept, shown = vault.read(one, opened_key)
        except KioskError as error:
            yield f"lost: {one} ({error})"
            continue
        if kept.camp_number != number or _digest(shown) != digest:
            yield f"corrupt: {one} is another"


def _left(vault: Vault, ledger: Ledger) -> Iterator[str]:
    """Erased records that are there again."""
    for number in ledger.erased:
        if vault.shelf.find(number):
            yield f"lost: the erasure of {number}"


def suffer(place: Path, says: Connection, hears: Connection) -> None:
    """Try to keep a record each time it is told to, and say what came of it and what the conditions were.

    It hears when the disk is about to fail and when it is well again; it is the same process all the time, since a
    kiosk is not restarted by a full disk.
    """
    clock = ManualClock(NOW)
    with opened(place / STATE, clock, programme=Programme(str(IDENTITY.to_public()))) as vault:
        vault.pin.set(PIN)
        says.send("ready")
        while (number := hears.recv()) is not None:
            said = [_outcome(vault, f"{number} ill")]
            says.send("tried")
            hears.recv()
            clock.advance(2)
            vault.tend()
            says.send((*said, _outcome(vault, f"{number} well"), dict(vault.conditions())))


def _outcome(vault: Vault, number: str) -> tuple[str, str, str]:
    """What came of keeping a record: its code, or nothing; then id, number and digest, as they are acknowledged."""
    one, photo = record(number), random.Random(number).randbytes(PHOTO_BYTES)
    try:
        vault.add(one, Pictures(photo, b"crop", ((1.0, 2.0),) * 5))
    except KioskError as error:
        return (f"{error.code} {vault.conditions()['records']}", "", "")
    return ("", one.id, hashlib.sha256(photo).hexdigest())
