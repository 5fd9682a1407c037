"""A camp at the touchscreen, in a real Chromium: roles, photos, service screens, languages, and clumsy fingers."""

from __future__ import annotations

import os
from collections.abc import Callable

import pytest

from kiosk.roles import Role
from tests.conftest import REPOSITORY
from tests.flows.browsing import Operator, Page, check_accessibility, check_screen, expect

pytestmark = pytest.mark.browser
ON_A_WHOLE_DAY = pytest.mark.skipif("DAY" not in os.environ, reason="one of its kind is enough every time: make day")

TURNING = f"replay://{REPOSITORY}/models/phantom/turning?fps=4&loop=1"
PINS = {Role.ENGINEER: "161803", Role.CLINICIAN: "314159", Role.OPERATOR: "271828"}
PANELS = (
    "day",
    "outcome",
    "health",
    "visits",
    "export",
    "erase",
    "clock",
    "pins",
    "check",
    "settings",
    "bundles",
    "setup",
)
THEMES = {"outdoor": (1024, 600), "dark": (1280, 800), "light": (800, 480)}
ANSWER_MS = 100


def test_a_field_worker_takes_all_six_photos(open_page: Callable[..., Page]) -> None:
    page = open_page(TURNING)
    operator = page.operator
    operator.start("photos")
    operator.press("[data-consent=adult]")
    assert not page.is_visible("#photos"), "photos that are taken are kept: nothing to choose"
    operator.hold("[data-hold=agree]")
    operator.wait("subject")
    operator.describe("41")
    expect(page, "#pose").to_contain_text("1/6")
    check_screen(page)
    operator.shoot("photo-protocol")
    page.set_default_timeout(120_000)
    page.wait_for_selector("html[data-state=result]")
    assert len(page.query_selector_all("#album li")) == 6
    check_screen(page)
    check_accessibility(page)
    operator.shoot("album")
    assert [visit.kind for visit in page.kiosk.vault.visits("41")] == ["photos"]
    operator.leave()
    assert page.query_selector_all("#album li") == []


@pytest.mark.parametrize(
    ("theme", "size"),
    [pytest.param(*row, marks=[ON_A_WHOLE_DAY] if n else [], id=row[0]) for n, row in enumerate(THEMES.items())],
)
def test_every_service_screen_can_be_read_and_pressed(
    theme: str, size: tuple[int, int], open_page: Callable[..., Page], steady_face: str
) -> None:
    page = open_page(steady_face, size, display__theme=theme)
    operator = page.operator
    operator.wait("idle")
    for layer in ("languages", "themes"):
        operator.press(f"[data-open={layer}]")
        check_screen(page)
        check_accessibility(page)
        operator.press(f"[data-close={layer}]")
    for name in ("menu", *PANELS):
        operator.open_panel(name)
        check_screen(page)
        check_accessibility(page)
        operator.shoot(f"{name}-{theme}")
    operator.press("[data-finish]")
    operator.wait("idle")


