"""One opened record -> the files in which others read it: ours, a Phenopacket, a FHIR bundle, and the pictures.

The same functions serve the kiosk, when a clinician hands out a record, and the centre, when it opens an archive. What
one of the forms cannot say of a record that was read well is an error with the record's id, and nothing is left out.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from typing import Final

from google.protobuf.json_format import ParseError

from firmware.errors import RecordDamagedError
from kiosk.records.encoding import record_json
from kiosk.records.export.fhir import fhir_json
from kiosk.records.export.gestalt import GestaltSet
from kiosk.records.export.phenopacket import phenopacket_json
from kiosk.records.record import Pictures, Record

SET = "gestaltmatcher"
"""The folder of the photos' set."""


def own_json(record: Record, audit_head: str) -> bytes:
    """Everything that the kiosk knows of the record, in our own words."""
    return json.dumps({**record_json(record), "audit_head": audit_head}, indent=1, ensure_ascii=False).encode()


FORMS: Final[Mapping[str, Callable[[Record, str], bytes]]] = {
    "record.json": own_json,
    "phenopacket.json": phenopacket_json,
    "fhir.json": fhir_json,
}
"""File -> what writes it."""


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
