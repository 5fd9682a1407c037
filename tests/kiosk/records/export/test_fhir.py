"""FHIR bundles: valid by the library, without a loose reference, and marked as what they are."""

from __future__ import annotations

import dataclasses
import json
from typing import Any

import pytest
from fhir.resources.R4B.bundle import Bundle

from kiosk.records.export.fhir import fhir_bundle, fhir_json
from tests.kiosk.records.factories import record

HEAD = "3:" + "ab" * 32


def read(content: bytes) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(content)
    return found


def test_the_library_takes_its_json() -> None:
    one = record()
    assert Bundle.model_validate_json(fhir_json(one, HEAD)).model_dump() == fhir_bundle(one, HEAD).model_dump()


def test_a_record_of_which_little_is_known_is_valid_too() -> None:
    bare = dataclasses.replace(
        record(), camp_number=None, age_years=None, sex=None, terms=(), measurements=(), ranking=(), reasons=(), site=""
    )
    Bundle.model_validate_json(fhir_json(bare, HEAD))


def test_every_reference_leads_to_a_resource_of_the_bundle() -> None:
    bundle = read(fhir_json(record(), HEAD))
    there = {entry["fullUrl"] for entry in bundle["entry"]}

    def references(value: object) -> set[str]:
        if isinstance(value, dict):
            own = {value["reference"]} if "reference" in value else set()
            return own.union(*(references(inner) for inner in value.values()))
        return set().union(*(references(inner) for inner in value)) if isinstance(value, list) else set()

    assert references(bundle)
    assert references(bundle) <= there
    assert len(there) == len(bundle["entry"])


@pytest.mark.parametrize("clinical", [True, False])
def test_a_phantoms_bundle_is_labelled_as_test_data(clinical: bool) -> None:
    bundle = read(fhir_json(dataclasses.replace(record(), clinical=clinical), HEAD))
    labels = [label["code"] for label in bundle.get("meta", {}).get("security", [])]
    assert labels == ([] if clinical else ["HTEST"])


def test_the_ranking_is_a_risk_assessment_that_nobody_confirmed() -> None:
    bundle = read(fhir_json(record(), HEAD))
    kinds = {entry["resource"]["resourceType"]: entry["resource"] for entry in bundle["entry"]}
    assert "Condition" not in kinds
    assert kinds["RiskAssessment"]["status"] == "preliminary"
    assert len(kinds["RiskAssessment"]["prediction"]) == len(record().ranking)
    assert kinds["Provenance"]["entity"][0]["what"]["identifier"]["value"] == HEAD