def test_outside_the_demo_nobody_is_screened_before_the_wizard_has_set_the_pins(
    open_page: Callable[..., Page], steady_face: str
) -> None:
    page = open_page(steady_face, screening__demo="off")
    operator = page.operator
    operator.wait("blocked")
    assert "PIN" in page.inner_text("#missing")
    check_screen(page)
    operator.shoot("not-set-up")
    operator.press("#set-up")
    operator.wait("maintenance")
    for _ in range(4):  # language, clock, place, numbers
        operator.press("#panel .row [data-panel=setup].primary")
    page.forgiven = ("403",)  # of a question that was under way when a PIN gave the session another token
    for role, pin in PINS.items():
        form = f"#panel form:has(input[value={role}])"
        operator.fill(form, pin=pin, once_more=pin)
        operator.press(f"{form} button")
        page.wait_for_selector(f"{form} use[href='#icon-still']", state="attached")
    assert page.kiosk.vault.staff.complete
    operator.press("[data-finish]")
    operator.wait("idle")
    page.forgiven = ("403", "429")
    page.context.clear_cookies()  # the next morning, or another browser
    page.reload()
    operator.wait("locked")
    check_screen(page)
    check_accessibility(page)
    operator.shoot("locked")

    operator.press("[data-unlock=operator]")
    operator.type("271829")
    expect(page, "#keypad-trouble").to_contain_text("PIN-01")
    operator.type(PINS[Role.OPERATOR])
    operator.wait("idle")
    operator.present("7")
    operator.answer()
    operator.press("#clinician")
    operator.type(PINS[Role.OPERATOR])
    expect(page, "#keypad-trouble").to_contain_text("PIN-01")
    assert page.evaluate("document.getElementById('ranking').childElementCount") == 0
    operator.type(PINS[Role.CLINICIAN])
    page.wait_for_selector("#details:not([hidden])")
    assert len(page.query_selector_all("#ranking tr")) == 7
    operator.press("#close")
    operator.press("#clinician")
    page.wait_for_selector("#keypad")  # what was closed asks for the PIN again
    assert page.evaluate("document.getElementById('ranking').childElementCount") == 0


@ON_A_WHOLE_DAY
def test_ten_wrong_pins_lock_out_and_say_for_how_long(open_page: Callable[..., Page], steady_face: str) -> None:
    page = open_page(steady_face)
    for role, pin in PINS.items():
        page.kiosk.vault.staff.set(role, pin)
    page.forgiven = ("403", "429")
    page.operator.wait("locked")
    page.operator.press("[data-unlock=operator]")
    for _ in range(10):
        page.operator.type("999998")
    expect(page, "#keypad-trouble").to_contain_text("PIN-02")
    page.reload()
    page.operator.wait("locked")


@pytest.mark.parametrize(
    "number",
    [
        "<script>alert(1)</script>",
        *(pytest.param(one, marks=ON_A_WHOLE_DAY) for one in ("é-42-日本", "👶🏽", "9" * 10_000)),
    ],
    ids=["script", "letters", "emoji", "long"],
)
def test_whatever_the_scanner_types_stays_a_number(number: str, small_page: Page) -> None:
    operator = small_page.operator
    operator.start()
    operator.agree()
    _scan(small_page, number)
    typed = small_page.inner_text("#number")
    assert typed == number[:64] and len(typed) <= 64
    operator.press("#number-done")
    operator.press("[data-age='4.5']")
    operator.press("[data-sex=F]")
    operator.wait("positioning", "countdown", "capturing")
    check_screen(small_page)
    operator.answer()
    assert len(small_page.kiosk.vault.visits(number[:64])) == 1
    operator.leave()


def _scan(page: Page, text: str) -> None:
    """A scanner is a keyboard that is quick; keys come as they do from one."""
    page.evaluate(
        """text => { for (const key of text) {
             document.body.dispatchEvent(new KeyboardEvent("keydown", { key, bubbles: true, cancelable: true }));
           } }""",
        text,
    )


@ON_A_WHOLE_DAY
def test_the_same_child_again_is_a_second_visit_beside_the_first(small_page: Page) -> None:
    operator = small_page.operator
    for visit in (1, 2):
        operator.present("17")
        operator.answer()
        assert (f"Visit {visit}" in small_page.inner_text("#visit-said")) == (visit > 1)
        operator.leave()
    assert len(small_page.kiosk.vault.visits("17")) == 2


@ON_A_WHOLE_DAY
def test_a_refusal_ends_the_session_and_leaves_nothing(small_page: Page) -> None:
    operator = small_page.operator
    operator.start()
    operator.press("[data-action=decline]")
    operator.wait("idle")
    assert small_page.kiosk.engine.screened == 0


