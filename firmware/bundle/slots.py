"""What the kiosk runs: the bundle of the active slot, or after a failed trial the one before it.

A slot holds only what was verified, and it is hashed again with every load. Each start of a trial takes one of its
tries, and proves the bundle once more in a process of its own, before this one loads it; whatever goes wrong, the kiosk
comes up with the bundle that is known to be good, and in the end with the one that came with the software.

Layout of the folder: `a/`, `b/`, `state.db` (selection, accepted metadata, events), `lock` (held by an import).
"""

from __future__ import annotations

import errno
import hashlib
import logging
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

from firmware.bundle.anchor import PROGRAMME, anchor_of, demonstration
from firmware.bundle.manifest import manifest_bytes
from firmware.bundle.proof import Prover, prove
from firmware.bundle.selection import Selection, Slot, committed, fallen_back, given_up, lost, starting
from firmware.bundle.source import METADATA
from firmware.bundle.state import Event, State, is_damage
from firmware.bundle.verify import Bundle, load_bundle
from firmware.clock import Clock, SystemClock
from firmware.errors import (
    BundleAbsentError,
    BundleBusyError,
    BundleError,
    BundleRoomError,
    BundleUnsignedError,
    PublicationLostError,
    StateError,
)

FOLDER: Final = "bundles"
"""Where the slots are below the kiosk's state folder."""
PASSING: Final = {errno.EMFILE, errno.ENFILE, errno.ENOMEM, errno.EACCES, errno.EPERM, errno.EINTR}
"""What a process is short of, or may not do: another start may do better with the same bytes."""
MOST_ROUNDS: Final = 4
"""The trial, the good one, the one in reserve, and what the software brings."""
_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Running:
    """What was loaded, and from which slot."""

    bundle: Bundle
    letter: str
    slot: Slot


