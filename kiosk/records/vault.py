"""The vault: where records are kept, sealed. One writer; every call is one transaction with its audit entry.

A record here is any entry (entry.py): a screening, a set of photos, what became of a subject. Each has a key of its
own, wrapped to the device's public key. Under it lie its blobs, such as record, photo and crop (AES-GCM). The whole is
sealed a second time to the programme (age), for the export, and for the time when this device can no longer read it.
Reading asks for the opened private key (`pin.unlock`); keeping, finding, counting, noting and erasing do not.

    facts  audit  identity  pin  shelf  care        what it is put together of, each for itself
"""

from __future__ import annotations

import secrets
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Final

from firmware.clock import Clock
from firmware.errors import RecordAbsentError, RecordError
from kiosk.records import reset
from kiosk.records.audit import Audit
from kiosk.records.care import Care
from kiosk.records.database import Database
from kiosk.records.entry import AGE, Entry, Shown, agreed, entry_of, pack, parts_of
from kiosk.records.erasure import Erasure
from kiosk.records.facts import Facts
from kiosk.records.followup import FollowUp, Noted
from kiosk.records.identity import Identity
from kiosk.records.keys import OpenedKey, wrap
from kiosk.records.photoset import Jpegs, PhotoSet
from kiosk.records.pin import Cost, PinGate
from kiosk.records.place import Place
from kiosk.records.policy import Policy
from kiosk.records.record import Pictures, Record
from kiosk.records.sealing import Programme, new_key, seal, unseal
from kiosk.records.secret import DeviceSecret, derive
from kiosk.records.shelf import Shelf
from kiosk.records.staff import Staff
from kiosk.records.tally import Tally
from kiosk.records.visits import Visit

DEVICE: Final = "device.id"
FOR_EVER: Final = 2**62
NOBODY: Final = "there is no record with this camp number"


