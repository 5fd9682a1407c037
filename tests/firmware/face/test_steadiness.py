"""The advice on the live page: it settles, it can be read, and it does not flicker."""

from __future__ import annotations

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from firmware.face.quality import Advice, Quality, QualityReport, Verdict
from firmware.face.steadiness import HELD_NS, READ_NS, Shown, steady_advice

FRAME_NS = 100_000_000


def _report(advice: Advice | None) -> QualityReport:
    verdict = Verdict.WARN if advice else Verdict.PASS
    return QualityReport((Quality("Sharpness", 0.4, 50, verdict, advice),))


def _play(wanted: list[Advice | None]) -> list[Shown]:
    shown: list[Shown] = []
    for number, advice in enumerate(wanted):
        shown.append(steady_advice(shown[-1] if shown else None, _report(advice), number * FRAME_NS))
    return shown


def test_the_first_advice_is_shown_at_once() -> None:
    assert _play([Advice.COME_CLOSER])[0].advice is Advice.COME_CLOSER


def test_a_measure_at_its_limit_does_not_flicker() -> None:
    shown = _play([Advice.TURN_LEFT, None] * 30)
    assert {step.advice for step in shown} == {Advice.TURN_LEFT}


def test_what_is_put_right_goes_away_once_it_could_be_read() -> None:
    shown = _play([Advice.TURN_LEFT] + [None] * 12)
    gone = next(number for number, step in enumerate(shown) if step.advice is None)
    assert gone * FRAME_NS == READ_NS


def test_a_new_advice_appears_when_it_has_held() -> None:
    shown = _play([None] * 3 + [Advice.MORE_LIGHT] * 8)
    first = next(number for number, step in enumerate(shown) if step.advice)
    assert (first - 3) * FRAME_NS == HELD_NS


@given(st.lists(st.sampled_from([None, Advice.CHIN_UP, Advice.CHIN_DOWN, Advice.COME_CLOSER]), min_size=2, max_size=60))
def test_whatever_the_frames_ask_for_an_advice_can_be_read(wanted: list[Advice | None]) -> None:
    for before, after in pairwise(_play(wanted)):
        if before.advice is not None and after.advice != before.advice:
            assert after.since_ns - before.since_ns >= READ_NS
        assert after.wanted_since_ns <= after.since_ns or after.advice == before.advice


@given(st.lists(st.sampled_from([None, Advice.CHIN_UP, Advice.COME_CLOSER]), max_size=20), st.just(Advice.HOLD_STILL))
def test_what_is_asked_for_long_enough_is_always_shown(before: list[Advice | None], then: Advice) -> None:
    assert _play([*before, *[then] * 12])[-1].advice is then
