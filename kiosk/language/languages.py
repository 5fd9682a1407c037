"""The languages of the page: how each calls itself, which way it runs, and who speaks it.

A catalogue that a machine translated is in UNREVIEWED, and says so in its header, until somebody who speaks the
language has read it; the page then says it too, where the language is chosen.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True)
class Language:
    """One language. tag: BCP 47, for the page. voice: of espeak-ng. font: Debian package that has its script."""

    name: str
    tag: str
    voice: str
    right_to_left: bool = False
    font: str = "fonts-dejavu-core"


LANGUAGES: Final[Mapping[str, Language]] = {
    "en": Language("English", "en", "en"),
    "es": Language("Español", "es", "es-419"),
    "fr": Language("Français", "fr", "fr"),
    "pt": Language("Português", "pt", "pt-br"),
    "sw": Language("Kiswahili", "sw", "sw"),
    "hi": Language("हिन्दी", "hi", "hi", font="fonts-noto-core"),
    "ar": Language("العربية", "ar", "ar", right_to_left=True, font="fonts-noto-core"),
    "sv": Language("Svenska", "sv", "sv"),
    "zh_Hans": Language("简体中文", "zh-Hans", "cmn", font="fonts-wqy-microhei"),
}
"""Code of the catalogue's folder -> the language. English is what the code itself says."""
FIRST: Final = "en"
UNREVIEWED: Final = frozenset({"es", "fr", "pt", "sw", "hi", "ar", "sv", "zh_Hans"})
"""Translated by a machine: a speaker has to read them before anybody relies on them."""
