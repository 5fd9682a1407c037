"""In which language and colours a page is drawn: what its reader chose, kept in cookies, or what the site has set."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Final

from flask import Flask, Response, request
from flask_babel import Babel, gettext

from kiosk.language.languages import FIRST, LANGUAGES, UNREVIEWED, Language
from kiosk.settings.tree import THEMES

if TYPE_CHECKING:
    from kiosk.pages.parts import Look

TRANSLATIONS: Final = Path(__file__).parents[1] / "language" / "translations"
CHOICES: Final[Mapping[str, tuple[str, ...]]] = {"language": tuple(LANGUAGES), "theme": THEMES}
"""Cookie -> what it may hold."""
YEAR_S: Final = 365 * 86400


class Tongue:
    """Languages and themes of one application."""

    def __init__(self, app: Flask, look: Callable[[], Look]) -> None:
        self._look = look
        Babel(
            app,
            default_locale=FIRST,
            default_translation_directories=str(TRANSLATIONS),
            locale_selector=lambda: self.code,
        )

    @property
    def code(self) -> str:
        """The catalogue of this request's reader."""
        return self._chosen("language", self._look().language, FIRST)

    @property
    def language(self) -> Language:
        """Their language."""
        return LANGUAGES[self.code]

    @property
    def languages(self) -> Mapping[str, Language]:
        """All of them."""
        return LANGUAGES

    @property
    def needs_review(self) -> bool:
        """Whether nobody who speaks this language has read the catalogue yet."""
        return self.code in UNREVIEWED

    @property
    def theme(self) -> str:
        """Their theme."""
        return self._chosen("theme", self._look().theme, THEMES[0])

    def say(self, text: str) -> str:
        """A text of the catalogue, for them; nothing stays nothing."""
        return str(gettext(text)) if text else ""

    def choose(self, said: Mapping[str, str], answer: Response) -> None:
        """Let the answer carry what they choose; what is unknown is left alone."""
        for name, allowed in CHOICES.items():
            if (chosen := said.get(name)) in allowed:
                answer.set_cookie(name, chosen, max_age=YEAR_S, path="/", httponly=True, samesite="Strict")

    @staticmethod
    def _chosen(name: str, site: str, otherwise: str) -> str:
        asked = (request.cookies.get(name, ""), site, otherwise)
        return next(one for one in asked if one in CHOICES[name])
