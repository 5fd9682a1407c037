"""One opened entry -> the files in which others read it: ours, a Phenopacket, a FHIR bundle, and the pictures.

A set of photos and what became of a subject are no findings, so they are written in our own words only.

The same functions serve the kiosk, when a clinician hands out a record, and the centre, when it opens an archive. What
one of the forms cannot say of a record that was read well is an error with the record's id, and nothing is left out.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final

from google.protobuf.json_format import ParseError

from firmware.errors import RecordDamagedError
from kiosk.records.encoding import record_json
from kiosk.records.entry import Entry, Shown
from kiosk.records.export.fhir import fhir_json
from kiosk.records.export.gestalt import GestaltSet
from kiosk.records.export.phenopacket import phenopacket_json
from kiosk.records.followup import noted_json
from kiosk.records.photoset import PhotoSet
from kiosk.records.photoset_json import photo_set_json
from kiosk.records.record import Pictures, Record

SET = "gestaltmatcher"
"""The folder of the photos' set."""


def own_json(record: Record, audit_head: str) -> bytes:
    """Everything that the kiosk knows of the record, in our own words."""
    return _readable(record_json(record), audit_head)


def _readable(values: Mapping[str, Any], audit_head: str) -> bytes:
    return json.dumps({**values, "audit_head": audit_head}, indent=1, ensure_ascii=False).encode()


FORMS: Final[Mapping[str, Callable[[Record, str], bytes]]] = {
    "record.json": own_json,
    "phenopacket.json": phenopacket_json,
    "fhir.json": fhir_json,
}
"""File -> what writes it."""


def files_of(found: GestaltSet, entry: Entry, shown: Shown, audit_head: str) -> Iterator[tuple[str, bytes]]:
    """Path and content of all files of an entry; its rows are added to the set. Raises RecordDamagedError."""
    if isinstance(entry, Record):
        yield from forms(entry, audit_head)
        yield from pictures(found, entry, shown if isinstance(shown, Pictures) else None)
    elif isinstance(entry, PhotoSet):
        yield f"records/{entry.id}/photoset.json", _readable(photo_set_json(entry), audit_head)
        jpegs = shown if isinstance(shown, Mapping) else {}
        yield from ((f"{SET}/{name}", content) for name, content in found.add_photos(entry, jpegs))
    else:
        yield f"records/{entry.id}/outcome.json", _readable(noted_json(entry), audit_head)


def forms(record: Record, audit_head: str) -> Iterator[tuple[str, bytes]]:
    """Path and content of the record's own files. audit_head: as the kiosk printed it.

    Raises RecordDamagedError for what one of the forms cannot say.
    """
    for name, write in FORMS.items():
        try:
            content = write(record, audit_head)
        except (ValueError, ArithmeticError, ParseError):  # the libraries' texts repeat what they were given
            raise RecordDamagedError(f"record {record.id} cannot be written as {name}") from None
        yield f"records/{record.id}/{name}", content


def pictures(found: GestaltSet, record: Record, taken: Pictures | None) -> Iterator[tuple[str, bytes]]:
    """Path and content of the record's pictures within the set."""
    yield from ((f"{SET}/{name}", content) for name, content in found.add(record, taken))


def tables(found: GestaltSet) -> Iterator[tuple[str, bytes]]:
    """Path and content of the set's tables, once every record was added."""
    yield from ((f"{SET}/{name}", content) for name, content in found.tables())