def test_a_double_tap_starts_once_and_does_not_answer_the_next_screen(small_page: Page) -> None:
    """The second half of a double tap lands where the next screen has its own buttons."""
    operator = small_page.operator
    operator.wait("idle")
    box = small_page.locator("button[data-task=screening]").bounding_box()
    x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    for _ in range(4):
        small_page.mouse.dblclick(x, y)
    operator.wait("consent")
    assert small_page.is_visible("[data-consent=guardian]")


def test_every_press_is_seen_within_a_tenth_of_a_second(small_page: Page) -> None:
    operator = small_page.operator
    operator.wait("idle")
    seen_ms = small_page.evaluate(
        """() => new Promise((done) => {
             const button = document.querySelector("[data-action=start][data-task=screening]");
             const begin = performance.now();
             new MutationObserver(() => requestAnimationFrame(() => done(performance.now() - begin)))
               .observe(button, { attributes: true, attributeFilter: ["class"] });
             button.click();
           })"""
    )
    assert seen_ms < ANSWER_MS


@pytest.mark.parametrize(
    "state",
    ["result", *(pytest.param(one, marks=ON_A_WHOLE_DAY) for one in ("idle", "consent", "subject", "positioning"))],
)
def test_a_reload_at_any_moment_goes_on_where_it_was(state: str, small_page: Page) -> None:
    operator = small_page.operator
    steps: dict[str, Callable[[], None]] = {
        "idle": lambda: operator.wait("idle"),
        "consent": operator.start,
        "subject": operator.agree,
        "positioning": operator.describe,
        "result": operator.answer,
    }
    for name, step in steps.items():
        step()
        if name == state:
            break
    small_page.reload()
    if state == "positioning":
        operator.answer()
    else:
        operator.wait(state, "inconclusive") if state == "result" else operator.wait(state)
    check_screen(small_page)


def test_two_browsers_show_one_session_and_never_two(open_page: Callable[..., Page], steady_face: str) -> None:
    page = open_page(steady_face)
    other = page.context.browser.new_page(viewport={"width": 800, "height": 480})
    other.goto(page.kiosk.url)
    second = Operator(other)
    page.operator.start()
    second.wait("consent")
    second.press("[data-consent=adult]")
    second.hold("[data-hold=agree]")
    page.operator.wait("subject")
    page.operator.describe("3")
    page.operator.answer()
    second.answer()
    second.press("section:not([hidden]) [data-action=leave]")
    page.operator.wait("idle")
    assert page.kiosk.engine.screened == 1
    other.close()


def test_a_camera_that_dies_in_the_countdown_is_waited_for(open_page: Callable[..., Page], steady_face: str) -> None:
    page = open_page(steady_face, screening__countdown="3")
    page.operator.present()
    page.wait_for_selector("html[data-state=countdown]")
    page.kiosk.unplugged.set()
    page.wait_for_selector("html[data-state=positioning]")
    page.wait_for_selector("#instruction-text:has-text('Wait for the camera')")
    page.kiosk.unplugged.clear()
    page.operator.answer()


def test_holding_switches_off_and_a_tap_does_not(small_page: Page) -> None:
    operator = small_page.operator
    operator.wait("idle")
    operator.press("[data-hold=off]")
    assert small_page.kiosk.asked == []
    button = small_page.locator("[data-hold=off]:visible")
    button.hover()
    small_page.mouse.down()
    small_page.wait_for_selector("html[data-state=off]")
    small_page.mouse.up()
    assert small_page.kiosk.asked == ["power off"]
    assert "unplug" in small_page.inner_text("section:not([hidden])")
    operator.shoot("switching-off")