class Slots:
    """The two slots below one folder. trusted: the programme's root, where there is one. prover: tries a bundle."""

    def __init__(
        self, root: Path, trusted: Path = PROGRAMME, clock: Clock | None = None, prover: Prover = prove
    ) -> None:
        self._root = root
        self._anchors = tuple(dict.fromkeys((anchor_of(trusted), demonstration())))
        self._clock = clock or SystemClock()
        self._prover = prover
        self.state = State(root)

    def selection(self) -> Selection:
        """What is where. Raises StateError."""
        return self.state.read()

    def take(self, brought: Path) -> Running:
        """Load the bundle to run, and count a try where it is on trial. brought: the bundle of the software.

        Raises BundleError when not even that one can be used, StateError when the folder cannot be written.
        """
        self._mend()
        for _ in range(MOST_ROUNDS):
            self._bring(brought)
            selection = self._start()
            try:
                return self._load(selection)
            except BundleError as error:
                if _passes(error):  # the disk, or this process, is unwell: the bundle may be whole
                    raise
                self._leave(selection.active, selection.slots[selection.active].digest, str(error))
        raise BundleAbsentError(f"{self._root} holds no bundle that can be used")

    def refuse(self, running: Running, why: str) -> bool:
        """What was taken cannot be used after all; whether another one is there to be taken.

        Only of what is on trial: the good one has run here, so something else is wrong, and it is not forgotten.
        """
        if self.selection().trial != running.letter:
            return False
        self._leave(running.letter, running.slot.digest, why)
        return True

    def commit(self, digest: str) -> Slot | None:
        """What is on trial has proved itself, and is the good one now. None where another or nothing is on trial.

        digest: of the bundle that was seen to run; an import may have put another one in its place.
        """
        with self.state.changing(self._clock.now()) as draft:
            trial = draft.selection.slots.get(draft.selection.trial)
            if trial is not None and trial.digest != digest:
                return None
            if trial is not None:
                draft.selection = committed(draft.selection)
                draft.note(bundle=trial.name, did="committed", floor=str(draft.selection.floors[trial.id]))
            return trial

    def fall_back(self) -> Slot:
        """Go back to the other bundle, with the next start. Raises FallBackError or BundleRollbackError."""
        with self.state.changing(self._clock.now()) as draft:
            draft.selection = fallen_back(draft.selection)
            slot = draft.selection.slots[draft.selection.good]
            draft.note(bundle=slot.name, did="fell back", why="somebody wanted it")
            return slot

    def events(self) -> tuple[Event, ...]:
        """What the audit log has not heard of yet."""
        return self.state.events()

    def forget(self, events: tuple[Event, ...]) -> None:
        """The audit log has heard of these."""
        if events:
            with self.state.changing(self._clock.now()) as draft:
                draft.forget_events(events[-1].seq)

    def _start(self) -> Selection:
        """Count a try where something is on trial."""
        with self.state.changing(self._clock.now()) as draft:
            before, draft.selection = draft.selection, starting(draft.selection)
            if before.trial and not draft.selection.trial:
                draft.note(bundle=before.slots[before.trial].name, did="fell back", why="no try is left")
            return draft.selection

    def _load(self, selection: Selection) -> Running:
        letter, slot = selection.active, selection.slots[selection.active]
        bundle = load_bundle(self._root / letter, slot.digest)
        if selection.trial:
            self._prover(self._root / letter, slot.digest, bundle.manifest)
        return Running(bundle, letter, slot)

    def _leave(self, letter: str, digest: str, why: str) -> None:
        """A slot that cannot be used is left, unless something else has happened to it meanwhile."""
        with self.state.changing(self._clock.now()) as draft:
            selection = draft.selection
            if letter not in {selection.trial, selection.good} or selection.slots[letter].digest != digest:
                return
            name = selection.slots[letter].name
            draft.selection = given_up(selection) if letter == selection.trial else lost(selection)
            draft.note(bundle=name, did="given up", why=why[:300])
        _log.error("the bundle in slot %s cannot be used: %s", letter, why)

    def _mend(self) -> None:
        """A state that is damaged is begun anew: a kiosk in the field must come up again."""
        try:
            self.state.check()
        except StateError as error:
            if not is_damage(error):
                raise
            _log.error("the bundles' state is set aside: %s", error)
            self.state.set_aside()

    def _bring(self, brought: Path) -> None:
        """Install what the software brings, where nothing is there, or where what runs came with older software."""
        selection, digest = self.selection(), hashlib.sha256(manifest_bytes(brought)).hexdigest()
        runs = selection.slots[selection.active].digest if selection.active else ""
        if runs and selection.brought == digest:
            return
        if runs in {"", selection.brought}:  # what somebody has flashed is left alone
            try:
                self._install(brought)
            except BundleError as error:
                if not runs:
                    raise
                _log.warning("the bundle that the software brings is not installed: %s", error)
                if isinstance(error, BundleBusyError | BundleRoomError | PublicationLostError):
                    return  # the next start tries again
        self._brought(digest)

    def _install(self, brought: Path) -> None:
        """Import it as from a stick: signed by whom this device believes, or by the demonstration's keys."""
        # Here, since a kiosk that has its bundle does without: 8 MB and a tenth of a second.
        from firmware.bundle.importing import Wanted, import_bundle

        if not (brought.parent / METADATA).is_dir():
            raise BundleUnsignedError(
                f"{brought} is not signed", "python -m tools.bundle sign makes a publication of it (models/README.md)."
            )
        for n, anchor in enumerate(self._anchors, 1):
            try:
                wanted = Wanted(brought.parent, anchor, bundle=brought.name, again=True)
                import_bundle(wanted, self.state, self._clock, prover=self._prover)
            except BundleUnsignedError:
                if n == len(self._anchors):
                    raise
            else:
                return

    def _brought(self, digest: str) -> None:
        with self.state.changing(self._clock.now()) as draft:
            draft.selection = replace(draft.selection, brought=digest)


def _passes(error: BundleError) -> bool:
    """Whether it is the reading that failed, and not what was read."""
    cause = error.__cause__
    return isinstance(cause, OSError) and cause.errno in PASSING
