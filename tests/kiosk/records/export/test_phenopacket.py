"""Phenopackets: what the schema requires is there, and what is missing is found."""

from __future__ import annotations

import dataclasses
import json

import pytest
from google.protobuf.json_format import ParseDict
from phenopackets import Measurement, Phenopacket

from kiosk.records.export.phenopacket import missing, phenopacket, phenopacket_json
from tests.kiosk.records.factories import record

HEAD = "3:" + "ab" * 32


def test_everything_that_the_schema_requires_is_there() -> None:
    assert list(missing(phenopacket(record(), HEAD))) == []


def test_a_record_of_which_little_is_known_is_whole_too() -> None:
    bare = dataclasses.replace(
        record(), camp_number=None, age_years=None, sex=None, terms=(), measurements=(), site="", neighbours=()
    )
    packet = phenopacket(bare, HEAD)
    assert list(missing(packet)) == []
    assert packet.subject.id == bare.id
    assert not packet.subject.HasField("time_at_last_encounter")


def test_the_json_reads_back_the_same() -> None:
    one = record()
    assert ParseDict(json.loads(phenopacket_json(one, HEAD)), Phenopacket()) == phenopacket(one, HEAD)


def test_no_disease_and_no_interpretation_is_claimed() -> None:
    packet = phenopacket(record(), HEAD)
    assert not packet.diseases
    assert not packet.interpretations
    assert "Phantom model" in packet.measurements[0].description


def test_the_audit_chain_goes_with_it() -> None:
    assert phenopacket(record(), HEAD).meta_data.external_references[0].id.endswith(HEAD)


def test_age_is_whole_years_and_months() -> None:
    packet = phenopacket(dataclasses.replace(record(), age_years=3.5), HEAD)
    assert packet.subject.time_at_last_encounter.age.iso8601duration == "P3Y6M"


@pytest.mark.parametrize(
    ("spoil", "where"),
    [
        (lambda p: p.ClearField("id"), "phenopacket.id"),
        (lambda p: p.ClearField("meta_data"), "phenopacket.meta_data"),
        (lambda p: p.subject.ClearField("id"), "subject[0].id"),
        (lambda p: p.meta_data.resources[1].ClearField("version"), "resources[1].version"),
        (lambda p: p.measurements.append(Measurement()), "measurement_value"),
        (lambda p: p.measurements[1].value.quantity.ClearField("unit"), "quantity[0].unit"),
        (lambda p: p.meta_data.resources.pop(0), "no resource for HP"),
        (lambda p: setattr(p.phenotypic_features[0].type, "label", ""), "type[0].label"),
    ],
)
def test_what_is_missing_is_named(spoil: object, where: str) -> None:
    packet: Phenopacket = phenopacket(record(), HEAD)
    spoil(packet)  # type: ignore[operator]
    assert any(where in found for found in missing(packet)), list(missing(packet))