class Vault:
    """All records of this device. Raises RecordError or StateError when it cannot be opened; `close` gives it back.

    cost: of a PIN. root: where the operating system says whether the clock was set.
    """

    def __init__(
        self,
        state: Path,
        secret: DeviceSecret,
        clock: Clock,
        policy: Policy | None = None,
        cost: Cost | None = None,
        root: Path = Path("/"),
    ) -> None:
        self._policy = policy or Policy()
        self._added = 0
        self._place = Place(state)
        try:
            self._database, keys = self._place.open(secret)
            try:
                self._put_together(keys, clock, cost, root)
            except BaseException:
                self._database.close()
                raise
        except BaseException:
            self._place.close()
            raise

    def _put_together(self, keys: bytes, clock: Clock, cost: Cost | None, root: Path) -> None:
        database: Database = self._database
        database.truncate_log()  # what an erasure that was cut off has left there
        self.facts = Facts(database)
        if not self.facts.get(DEVICE):
            self.facts.put(DEVICE, secrets.token_hex(16))
        self.audit = Audit(database, derive(keys, b"", "audit"), clock)
        self.identity = Identity(keys)
        self.pin = PinGate(database, derive(keys, b"", "pin"), self.audit, clock, cost)
        self.staff = Staff(self.pin, database, derive(keys, b"", "staff"), self.audit, clock, cost or Cost())
        self.shelf = Shelf(database, self.audit, derive(keys, b"", "camp number"))
        self.tally = Tally(database, clock)
        self._erasure = Erasure(database, self.audit)
        self.care = Care(database, self.audit, self._erasure, self._policy, clock, self._place.folder, root)

    @property
    def device(self) -> str:
        """This device's id: random, made with the vault."""
        return self.facts.get(DEVICE)

    @property
    def programme(self) -> Programme | None:
        """Whom records are sealed to now."""
        return self._policy.programme

    @property
    def folder(self) -> Path:
        """Where it lies."""
        return self._place.folder

    def close(self) -> None:
        """Give the files back."""
        self._database.close()
        self._place.close()

    def add(self, entry: Record | PhotoSet, pictures: Pictures | Jpegs | None = None, instead_of: str = "") -> None:
        """Keep one more; when this returns it is durable. A screening's pictures without consent to them are dropped.

        pictures: photo and crop of a screening; of a set of photos each JPEG by its pose, and then RecordConsentError
        without consent, ValueError for other photos than the set names. instead_of: id of the entry of the same visit
        that does not count any more; it is kept, too.
        """
        self._keep(entry, agreed(entry, pictures), instead_of)
        self._added += 1

    def visits(self, camp_number: str) -> tuple[Visit, ...]:
        """What is known of one subject without the PIN, the newest last."""
        return self.shelf.visits(camp_number)

    def note(self, camp_number: str, followup: FollowUp) -> None:
        """Keep what became of a subject. Raises RecordAbsentError when there is none with this camp number."""
        if not self.shelf.visits(camp_number):
            raise RecordAbsentError(NOBODY)
        self._keep(Noted.of(camp_number, followup), None)

    def _keep(self, entry: Entry, shown: Shown, instead_of: str = "") -> None:
        """Seal it and put it in, durably."""
        key, parts = new_key(), parts_of(entry, shown)
        blobs = {name: seal(key, part, f"{entry.id} {name}") for name, part in parts.items()}
        if programme := self._policy.programme:
            blobs[AGE] = programme.seal(pack(parts))
        try:
            wrapped = wrap(key, self.pin.public, entry.id)
            to = programme.recipient if programme else None
            with self._database.transaction():
                believed = self.care.believes()
                self.shelf.insert(entry, wrapped, blobs, to, believed=believed, instead_of=instead_of)
        except RecordError:
            self.care.failed()
            raise
        if self._database.behind:
            self.care.failed()

    def count(self) -> int:
        """How many were added since the start."""
        return self._added

    def conditions(self) -> Mapping[str, bool]:
        """Whether records can be kept, by name; as of the last `tend`."""
        return self.care.conditions

    def tend(self) -> None:
        """Look after the vault; to be called often, by one thread."""
        self.care.tend()

    def read(self, record_id: str, opened: OpenedKey) -> tuple[Entry, Shown]:
        """One record. Raises RecordAbsentError, RecordSealedError, RecordDamagedError."""
        wrapped, blobs = self.shelf.stored(record_id)
        key = opened.unwrap(wrapped, record_id)
        sealed = {name: blob for name, blob in blobs.items() if name != AGE}
        return entry_of({name: unseal(key, blob, f"{record_id} {name}") for name, blob in sealed.items()})

    def reseal(self, opened: OpenedKey) -> int:
        """Seal what the device can read to the programme's key of now, after it was rotated; returns how many."""
        if (programme := self._policy.programme) is None:
            return 0
        ids = self.shelf.not_sealed_to(programme.recipient)
        for one in ids:
            whole = pack(parts_of(*self.read(one, opened)))
            self.shelf.reseal(one, programme.seal(whole), programme.recipient)
        return len(ids)

    def erase(self, camp_number: str) -> int:
        """Erase everything of one subject; returns how many records. Raises RecordAbsentError when there are none."""
        if erased := self._erasure.erase(self.shelf.camp(camp_number), "on request"):
            return erased
        raise RecordAbsentError(NOBODY)

    def ask_reset(self) -> str:
        """The question that the programme answers with a token."""
        with self._database.transaction():
            self.audit.append("pin", "forgotten")
            return reset.ask(self.facts, self.device)

    def reset_pin(self, token: str) -> None:
        """Forget the PIN by the programme's token, and with it the keys that only the PIN could open."""
        reset.check(self.facts, token, self._policy.signing_key)
        self._erasure.begin(0)
        while self._erasure.retire(FOR_EVER, "PIN reset"):  # first: after a cut in between the token still serves
            pass
        self.staff.forget()
        self.pin.renew("PIN reset by the programme", spent=reset.QUESTION)
        self._database.truncate_log()

    def hear(self, fact: str, events: Iterable[tuple[int, str, str]]) -> None:
        """Write into the audit log what another process has done to the bundles, each event once.

        fact: remembers the last number. events: number, date, and what has happened.
        """
        with self._database.transaction():
            last = int(self.facts.get(fact, "0"))
            for number, at, what in events:
                if number > last:
                    self.audit.append("bundle", f"{what} ({at})")
                    self.facts.put(fact, str(number))

    def notice(self, about: str, values: Mapping[str, str]) -> None:
        """Write into the audit log what has changed since the last start (settings, bundle)."""
        with self._database.transaction():
            if new := self.facts.changed(about, values):
                self.audit.append(about, "; ".join(f"{name} = {value}" for name, value in new.items()))
