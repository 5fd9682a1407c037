"""Day report and slip as HTML for A4: no script, no inline style, so that the page's own policy lets them through.

The style sheet is linked where the page serves it. A file for a stick carries it inside, since nothing is beside it
there. Texts are English message ids; `say` translates them for whoever reads the paper.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Final

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from firmware.syndrome.decision import Outcome
from kiosk.pages.texts import CANNOT, OUTCOMES
from kiosk.report import texts
from kiosk.report.day import DayReport
from kiosk.report.qr import qr_code
from kiosk.report.slip import Slip

Say = Callable[[str], str]
HERE: Final = Path(__file__).parent
SHEET: Final = HERE.parent / "pages" / "static" / "print.css"
SERVED: Final = "/static/print.css"
Row = tuple[str, object]


def day_html(report: DayReport, say: Say, lang: str = "en", *, rtl: bool = False, inside: bool = False) -> str:
    """The day's report. inside: with the style sheet in it, for a file."""
    return _render("day.html", say, lang, rtl, inside, report=report, tables=_tables(report, say))


def slip_html(slip: Slip, say: Say, lang: str = "en", *, rtl: bool = False, inside: bool = False) -> str:
    """One subject's slip."""
    headline, meaning = OUTCOMES[slip.outcome]
    told = {"headline": headline, "meaning": meaning, "cannot": CANNOT[slip.outcome]}
    return _render("slip.html", say, lang, rtl, inside, slip=slip, qr=qr_code(slip.code), **told)


def _tables(report: DayReport, say: Say) -> tuple[tuple[str, list[Row]], ...]:
    """Caption and rows of each table; captions are translated by the template."""
    mean = "–" if report.mean_s is None else f"{report.mean_s:.0f}"
    return (
        (texts.ANSWERS, [(say(texts.SCREENINGS), report.screenings), (say(texts.SECOND_VISITS), report.second_visits)]),
        (texts.BY_DECISION, [(say(OUTCOMES[Outcome(each)][0]), number) for each, number in report.outcomes.items()]),
        (texts.BY_MODEL, list(report.bundles.items())),
        (texts.TIME, [(say(texts.PEOPLE), report.subjects), (say(texts.MEAN), mean)]),
        (texts.RETAKES, _reasons(report.retakes, say)),
        (texts.REFUSALS, _reasons(report.refusals, say)),
    )


def _reasons(counts: Mapping[str, int], say: Say) -> list[Row]:
    return [(say(texts.REASONS.get(key, texts.OTHER)), number) for key, number in counts.items()]


def _render(template: str, say: Say, lang: str, rtl: bool, inside: bool, **values: Any) -> str:
    sheet = Markup(SHEET.read_text(encoding="utf-8")) if inside else ""  # noqa: S704  our own file
    shared = {"say": say, "texts": texts, "lang": lang, "rtl": rtl}
    return _environment().get_template(template).render(**shared, sheet=sheet, served=SERVED, **values)


def _environment() -> Environment:
    loader = FileSystemLoader(HERE / "templates")
    return Environment(loader=loader, autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True)
