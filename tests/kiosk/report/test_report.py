"""What is printed: right numbers, nothing of a person, and a code that a telephone can read."""

from __future__ import annotations

import re
import time
from dataclasses import replace
from datetime import date, timedelta
from html.parser import HTMLParser
from pathlib import Path

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from firmware.clock import ManualClock
from firmware.errors import SubjectError
from firmware.face.verdict import Advice
from firmware.syndrome.decision import Outcome
from kiosk.records.tally import What
from kiosk.report import texts
from kiosk.report.day import DayReport, day_report
from kiosk.report.printing import day_html, slip_html
from kiosk.report.qr import QUIET, QrCode, qr_code
from kiosk.report.slip import Slip, read_code
from kiosk.session.states import Trouble
from tests.kiosk.records.factories import NOW, record
from tests.kiosk.records.opening import opened
from tools.bench_records import A_DAY, START, a_record

SLIP = Slip("A-17", date(2026, 5, 1), "camp 1", Outcome.REFER)
EMPTY = DayReport(date(2026, 5, 1), "camp 1", False, {o.value: 0 for o in Outcome}, {}, {}, {}, 0, None, 0)
LIMIT_MS = 100
RECORDS = 100_000


def shouted(text: str) -> str:
    """A language in which one sees what was translated."""
    return f"[{text}]"


