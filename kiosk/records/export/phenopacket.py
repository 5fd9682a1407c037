"""Record -> GA4GH Phenopacket v2.

What the kiosk measured and the findings that follow by rule. The network's ranking is not in it as a disease or an
interpretation: a Phenopacket's diseases are somebody's diagnosis, and this device makes none; its answer stands among
the measurements, in words of our own vocabulary. The package checks nothing, so `missing` holds the schema's required
fields: https://phenopacket-schema.readthedocs.io/en/2.0.0/ (the elements of multiplicity 1 and 1..*).
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any, Final

from google.protobuf.json_format import MessageToDict, ParseDict
from google.protobuf.message import Message
from phenopackets import Phenopacket

from firmware.face.anthropometry.measurement import Measurement, Term
from kiosk.records.export.naming import PREFIX, SYSTEM, caveat, iso_age, subject_id
from kiosk.records.record import Record

SCHEMA: Final = "2.0"
SEX: Final = {"F": "FEMALE", "M": "MALE", None: "UNKNOWN_SEX"}
UNITS: Final[Mapping[str, dict[str, str]]] = {
    "mm": {"id": "UCUM:mm", "label": "millimeter"},
    "deg": {"id": "UCUM:deg", "label": "degree (plane angle)"},
}
"""Ours -> UCUM's; what has no unit is a ratio."""
RATIO: Final = {"id": "UCUM:1", "label": "ratio"}
AUTOMATIC: Final = {"id": "ECO:0000203", "label": "automatic assertion"}


def _resource(name: str, full: str, url: str, version: str, prefix: str, iri: str) -> dict[str, str]:
    return {
        "id": name,
        "name": full,
        "url": url,
        "version": version,
        "namespacePrefix": prefix,
        "iriPrefix": iri,
    }


OBO: Final = "http://purl.obolibrary.org/obo/"
RESOURCES: Final = (
    _resource("hp", "Human Phenotype Ontology", f"{OBO}hp.owl", "2024-04-26", "HP", f"{OBO}HP_"),
    _resource("eco", "Evidence and Conclusion Ontology", f"{OBO}eco.owl", "2024-01-23", "ECO", f"{OBO}ECO_"),
    _resource("ucum", "Unified Code for Units of Measure", "https://ucum.org", "2.1", "UCUM", "https://ucum.org/"),
    _resource(PREFIX, "Phenokiosk's measures and answers", SYSTEM, "1", PREFIX, SYSTEM),
)
REQUIRED: Final[Mapping[str, tuple[str, ...]]] = {
    "Phenopacket": ("id", "meta_data"),
    "Individual": ("id",),
    "PhenotypicFeature": ("type",),
    "Evidence": ("evidence_code",),
    "Measurement": ("assay", "measurement_value"),
    "Quantity": ("unit", "value"),
    "OntologyClass": ("id", "label"),
    "Age": ("iso8601duration",),
    "MetaData": ("created", "created_by", "resources", "phenopacket_schema_version"),
    "Resource": ("id", "name", "url", "version", "namespace_prefix", "iri_prefix"),
    "ExternalReference": ("id",),
}
"""Message -> the fields (or oneofs) that the schema requires."""
ZERO_COUNTS: Final = frozenset({"value"})
"""Fields of which 0 is a value like any other; protobuf cannot tell it from nothing."""


def phenopacket(record: Record, audit_head: str) -> Phenopacket:
    """The record as a Phenopacket. audit_head: of the device's audit chain, as the kiosk prints it."""
    return ParseDict(_packet(record, audit_head), Phenopacket())


def phenopacket_json(record: Record, audit_head: str) -> bytes:
    """The same as JSON, as the schema writes it."""
    return json.dumps(MessageToDict(phenopacket(record, audit_head)), indent=1, ensure_ascii=False).encode()


