"""Browser sessions: each role ends by itself, what a PIN opened is forgotten, and there are never many."""

from __future__ import annotations

import pytest

from firmware.clock import ManualClock
from kiosk.pages.gate import NoGate
from kiosk.pages.visitors import IDLE_S, MOST, Visitor, Visitors
from kiosk.roles import INCLUDES, STAFF, Role


class ClosedGate(NoGate):
    """Everybody needs a PIN."""

    def everybody(self) -> frozenset[Role]:
        return INCLUDES[Role.ANYONE]


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


@pytest.fixture
def visitors(clock: ManualClock) -> Visitors:
    return Visitors(clock, ClosedGate())


def _again(visitors: Visitors, visitor: Visitor) -> Visitor:
    found = visitors.find(visitor.token)
    assert found is not None
    return found


@pytest.mark.parametrize("role", STAFF)
def test_a_role_ends_after_its_own_idle_time(role: Role, visitors: Visitors, clock: ManualClock) -> None:
    visitor = visitors.unlock(visitors.arrive(), role, "a key")
    clock.sleep(IDLE_S[role])
    assert visitors.roles(_again(visitors, visitor)) == INCLUDES[role]
    clock.sleep(1)
    assert visitors.roles(_again(visitors, visitor)) == {Role.ANYONE}


def test_each_role_ends_for_itself(visitors: Visitors, clock: ManualClock) -> None:
    visitor = visitors.arrive()
    for role in STAFF:
        visitor = visitors.unlock(visitor, role, f"key of the {role}")
    lasting = set(STAFF)
    assert visitors.roles(visitor) == {Role.ANYONE, *STAFF}
    for role in sorted(STAFF, key=IDLE_S.__getitem__):
        clock.sleep(IDLE_S[role] + 1 - clock.monotonic_ns() / 1e9)
        lasting.discard(role)
        assert set(_again(visitors, visitor).opened) == lasting
    assert visitors.roles(_again(visitors, visitor)) == {Role.ANYONE}


def test_a_press_after_the_idle_time_does_not_bring_the_role_back(visitors: Visitors, clock: ManualClock) -> None:
    visitor = visitors.unlock(visitors.arrive(), Role.CLINICIAN, "a key")
    clock.sleep(IDLE_S[Role.CLINICIAN] + 1)
    visitors.pressed(visitor)
    found = _again(visitors, visitor)
    assert (visitors.roles(found), found.opened) == ({Role.ANYONE}, {})


def test_what_a_pin_opened_is_forgotten_when_anybody_asks_after_the_idle_time(
    visitors: Visitors, clock: ManualClock
) -> None:
    visitors.unlock(visitors.arrive(), Role.CLINICIAN, "a key")
    clock.sleep(IDLE_S[Role.CLINICIAN] + 1)
    assert visitors.find("somebody else") is None
    assert "a key" not in [opened for one in visitors._open.values() for opened in one.opened.values()]


def test_unlock_and_lock_change_both_tokens_and_end_the_session_before(visitors: Visitors) -> None:
    first = visitors.arrive()
    second = visitors.unlock(first, Role.CLINICIAN, "a key")
    third = visitors.lock(second, Role.CLINICIAN)
    assert len({first.token, second.token, third.token, first.csrf, second.csrf, third.csrf}) == 6
    assert [visitors.find(one.token) is None for one in (first, second, third)] == [True, True, False]
    assert third.opened == {}


def test_sessions_are_bounded_and_the_quietest_goes_first(visitors: Visitors) -> None:
    first, second = visitors.arrive(), visitors.arrive()
    visitors.pressed(first)
    for _ in range(MOST - 1):
        visitors.arrive()
    assert visitors.find(first.token) is not None and visitors.find(second.token) is None
    assert len(visitors._open) == MOST == 32


def test_no_token_and_no_key_is_written_into_a_log(visitors: Visitors) -> None:
    visitor = visitors.unlock(visitors.arrive(), Role.CLINICIAN, "a key")
    told = repr(visitor)
    assert visitor.token not in told and visitor.csrf not in told and "a key" not in told


def test_a_strange_cookie_is_nobodys(visitors: Visitors) -> None:
    visitors.arrive()
    for token in ("", "\udc80", "x" * 100_000):
        with_error = token.encode("utf-8", "replace").decode()
        assert visitors.find(with_error) is None
