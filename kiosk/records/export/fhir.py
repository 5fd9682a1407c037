"""Record -> FHIR R4B Bundle: a collection that a hospital's system can take in.

Patient and Device, what the device answered (RiskAssessment, whose predictions are the ranking), every measure and
every finding (Observation), and where it all comes from (Provenance, with the head of the audit chain). A phantom
model's bundle carries the security label HTEST, test health data, so that no system files it as a patient's.
https://hl7.org/fhir/R4B/
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

from fhir.resources.R4B.bundle import Bundle

from firmware.face.anthropometry.findings import LIMIT_SD
from firmware.face.anthropometry.measurement import Measurement, Term
from kiosk.records.export.naming import SYSTEM, caveat, subject_id
from kiosk.records.record import Record

GENDER: Final = {"F": "female", "M": "male", None: "unknown"}
UCUM: Final = "http://unitsofmeasure.org"
CODES: Final[Mapping[str, str]] = {"mm": "mm", "deg": "deg"}
HPO: Final = "http://human-phenotype-ontology.org"
OMIM: Final = "https://omim.org"
INTERPRETATION: Final = "http://terminology.hl7.org/CodeSystem/v3-ObservationInterpretation"
TEST_DATA: Final = {
    "system": "http://terminology.hl7.org/CodeSystem/v3-ActReason",
    "code": "HTEST",
    "display": "test health data",
}
LOINC_AGE: Final = {"system": "http://loinc.org", "code": "30525-0", "display": "Age"}


def fhir_bundle(record: Record, audit_head: str) -> Bundle:
    """The record as a validated Bundle. audit_head: of the device's audit chain, as the kiosk prints it."""
    entries = [{"fullUrl": _url(r), "resource": r} for r in _resources(record, audit_head)]
    return Bundle.model_validate(
        {
            "resourceType": "Bundle",
            "type": "collection",
            "identifier": {"system": f"{SYSTEM}record", "value": record.id},
            "timestamp": record.at.isoformat(),
            **({} if record.clinical else {"meta": {"security": [TEST_DATA]}}),
            "entry": entries,
        }
    )


def fhir_json(record: Record, audit_head: str) -> bytes:
    """The same as JSON."""
    return fhir_bundle(record, audit_head).model_dump_json(indent=1).encode()


def _url(resource: Mapping[str, Any]) -> str:
    return f"{SYSTEM}{resource['resourceType']}/{resource['id']}"


def _refer(kind: str, name: str) -> dict[str, str]:
    return {"reference": f"{SYSTEM}{kind}/{name}"}


def _resources(record: Record, audit_head: str) -> Iterator[dict[str, Any]]:
    """Every resource of the bundle; ids are made of the record's, so the same record gives the same bundle."""
    name = record.id
    yield {
        "resourceType": "Patient",
        "id": name,
        "identifier": [{"system": f"{SYSTEM}subject", "value": subject_id(record)}],
        "gender": GENDER[record.sex],
    }
    yield {
        "resourceType": "Device",
        "id": name,
        "deviceName": [{"name": "Phenokiosk", "type": "model-name"}],
        "version": [{"value": f"{record.bundle_id} {record.bundle_version}"}],
        "note": [{"text": caveat(record)}],
    }
    if record.age_years is not None:
        yield _age(record, record.age_years)
    yield _risk(record)
    for number, measured in enumerate(record.measurements):
        yield _measure(record, measured, f"{name}-m{number}")
    for number, term in enumerate(record.terms):
        yield _finding(record, term, f"{name}-t{number}")
    yield _provenance(record, audit_head)


def _observation(record: Record, name: str, code: Mapping[str, Any]) -> dict[str, Any]:
    """What every observation has. Preliminary: nobody has looked at it yet."""
    return {
        "resourceType": "Observation",
        "id": name,
        "status": "preliminary",
        "code": {"coding": [code], "text": code["display"]},
        "subject": _refer("Patient", record.id),
        "device": _refer("Device", record.id),
        "effectiveDateTime": record.at.isoformat(),
    }


def _age(record: Record, years: float) -> dict[str, Any]:
    quantity = {"value": years, "unit": "years", "system": UCUM, "code": "a"}
    return {**_observation(record, f"{record.id}-age", LOINC_AGE), "valueQuantity": quantity}


def _measure(record: Record, m: Measurement, name: str) -> dict[str, Any]:
    code = {"system": f"{SYSTEM}measure", "code": m.name.replace(" ", "-"), "display": m.name}
    unit = CODES.get(m.unit, "1")
    found = _observation(record, name, code)
    found["valueQuantity"] = {"value": m.value, "unit": m.unit or "ratio", "system": UCUM, "code": unit}
    if m.z is not None:
        found["note"] = [{"text": f"z {m.z:+.1f} against {m.norm}"}]
        side = "H" if m.z > LIMIT_SD else "L" if m.z < -LIMIT_SD else "N"
        found["interpretation"] = [{"coding": [{"system": INTERPRETATION, "code": side}]}]
    return found


def _finding(record: Record, term: Term, name: str) -> dict[str, Any]:
    code = {"system": HPO, "code": term.id, "display": term.name}
    sure = "certain" if term.certain and term.reliable else "uncertain, to be looked at"
    return {
        **_observation(record, name, code),
        "valueCodeableConcept": {"coding": [code]},
        "note": [{"text": f"{term.because}; {sure}"}],
    }


def _risk(record: Record) -> dict[str, Any]:
    """The answer. A phantom's or a screening's probability is no patient's risk, and the notes say so."""
    answer = {"system": f"{SYSTEM}outcome", "code": str(record.outcome), "display": str(record.outcome)}
    return {
        "resourceType": "RiskAssessment",
        "id": record.id,
        "status": "preliminary",
        "subject": _refer("Patient", record.id),
        "performer": _refer("Device", record.id),
        "occurrenceDateTime": record.at.isoformat(),
        "code": {"coding": [answer]},
        "prediction": [
            {"outcome": {"coding": [_syndrome(row.id, row.name)]}, "probabilityDecimal": round(row.probability, 4)}
            for row in record.ranking
        ],
        "note": [{"text": text} for text in (caveat(record), *record.reasons)],
    }


def _syndrome(name: str, display: str) -> dict[str, str]:
    kind, _, number = name.partition(":")
    if kind != "OMIM":
        return {"system": f"{SYSTEM}class", "code": name, "display": display}
    return {"system": OMIM, "code": number, "display": display}


def _provenance(record: Record, audit_head: str) -> dict[str, Any]:
    return {
        "resourceType": "Provenance",
        "id": record.id,
        "target": [_refer("RiskAssessment", record.id)],
        "recorded": record.at.isoformat(),
        "agent": [{"who": _refer("Device", record.id)}],
        "entity": [{"role": "source", "what": {"identifier": {"system": f"{SYSTEM}audit-head", "value": audit_head}}}],
    }