class Paper(HTMLParser):
    """What a page holds: its words, its rows, and whatever a strict policy would not let through."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.words: list[str] = []
        self.rows: dict[str, str] = {}
        self.forbidden: list[str] = []
        self._inside, self._row = "", ""
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._inside = tag
        ours = tag == "script" and dict(attrs).get("src") == "/static/paper.js"
        self.forbidden += [tag] if tag in {"script", "style", "img", "iframe", "object", "form"} and not ours else []
        self.forbidden += [name for name, _ in attrs if name == "style" or name.startswith("on")]

    def handle_data(self, data: str) -> None:
        if text := data.strip():
            self.words.append(text)
            if self._inside == "th":
                self._row = text
            elif self._inside == "td":
                self.rows[self._row] = text


def test_day_report_counts_what_happened_on_that_day(tmp_path: Path) -> None:
    with opened(tmp_path, ManualClock(NOW)) as vault:
        vault.add(record("A-1", NOW - timedelta(days=1)))
        for number in ("A-1", "A-2", "A-3"):
            vault.add(record(number, NOW))
        for seconds in (60, 90):
            vault.tally.add(What.SUBJECT, "result", seconds)
        vault.tally.add(What.SUBJECT, "left", 30)
        for key in ("hold still", "hold still", "few pictures", "A-17"):
            vault.tally.add(What.RETAKE, key)
        vault.tally.add(What.REFUSED, "photos")
        report = day_report(vault, vault.tally.today(), "camp 1")
    assert sum(report.outcomes.values()) == report.screenings == 3
    assert set(report.outcomes) == {"refer", "routine", "inconclusive"}
    assert list(report.bundles.values()) == [3]
    assert report.retakes == {"hold still": 2, "few pictures": 1, "other": 1} and report.refusals == {"photos": 1}
    assert (report.subjects, report.mean_s, report.second_visits) == (3, 60.0, 1)
    assert report.plain()["day"] == "2026-05-01" and report.plain()["screenings"] == 3


def test_day_report_of_an_empty_day(tmp_path: Path) -> None:
    with opened(tmp_path, ManualClock(NOW)) as vault:
        report = day_report(vault, date(2026, 5, 1), "camp 1")
    assert report == EMPTY
    assert Paper(day_html(report, str)).rows["Seconds each, on average"] == "–"


def test_printed_report_has_every_number_and_is_translated() -> None:
    report = replace(
        EMPTY, outcomes={"refer": 7, "routine": 80, "inconclusive": 9}, bundles={"phantom 0.4.0": 96},
        retakes={"hold still": 5, "other": 1}, refusals={"photos": 3}, subjects=101, mean_s=83.4, second_visits=4,
    )  # fmt: skip
    paper = Paper(day_html(report, shouted))
    assert paper.rows == {
        "[Screenings]": "96", "[Of them second visits]": "4", "[Refer]": "7", "[Routine]": "80",
        "[Inconclusive]": "9", "phantom 0.4.0": "96", "[People in front of the kiosk]": "101",
        "[Seconds each, on average]": "83", "[Hold still]": "5", "[Other]": "1", "[To keeping photos]": "3",
    }  # fmt: skip
    data = {*paper.rows.values(), "2026-05-01 · camp 1", "phantom 0.4.0", "[Report of the day] 2026-05-01"}
    assert all(word.startswith("[") and word.endswith("]") for word in paper.words if word not in data)


def test_every_reason_has_its_words() -> None:
    assert {*map(str, Advice), *map(str, Trouble)} <= texts.REASONS.keys()


@pytest.mark.parametrize("clinical", [False, True])
def test_paper_of_a_demonstration_says_so(clinical: bool) -> None:
    for html in (day_html(replace(EMPTY, clinical=clinical), str), slip_html(replace(SLIP, clinical=clinical), str)):
        assert (texts.DEMO in html) is not clinical


@pytest.mark.parametrize("outcome", Outcome)
def test_slip_says_what_to_do_and_what_the_answer_cannot_say(outcome: Outcome) -> None:
    paper = Paper(slip_html(replace(SLIP, outcome=outcome), shouted))
    assert "A-17" in paper.words and "2026-05-01 · camp 1" in paper.words
    assert f"[{outcome.value.capitalize()}]" in paper.words
    assert sum(word.startswith("[") for word in paper.words) >= 4


def test_served_paper_passes_a_policy_without_inline_scripts_and_styles() -> None:
    for html in (day_html(EMPTY, str), slip_html(SLIP, str)):
        assert Paper(html).forbidden == []
        assert '<link rel="stylesheet" href="/static/print.css">' in html


def test_paper_for_a_stick_needs_nothing_beside_it() -> None:
    html = slip_html(SLIP, str, "ar", rtl=True, inside=True)
    assert "@page { size: A4" in html and "<link" not in html and "http" not in html
    assert '<html lang="ar" dir="rtl">' in html


def test_what_somebody_typed_cannot_break_the_paper() -> None:
    nasty = '<script>alert("1")</script>'
    html = slip_html(replace(SLIP, camp_number=nasty, site=nasty), str)
    assert Paper(html).forbidden == [] and nasty in Paper(html).words


def drawn(code: QrCode, scale: int = 6) -> np.ndarray:
    """The path, filled as a browser would."""
    picture = np.full((code.modules * scale,) * 2, 255, np.uint8)
    runs = re.findall(r"M(\d+) (\d+)h(\d+)v1h-(\d+)z", code.path)
    assert code.path == "".join(f"M{x} {y}h{n}v1h-{n}z" for x, y, n, _ in runs)
    for x, y, n, back in runs:
        assert n == back
        left, top = int(x) * scale, int(y) * scale
        picture[top : top + scale, left : left + int(n) * scale] = 0
    return picture


def test_code_of_a_slip_is_read_back_from_its_path() -> None:
    html = slip_html(SLIP, str)
    found = re.search(r'viewBox="0 0 (\d+) \1".*?<path d="([^"]+)"', html)
    assert found
    picture = drawn(QrCode(int(found[1]), found[2]))
    border = QUIET * 6
    assert picture[:border].min() == picture[:, :border].min() == picture[-border:].min() == 255, "white around it"
    said, *_ = cv2.QRCodeDetector().detectAndDecode(picture)
    assert said == "PK1;REFER;A-17"
    assert read_code(said) == ("A-17", Outcome.REFER)


@settings(max_examples=30, deadline=None)
@given(
    st.text(st.characters(codec="ascii", exclude_categories=("Cc",)), min_size=1, max_size=64), st.sampled_from(Outcome)
)
def test_code_of_any_number_is_read_back(number: str, outcome: Outcome) -> None:
    code = qr_code(replace(SLIP, camp_number=number, outcome=outcome).code)
    assert code is not None
    said, *_ = cv2.QRCodeDetector().detectAndDecode(drawn(code, 8))
    assert read_code(said) == (number, outcome)


@pytest.mark.parametrize("text", ["", "PK1", "PK1;REFER;", "PK1;DOWN;A-17", "PK2;REFER;A-17", "https://example.org"])
def test_other_codes_are_told_apart(text: str) -> None:
    with pytest.raises(SubjectError):
        read_code(text)


def test_report_of_a_day_among_100_000_records_takes_less_than_100_ms(tmp_path: Path) -> None:
    """The records' columns as so many screenings leave them; their sealed parts are no part of a report."""
    clock = ManualClock(START + timedelta(days=RECORDS // A_DAY))
    with opened(tmp_path, clock) as vault:
        vault.add(a_record(0))
        vault._database.execute(
            "WITH RECURSIVE c(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM c WHERE i < ?)"
            " INSERT INTO record (id, camp, at, since, day, outcome, bundle)"
            " SELECT hex(i), CAST(i % 60000 AS BLOB), at + i, at + i, date(at, 'unixepoch', (i / ?) || ' days'),"
            " CASE i % 3 WHEN 0 THEN 'refer' WHEN 1 THEN 'routine' ELSE 'inconclusive' END, bundle FROM c, record"
            " WHERE record.n = 1",
            RECORDS, A_DAY,
        )  # fmt: skip
        vault.tally.add(What.SUBJECT, "result", 60)
        day = (START + timedelta(days=400)).date()
        taken = []
        for _ in range(5):
            begun = time.perf_counter()
            report = day_report(vault, day)
            day_html(report, str)
            taken.append(1000 * (time.perf_counter() - begun))
    assert report.screenings == A_DAY and report.second_visits == A_DAY
    assert min(taken) < LIMIT_MS, taken
