"""The page in nine languages: every text is collected, translated, short where it has to be, and drawn."""

from __future__ import annotations

import ast
import re
import shutil
import subprocess
from collections.abc import Callable, Iterator
from datetime import datetime
from functools import cache
from html.parser import HTMLParser
from pathlib import Path
from types import SimpleNamespace
from urllib.request import Request, urlopen

import pytest
from babel.messages.catalog import Catalog
from flask import Flask, render_template
from jinja2 import Environment, nodes

from kiosk.language.languages import FIRST, LANGUAGES, UNREVIEWED
from kiosk.pages import texts
from kiosk.pages.parts import Look
from kiosk.pages.tongue import Tongue
from tests.running import RunningKiosk
from tools.catalogues import CODES, ROOT, collect, compiled, faults, path_of, read

KIOSK = ROOT / "kiosk"
PAGES = KIOSK / "pages" / "templates"
TEMPLATES = sorted(KIOSK.glob("**/templates/**/*.html"))
MODULES = [KIOSK / "pages" / "texts.py", KIOSK / "report" / "texts.py", KIOSK / "health" / "checks.py"]
"""Modules that hold nothing but what a reader sees."""
SAME = {code: {"OK"} for code in CODES}
SAME["es"] |= {"No"}
SAME["sv"] |= {"Demonstration.", "Norm", "Screening", "Term"}
"""What is the same word in English and in that language."""
NAMES = {"Phenokiosk", "HPO", "z", "aA", "s"}
"""What no language translates; s stands for seconds."""
INSTRUCTIONS = {texts.WAIT_FOR_CAMERA.text} | {
    one.text for known in (texts.ADVICE, texts.STATES, texts.POSES) for one in known.values()
}
WORDS, CHARACTERS = 6, 10
"""The most of an instruction: words, or characters where a language writes none apart."""
SHOWN = {"aria-label", "alt", "title", "placeholder"} | {
    f"data-{name}"
    for name in ("backspace", "clinician", "engineer", "lost", "operator", "shift", "space", "stalled", "text", "title")
}
"""Attributes that are read to somebody, or that a script writes onto the page."""
VOID = {"br", "col", "hr", "img", "input", "link", "meta"}
A_WORD = re.compile(r"[A-Za-zÀ-ÿ]+")
A_TEXT = re.compile(r"[A-Z][a-z]+(?:\W|$)|.*[A-Za-z]{2,} [A-Za-z]{2,}")
Draw = Callable[..., str]


@cache
def collected() -> Catalog:
    return collect()


@cache
def catalogue(code: str) -> Catalog:
    return read(code)


def translated(code: str, text: str) -> str:
    """A text in a language; in English itself."""
    if code == FIRST:
        return text
    known = catalogue(code).get(text)
    assert known is not None, (code, text)
    return str(known.string)