def missing(message: Message, where: str = "phenopacket") -> Iterator[str]:
    """What the schema requires and the message lacks, by path; ids whose prefix no resource names, too."""
    yield from _empty(message, where)
    if isinstance(message, Phenopacket):
        prefixes = {row.namespace_prefix for row in message.meta_data.resources}
        yield from (f"{where}: no resource for {found}" for found in sorted(_curies(message)) if found not in prefixes)


def _packet(record: Record, audit_head: str) -> dict[str, Any]:
    at = record.at.isoformat()
    subject: dict[str, Any] = {"id": subject_id(record), "sex": SEX[record.sex]}
    if record.age_years is not None:
        subject["timeAtLastEncounter"] = {"age": {"iso8601duration": iso_age(record.age_years)}}
    return {
        "id": record.id,
        "subject": subject,
        "phenotypicFeatures": [_feature(term) for term in record.terms],
        "measurements": [_outcome(record, at), *(_measurement(m, at) for m in record.measurements)],
        "metaData": {
            "created": at,
            "createdBy": f"{record.bundle_id} {record.bundle_version}",
            "submittedBy": record.site,
            "resources": list(RESOURCES),
            "phenopacketSchemaVersion": SCHEMA,
            "externalReferences": [
                {"id": f"{PREFIX}:audit-{audit_head}", "description": f"Head of the audit chain. {caveat(record)}"}
            ],
        },
    }


def _feature(term: Term) -> dict[str, Any]:
    sure = "certain" if term.certain and term.reliable else "uncertain, to be looked at"
    marked = "" if term.z is None else f", z {term.z:+.1f}"
    return {
        "type": {"id": term.id, "label": term.name},
        "description": f"{term.because}{marked}; {sure}",
        "evidence": [{"evidenceCode": AUTOMATIC}],
    }


def _outcome(record: Record, at: str) -> dict[str, Any]:
    """What the device answered."""
    return {
        "assay": {"id": f"{PREFIX}:screening", "label": "facial screening"},
        "value": {"ontologyClass": {"id": f"{PREFIX}:{record.outcome}", "label": str(record.outcome)}},
        "timeObserved": {"timestamp": at},
        "description": " ".join((caveat(record), *record.reasons)),
    }


def _measurement(m: Measurement, at: str) -> dict[str, Any]:
    norm = f"z {m.z:+.1f} ({m.norm})" if m.z is not None else "no norm"
    return {
        "assay": {"id": f"{PREFIX}:{m.name.replace(' ', '-')}", "label": m.name},
        "value": {"quantity": {"unit": UNITS.get(m.unit, RATIO), "value": m.value}},
        "timeObserved": {"timestamp": at},
        "description": norm if m.reliable else f"{norm}; seen badly from the front",
    }


def _empty(message: Message, where: str) -> Iterator[str]:
    for name in REQUIRED.get(message.DESCRIPTOR.name, ()):
        if not _is_set(message, name):
            yield f"{where}.{name}"
    for field, value in message.ListFields():
        if field.message_type and field.message_type.file.package.startswith("org.phenopackets"):
            many = value if field.label == field.LABEL_REPEATED else (value,)
            for n, inner in enumerate(many):
                yield from _empty(inner, f"{where}.{field.name}[{n}]")


def _is_set(message: Message, name: str) -> bool:
    if name in message.DESCRIPTOR.oneofs_by_name:
        return message.WhichOneof(name) is not None
    return name in ZERO_COUNTS or any(field.name == name for field, _ in message.ListFields())


def _curies(message: Message) -> set[str]:
    """Prefixes of the ontology classes in it."""
    found = set()
    for field, value in message.ListFields():
        if field.name == "id" and message.DESCRIPTOR.name == "OntologyClass":
            found.add(value.partition(":")[0])
        elif field.message_type and field.message_type.file.package.startswith("org.phenopackets"):
            for inner in value if field.label == field.LABEL_REPEATED else (value,):
                found |= _curies(inner)
    return found
