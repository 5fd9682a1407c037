"""One opened record -> the files in which others read it: ours, a Phenopacket, a FHIR bundle, and the pictures.

The same functions serve the kiosk, when a clinician hands out a record, and the centre, when it opens an archive.
"""

from __future__ import annotations

import json
from collections.abc import Iterator

from kiosk.records.encoding import record_json
from kiosk.records.export.fhir import fhir_json
from kiosk.records.export.gestalt import GestaltSet
from kiosk.records.export.phenopacket import phenopacket_json
from kiosk.records.record import Pictures, Record

SET = "gestaltmatcher"
"""The folder of the photos' set."""


def forms(record: Record, audit_head: str) -> Iterator[tuple[str, bytes]]:
    """Path and content of the record's own files. audit_head: as the kiosk printed it."""
    folder = f"records/{record.id}"
    values = {**record_json(record), "audit_head": audit_head}
    yield f"{folder}/record.json", json.dumps(values, indent=1, ensure_ascii=False).encode()
    yield f"{folder}/phenopacket.json", phenopacket_json(record, audit_head)
    yield f"{folder}/fhir.json", fhir_json(record, audit_head)


def pictures(found: GestaltSet, record: Record, taken: Pictures | None) -> Iterator[tuple[str, bytes]]:
    """Path and content of the record's pictures within the set."""
    yield from ((f"{SET}/{name}", content) for name, content in found.add(record, taken))


def tables(found: GestaltSet) -> Iterator[tuple[str, bytes]]:
    """Path and content of the set's tables, once every record was added."""
    yield from ((f"{SET}/{name}", content) for name, content in found.tables())