class Reader(HTMLParser):
    """What somebody reads on a page, but for what the page itself marks as English."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.seen: list[str] = []
        self._open: list[tuple[str, str]] = []
        self.feed(page)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        said = {name: value or "" for name, value in attrs}
        language = said.get("lang", self._open[-1][1] if self._open else "")
        if language != FIRST:
            self.seen += [text for name, text in said.items() if name in SHOWN]
        if tag not in VOID:
            self._open.append((tag, language))

    def handle_endtag(self, tag: str) -> None:
        while self._open and any(tag == name for name, _ in self._open) and self._open.pop()[0] != tag:
            pass

    def handle_data(self, data: str) -> None:
        tag, language = self._open[-1] if self._open else ("", "")
        if tag not in {"script", "style"} and language != FIRST:
            self.seen.append(data.strip())


@pytest.mark.parametrize("code", CODES)
def test_nothing_is_missing_and_every_placeholder_stays(code: str) -> None:
    assert list(faults(code, collected())) == [], "run: make catalogues, and fill in what is empty"
    known = catalogue(code)
    assert {message.id for message in known} == {message.id for message in collected()}
    alone = [one.string for one in known if one.id and "%" in str(one.string).replace("%%", "")]
    assert alone == [], "a single % breaks the page"


@pytest.mark.parametrize("code", CODES)
def test_what_the_program_reads_is_what_translators_wrote(code: str) -> None:
    assert path_of(code).with_suffix(".mo").read_bytes() == compiled(catalogue(code)), "run: make catalogues"


@pytest.mark.parametrize("code", CODES)
def test_a_text_that_is_still_english_is_an_exception(code: str) -> None:
    same = {message.id for message in catalogue(code) if message.id and message.id == message.string}
    assert same == SAME[code]


@pytest.mark.parametrize("code", LANGUAGES)
def test_an_instruction_is_short(code: str) -> None:
    said = [translated(code, text) for text in INSTRUCTIONS]
    without_spaces = code.startswith("zh")
    long = [text for text in said if (len(text) if without_spaces else len(text.split())) > (
        CHARACTERS if without_spaces else WORDS)]  # fmt: skip
    assert long == []


@pytest.mark.parametrize("code", CODES)
def test_left_and_right_are_told_apart(code: str) -> None:
    pairs = [("Turn left", "Turn right"), ("Half turned left", "Half turned right"),
             ("Turned far left", "Turned far right"), ("Chin up", "Chin down")]  # fmt: skip
    said = [translated(code, text) for pair in pairs for text in pair]
    assert len(set(said)) == len(said)


@pytest.mark.parametrize("path", TEMPLATES, ids=lambda path: path.name)
def test_a_template_says_nothing_outside_the_catalogues(path: Path) -> None:
    source = path.read_text(encoding="utf-8")
    bare = re.sub(r"\{#.*?#\}|\{%.*?%\}|\{\{.*?\}\}", "", source, flags=re.DOTALL)
    words = {word for text in Reader(bare).seen for word in A_WORD.findall(text)}
    assert words <= NAMES
    assert {text for text in _written_in(source) if A_TEXT.match(text)} <= NAMES


def _written_in(source: str) -> Iterator[str]:
    """Every string that the blocks of a template hold, but for those that are translated there."""
    tree = Environment().parse(source)
    ours = {
        id(one)
        for call in tree.find_all(nodes.Call)
        if isinstance(call.node, nodes.Name) and call.node.name in {"_", "say"}
        for one in call.args
    }
    for one in tree.find_all(nodes.Const):
        if isinstance(one.value, str) and id(one) not in ours:
            yield one.value


@pytest.mark.parametrize("path", MODULES, ids=lambda path: f"{path.parent.name}/{path.name}")
def test_a_module_of_texts_says_nothing_outside_the_catalogues(path: Path) -> None:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    ours: set[int] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
            named = {"N_": node.args, "Check": node.args[:2]}.get(node.func.id, [])
            ours |= {id(one) for one in named}
        elif isinstance(node, ast.Dict):
            ours |= {id(one) for one in node.keys}
        elif isinstance(node, ast.Expr):
            ours.add(id(node.value))
    strings = [node for node in ast.walk(tree) if isinstance(node, ast.Constant) and isinstance(node.value, str)]
    assert len(strings) > 20
    assert [one.value for one in strings if id(one) not in ours and A_TEXT.match(one.value)] == []


def test_each_language_has_a_catalogue_a_font_and_a_voice() -> None:
    assert set(LANGUAGES) == {FIRST, *CODES}
    steps = (ROOT / "docs" / "device.md").read_text(encoding="utf-8")
    programs = (ROOT / "Makefile").read_text(encoding="utf-8")
    for code, language in LANGUAGES.items():
        assert code == FIRST or path_of(code).exists()
        assert language.font in steps and language.font in programs, f"{language.font} is installed nowhere"
        assert language.name and language.voice
        assert language.right_to_left is (code == "ar")
    assert "espeak-ng" in steps and "espeak-ng" in programs


def test_espeak_has_each_voice() -> None:
    if shutil.which("espeak-ng") is None:
        pytest.skip("no espeak-ng")
    listed = subprocess.run(["espeak-ng", "--voices"], capture_output=True, text=True, check=True, timeout=10).stdout
    known = {line.split()[1] for line in listed.splitlines()[1:]}
    for language in LANGUAGES.values():
        assert any(voice == language.voice or voice.startswith(f"{language.voice}-") for voice in known), language


def test_who_has_not_been_read_by_a_speaker_says_so() -> None:
    needed = {code for code in CODES if "X-Review: needed" in path_of(code).read_text(encoding="utf-8")}
    assert needed == UNREVIEWED


def test_the_running_page_speaks_each_language(start_kiosk: Callable[[str], RunningKiosk], steady_face: str) -> None:
    kiosk = start_kiosk(steady_face)
    for code in LANGUAGES:
        asked = Request(kiosk.url, headers={"Cookie": f"language={code}"})
        with urlopen(asked, timeout=10) as answer:
            _check(code, answer.read().decode())


@pytest.fixture
def draw() -> Draw:
    """Draws a template with everything in it, in a language."""
    app = Flask("kiosk.pages.web")
    tongue = Tongue(app, Look)

    def drawn(code: str, name: str, **more: str) -> str:
        with app.test_request_context(headers={"Cookie": f"language={code}"}):
            return render_template(name, tongue=tongue, say=tongue.say, **EVERYTHING, **more)

    return drawn


EVERYTHING = {
    "said": "", "trouble": None, "roles": {"operator", "engineer", "clinician"}, "now": datetime(2026, 12, 1),
    "trusted": False, "staff": [("operator", "Operator", False), ("clinician", "Clinician", True)],
    "camera": SimpleNamespace(last_error=""), "live": False, "rates": {"frames": 0}, "lighting": None, "patterns": [],
    "waiting": 3, "sticks": ["/media/stick"], "running": True, "parts": [], "written": "1", "visits": [],
    "outcomes": [("lost", "Did not come back")], "rows": [], "steps": 7, "pending": True, "number": 2,
}  # fmt: skip
"""What panels are drawn with."""


@pytest.mark.parametrize("code", LANGUAGES)
def test_each_panel_is_drawn_in_each_language(code: str, draw: Draw) -> None:
    panels = [draw(code, f"panels/{path.name}") for path in PAGES.glob("panels/*.html")]
    steps = [draw(code, "panels/setup.html", step=step) for step in ("language", "clock", "site", "numbers", "pins")]
    assert len(panels) > 10
    for page in panels + steps:
        _check_words(code, page)
    assert translated(code, "Report of the day") in Reader(draw(code, "panels/menu.html")).seen


def _check(code: str, page: str) -> None:
    language = LANGUAGES[code]
    direction = "rtl" if language.right_to_left else "ltr"
    assert f'<html lang="{language.tag}" dir="{direction}"' in page
    assert translated(code, "Start screening") in page
    warned = translated(code, "This language was translated by a machine and has not been read by a speaker yet.")
    assert (warned in page) is (code in UNREVIEWED)
    _check_words(code, page)


def _check_words(code: str, page: str) -> None:
    """Nothing is English that should not be, and no placeholder is left."""
    seen = set(Reader(page).seen)
    assert not [text for text in seen if "{" in text or "%%" in text]
    if code != FIRST:
        english = {str(message.id) for message in collected()} - {""} - SAME[code]
        assert seen & english == set()
