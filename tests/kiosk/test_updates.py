"""The kiosk and its bundles: what it takes, what it keeps, and what audit log, health and engineer see of it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from firmware.bundle.slots import FOLDER, Slots
from firmware.bundle.verify import Bundle
from firmware.clock import ManualClock
from firmware.errors import BundleModelError
from kiosk.records.vault import Vault
from kiosk.updates import WELL_S, Updates
from tests.kiosk.records.opening import opened
from tests.publishing import PHANTOM, TODAY, flash, passes


def version(bundle: Bundle) -> str:
    return bundle.manifest.version


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock(TODAY)


@pytest.fixture
def vault(tmp_path: Path, clock: ManualClock) -> Iterator[Vault]:
    (tmp_path / "state").mkdir()
    with opened(tmp_path / "state", clock) as vault:
        yield vault


@pytest.fixture
def updates(tmp_path: Path, vault: Vault, clock: ManualClock) -> Updates:
    """Version 1.0.0 is good, 2.0.0 on trial."""
    slots = Slots(tmp_path / "state" / FOLDER, clock=clock, prover=passes)
    flash(slots, tmp_path, "1.0.0")
    flash(slots, tmp_path, "2.0.0")
    return Updates(slots, vault, clock, judges_itself=True)


def test_bundle_with_which_the_kiosk_cannot_be_built_is_left(updates: Updates) -> None:
    def build(bundle: Bundle) -> str:
        if bundle.manifest.version == "2.0.0":
            raise BundleModelError("it cannot be loaded")
        return bundle.manifest.version

    assert updates.take(PHANTOM, build) == "1.0.0"
    state = updates.state()
    assert state is not None and (state.version, state.on_trial) == ("1.0.0", False)


def test_kiosk_that_was_started_by_hand_keeps_what_ran_well_for_long(updates: Updates, clock: ManualClock) -> None:
    assert updates.take(PHANTOM, version) == "2.0.0"
    updates.tend()
    state = updates.state()
    assert state is not None and state.on_trial
    clock.advance(WELL_S)
    updates.tend()
    state = updates.state()
    assert state is not None and not state.on_trial
    assert updates.selection().slots[updates.selection().good].version == "2.0.0"


def test_audit_log_hears_of_each_event_once(updates: Updates, vault: Vault) -> None:
    before = len(vault.audit.entries())
    updates.tend()
    updates.tend()
    heard = [entry.about for entry in vault.audit.entries()[before:] if entry.what == "bundle"]
    assert [("phantom 1.0.0" in about, "phantom 2.0.0" in about) for about in heard] == [(True, False), (False, True)]
    vault.audit.verify()


def test_event_that_was_heard_but_not_forgotten_is_not_told_twice(updates: Updates, vault: Vault) -> None:
    """The power goes between the audit log's transaction and the state's."""
    events = updates.slots.events()
    updates.tend()
    count = len(vault.audit.entries())
    vault.hear("bundle.heard", [(event.seq, event.at, "again") for event in events])
    assert len(vault.audit.entries()) == count
