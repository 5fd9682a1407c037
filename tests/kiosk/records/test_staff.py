"""PINs that open pages: each role its own, guessed slowly, and worth nothing without the device."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from firmware.clock import ManualClock
from firmware.errors import LockedOutError, NoPinError, PinError, WrongPinError
from kiosk.records.vault import Vault
from kiosk.roles import STAFF, Role
from tests.kiosk.records.opening import opened

PINS = {Role.OPERATOR: "271828", Role.CLINICIAN: "314159", Role.ENGINEER: "161803"}


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


@pytest.fixture
def vault(tmp_path: Path, clock: ManualClock) -> Iterator[Vault]:
    with opened(tmp_path, clock) as vault:
        yield vault


def _set_all(vault: Vault) -> None:
    for role, pin in PINS.items():
        vault.staff.set(role, pin)


def test_a_new_device_is_open_to_whoever_sets_it_up(vault: Vault) -> None:
    assert vault.staff.everybody() == set(Role)
    assert not vault.staff.complete


def test_from_the_first_pin_on_only_operators_are_let_in_without(vault: Vault) -> None:
    vault.staff.set(Role.ENGINEER, PINS[Role.ENGINEER])
    assert vault.staff.everybody() == {Role.ANYONE, Role.OPERATOR}
    with pytest.raises(NoPinError):
        vault.staff.unlock(Role.CLINICIAN, "314159")
    vault.staff.set(Role.OPERATOR, PINS[Role.OPERATOR])
    assert vault.staff.everybody() == {Role.ANYONE}


@pytest.mark.parametrize("first", STAFF)
@pytest.mark.parametrize("second", STAFF)
def test_whoever_gets_a_pin_first_the_others_can_still_be_set(first: Role, second: Role, vault: Vault) -> None:
    """Without the engineer's nobody could set it any more: a device on which all the others have one were lost."""
    for role in dict.fromkeys((first, second)):
        vault.staff.set(role, PINS[role])
    assert vault.staff.is_set(Role.ENGINEER) or Role.ENGINEER in vault.staff.everybody()
    assert not vault.staff.is_set(Role.CLINICIAN) or Role.CLINICIAN not in vault.staff.everybody()


def test_each_pin_opens_its_own_role_and_no_other(vault: Vault) -> None:
    _set_all(vault)
    assert vault.staff.complete
    for role in STAFF:
        vault.staff.unlock(role, PINS[role])
        for other in set(STAFF) - {role}:
            with pytest.raises(WrongPinError):
                vault.staff.unlock(role, PINS[other])
            vault.staff.unlock(role, PINS[role])


@pytest.mark.parametrize("role", [Role.CLINICIAN, Role.ENGINEER])
def test_what_opens_more_than_the_operators_pages_is_not_the_operators_pin(role: Role, vault: Vault) -> None:
    _set_all(vault)
    with pytest.raises(PinError, match="the operator has that PIN"):
        vault.staff.set(role, PINS[Role.OPERATOR], PINS[role])


@pytest.mark.parametrize("role", [Role.OPERATOR, Role.ENGINEER])
@pytest.mark.parametrize("whose", [Role.CLINICIAN, Role.ENGINEER])
def test_setting_a_pin_does_not_tell_whether_it_is_the_clinicians_or_the_engineers(
    role: Role, whose: Role, vault: Vault
) -> None:
    """Or whoever may set one could guess theirs, uncounted."""
    _set_all(vault)
    vault.staff.set(role, PINS[whose])
    vault.staff.unlock(role, PINS[whose])
    vault.staff.unlock(whose, PINS[whose])


def test_setting_the_clinicians_pin_does_not_tell_whether_it_is_the_engineers(vault: Vault) -> None:
    _set_all(vault)
    vault.staff.set(Role.CLINICIAN, PINS[Role.ENGINEER], PINS[Role.CLINICIAN])
    vault.staff.unlock(Role.CLINICIAN, PINS[Role.ENGINEER])


def test_a_lock_out_survives_a_restart_and_locks_nobody_else_out(tmp_path: Path, clock: ManualClock) -> None:
    with opened(tmp_path, clock) as vault:
        _set_all(vault)
        for _ in range(3):
            with pytest.raises(WrongPinError):
                vault.staff.unlock(Role.OPERATOR, "999998")
    with opened(tmp_path, clock) as again:
        assert again.staff.complete
        with pytest.raises(LockedOutError):
            again.staff.unlock(Role.OPERATOR, PINS[Role.OPERATOR])
        again.staff.unlock(Role.CLINICIAN, PINS[Role.CLINICIAN])
        clock.advance(31)
        again.staff.unlock(Role.OPERATOR, PINS[Role.OPERATOR])


def test_a_pin_that_is_easy_to_guess_is_refused(vault: Vault) -> None:
    for pin in ("123456", "000000", "12345", "abcdef", ""):
        with pytest.raises(PinError):
            vault.staff.set(Role.OPERATOR, pin)
    assert vault.staff.everybody() == set(Role)


def test_a_changed_pin_no_longer_fits_and_forgives_the_attempts(vault: Vault) -> None:
    _set_all(vault)
    for _ in range(3):
        with pytest.raises(WrongPinError):
            vault.staff.unlock(Role.OPERATOR, "999998")
    vault.staff.set(Role.OPERATOR, "662607")
    vault.staff.unlock(Role.OPERATOR, "662607")
    with pytest.raises(WrongPinError):
        vault.staff.unlock(Role.OPERATOR, PINS[Role.OPERATOR])


def test_a_reset_by_the_programme_forgets_every_pin(vault: Vault) -> None:
    _set_all(vault)
    vault.staff.forget()
    vault.pin.renew("test")
    assert vault.staff.everybody() == set(Role)
