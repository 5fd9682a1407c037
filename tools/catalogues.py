"""The page's texts, from the code to the catalogues of nine languages and back.

    python -m tools.catalogues            collect new texts into every catalogue, and compile them
    python -m tools.catalogues --check    say what is missing or does not fit; exit 1 if anything

A catalogue is `kiosk/language/translations/<code>/LC_MESSAGES/messages.po`: fill in what is empty with any editor, run
this, commit both files. Texts that left the code leave the catalogues. Placeholders such as {seconds} stay as they are.
"""

from __future__ import annotations

import argparse
import io
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from babel.messages.catalog import Catalog
from babel.messages.extract import extract_from_dir
from babel.messages.frontend import parse_mapping_cfg
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po, write_po

from kiosk.language.languages import UNREVIEWED

ROOT: Final = Path(__file__).parents[1]
MAPPING: Final = ROOT / "kiosk" / "language" / "babel.cfg"
TRANSLATIONS: Final = ROOT / "kiosk" / "language" / "translations"
KEYWORDS: Final = {"_": None, "N_": None, "say": None}
CODES: Final = ("es", "fr", "pt", "sw", "hi", "ar", "sv", "zh_Hans")
PLACEHOLDER: Final = re.compile(r"\{[a-z_]+\}|%%")
HEADER: Final = "# {language}: Phenokiosk's texts.\n# X-Review: {review}"
NEEDED: Final = "needed. A machine translated them; no speaker has read them."
DONE: Final = "done. A speaker has read them."


def collect() -> Catalog:
    """Every text of the code, with where it stands."""
    with MAPPING.open(encoding="utf-8") as file:
        methods, options = parse_mapping_cfg(file)  # type: ignore[no-untyped-call]
    found = Catalog(project="Phenokiosk", charset="utf-8")
    texts = extract_from_dir(ROOT, methods, options, KEYWORDS)
    for name, _line, message, _comments, _context in sorted(texts, key=lambda text: (text[0], text[1])):
        if isinstance(message, str) and message:
            found.add(message, locations=[(name, 0)])
    return found


def path_of(code: str) -> Path:
    """Where the catalogue of a language is."""
    return TRANSLATIONS / code / "LC_MESSAGES" / "messages.po"


def read(code: str) -> Catalog:
    """The catalogue of a language; empty where there is none yet."""
    if not path_of(code).exists():
        return Catalog(locale=code, project="Phenokiosk", charset="utf-8")
    with path_of(code).open("rb") as file:
        return read_po(file, locale=code)


def update(code: str, texts: Catalog) -> None:
    """Bring a catalogue up to the code, and compile it."""
    catalogue = read(code)
    catalogue.update(texts, no_fuzzy_matching=True, update_creation_date=False)
    catalogue.obsolete.clear()
    catalogue.fuzzy = False
    catalogue.header_comment = HEADER.format(language=code, review=NEEDED if code in UNREVIEWED else DONE)
    path_of(code).parent.mkdir(parents=True, exist_ok=True)
    path_of(code).write_bytes(written(catalogue))
    path_of(code).with_suffix(".mo").write_bytes(compiled(catalogue))


def written(catalogue: Catalog) -> bytes:
    """The catalogue as a PO file: without dates and line numbers, so that only texts change it."""
    file = io.BytesIO()
    write_po(file, catalogue, width=120, omit_header=False, include_lineno=False, sort_output=True)
    dated = re.compile(rb'^"(POT-Creation|PO-Revision)-Date:.*\n', re.MULTILINE)
    return dated.sub(b"", file.getvalue())


def compiled(catalogue: Catalog) -> bytes:
    """The catalogue as the program reads it."""
    file = io.BytesIO()
    write_mo(file, catalogue)
    return re.sub(rb"P(OT-Creation|O-Revision)-Date:[^\n]*", lambda found: b" " * len(found[0]), file.getvalue())


def faults(code: str, texts: Catalog) -> Iterator[str]:
    """What is wrong with a catalogue: a text that is missing, or whose placeholders are others."""
    catalogue = read(code)
    for message in texts:
        if not message.id:
            continue
        known = catalogue.get(message.id)
        if known is None or not known.string:
            yield f"{code}: no translation of {message.id!r}"
        elif sorted(PLACEHOLDER.findall(str(known.string))) != sorted(PLACEHOLDER.findall(str(message.id))):
            yield f"{code}: other placeholders in {message.id!r}"


def main(argv: list[str] | None = None) -> int:
    """See the module."""
    parser = argparse.ArgumentParser(prog="python -m tools.catalogues", description="The page's catalogues.")
    parser.add_argument("--check", action="store_true", help="only say what is missing")
    arguments = parser.parse_args(argv)
    texts = collect()
    for code in () if arguments.check else CODES:
        update(code, texts)
    found = [fault for code in CODES for fault in faults(code, texts)]
    print("\n".join(found) or f"{len(texts)} texts in {len(CODES)} languages", file=sys.stdout)
    return int(bool(found))


if __name__ == "__main__":
    sys.exit(main())
