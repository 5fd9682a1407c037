"""Panels of the device itself, as they are used at the page: date, PINs, settings, parts, health."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta

import pytest

from firmware.board.lights import PATTERNS
from kiosk.campclock import BOOT_ID, OFFSET, CampClock
from kiosk.pages.panels.machine import PATTERNS as SHOWN
from kiosk.records.record import SYNCHRONISED, Record
from kiosk.records.vault import Vault
from kiosk.roles import STAFF, Role
from kiosk.settings import SettingsDesk
from tests.kiosk.pages.browser import Browser, said, wrong
from tests.kiosk.pages.camp import PINS, START_DAY, Camp
from tests.kiosk.records.factories import record, seen
from tests.kiosk.records.opening import opened

Come = Callable[[Role], Browser]


@pytest.fixture
def engineer(come: Come) -> Browser:
    return come(Role.ENGINEER)


def _shown(html: str, words: str) -> bool:
    return f"<strong>{words}</strong>" in html


def test_a_date_that_was_set_holds_and_is_believed(camp: Camp, engineer: Browser) -> None:
    wanted = (START_DAY + timedelta(days=3)).astimezone()
    html = engineer.panel("clock", date=f"{wanted:%Y-%m-%d}", time=f"{wanted:%H:%M}")
    assert said(html) == "It was set." and _shown(html, f"{wanted:%Y-%m-%d %H:%M}")
    assert camp.clock.now() == wanted
    assert camp.vault.care.doubt() == ""


def _set_date(engineer: Browser, at: datetime) -> str:
    local = at.astimezone()
    return engineer.panel("clock", date=f"{local:%Y-%m-%d}", time=f"{local:%H:%M}")


@contextmanager
def _restarted(camp: Camp) -> Iterator[Vault]:
    """The program ends and starts again, in the same boot of the machine."""
    camp.close()
    clock = CampClock(camp.machine, camp.root)
    with opened(camp.root, clock) as vault:
        clock.restore(vault.facts.get(OFFSET), vault.shelf.newest())
        yield vault


def test_a_year_that_was_mistyped_erases_nothing(camp: Camp, engineer: Browser) -> None:
    (boot := camp.root / BOOT_ID).parent.mkdir(parents=True)
    boot.write_text("5d3c8a1e\n")
    camp.vault.tend()
    camp.vault.add(kept := record(at=START_DAY))
    assert said(_set_date(engineer, START_DAY + timedelta(days=3653))) == "It was set."
    camp.machine.advance(2)
    camp.vault.tend()
    assert camp.vault.conditions()["clock"], "somebody has said so, and may screen"
    with _restarted(camp) as vault:
        assert vault.care.doubt() == "", "the date holds"
        for _ in range(62):
            camp.machine.advance(60)
            vault.tend()
        assert vault.read(kept.id, vault.pin.unlock(PINS[Role.CLINICIAN]))[0] == kept


def test_a_wrong_year_can_be_put_right_although_somebody_was_screened_under_it(camp: Camp, engineer: Browser) -> None:
    camp.vault.tend()
    camp.vault.add(record(at=START_DAY))
    _set_date(engineer, START_DAY + timedelta(days=3653))
    camp.vault.add(record(number="A-18", at=camp.clock.now()))
    assert "when the last record or the program was made" in wrong(_set_date(engineer, START_DAY - timedelta(days=1)))
    right = START_DAY + timedelta(days=1)
    assert said(_set_date(engineer, right)) == "It was set."
    assert camp.clock.now() == right and camp.vault.care.believes()
    with _restarted(camp) as vault:
        assert vault.care.doubt() == "" and [found.at for found in vault.shelf.find("A-17")] == [START_DAY]


def test_records_go_by_a_date_far_ahead_once_it_is_confirmed(camp: Camp, engineer: Browser) -> None:
    camp.vault.tend()
    camp.vault.add(record(at=START_DAY))
    _set_date(engineer, START_DAY + timedelta(days=31))
    camp.machine.advance(3600)
    camp.vault.tend()
    assert camp.vault.shelf.find("A-17")[0].readable
    camp.vault.care.accept_clock()
    camp.machine.advance(3600)
    camp.vault.tend()
    assert camp.vault.shelf.find("A-17") == ()


@pytest.mark.parametrize(("days", "kept", "believed"), [(7, True, True), (8, True, False), (170, False, True)])
def test_how_far_ahead_a_date_may_be_set_and_still_erase(
    days: int, kept: bool, believed: bool, camp: Camp, engineer: Browser
) -> None:
    camp.vault.tend()
    if kept:
        camp.vault.add(record(at=START_DAY))
    _set_date(engineer, START_DAY + timedelta(days=days))
    assert camp.vault.care.believes() == believed


@pytest.mark.parametrize(
    ("date", "time"),
    [
        ("2026-11-20", "00:00"), ("1970-01-01", "00:00"), ("2039-01-01", "00:00"), ("9999-12-31", "23:59"),
        ("0001-01-01", "00:00"), ("2027-02-30", "10:00"), ("2027-01-01", "25:00"), ("", ""), ("tomorrow", "noon"),
        ("2027-01-01T10:00", ""), ("<script>", "10:00"), ("٢٠٢٧-٠١-٠١", "😀"),
    ],
)  # fmt: skip
def test_a_date_that_cannot_be_is_refused(date: str, time: str, camp: Camp, engineer: Browser) -> None:
    html = engineer.panel("clock", date=date, time=time)
    assert wrong(html).startswith("REC-11 ") and said(html) == "" and "<script" not in html
    assert camp.clock.now() == START_DAY


def test_a_date_before_the_last_record_is_refused_also_when_that_was_made_just_now(
    camp: Camp, engineer: Browser
) -> None:
    camp.vault.add(Record.of(seen(), camp.clock.now(), time_trusted=False))
    before = (START_DAY - timedelta(days=2)).astimezone()
    html = engineer.panel("clock", date=f"{before:%Y-%m-%d}", time=f"{before:%H:%M}")
    assert "when the last record or the program was made" in wrong(html)
    assert camp.clock.now() == START_DAY


def test_a_date_that_the_network_has_set_is_not_for_hands(camp: Camp, engineer: Browser) -> None:
    (file := camp.root / SYNCHRONISED).parent.mkdir(parents=True)
    file.touch()
    assert "The network has confirmed it." in engineer.panel("clock")
    assert wrong(engineer.panel("clock", date="2027-01-01", time="10:00")).startswith("REC-11 the network has set")


def _set(browser: Browser, role: str, pin: str, once_more: str | None = None, **form: str) -> str:
    return browser.panel("pins", role=role, pin=pin, once_more=pin if once_more is None else once_more, **form)


def test_the_engineer_changes_pins_and_the_old_one_opens_nothing(camp: Camp, engineer: Browser, come: Come) -> None:
    assert said(_set(engineer, "operator", "662607")) == "It was set."
    browser = come(Role.ANYONE)
    assert browser.unlock(Role.OPERATOR).status == 403
    assert browser.unlock(Role.OPERATOR, "662607").status == 200


@pytest.mark.parametrize(
    ("who", "role"),
    [(Role.CLINICIAN, "engineer"), (Role.ENGINEER, "anyone"), (Role.ENGINEER, "king"), (Role.ENGINEER, "")],
)
def test_a_pin_that_is_not_ones_own_to_set_stays_as_it_is(who: Role, role: str, camp: Camp, come: Come) -> None:
    browser = come(who)
    assert wrong(_set(browser, role, "662607")).startswith("PIN-00 this PIN is not yours to set")
    for each in STAFF:
        camp.vault.staff.unlock(each, PINS[each])


@pytest.mark.parametrize(
    "pin", ["123456", "000000", "12345", "1234567890123", "abcdef", "", "４８１５１６", "48 15 16", "😀" * 6]
)
def test_a_pin_that_is_easy_or_none_is_refused(pin: str, camp: Camp, engineer: Browser) -> None:
    assert wrong(_set(engineer, "operator", pin)).startswith("PIN-00 ")
    camp.vault.staff.unlock(Role.OPERATOR, PINS[Role.OPERATOR])


def test_a_pin_that_was_mistyped_or_is_the_operators_is_refused(camp: Camp, engineer: Browser) -> None:
    assert wrong(_set(engineer, "operator", "662607", "662608")).startswith("PIN-00 the two were not the same")
    camp.vault.staff.unlock(Role.OPERATOR, PINS[Role.OPERATOR])
    assert wrong(_set(engineer, "engineer", PINS[Role.OPERATOR])).startswith("PIN-00 the operator has that PIN")
    camp.vault.staff.unlock(Role.ENGINEER, PINS[Role.ENGINEER])


def test_who_sets_a_pin_is_not_told_that_it_is_the_clinicians(camp: Camp, engineer: Browser) -> None:
    told = [_set(engineer, "operator", pin) for pin in (PINS[Role.CLINICIAN], "662607")]
    assert [said(html) for html in told] == ["It was set."] * 2 and told[0] == told[1]


def test_the_clinicians_pin_needs_the_one_until_now(camp: Camp, engineer: Browser) -> None:
    assert wrong(_set(engineer, "clinician", "662607")).startswith("PIN-01 ")
    assert wrong(_set(engineer, "clinician", "662607", current="999999")).startswith("PIN-01 ")
    camp.vault.pin.unlock(PINS[Role.CLINICIAN])
    assert said(_set(engineer, "clinician", "662607", current=PINS[Role.CLINICIAN])) == "It was set."
    camp.vault.pin.unlock("662607")


def test_no_pin_is_ever_written_back_into_the_page(engineer: Browser) -> None:
    for html in (_set(engineer, "operator", "662607"), _set(engineer, "operator", "662607", "662608")):
        assert "662607" not in html and "662608" not in html


def test_a_setting_is_changed_and_taken_back(camp: Camp, engineer: Browser) -> None:
    html = engineer.panel("settings", name="site.name", value="Kwale & <b>Kilifi</b>")
    assert said(html) == "It was set." and "Kwale &amp; &lt;b&gt;Kilifi&lt;/b&gt;" in html
    assert camp.desk.settings.site.name == "Kwale & <b>Kilifi</b>"
    engineer.panel("settings", name="display.theme", value="dark")
    engineer.panel("settings", do="undo")
    assert (camp.desk.settings.display.theme, camp.desk.settings.site.name) == ("light", "Kwale & <b>Kilifi</b>")
    engineer.panel("settings", do="forget", name="site.name")
    assert camp.desk.settings.site.name == ""


@pytest.mark.parametrize(
    ("form", "why"),
    [
        ({"name": "display.them", "value": "dark"}, "SET-01 "),
        ({"name": "", "value": ""}, "SET-01 "),
        ({"name": "<script>", "value": ""}, "SET-01 "),
        ({"name": "display.theme", "value": "pink"}, "SET-01 "),
        ({"name": "screening.countdown", "value": "soon"}, "SET-01 "),
        ({"name": "screening.countdown", "value": "nan"}, "SET-01 "),
        ({"name": "site.name", "value": "two\nlines"}, "SET-01 "),
        ({"name": "records.state", "value": "/tmp"}, "SET-03 "),
        ({"name": "page.port", "value": "81"}, "SET-03 "),
        ({"do": "forget", "name": "records.state"}, "SET-03 "),
        ({"do": "forget", "name": "display.them"}, "SET-01 "),
        ({"do": "undo"}, "SET-01 there is no edit to take back"),
    ],
)
def test_a_setting_that_cannot_be_is_refused_and_changes_nothing(
    form: dict[str, str], why: str, camp: Camp, engineer: Browser
) -> None:
    before = camp.desk.settings
    html = engineer.panel("settings", **form)
    assert wrong(html).startswith(why) and "<script" not in html
    assert camp.desk.settings == before


def test_a_change_that_waits_says_so_until_the_kiosk_starts_anew(camp: Camp, engineer: Browser) -> None:
    assert "waits for a new start" in engineer.panel("settings", name="screening.countdown", value="3.5")
    assert camp.asked == []
    assert said(engineer.panel("settings", do="restart")) == "The kiosk starts anew."
    assert camp.asked == ["restart"]
    told = [f"records.state={camp.root}"]
    assert SettingsDesk(camp.root / "kiosk.toml", told).settings.screening.countdown == 3.5


@pytest.mark.parametrize("pattern", SHOWN)
def test_each_pattern_can_be_looked_at(pattern: str, camp: Camp, engineer: Browser) -> None:
    assert said(engineer.panel("check", pattern=pattern)) == "Look at the light."
    assert camp.light.pattern == PATTERNS[pattern]


@pytest.mark.parametrize("pattern", ["", "disco", "stopping"])
def test_a_pattern_that_nobody_knows_is_not_shown(pattern: str, camp: Camp, engineer: Browser) -> None:
    camp.ready()
    engineer.post("/session/service")
    before = camp.light.pattern
    assert said(engineer.panel("check", pattern=pattern)) == ""
    assert camp.light.pattern == before


def test_a_camera_that_gives_no_pictures_is_said(engineer: Browser) -> None:
    assert _shown(engineer.panel("check"), "gives no pictures")


def test_health_is_shown_with_what_holds_and_the_log(camp: Camp, come: Come) -> None:
    operator = come(Role.OPERATOR)
    assert operator.get("/panel/health").status == 200, "also before the first look"
    camp.health.look(0)
    html = operator.panel("health")
    assert "HEA-01 The camera gives no pictures." in html and "Versions" in html
    assert "/support" not in html, "which is not for operators"
    assert "/support" in come(Role.ENGINEER).panel("health")


def test_the_days_numbers_are_shown(camp: Camp, come: Come) -> None:
    camp.vault.add(record(at=START_DAY))
    html = come(Role.OPERATOR).panel("day")
    assert "2026-12-01" in html and "<div>Screened<strong>1</strong>" in html and "<div>Refer<strong>1</strong>" in html