@pytest.mark.parametrize(
    ("code", "direction"),
    [("ar", "rtl"), *(pytest.param(one, "ltr", marks=ON_A_WHOLE_DAY) for one in ("hi", "zh_Hans", "es"))],
)
def test_the_page_speaks_the_language_that_was_chosen_by_its_own_name(
    code: str, direction: str, small_page: Page
) -> None:
    operator = small_page.operator
    operator.wait("idle")
    operator.press("[data-open=languages]")
    operator.press(f"[data-value={code}]")
    # The language and not the direction, which most have in common: the page is loaded anew.
    expect(small_page, f"html[lang^={code[:2]}]").to_have_attribute("dir", direction)
    for step in (lambda: operator.wait("idle"), operator.start, operator.agree, operator.describe):
        step()
        check_screen(small_page)
    operator.shoot(f"positioning-{code}")
    operator.answer()
    check_screen(small_page)
    check_accessibility(small_page)
    operator.shoot(f"result-{code}")


def test_no_field_ever_calls_the_systems_keyboard(small_page: Page) -> None:
    small_page.operator.open_panel("setup")
    fields = small_page.evaluate(
        "[...document.querySelectorAll('input:not([type=hidden],[type=radio],[type=checkbox]), textarea, "
        "[contenteditable]')].map(e => e.readOnly && e.inputMode === 'none')"
    )
    assert all(fields)


@ON_A_WHOLE_DAY
def test_five_quick_taps_on_the_models_name_lead_the_engineer_in(small_page: Page) -> None:
    small_page.operator.wait("idle")
    for _ in range(5):
        small_page.click("#model")
    small_page.operator.wait("maintenance")
    assert "HEA-07" in small_page.inner_text("#panel")


def test_the_scanners_enter_presses_no_key_that_was_touched_before(small_page: Page) -> None:
    operator = small_page.operator
    operator.start()
    operator.agree()
    small_page.click("#number-keys [data-key='7']")
    small_page.click("#number-keys [data-key='<']")
    small_page.keyboard.type("A-17")
    small_page.keyboard.press("Enter")
    small_page.wait_for_selector("[data-age='4.5']:visible")
    operator.press("[data-age='4.5']")
    operator.press("[data-sex=F]")
    operator.wait("positioning", "countdown", "capturing")
    operator.answer()
    assert len(small_page.kiosk.vault.visits("A-17")) == 1


@ON_A_WHOLE_DAY
def test_a_field_worker_who_finishes_early_keeps_what_was_taken(open_page: Callable[..., Page]) -> None:
    page = open_page(TURNING)
    page.operator.present("42", task="photos")
    expect(page, "#pose").to_contain_text("2/6")
    page.operator.press("[data-action=finish]")
    page.operator.answer()
    assert len(page.query_selector_all("#album li")) == 1
    assert [visit.kind for visit in page.kiosk.vault.visits("42")] == ["photos"]


@ON_A_WHOLE_DAY
def test_service_comes_back_after_a_reload(small_page: Page) -> None:
    small_page.operator.open_panel("health")
    small_page.reload()
    small_page.wait_for_selector("#panel[data-name=menu] h1")


@ON_A_WHOLE_DAY
def test_the_wizards_language_turns_the_whole_page_and_goes_on(small_page: Page) -> None:
    small_page.operator.open_panel("setup")
    small_page.operator.press("#panel [name=language][value=ar]")
    expect(small_page, "html").to_have_attribute("dir", "rtl")
    small_page.wait_for_selector("#panel[data-name=setup] [name=date]")
    assert small_page.kiosk.desk.settings.display.language == "ar"


def test_a_press_that_fails_is_said(small_page: Page) -> None:
    operator = small_page.operator
    operator.start()
    small_page.forgiven = ("400",)
    operator.press("[data-consent=adult]")
    operator.press("[data-type=name]")
    small_page.click("#keypad-done")
    expect(small_page, "#keypad-trouble").not_to_be_empty()
    assert small_page.is_visible("#keypad")


@ON_A_WHOLE_DAY
def test_who_cancels_at_consent_is_no_refusal(small_page: Page) -> None:
    operator = small_page.operator
    operator.start()
    operator.press("[data-action=leave]")
    operator.wait("idle")
    vault = small_page.kiosk.vault
    assert not [what for what, _ in vault.tally.of_day(vault.tally.today()) if what == "refused"]
