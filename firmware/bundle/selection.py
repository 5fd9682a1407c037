"""Which of the two slots runs: a function of what has happened, over values alone.

Rules: the slot that has proved itself (`good`) is never written to. A new bundle goes into the other one and runs on
trial: each start takes one of its tries before anything of it is loaded, so that a bundle that kills the program, or
the machine, is left after its last try without anybody's help. A trial that is committed raises the floor of its
security epoch, and below the floor nothing is accepted and nothing is fallen back to.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Final

from firmware.errors import BundleRollbackError, FallBackError

LETTERS: Final = ("a", "b")
TRIES: Final = 3
REMEMBERED: Final = 8


@dataclass(frozen=True, slots=True)
class Slot:
    """What a slot holds. digest: SHA-256 of its manifest, hex; it names every other file. proved: it was good once."""

    id: str
    version: str
    epoch: int
    clinical: bool
    digest: str
    proved: bool = False

    @property
    def name(self) -> str:
        """For people: id and version."""
        return f"{self.id} {self.version}"


@dataclass(frozen=True, slots=True)
class Selection:
    """What is where, and what runs.

    slots: letter -> what it holds. good, trial: letters, or empty. tries_left: starts that the trial still has.
    floors: bundle id -> least security epoch. brought: digest of the bundle that the software brought last.
    failed: digests of bundles that did not pass here, so that a stick that stays plugged in is not tried for ever.
    """

    slots: Mapping[str, Slot] = field(default_factory=dict)
    good: str = ""
    trial: str = ""
    tries_left: int = 0
    floors: Mapping[str, int] = field(default_factory=dict)
    brought: str = ""
    failed: tuple[str, ...] = ()

    @property
    def active(self) -> str:
        """The letter of what runs, or is tried with the next start; empty before the first bundle."""
        return self.trial or self.good

    @property
    def spare(self) -> str:
        """The letter that may be written to."""
        return next(letter for letter in LETTERS if letter != self.good)


def check_floor(selection: Selection, slot: Slot) -> None:
    """Raises BundleRollbackError for a bundle below its floor."""
    floor = selection.floors.get(slot.id, 0)
    if slot.epoch < floor:
        raise BundleRollbackError(f"{slot.name} has security epoch {slot.epoch}, this device accepts {floor} and above")


def is_active(selection: Selection, slot: Slot) -> bool:
    """Whether this very bundle runs, or is tried with the next start."""
    return bool(selection.active) and selection.slots[selection.active].digest == slot.digest


def cleared(selection: Selection) -> Selection:
    """The spare slot holds nothing and nothing is on trial: it is about to be written."""
    return replace(_over(selection), slots=_without(selection.slots, selection.spare))


def installed(selection: Selection, slot: Slot) -> Selection:
    """The spare slot holds this bundle. It goes on trial; the first one has nothing to be tried against."""
    check_floor(selection, slot)
    letter = selection.spare
    with_it = replace(_over(selection), slots={**selection.slots, letter: slot})
    if not selection.good:
        return _settled(with_it, letter)
    return replace(with_it, trial=letter, tries_left=TRIES)


def starting(selection: Selection) -> Selection:
    """The kiosk is about to load: a trial has one try less; one without a try left is over.

    It is not remembered as failed: where the plug is pulled often, a good bundle may run out of tries, too.
    """
    if not selection.trial:
        return selection
    return replace(selection, tries_left=selection.tries_left - 1) if selection.tries_left else _over(selection)


def given_up(selection: Selection) -> Selection:
    """What is on trial cannot be used."""
    return _over(remembered(selection, selection.slots[selection.trial].digest)) if selection.trial else selection


def remembered(selection: Selection, digest: str) -> Selection:
    """The bundle of this digest did not pass."""
    others = [one for one in selection.failed if one != digest]
    return replace(selection, failed=(*others, digest)[-REMEMBERED:])


def committed(selection: Selection) -> Selection:
    """What is on trial has proved itself."""
    return _settled(selection, selection.trial) if selection.trial else selection


def fallen_back(selection: Selection) -> Selection:
    """Somebody wants the other bundle. Raises FallBackError or BundleRollbackError."""
    if selection.trial:
        return _over(selection)
    other = selection.slots.get(selection.spare)
    if not selection.good or other is None:
        raise FallBackError("the other slot is empty")
    if not other.proved:
        raise FallBackError(f"{other.name} has never proved itself on this device")
    check_floor(selection, other)
    return replace(selection, good=selection.spare)


def lost(selection: Selection) -> Selection:
    """What the good slot holds cannot be used: the other one takes over where it may, otherwise nothing runs."""
    left = replace(_over(selection), slots=_without(selection.slots, selection.good))
    other = left.slots.get(selection.spare)
    fits = other is not None and other.proved and other.epoch >= selection.floors.get(other.id, 0)
    return replace(left, good=selection.spare if fits else "")


def _over(selection: Selection) -> Selection:
    return replace(selection, trial="", tries_left=0)


def _settled(selection: Selection, letter: str) -> Selection:
    slot = selection.slots[letter]
    floor = max(selection.floors.get(slot.id, 0), slot.epoch)
    slots = {**selection.slots, letter: replace(slot, proved=True)}
    return replace(_over(selection), slots=slots, good=letter, floors={**selection.floors, slot.id: floor})


def _without(slots: Mapping[str, Slot], letter: str) -> dict[str, Slot]:
    return {key: slot for key, slot in slots.items() if key != letter}
